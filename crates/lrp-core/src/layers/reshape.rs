//! The same numbers in another shape.

use super::only;
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// Every sample in another shape, its last axis running fastest; the batch stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshape {
    sample: Vec<usize>,
}

impl Reshape {
    /// Gives samples this shape.
    #[must_use]
    pub fn new(sample: Vec<usize>) -> Self {
        Self { sample }
    }

    /// The shape of a sample.
    #[must_use]
    pub fn sample(&self) -> &[usize] {
        &self.sample
    }
}

impl<T: Float> Layer<T> for Reshape {
    fn kind(&self) -> Kind {
        Kind::Reshape
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let sample = &self.sample;
        let elements = |shape: &[usize]| shape.iter().try_fold(1_usize, |all, &size| all.checked_mul(size));
        match only(inputs)? {
            [n, rest @ ..] if elements(sample).is_some_and(|all| elements(rest) == Some(all)) => {
                Ok([&[*n], &sample[..]].concat())
            }
            input => {
                Err(Error::shape(format!("samples of a batch {input:?} cannot have the shape {sample:?}")))
            }
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        reshaped(&inputs[0], &[&inputs[0].shape()[..1], &self.sample].concat())
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![into_reshaped(relevance, record.inputs[0].shape())]))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![reshaped(&upstream, record.inputs[0].shape())]
    }
}

/// The elements of an array, last axis fastest, in another shape of as many.
pub(super) fn reshaped<T: Float>(array: &TensorView<'_, T>, shape: &[usize]) -> Tensor<T> {
    array.to_shape(shape).expect("both shapes have the same number of elements").into_owned()
}

/// The same of an array that nobody needs afterwards: nothing is copied where it lies in that order.
pub(super) fn into_reshaped<T: Float>(array: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    if array.is_standard_layout() {
        return array.into_shape_with_order(shape).expect("both shapes have the same number of elements");
    }
    reshaped(&array.view(), shape)
}
