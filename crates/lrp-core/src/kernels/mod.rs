//! The arithmetic that takes the time, over channel planes `[n, c, d, h, w]`, and the only unsafe code.
//!
//! Every kernel exists twice: [`naive`] is the definition, written as the formula reads; the others are what
//! runs by default. Property tests hold each pair together. Blocked products of matrices come from `ndarray`.

use std::str::FromStr;

use ndarray::{Array2, Array5, ArrayView2, ArrayView5};

use crate::layers::Award;
use crate::lens::{Lenses, WeightLens};
use convolution::{Convolve, Packed};
pub use peak::peak_rate;

pub(crate) mod naive;
pub(crate) mod channels;
pub(crate) mod convolution;
pub(crate) mod correlate;
pub(crate) mod dense;
pub(crate) mod pool;
mod direct;
mod unrolled;
mod winograd;
mod planes;
mod panels;
mod tile;
mod ahead;
mod peak;
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

impl FromStr for Kernels {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kernels| kernels.name() == text);
        found.ok_or_else(|| {
            format!("unknown kernels '{text}'; one of {}", Self::ALL.map(Self::name).join(", "))
        })
    }
}

/// Sizes of a sliding window over three spatial axes; unused axes have size one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
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

    /// The same over one long axis where every position reads itself alone.
    pub(crate) fn as_line(&self) -> Self {
        let Self { input, output, kernel, stride, .. } = *self;
        if kernel != [1; 3] || stride != [1; 3] || input != output || self.padding != [0; 3] {
            return *self;
        }
        let line = [1, 1, input.iter().product()];
        Self { input: line, output: line, ..*self }
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

/// The kernels of one number type.
///
/// Everything below is generic, the naive kernels too; this is where it becomes code, once, in this crate and with its
/// optimisations, instead of in every crate that uses a network.
pub trait Compute: Sized {
    /// See [`Convolve::pack`].
    fn pack(call: &Convolve<'_, Self>, transforms: bool) -> Packed<Self>;
    /// See [`Convolve::run`].
    fn convolve(
        call: &Convolve<'_, Self>,
        packed: &Packed<Self>,
        sources: &[ArrayView5<'_, Self>],
        bias: &[Self],
        rectify: bool,
    ) -> Vec<Array5<Self>>;
    /// See [`Convolve::run_naive`].
    fn convolve_naive(
        call: &Convolve<'_, Self>,
        sources: &[ArrayView5<'_, Self>],
        bias: &[Self],
        rectify: bool,
    ) -> Vec<Array5<Self>>;
    /// See [`correlate::correlate`].
    fn correlate(
        kernels: Kernels,
        x: ArrayView5<'_, Self>,
        signal: ArrayView5<'_, Self>,
        geometry: &Geometry,
        groups: usize,
    ) -> Array5<Self>;
    /// See [`dense::product`].
    fn dense(
        kernels: Kernels,
        x: ArrayView2<'_, Self>,
        weights: ArrayView2<'_, Self>,
        lens: WeightLens,
    ) -> Array2<Self>;
    /// See [`pool::sum`].
    fn pool_sum(kernels: Kernels, x: ArrayView5<'_, Self>, geometry: &Geometry, tap: Self) -> Array5<Self>;
    /// See [`pool::spread`].
    fn pool_spread(
        kernels: Kernels,
        signal: ArrayView5<'_, Self>,
        geometry: &Geometry,
        tap: Self,
    ) -> Array5<Self>;
    /// See [`pool::max`].
    fn pool_max(kernels: Kernels, x: ArrayView5<'_, Self>, geometry: &Geometry) -> Array5<Self>;
    /// See [`pool::to_winners`].
    fn pool_to_winners(
        kernels: Kernels,
        arrays: [ArrayView5<'_, Self>; 3],
        geometry: &Geometry,
        award: Award,
    ) -> Array5<Self>;
}

macro_rules! compute {
    ($($scalar:ty),*) => {$(
        impl Compute for $scalar {
            fn pack(call: &Convolve<'_, Self>, transforms: bool) -> Packed<Self> {
                call.pack(transforms)
            }
            fn convolve(
                call: &Convolve<'_, Self>,
                packed: &Packed<Self>,
                sources: &[ArrayView5<'_, Self>],
                bias: &[Self],
                rectify: bool,
            ) -> Vec<Array5<Self>> {
                call.run(packed, sources, bias, rectify)
            }
            fn convolve_naive(
                call: &Convolve<'_, Self>,
                sources: &[ArrayView5<'_, Self>],
                bias: &[Self],
                rectify: bool,
            ) -> Vec<Array5<Self>> {
                call.run_naive(sources, bias, rectify)
            }
            fn correlate(
                kernels: Kernels,
                x: ArrayView5<'_, Self>,
                signal: ArrayView5<'_, Self>,
                geometry: &Geometry,
                groups: usize,
            ) -> Array5<Self> {
                let correlate = if kernels == Kernels::Naive { naive::correlate } else { correlate::correlate };
                correlate(x, signal, geometry, groups)
            }
            fn dense(
                kernels: Kernels,
                x: ArrayView2<'_, Self>,
                weights: ArrayView2<'_, Self>,
                lens: WeightLens,
            ) -> Array2<Self> {
                let product = if kernels == Kernels::Naive { naive::product } else { dense::product };
                product(x, weights, lens)
            }
            fn pool_sum(kernels: Kernels, x: ArrayView5<'_, Self>, geometry: &Geometry, tap: Self) -> Array5<Self> {
                let sum = if kernels == Kernels::Naive { naive::sum } else { pool::sum };
                sum(x, geometry, tap)
            }
            fn pool_spread(kernels: Kernels, signal: ArrayView5<'_, Self>, geometry: &Geometry, tap: Self) -> Array5<Self> {
                let spread = if kernels == Kernels::Naive { naive::spread } else { pool::spread };
                spread(signal, geometry, tap)
            }
            fn pool_max(kernels: Kernels, x: ArrayView5<'_, Self>, geometry: &Geometry) -> Array5<Self> {
                let max = if kernels == Kernels::Naive { naive::max } else { pool::max };
                max(x, geometry)
            }
            fn pool_to_winners(
                kernels: Kernels,
                arrays: [ArrayView5<'_, Self>; 3],
                geometry: &Geometry,
                award: Award,
            ) -> Array5<Self> {
                let to_winners = if kernels == Kernels::Naive { naive::to_winners } else { pool::to_winners };
                to_winners(arrays, geometry, award)
            }
        }
    )*};
}
compute!(f32, f64);

#[cfg(test)]
mod tests;
