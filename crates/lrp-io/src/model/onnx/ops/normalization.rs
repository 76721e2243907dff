//! Normalization: by what was learned, or by the sample itself.

use lrp_core::{LocalResponse, Normalize, Scaling};
use ndarray::{Array1, ArrayD, IxDyn, Zip};

use crate::error::{Error, Result};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand};

use super::convolution::spatial_input;

/// `BatchNormalization`: a factor and a shift a channel.
pub(super) fn batch(context: &mut Context<'_, '_>) -> Result<Operand> {
    if context.attributes.flag("training_mode", false)? {
        return Err(Error::unsupported("is in training mode"));
    }
    let flow = context.flow(0)?.batch_first()?.clone();
    let epsilon = context.attributes.real_or("epsilon", 1e-5)?;
    let [gain, bias] = [(1, "scale"), (2, "B")].map(|(index, what)| context.numbers(index, what));
    let [mean, variance] = [(3, "mean"), (4, "var")].map(|(index, what)| context.numbers(index, what));
    let (gain, bias, mean, variance) = (gain?, bias?, mean?, variance?);
    let shape = gain.shape().to_vec();
    if [&bias, &mean, &variance].iter().any(|array| array.shape() != shape) {
        return Err(Error::format("has scale, B, mean and var of different shapes"));
    }
    let factor =
        Zip::from(&gain).and(&variance).map_collect(|gain, variance| gain / (variance + epsilon).sqrt());
    let shift =
        Zip::from(&bias).and(&mean).and(&factor).map_collect(|bias, mean, factor| bias - mean * factor);
    let layer = match context.attributes.flag("spatial", true)? {
        true => Scaling::new(channels(factor, &flow)?, channels(shift, &flow)?),
        false => Scaling::new(factor, shift),
    };
    context.layer(layer, &[&Operand::Flow(flow)])
}

/// `InstanceNormalization`
pub(super) fn instance(context: &mut Context<'_, '_>) -> Result<Operand> {
    let flow = spatial_input(context)?;
    let epsilon = context.attributes.real_or("epsilon", 1e-5)?;
    let layer = Normalize::new((2..flow.rank()).collect(), epsilon);
    let (gain, bias) = (context.numbers(1, "scale")?, context.numbers(2, "B")?);
    let scaling = Scaling::new(channels(gain, &flow)?, channels(bias, &flow)?);
    normalized(context, flow, layer, Some(scaling))
}

/// `GroupNormalization`; before version 21 gain and bias were one a group.
pub(super) fn group(context: &mut Context<'_, '_>) -> Result<Operand> {
    let flow = spatial_input(context)?;
    let epsilon = context.attributes.real_or("epsilon", 1e-5)?;
    let groups = context.attributes.integer("num_groups")?.and_then(|groups| usize::try_from(groups).ok());
    let groups =
        groups.filter(|&groups| groups > 0).ok_or_else(|| Error::format("does not say how many groups"))?;
    let layer = Normalize::grouped(groups, epsilon);
    let per_group = flow.sample.first().copied().unwrap_or_default() / groups;
    let by_group = context.version < 21;
    let mut learned = |index, what| {
        let array = context.numbers(index, what)?;
        let spread =
            || array.iter().flat_map(|&value| std::iter::repeat_n(value, per_group)).collect::<Array1<_>>();
        Ok::<_, Error>(if by_group && array.len() == groups { spread().into_dyn() } else { array })
    };
    let (gain, bias) = (learned(1, "scale")?, learned(2, "bias")?);
    let scaling = Scaling::new(channels(gain, &flow)?, channels(bias, &flow)?);
    normalized(context, flow, layer, Some(scaling))
}

/// `LayerNormalization`: over all axes from one on.
pub(super) fn layer(context: &mut Context<'_, '_>) -> Result<Operand> {
    let flow = context.flow(0)?;
    let input = Operand::Flow(flow.clone());
    let axis = input.axis(context.attributes.integer_or("axis", -1)?)?;
    let axes = (axis..flow.rank()).map(|axis| input.place(axis)).collect::<Result<_>>()?;
    let layer = Normalize::new(axes, context.attributes.real_or("epsilon", 1e-5)?);
    let gain = context.optional_numbers(1, "Scale")?;
    let bias = context.optional_numbers(2, "B")?;
    let scaling = match (gain, bias) {
        (None, None) => None,
        (gain, bias) => {
            let number = |value| move || ArrayD::from_elem(IxDyn(&[]), value);
            Some(Scaling::new(gain.unwrap_or_else(number(1.0)), bias.unwrap_or_else(number(0.0))))
        }
    };
    normalized(context, flow, layer, scaling)
}

/// `LRN`
pub(super) fn local_response(context: &mut Context<'_, '_>) -> Result<Operand> {
    let flow = context.flow(0)?.batch_first()?.clone();
    let size = context.attributes.integer("size")?.and_then(|size| usize::try_from(size).ok());
    let size = size.filter(|&size| size > 0).ok_or_else(|| Error::format("has no size of 1 or more"))?;
    let real = |name, otherwise| context.attributes.real_or(name, otherwise);
    let layer = LocalResponse::new(size, real("alpha", 1e-4)?, real("beta", 0.75)?, real("bias", 1.0)?);
    context.layer(layer, &[&Operand::Flow(flow)])
}

fn normalized(
    context: &mut Context<'_, '_>,
    flow: Flow,
    layer: Normalize,
    scaling: Option<Scaling<f64>>,
) -> Result<Operand> {
    let input = Operand::Flow(flow);
    let Some(scaling) = scaling else { return context.layer(layer, &[&input]) };
    let normalized = context.step("normalize", layer, &[&input])?;
    context.layer(scaling, &[&normalized])
}

/// One number a channel, the axis behind the batch, in a shape that broadcasts to a sample.
fn channels(numbers: ArrayD<f64>, flow: &Flow) -> Result<ArrayD<f64>> {
    let found = numbers.shape().to_vec();
    let expected = flow.sample.first().copied().unwrap_or(1);
    let shape: Vec<usize> = std::iter::once(expected).chain(flow.sample.iter().skip(1).map(|_| 1)).collect();
    let wrong = || {
        Error::format(format!("has numbers of shape {found:?}, expected one for each of {expected} channels"))
    };
    match found.as_slice() {
        &[count] if count == expected => numbers.into_shape_with_order(shape).map_err(|_| wrong()),
        _ => Err(wrong()),
    }
}
