//! Axes in another order.

use super::only;
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// Axis `i` of the output is axis `order[i]` of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transpose {
    order: Vec<usize>,
}

impl Transpose {
    /// Takes all axes in this order, in which the batch, axis 0, has to be the first.
    #[must_use]
    pub fn new(order: Vec<usize>) -> Self {
        Self { order }
    }

    /// The axes of the input in the order of the output's.
    #[must_use]
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    fn back<T: Float>(&self, array: &TensorView<'_, T>) -> Tensor<T> {
        let mut inverse = vec![0; self.order.len()];
        self.order.iter().enumerate().for_each(|(to, &from)| inverse[from] = to);
        array.view().permuted_axes(inverse).to_owned()
    }
}

impl<T: Float> Layer<T> for Transpose {
    fn kind(&self) -> Kind {
        Kind::Transpose
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let (input, order) = (only(inputs)?, &self.order);
        let mut sorted = order.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..input.len()) || order.first() != Some(&0) {
            return Err(Error::shape(format!(
                "{order:?} is no order of the axes of {input:?} with the batch, axis 0, in front"
            )));
        }
        Ok(order.iter().map(|&axis| input[axis]).collect())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        inputs[0].view().permuted_axes(self.order.clone()).to_owned()
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![self.back(&relevance.view())]))
    }

    fn gradient(&self, _: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.back(&upstream)]
    }
}
