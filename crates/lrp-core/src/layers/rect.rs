//! The rectifier.

use ndarray::Zip;

use super::only;
use crate::error::Result;
use crate::kernels::Kernels;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::tensor::{Float, Tensor, TensorView};

/// `y = max(x, 0)`; relevance passes unchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect;

impl<T: Float> Layer<T> for Rect {
    fn kind(&self) -> Kind {
        Kind::Rect
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(only(inputs)?.to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Kernels) -> Tensor<T> {
        // `max` would turn NaN, where it is allowed, into zero.
        inputs[0].mapv(|x| if x <= T::zero() { T::zero() } else { x })
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![relevance.to_owned()]))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![
            Zip::from(&record.output)
                .and(&upstream)
                .map_collect(|&y, &g| if y > T::zero() { g } else { T::zero() }),
        ]
    }
}
