//! What the arithmetic is measured against.

use std::hint::black_box;
use std::time::Instant;

use super::simd::{Kernel, Lanes, dispatch};
use crate::tensor::Float;

/// Sums that wait for each other nowhere: two units with a latency of four are kept busy by eight.
const SUMS: usize = 12;

/// Floating point operations a second that one thread of this processor reaches with nothing to read or write, two for
/// a multiply-add; measured in about `milliseconds`.
///
/// Benchmarks say with it how near to the machine a kernel is.
#[must_use]
pub fn peak_rate<T: Float>(milliseconds: u64) -> f64 {
    const STEPS: usize = 20_000;
    let (start, mut fastest) = (Instant::now(), f64::INFINITY);
    while start.elapsed().as_millis() < u128::from(milliseconds) {
        let start = Instant::now();
        let lanes = black_box(dispatch(Sums { steps: STEPS, factor: black_box(T::one()) }));
        fastest = fastest.min(start.elapsed().as_secs_f64() / (2 * SUMS * STEPS * lanes) as f64);
    }
    1.0 / fastest
}

struct Sums<T> {
    steps: usize,
    factor: T,
}

impl<T: Float> Kernel<T> for Sums<T> {
    type Output = usize;

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) -> usize {
        // SAFETY: arithmetic inside registers, which the caller has; an array as long as the longest register.
        unsafe {
            let factor = V::splat(self.factor);
            let mut sums = [V::splat(T::zero()); SUMS];
            for _ in 0..self.steps {
                for sum in &mut sums {
                    *sum = factor.mul_add(*sum, factor);
                }
            }
            for sum in sums {
                let mut values = [T::zero(); super::tile::REGISTER];
                sum.store(values.as_mut_ptr());
                black_box(values);
            }
            V::COUNT
        }
    }
}
