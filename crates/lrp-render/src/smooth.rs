//! Gaussian smoothing of planes.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use crate::error::Error;
use crate::plane::check_plane;

/// Widest smoothing allowed: it bounds the kernel, and pictures are seldom wider.
const MAX_SIGMA: f64 = 1000.0;

/// Relevance `[h, w]` smoothed by a Gaussian of width `sigma`, in values.
///
/// Each value becomes a mean of those around it, up to a distance of `4 sigma`; near the border, of those that are
/// there. So a plane of one value stays as it is, and the total may change a little.
///
/// # Errors
/// A value that is not finite, an empty plane, a sigma outside `(0, 1000]`.
///
/// ```
/// use lrp_render::blur;
/// use ndarray::Array2;
///
/// let mut dot = Array2::zeros((9, 9));
/// dot[[4, 4]] = 1.0;
/// let soft = blur(dot.view(), 1.0)?;
/// assert!(soft[[4, 4]] < 0.2 && soft[[4, 5]] > 0.09);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn blur(relevance: ArrayView2<'_, f64>, sigma: f64) -> Result<Array2<f64>, Error> {
    check_plane("relevance", relevance)?;
    check_sigma("blur sigma", sigma)?;
    Ok(smoothed(relevance, sigma))
}

pub(crate) fn check_sigma(what: &'static str, sigma: f64) -> Result<(), Error> {
    if sigma > 0.0 && sigma <= MAX_SIGMA {
        return Ok(());
    }
    Err(Error::option(what, sigma, "a number above 0, at most 1000"))
}

/// Gaussian smoothing, with zeros outside the image and their share divided out again.
pub(crate) fn smoothed(image: ArrayView2<'_, f64>, sigma: f64) -> Array2<f64> {
    let kernel = half_gaussian(sigma);
    let inside = blurred(Array2::ones(image.dim()), &kernel);
    let blurred = blurred(image.to_owned(), &kernel);
    Zip::from(&blurred).and(&inside).map_collect(|value, share| value / (share + f64::EPSILON))
}

/// Weights at distances `0..=trunc(4 sigma + 0.5)`; both sides together sum to one.
fn half_gaussian(sigma: f64) -> Vec<f64> {
    let radius = (4.0 * sigma + 0.5) as usize;
    let weight = |x: usize| (-0.5 / (sigma * sigma) * (x * x) as f64).exp();
    let both_sides: Vec<f64> = (0..=2 * radius).map(|index| weight(index.abs_diff(radius))).collect();
    let sum = pairwise_sum(&both_sides);
    both_sides[radius..].iter().map(|weight| weight / sum).collect()
}

/// A sum in numpy's order: on plateaus of an image two gradients are equal or not by their last bit.
fn pairwise_sum(values: &[f64]) -> f64 {
    if values.len() > 128 {
        let (left, right) = values.split_at(values.len() / 2 / 8 * 8);
        return pairwise_sum(left) + pairwise_sum(right);
    }
    let (chunks, rest) = values.as_chunks::<8>();
    let [a, b, c, d, e, f, g, h] = chunks
        .iter()
        .copied()
        .reduce(|sums, chunk| std::array::from_fn(|k| sums[k] + chunk[k]))
        .unwrap_or_default();
    rest.iter().fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, value| sum + value)
}

fn blurred(mut plane: Array2<f64>, kernel: &[f64]) -> Array2<f64> {
    for axis in [Axis(0), Axis(1)] {
        for mut lane in plane.lanes_mut(axis) {
            let values = lane.to_vec();
            let at = |index: Option<usize>| index.and_then(|index| values.get(index)).copied().unwrap_or(0.0);
            for (index, value) in lane.iter_mut().enumerate() {
                // From the far end inwards: edges are compared for equality later, so the order counts.
                let pairs = kernel.iter().enumerate().skip(1).rev();
                *value = pairs.fold(values[index] * kernel[0], |sum, (x, weight)| {
                    sum + (at(index.checked_sub(x)) + at(Some(index + x))) * weight
                });
            }
        }
    }
    plane
}
