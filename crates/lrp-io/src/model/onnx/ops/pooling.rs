//! Pools over windows and over all of space.

use lrp_core::{Activation, AveragePool, Channels, Function, MaxPool, Reduce, Reduction, SumPool, Window};

use crate::error::{Error, Result};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand};

use super::convolution::{spatial_input, window};

/// `MaxPool`; where the winners were is not computed.
pub(super) fn maximum(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (input, window) = pooled(context)?;
    context.layer(MaxPool::new(window, Channels::First)?, &[&input])
}

/// `AveragePool`
pub(super) fn average(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (input, window) = pooled(context)?;
    let count_padding = context.attributes.flag("count_include_pad", false)?;
    context.layer(AveragePool::new(window, Channels::First, count_padding)?, &[&input])
}

/// `LpPool`: `(Σ |x|ᵖ)^(1/p)`
pub(super) fn norm(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (input, window) = pooled(context)?;
    let powers = powers(context, &input)?;
    let sum = context.step("sum", SumPool::plain(window, Channels::First)?, &[&powers])?;
    root(context, &sum)
}

/// `GlobalMaxPool`
pub(super) fn global_maximum(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (input, reduce) = global(context, Reduction::Max)?;
    context.layer(reduce, &[&input])
}

/// `GlobalAveragePool`
pub(super) fn global_average(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (input, reduce) = global(context, Reduction::Mean)?;
    context.layer(reduce, &[&input])
}

/// `GlobalLpPool`
pub(super) fn global_norm(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (input, reduce) = global(context, Reduction::Sum)?;
    let powers = powers(context, &input)?;
    let sum = context.step("sum", reduce, &[&powers])?;
    root(context, &sum)
}

fn pooled(context: &Context<'_, '_>) -> Result<(Operand, Window)> {
    let input = spatial_input(context)?;
    let kernel = context.attributes.sizes("kernel_shape")?;
    let kernel = kernel.ok_or_else(|| Error::format("has no kernel_shape"))?;
    let window = window(context, &input, &kernel)?;
    let window = if context.attributes.flag("ceil_mode", false)? { window.rounded_up() } else { window };
    Ok((Operand::Flow(input), window))
}

fn global(context: &Context<'_, '_>, reduction: Reduction) -> Result<(Operand, Reduce)> {
    let input: Flow = spatial_input(context)?;
    let reduce = Reduce::new(reduction, (2..input.rank()).collect(), true);
    Ok((Operand::Flow(input), reduce))
}

/// `|x|ᵖ`
fn powers(context: &mut Context<'_, '_>, input: &Operand) -> Result<Operand> {
    let absolute = context.step("abs", Activation::new(Function::Absolute), &[input])?;
    let power = exponent(context)?;
    context.step("power", Activation::new(Function::Power(power)), &[&absolute])
}

/// `x^(1/p)`
fn root(context: &mut Context<'_, '_>, sum: &Operand) -> Result<Operand> {
    let power = exponent(context)?;
    context.layer(Activation::new(Function::Power(1.0 / power)), &[sum])
}

fn exponent(context: &Context<'_, '_>) -> Result<f64> {
    #[expect(clippy::cast_precision_loss, reason = "exponents are small")]
    match context.attributes.integer_or("p", 2)? {
        power @ 1..=64 => Ok(power as f64),
        power => Err(Error::unsupported(format!("has p {power}, expected 1 to 64"))),
    }
}
