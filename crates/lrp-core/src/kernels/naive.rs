//! Convolution as its formula reads.

use ndarray::{Array5, ArrayView5};

use super::{Geometry, coordinates};
use crate::tensor::Float;

/// `z[n, o, k] = Σ_{tap, c} x[n, source(o, tap), c] · w[tap, c, k]`
pub(crate) fn convolve<T: Float>(
    x: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let [d, h, w] = geometry.output;
    let mut z = Array5::zeros((x.shape()[0], d, h, w, filters.shape()[4]));
    visit(geometry, x.shape()[0], filters.shape(), groups, |z_at, x_at, w_at| {
        z[z_at] += x[x_at] * filters[w_at];
    });
    z
}

/// `r[n, source(o, tap), c] += Σ_k s[n, o, k] · w[tap, c, k]`
pub(crate) fn convolve_transposed<T: Float>(
    s: ArrayView5<'_, T>,
    filters: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let [d, h, w] = geometry.input;
    let mut r = Array5::zeros((s.shape()[0], d, h, w, filters.shape()[3] * groups));
    visit(geometry, s.shape()[0], filters.shape(), groups, |s_at, r_at, w_at| {
        r[r_at] += s[s_at] * filters[w_at];
    });
    r
}

/// `g[tap, c, k] = Σ_{n, o} x[n, source(o, tap), c] · s[n, o, k]`
pub(crate) fn correlate<T: Float>(
    x: ArrayView5<'_, T>,
    s: ArrayView5<'_, T>,
    geometry: &Geometry,
    groups: usize,
) -> Array5<T> {
    let mut g = Array5::zeros(geometry.filters(x.shape()[4], s.shape()[4], groups));
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
                            [n, o[0], o[1], o[2], k],
                            [n, i[0], i[1], i[2], channel],
                            [tap[0], tap[1], tap[2], c, k],
                        );
                    }
                }
            }
        }
    }
}
