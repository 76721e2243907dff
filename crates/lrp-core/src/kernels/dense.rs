//! Dense products of few samples, where reading the weights is all the time it takes.
//!
//! Each weight is read once, in the order it lies in memory, and looked at through the lens on the way. Many
//! samples are better served by a blocked product, which `ndarray` has.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2};

use super::memory;
use super::parallel::{self, Scratch, Shared};
use super::simd::{Kernel, Lanes, dispatch};
use crate::lens::WeightLens;
use crate::tensor::Float;

/// Samples from which on a blocked product is faster.
const MANY: usize = 24;

/// Columns that one job sums up at most; the sums stay in the second-level cache. Fewer would read shorter
/// stretches of each row, and a processor looks ahead only within one.
const COLUMNS: usize = 1 << 15;

/// Columns summed up for one sample after the other, so that the weights are still in the first-level cache.
const STRETCH: usize = 1024;

/// Columns that a job has a multiple of, so that two jobs write no cache line in common.
const LINE: usize = 64;

/// Rows one job multiplies with the samples.
const ROWS: usize = 32;

/// Samples that share one pass over the weights.
const FEW: usize = 4;

/// `y[n, c] = Σ_r x[n, r] · lens(w[r, c])`
pub(crate) fn product<T: Float>(
    x: ArrayView2<'_, T>,
    weights: ArrayView2<'_, T>,
    lens: WeightLens,
) -> Array2<T> {
    let (samples, columns) = (x.nrows(), weights.ncols());
    if samples >= MANY {
        return blocked(x, weights, lens);
    }
    let x = x.as_standard_layout();
    let values = x.as_slice().unwrap_or_default();
    if let Some(rows) = weights.as_slice() {
        let mut y = memory::take(samples * columns);
        y.fill(T::zero());
        look(lens, Blend { x: values, samples, weights: rows, columns, y: &Shared::new(&mut y) });
        return Array2::from_shape_vec((samples, columns), y).expect("one row a sample");
    }
    if let Some(columns_in_memory) = weights.t().as_slice() {
        let mut y = memory::take(samples * columns);
        look(lens, Dots { x: values, samples, weights: columns_in_memory, columns, y: &Shared::new(&mut y) });
        return Array2::from_shape_vec((samples, columns), y).expect("one row a sample");
    }
    blocked(x.view(), weights, lens)
}

fn blocked<T: Float>(x: ArrayView2<'_, T>, weights: ArrayView2<'_, T>, lens: WeightLens) -> Array2<T> {
    let mut y = Array2::zeros((x.nrows(), weights.ncols()));
    match lens {
        WeightLens::Value => general_mat_mul(T::one(), &x, &weights, T::zero(), &mut y),
        lens => general_mat_mul(T::one(), &x, &weights.mapv(|w| lens.see(w)), T::zero(), &mut y),
    }
    y
}

/// A lens the compiler knows, so that looking costs an instruction and no decision.
trait Look<T>: Copy + Send + Sync {
    /// # Safety
    /// As [`Lanes`].
    unsafe fn see<V: Lanes<Scalar = T>>(self, w: V) -> V;
    fn see_one(self, w: T) -> T;
}

/// Work to be done through some lens.
trait Through<T> {
    fn through(self, look: impl Look<T>);
}

