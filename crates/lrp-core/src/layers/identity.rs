//! Nothing.

use super::only;
use crate::error::Result;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = x`: what dropout is once a network is trained.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Identity;

impl<T: Float> Layer<T> for Identity {
    fn kind(&self) -> Kind {
        Kind::Identity
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(only(inputs)?.to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        inputs[0].to_owned()
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![relevance]))
    }

    fn gradient(&self, _: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![upstream.to_owned()]
    }
}
