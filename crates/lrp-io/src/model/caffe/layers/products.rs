//! Layers with weights: convolutions, their transposes, inner products, and tables.

use lrp_core::{Channels, Convolution, Embedding, Linear, TransposedConvolution, Window};
use ndarray::{Array1, ArrayD, Ix1, Ix2};

use crate::error::{Error, Result};
use crate::model::caffe::context::{Context, Filler, Flow};
use crate::model::caffe::text::Message;

use super::shaping::joined;

/// Blobs are `[outputs, inputs / groups, kernel..]` and `[outputs]`.
pub(super) fn convolution(context: &mut Context<'_, '_>) -> Result<Flow> {
    let (input, Shape { window, groups, outputs }) = shape(context)?;
    let inputs = per_group(channels(&input), groups)?;
    let filters = learned_filters(context, outputs, inputs, window.kernel())?;
    let bias = learned_bias(context, "convolution_param", outputs)?;
    let layer = Convolution::with_window(filters, bias, window, groups, Channels::First)?;
    context.layer(layer, &[&input])
}

/// Blobs are `[inputs, outputs / groups, kernel..]` and `[outputs]`.
pub(super) fn deconvolution(context: &mut Context<'_, '_>) -> Result<Flow> {
    let (input, Shape { window, groups, outputs }) = shape(context)?;
    let filters = learned_filters(context, channels(&input), per_group(outputs, groups)?, window.kernel())?;
    let bias = learned_bias(context, "convolution_param", outputs)?;
    let behind = vec![0; window.kernel().len()];
    let layer = TransposedConvolution::new(filters, bias, window, groups, Channels::First, &behind)?;
    context.layer(layer, &[&input])
}

/// Blobs are `[outputs, inputs]`, or the transpose of that, and `[outputs]`; all axes from a given one on are the
/// inputs.
pub(super) fn inner_product(context: &mut Context<'_, '_>) -> Result<Flow> {
    let definition = context.definition;
    let parameters = definition.parameters("inner_product_param");
    let outputs = outputs(parameters)?;
    let mut input = context.input(0)?;
    let axis = context.axis(parameters.integer("axis")?.unwrap_or(1), &input)?;
    if axis < input.sample.len() {
        input = context.step("flatten", joined(&input, axis, input.sample.len())?, &[&input])?;
    }
    let inputs = input.sample.last().copied().unwrap_or_default();
    let filler = Filler::of(parameters, "weight_filler");
    let transposed = parameters.flag_or("transpose", false)?;
    let shape = if transposed { [inputs, outputs] } else { [outputs, inputs] };
    let weights = flat::<Ix2>(context.learned(0, &shape, filler)?)?;
    let weights =
        if transposed { weights } else { weights.reversed_axes().as_standard_layout().into_owned() };
    let bias = learned_bias(context, "inner_product_param", outputs)?;
    context.layer(Linear::new(weights, bias)?, &[&input])
}

/// Blobs are `[entries, width]` and `[width]`, the second added to every row.
pub(super) fn embed(context: &mut Context<'_, '_>) -> Result<Flow> {
    let definition = context.definition;
    let parameters = definition.parameters("embed_param");
    let width = outputs(parameters)?;
    let entries = parameters.count("input_dim")?.filter(|&entries| entries > 0);
    let entries = entries.ok_or_else(|| Error::format("has no input_dim of 1 or more"))?;
    let input = context.input(0)?;
    let filler = Filler::of(parameters, "weight_filler");
    let table = flat::<Ix2>(context.learned(0, &[entries, width], filler)?)?;
    let bias = learned_bias(context, "embed_param", width)?;
    context.layer(Embedding::new(table + &bias)?, &[&input])
}

/// What convolutions and their transposes say alike.
struct Shape {
    window: Window,
    groups: usize,
    outputs: usize,
}

fn shape(context: &Context<'_, '_>) -> Result<(Flow, Shape)> {
    let parameters = context.parameters("convolution_param");
    let input = context.input(0)?;
    let space = input.sample.len().saturating_sub(1);
    if let Some(axis) = parameters.integer("axis")?.filter(|&axis| axis != 1) {
        return Err(Error::unsupported(format!("has the axis {axis}, expected 1")));
    }
    if !(1..=3).contains(&space) {
        let message =
            format!("reads samples of shape {:?}, expected [c, space..] of one to three axes", input.sample);
        return Err(Error::unsupported(message));
    }
    let window = window(parameters, space)?;
    let groups = parameters.count("group")?.unwrap_or(1);
    Ok((input, Shape { window, groups, outputs: outputs(parameters)? }))
}

