//! Rectifiers whose slope below zero was learned.

use ndarray::ArrayD;

use super::{broadcasts, not_finite, only};
use crate::elementwise::{broadcast, combine};
use crate::error::Result;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = x`, below zero `slope · x`; relevance passes unchanged.
///
/// Slopes broadcast to one sample, without its batch axis, as in numpy: a slope a channel of `[n, c, h, w]` is
/// `[c, 1, 1]`.
#[derive(Clone, Debug, PartialEq)]
pub struct ParametricRect<T> {
    slopes: ArrayD<T>,
}

impl<T: Float> ParametricRect<T> {
    /// A rectifier with these slopes below zero.
    #[must_use]
    pub fn new(slopes: ArrayD<T>) -> Self {
        Self { slopes }
    }

    /// The slopes below zero.
    #[must_use]
    pub fn slopes(&self) -> &ArrayD<T> {
        &self.slopes
    }

    pub(super) fn cast<U: Float>(&self) -> ParametricRect<U> {
        ParametricRect { slopes: self.slopes.mapv(|slope| U::of(slope.as_f64())) }
    }
}

impl<T: Float> Layer<T> for ParametricRect<T> {
    fn kind(&self) -> Kind {
        Kind::Activation
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        broadcasts("slopes", self.slopes.shape(), input)?;
        Ok(input.to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let slopes = self.slopes.view();
        broadcast(&inputs[0], &slopes, &slopes, |x, slope, _| if x > T::zero() { x } else { slope * x })
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![relevance]))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let slope = |x, slope, _| if x > T::zero() { T::one() } else { slope };
        let slopes = broadcast(&record.inputs[0], &self.slopes.view(), &self.slopes.view(), slope);
        vec![combine(&upstream, &slopes.view(), &slopes.view(), |g, slope, _| g * slope)]
    }

    fn find_not_finite(&self) -> Option<String> {
        not_finite("slopes", self.slopes.iter())
    }
}
