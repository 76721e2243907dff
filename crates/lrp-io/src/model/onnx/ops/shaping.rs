//! Other axes for the same numbers.

use lrp_core::{Flatten, Reshape, Transpose};
use ndarray::{ArrayBase, ArrayD, ArrayViewD, IxDyn};

use crate::error::{Error, Result};
use crate::model::onnx::constant::{Constant, Size};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand, resolve};

use super::elementwise::first;

/// `Reshape`
pub(super) fn reshape(context: &mut Context<'_, '_>) -> Result<Operand> {
    let target = context.list("shape", 1)?.ok_or_else(|| Error::format("has no shape"))?;
    let copies = !context.attributes.flag("allowzero", false)?;
    match context.take(0)? {
        Operand::Flow(flow) => {
            let (sample, batch) = sample_shape(&flow, &target, copies, context.declared_batch)?;
            reshaped(context, flow, sample, batch)
        }
        Operand::Constant(constant) => {
            let target = context.constant(1, "shape").or_else(|_| list_constant(&target))?;
            let limits = context.assembly.limits();
            context.fold(&[&constant, &target], constant.is_integer(), |arrays| {
                let [array, target] = arrays else { return Err(Error::format("has no shape")) };
                let shape = constant_shape(array.shape(), target, copies)?;
                limits.elements(&shape)?;
                shaped(array, &shape)
            })
        }
    }
}

/// `Flatten`: all axes from one on become one, and all before it.
pub(super) fn flatten(context: &mut Context<'_, '_>) -> Result<Operand> {
    let input = context.take(0)?;
    let axis = context.attributes.integer_or("axis", 1)?;
    // It may be behind the last, but is counted from there only if it is one.
    let axis = if axis < 0 { input.axis(axis)? } else { resolve(axis, input.rank() + 1)? };
    match input {
        Operand::Constant(constant) => context.fold(&[&constant], constant.is_integer(), |arrays| {
            let array = first(arrays)?;
            let (before, behind) = array.shape().split_at_checked(axis).unwrap_or_default();
            shaped(array, &[before.iter().product(), behind.iter().product()])
        }),
        Operand::Flow(flow) if flow.batch == 0 && axis == 1 => {
            context.layer(Flatten::RowMajor, &[&Operand::Flow(flow)])
        }
        Operand::Flow(flow) => {
            let (before, behind) = flow.sample.split_at_checked(axis.saturating_sub(1)).unwrap_or_default();
            if axis <= flow.batch || before.iter().product::<usize>() != 1 {
                return Err(Error::unsupported(format!("flattens from axis {axis} on, which mixes samples")));
            }
            let features = behind.iter().product();
            reshaped(context, flow, vec![features], 0)
        }
    }
}

/// `Squeeze`: drops axes of size one.
pub(super) fn squeeze(context: &mut Context<'_, '_>) -> Result<Operand> {
    let axes = context.fixed_list("axes", 1)?;
    match context.take(0)? {
        Operand::Constant(constant) => context.fold(&[&constant], constant.is_integer(), |arrays| {
            let array = first(arrays)?;
            let dropped = dropped_axes(axes.as_deref(), array.shape())?;
            let kept = array.shape().iter().enumerate().filter(|(axis, _)| !dropped.contains(axis));
            shaped(array, &kept.map(|(_, &size)| size).collect::<Vec<_>>())
        }),
        Operand::Flow(flow) => {
            // Two samples, so that the batch is no axis of size one.
            let shape = flow.shape(2);
            let dropped = dropped_axes(axes.as_deref(), &shape)?;
            let kept: Vec<usize> = (0..shape.len()).filter(|axis| !dropped.contains(axis)).collect();
            rearranged(context, flow, &kept)
        }
    }
}

fn dropped_axes(axes: Option<&[i64]>, shape: &[usize]) -> Result<Vec<usize>> {
    let Some(axes) = axes else {
        return Ok(shape.iter().enumerate().filter(|(_, size)| **size == 1).map(|(axis, _)| axis).collect());
    };
    let axis = |&axis: &i64| {
        let axis = resolve(axis, shape.len())?;
        match shape.get(axis) {
            Some(1) => Ok(axis),
            _ => Err(Error::format(format!("drops axis {axis} of shape {shape:?}, expected one of size 1"))),
        }
    };
    axes.iter().map(axis).collect()
}

