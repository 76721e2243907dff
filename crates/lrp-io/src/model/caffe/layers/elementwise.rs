//! Functions of one number.

use lrp_core::{Activation, Function, Identity, ParametricRect, Rect, Scaling, Tanh};
use ndarray::{ArrayD, IxDyn};

use crate::error::{Error, Result};
use crate::model::caffe::context::{Context, Filler, Flow};
use crate::model::caffe::text::Message;

pub(super) fn nothing(context: &mut Context<'_, '_>) -> Result<Flow> {
    let input = context.input(0)?;
    context.layer(Identity, &[&input])
}

pub(super) fn rect(context: &mut Context<'_, '_>) -> Result<Flow> {
    let slope = context.parameters("relu_param").number_or("negative_slope", 0.0)?;
    if slope != 0.0 {
        return function(context, Function::LeakyRect(slope));
    }
    let input = context.input(0)?;
    context.layer(Rect, &[&input])
}

pub(super) fn tanh(context: &mut Context<'_, '_>) -> Result<Flow> {
    let input = context.input(0)?;
    context.layer(Tanh, &[&input])
}

pub(super) fn sigmoid(context: &mut Context<'_, '_>) -> Result<Flow> {
    function(context, Function::Sigmoid)
}

pub(super) fn softplus(context: &mut Context<'_, '_>) -> Result<Flow> {
    function(context, Function::Softplus)
}

pub(super) fn absolute(context: &mut Context<'_, '_>) -> Result<Flow> {
    function(context, Function::Absolute)
}

pub(super) fn elu(context: &mut Context<'_, '_>) -> Result<Flow> {
    let alpha = context.parameters("elu_param").number_or("alpha", 1.0)?;
    function(context, Function::Elu(alpha))
}

/// One slope a channel, or one for all.
pub(super) fn parametric_rect(context: &mut Context<'_, '_>) -> Result<Flow> {
    let input = context.input(0)?;
    let definition = context.definition;
    let parameters = definition.parameters("prelu_param");
    let filler = Filler::of(parameters, "filler").or(0.25);
    let channels = input.sample.first().copied().unwrap_or(1);
    let shape: &[usize] = if parameters.flag_or("channel_shared", false)? { &[] } else { &[channels] };
    let slopes = context.learned(0, shape, filler)?;
    let slopes = if shape.is_empty() { slopes } else { per_channel(slopes, input.sample.len()) };
    context.layer(ParametricRect::new(slopes), &[&input])
}

/// `(shift + scale · x)^power`
pub(super) fn power(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("power_param");
    let power = parameters.number_or("power", 1.0)?;
    let (scale, shift) = scale_and_shift(parameters)?;
    match power == 1.0 {
        true => scaled(context, scale, shift),
        false => after_scaling(context, scale, shift, Function::Power(power)),
    }
}

/// `base^(shift + scale · x)`, with `e` where the base is −1.
pub(super) fn exponential(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("exp_param");
    let base = base(parameters)?;
    let (scale, shift) = scale_and_shift(parameters)?;
    after_scaling(context, scale * base.ln(), shift * base.ln(), Function::Exp)
}

/// `log_base(shift + scale · x)`, with `e` where the base is −1.
pub(super) fn logarithm(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("log_param");
    let base = base(parameters)?;
    let (scale, shift) = scale_and_shift(parameters)?;
    let input = context.input(0)?;
    let inner = if (scale, shift) == (1.0, 0.0) {
        input
    } else {
        context.step("scaling", scaling(scale, shift), &[&input])?
    };
    if base == std::f64::consts::E {
        return context.layer(Activation::new(Function::Log), &[&inner]);
    }
    let natural = context.step("log", Activation::new(Function::Log), &[&inner])?;
    context.layer(scaling(base.ln().recip(), 0.0), &[&natural])
}

/// 1 above the threshold, 0 elsewhere.
pub(super) fn threshold(context: &mut Context<'_, '_>) -> Result<Flow> {
    let threshold = context.parameters("threshold_param").number_or("threshold", 0.0)?;
    function(context, Function::Step(threshold))
}

fn function(context: &mut Context<'_, '_>, function: Function) -> Result<Flow> {
    let input = context.input(0)?;
    context.layer(Activation::new(function), &[&input])
}

fn scaled(context: &mut Context<'_, '_>, scale: f64, shift: f64) -> Result<Flow> {
    let input = context.input(0)?;
    context.layer(scaling(scale, shift), &[&input])
}

fn after_scaling(context: &mut Context<'_, '_>, scale: f64, shift: f64, function: Function) -> Result<Flow> {
    let mut inner = context.input(0)?;
    if (scale, shift) != (1.0, 0.0) {
        inner = context.step("scaling", scaling(scale, shift), &[&inner])?;
    }
    context.layer(Activation::new(function), &[&inner])
}

/// One factor and one shift for all values.
pub(super) fn scaling(scale: f64, shift: f64) -> Scaling<f64> {
    let number = |value| ArrayD::from_elem(IxDyn(&[]), value);
    Scaling::new(number(scale), number(shift))
}

/// `[c]` as `[c, 1, …]`, which broadcasts to samples of so many axes.
pub(super) fn per_channel(numbers: ArrayD<f64>, rank: usize) -> ArrayD<f64> {
    (1..rank).fold(numbers, |numbers, axis| numbers.insert_axis(ndarray::Axis(axis)))
}

fn scale_and_shift(parameters: &Message) -> Result<(f64, f64)> {
    Ok((parameters.number_or("scale", 1.0)?, parameters.number_or("shift", 0.0)?))
}

fn base(parameters: &Message) -> Result<f64> {
    match parameters.number_or("base", -1.0)? {
        -1.0 => Ok(std::f64::consts::E),
        base if base > 0.0 && base != 1.0 => Ok(base),
        base => {
            Err(Error::format(format!("has the base {base}, expected -1, or a number above 0 other than 1")))
        }
    }
}
