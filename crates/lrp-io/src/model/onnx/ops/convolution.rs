//! Convolutions and their transposes, and the windows that pools share with them.

use lrp_core::{Channels, Convolution, TransposedConvolution, Window};
use ndarray::{Array1, ArrayD, Ix1};

use crate::error::{Error, Result, quoted};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand};

/// `Conv`: weights are `[outputs, inputs / groups, kernel..]`.
pub(super) fn convolution(context: &mut Context<'_, '_>) -> Result<Operand> {
    let input = spatial_input(context)?;
    let (weights, groups) = weights(context)?;
    let outputs = weights.shape().first().copied().unwrap_or_default();
    let bias = bias(context, outputs)?;
    let window = window(context, &input, weights.shape().get(2..).unwrap_or_default())?;
    let layer = Convolution::with_window(filters(weights), bias, window, groups, Channels::First)?;
    context.layer(layer, &[&Operand::Flow(input)])
}

/// `ConvTranspose`: weights are `[inputs, outputs / groups, kernel..]`.
pub(super) fn transposed(context: &mut Context<'_, '_>) -> Result<Operand> {
    let input = spatial_input(context)?;
    let (weights, groups) = weights(context)?;
    let outputs = weights.shape().get(1).copied().unwrap_or_default().saturating_mul(groups);
    context.assembly.limits().elements(&[outputs])?;
    let bias = bias(context, outputs)?;
    let kernel = weights.shape().get(2..).unwrap_or_default().to_vec();
    let (window, behind) = transposed_window(context, &input, &kernel)?;
    let layer = TransposedConvolution::new(filters(weights), bias, window, groups, Channels::First, &behind)?;
    context.layer(layer, &[&Operand::Flow(input)])
}

/// A value of shape `[n, c, space..]`.
pub(super) fn spatial_input(context: &Context<'_, '_>) -> Result<Flow> {
    let flow = context.flow(0)?.batch_first()?.clone();
    match flow.rank() {
        3..=5 => Ok(flow),
        rank => {
            Err(Error::unsupported(format!("reads a value of {rank} axes, expected 3 to 5: [n, c, space..]")))
        }
    }
}

/// `[a, b, kernel..]` as `[kernel.., b, a]`.
fn filters(weights: ArrayD<f64>) -> ArrayD<f64> {
    let order: Vec<usize> = (2..weights.ndim()).chain([1, 0]).collect();
    weights.permuted_axes(order).as_standard_layout().into_owned()
}

fn weights(context: &mut Context<'_, '_>) -> Result<(ArrayD<f64>, usize)> {
    let weights = context.numbers(1, "weights")?;
    if weights.ndim() < 3 {
        return Err(Error::format(format!(
            "has weights of shape {:?}, expected 3 axes or more",
            weights.shape()
        )));
    }
    let groups = context.attributes.integer_or("group", 1)?;
    let groups = usize::try_from(groups).ok().filter(|&groups| groups > 0);
    let groups = groups.ok_or_else(|| Error::format("has a group that is not 1 or more"))?;
    Ok((weights, groups))
}

fn bias(context: &mut Context<'_, '_>, outputs: usize) -> Result<Array1<f64>> {
    let Some(bias) = context.optional_numbers(2, "bias")? else { return Ok(Array1::zeros(outputs)) };
    let shape = bias.shape().to_vec();
    bias.into_dimensionality::<Ix1>()
        .map_err(|_| Error::format(format!("has a bias of shape {shape:?}, expected [{outputs}]")))
}

/// The window that attributes describe; `kernel` is that of the weights.
pub(super) fn window(context: &Context<'_, '_>, input: &Flow, kernel: &[usize]) -> Result<Window> {
    let plain = plain_window(context, kernel)?;
    let rank = kernel.len();
    let sizes = input.sample.get(1..).unwrap_or_default();
    if sizes.len() != rank {
        return Err(Error::format(format!("has a window of {rank} axes over a space of {}", sizes.len())));
    }
    let padding = match context.attributes.text_or("auto_pad", "NOTSET")? {
        "NOTSET" | "" => pads(context, rank)?,
        "VALID" => vec![[0, 0]; rank],
        side @ ("SAME_UPPER" | "SAME_LOWER") => {
            let total = sizes.iter().enumerate().map(|(axis, &size)| {
                let stride = *plain.stride().get(axis)?;
                let reach = reach(&plain, axis)?;
                Some(
                    (size.div_ceil(stride).saturating_sub(1) * stride)
                        .checked_add(reach)?
                        .saturating_sub(size),
                )
            });
            let total: Option<Vec<usize>> = total.collect();
            let halves = total.ok_or_else(|| Error::format("has a window beyond all bounds"))?;
            halves.into_iter().map(|total| halved(total, side == "SAME_UPPER")).collect()
        }
        other => return Err(Error::format(format!("has the auto_pad {}, which is unknown", quoted(other)))),
    };
    Ok(plain.padded(&padding))
}

