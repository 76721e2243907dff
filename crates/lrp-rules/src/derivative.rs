//! Rules that are no fractions: derivatives, and what else has been done with relevance at rectifiers.

use lrp_core::{Float, Kind, Layer, Record, Tensor, TensorView, combine};

/// A way across a layer that follows its derivative; away from rectifiers all of them are the derivative itself.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Derivative {
    /// `R · f'(x)`
    Plain,
    /// At a rectifier `max(R, 0)`, whatever the input: the deconvolution network of Zeiler and Fergus (2014).
    Deconvolution,
    /// At a rectifier `R` where both `x` and `R` are above zero (Springenberg et al. 2015).
    Guided,
    /// At a rectifier `R · σ(βx)`: as if it were `softplus(βx) / β` (Dombrowski et al. 2019).
    Smooth(f64),
}

impl Derivative {
    /// Whether, at a rectifier, it asks for more of the input than whether it is above zero.
    pub(crate) fn looks_below_zero(self) -> bool {
        matches!(self, Self::Smooth(_))
    }

    /// Takes relevance of a layer's output back to its inputs, one array an input.
    pub(crate) fn cross<T: Float>(
        self,
        layer: &dyn Layer<T>,
        record: &Record<'_, T>,
        relevance: &TensorView<'_, T>,
    ) -> Vec<Tensor<T>> {
        if layer.kind() != Kind::Rect {
            return layer.gradient(record, relevance.view());
        }
        let x = &record.inputs[0];
        vec![combine(relevance, x, x, |r, x, _| self.at_rectifier(r, x))]
    }

    #[inline]
    fn at_rectifier<T: Float>(self, r: T, x: T) -> T {
        let zero = T::zero();
        match self {
            Self::Plain if x > zero => r,
            Self::Guided if x > zero && r > zero => r,
            Self::Deconvolution if r > zero => r,
            Self::Smooth(beta) => r / (T::one() + (-T::of(beta) * x).exp()),
            _ => zero,
        }
    }
}
