//! A factor and a shift for every value.

use ndarray::{ArrayD, Axis};

use super::{broadcasts, not_finite, only};
use crate::elementwise::broadcast;
use crate::error::Result;
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = factor · x + shift`, both broadcast to one sample, without its batch axis, as in numpy.
///
/// Batch normalization is this once trained, and so is arithmetic with constants. To rules it is an affine map
/// whose matrix is diagonal.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling<T> {
    factor: ArrayD<T>,
    shift: ArrayD<T>,
}

impl<T: Float> Scaling<T> {
    /// A factor and a shift, each of a shape that broadcasts to a sample: `[c, 1, 1]` for one a channel of
    /// `[n, c, h, w]`.
    #[must_use]
    pub fn new(factor: ArrayD<T>, shift: ArrayD<T>) -> Self {
        Self { factor, shift }
    }

    /// What values are multiplied by.
    #[must_use]
    pub fn factor(&self) -> &ArrayD<T> {
        &self.factor
    }

    /// What is added to them.
    #[must_use]
    pub fn shift(&self) -> &ArrayD<T> {
        &self.shift
    }

    pub(super) fn cast<U: Float>(&self) -> Scaling<U> {
        let round = |value: T| U::of(value.as_f64());
        Scaling { factor: self.factor.mapv(round), shift: self.shift.mapv(round) }
    }
}

impl<T: Float> Layer<T> for Scaling<T> {
    fn kind(&self) -> Kind {
        Kind::Scaling
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        broadcasts("factors", self.factor.shape(), input)?;
        broadcasts("shifts", self.shift.shape(), input)?;
        Ok(input.to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let (factor, shift) = (self.factor.view(), self.shift.view());
        broadcast(&inputs[0], &factor, &shift, |x, factor, shift| factor * x + shift)
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let map = Box::new(Diagonal { layer: self, rank: record.inputs[0].ndim() });
        Flow::Mix(Mix { map, z: Some(record.output.view()) })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        Diagonal { layer: self, rank: record.inputs[0].ndim() }.transpose(WeightLens::Value, upstream)
    }

    fn find_not_finite(&self) -> Option<String> {
        not_finite("factors", self.factor.iter()).or_else(|| not_finite("shifts", self.shift.iter()))
    }
}

struct Diagonal<'a, T> {
    layer: &'a Scaling<T>,
    rank: usize,
}

impl<T: Float> Affine<T> for Diagonal<'_, T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        let seen = self.layer.factor.mapv(|factor| lens.see(factor));
        broadcast(&inputs[0], &seen.view(), &seen.view(), |x, factor, _| factor * x)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.apply(lens, &[signal])]
    }

    fn bias(&self) -> Option<Tensor<T>> {
        let mut shift = self.layer.shift.clone();
        while shift.ndim() < self.rank {
            shift.insert_axis_inplace(Axis(0));
        }
        Some(shift)
    }
}
