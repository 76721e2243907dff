//! What a sweep reads and writes, axis by axis.

use std::ops::Range;

use crate::kernels::{Geometry, coordinates};

/// How one axis of the result reads the source.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Positions computed, and the distance of neighbours in the source.
    pub(super) count: usize,
    pub(super) step: usize,
    /// Taps `(index, base)`: position `p` reads the source at `p · step + base`, zero outside.
    pub(super) taps: Vec<(usize, isize)>,
    /// Where position `p` is written: at `origin + p · spacing`.
    pub(super) origin: usize,
    pub(super) spacing: usize,
}

/// One sweep over a source that computes part of a result, or all of it.
#[derive(Clone, Debug)]
pub(in crate::kernels) struct Pass {
    pub(super) axes: [Axis; 3],
    pub(super) source: [usize; 3],
    pub(super) target: [usize; 3],
}

#[expect(clippy::cast_possible_wrap, reason = "sizes of arrays that exist")]
impl Pass {
    /// From input to output.
    pub(in crate::kernels) fn forward(geometry: &Geometry) -> Self {
        let geometry = geometry.as_line();
        let axis = |a: usize| Axis {
            count: geometry.output[a],
            step: geometry.stride[a],
            taps: (0..geometry.kernel[a])
                .map(|tap| (tap, (tap * geometry.dilation[a]) as isize - geometry.padding[a] as isize))
                .collect(),
            origin: 0,
            spacing: 1,
        };
        Self { axes: std::array::from_fn(axis), source: geometry.input, target: geometry.output }
    }

    /// From output back to input: one pass for each phase of the stride, with the taps that reach it.
    ///
    /// Input `i = phase + stride · m` meets output `o` through tap `t` where `i + padding = o · stride + t ·
    /// dilation`, so `o = m + (phase + padding − t · dilation) / stride` where that divides.
    pub(in crate::kernels) fn transposed(geometry: &Geometry) -> Vec<Self> {
        let geometry = geometry.as_line();
        let axis = |a: usize, phase: usize| {
            let stride = geometry.stride[a] as isize;
            let base = |tap: usize| {
                let reach = (phase + geometry.padding[a]) as isize - (tap * geometry.dilation[a]) as isize;
                (reach % stride == 0).then_some((tap, reach / stride))
            };
            Axis {
                count: geometry.input[a].saturating_sub(phase).div_ceil(geometry.stride[a]),
                step: 1,
                taps: (0..geometry.kernel[a]).filter_map(base).collect(),
                origin: phase,
                spacing: geometry.stride[a],
            }
        };
        let pass = |phase: [usize; 3]| Self {
            axes: std::array::from_fn(|a| axis(a, phase[a])),
            source: geometry.output,
            target: geometry.input,
        };
        coordinates(geometry.stride).map(pass).collect()
    }

    /// Whether it would write nothing.
    pub(in crate::kernels) fn is_empty(&self) -> bool {
        self.axes.iter().any(|axis| axis.count == 0 || axis.taps.is_empty())
    }

    pub(super) fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.count).product()
    }

    pub(in crate::kernels) fn taps(&self) -> impl Iterator<Item = [usize; 3]> {
        let [depth, height, width] = &self.axes;
        depth.taps.iter().flat_map(move |d| {
            height.taps.iter().flat_map(move |h| width.taps.iter().map(move |w| [d.0, h.0, w.0]))
        })
    }
}

#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sizes and shifts of arrays that exist"
)]
impl Axis {
    fn lowest(&self) -> isize {
        self.taps.iter().map(|&(_, base)| base).min().unwrap_or(0)
    }

    /// The phase that a tap reads, as the source index of its first element, and how far it is shifted there.
    pub(super) fn split(&self, base: isize) -> (isize, usize) {
        let shift = (base - self.lowest()) as usize;
        (self.lowest() + (shift % self.step) as isize, shift / self.step)
    }

    pub(super) fn phases(&self) -> Vec<isize> {
        let mut phases: Vec<isize> = self.taps.iter().map(|&(_, base)| self.split(base).0).collect();
        phases.sort_unstable();
        phases.dedup();
        phases
    }

    /// The largest shift.
    pub(super) fn reach(&self) -> usize {
        self.taps.iter().map(|&(_, base)| self.split(base).1).max().unwrap_or(0)
    }

    /// What `count` positions from `first` on read of a source of `size`, and what lies between.
    pub(super) fn reads(&self, first: usize, count: usize, size: usize) -> Range<usize> {
        let start = (first * self.step) as isize + self.lowest();
        let end = start + ((count + self.reach()) * self.step) as isize;
        let inside = |index: isize| index.clamp(0, size as isize) as usize;
        inside(start)..inside(end)
    }

    /// Zeros that a row of the buffer has at both ends.
    pub(super) fn margin(&self, size: usize) -> usize {
        let before = -self.lowest();
        let behind = (self.count + self.reach()) as isize + self.lowest() - size as isize;
        before.min(behind).max(0) as usize
    }
}
