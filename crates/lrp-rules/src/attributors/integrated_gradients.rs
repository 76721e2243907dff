//! Integrated gradients: what the score gains on the way from a baseline.

use lrp_core::{Float, Tensor};

use super::count;
use super::gradient::Slope;
use crate::error::Result;
use crate::explanation::Explanation;

/// `(x − x₀) · mean of ∂f/∂x at x₀ + (x − x₀)·k/steps` for `k = 1 … steps` (Sundararajan et al. 2017).
///
/// The more steps, the nearer its sum comes to `f(x) − f(x₀)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IntegratedGradients {
    /// How many points of the way, its end among them.
    pub steps: usize,
    /// What every value of the baseline is.
    pub baseline: f64,
}

impl Default for IntegratedGradients {
    fn default() -> Self {
        Self { steps: 20, baseline: 0.0 }
    }
}

impl IntegratedGradients {
    pub(super) fn from_numbers(given: &[f64]) -> std::result::Result<Self, &'static str> {
        let usual = Self::default();
        let (steps, baseline) = match *given {
            [] => return Ok(usual),
            [steps] => (steps, usual.baseline),
            [steps, baseline] => (steps, baseline),
            _ => return Err("takes two parameters at most"),
        };
        let steps = count(steps).ok_or("steps must be a whole number above zero")?;
        Ok(Self { steps, baseline })
    }

    pub(super) fn parameters(&self) -> [f64; 2] {
        #[expect(clippy::cast_precision_loss, reason = "it was read as a number of this type")]
        [self.steps as f64, self.baseline]
    }

    pub(super) fn relevance<T: Float>(
        &self,
        slope: &Slope<'_, T>,
        input: &Tensor<T>,
        at_input: &Explanation<T>,
    ) -> Result<Tensor<T>> {
        let baseline = T::of(self.baseline);
        let way = input.mapv(|x| x - baseline);
        // The last point is the input itself, where the gradient is known.
        let mut sum = at_input.relevance.clone();
        #[expect(clippy::cast_precision_loss, reason = "nobody takes 2^52 steps")]
        let steps = self.steps as f64;
        for step in 1..self.steps {
            #[expect(clippy::cast_precision_loss, reason = "nobody takes 2^52 steps")]
            let part = T::of(step as f64 / steps);
            sum += &slope.at(&way.mapv(|way| baseline + part * way), &at_input.seed)?;
        }
        Ok(sum * way / T::of(steps))
    }
}
