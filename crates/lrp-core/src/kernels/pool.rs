//! Pooling over windows, a plane at a time and in it a row at a time.

use ndarray::{Array5, ArrayView5};

use super::parallel::{self, Scratch, Shared};
use super::simd::{Kernel, Lanes, dispatch};
use super::{Geometry, coordinates, memory};
mod phases;

use crate::layers::{Award, Ties};
use crate::tensor::Float;
use phases::Phases;

/// `z[n, c, o] = tap · Σ_window x[n, c, i]`
pub(crate) fn sum<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    planes([x], geometry.output, T::zero(), geometry, Sum(tap))
}

/// `r[n, c, i] = tap · Σ_{windows o over i} s[n, c, o]`: the transpose of [`sum`].
pub(crate) fn spread<T: Float>(signal: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    planes([signal], geometry.input, T::zero(), geometry, Spread(tap))
}

/// `y[n, c, o] = max_window x[n, c, i]`; the padding never wins and NaN always does.
pub(crate) fn max<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry) -> Array5<T> {
    planes([x], geometry.output, T::neg_infinity(), geometry, Max)
}

/// Hands `signal` of each window to the entries that equal its maximum `y`, as those that tie are awarded.
pub(crate) fn to_winners<T: Float>(
    arrays: [ArrayView5<'_, T>; 3],
    geometry: &Geometry,
    award: Award,
) -> Array5<T> {
    let (size, nothing) = (geometry.input, T::zero());
    match award {
        Award::Ties(Ties::First) => planes(arrays, size, nothing, geometry, ToFirst),
        Award::Ties(Ties::Share) => planes(arrays, size, nothing, geometry, ToShares),
        Award::Each => planes(arrays, size, nothing, geometry, ToEach),
    }
}

/// Whether a plane has an entry a pixel or a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Input,
    Output,
}

/// What becomes of one plane.
trait Work<T, const INPUTS: usize>: Copy + Send + Sync {
    /// What the planes that are read have entries for.
    const READS: [Side; INPUTS];
    /// What the plane that is written has entries for.
    const WRITES: Side;

    /// What is read beyond the edges of each plane without a trace in the result.
    fn outside(self) -> [T; INPUTS];

    fn plane(self, result: &mut [T], inputs: [&[T]; INPUTS], stretches: &[Stretch]);
}

#[derive(Clone, Copy)]
struct Sum<T>(T);

impl<T: Float> Work<T, 1> for Sum<T> {
    const READS: [Side; 1] = [Side::Input];
    const WRITES: Side = Side::Output;

    fn outside(self) -> [T; 1] {
        [T::zero()]
    }

    #[inline(always)]
    fn plane(self, z: &mut [T], [x]: [&[T]; 1], stretches: &[Stretch]) {
        for stretch in stretches {
            stretch.visit(z[stretch.output..].iter_mut(), &x[stretch.input..], |z, &x| **z += self.0 * x);
        }
    }
}

#[derive(Clone, Copy)]
struct Spread<T>(T);

impl<T: Float> Work<T, 1> for Spread<T> {
    const READS: [Side; 1] = [Side::Output];
    const WRITES: Side = Side::Input;

    fn outside(self) -> [T; 1] {
        [T::zero()]
    }

    #[inline(always)]
    fn plane(self, r: &mut [T], [signal]: [&[T]; 1], stretches: &[Stretch]) {
        for stretch in stretches {
            let windows = signal[stretch.output..].iter();
            stretch.visit(windows, &mut r[stretch.input..], |&mut &s, r| *r += self.0 * s);
        }
    }
}

#[derive(Clone, Copy)]
struct Max;

impl<T: Float> Work<T, 1> for Max {
    const READS: [Side; 1] = [Side::Input];
    const WRITES: Side = Side::Output;

    fn outside(self) -> [T; 1] {
        [T::neg_infinity()]
    }

    #[inline(always)]
    fn plane(self, y: &mut [T], [x]: [&[T]; 1], stretches: &[Stretch]) {
        for stretch in stretches {
            stretch.visit(y[stretch.output..].iter_mut(), &x[stretch.input..], |y, &x| {
                **y = if x > **y || x.is_nan() { x } else { **y };
            });
        }
    }
}

/// Entries, maxima and what they receive.
const TO_WINNERS: [Side; 3] = [Side::Input, Side::Output, Side::Output];

/// What is no number equals no maximum.
fn nobody_wins<T: Float>() -> [T; 3] {
    [T::nan(), T::nan(), T::zero()]
}

#[derive(Clone, Copy)]
struct ToEach;

impl<T: Float> Work<T, 3> for ToEach {
    const READS: [Side; 3] = TO_WINNERS;
    const WRITES: Side = Side::Input;

    fn outside(self) -> [T; 3] {
        nobody_wins()
    }

