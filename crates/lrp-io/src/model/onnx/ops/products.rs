//! Matrix products: with a matrix that was learned, or of two values.

use lrp_core::{Add, Linear, MatMul, Scaling, Transpose};
use ndarray::{Array1, Array2, ArrayD, Ix2, arr0};

use crate::error::{Error, Result};
use crate::model::onnx::constant::Constant;
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand};

use super::arithmetic::{beside, raised};
use super::shaping::{reshaped, shaped};

/// `Gemm`: `α A B + β C`
pub(super) fn gemm(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (alpha, beta) = (context.attributes.real_or("alpha", 1.0)?, context.attributes.real_or("beta", 1.0)?);
    let transposed = |name| context.attributes.flag(name, false);
    let (turn_a, turn_b) = (transposed("transA")?, transposed("transB")?);
    if turn_a {
        return Err(Error::unsupported("transposes its first input, whose first axis is the batch"));
    }
    let x = context.flow(0)?.batch_first()?.clone();
    if x.rank() != 2 {
        return Err(Error::format(format!("reads a value of {} axes, expected 2", x.rank())));
    }
    let b = context.numbers(1, "matrix")?;
    let weights = matrix(b)?;
    let mut weights = if turn_b { weights.reversed_axes() } else { weights };
    if alpha != 1.0 {
        weights *= alpha;
    }
    let outputs = weights.ncols();
    let (bias, shift) = match context.inputs.get_mut(2).and_then(Option::take) {
        None => (Array1::zeros(outputs), None),
        Some(Operand::Constant(constant)) => (bias(&constant, outputs, beta)?, None),
        Some(flow @ Operand::Flow(_)) => (Array1::zeros(outputs), Some(flow)),
    };
    let linear = Linear::new(weights, bias)?;
    match shift {
        None => context.layer(linear, &[&Operand::Flow(x)]),
        Some(shift) => {
            let product = context.step("product", linear, &[&Operand::Flow(x)])?;
            let number = |value: f64| arr0(value).into_dyn();
            let shift = match beta {
                1.0 => shift,
                beta => context.step("beta", Scaling::new(number(beta), number(0.0)), &[&shift])?,
            };
            context.layer(Add, &[&product, &shift])
        }
    }
}

/// `β C` as one number an output.
fn bias(constant: &Constant, outputs: usize, beta: f64) -> Result<Array1<f64>> {
    let rows = Flow { value: lrp_core::Value::INPUT, sample: vec![outputs], batch: 0 };
    let bias = beside(constant, &rows)?;
    let shape = bias.shape().to_vec();
    let spread = bias.broadcast(outputs).map(|bias| bias.mapv(|bias| beta * bias));
    spread.ok_or_else(|| Error::format(format!("has a bias of shape {shape:?} for {outputs} outputs")))
}

/// `MatMul`
pub(super) fn matmul(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (a, b) = (context.take(0)?, context.take(1)?);
    match (a, b) {
        (Operand::Flow(x), Operand::Constant(weights)) => right(context, x, weights.fixed()?),
        (Operand::Constant(weights), Operand::Flow(x)) => left(context, weights.fixed()?, x),
        (Operand::Flow(a), Operand::Flow(b)) => {
            let rank = a.rank().max(b.rank());
            let (a, b) = (raised(context, a, rank)?, raised(context, b, rank)?);
            if a.batch != b.batch || a.batch + 2 >= rank + usize::from(rank < 2) {
                return Err(Error::unsupported("multiplies matrices of which rows or columns are the batch"));
            }
            context.layer(MatMul, &[&Operand::Flow(a), &Operand::Flow(b)])
        }
        (Operand::Constant(a), Operand::Constant(b)) => {
            let limits = context.assembly.limits();
            context.fold(&[&a, &b], a.is_integer() && b.is_integer(), |arrays| {
                let [a, b] = arrays else { return Err(Error::format("has not two inputs")) };
                let (a, b) = (matrix(a.to_owned())?, matrix(b.to_owned())?);
                limits.elements(&[a.nrows(), b.ncols()])?;
                match a.ncols() == b.nrows() {
                    true => Ok(a.dot(&b).into_dyn()),
                    false => Err(Error::format(format!("multiplies {:?} and {:?}", a.shape(), b.shape()))),
                }
            })
        }
    }
}

/// `x W` along the last axis.
fn right(context: &mut Context<'_, '_>, x: Flow, weights: ArrayD<f64>) -> Result<Operand> {
    if x.batch + 1 == x.rank() {
        return Err(Error::unsupported("multiplies along the last axis, which is the batch"));
    }
    let (weights, is_vector) = column(weights)?;
    let bias = Array1::zeros(weights.ncols());
    let product = context.layer(Linear::new(weights, bias)?, &[&Operand::Flow(x)])?;
    match product {
        Operand::Flow(flow) if is_vector => {
            let sample = flow.sample.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default();
            let batch = flow.batch;
            reshaped(context, flow, sample, batch)
        }
        product => Ok(product),
    }
}

/// `W x`: the same the other way around, `(xᵀ Wᵀ)ᵀ`.
fn left(context: &mut Context<'_, '_>, weights: ArrayD<f64>, x: Flow) -> Result<Operand> {
    let rank = x.rank();
    if rank < 3 || x.batch + 2 >= rank {
        return Err(Error::unsupported("multiplies matrices of which rows or columns are the batch"));
    }
    let weights = matrix(weights)?.reversed_axes();
    let order: Vec<usize> = (0..rank - 2).chain([rank - 1, rank - 2]).collect();
    let turned = context.step("turned", Transpose::new(order.clone()), &[&Operand::Flow(x)])?;
    let bias = Array1::zeros(weights.ncols());
    let product = context.step("product", Linear::new(weights, bias)?, &[&turned])?;
    context.layer(Transpose::new(order), &[&product])
}

/// A matrix, be it with axes of size one in front.
fn matrix(array: ArrayD<f64>) -> Result<Array2<f64>> {
    let shape = array.shape().to_vec();
    let wrong =
        || Error::unsupported(format!("multiplies by an array of shape {shape:?}, expected a matrix"));
    match shape.as_slice() {
        [ones @ .., rows, columns] if ones.iter().all(|&size| size == 1) => {
            let view = array.into_shape_with_order((*rows, *columns));
            view.map_err(|_| wrong())?.into_dimensionality::<Ix2>().map_err(|_| wrong())
        }
        _ => Err(wrong()),
    }
}

/// A matrix, or a vector as a matrix of one column.
fn column(array: ArrayD<f64>) -> Result<(Array2<f64>, bool)> {
    match array.shape() {
        &[rows] => {
            let column = shaped(&array.view(), &[rows, 1])?;
            matrix(column).map(|column| (column, true))
        }
        _ => matrix(array).map(|array| (array, false)),
    }
}
