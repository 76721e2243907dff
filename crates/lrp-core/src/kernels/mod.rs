//! The arithmetic that takes the time, over channel planes `[n, c, d, h, w]`, and the only unsafe code.
//!
//! Every kernel exists twice: [`naive`] is the definition, written as the formula reads; the others are what
//! runs by default. Property tests hold each pair together. Blocked products of matrices come from `ndarray`.

use ndarray::{Array5, ArrayView5};

use crate::lens::Lenses;
use crate::tensor::Float;

pub(crate) mod naive;
pub(crate) mod convolution;
pub(crate) mod correlate;
pub(crate) mod dense;
pub(crate) mod pool;
mod direct;
mod winograd;
mod planes;
mod tile;
pub(crate) mod memory;
pub(crate) mod parallel;
pub(crate) mod simd;

/// Which implementation of each kernel a network runs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kernels {
    /// Index loops that mirror the formulas: slow, and the measure of everything else.
    Naive,
    /// Fast, every product of the formula computed as it stands.
    Exact,
    /// Faster: in f32, convolutions of three by three trade multiplications for additions, which rounds a
    /// little more.
    #[default]
    Fast,
}

impl Kernels {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Naive, Self::Exact, Self::Fast];

    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Naive => "naive",
            Self::Exact => "exact",
            Self::Fast => "fast",
        }
    }
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
    /// The shape `[kd, kh, kw, c / groups, k]` of filters from `channels` inputs to `outputs`.
    pub(crate) fn filters(&self, channels: usize, outputs: usize, groups: usize) -> [usize; 5] {
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

/// The filters of a convolution `[kd, kh, kw, c / groups, k]`, and how they are looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filters<'a, T> {
    pub(crate) weights: ArrayView5<'a, T>,
    pub(crate) groups: usize,
    pub(crate) lenses: &'a Lenses,
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
        Kernels::Exact | Kernels::Fast => correlate::correlate(x, s, geometry, groups),
    }
}
