//! The normalised exponential.

use ndarray::Axis;

use super::only;
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = exp x / Σ exp x` along axis 1; relevance passes unchanged.
///
/// The largest entry is subtracted first, so large logits do not overflow. Explanations normally start at
/// the logits and never meet this layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SoftMax;

/// Toolbox models normalise along axis 1, whatever the rank.
const AXIS: Axis = Axis(1);

impl<T: Float> Layer<T> for SoftMax {
    fn kind(&self) -> Kind {
        Kind::SoftMax
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match only(inputs)? {
            shape @ [_, _, ..] => Ok(shape.to_vec()),
            shape => Err(Error::shape(format!("input has shape {shape:?}, expected [batch, classes, ..]"))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let mut y = inputs[0].to_owned();
        for mut lane in y.lanes_mut(AXIS) {
            let top = lane.fold(T::neg_infinity(), |top, &x| top.max(x));
            lane.mapv_inplace(|x| (x - top).exp());
            let total = lane.sum();
            lane.mapv_inplace(|x| x / total);
        }
        y
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![relevance]))
    }

    /// `y · (g − Σ g y)`, the sum along the axis.
    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let y = &record.output;
        let mean = (&upstream * y).sum_axis(AXIS).insert_axis(AXIS);
        vec![(&upstream - &mean) * y]
    }
}
