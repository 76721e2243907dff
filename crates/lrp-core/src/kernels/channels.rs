//! Sums over channels, and one plane for all channels: what filters of ones do besides their windows.

use ndarray::{Array5, ArrayView5};

use super::memory;
use super::parallel::{self, Scratch, Shared};
use super::simd::widely;
use crate::tensor::Float;

/// Positions summed up at a time: few enough to stay in the first-level cache.
const PIECE: usize = 1 << 12;

/// `y[n, 0, o] = Σ_c x[n, c, o]`
pub(crate) fn sum<T: Float>(x: ArrayView5<'_, T>) -> Array5<T> {
    let (batch, channels, depth, height, width) = x.dim();
    let volume = depth * height * width;
    let x = x.as_standard_layout();
    let values = x.as_slice().unwrap_or_default();
    let mut sums = memory::take(batch * volume);
    let shared = Shared::new(&mut sums);
    let pieces = volume.div_ceil(PIECE);
    parallel::each(batch * pieces, values.len(), |job, _: &mut Scratch<T>| {
        let (sample, start) = (job / pieces, job % pieces * PIECE);
        let length = PIECE.min(volume - start);
        // SAFETY: every piece is one job's own.
        let sums = unsafe { shared.part(sample * volume + start, length) };
        sums.fill(T::zero());
        for channel in 0..channels {
            let plane = &values[(sample * channels + channel) * volume + start..][..length];
            widely::<T>(|| sums.iter_mut().zip(plane).for_each(|(sum, &x)| *sum += x));
        }
    });
    Array5::from_shape_vec((batch, 1, depth, height, width), sums).expect("a plane a sample")
}

/// `y[n, c, o] = x[n, 0, o]` for so many channels.
pub(crate) fn repeat<T: Float>(x: ArrayView5<'_, T>, channels: usize) -> Array5<T> {
    let (batch, _, depth, height, width) = x.dim();
    let volume = depth * height * width;
    let x = x.as_standard_layout();
    let planes = x.as_slice().unwrap_or_default().chunks_exact(volume.max(1));
    let mut repeated = memory::take(batch * channels * volume);
    for (targets, plane) in repeated.chunks_exact_mut((channels * volume).max(1)).zip(planes) {
        targets.chunks_exact_mut(volume).for_each(|target| target.copy_from_slice(plane));
    }
    Array5::from_shape_vec((batch, channels, depth, height, width), repeated).expect("a plane a channel")
}
