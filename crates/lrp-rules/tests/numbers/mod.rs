//! Numbers for tests: the same on every machine, in either precision.

#![allow(dead_code, reason = "each test file uses a part")]

use lrp_core::{Float, Tensor, cast};

/// Numbers spread evenly over `[-1, 1)`; equal seeds give equal numbers.
pub(crate) fn tensor<T: Float>(seed: u64, shape: &[usize]) -> Tensor<T> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let bits = u32::try_from((mixed ^ (mixed >> 31)) >> 40).expect("24 bits are left");
        f64::from(bits) / f64::from(1 << 23) - 1.0
    };
    cast(&Tensor::<f64>::from_shape_simple_fn(shape, &mut next))
}

/// Multiples of `step` between `low · step` and `high · step`.
///
/// Sums of their products are exact in either precision, so a denominator is what it should be to the last
/// bit however it is summed, and an offset no sum of steps can undo keeps it away from zero.
pub(crate) fn grid<T: Float>(seed: u64, shape: &[usize], low: i32, high: i32, step: f64) -> Tensor<T> {
    let choices = f64::from(high - low + 1);
    let pick = |u: f64| (f64::from(low) + ((u + 1.0) / 2.0 * choices).floor()) * step;
    cast(&tensor::<f64>(seed, shape).mapv(pick))
}

/// The largest magnitude.
pub(crate) fn largest<T: Float>(values: &Tensor<T>) -> f64 {
    values.iter().fold(0.0, |top: f64, &value| top.max(value.as_f64().abs()))
}

/// The largest difference between two arrays of one shape, in units of the largest expected entry.
pub(crate) fn distance<T: Float, U: Float>(found: &Tensor<T>, expected: &Tensor<U>) -> f64 {
    assert_eq!(found.shape(), expected.shape(), "arrays to compare have one shape");
    let (found, expected) = (cast::<T, f64>(found), cast::<U, f64>(expected));
    assert!(found.iter().all(|value| value.is_finite()), "{found} is finite");
    let difference = largest(&(&found - &expected));
    if difference == 0.0 { 0.0 } else { difference / largest(&expected) }
}
