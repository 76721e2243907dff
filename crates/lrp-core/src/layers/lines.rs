//! Layers that do the same to every line along one axis.

use rayon::prelude::*;

use crate::elementwise::{arranged, memory_order};
use crate::kernels::{memory, parallel};
use crate::tensor::{Float, Tensor, TensorView};

/// An array that along one axis has `size` entries, made line by line.
///
/// `f(from, to, step)` gets all the lines between two of which nothing lies in memory: entry `i` of the axis is
/// the `step` elements from `i · step` on. What it does not write is `fill`.
pub(super) fn along<T: Float>(
    x: &TensorView<'_, T>,
    axis: usize,
    size: usize,
    fill: T,
    f: impl Fn(&[T], &mut [T], usize) + Sync + Send,
) -> Tensor<T> {
    let order = memory_order(x);
    let place = order.iter().position(|&other| other == axis).expect("the axis was checked");
    let source = x.view().permuted_axes(order.clone());
    let source = source.as_standard_layout();
    let mut shape = source.shape().to_vec();
    let step: usize = shape[place + 1..].iter().product();
    let (from, to) = (shape[place] * step, size * step);
    shape[place] = size;
    let mut target = memory::take(shape.iter().product());
    target.fill(fill);
    let source = source.as_slice().expect("it is in standard layout");
    if from > 0 && to > 0 && parallel::worthwhile_elements(target.len()) {
        source.par_chunks(from).zip(target.par_chunks_mut(to)).for_each(|(x, y)| f(x, y, step));
    } else if from > 0 && to > 0 {
        source.chunks(from).zip(target.chunks_mut(to)).for_each(|(x, y)| f(x, y, step));
    }
    arranged(target, &shape, &order)
}
