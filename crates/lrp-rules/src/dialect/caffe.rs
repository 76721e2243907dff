//! The conventions of the LRP Toolbox's programs for Caffe.

use std::sync::Arc;

use lrp_core::{Convolution, Float, Op, WeightLens, Window};
use ndarray::ArrayD;

use crate::algebra::{B, InputLens, Rule, W, X, share};
use crate::derivative::Derivative;
use crate::options::{Responses, Treatment};
use crate::parameter::Parameter;
use crate::rules::{flat, simple};
use crate::stand_in::{StandIn, with_zeros};

mod mean;
mod response;

use mean::Mean;
use response::Response;

/// What the brightest pixel is, and so the most that the input can be above what was subtracted.
const WHITE: f64 = 255.0;

/// See [`Dialect::adjust`](super::Dialect::adjust).
pub(super) fn adjust<T: Float>(op: &Op<T>, rule: &Rule) -> Option<(Rule, &'static str)> {
    let at_rectifiers = |(_, derivative): &(f64, Derivative)| *derivative != Derivative::Plain;
    match op {
        Op::AveragePool(_) | Op::LocalResponse(_) if rule.formula().derivatives.iter().any(at_rectifiers) => {
            Some((simple(), "no derivative in Caffe"))
        }
        Op::Convolution(layer) if *rule == flat() => Some((
            window_size(layer.filters(), layer.window()) * flat(),
            "not divided by the channels in Caffe",
        )),
        Op::Convolution(layer) if is_box(rule) => {
            Some((boxed(rule, layer.window()), "with the bias in Caffe"))
        }
        _ => unstabilized(rule).map(|rule| (rule, "not stabilized in Caffe")),
    }
}

/// See [`Dialect::stand_in`](super::Dialect::stand_in).
pub(super) fn stand_in<T: Float>(op: &Op<T>, rule: &Rule, treatment: Treatment) -> Option<StandIn<T>> {
    if rule.is_derivative() {
        return None;
    }
    match op {
        Op::LocalResponse(layer) if treatment.responses == Responses::Dialect => {
            Some(StandIn::formula(Response(*layer), "by Caffe's formula"))
        }
        Op::AveragePool(pool) => Some(StandIn::formula(Mean::new(pool)?, "by Caffe's formula")),
        Op::Convolution(layer) if looks_elsewhere(rule) => padded(layer),
        Op::Convolution(layer) if layer.groups() > 1 && tells_signs_of_bias(rule) => first_bias(layer),
        _ => None,
    }
}

/// How many channels a window sees.
fn window_size<T: Float>(filters: &ArrayD<T>, window: &Window) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "no window has 2^52 channels")]
    let channels = filters.shape()[window.kernel().len()] as f64;
    channels
}

/// The same rule dividing by what it finds, where it named no stabilizer.
fn unstabilized(rule: &Rule) -> Option<Rule> {
    let formula = rule.formula();
    let stabilized = formula.shares.iter().any(|share| share.stabilizer != 0.0);
    (stabilized && formula.names_no_stabilizer()).then(|| rule.clone().stabilized(0.0))
}

fn is_box(rule: &Rule) -> bool {
    rule.label().is_some_and(|label| label.name == "zbox")
}

/// The bounds of padding are those of a pixel from which nothing was subtracted, and the bias counts where it is above
/// zero.
fn boxed(rule: &Rule, window: &Window) -> Rule {
    let bounds: Vec<Parameter> = rule.label().map(|label| label.parameters.clone()).unwrap_or_default();
    let [low, high] = &bounds[..] else { return rule.clone() };
    let low = around(low, window, 0.0);
    let high = around(high, window, WHITE);
    share(X.less(low) * W.pos() + X.less(high) * W.neg() + B.pos()).stabilized(0.0)
}

/// A bound that is known pixel by pixel, with another number in the padding.
fn around(bound: &Parameter, window: &Window, outside: f64) -> Parameter {
    let Parameter::Pixels(pixels) = bound else { return bound.clone() };
    let inside = with_zeros(&pixels.mapv(|value| value - outside).view(), window.padding(), 1);
    Parameter::Pixels(Arc::new(inside.mapv_into(|value| value + outside)))
}

/// Whether a rule sees something in the padding, where the input is zero.
fn looks_elsewhere(rule: &Rule) -> bool {
    let terms = rule.formula().shares.iter().flat_map(|share| &share.sum.terms);
    terms.into_iter().any(|(look, _)| matches!(look, InputLens::Fill(_) | InputLens::Less(_)))
}

/// Padding as part of the input.
fn padded<T: Float>(layer: &Convolution<T>) -> Option<StandIn<T>> {
    let window = layer.window();
    if window.padding().iter().flatten().all(|&padding| padding == 0) {
        return None;
    }
    let bare = window.clone().padded(&vec![[0, 0]; window.kernel().len()]);
    let op = Convolution::with_window(
        layer.filters().clone(),
        layer.bias().clone(),
        bare,
        layer.groups(),
        layer.channels(),
    );
    Some(StandIn::padded(op.ok()?, window.padding(), layer.channels(), "padding counts in Caffe"))
}

fn tells_signs_of_bias(rule: &Rule) -> bool {
    let lenses = rule.formula().shares.iter().filter_map(|share| share.sum.bias);
    lenses.into_iter().any(|lens| matches!(lens, WeightLens::Positive | WeightLens::Negative))
}

/// Every group has the bias of the first.
fn first_bias<T: Float>(layer: &Convolution<T>) -> Option<StandIn<T>> {
    let group = layer.bias().len() / layer.groups();
    let bias = (0..layer.bias().len()).map(|output| layer.bias()[output % group]).collect();
    let op = Convolution::with_window(
        layer.filters().clone(),
        bias,
        layer.window().clone(),
        layer.groups(),
        layer.channels(),
    );
    Some(StandIn::layer(op.ok()?, "every group has the first one's bias in Caffe"))
}
