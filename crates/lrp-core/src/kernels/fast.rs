//! Convolution as matrix products: windows are gathered into a panel, block by block, and multiplied.
//!
//! The panel of a block stays small enough for the cache; the whole matrix of windows never exists.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Array5, ArrayView2, ArrayView5, ArrayViewMut2, s};

use super::{Geometry, coordinates};
use crate::tensor::Float;

/// Elements of a panel: about what a second-level cache holds.
const PANEL: usize = 1 << 16;

/// See [`naive::convolve`](super::naive::convolve).
pub(crate) fn convolve<T: Float>(
    x: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let x = x.as_standard_layout();
    let weights = Weights::new(filters, groups);
    let ([d, h, w], batch, channels) = (geometry.output, x.shape()[0], x.shape()[4]);
    let positions: Vec<[usize; 3]> = coordinates(geometry.output).collect();
    let mut z = Array2::zeros((batch * positions.len(), weights.outputs * groups));
    let mut panel = Array2::zeros((weights.block(), weights.rows()));
    let samples = x.as_slice().unwrap_or_default();
    for n in 0..batch {
        let sample = &samples[n * samples.len() / batch..(n + 1) * samples.len() / batch];
        for (block, positions) in positions.chunks(weights.block()).enumerate() {
            let start = n * geometry.positions() + block * weights.block();
            let rows = start..start + positions.len();
            for group in 0..groups {
                let mut panel = panel.slice_mut(s![..positions.len(), ..]);
                weights.windows(geometry, channels, group).gather(sample, positions, &mut panel);
                let mut z = z.slice_mut(s![rows.clone(), weights.columns(group)]);
                general_mat_mul(T::one(), &panel, &weights.of(group), T::zero(), &mut z);
            }
        }
    }
    z.into_shape_with_order((batch, d, h, w, weights.outputs * groups)).expect("one row an output position")
}

/// See [`naive::convolve_transposed`](super::naive::convolve_transposed).
pub(crate) fn convolve_transposed<T: Float>(
    signal: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let weights = Weights::new(filters, groups);
    let ([d, h, w], batch) = (geometry.input, signal.shape()[0]);
    let channels = weights.inputs * groups;
    let positions: Vec<[usize; 3]> = coordinates(geometry.output).collect();
    let signal = signal.as_standard_layout();
    let signal = signal.to_shape((batch * positions.len(), weights.outputs * groups)).expect("same elements");
    let mut r = Array5::zeros((batch, d, h, w, channels));
    let mut panel = Array2::zeros((weights.block(), weights.rows()));
    for (n, mut sample) in r.outer_iter_mut().enumerate() {
        let sample = sample.as_slice_mut().unwrap_or_default();
        for (block, positions) in positions.chunks(weights.block()).enumerate() {
            let start = n * geometry.positions() + block * weights.block();
            let rows = start..start + positions.len();
            for group in 0..groups {
                let mut panel = panel.slice_mut(s![..positions.len(), ..]);
                let signal = signal.slice(s![rows.clone(), weights.columns(group)]);
                general_mat_mul(T::one(), &signal, &weights.of(group).t(), T::zero(), &mut panel);
                weights.windows(geometry, channels, group).scatter(sample, positions, panel.view());
            }
        }
    }
    r
}

/// See [`naive::correlate`](super::naive::correlate).
pub(crate) fn correlate<T: Float>(
    x: ArrayView5<'_, T>,
    signal: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let (batch, channels, outputs) = (x.shape()[0], x.shape()[4], signal.shape()[4]);
    let shape = geometry.filters(channels, outputs, groups);
    let mut gradient = Weights::new(Array5::zeros(shape).view(), groups);
    let positions: Vec<[usize; 3]> = coordinates(geometry.output).collect();
    let x = x.as_standard_layout();
    let samples = x.as_slice().unwrap_or_default();
    let signal = signal.as_standard_layout();
    let signal = signal.to_shape((batch * positions.len(), outputs)).expect("same elements");
    let mut panel = Array2::zeros((gradient.block(), gradient.rows()));
    for n in 0..batch {
        let sample = &samples[n * samples.len() / batch..(n + 1) * samples.len() / batch];
        for (block, positions) in positions.chunks(gradient.block()).enumerate() {
            let start = n * geometry.positions() + block * gradient.block();
            let rows = start..start + positions.len();
            for group in 0..groups {
                let columns = gradient.columns(group);
                let mut panel = panel.slice_mut(s![..positions.len(), ..]);
                gradient.windows(geometry, channels, group).gather(sample, positions, &mut panel);
                let signal = signal.slice(s![rows.clone(), columns.clone()]);
                let mut sum = gradient.matrix.slice_mut(s![.., columns]);
                general_mat_mul(T::one(), &panel.t(), &signal, T::one(), &mut sum);
            }
        }
    }
    gradient.matrix.into_shape_with_order(shape).expect("same elements")
}

