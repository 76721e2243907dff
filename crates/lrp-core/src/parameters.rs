//! What layers learn.

use ndarray::{Array1, ArrayView1};

use crate::error::{Error, Result};
use crate::tensor::{Float, Tensor, TensorView};

/// The weights and the bias of one layer, or something shaped like them, such as their gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<T> {
    /// `[inputs, outputs]` of a dense layer, `[kernel.., inputs / groups, outputs]` of a convolution.
    pub weights: Tensor<T>,
    /// `[outputs]`
    pub bias: Array1<T>,
}

impl<T: Float> Parameters<T> {
    /// How many values each output is a sum of.
    #[must_use]
    pub fn fan_in(&self) -> usize {
        self.weights.shape().iter().rev().skip(1).product()
    }

    /// Adds what has the same shape.
    ///
    /// # Panics
    /// If the shapes differ.
    pub fn add(&mut self, other: &Self) {
        self.weights += &other.weights;
        self.bias += &other.bias;
    }

    /// The parameters that `f` makes of these; they must keep their shapes.
    pub(crate) fn replaced(self, f: impl FnOnce(Self) -> Self) -> Result<Self> {
        let (weights, bias) = (self.weights.shape().to_vec(), self.bias.len());
        let new = f(self);
        if new.weights.shape() != weights || new.bias.len() != bias {
            return Err(Error::shape(format!(
                "weights {:?} and {} biases cannot take the place of {weights:?} and {bias}",
                new.weights.shape(),
                new.bias.len()
            )));
        }
        Ok(new)
    }
}

/// Borrowed [`Parameters`].
#[derive(Clone, Debug)]
pub struct ParametersView<'a, T> {
    /// See [`Parameters::weights`].
    pub weights: TensorView<'a, T>,
    /// See [`Parameters::bias`].
    pub bias: ArrayView1<'a, T>,
}