fn look<T: Float>(lens: WeightLens, work: impl Through<T>) {
    macro_rules! lens {
        ($lens:expr, |$w:ident, $register:ident| $seen:expr) => {{
            #[derive(Clone, Copy)]
            struct Seen(WeightLens);
            impl<T: Float> Look<T> for Seen {
                #[inline(always)]
                unsafe fn see<$register: Lanes<Scalar = T>>(self, $w: $register) -> $register {
                    let _ = self;
                    #[allow(unused_unsafe, reason = "the plain lens does nothing")]
                    // SAFETY: the caller has the instructions of the register.
                    unsafe {
                        $seen
                    }
                }
                #[inline(always)]
                fn see_one(self, w: T) -> T {
                    self.0.see(w)
                }
            }
            work.through(Seen($lens))
        }};
    }
    #[derive(Clone, Copy)]
    struct Tilted<T>(WeightLens, T);
    impl<T: Float> Look<T> for Tilted<T> {
        #[inline(always)]
        unsafe fn see<V: Lanes<Scalar = T>>(self, w: V) -> V {
            // SAFETY: the caller has the instructions of the register.
            unsafe {
                let part = if matches!(self.0, WeightLens::Lift(_)) { w.positive() } else { w.negative() };
                V::splat(self.1).mul_add(part, w)
            }
        }
        #[inline(always)]
        fn see_one(self, w: T) -> T {
            self.0.see(w)
        }
    }
    match lens {
        WeightLens::Value => lens!(lens, |w, V| w),
        WeightLens::Positive => lens!(lens, |w, V| w.positive()),
        WeightLens::Negative => lens!(lens, |w, V| w.negative()),
        WeightLens::One => lens!(lens, |_w, V| V::splat(T::one())),
        WeightLens::Square => lens!(lens, |w, V| w.mul(w)),
        // The positive part less the negative one.
        WeightLens::Magnitude => lens!(lens, |w, V| V::splat(-T::one()).mul_add(w.negative(), w.positive())),
        WeightLens::Lift(gamma) | WeightLens::Sink(gamma) => work.through(Tilted(lens, T::of(gamma))),
    }
}

/// Rows of weights added up, each as often as the samples say; rows that no sample asks for are not read.
struct Blend<'a, T> {
    x: &'a [T],
    samples: usize,
    weights: &'a [T],
    columns: usize,
    y: &'a Shared<T>,
}

impl<T: Float> Through<T> for Blend<'_, T> {
    fn through(self, look: impl Look<T>) {
        let rows = self.x.len() / self.samples;
        let asked = |&row: &usize| (0..self.samples).any(|n| !self.x[n * rows + row].is_zero());
        let asked: Vec<usize> = (0..rows).filter(asked).collect();
        let work = asked.len() * self.columns;
        let share = parallel::share(self.columns, work).next_multiple_of(LINE).min(COLUMNS);
        parallel::each(self.columns.div_ceil(share), work, |job, _: &mut Scratch<T>| {
            let columns = job * share..self.columns.min((job + 1) * share);
            dispatch(BlendColumns { all: &self, rows, asked: &asked, columns, look });
        });
    }
}

struct BlendColumns<'a, T, L> {
    all: &'a Blend<'a, T>,
    rows: usize,
    asked: &'a [usize],
    columns: Range<usize>,
    look: L,
}

impl<T: Float, L: Look<T>> Kernel<T> for BlendColumns<'_, T, L> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let mut groups = self.asked.chunks_exact(8);
        // SAFETY: the caller has the instructions; each job has columns of its own.
        unsafe {
            for group in &mut groups {
                self.add::<V, 8>(std::array::from_fn(|r| group[r]));
            }
            groups.remainder().iter().for_each(|&row| self.add::<V, 1>([row]));
        }
    }
}

impl<T: Float, L: Look<T>> BlendColumns<'_, T, L> {
    /// Adds `R` rows to the sums of every sample.
    #[inline(always)]
    unsafe fn add<V: Lanes<Scalar = T>, const R: usize>(&self, rows: [usize; R]) {
        let all = self.all;
        for start in self.columns.clone().step_by(STRETCH) {
            let length = STRETCH.min(self.columns.end - start);
            let weights = rows.map(|row| &all.weights[row * all.columns + start..][..length]);
            for n in 0..all.samples {
                let factors = rows.map(|row| all.x[n * self.rows + row]);
                // SAFETY: each job has columns of its own; the caller has the instructions.
                unsafe {
                    self.stretch::<V, R>(all.y.part(n * all.columns + start, length), &weights, factors);
                };
            }
        }
    }

    /// Adds stretches of rows, each times its factor, to `sums` of as many columns.
    #[inline(always)]
    unsafe fn stretch<V: Lanes<Scalar = T>, const R: usize>(
        &self,
        sums: &mut [T],
        weights: &[&[T]; R],
        factors: [T; R],
    ) {
        let whole = sums.len() - sums.len() % V::COUNT;
        // SAFETY: loads and stores stay inside the slices, which are of one length.
        unsafe {
            let wide = factors.map(|x| V::splat(x));
            for at in (0..whole).step_by(V::COUNT) {
                let place = sums.as_mut_ptr().add(at);
                let mut sum = V::load(place);
                for (weights, &x) in weights.iter().zip(&wide) {
                    sum = self.look.see(V::load(weights.as_ptr().add(at))).mul_add(x, sum);
                }
                sum.store(place);
            }
        }
        for at in whole..sums.len() {
            for (weights, &x) in weights.iter().zip(&factors) {
                sums[at] += self.look.see_one(weights[at]) * x;
            }
        }
    }
}