/// The flow with only these axes, the others being of size one.
fn rearranged(context: &mut Context<'_, '_>, flow: Flow, kept: &[usize]) -> Result<Operand> {
    let shape = flow.shape(2);
    let batch = kept.iter().position(|&axis| axis == flow.batch);
    let batch = batch.ok_or_else(|| Error::unsupported("drops the batch"))?;
    let others = kept.iter().filter(|&&axis| axis != flow.batch);
    let sample = others.filter_map(|&axis| shape.get(axis).copied()).collect();
    reshaped(context, flow, sample, batch)
}

/// `Unsqueeze`: new axes of size one, at these places of the result.
pub(super) fn unsqueeze(context: &mut Context<'_, '_>) -> Result<Operand> {
    let axes = context.fixed_list("axes", 1)?.ok_or_else(|| Error::format("has no axes"))?;
    let input = context.take(0)?;
    let rank = input.rank() + axes.len();
    context.assembly.limits().elements(&vec![1; rank])?;
    let mut new = axes.iter().map(|&axis| resolve(axis, rank)).collect::<Result<Vec<_>>>()?;
    new.sort_unstable();
    new.dedup();
    if new.len() != axes.len() {
        return Err(Error::format(format!("has axes {axes:?}, of which two are the same")));
    }
    match input {
        Operand::Constant(constant) => context.fold(&[&constant], constant.is_integer(), |arrays| {
            let array = first(arrays)?;
            shaped(array, &widened(array.shape(), &new))
        }),
        Operand::Flow(flow) => {
            let batch = (0..rank).filter(|axis| !new.contains(axis)).nth(flow.batch).unwrap_or_default();
            let mut sample = widened(&flow.shape(1), &new);
            if batch < sample.len() {
                sample.remove(batch);
            }
            reshaped(context, flow, sample, batch)
        }
    }
}

/// The shape with ones at these places.
fn widened(shape: &[usize], new: &[usize]) -> Vec<usize> {
    let mut old = shape.iter().copied();
    (0..shape.len() + new.len())
        .map(|axis| if new.contains(&axis) { 1 } else { old.next().unwrap_or(1) })
        .collect()
}

/// `Transpose`: of a flow only the bookkeeping moves the batch.
pub(super) fn transpose(context: &mut Context<'_, '_>) -> Result<Operand> {
    let input = context.take(0)?;
    let rank = input.rank();
    let order = match context.attributes.sizes("perm")? {
        Some(order) => order,
        None => (0..rank).rev().collect(),
    };
    let mut sorted = order.clone();
    sorted.sort_unstable();
    if !sorted.into_iter().eq(0..rank) {
        return Err(Error::format(format!("has the order {order:?}, expected every axis below {rank} once")));
    }
    match input {
        Operand::Constant(constant) => context.fold(&[&constant], constant.is_integer(), |arrays| {
            Ok(first(arrays)?.clone().permuted_axes(order.as_slice()).as_standard_layout().into_owned())
        }),
        Operand::Flow(flow) => {
            let batch = order.iter().position(|&axis| axis == flow.batch).unwrap_or_default();
            let input = Operand::Flow(flow);
            let samples = order.iter().filter(|&&axis| !input.is_batch(axis)).map(|&axis| input.place(axis));
            let places = std::iter::once(Ok(0)).chain(samples).collect::<Result<Vec<_>>>()?;
            match places.iter().copied().eq(0..rank) {
                true => moved(input, batch),
                false => {
                    context.layer(Transpose::new(places), &[&input]).and_then(|output| moved(output, batch))
                }
            }
        }
    }
}

/// The same flow, its batch at another axis of the graph.
fn moved(operand: Operand, batch: usize) -> Result<Operand> {
    match operand {
        Operand::Flow(flow) => Ok(Operand::Flow(Flow { batch, ..flow })),
        constant @ Operand::Constant(_) => Ok(constant),
    }
}

/// A flow whose samples have another shape of as many elements.
pub(super) fn reshaped(
    context: &mut Context<'_, '_>,
    flow: Flow,
    sample: Vec<usize>,
    batch: usize,
) -> Result<Operand> {
    if flow.sample == sample {
        return moved(Operand::Flow(flow), batch);
    }
    let output = context.layer(Reshape::new(sample), &[&Operand::Flow(flow)])?;
    moved(output, batch)
}

/// The array in another shape.
pub(super) fn shaped(array: &ArrayViewD<'_, f64>, shape: &[usize]) -> Result<ArrayD<f64>> {
    array
        .to_shape(IxDyn(shape))
        .map(ArrayBase::into_owned)
        .map_err(|_| Error::format(format!("does not fit {:?} into the shape {shape:?}", array.shape())))
}

