//! The arithmetic that takes the time: convolution and pooling over arrays `[n, d, h, w, c]`.
//!
//! Every kernel exists twice: [`naive`] is the definition, written as the formula reads; [`fast`] is what
//! runs by default. A property test holds each pair together. Dense products need no kernel of their own:
//! `ndarray` has one.

use ndarray::{Array5, ArrayView5};

use crate::tensor::Float;

pub(crate) mod fast;
pub(crate) mod naive;
pub(crate) mod pool;

/// Which implementation of each kernel a network runs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// Index loops that mirror the formulas: slow, and the measure of everything else.
    Naive,
    /// Matrix products over gathered windows.
    #[default]
    Fast,
}

/// Sizes of a sliding window over three spatial axes; unused axes have size one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) input: [usize; 3],
    pub(crate) output: [usize; 3],
    pub(crate) kernel: [usize; 3],
    pub(crate) stride: [usize; 3],
    pub(crate) dilation: [usize; 3],
    /// Zeros before each axis; those behind follow from the sizes.
    pub(crate) padding: [usize; 3],
}

impl Geometry {
    pub(crate) fn positions(&self) -> usize {
        self.output.iter().product()
    }

    /// The shape `[kd, kh, kw, c / groups, k]` of filters from `channels` inputs to `outputs`.
    fn filters(&self, channels: usize, outputs: usize, groups: usize) -> [usize; 5] {
        let [d, h, w] = self.kernel;
        [d, h, w, channels / groups, outputs]
    }

    /// The input coordinate that `tap` of the window at `output` reads; `None` in the padding.
    #[inline]
    pub(crate) fn source(&self, output: [usize; 3], tap: [usize; 3]) -> Option<[usize; 3]> {
        let mut source = [0; 3];
        for axis in 0..3 {
            let padded = output[axis] * self.stride[axis] + tap[axis] * self.dilation[axis];
            source[axis] = padded.checked_sub(self.padding[axis]).filter(|&i| i < self.input[axis])?;
        }
        Some(source)
    }
}

/// Counts through a box of the given size, last axis fastest.
pub(crate) fn coordinates(size: [usize; 3]) -> impl Iterator<Item = [usize; 3]> {
    (0..size[0]).flat_map(move |i| (0..size[1]).flat_map(move |j| (0..size[2]).map(move |k| [i, j, k])))
}

/// `z = W x`: cross-correlation of `x` `[n, d, h, w, c]` with filters `[kd, kh, kw, c / groups, k]`.
pub(crate) fn convolve<T: Float>(
    kernels: Kernels,
    x: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    match kernels {
        Kernels::Naive => naive::convolve(x, filters, geometry, groups),
        Kernels::Fast => fast::convolve(x, filters, geometry, groups),
    }
}

/// `Wᵀ s`: the transpose of [`convolve`], from output positions back to the input.
pub(crate) fn convolve_transposed<T: Float>(
    kernels: Kernels,
    s: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    match kernels {
        Kernels::Naive => naive::convolve_transposed(s, filters, geometry, groups),
        Kernels::Fast => fast::convolve_transposed(s, filters, geometry, groups),
    }
}

/// `xᵀ s` over windows: the gradient of `Σ s · z` with respect to the filters, `[kd, kh, kw, c / groups, k]`.
pub(crate) fn correlate<T: Float>(
    kernels: Kernels,
    x: ArrayView5<'_, T>,
    s: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    match kernels {
        Kernels::Naive => naive::correlate(x, s, geometry, groups),
        Kernels::Fast => fast::correlate(x, s, geometry, groups),
    }
}
