//! The affine map that normalisations are at a point: each value against all of its group.

use ndarray::{Axis, IxDyn};

use super::rows::{from_rows, rows};
use crate::layer::Affine;
use crate::lens::WeightLens;
use crate::tensor::{Float, Tensor, TensorView};

/// `w_ji = diagonal_j` where `i = j`, and `−left_j · right_i` elsewhere in a group, both factors at least zero.
///
/// Through any lens such a map stays of this kind, so nothing is ever multiplied out.
pub(super) struct Contrast<T> {
    pub(super) diagonal: Tensor<T>,
    pub(super) left: Tensor<T>,
    pub(super) right: Tensor<T>,
    /// What is added, in the shape of the layer's output.
    pub(super) bias: Option<Tensor<T>>,
    /// The shape in which groups lie along `axes`.
    pub(super) shape: Vec<usize>,
    pub(super) axes: Vec<usize>,
}

impl<T: Float> Contrast<T> {
    /// `diagonal_j x_j − left_j Σ right_i x_i` over all others `i`, seen through a lens.
    fn run(&self, lens: WeightLens, x: &TensorView<'_, T>, [left, right]: [&Tensor<T>; 2]) -> Tensor<T> {
        let off = lens.see(-T::one());
        let (left, right) = (left.mapv(|l| off * lens.factor(l)), right.mapv(|r| lens.factor(r)));
        let seen = x.to_shape(&self.shape[..]).expect("axes are split, no more");
        let z = &seen * &self.diagonal.mapv(|d| lens.see(d)) + &left * &others(&(&seen * &right), &self.axes);
        z.to_shape(IxDyn(x.shape())).expect("as many elements as before").into_owned()
    }
}

impl<T: Float> Affine<T> for Contrast<T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        self.run(lens, &inputs[0], [&self.left, &self.right])
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.run(lens, &signal, [&self.right, &self.left])]
    }

    fn bias(&self) -> Option<Tensor<T>> {
        self.bias.clone()
    }

    fn is_local(&self) -> bool {
        true
    }
}

/// The sum along axes, which stay with size one.
pub(super) fn sum<T: Float>(array: &Tensor<T>, axes: &[usize]) -> Tensor<T> {
    let along = |sum: Option<Tensor<T>>, &axis: &usize| {
        let sum = sum.as_ref().unwrap_or(array).sum_axis(Axis(axis));
        Some(sum.insert_axis(Axis(axis)))
    };
    axes.iter().fold(None, along).unwrap_or_else(|| array.clone())
}

/// For each value the sum of all others along axes.
///
/// Their total less the value itself would be rounding where the others are nothing, and a denominator at that.
fn others<T: Float>(array: &Tensor<T>, axes: &[usize]) -> Tensor<T> {
    let mut rows = rows(&array.view(), axes);
    for mut row in rows.rows_mut() {
        let values = row.to_owned();
        let mut before = T::zero();
        for (sum, &value) in row.iter_mut().zip(&values) {
            *sum = before;
            before += value;
        }
        let mut behind = T::zero();
        for (sum, &value) in row.iter_mut().zip(&values).rev() {
            *sum += behind;
            behind += value;
        }
    }
    from_rows(rows, array.shape(), axes)
}