/// Filters as one matrix `[taps · inputs, outputs]`; a group owns a range of its columns.
struct Weights<T> {
    matrix: Array2<T>,
    /// Input channels of one group.
    inputs: usize,
    /// Output channels of one group.
    outputs: usize,
}

impl<T: Float> Weights<T> {
    fn new(filters: ArrayView5<'_, T>, groups: usize) -> Self {
        let shape = filters.shape();
        let (rows, inputs, columns) = (shape[..4].iter().product(), shape[3], shape[4]);
        let matrix = filters.to_shape((rows, columns)).expect("same elements").into_owned();
        Self { matrix, inputs, outputs: columns / groups }
    }

    fn rows(&self) -> usize {
        self.matrix.nrows()
    }

    fn columns(&self, group: usize) -> std::ops::Range<usize> {
        group * self.outputs..(group + 1) * self.outputs
    }

    fn of(&self, group: usize) -> ArrayView2<'_, T> {
        self.matrix.slice(s![.., self.columns(group)])
    }

    fn windows<'g>(&self, geometry: &'g Geometry, channels: usize, group: usize) -> Windows<'g> {
        Windows { geometry, channels, first: group * self.inputs, inputs: self.inputs }
    }

    /// Output positions whose windows are gathered at once.
    fn block(&self) -> usize {
        (PANEL / self.rows().max(1)).max(1)
    }
}

/// How windows of one group lie in a sample `[d, h, w, c]` that is one slice.
struct Windows<'g> {
    geometry: &'g Geometry,
    /// Channels of the sample.
    channels: usize,
    /// The first channel of the group, and how many it has.
    first: usize,
    inputs: usize,
}

impl Windows<'_> {
    fn gather<T: Float>(&self, sample: &[T], positions: &[[usize; 3]], panel: &mut ArrayViewMut2<'_, T>) {
        for (&position, mut row) in positions.iter().zip(panel.outer_iter_mut()) {
            let mut rest = row.as_slice_mut().unwrap_or_default();
            self.pieces(position, |length, from| {
                let (to, behind) = std::mem::take(&mut rest).split_at_mut(length);
                rest = behind;
                match from {
                    Some(from) => to.copy_from_slice(&sample[from..from + length]),
                    None => to.fill(T::zero()),
                }
            });
        }
    }

    fn scatter<T: Float>(&self, sample: &mut [T], positions: &[[usize; 3]], panel: ArrayView2<'_, T>) {
        for (&position, row) in positions.iter().zip(panel.outer_iter()) {
            let mut rest = row.to_slice().unwrap_or_default();
            self.pieces(position, |length, to| {
                let (from, behind) = rest.split_at(length);
                rest = behind;
                if let Some(to) = to {
                    sample[to..to + length].iter_mut().zip(from).for_each(|(r, &s)| *r += s);
                }
            });
        }
    }

    /// Calls `f(length, start)` for the stretches of the sample a window consists of, in the panel's order;
    /// there is no start in the padding. A row of taps is one stretch where its channels are neighbours.
    fn pieces(&self, position: [usize; 3], mut f: impl FnMut(usize, Option<usize>)) {
        let [depth, height, width] = self.geometry.kernel;
        let neighbours = self.geometry.dilation[2] == 1 && self.inputs == self.channels;
        for [i, j, _] in coordinates([depth, height, 1]) {
            match (self.start(position, [i, j, 0]), self.start(position, [i, j, width - 1])) {
                (Some(start), Some(_)) if neighbours => f(width * self.inputs, Some(start)),
                _ => (0..width).for_each(|k| f(self.inputs, self.start(position, [i, j, k]))),
            }
        }
    }

    fn start(&self, position: [usize; 3], tap: [usize; 3]) -> Option<usize> {
        let [i, j, k] = self.geometry.source(position, tap)?;
        let [_, height, width] = self.geometry.input;
        Some(((i * height + j) * width + k) * self.channels + self.first)
    }
}