/// `dilation·(kernel − 1) + 1`
fn reach(window: &Window, axis: usize) -> Option<usize> {
    window.dilation().get(axis)?.checked_mul(window.kernel().get(axis)?.checked_sub(1)?)?.checked_add(1)
}

/// Half of it before and half of it behind, where also goes what is left.
fn halved(total: usize, rest_behind: bool) -> [usize; 2] {
    let (half, rest) = (total / 2, total - total / 2);
    if rest_behind { [half, rest] } else { [rest, half] }
}

/// Kernel, stride and dilation.
fn plain_window(context: &Context<'_, '_>, kernel: &[usize]) -> Result<Window> {
    let rank = kernel.len();
    if context.attributes.sizes("kernel_shape")?.is_some_and(|declared| declared != kernel) {
        return Err(Error::format(format!("has another kernel_shape than its weights, {kernel:?}")));
    }
    let list = |name: &str| {
        let values = context.attributes.sizes(name)?.unwrap_or_else(|| vec![1; rank]);
        match values.len() == rank && !values.contains(&0) {
            true => Ok(values),
            false => Err(Error::format(format!("has {name} {values:?}, expected {rank} numbers from 1"))),
        }
    };
    if kernel.contains(&0) {
        return Err(Error::format("has an empty kernel"));
    }
    Ok(Window::new(kernel).strided(&list("strides")?).dilated(&list("dilations")?))
}

/// `pads` lists all beginnings, then all ends.
fn pads(context: &Context<'_, '_>, rank: usize) -> Result<Vec<[usize; 2]>> {
    let Some(pads) = context.attributes.sizes("pads")? else { return Ok(vec![[0, 0]; rank]) };
    if pads.len() != 2 * rank {
        return Err(Error::format(format!("has {} pads, expected {}", pads.len(), 2 * rank)));
    }
    let (before, behind) = pads.split_at(rank);
    Ok(before.iter().zip(behind).map(|(&before, &behind)| [before, behind]).collect())
}

/// The window of the convolution that is transposed, and how much of the output lies beyond its reach.
fn transposed_window(
    context: &Context<'_, '_>,
    input: &Flow,
    kernel: &[usize],
) -> Result<(Window, Vec<usize>)> {
    let plain = plain_window(context, kernel)?;
    let rank = kernel.len();
    let list = |name: &str| match context.attributes.sizes(name)? {
        Some(values) if values.len() == rank => Ok(Some(values)),
        Some(values) => Err(Error::format(format!("has {name} {values:?}, expected {rank} numbers"))),
        None => Ok(None),
    };
    let mut behind = list("output_padding")?.unwrap_or_else(|| vec![0; rank]);
    let auto_pad = context.attributes.text_or("auto_pad", "NOTSET")?;
    let same = matches!(auto_pad, "SAME_UPPER" | "SAME_LOWER");
    let sizes = input.sample.get(1..).unwrap_or_default();
    if sizes.len() != rank {
        return Err(Error::format(format!("has a window of {rank} axes over a space of {}", sizes.len())));
    }
    let scaled =
        || sizes.iter().zip(plain.stride()).map(|(size, stride)| size.saturating_mul(*stride)).collect();
    let wanted = match list("output_shape")? {
        Some(wanted) => Some(wanted),
        None => same.then(scaled),
    };
    let Some(wanted) = wanted else {
        let padding = if auto_pad == "VALID" { vec![[0, 0]; rank] } else { pads(context, rank)? };
        return Ok((plain.padded(&padding), behind));
    };
    let mut padding = Vec::new();
    for (axis, (extra, &wanted)) in behind.iter_mut().zip(&wanted).enumerate() {
        let whole = || {
            let first = sizes.get(axis)?.checked_sub(1)?.checked_mul(*plain.stride().get(axis)?)?;
            first.checked_add(reach(&plain, axis)?)?.checked_add(*extra)
        };
        let whole = whole().ok_or_else(|| Error::format("has a window beyond all bounds"))?;
        padding.push(halved(whole.saturating_sub(wanted), auto_pad == "SAME_UPPER"));
        *extra += wanted.saturating_sub(whole);
    }
    Ok((plain.padded(&padding), behind))
}
