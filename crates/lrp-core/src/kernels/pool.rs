//! Pooling over windows, a plane at a time and in it a row at a time.

use ndarray::{Array5, ArrayView5};

use super::parallel::{self, Scratch, Shared};
use super::simd::{Kernel, Lanes, dispatch};
use super::{Geometry, coordinates, memory};
use crate::tensor::Float;

/// `z[n, c, o] = tap · Σ_window x[n, c, i]`
pub(crate) fn sum<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    planes(&[x], geometry.output, T::zero(), geometry, |z, inputs, stretches| {
        for stretch in stretches {
            let x = &inputs[0][stretch.input..];
            stretch.zip(&mut z[stretch.output..], x, |z, x| *z += tap * x);
        }
    })
}

/// `r[n, c, i] = tap · Σ_{windows o over i} s[n, c, o]`: the transpose of [`sum`].
pub(crate) fn spread<T: Float>(signal: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    planes(&[signal], geometry.input, T::zero(), geometry, |r, inputs, stretches| {
        for stretch in stretches {
            let s = &inputs[0][stretch.output..];
            stretch.zip_back(&mut r[stretch.input..], s, |r, s| *r += tap * s);
        }
    })
}

/// `y[n, c, o] = max_window x[n, c, i]`; the padding never wins and NaN always does.
pub(crate) fn max<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry) -> Array5<T> {
    planes(&[x], geometry.output, T::neg_infinity(), geometry, |y, inputs, stretches| {
        for stretch in stretches {
            let x = &inputs[0][stretch.input..];
            stretch.zip(&mut y[stretch.output..], x, |y, x| {
                *y = if x > *y || x.is_nan() { x } else { *y };
            });
        }
    })
}

/// Hands `signal` of each window to the entries that equal its maximum `y`; with `share`, those that tie
/// divide it.
pub(crate) fn to_winners<T: Float>(
    [x, y, signal]: [ArrayView5<'_, T>; 3],
    geometry: &Geometry,
    share: bool,
) -> Array5<T> {
    planes(&[x, y, signal], geometry.input, T::zero(), geometry, |r, inputs, stretches| {
        let &[x, y, signal] = inputs else { return };
        let mut part = signal.to_vec();
        if share {
            let mut winners = vec![T::zero(); y.len()];
            for stretch in stretches.clone() {
                let y = &y[stretch.output..];
                let places = winners[stretch.output..].iter_mut().zip(y);
                let values = x[stretch.input..].iter().step_by(stretch.stride);
                for ((winners, y), x) in places.zip(values).take(stretch.count) {
                    *winners += if x == y { T::one() } else { T::zero() };
                }
            }
            part.iter_mut().zip(&winners).for_each(|(part, &winners)| *part /= winners);
        }
        for stretch in stretches {
            let places = r[stretch.input..].iter_mut().zip(&x[stretch.input..]).step_by(stretch.stride);
            let windows = y[stretch.output..].iter().zip(&part[stretch.output..]);
            for ((r, x), (y, &part)) in places.zip(windows).take(stretch.count) {
                *r += if x == y { part } else { T::zero() };
            }
        }
    })
}

/// Neighbouring windows and the entry that each of them has at one tap.
#[derive(Clone, Copy)]
struct Stretch {
    output: usize,
    input: usize,
    stride: usize,
    count: usize,
}

impl Stretch {
    /// Calls `f(window, entry)`.
    #[inline(always)]
    fn zip<T: Copy>(&self, windows: &mut [T], entries: &[T], f: impl Fn(&mut T, T)) {
        let windows = windows[..self.count].iter_mut();
        match self.stride {
            1 => windows.zip(&entries[..self.count]).for_each(|(window, &entry)| f(window, entry)),
            stride => {
                windows.zip(entries.iter().step_by(stride)).for_each(|(window, &entry)| f(window, entry));
            }
        }
    }

    /// Calls `f(entry, window)`.
    #[inline(always)]
    fn zip_back<T: Copy>(&self, entries: &mut [T], windows: &[T], f: impl Fn(&mut T, T)) {
        let windows = windows[..self.count].iter();
        match self.stride {
            1 => entries[..self.count].iter_mut().zip(windows).for_each(|(entry, &window)| f(entry, window)),
            stride => {
                entries.iter_mut().step_by(stride).zip(windows).for_each(|(entry, &window)| f(entry, window));
            }
        }
    }
}

/// All windows and taps of one plane, a row of windows after the other.
fn stretches(geometry: &Geometry) -> Vec<Stretch> {
    let Geometry { input, output, kernel, stride, dilation, padding } = *geometry;
    let mut stretches = Vec::new();
    let rows = Geometry { padding: [padding[0], padding[1], 0], ..*geometry };
    for [d, h, _] in coordinates([output[0], output[1], 1]) {
        for tap in coordinates(kernel) {
            let Some([i, j, _]) = rows.source([d, h, 0], [tap[0], tap[1], 0]) else { continue };
            let reach = tap[2] * dilation[2];
            let first = padding[2].saturating_sub(reach).div_ceil(stride[2]);
            let last = (input[2] + padding[2]).saturating_sub(reach).div_ceil(stride[2]).min(output[2]);
            if first < last {
                stretches.push(Stretch {
                    output: (d * output[1] + h) * output[2] + first,
                    input: (i * input[1] + j) * input[2] + first * stride[2] + reach - padding[2],
                    stride: stride[2],
                    count: last - first,
                });
            }
        }
    }
    stretches
}

/// Makes planes of `size` from planes of `arrays`, each by `work(plane, inputs, stretches)`.
fn planes<T: Float>(
    arrays: &[ArrayView5<'_, T>],
    size: [usize; 3],
    start: T,
    geometry: &Geometry,
    work: impl Fn(&mut [T], &[&[T]], std::iter::Copied<std::slice::Iter<'_, Stretch>>) + Sync,
) -> Array5<T> {
    struct Plane<F>(F);
    impl<T: Float, F: FnOnce()> Kernel<T> for Plane<F> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<V: Lanes<Scalar = T>>(self) {
            self.0();
        }
    }
    let (batch, channels) = (arrays[0].shape()[0], arrays[0].shape()[1]);
    let volume: usize = size.iter().product();
    let standard: Vec<_> = arrays.iter().map(|array| array.as_standard_layout()).collect();
    let slices: Vec<&[T]> = standard.iter().map(|array| array.as_slice().unwrap_or_default()).collect();
    let stretches = stretches(geometry);
    let mut result = memory::take(batch * channels * volume);
    result.fill(start);
    let shared = Shared::new(&mut result);
    let entries: usize = stretches.iter().map(|stretch| stretch.count).sum();
    let count = batch * channels;
    parallel::each(count, count * entries, |plane, _: &mut Scratch<T>| {
        let of = |values: &&[T]| values.len() / count;
        let inputs: Vec<&[T]> =
            slices.iter().map(|values| &values[plane * of(values)..][..of(values)]).collect();
        // SAFETY: every plane is one job's own.
        let result = unsafe { shared.part(plane * volume, volume) };
        // Nothing but loops in here: this lets the compiler use the registers of the machine for them.
        dispatch::<T, _>(Plane(|| work(result, &inputs, stretches.iter().copied())));
    });
    Array5::from_shape_vec((batch, channels, size[0], size[1], size[2]), result).expect("a plane a channel")
}