/// The windows that convolutions look through.
pub(super) fn window(parameters: &Message, space: usize) -> Result<Window> {
    Ok(Window::new(&sizes(parameters, "kernel_size", "kernel", space, None)?)
        .strided(&sizes(parameters, "stride", "stride", space, Some(1))?)
        .dilated(&sizes(parameters, "dilation", "dilation", space, Some(1))?)
        .padded(&both_sides(&sizes(parameters, "pad", "pad", space, Some(0))?)))
}

/// A size an axis: one for all, one each, or height and width under names of their own.
pub(super) fn sizes(
    parameters: &Message,
    name: &str,
    stem: &str,
    space: usize,
    otherwise: Option<usize>,
) -> Result<Vec<usize>> {
    let pair = [parameters.count(&format!("{stem}_h"))?, parameters.count(&format!("{stem}_w"))?];
    let listed = parameters.counts(name)?;
    match (pair, &listed[..]) {
        ([Some(height), Some(width)], _) if space == 2 => Ok(vec![height, width]),
        ([height, width], []) if space == 2 && (height.or(width).is_some()) => {
            let missing = || Error::format(format!("has only one of {stem}_h and {stem}_w"));
            let side = |side: Option<usize>| side.or(otherwise).ok_or_else(missing);
            Ok(vec![side(height)?, side(width)?])
        }
        (_, []) => match otherwise {
            Some(size) => Ok(vec![size; space]),
            None => Err(Error::format(format!("has no {name}"))),
        },
        (_, [size]) => Ok(vec![*size; space]),
        (_, sizes) if sizes.len() == space => Ok(sizes.to_vec()),
        (_, sizes) => {
            Err(Error::format(format!("has {} values of {name}, expected 1 or {space}", sizes.len())))
        }
    }
}

/// The same padding before and behind.
pub(super) fn both_sides(sizes: &[usize]) -> Vec<[usize; 2]> {
    sizes.iter().map(|&size| [size, size]).collect()
}

fn outputs(parameters: &Message) -> Result<usize> {
    let outputs = parameters.count("num_output")?.filter(|&outputs| outputs > 0);
    outputs.ok_or_else(|| Error::format("has no num_output of 1 or more"))
}

fn channels(input: &Flow) -> usize {
    input.sample.first().copied().unwrap_or_default()
}

fn per_group(channels: usize, groups: usize) -> Result<usize> {
    match channels.checked_rem(groups) {
        Some(0) => Ok(channels / groups),
        _ => Err(Error::format(format!("divides {channels} channels into {groups} groups"))),
    }
}

/// `[a, b, kernel..]` as `[kernel.., b, a]`.
fn learned_filters(
    context: &mut Context<'_, '_>,
    a: usize,
    b: usize,
    kernel: &[usize],
) -> Result<ArrayD<f64>> {
    let filler = Filler::of(context.definition.parameters("convolution_param"), "weight_filler");
    let weights = context.learned(0, &[&[a, b], kernel].concat(), filler)?;
    let order: Vec<usize> = (2..weights.ndim()).chain([1, 0]).collect();
    Ok(weights.permuted_axes(order).as_standard_layout().into_owned())
}

/// The bias, which is zero where `bias_term` says that there is none.
fn learned_bias(
    context: &mut Context<'_, '_>,
    parameters: &'static str,
    outputs: usize,
) -> Result<Array1<f64>> {
    let parameters = context.definition.parameters(parameters);
    if !parameters.flag_or("bias_term", true)? {
        context.book(&[outputs])?;
        return Ok(Array1::zeros(outputs));
    }
    flat::<Ix1>(context.learned(1, &[outputs], Filler::of(parameters, "bias_filler"))?)
}

/// An array whose number of axes is known.
fn flat<D: ndarray::Dimension>(array: ArrayD<f64>) -> Result<ndarray::Array<f64, D>> {
    array.into_dimensionality().map_err(|error| Error::format(error.to_string()))
}
