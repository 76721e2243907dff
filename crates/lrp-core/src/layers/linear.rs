//! The dense layer.

use ndarray::{Array1, Array2, ArrayView2, Axis, CowArray, Ix2};

use super::{not_finite, only};
use crate::error::{Error, Result};
use crate::kernels::Kernels;
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::parameters::Parameters;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::into_rank;

/// `y = x W + b` with `x` `[n, .., m]`, `W` `[m, k]`, `b` `[k]`, `y` `[n, .., k]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Linear<T> {
    weights: Array2<T>,
    bias: Array1<T>,
}

impl<T: Float> Linear<T> {
    /// A layer with weights `[inputs, outputs]` and one bias an output.
    ///
    /// # Errors
    /// If the bias is not as long as the weights have columns, or there is nothing in them.
    pub fn new(weights: Array2<T>, bias: Array1<T>) -> Result<Self> {
        if weights.is_empty() || bias.len() != weights.ncols() {
            let (shape, length) = (weights.shape(), bias.len());
            return Err(Error::shape(format!("weights {shape:?} do not go with a bias of length {length}")));
        }
        Ok(Self { weights, bias })
    }

    /// Weights `[inputs, outputs]`.
    #[must_use]
    pub fn weights(&self) -> &Array2<T> {
        &self.weights
    }

    /// Bias `[outputs]`.
    #[must_use]
    pub fn bias(&self) -> &Array1<T> {
        &self.bias
    }

    /// `xᵀ g` and `Σ g` over the batch.
    pub(super) fn parameter_gradient(record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Parameters<T> {
        let (x, g) = (last_axis(&record.inputs[0]), last_axis(&upstream));
        Parameters {
            weights: T::dense(record.site.kernels(), x.t(), g.view(), WeightLens::Value).into_dyn(),
            bias: g.sum_axis(Axis(0)),
        }
    }

    pub(super) fn map_parameters(self, f: impl FnOnce(Parameters<T>) -> Parameters<T>) -> Result<Self> {
        let old = Parameters { weights: self.weights.into_dyn(), bias: self.bias };
        let Parameters { weights, bias } = old.replaced(f)?;
        Ok(Self { weights: into_rank(weights), bias })
    }

    pub(super) fn cast<U: Float>(&self) -> Linear<U> {
        let round = |value: T| U::of(value.as_f64());
        Linear { weights: self.weights.mapv(round), bias: self.bias.mapv(round) }
    }
}

impl<T: Float> Layer<T> for Linear<T> {
    fn kind(&self) -> Kind {
        Kind::Linear
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        let m = self.weights.nrows();
        match input {
            [lead @ .., features] if *features == m && !lead.is_empty() => {
                Ok([lead, &[self.weights.ncols()]].concat())
            }
            _ => Err(Error::shape(format!("input has shape {input:?}, expected [batch, .., {m}]"))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], site: Site<'_, T>) -> Tensor<T> {
        let map = Dense { layer: self, kernels: site.kernels() };
        map.apply(WeightLens::Value, inputs) + &self.bias
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let map = Box::new(Dense { layer: self, kernels: record.site.kernels() });
        Flow::Mix(Mix { map, z: Some(record.output.view()) })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        Dense { layer: self, kernels: record.site.kernels() }.transpose(WeightLens::Value, upstream)
    }

    fn find_not_finite(&self) -> Option<String> {
        not_finite("weights", self.weights.iter()).or_else(|| not_finite("bias", self.bias.iter()))
    }
}

struct Dense<'a, T: Float> {
    layer: &'a Linear<T>,
    kernels: Kernels,
}

/// One row for every place along the axes before the last.
fn last_axis<'a, T: Float>(x: &'a TensorView<'_, T>) -> CowArray<'a, T, Ix2> {
    let last = x.shape()[x.ndim() - 1];
    x.to_shape((x.len() / last, last)).expect("as many elements")
}

impl<T: Float> Dense<'_, T> {
    /// The product of every row of `x`, along its last axis.
    fn rows(&self, x: &TensorView<'_, T>, weights: ArrayView2<'_, T>, lens: WeightLens) -> Tensor<T> {
        let y = T::dense(self.kernels, last_axis(x).view(), weights, lens);
        let shape = [&x.shape()[..x.ndim() - 1], &[y.ncols()]].concat();
        y.into_shape_with_order(shape).expect("a row each")
    }
}

impl<T: Float> Affine<T> for Dense<'_, T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        self.rows(&inputs[0], self.layer.weights.view(), lens)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.rows(&signal, self.layer.weights.t(), lens)]
    }

    fn bias(&self) -> Option<Tensor<T>> {
        Some(self.layer.bias.clone().insert_axis(Axis(0)).into_dyn())
    }
}
