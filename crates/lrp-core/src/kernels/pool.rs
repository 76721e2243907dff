//! Pooling over windows `[n, d, h, w, c]`, a channel at a time.

use ndarray::{Array5, ArrayView5, s};

use super::{Geometry, coordinates};
use crate::tensor::Float;

/// `z[n, o, c] = tap · Σ_window x[n, i, c]`
pub(crate) fn sum<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    let mut z = output(x.shape(), geometry, T::zero());
    visit(geometry, |o, i| {
        z.slice_mut(s![.., o[0], o[1], o[2], ..]).scaled_add(tap, &x.slice(s![.., i[0], i[1], i[2], ..]));
    });
    z
}

/// `r[n, i, c] = tap · Σ_{windows o over i} s[n, o, c]`: the transpose of [`sum`].
pub(crate) fn spread<T: Float>(signal: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    let mut r = input(signal.shape(), geometry);
    visit(geometry, |o, i| {
        r.slice_mut(s![.., i[0], i[1], i[2], ..])
            .scaled_add(tap, &signal.slice(s![.., o[0], o[1], o[2], ..]));
    });
    r
}

/// `y[n, o, c] = max_window x[n, i, c]`; the padding never wins and NaN always does.
pub(crate) fn max<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry) -> Array5<T> {
    let mut y = output(x.shape(), geometry, T::neg_infinity());
    visit(geometry, |o, i| {
        y.slice_mut(s![.., o[0], o[1], o[2], ..]).zip_mut_with(
            &x.slice(s![.., i[0], i[1], i[2], ..]),
            |y, &x| {
                if x > *y || x.is_nan() {
                    *y = x;
                }
            },
        );
    });
    y
}

/// How many entries of each window equal its maximum.
pub(crate) fn count_winners<T: Float>(
    x: ArrayView5<'_, T>,
    y: ArrayView5<'_, T>,
    geometry: &Geometry,
) -> Array5<T> {
    let mut count = Array5::zeros(y.raw_dim());
    visit(geometry, |o, i| {
        let at = s![.., o[0], o[1], o[2], ..];
        ndarray::Zip::from(count.slice_mut(at))
            .and(y.slice(at))
            .and(x.slice(s![.., i[0], i[1], i[2], ..]))
            .for_each(|count, y, x| *count += if x == y { T::one() } else { T::zero() });
    });
    count
}

/// Hands `signal` of each window to every entry that equals its maximum.
pub(crate) fn to_winners<T: Float>(
    x: ArrayView5<'_, T>,
    y: ArrayView5<'_, T>,
    signal: ArrayView5<'_, T>,
    geometry: &Geometry,
) -> Array5<T> {
    let mut r = Array5::zeros(x.raw_dim());
    visit(geometry, |o, i| {
        let (from, to) = (s![.., o[0], o[1], o[2], ..], s![.., i[0], i[1], i[2], ..]);
        ndarray::Zip::from(r.slice_mut(to))
            .and(x.slice(to))
            .and(y.slice(from))
            .and(signal.slice(from))
            .for_each(|r, x, y, &s| {
                if x == y {
                    *r += s;
                }
            });
    });
    r
}

/// Calls `f(output position, input position)` for every entry of every window.
fn visit(geometry: &Geometry, mut f: impl FnMut([usize; 3], [usize; 3])) {
    for o in coordinates(geometry.output) {
        for tap in coordinates(geometry.kernel) {
            if let Some(i) = geometry.source(o, tap) {
                f(o, i);
            }
        }
    }
}

fn output<T: Float>(x: &[usize], geometry: &Geometry, value: T) -> Array5<T> {
    let [d, h, w] = geometry.output;
    Array5::from_elem((x[0], d, h, w, x[4]), value)
}

fn input<T: Float>(signal: &[usize], geometry: &Geometry) -> Array5<T> {
    let [d, h, w] = geometry.input;
    Array5::zeros((signal[0], d, h, w, signal[4]))
}
