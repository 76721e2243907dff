//! Ways to look at a weight before it is used.

use crate::tensor::Float;

/// How a rule looks at a weight `w`; a bias can be looked at through the same lens.
///
/// Layers apply the lens where they read a weight, so a rule never needs to know how weights are stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WeightLens {
    /// `w`
    Value,
    /// `w⁺ = max(w, 0)`
    Positive,
    /// `w⁻ = min(w, 0)`
    Negative,
    /// `1` for every weight there is, whatever its value
    One,
    /// `w²`
    Square,
    /// `w + γ·w⁺`
    Lift(f64),
    /// `w + γ·w⁻`
    Sink(f64),
}

impl WeightLens {
    /// Looks at one weight.
    ///
    /// ```
    /// use lrp_core::WeightLens;
    /// assert_eq!(WeightLens::Lift(0.5).see(2.0_f64), 3.0);
    /// assert_eq!(WeightLens::Lift(0.5).see(-2.0_f64), -2.0);
    /// ```
    #[must_use]
    pub fn see<T: Float>(self, w: T) -> T {
        let zero = T::zero();
        match self {
            Self::Value => w,
            // `max` and `min` would turn NaN, where it is allowed, into zero.
            Self::Positive => {
                if w <= zero {
                    zero
                } else {
                    w
                }
            }
            Self::Negative => {
                if w >= zero {
                    zero
                } else {
                    w
                }
            }
            Self::One => T::one(),
            Self::Square => w * w,
            Self::Lift(gamma) => w + T::of(gamma) * Self::Positive.see(w),
            Self::Sink(gamma) => w + T::of(gamma) * Self::Negative.see(w),
        }
    }
}
