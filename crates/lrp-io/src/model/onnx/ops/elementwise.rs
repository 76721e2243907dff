//! Functions of one number, and what leaves numbers as they are.

use lrp_core::{Activation, Function, Identity, ParametricRect, Rect, Tanh};
use ndarray::ArrayD;

use crate::error::{Error, Result, quoted};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::Operand;
use crate::model::onnx::tensor;

use super::arithmetic::{beside, uniform};

/// `Relu`
pub(super) fn rect(context: &mut Context<'_, '_>) -> Result<Operand> {
    let input = context.take(0)?;
    context.layer(Rect, &[&input])
}

/// `Tanh`
pub(super) fn tanh(context: &mut Context<'_, '_>) -> Result<Operand> {
    let input = context.take(0)?;
    context.layer(Tanh, &[&input])
}

/// Every operator that is a function of its attributes alone.
pub(super) fn function(context: &mut Context<'_, '_>) -> Result<Operand> {
    let real = |name, otherwise| context.attributes.real_or(name, otherwise);
    let function = match context.operator {
        "LeakyRelu" => Function::LeakyRect(real("alpha", 0.01)?),
        "Elu" => Function::Elu(real("alpha", 1.0)?),
        "Selu" => Function::Selu {
            alpha: real("alpha", 1.673_263_192_176_818_8)?,
            gamma: real("gamma", 1.050_701_022_148_132_3)?,
        },
        "Celu" => Function::Celu(real("alpha", 1.0)?),
        "Sigmoid" => Function::Sigmoid,
        "HardSigmoid" => Function::HardSigmoid { alpha: real("alpha", 0.2)?, beta: real("beta", 0.5)? },
        "HardSwish" => Function::HardSwish,
        "Softplus" => Function::Softplus,
        "Softsign" => Function::Softsign,
        "Mish" => Function::Mish,
        "Erf" => Function::Erf,
        "Exp" => Function::Exp,
        "Log" => Function::Log,
        "Sqrt" => Function::Sqrt,
        "Abs" => Function::Absolute,
        "Reciprocal" => Function::Reciprocal,
        "Gelu" => match context.attributes.text_or("approximate", "none")? {
            "none" => Function::Gelu,
            "tanh" => Function::GeluTanh,
            other => {
                return Err(Error::format(format!(
                    "approximates by {}, expected none or tanh",
                    quoted(other)
                )));
            }
        },
        other => return Err(Error::unsupported(format!("is a function {} that is not read", quoted(other)))),
    };
    let input = context.take(0)?;
    context.layer(Activation::new(function), &[&input])
}

/// `PRelu`: slopes broadcast to the input; of old, a list of them is one a channel.
pub(super) fn parametric(context: &mut Context<'_, '_>) -> Result<Operand> {
    let flow = context.flow(0)?;
    let slopes = context.constant(1, "slopes")?;
    let slopes = match (context.version, slopes.shape()) {
        (..7, &[channels]) if flow.rank() > 2 => {
            let shape: Vec<usize> = std::iter::once(channels).chain(vec![1; flow.rank() - 2]).collect();
            slopes
                .fixed()?
                .into_shape_with_order(shape)
                .map_err(|_| Error::format("has slopes of no shape"))?
        }
        _ => beside(&slopes, &flow)?,
    };
    context.layer(ParametricRect::new(slopes), &[&Operand::Flow(flow)])
}

/// `Clip`: bounds are attributes of old, inputs since.
pub(super) fn clip(context: &mut Context<'_, '_>) -> Result<Operand> {
    let bound = |name, index, otherwise| match context.attributes.real(name)? {
        Some(bound) => Ok(bound),
        None => context.scalar(index, name).map(|bound| bound.unwrap_or(otherwise)),
    };
    let (low, high) = (bound("min", 1, f64::NEG_INFINITY)?, bound("max", 2, f64::INFINITY)?);
    clipped(context, low, high)
}

/// The first input within bounds; bounds that every float is within are none.
fn clipped(context: &mut Context<'_, '_>, low: f64, high: f64) -> Result<Operand> {
    let low = if low <= f64::from(f32::MIN) { f64::NEG_INFINITY } else { low };
    let high = if high >= f64::from(f32::MAX) { f64::INFINITY } else { high };
    if low.is_nan() || high.is_nan() || low > high {
        return Err(Error::format(format!("clips to {low} and above, {high} and below, which is nothing")));
    }
    let input = context.take(0)?;
    context.layer(Activation::new(Function::Clip { low, high }), &[&input])
}

/// The larger, or smaller, of a value and of constants that are one number.
pub(super) fn bounded(context: &mut Context<'_, '_>, bounds: &[ArrayD<f64>], below: bool) -> Result<Operand> {
    let bounds = bounds.iter().map(uniform).collect::<Option<Vec<f64>>>();
    let bounds =
        bounds.ok_or_else(|| Error::unsupported("compares with constants that are not one number"))?;
    match below {
        true => clipped(context, bounds.into_iter().fold(f64::NEG_INFINITY, f64::max), f64::INFINITY),
        false => clipped(context, f64::NEG_INFINITY, bounds.into_iter().fold(f64::INFINITY, f64::min)),
    }
}

/// `Identity`
pub(super) fn identity(context: &mut Context<'_, '_>) -> Result<Operand> {
    match context.take(0)? {
        constant @ Operand::Constant(_) => Ok(constant),
        flow => context.layer(Identity, &[&flow]),
    }
}

/// `Dropout`, which drops nothing once a model is trained.
pub(super) fn dropout(context: &mut Context<'_, '_>) -> Result<Operand> {
    if context.scalar(2, "training_mode")?.is_some_and(|mode| mode != 0.0) {
        return Err(Error::unsupported("is in training mode"));
    }
    identity(context)
}

/// `Cast`: constants are truncated where they become integers; what flows is made of real numbers and stays so.
pub(super) fn cast(context: &mut Context<'_, '_>) -> Result<Operand> {
    let code =
        context.attributes.integer("to")?.ok_or_else(|| Error::format("does not say to which type"))?;
    let integer = tensor::is_integer(code)
        .ok_or_else(|| Error::unsupported(format!("casts to type {code}, of which no numbers are read")))?;
    match context.take(0)? {
        Operand::Flow(flow) if !integer => Ok(Operand::Flow(flow)),
        Operand::Flow(_) => Err(Error::unsupported("casts what depends on the input to integers")),
        Operand::Constant(constant) => {
            const BOOL: i64 = 9;
            let round: fn(f64) -> f64 = match (code, integer) {
                (BOOL, _) => |value| f64::from(value != 0.0),
                (_, true) => f64::trunc,
                (_, false) => |value| value,
            };
            if constant.is_integer() == integer && code != BOOL {
                return Ok(Operand::Constant(constant));
            }
            context.fold(&[&constant], integer, |arrays| Ok(first(arrays)?.mapv(round)))
        }
    }
}

/// The first of some arrays.
pub(super) fn first<'a, 'v>(
    arrays: &'a [ndarray::ArrayViewD<'v, f64>],
) -> Result<&'a ndarray::ArrayViewD<'v, f64>> {
    arrays.first().ok_or_else(|| Error::format("has no input"))
}
