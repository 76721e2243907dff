//! The sum of several values: what a residual connection ends in.

use super::Rect;
use super::pointwise::Pointwise;
use super::spread::{common, gathered, raised};
use crate::elementwise;
use crate::error::{Error, Result};
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = x₁ + x₂ + …`, samples broadcast to one shape as in numpy; to rules it is an affine map whose every weight is
/// one.
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
            [_, _, ..] => common(inputs),
            _ => Err(Error::shape(format!("takes two or more inputs, not {}", inputs.len()))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        Self::forward_rectified(inputs, false)
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Mix(Mix { map: Box::new(UnitSum::of(&record.inputs)), z: Some(record.output.view()) })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        UnitSum::of(&record.inputs).transpose(WeightLens::Value, upstream)
    }
}

impl Add {
    /// The forward pass, followed by a rectifier if asked for.
    pub(super) fn forward_rectified<T: Float>(inputs: &[TensorView<'_, T>], rectify: bool) -> Tensor<T> {
        let sum = UnitSum::of(inputs);
        if rectify { sum.total(inputs, |x| Rect.value(x)) } else { sum.total(inputs, |x| x) }
    }
}

struct UnitSum {
    inputs: Vec<Vec<usize>>,
    output: Vec<usize>,
}

impl UnitSum {
    fn of<T: Float>(inputs: &[TensorView<'_, T>]) -> Self {
        let shapes: Vec<&[usize]> = inputs.iter().map(TensorView::shape).collect();
        let output = common(&shapes).expect("shapes were checked");
        Self { inputs: shapes.into_iter().map(<[usize]>::to_vec).collect(), output }
    }

    /// The sum, and what becomes of each number in it.
    fn total<T: Float>(
        &self,
        inputs: &[TensorView<'_, T>],
        finish: impl Fn(T) -> T + Copy + Sync + Send,
    ) -> Tensor<T> {
        if let [a, b] = inputs
            && a.shape() == b.shape()
        {
            return elementwise::combine(a, b, b, move |a, b, _| finish(a + b));
        }
        let mut terms = inputs.iter().map(|x| raised(x.view(), self.output.len()));
        let first = terms.next().expect("there are two or more");
        let mut sum = first.broadcast(&self.output[..]).expect("shapes were checked").to_owned();
        terms.for_each(|x| sum += &x);
        sum.mapv_into(finish)
    }
}

impl<T: Float> Affine<T> for UnitSum {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        let weight = lens.see(T::one());
        self.total(inputs, move |sum| weight * sum)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let weight = lens.see(T::one());
        self.inputs
            .iter()
            .map(|shape| gathered(elementwise::map(&signal, move |s| weight * s), shape))
            .collect()
    }
}