fn list_constant(target: &[Size]) -> Result<Constant> {
    let number = |size: &Size| match size {
        #[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
        Size::Fixed(value) => Ok(*value as f64),
        _ => Err(Error::unsupported("has a shape that depends on the size of the batch")),
    };
    let list = target.iter().map(number).collect::<Result<ndarray::Array1<f64>>>()?;
    Ok(Constant::new(list.into_dyn(), true))
}

/// The shape that `Reshape` gives a constant: −1 is what is left, 0 a copy.
fn constant_shape(shape: &[usize], target: &ArrayViewD<'_, f64>, copies: bool) -> Result<Vec<usize>> {
    let elements: usize = shape.iter().product();
    #[expect(clippy::cast_possible_truncation, reason = "what is no size fails below")]
    let entries: Vec<i64> = target.iter().map(|&size| size as i64).collect();
    let entry = |(axis, &entry): (usize, &i64)| match entry {
        0 if copies => shape.get(axis).copied().map(Some).ok_or_else(|| no_shape(&entries)),
        -1 => Ok(None),
        size => usize::try_from(size).map(Some).map_err(|_| no_shape(&entries)),
    };
    let sizes = entries.iter().enumerate().map(entry).collect::<Result<Vec<_>>>()?;
    fill(&sizes, elements).ok_or_else(|| no_shape(&entries))
}

fn no_shape(entries: &[i64]) -> Error {
    Error::format(format!("has the shape {entries:?}, which its input does not fit"))
}

/// The sizes with the one that is open, if all together have so many elements.
fn fill(sizes: &[Option<usize>], elements: usize) -> Option<Vec<usize>> {
    let known = sizes.iter().flatten().try_fold(1_usize, |product, &size| product.checked_mul(size))?;
    let open = match sizes.iter().filter(|size| size.is_none()).count() {
        0 => (known == elements).then_some(1)?,
        1 if known > 0 && elements.is_multiple_of(known) => elements / known,
        _ => return None,
    };
    Some(sizes.iter().map(|size| size.unwrap_or(open)).collect())
}

/// The shape of a sample and the place of the batch that `Reshape` asks for.
///
/// One entry stands for the batch: the one that is its size, however computed, or copies it; else one that is −1, 1,
/// or what the file declares, such that the entries before it and those behind it have as many elements as the axes
/// before and behind the batch have. All else would move numbers from one sample to another.
fn sample_shape(
    flow: &Flow,
    target: &[Size],
    copies: bool,
    declared: Option<usize>,
) -> Result<(Vec<usize>, usize)> {
    let shape = flow.shape(0);
    let is_batch = |(axis, size): (usize, &Size)| match size {
        Size::Batch => true,
        Size::Fixed(0) => copies && axis == flow.batch,
        _ => false,
    };
    let marked: Vec<usize> =
        target.iter().enumerate().filter(|entry| is_batch(*entry)).map(|(axis, _)| axis).collect();
    let may_be = |&axis: &usize| match target.get(axis) {
        Some(Size::Fixed(-1 | 1)) => true,
        Some(Size::Fixed(size)) => usize::try_from(*size).ok() == declared,
        _ => false,
    };
    let candidates = match marked.as_slice() {
        [] => (0..target.len()).filter(may_be).collect(),
        _ => marked,
    };
    let (before, behind) = flow.sample.split_at_checked(flow.batch).unwrap_or_default();
    let (before, behind): (usize, usize) = (before.iter().product(), behind.iter().product());
    let sizes = |range: &[Size], start: usize| {
        let size = |(axis, size): (usize, &Size)| match *size {
            Size::Fixed(0) if copies => shape.get(start + axis).copied().map(Some),
            Size::Fixed(-1) => Some(None),
            Size::Fixed(size) => usize::try_from(size).ok().map(Some),
            _ => None,
        };
        range.iter().enumerate().map(size).collect::<Option<Vec<_>>>()
    };
    let fits = |&batch: &usize| {
        let (first, rest) = target.split_at_checked(batch)?;
        let first = fill(&sizes(first, 0)?, before)?;
        let rest = fill(&sizes(rest.get(1..)?, batch + 1)?, behind)?;
        Some(([first, rest].concat(), batch))
    };
    candidates.iter().find_map(fits).ok_or_else(|| {
        Error::unsupported(format!(
            "reshapes {:?} to {target:?}, in which no entry can be the batch",
            flow.sample
        ))
    })
}
