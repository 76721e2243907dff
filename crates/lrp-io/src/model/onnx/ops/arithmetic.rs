//! Sums, products and powers: of constants, of values that flow, and of both.

use lrp_core::{Activation, Add, Function, Identity, Multiply, Reshape, Scaling};
use ndarray::{ArrayBase, ArrayD, ArrayViewD, IxDyn, Zip, arr0};

use crate::error::{Error, Result};
use crate::model::onnx::constant::Constant;
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand};

use super::elementwise::{bounded, identity};
use super::picking::spread;

/// Two operands as they meet.
enum Pair {
    Constants(Constant, Constant),
    /// A flow, and the array that goes with every sample of it.
    Left(Operand, ArrayD<f64>),
    Right(ArrayD<f64>, Operand),
    Flows(Operand, Operand),
}

/// `Add`
pub(super) fn add(context: &mut Context<'_, '_>) -> Result<Operand> {
    match pair(context)? {
        Pair::Constants(a, b) => zip(context, &a, &b, |a, b| a + b),
        Pair::Left(x, shift) | Pair::Right(shift, x) => scale(context, &x, 1.0, shift),
        Pair::Flows(a, b) => context.layer(Add, &[&a, &b]),
    }
}

/// `Sub`
pub(super) fn subtract(context: &mut Context<'_, '_>) -> Result<Operand> {
    match pair(context)? {
        Pair::Constants(a, b) => zip(context, &a, &b, |a, b| a - b),
        Pair::Left(x, shift) => scale(context, &x, 1.0, -shift),
        Pair::Right(shift, x) => scale(context, &x, -1.0, shift),
        Pair::Flows(a, b) => {
            let b = context.step("negative", negation(), &[&b])?;
            context.layer(Add, &[&a, &b])
        }
    }
}

/// `Mul`
pub(super) fn multiply(context: &mut Context<'_, '_>) -> Result<Operand> {
    match pair(context)? {
        Pair::Constants(a, b) => zip(context, &a, &b, |a, b| a * b),
        Pair::Left(x, factor) | Pair::Right(factor, x) => context.layer(Scaling::new(factor, zero()), &[&x]),
        Pair::Flows(a, b) => context.layer(Multiply, &[&a, &b]),
    }
}

/// `Div`: integers are divided without a rest.
pub(super) fn divide(context: &mut Context<'_, '_>) -> Result<Operand> {
    let integer = |operand: Option<&Operand>| matches!(operand, Some(Operand::Constant(c)) if c.is_integer());
    let integers = integer(context.optional(0)) || integer(context.optional(1));
    match pair(context)? {
        Pair::Constants(a, b) if integers => zip(context, &a, &b, |a, b| (a / b).trunc()),
        Pair::Constants(a, b) => zip(context, &a, &b, |a, b| a / b),
        _ if integers => Err(Error::unsupported("divides what depends on the input as integers")),
        Pair::Left(x, divisor) => context.layer(Scaling::new(divisor.mapv(f64::recip), zero()), &[&x]),
        Pair::Right(factor, x) => {
            let reciprocal = context.step("reciprocal", Activation::new(Function::Reciprocal), &[&x])?;
            context.layer(Scaling::new(factor, zero()), &[&reciprocal])
        }
        Pair::Flows(a, b) => {
            let b = context.step("reciprocal", Activation::new(Function::Reciprocal), &[&b])?;
            context.layer(Multiply, &[&a, &b])
        }
    }
}

/// `Pow`: with one exponent, for what depends on the input.
pub(super) fn power(context: &mut Context<'_, '_>) -> Result<Operand> {
    match pair(context)? {
        Pair::Constants(a, b) => zip(context, &a, &b, f64::powf),
        Pair::Left(x, exponent) => match uniform(&exponent) {
            Some(1.0) => context.layer(Identity, &[&x]),
            Some(exponent) => context.layer(Activation::new(Function::Power(exponent)), &[&x]),
            None => Err(Error::unsupported("has several exponents, expected one")),
        },
        Pair::Right(..) | Pair::Flows(..) => {
            Err(Error::unsupported("computes its exponent from the input, expected a constant"))
        }
    }
}

/// `Neg`
pub(super) fn negative(context: &mut Context<'_, '_>) -> Result<Operand> {
    match context.take(0)? {
        Operand::Constant(constant) => zip(context, &constant, &constant, |a, _| -a),
        flow => context.layer(negation(), &[&flow]),
    }
}

