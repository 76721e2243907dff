//! Flattening.

use super::only;
use super::reshape::{into_reshaped, reshaped};
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `[n, …]` as `[n, features]`; relevance takes the same way back.
///
/// The order matters to what comes behind: a dense layer trained on one order reads nonsense in the other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Flatten {
    /// Last axis fastest: numpy, and nearly everybody else.
    #[default]
    RowMajor,
    /// First axis after the batch fastest: Matlab.
    ColumnMajor,
}

impl Flatten {
    fn there<T: Float>(self, array: TensorView<'_, T>) -> Tensor<T> {
        let samples = array.shape()[0];
        let features = array.shape()[1..].iter().product();
        reshaped(&self.ordered(array), &[samples, features])
    }

    fn back<T: Float>(self, array: TensorView<'_, T>, shape: &[usize]) -> Tensor<T> {
        let mut turned = shape.to_vec();
        if self == Self::ColumnMajor {
            turned[1..].reverse();
        }
        self.ordered(reshaped(&array, &turned).view()).into_owned()
    }

    /// The array with its axes in the order they are read in; done twice it is the array again.
    fn ordered<T>(self, array: TensorView<'_, T>) -> TensorView<'_, T> {
        match self {
            Self::RowMajor => array,
            Self::ColumnMajor => {
                let axes: Vec<usize> = std::iter::once(0).chain((1..array.ndim()).rev()).collect();
                array.permuted_axes(axes)
            }
        }
    }
}

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

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        self.there(inputs[0].view())
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let shape = record.inputs[0].shape();
        Flow::Route(match self {
            Self::RowMajor => Box::new(|relevance| vec![into_reshaped(relevance, shape)]),
            Self::ColumnMajor => Box::new(|relevance| vec![self.back(relevance.view(), shape)]),
        })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.back(upstream, record.inputs[0].shape())]
    }
}
