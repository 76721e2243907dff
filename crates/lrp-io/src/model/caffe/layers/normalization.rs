//! Normalization, by what was learned or by the sample itself, and what is learned beside it.

use lrp_core::{
    Activation, AveragePool, Channels, Function, LocalResponse, Multiply, Normalize, Scaling, SoftMax, Window,
};
use ndarray::{ArrayD, IxDyn};

use crate::error::{Error, Result, quoted};
use crate::model::caffe::context::{Context, Filler, Flow};
use crate::model::caffe::text::Message;

use super::elementwise::{per_channel, scaling};

/// Mean and variance a channel, both multiplied by a third blob.
pub(super) fn batch(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("batch_norm_param");
    let epsilon = parameters.number_or("eps", 1e-5)?;
    if !parameters.flag_or("use_global_stats", true)? {
        return Err(Error::unsupported("normalizes by its own batch, expected use_global_stats: true"));
    }
    let input = context.input(0)?;
    let channels = input.sample.first().copied().unwrap_or_default();
    let mean = context.learned(0, &[channels], Filler::zero())?;
    let variance = context.learned(1, &[channels], Filler::zero())?;
    let counted = context.learned(2, &[1], Filler::zero())?.sum();
    let share = if counted == 0.0 { 0.0 } else { counted.recip() };
    let factor = variance.mapv(|variance| (variance * share + epsilon).sqrt().recip());
    let shift = -(mean * share) * &factor;
    let rank = input.sample.len();
    context.layer(Scaling::new(per_channel(factor, rank), per_channel(shift, rank)), &[&input])
}

/// A learned factor, and a shift where `bias_term` asks for one.
pub(super) fn scale(context: &mut Context<'_, '_>) -> Result<Flow> {
    let definition = context.definition;
    let parameters = definition.parameters("scale_param");
    let (input, shape, rank) = along(context, parameters)?;
    let factor = context.learned(0, &shape, Filler::of(parameters, "filler").or(1.0))?;
    let shift = match parameters.flag_or("bias_term", false)? {
        true => spread(context.learned(1, &shape, Filler::of(parameters, "bias_filler"))?, rank),
        false => number(0.0),
    };
    context.layer(Scaling::new(spread(factor, rank), shift), &[&input])
}

/// A learned shift.
pub(super) fn bias(context: &mut Context<'_, '_>) -> Result<Flow> {
    let definition = context.definition;
    let parameters = definition.parameters("bias_param");
    let (input, shape, rank) = along(context, parameters)?;
    let shift = context.learned(0, &shape, Filler::of(parameters, "filler"))?;
    context.layer(Scaling::new(number(1.0), spread(shift, rank)), &[&input])
}

/// The input, the shape of what is learned for it, and how many axes that has to have to broadcast.
fn along(context: &Context<'_, '_>, parameters: &Message) -> Result<(Flow, Vec<usize>, usize)> {
    if context.inputs.len() != 1 {
        return Err(Error::unsupported("takes its numbers from a second value, expected learned ones"));
    }
    let input = context.input(0)?;
    let first = context.axis(parameters.integer("axis")?.unwrap_or(1), &input)?;
    let axes = input.sample.get(first - 1..).unwrap_or_default();
    let count = match parameters.integer("num_axes")?.unwrap_or(1) {
        -1 => axes.len(),
        count => usize::try_from(count).unwrap_or(usize::MAX),
    };
    let shape = axes.get(..count);
    let shape = shape
        .ok_or_else(|| Error::format(format!("covers {count} axes of {} that there are", axes.len())))?;
    Ok((input.clone(), shape.to_vec(), axes.len()))
}

fn number(value: f64) -> ArrayD<f64> {
    ArrayD::from_elem(IxDyn(&[]), value)
}

/// Axes of size one behind, so many that there are `rank`.
fn spread(numbers: ArrayD<f64>, rank: usize) -> ArrayD<f64> {
    (numbers.ndim()..rank).fold(numbers, |numbers, axis| numbers.insert_axis(ndarray::Axis(axis)))
}

/// Division by the energy of neighbouring channels, or of neighbouring pixels.
pub(super) fn local_response(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("lrn_param");
    let size = parameters.count("local_size")?.unwrap_or(5);
    if size % 2 == 0 {
        return Err(Error::format(format!("has the local_size {size}, expected an odd number")));
    }
    let (alpha, beta) = (parameters.number_or("alpha", 1.0)?, parameters.number_or("beta", 0.75)?);
    let k = parameters.number_or("k", 1.0)?;
    let input = context.input(0)?;
    match parameters.text("norm_region")? {
        None | Some("ACROSS_CHANNELS" | "0") => {
            context.layer(LocalResponse::new(size, alpha, beta, k), &[&input])
        }
        Some("WITHIN_CHANNEL" | "1") => within_channel(context, &input, size, alpha, beta),
        Some(other) => {
            let message =
                format!("has the norm_region {}, expected ACROSS_CHANNELS or WITHIN_CHANNEL", quoted(other));
            Err(Error::format(message))
        }
    }
}

/// `x · (1 + α · mean of x² around)^−β`
fn within_channel(
    context: &mut Context<'_, '_>,
    input: &Flow,
    size: usize,
    alpha: f64,
    beta: f64,
) -> Result<Flow> {
    context.growing.limits().elements(&[size, size])?;
    let window = Window::new(&[size, size]).padded(&[[size / 2; 2]; 2]);
    let squares = context.step("squares", Activation::new(Function::Power(2.0)), &[input])?;
    let mean = context.step("mean", AveragePool::new(window, Channels::First, true)?, &[&squares])?;
    let energy = context.step("energy", scaling(alpha, 1.0), &[&mean])?;
    let factor = context.step("factor", Activation::new(Function::Power(-beta)), &[&energy])?;
    context.layer(Multiply, &[input, &factor])
}

/// Mean zero and, if asked for, variance one.
pub(super) fn mean_variance(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("mvn_param");
    let first = if parameters.flag_or("across_channels", false)? { 1 } else { 2 };
    let (input, whole) = (context.input(0)?, parameters.flag_or("normalize_variance", true)?);
    // Added to the deviation there, to the variance here: both only keep zero from being divided by.
    let epsilon = parameters.number_or("eps", 1e-9)?.powi(2);
    let axes = (first..=input.sample.len()).collect();
    let layer = if whole { Normalize::new(axes, epsilon) } else { Normalize::centring(axes) };
    context.layer(layer, &[&input])
}

pub(super) fn softmax(context: &mut Context<'_, '_>) -> Result<Flow> {
    let axis = context.parameters("softmax_param").integer("axis")?.unwrap_or(1);
    let input = context.input(0)?;
    let axis = context.axis(axis, &input)?;
    context.layer(SoftMax::new(axis), &[&input])
}
