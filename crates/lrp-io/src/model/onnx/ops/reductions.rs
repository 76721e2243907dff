//! Whole axes at once: sums, means, maxima, and the normalised exponential.

use lrp_core::{Reduce, Reduction, Reshape, SoftMax};
use ndarray::Axis;

use crate::error::{Error, Result};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand};

use super::elementwise::{first, identity};
use super::shaping::reshaped;

/// `ReduceSum`
pub(super) fn sum(context: &mut Context<'_, '_>) -> Result<Operand> {
    reduce(context, Reduction::Sum)
}

/// `ReduceMean`
pub(super) fn mean(context: &mut Context<'_, '_>) -> Result<Operand> {
    reduce(context, Reduction::Mean)
}

/// `ReduceMax`
pub(super) fn maximum(context: &mut Context<'_, '_>) -> Result<Operand> {
    reduce(context, Reduction::Max)
}

/// `ReduceProd`, of constants: how many elements a shape has.
pub(super) fn product(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (axes, keep) = axes(context)?;
    let constant = context.constant(0, "factors")?;
    context.fold(&[&constant], constant.is_integer(), |arrays| {
        let axes = axes.clone().unwrap_or_default();
        Ok(axes.iter().rev().fold(first(arrays)?.to_owned(), |array, &axis| {
            let product = array.map_axis(Axis(axis), |values| values.product());
            if keep { product.insert_axis(Axis(axis)) } else { product }
        }))
    })
}

fn reduce(context: &mut Context<'_, '_>, reduction: Reduction) -> Result<Operand> {
    let (axes, keep) = axes(context)?;
    let Some(axes) = axes else { return identity(context) };
    let input = context.take(0)?;
    let places = axes.iter().map(|&axis| input.place(axis)).collect::<Result<_>>()?;
    let output = context.layer(Reduce::new(reduction, places, keep), &[&input])?;
    Ok(match output {
        Operand::Flow(flow) if !keep => {
            let dropped = axes.iter().filter(|&&axis| axis < flow.batch).count();
            Operand::Flow(Flow { batch: flow.batch - dropped, ..flow })
        }
        output => output,
    })
}

/// The axes, sorted, none if nothing is to be done; and whether they stay with size one.
fn axes(context: &Context<'_, '_>) -> Result<(Option<Vec<usize>>, bool)> {
    let listed = context.fixed_list("axes", 1)?.filter(|axes| !axes.is_empty());
    let keep = context.attributes.flag("keepdims", true)?;
    let input = context.input(0)?;
    let mut axes = match listed {
        Some(axes) => axes.iter().map(|&axis| input.axis(axis)).collect::<Result<Vec<_>>>()?,
        None if context.attributes.flag("noop_with_empty_axes", false)? => return Ok((None, keep)),
        None => (0..input.rank()).collect(),
    };
    axes.sort_unstable();
    axes.dedup();
    Ok((Some(axes), keep))
}

/// `Softmax`
pub(super) fn softmax(context: &mut Context<'_, '_>) -> Result<Operand> {
    normalised(context, SoftMax::new)
}

/// `LogSoftmax`
pub(super) fn logarithm_of_softmax(context: &mut Context<'_, '_>) -> Result<Operand> {
    normalised(context, SoftMax::logarithm)
}

/// Along an axis; before version 13, along all from one on as if they were one.
fn normalised(context: &mut Context<'_, '_>, layer: fn(usize) -> SoftMax) -> Result<Operand> {
    let several = context.version < 13;
    let axis = context.attributes.integer_or("axis", if several { 1 } else { -1 })?;
    let input = context.take(0)?;
    let axis = input.axis(axis)?;
    let place = input.place(axis)?;
    let Operand::Flow(flow) = &input else { return context.layer(layer(place), &[&input]) };
    let large = |&axis: &usize| input.size(axis).is_ok_and(|size| size > 1);
    let behind: Vec<usize> = (axis..input.rank()).filter(large).collect();
    match behind.as_slice() {
        _ if !several => context.layer(layer(place), &[&input]),
        [] => context.layer(layer(place), &[&input]),
        [only] => context.layer(layer(input.place(*only)?), &[&input]),
        _ if flow.batch >= axis => {
            Err(Error::unsupported("works along several axes, of which one is the batch"))
        }
        _ => {
            let (sample, batch) = (flow.sample.clone(), flow.batch);
            let (before, behind) = sample.split_at_checked(place - 1).unwrap_or_default();
            let joined = [before, &[behind.iter().product()]].concat();
            let flat = reshaped_step(context, flow.clone(), joined)?;
            let output = context.step("softmax", layer(place), &[&flat])?;
            match output {
                Operand::Flow(flow) => reshaped(context, flow, sample, batch),
                constant @ Operand::Constant(_) => Ok(constant),
            }
        }
    }
}

/// A reshape that the node needs before its own layer.
fn reshaped_step(context: &mut Context<'_, '_>, flow: Flow, sample: Vec<usize>) -> Result<Operand> {
    context.step("joined", Reshape::new(sample), &[&Operand::Flow(flow)])
}