/// Products of samples with columns of weights, each of them one stretch of memory.
struct Dots<'a, T> {
    x: &'a [T],
    samples: usize,
    weights: &'a [T],
    columns: usize,
    y: &'a Shared<T>,
}

impl<T: Float> Through<T> for Dots<'_, T> {
    fn through(self, look: impl Look<T>) {
        parallel::each(self.columns.div_ceil(ROWS), self.weights.len(), |job, _: &mut Scratch<T>| {
            let columns = job * ROWS..self.columns.min((job + 1) * ROWS);
            dispatch(DotColumns { all: &self, columns, look });
        });
    }
}

struct DotColumns<'a, T, L> {
    all: &'a Dots<'a, T>,
    columns: Range<usize>,
    look: L,
}

impl<T: Float, L: Look<T>> Kernel<T> for DotColumns<'_, T, L> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        // SAFETY: the caller has the instructions; each job has columns of its own.
        unsafe {
            let mut column = self.columns.start;
            while column < self.columns.end {
                if self.columns.end - column >= 4 {
                    self.columns::<V, 4>(column);
                    column += 4;
                } else {
                    self.columns::<V, 1>(column);
                    column += 1;
                }
            }
        }
    }
}

impl<T: Float, L: Look<T>> DotColumns<'_, T, L> {
    #[inline(always)]
    unsafe fn columns<V: Lanes<Scalar = T>, const R: usize>(&self, column: usize) {
        // SAFETY: as the caller.
        unsafe {
            let mut n = 0;
            while n < self.all.samples {
                if self.all.samples - n >= FEW {
                    self.multiply::<V, R, FEW>(column, n);
                    n += FEW;
                } else {
                    self.multiply::<V, R, 1>(column, n);
                    n += 1;
                }
            }
        }
    }

    /// `R` columns times `N` samples.
    #[inline(always)]
    unsafe fn multiply<V: Lanes<Scalar = T>, const R: usize, const N: usize>(&self, column: usize, n: usize) {
        let all = self.all;
        let length = all.x.len() / all.samples;
        let weights: [&[T]; R] = std::array::from_fn(|r| &all.weights[(column + r) * length..][..length]);
        let x: [&[T]; N] = std::array::from_fn(|i| &all.x[(n + i) * length..][..length]);
        let whole = length - length % V::COUNT;
        // SAFETY: loads stay inside the slices; each job has columns of its own.
        unsafe {
            let mut sums = [[V::splat(T::zero()); N]; R];
            for at in (0..whole).step_by(V::COUNT) {
                let x = x.map(|x| V::load(x.as_ptr().add(at)));
                for (sums, weights) in sums.iter_mut().zip(&weights) {
                    let w = self.look.see(V::load(weights.as_ptr().add(at)));
                    for (sum, &x) in sums.iter_mut().zip(&x) {
                        *sum = w.mul_add(x, *sum);
                    }
                }
            }
            for (r, sums) in sums.iter().enumerate() {
                for (i, sum) in sums.iter().enumerate() {
                    let mut lanes = [T::zero(); 16];
                    sum.store(lanes.as_mut_ptr());
                    let rest = (whole..length).map(|at| self.look.see_one(weights[r][at]) * x[i][at]);
                    let total = lanes[..V::COUNT].iter().copied().chain(rest).sum();
                    all.y.part((n + i) * all.columns + column + r, 1)[0] = total;
                }
            }
        }
    }
}