    #[inline(always)]
    fn plane(self, r: &mut [T], [x, y, signal]: [&[T]; 3], stretches: &[Stretch]) {
        for stretch in stretches {
            let windows = y[stretch.output..].iter().zip(&signal[stretch.output..]);
            let entries = (&mut r[stretch.input..], &x[stretch.input..]);
            stretch.visit(windows, entries, |&mut (&y, &part), (r, &x)| {
                *r += if x == y { part } else { T::zero() };
            });
        }
    }
}

#[derive(Clone, Copy)]
struct ToShares;

impl<T: Float> Work<T, 3> for ToShares {
    const READS: [Side; 3] = TO_WINNERS;
    const WRITES: Side = Side::Input;

    fn outside(self) -> [T; 3] {
        nobody_wins()
    }

    #[inline(always)]
    fn plane(self, r: &mut [T], [x, y, signal]: [&[T]; 3], stretches: &[Stretch]) {
        // Mostly nobody ties where there is something to win: then one sweep is all.
        let mut won = 0_usize;
        for stretch in stretches {
            let windows = y[stretch.output..].iter().zip(&signal[stretch.output..]);
            let entries = (&mut r[stretch.input..], &x[stretch.input..]);
            let mut count = 0_u32;
            stretch.visit(windows, entries, |&mut (&y, &part), (r, &x)| {
                let wins = x == y;
                *r += if wins { part } else { T::zero() };
                count += u32::from(wins & (part != T::zero()));
            });
            won += count as usize;
        }
        let asked = |&(&y, &part): &(&T, &T)| part != T::zero() && !y.is_nan();
        if won == y.iter().zip(signal).filter(asked).count() {
            return;
        }
        r.fill(T::zero());
        let mut winners = vec![T::zero(); y.len()];
        for stretch in stretches {
            let windows = winners[stretch.output..].iter_mut().zip(&y[stretch.output..]);
            stretch.visit(windows, &x[stretch.input..], |(winners, y), &x| {
                **winners += if x == **y { T::one() } else { T::zero() };
            });
        }
        let mut parts = signal.to_vec();
        parts.iter_mut().zip(&winners).for_each(|(part, &winners)| *part /= winners);
        ToEach.plane(r, [x, y, &parts], stretches);
    }
}

#[derive(Clone, Copy)]
struct ToFirst;

impl<T: Float> Work<T, 3> for ToFirst {
    const READS: [Side; 3] = TO_WINNERS;
    const WRITES: Side = Side::Input;

    fn outside(self) -> [T; 3] {
        nobody_wins()
    }

    #[inline(always)]
    fn plane(self, r: &mut [T], [x, y, signal]: [&[T]; 3], stretches: &[Stretch]) {
        let mut left = signal.to_vec();
        for stretch in stretches {
            let windows = y[stretch.output..].iter().zip(&mut left[stretch.output..]);
            let entries = (&mut r[stretch.input..], &x[stretch.input..]);
            stretch.visit(windows, entries, |(y, left), (r, &x)| {
                let (wins, part) = (x == **y, **left);
                *r += if wins { part } else { T::zero() };
                // Who comes first, in the order of the taps, leaves nothing.
                **left = if wins { T::zero() } else { part };
            });
        }
    }
}

/// Neighbouring windows and the entry that each of them has at one tap, or at two that lie side by side.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    output: usize,
    input: usize,
    stride: usize,
    count: usize,
    /// Whether the windows lie side by side and are two entries wide: then all entries of a row are read in one
    /// go, for which the machine has better instructions than for every other one of them.
    pairs: bool,
}

impl Stretch {
    /// Calls `f(window, entry)` for each window and each of its entries.
    #[inline(always)]
    fn visit<W, E: Entries>(
        &self,
        windows: impl Iterator<Item = W>,
        entries: E,
        mut f: impl FnMut(&mut W, E::Entry),
    ) {
        let windows = windows.take(self.count);
        if self.pairs {
            windows.zip(entries.pairs()).for_each(|(mut window, [one, two])| {
                f(&mut window, one);
                f(&mut window, two);
            });
        } else if self.stride == 1 {
            windows.zip(entries.each()).for_each(|(mut window, entry)| f(&mut window, entry));
        } else {
            let entries = entries.each().step_by(self.stride);
            windows.zip(entries).for_each(|(mut window, entry)| f(&mut window, entry));
        }
    }
}

/// Entries of windows: to read, to write, or to write where others are read.
trait Entries: Sized {
    type Entry;
    fn each(self) -> impl Iterator<Item = Self::Entry>;
    fn pairs(self) -> impl Iterator<Item = [Self::Entry; 2]>;
}

impl<'a, T> Entries for &'a [T] {
    type Entry = &'a T;
    #[inline(always)]
    fn each(self) -> impl Iterator<Item = &'a T> {
        self.iter()
    }
    #[inline(always)]
    fn pairs(self) -> impl Iterator<Item = [&'a T; 2]> {
        self.as_chunks().0.iter().map(<[T; 2]>::each_ref)
    }
}

