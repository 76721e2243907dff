//! Functions that activations are made of, safe from overflow at either end.

use std::f64::consts::PI;

use crate::tensor::Float;

/// `1 / (1 + e⁻ˣ)`
pub(super) fn sigmoid<T: Float>(x: T) -> T {
    // The exponential of a large number would overflow; of this one it cannot.
    let small = (-x.abs()).exp();
    let share = T::one() / (T::one() + small);
    if x < T::zero() { small * share } else { share }
}

/// `ln(1 + eˣ)`
pub(super) fn softplus<T: Float>(x: T) -> T {
    let above = if x < T::zero() { T::zero() } else { x };
    above + (-x.abs()).exp().ln_1p()
}

/// `2/√π ∫₀ˣ e^(−t²) dt`
pub(super) fn erf<T: Float>(x: T) -> T {
    T::of(libm::erf(x.as_f64()))
}

/// `Φ(x)`: how much of the normal distribution lies below `x`.
pub(super) fn normal<T: Float>(x: T) -> T {
    // Far below zero one plus erf would be nothing but rounding.
    T::of(0.5 * libm::erfc(-x.as_f64() / 2.0_f64.sqrt()))
}

/// `e^(−x²/2) / √(2π)`
pub(super) fn density<T: Float>(x: T) -> T {
    (-x * x / T::of(2.0)).exp() / T::of((2.0 * PI).sqrt())
}

/// The slope of `x tanh(softplus x)`: `t + x σ(x) (1 − t²)` with `t = tanh(softplus x)`.
pub(super) fn mish_slope<T: Float>(x: T) -> T {
    let t = softplus(x).tanh();
    t + x * sigmoid(x) * (T::one() - t * t)
}
