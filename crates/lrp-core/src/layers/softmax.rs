//! The normalised exponential, and its logarithm.

use ndarray::Axis;

use super::contrast::{Contrast, sum};
use super::only;
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Mix, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = exp x / Σ exp x` along an axis, or the logarithm of that.
///
/// The largest entry is subtracted first, so large logits do not overflow. Explanations normally start at
/// the logits and never meet a layer like this at the end of a network. Within one it is, to rules, its tangent
/// at the recorded point, `J x + (y − J x)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftMax {
    axis: usize,
    log: bool,
}

impl Default for SoftMax {
    /// Along axis 1, as in the toolbox's models, whatever the rank.
    fn default() -> Self {
        Self::new(1)
    }
}

impl SoftMax {
    /// Along an axis, the batch being axis 0, which it cannot be.
    #[must_use]
    pub fn new(axis: usize) -> Self {
        Self { axis, log: false }
    }

    /// The logarithm of it.
    #[must_use]
    pub fn logarithm(axis: usize) -> Self {
        Self { axis, log: true }
    }

    /// The axis along which the exponentials add up to one.
    #[must_use]
    pub fn axis(self) -> usize {
        self.axis
    }

    /// Whether the logarithm is taken.
    #[must_use]
    pub fn is_logarithm(self) -> bool {
        self.log
    }

    fn along(self) -> Axis {
        Axis(self.axis)
    }

    /// The tangent: `∂y_j/∂x_i` is `y_j (δ_ij − y_i)`, of the logarithm `δ_ij − exp y_i`.
    fn tangent<T: Float>(self, record: &Record<'_, T>) -> Contrast<T> {
        let (x, y) = (&record.inputs[0], &record.output);
        let one = T::one();
        let (left, right) = match self.log {
            true => (Tensor::from_elem(vec![1; y.ndim()], one), y.mapv(T::exp)),
            false => (y.to_owned(), y.to_owned()),
        };
        let diagonal = right.mapv(|p| one - p) * &left;
        let tangent = (x - &sum(&(x * &right), &[self.axis])) * &left;
        let bias = Some(y - &tangent);
        Contrast { diagonal, left, right, bias, shape: x.shape().to_vec(), axes: vec![self.axis] }
    }
}

impl<T: Float> Layer<T> for SoftMax {
    fn kind(&self) -> Kind {
        Kind::SoftMax
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match only(inputs)? {
            shape if self.axis > 0 && self.axis < shape.len() => Ok(shape.to_vec()),
            shape if self.axis == 1 => {
                Err(Error::shape(format!("input has shape {shape:?}, expected [batch, classes, ..]")))
            }
            shape => Err(Error::shape(format!(
                "input has shape {shape:?}, in which axis {} is none of a sample's",
                self.axis
            ))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let mut y = inputs[0].to_owned();
        for mut lane in y.lanes_mut(self.along()) {
            let top = lane.fold(T::neg_infinity(), |top, &x| top.max(x));
            if self.log {
                lane.mapv_inplace(|x| x - top);
                let total = lane.mapv(T::exp).sum().ln();
                lane.mapv_inplace(|x| x - total);
            } else {
                lane.mapv_inplace(|x| (x - top).exp());
                let total = lane.sum();
                lane.mapv_inplace(|x| x / total);
            }
        }
        y
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Mix(Mix { map: Box::new(self.tangent(record)), z: Some(record.output.view()) })
    }

    /// `y · (g − Σ g y)`, of the logarithm `g − exp y · Σ g`, the sums along the axis.
    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let y = &record.output;
        if self.log {
            let total = sum(&upstream.to_owned(), &[self.axis]);
            return vec![&upstream - &(y.mapv(T::exp) * &total)];
        }
        let mean = sum(&(&upstream * y), &[self.axis]);
        vec![(&upstream - &mean) * y]
    }
}
