//! The gradient of filters: windows gathered block by block and multiplied with the signal.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Array5, ArrayView5, ArrayViewMut2, s};

use super::{Geometry, coordinates};
use crate::tensor::Float;

/// Elements of a block of windows: about what a second-level cache holds.
const BLOCK: usize = 1 << 16;

/// See [`naive::correlate`](super::naive::correlate).
pub(crate) fn correlate<T: Float>(
    x: ArrayView5<'_, T>,
    signal: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let (batch, channels, outputs) = (x.shape()[0], x.shape()[1], signal.shape()[1]);
    let [depth, height, width, inputs, _] = geometry.filters(channels, outputs, groups);
    let positions: Vec<[usize; 3]> = coordinates(geometry.output).collect();
    let rows = inputs * depth * height * width;
    let block = (BLOCK / rows).max(1);
    let signal = signal.as_standard_layout();
    let signal = signal.to_shape((batch, outputs, positions.len())).expect("same elements");
    let mut windows = Array2::zeros((rows, block));
    let mut sums = Array2::zeros((outputs, rows));
    for n in 0..batch {
        for group in 0..groups {
            let x = x.slice(s![n..=n, group * inputs..(group + 1) * inputs, .., .., ..]);
            let written = outputs / groups * group..outputs / groups * (group + 1);
            for (index, positions) in positions.chunks(block).enumerate() {
                let mut windows = windows.slice_mut(s![.., ..positions.len()]);
                gather(x, geometry, positions, &mut windows);
                let start = index * block;
                let signal = signal.slice(s![n, written.clone(), start..start + positions.len()]);
                let mut sums = sums.slice_mut(s![written.clone(), ..]);
                general_mat_mul(T::one(), &signal, &windows.t(), T::one(), &mut sums);
            }
        }
    }
    // `[k, c, taps]` as `[taps, c, k]`.
    let sums = sums.into_shape_with_order((outputs, inputs, depth, height, width)).expect("same elements");
    sums.permuted_axes([2, 3, 4, 1, 0]).as_standard_layout().into_owned()
}

/// Writes a column for each window and a row for each channel and tap.
fn gather<T: Float>(
    x: ArrayView5<'_, T>,
    geometry: &Geometry,
    positions: &[[usize; 3]],
    windows: &mut ArrayViewMut2<'_, T>,
) {
    let taps: Vec<[usize; 3]> = coordinates(geometry.kernel).collect();
    for (index, mut row) in windows.outer_iter_mut().enumerate() {
        let (channel, tap) = (index / taps.len(), taps[index % taps.len()]);
        for (value, &position) in row.iter_mut().zip(positions) {
            let source = geometry.source(position, tap);
            *value = source.map_or(T::zero(), |[i, j, k]| x[[0, channel, i, j, k]]);
        }
    }
}
