//! Comparisons and roundings, of constants only: how exporters compute shapes.

use ndarray::{ArrayD, IxDyn, Zip};

use crate::error::{Error, Result};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::Operand;

use super::arithmetic::{broadcast_shape, zip};
use super::elementwise::first;

type OfOne = fn(f64) -> f64;
type OfTwo = fn(f64, f64) -> f64;

/// Functions of two numbers, by operator.
const OF_TWO: [(&str, OfTwo); 8] = [
    ("Equal", |a, b| f64::from(a == b)),
    ("Greater", |a, b| f64::from(a > b)),
    ("GreaterOrEqual", |a, b| f64::from(a >= b)),
    ("Less", |a, b| f64::from(a < b)),
    ("LessOrEqual", |a, b| f64::from(a <= b)),
    ("And", |a, b| f64::from(a != 0.0 && b != 0.0)),
    ("Or", |a, b| f64::from(a != 0.0 || b != 0.0)),
    // The sign of the divisor, as in Python.
    ("Mod", |a, b| a - (a / b).floor() * b),
];

/// Functions of one number, by operator.
const OF_ONE: [(&str, OfOne); 7] = [
    ("Not", |value| f64::from(value == 0.0)),
    ("Floor", f64::floor),
    ("Ceil", f64::ceil),
    ("Round", f64::round_ties_even),
    ("Sign", |value| if value == 0.0 { 0.0 } else { value.signum() }),
    ("Sin", f64::sin),
    ("Cos", f64::cos),
];

/// Comparisons, and the rest of a division.
pub(super) fn compare(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (a, b) = (context.constant(0, "operands")?, context.constant(1, "operands")?);
    let row = OF_TWO.iter().find(|(name, _)| *name == context.operator);
    let (name, f) = row.ok_or_else(|| Error::unsupported("is not read"))?;
    let compared = zip(context, &a, &b, f)?;
    Ok(match compared {
        Operand::Constant(constant) if *name != "Mod" => Operand::Constant(constant.typed(true)),
        compared => compared,
    })
}

/// Roundings, and other functions that nothing flows through.
pub(super) fn round(context: &mut Context<'_, '_>) -> Result<Operand> {
    let constant = context.constant(0, "operand")?;
    let row = OF_ONE.iter().find(|(name, _)| *name == context.operator);
    let (_, f) = row.ok_or_else(|| Error::unsupported("is not read"))?;
    context.fold(&[&constant], constant.is_integer(), |arrays| Ok(first(arrays)?.mapv(f)))
}

/// `Where`
pub(super) fn choose(context: &mut Context<'_, '_>) -> Result<Operand> {
    let [condition, then, otherwise] = [0, 1, 2].map(|index| context.constant(index, "operands"));
    let (condition, then, otherwise) = (condition?, then?, otherwise?);
    let limits = context.assembly.limits();
    let integer = then.is_integer() && otherwise.is_integer();
    context.fold(&[&condition, &then, &otherwise], integer, |arrays| {
        let [condition, then, otherwise] = arrays else { return Err(Error::format("has not three inputs")) };
        let shape = broadcast_shape(&broadcast_shape(condition.shape(), then.shape())?, otherwise.shape())?;
        limits.elements(&shape)?;
        let wide = |array: &ndarray::ArrayViewD<'_, f64>| {
            let wide = array.broadcast(IxDyn(&shape)).map(|array| array.to_owned());
            wide.ok_or_else(|| Error::format("has inputs that do not broadcast"))
        };
        let (condition, then, otherwise): (ArrayD<f64>, _, _) =
            (wide(condition)?, wide(then)?, wide(otherwise)?);
        let choose =
            |&condition: &f64, &then: &f64, &otherwise: &f64| if condition == 0.0 { otherwise } else { then };
        Ok(Zip::from(&condition).and(&then).and(&otherwise).map_collect(choose))
    })
}
