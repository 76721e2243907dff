//! Dense products, convolution and pooling as their formulas read.

use ndarray::{Array2, Array5, ArrayView2, ArrayView5};

use super::{Geometry, coordinates};
use crate::layers::{Award, Ties};
use crate::lens::WeightLens;
use crate::tensor::Float;

/// See [`dense::product`](super::dense::product).
pub(crate) fn product<T: Float>(
    x: ArrayView2<'_, T>,
    weights: ArrayView2<'_, T>,
    lens: WeightLens,
) -> Array2<T> {
    Array2::from_shape_fn((x.nrows(), weights.ncols()), |(n, j)| {
        (0..weights.nrows()).map(|i| x[[n, i]] * lens.see(weights[[i, j]])).sum()
    })
}

/// `z[n, k, o] = Σ_{tap, c} x[n, c, source(o, tap)] · w[tap, c, k]`
pub(crate) fn convolve<T: Float>(
    x: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let [d, h, w] = geometry.output;
    let mut z = Array5::zeros((x.shape()[0], filters.shape()[4], d, h, w));
    visit(geometry, x.shape()[0], filters.shape(), groups, |z_at, x_at, w_at| {
        z[z_at] += x[x_at] * filters[w_at];
    });
    z
}

/// `r[n, c, source(o, tap)] += Σ_k s[n, k, o] · w[tap, c, k]`
pub(crate) fn convolve_transposed<T: Float>(
    s: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let [d, h, w] = geometry.input;
    let mut r = Array5::zeros((s.shape()[0], filters.shape()[3] * groups, d, h, w));
    visit(geometry, s.shape()[0], filters.shape(), groups, |s_at, r_at, w_at| {
        r[r_at] += s[s_at] * filters[w_at];
    });
    r
}

/// `g[tap, c, k] = Σ_{n, o} x[n, c, source(o, tap)] · s[n, k, o]`
pub(crate) fn correlate<T: Float>(
    x: ArrayView5<'_, T>,
    s: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let mut g = Array5::zeros(geometry.filters(x.shape()[1], s.shape()[1], groups));
    let shape = g.shape().to_vec();
    visit(geometry, x.shape()[0], &shape, groups, |s_at, x_at, g_at| {
        g[g_at] += x[x_at] * s[s_at];
    });
    g
}

/// Calls `f(output index, input index, weight index)` for every product a convolution consists of.
fn visit(
    geometry: &Geometry,
    batch: usize,
    filters: &[usize],
    groups: usize,
    mut f: impl FnMut([usize; 5], [usize; 5], [usize; 5]),
) {
    let (inputs, outputs) = (filters[3], filters[4]);
    for n in 0..batch {
        for o in coordinates(geometry.output) {
            for tap in coordinates(geometry.kernel) {
                let Some(i) = geometry.source(o, tap) else { continue };
                for k in 0..outputs {
                    let group = k / (outputs / groups);
                    for c in 0..inputs {
                        let channel = group * inputs + c;
                        f(
                            [n, k, o[0], o[1], o[2]],
                            [n, channel, i[0], i[1], i[2]],
                            [tap[0], tap[1], tap[2], c, k],
                        );
                    }
                }
            }
        }
    }
}

/// See [`pool::sum`](super::pool::sum).
pub(crate) fn sum<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    let mut z = output(x.shape(), geometry, T::zero());
    visit_windows(x.shape(), geometry, |o, i| z[o] += tap * x[i]);
    z
}

/// See [`pool::spread`](super::pool::spread).
pub(crate) fn spread<T: Float>(signal: ArrayView5<'_, T>, geometry: &Geometry, tap: T) -> Array5<T> {
    let (shape, [d, h, w]) = (signal.shape(), geometry.input);
    let mut r = Array5::zeros((shape[0], shape[1], d, h, w));
    visit_windows(shape, geometry, |o, i| r[i] += tap * signal[o]);
    r
}

/// See [`pool::max`](super::pool::max).
pub(crate) fn max<T: Float>(x: ArrayView5<'_, T>, geometry: &Geometry) -> Array5<T> {
    let mut y = output(x.shape(), geometry, T::neg_infinity());
    visit_windows(x.shape(), geometry, |o, i| {
        if x[i] > y[o] || x[i].is_nan() {
            y[o] = x[i];
        }
    });
    y
}

/// See [`pool::to_winners`](super::pool::to_winners).
pub(crate) fn to_winners<T: Float>(
    [x, y, signal]: [ArrayView5<'_, T>; 3],
    geometry: &Geometry,
    award: Award,
) -> Array5<T> {
    let mut winners: Array5<T> = Array5::zeros(y.raw_dim());
    visit_windows(x.shape(), geometry, |o, i| {
        if x[i] == y[o] {
            winners[o] += T::one();
        }
    });
    let mut r = Array5::zeros(x.raw_dim());
    let mut given = Array5::from_elem(y.raw_dim(), false);
    visit_windows(x.shape(), geometry, |o, i| {
        if x[i] == y[o] {
            r[i] += match award {
                Award::Ties(Ties::Share) => signal[o] / winners[o],
                Award::Ties(Ties::First) if given[o] => T::zero(),
                Award::Ties(Ties::First) | Award::Each => signal[o],
            };
            given[o] = true;
        }
    });
    r
}

/// Calls `f(output index, input index)` for every entry of every window.
fn visit_windows(shape: &[usize], geometry: &Geometry, mut f: impl FnMut([usize; 5], [usize; 5])) {
    for n in 0..shape[0] {
        for c in 0..shape[1] {
            for o in coordinates(geometry.output) {
                for tap in coordinates(geometry.kernel) {
                    if let Some(i) = geometry.source(o, tap) {
                        f([n, c, o[0], o[1], o[2]], [n, c, i[0], i[1], i[2]]);
                    }
                }
            }
        }
    }
}

fn output<T: Float>(x: &[usize], geometry: &Geometry, value: T) -> Array5<T> {
    let [d, h, w] = geometry.output;
    Array5::from_elem((x[0], x[1], d, h, w), value)
}