impl<'a, T> Entries for &'a mut [T] {
    type Entry = &'a mut T;
    #[inline(always)]
    fn each(self) -> impl Iterator<Item = &'a mut T> {
        self.iter_mut()
    }
    #[inline(always)]
    fn pairs(self) -> impl Iterator<Item = [&'a mut T; 2]> {
        self.as_chunks_mut().0.iter_mut().map(<[T; 2]>::each_mut)
    }
}

impl<A: Entries, B: Entries> Entries for (A, B) {
    type Entry = (A::Entry, B::Entry);
    #[inline(always)]
    fn each(self) -> impl Iterator<Item = Self::Entry> {
        self.0.each().zip(self.1.each())
    }
    #[inline(always)]
    fn pairs(self) -> impl Iterator<Item = [Self::Entry; 2]> {
        self.0.pairs().zip(self.1.pairs()).map(|([a, b], [c, d])| [(a, c), (b, d)])
    }
}

/// All windows and taps of one plane, a row of windows after the other.
fn stretches(geometry: &Geometry) -> Vec<Stretch> {
    let Geometry { input, output, kernel, stride, dilation, padding } = *geometry;
    let pairs = [kernel[2], stride[2], dilation[2]] == [2, 2, 1] && padding[2] == 0;
    let pairs = pairs && output[2] * 2 <= input[2];
    let mut stretches = Vec::new();
    let rows = Geometry { padding: [padding[0], padding[1], 0], ..*geometry };
    for [d, h, _] in coordinates([output[0], output[1], 1]) {
        for tap in coordinates(kernel).filter(|tap| !pairs || tap[2] == 0) {
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
                    pairs,
                });
            }
        }
    }
    stretches
}

/// Makes planes of `size` from planes of `arrays`.
fn planes<T: Float, const INPUTS: usize>(
    arrays: [ArrayView5<'_, T>; INPUTS],
    size: [usize; 3],
    start: T,
    geometry: &Geometry,
    work: impl Work<T, INPUTS>,
) -> Array5<T> {
    let (batch, channels) = (arrays[0].shape()[0], arrays[0].shape()[1]);
    let volume: usize = size.iter().product();
    let standard = arrays.each_ref().map(|array| array.as_standard_layout());
    let slices = standard.each_ref().map(|array| array.as_slice().unwrap_or_default());
    let phases = Phases::of(geometry);
    let plain = if phases.is_none() { stretches(geometry) } else { Vec::new() };
    let stretches = phases.as_ref().map_or(&plain, |phases| &phases.stretches);
    let mut result = memory::take(batch * channels * volume);
    let shared = Shared::new(&mut result);
    let entries: usize = stretches.iter().map(|stretch| stretch.count).sum();
    let count = batch * channels;
    parallel::each(count, count * entries, |plane, scratch: &mut Scratch<T>| {
        let inputs = slices.map(|values| {
            let length = values.len() / count;
            &values[plane * length..][..length]
        });
        // SAFETY: every plane is one job's own.
        let result = unsafe { shared.part(plane * volume, volume) };
        let layout = phases.as_ref();
        dispatch(OnPlane { work, result, inputs, stretches, layout, start, scratch });
    });
    Array5::from_shape_vec((batch, channels, size[0], size[1], size[2]), result).expect("a plane a channel")
}

struct OnPlane<'a, T, W, const INPUTS: usize> {
    work: W,
    result: &'a mut [T],
    inputs: [&'a [T]; INPUTS],
    stretches: &'a [Stretch],
    /// How planes are laid out for the stretches, if they are.
    layout: Option<&'a Phases>,
    /// What a result begins with.
    start: T,
    scratch: &'a mut Scratch<T>,
}

impl<T: Float, W: Work<T, INPUTS>, const INPUTS: usize> Kernel<T> for OnPlane<'_, T, W, INPUTS> {
    type Output = ();

    /// Its loops are plain; the compiler makes them as wide as the registers are.
    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let Self { work, result, inputs, stretches, layout, start, scratch } = self;
        // Here and not for all planes at once: this one stays in the cache until it is done.
        result.fill(start);
        let Some(layout) = layout else { return work.plane(result, inputs, stretches) };
        let sizes = W::READS.map(|side| layout.volume(side));
        let (mut rest, laid_result) = scratch.two(sizes.iter().sum(), layout.volume(W::WRITES));
        let outside = work.outside();
        let laid: [&[T]; INPUTS] = std::array::from_fn(|input| {
            let (laid, behind) = std::mem::take(&mut rest).split_at_mut(sizes[input]);
            rest = behind;
            layout.lay(inputs[input], W::READS[input], outside[input], laid);
            &*laid
        });
        laid_result.fill(start);
        work.plane(laid_result, laid, stretches);
        layout.take(laid_result, W::WRITES, result);
    }
}
