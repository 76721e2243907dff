//! Samples that broadcast to each other as in numpy, and the way back.
//!
//! The batch is the first axis of all of them and never meets another one, so no sample sees its neighbours.

use ndarray::Axis;

use crate::error::{Error, Result};
use crate::tensor::{Float, Tensor, TensorView};

/// The shape to which all broadcast.
pub(super) fn common(shapes: &[&[usize]]) -> Result<Vec<usize>> {
    let unlike = || Error::shape(format!("samples of {shapes:?} do not broadcast to one shape"));
    let rank = shapes.iter().map(|shape| shape.len()).max().unwrap_or(0);
    let mut common = vec![1; rank];
    for shape in shapes {
        let [batch, sample @ ..] = shape else { return Err(unlike()) };
        if shapes.iter().any(|other| other.first() != Some(batch)) {
            return Err(unlike());
        }
        common[0] = *batch;
        for (all, &size) in common.iter_mut().rev().zip(sample.iter().rev()) {
            match (*all, size) {
                (_, 1) => {}
                (1, size) => *all = size,
                (all, size) if all == size => {}
                _ => return Err(unlike()),
            }
        }
    }
    Ok(common)
}

/// The same values, with axes of size one behind that of the batch.
pub(super) fn raised<T>(mut array: TensorView<'_, T>, rank: usize) -> TensorView<'_, T> {
    while array.ndim() < rank {
        array.insert_axis_inplace(Axis(1));
    }
    array
}

/// Sums along the axes on which an array of `shape` was the same everywhere.
pub(super) fn gathered<T: Float>(mut array: Tensor<T>, shape: &[usize]) -> Tensor<T> {
    while array.ndim() > shape.len() {
        array = array.sum_axis(Axis(1));
    }
    for (axis, &size) in shape.iter().enumerate() {
        if array.shape()[axis] != size {
            array = array.sum_axis(Axis(axis)).insert_axis(Axis(axis));
        }
    }
    array
}
