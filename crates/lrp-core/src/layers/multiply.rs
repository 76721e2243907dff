//! The product of two values: a gate.

use super::halves::Halves;
use super::spread::{common, gathered, raised};
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = a · b` place by place, samples broadcast to one shape as in numpy.
///
/// To rules it is the affine map `(a·b₀ + a₀·b) / 2`, equal to the product at the recorded `a₀` and `b₀`, so each
/// side receives half (Achtibat et al. 2024).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Multiply;

impl<T: Float> Layer<T> for Multiply {
    fn kind(&self) -> Kind {
        Kind::Multiply
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [_, _] => common(inputs),
            _ => Err(Error::shape(format!("takes two inputs, not {}", inputs.len()))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        product(&inputs[0], &inputs[1])
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Halves::flow(record, product, back)
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        back(&record.inputs[0], &record.inputs[1], &upstream)
    }
}

fn product<T: Float>(a: &TensorView<'_, T>, b: &TensorView<'_, T>) -> Tensor<T> {
    let rank = a.ndim().max(b.ndim());
    &raised(a.view(), rank) * &raised(b.view(), rank)
}

fn back<T: Float>(a: &TensorView<'_, T>, b: &TensorView<'_, T>, s: &TensorView<'_, T>) -> Vec<Tensor<T>> {
    vec![gathered(product(s, b), a.shape()), gathered(product(s, a), b.shape())]
}