/// `Sum`: constants first, since they are one shift.
pub(super) fn sum(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (flows, constants): (Vec<_>, Vec<_>) =
        context.inputs.drain(..).flatten().partition(|operand| matches!(operand, Operand::Flow(_)));
    let mut rest = flows.into_iter().chain(constants).collect::<Vec<_>>().into_iter();
    let Some(mut total) = rest.next() else { return Err(Error::format("has no input")) };
    if rest.len() == 0 {
        context.inputs = vec![Some(total)];
        return identity(context);
    }
    // One layer for all flows of one shape, so that they share alike.
    let shape = |operand: &Operand| match operand {
        Operand::Flow(flow) => Some((flow.sample.clone(), flow.batch)),
        Operand::Constant(_) => None,
    };
    let all: Vec<Operand> = std::iter::once(total.clone()).chain(rest.clone()).collect();
    if shape(&total).is_some() && all.iter().all(|operand| shape(operand) == shape(&total)) {
        return context.layer(Add, &all.iter().collect::<Vec<_>>());
    }
    for operand in rest.by_ref() {
        context.inputs = vec![Some(total), Some(operand)];
        total = add(context)?;
    }
    Ok(total)
}

/// `Mean` of several values.
pub(super) fn mean(context: &mut Context<'_, '_>) -> Result<Operand> {
    let count = context.inputs.iter().flatten().count();
    let total = sum(context)?;
    #[expect(clippy::cast_precision_loss, reason = "a node has few inputs")]
    let share = 1.0 / count as f64;
    match total {
        Operand::Constant(total) => zip(context, &total, &total, |total, _| total * share),
        total => context.layer(Scaling::new(arr0(share).into_dyn(), zero()), &[&total]),
    }
}

/// `Min`
pub(super) fn minimum(context: &mut Context<'_, '_>) -> Result<Operand> {
    extremum(context, f64::min, false)
}

/// `Max`
pub(super) fn maximum(context: &mut Context<'_, '_>) -> Result<Operand> {
    extremum(context, f64::max, true)
}

/// The largest or smallest of constants, or of one value and constants that bound it.
fn extremum(context: &mut Context<'_, '_>, of: fn(f64, f64) -> f64, largest: bool) -> Result<Operand> {
    let (mut flows, mut constants) = (Vec::new(), Vec::new());
    for operand in context.inputs.drain(..).flatten() {
        match operand {
            Operand::Flow(flow) => flows.push(Some(Operand::Flow(flow))),
            Operand::Constant(constant) => constants.push(constant),
        }
    }
    if flows.is_empty() {
        let mut rest = constants.into_iter();
        let mut total = rest.next().ok_or_else(|| Error::format("has no input"))?;
        for constant in rest {
            total = match zip(context, &total, &constant, of)? {
                Operand::Constant(total) => total,
                Operand::Flow(_) => total,
            };
        }
        return Ok(Operand::Constant(total));
    }
    if flows.len() > 1 {
        return Err(Error::unsupported("compares values that depend on the input with each other"));
    }
    context.inputs = flows;
    let bounds = constants.into_iter().map(Constant::fixed).collect::<Result<Vec<_>>>()?;
    bounded(context, &bounds, largest)
}

/// Numbers of two constants brought together, broadcast as numpy does.
pub(super) fn zip(
    context: &mut Context<'_, '_>,
    a: &Constant,
    b: &Constant,
    f: impl Fn(f64, f64) -> f64,
) -> Result<Operand> {
    let limits = context.assembly.limits();
    let integer = a.is_integer() && b.is_integer();
    context.fold(&[a, b], integer, |arrays| {
        let [a, b] = arrays else { return Err(Error::format("has not two inputs")) };
        let shape = broadcast_shape(a.shape(), b.shape())?;
        limits.elements(&shape)?;
        let (a, b) = (broadcast(a, &shape)?, broadcast(b, &shape)?);
        Ok(Zip::from(&a).and(&b).map_collect(|&a, &b| f(a, b)))
    })
}

/// The shape that two shapes have together, as numpy would have it.
pub(super) fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| {
        (axis + shape.len()).checked_sub(rank).and_then(|axis| shape.get(axis).copied()).unwrap_or(1)
    };
    let together = |axis| match (size(a, axis), size(b, axis)) {
        (1, size) | (size, 1) => Ok(size),
        (a, b) if a == b => Ok(a),
        _ => Err(Error::format(format!("has inputs of shapes {a:?} and {b:?}, which do not broadcast"))),
    };
    (0..rank).map(together).collect()
}

fn broadcast<'a>(array: &'a ArrayViewD<'_, f64>, shape: &[usize]) -> Result<ArrayViewD<'a, f64>> {
    array.broadcast(IxDyn(shape)).ok_or_else(|| Error::format("has inputs that do not broadcast"))
}

