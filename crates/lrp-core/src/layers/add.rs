//! The sum of several values: what a residual connection ends in.

use crate::error::{Error, Result};
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = x₁ + x₂ + …`, all of one shape; to rules it is an affine map whose every weight is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Add;

impl<T: Float> Layer<T> for Add {
    fn kind(&self) -> Kind {
        Kind::Add
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match inputs {
            [first, rest @ ..] if !rest.is_empty() && rest.iter().all(|shape| shape == first) => {
                Ok(first.to_vec())
            }
            _ => Err(Error::shape(format!("takes two or more inputs of one shape, not {inputs:?}"))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        UnitSum { inputs: inputs.len() }.apply(WeightLens::Value, inputs)
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Mix(Mix {
            map: Box::new(UnitSum { inputs: record.inputs.len() }),
            z: Some(record.output.view()),
        })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![upstream.to_owned(); record.inputs.len()]
    }
}

struct UnitSum {
    inputs: usize,
}

impl<T: Float> Affine<T> for UnitSum {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        let mut z = Tensor::zeros(inputs[0].raw_dim());
        inputs.iter().for_each(|x| z.scaled_add(lens.see(T::one()), x));
        z
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![signal.mapv(|s| lens.see(T::one()) * s); self.inputs]
    }
}
