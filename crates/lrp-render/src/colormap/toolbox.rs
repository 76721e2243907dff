//! The five maps of the LRP Toolbox. They see the whole heatmap: each has its own scale.

use ndarray::Array2;

use crate::picture::Rgb;
use crate::plane::max_abs;

/// A map of the LRP Toolbox: its scale, and its colour for a relevance in `[-1, 1]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct ToolboxMap {
    pub(super) scale: Scale,
    pub(super) color: fn(f64) -> Rgb,
}

/// What the relevance is divided by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scale {
    /// `max(R)`, the signed maximum; `max |R|` where that is not positive.
    SignedMax,
    /// `max |R|`.
    MaxAbs,
    /// Values above ten times the variance and values below zero are set to zero, then `max(R)`.
    VarianceCut,
}

/// Relevance in `[-1, 1]`. A heatmap without a positive scale becomes zero everywhere.
pub(super) fn normalized(mut relevance: Array2<f64>, scale: Scale) -> Array2<f64> {
    if let Scale::VarianceCut = scale {
        let limit = 10.0 * relevance.var(0.0);
        relevance.mapv_inplace(|value| if value > limit { 0.0 } else { value.max(0.0) });
    }
    let signed_max = relevance.fold(0.0, |largest: f64, &value| largest.max(value));
    let divisor = match scale {
        Scale::SignedMax | Scale::VarianceCut if signed_max > 0.0 => signed_max,
        _ => max_abs(relevance.view()),
    };
    relevance.mapv_into(|value| ratio(value, divisor))
}

/// `value / scale` held to `[-1, 1]`, and 0 for 0 whatever the scale.
pub(super) fn ratio(value: f64, scale: f64) -> f64 {
    if value == 0.0 { 0.0 } else { (value / scale).clamp(-1.0, 1.0) }
}

pub(super) fn gray_red(t: f64) -> Rgb {
    if t < 0.0 {
        [0.8 + 0.8 * t, 0.8 + 0.8 * t, 0.8 - 0.2 * t]
    } else {
        [0.8 + 0.2 * t, 0.8 - 0.8 * t, 0.8 - 0.8 * t]
    }
}

pub(super) fn gray_red2(t: f64) -> Rgb {
    let (first, second) = (ramp(t, 0.0, 0.3), ramp(t, 0.3, 0.7));
    let green = 0.9 - 0.5 * first - 0.4 * second;
    [0.9 - 0.5 * second, green, green]
}

pub(super) fn black_green(t: f64) -> Rgb {
    [0.0, t.max(0.0), (-t).max(0.0)]
}

pub(super) fn black_firered(t: f64) -> Rgb {
    let fire = [ramp(t.abs(), 0.0, 0.25), ramp(t.abs(), 0.25, 0.25), ramp(t.abs(), 0.5, 0.5)];
    let [hot, warm, white] = fire;
    if t < 0.0 { [white, warm, hot] } else { fire }
}

pub(super) fn blue_black_yellow(t: f64) -> Rgb {
    [t.max(0.0), t.max(0.0), (-t).max(0.0)]
}

/// Rises from 0 to 1 over `[start, start + length]`.
fn ramp(t: f64, start: f64, length: f64) -> f64 {
    (t - start).clamp(0.0, length) / length
}