/// The one number that an array holds, however often.
pub(super) fn uniform(array: &ArrayD<f64>) -> Option<f64> {
    let first = *array.first()?;
    array.iter().all(|&value| value == first).then_some(first)
}

fn zero() -> ArrayD<f64> {
    arr0(0.0).into_dyn()
}

fn negation() -> Scaling<f64> {
    Scaling::new(arr0(-1.0).into_dyn(), zero())
}

/// `factor · x + shift`
fn scale(context: &mut Context<'_, '_>, x: &Operand, factor: f64, shift: ArrayD<f64>) -> Result<Operand> {
    context.layer(Scaling::new(arr0(factor).into_dyn(), shift), &[x])
}

/// The two inputs, their axes aligned and no flow smaller than what it meets.
fn pair(context: &mut Context<'_, '_>) -> Result<Pair> {
    let b = legacy(context)?;
    Ok(match (context.take(0)?, b) {
        (Operand::Constant(a), Operand::Constant(b)) => Pair::Constants(a, b),
        (Operand::Flow(x), Operand::Constant(constant)) => {
            let (x, array) = meet(context, x, &constant)?;
            Pair::Left(x, array)
        }
        (Operand::Constant(constant), Operand::Flow(x)) => {
            let (x, array) = meet(context, x, &constant)?;
            Pair::Right(array, x)
        }
        (Operand::Flow(a), Operand::Flow(b)) => {
            let rank = a.rank().max(b.rank());
            let (a, b) = (raised(context, a, rank)?, raised(context, b, rank)?);
            if a.batch != b.batch {
                return Err(Error::unsupported(
                    "brings values together of which different axes are the batch",
                ));
            }
            Pair::Flows(Operand::Flow(a), Operand::Flow(b))
        }
    })
}

/// The second input; before version 7 an attribute said with which axis of the first it begins.
fn legacy(context: &mut Context<'_, '_>) -> Result<Operand> {
    let b = context.take(1)?;
    let Some(axis) = context.attributes.integer("axis")?.filter(|_| context.version < 7) else {
        return Ok(b);
    };
    let Some(a) = context.optional(0).map(Operand::rank) else { return Ok(b) };
    let behind = usize::try_from(axis).ok().and_then(|axis| a.checked_sub(axis)?.checked_sub(b.rank()));
    match (b, behind) {
        (b, Some(0)) => Ok(b),
        (Operand::Constant(b), Some(behind)) => context.fold(&[&b], b.is_integer(), |arrays| {
            let array = super::elementwise::first(arrays)?;
            let shape = [array.shape(), &vec![1; behind]].concat();
            array
                .to_shape(shape)
                .map(ArrayBase::into_owned)
                .map_err(|_| Error::format("does not fit its axis"))
        }),
        _ => Err(Error::unsupported(format!(
            "broadcasts from axis {axis} on, which is read for constants only"
        ))),
    }
}

/// A flow and a constant with the axes of numpy's broadcasting: the flow grows where the constant is larger.
fn meet(context: &mut Context<'_, '_>, flow: Flow, constant: &Constant) -> Result<(Operand, ArrayD<f64>)> {
    let flow = raised(context, flow, constant.shape().len())?;
    let array = beside(constant, &flow)?;
    let sample = broadcast_shape(&flow.sample, array.shape())?;
    Ok((spread(context, Operand::Flow(flow), &sample)?, array))
}

/// A flow with axes of size one in front, as many as a rank needs; the batch moves back.
pub(super) fn raised(context: &mut Context<'_, '_>, flow: Flow, rank: usize) -> Result<Flow> {
    let Some(more) = rank.checked_sub(flow.rank()).filter(|&more| more > 0) else { return Ok(flow) };
    let sample = [vec![1; more], flow.sample.clone()].concat();
    let batch = flow.batch + more;
    let reshaped =
        context.assembly.add(&format!("{}.rank", context.name), Reshape::new(sample).into(), &[flow])?;
    Ok(Flow { batch, ..reshaped })
}

/// A constant as every sample of a flow meets it: without the axis that is the batch.
pub(super) fn beside(constant: &Constant, flow: &Flow) -> Result<ArrayD<f64>> {
    let rank = constant.shape().len();
    match (flow.batch + rank).checked_sub(flow.rank()) {
        _ if rank > flow.rank() => Err(Error::unsupported(format!(
            "has a constant of {rank} axes beside a value of {}, expected no more",
            flow.rank()
        ))),
        Some(batch) => constant.of_a_sample(batch),
        // It ends behind the batch.
        None => constant.view().map(|view| view.to_owned()),
    }
}
