//! Flattening.

use super::only;
use crate::error::{Error, Result};
use crate::kernels::Kernels;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::tensor::{Float, Tensor, TensorView};

/// `[n, …]` as `[n, features]`, last axis fastest; relevance takes the same way back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flatten;

impl<T: Float> Layer<T> for Flatten {
    fn kind(&self) -> Kind {
        Kind::Flatten
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match only(inputs)? {
            [n, rest @ ..] => Ok(vec![*n, rest.iter().product()]),
            [] => Err(Error::shape("input has no batch axis")),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Kernels) -> Tensor<T> {
        let features: usize = inputs[0].shape()[1..].iter().product();
        reshape(inputs[0].view(), &[inputs[0].shape()[0], features])
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![reshape(relevance, record.inputs[0].shape())]))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![reshape(upstream, record.inputs[0].shape())]
    }
}

fn reshape<T: Float>(array: TensorView<'_, T>, shape: &[usize]) -> Tensor<T> {
    array.to_shape(shape).expect("both shapes have the same number of elements").into_owned()
}
