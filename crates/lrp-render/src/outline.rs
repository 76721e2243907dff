//! Canny's edge detector, step by step as scikit-image computes it.

use ndarray::{Array2, ArrayView2, Axis, Zip};

use crate::error::Error;
use crate::plane::check_plane;
use crate::smooth::{check_sigma, smoothed};

/// The sigma of the toolbox's outlines.
pub(crate) const DEFAULT_SIGMA: f64 = 2.0;

/// Ridges below this gradient are dropped. Held in single precision by the reference, so `0.1` itself passes
/// only by that much more.
const LOW_THRESHOLD: f64 = 0.1_f32 as f64;
/// A connected ridge needs one pixel of at least this gradient to stay.
const HIGH_THRESHOLD: f64 = 0.2;

/// The edges of an image `[h, w]` with values around `[0, 1]`, as a mask of the same shape.
///
/// Smooth with a Gaussian of width `sigma`, take Sobel gradients, keep the pixels that are maximal across
/// the edge and have a gradient of at least 0.1, then keep those connected groups of them (8 neighbours)
/// that reach 0.2. The outermost pixels are never edges. Source: Canny (1986).
///
/// # Errors
/// A value that is not finite, an empty image, a sigma outside `(0, 1000]`.
///
/// ```
/// use lrp_render::canny;
/// use ndarray::Array2;
///
/// let step = Array2::from_shape_fn((9, 9), |(_, column)| if column < 5 { 0.0 } else { 1.0 });
/// let edges = canny(step.view(), 1.0)?;
/// assert!(edges[[4, 4]] || edges[[4, 5]]);
/// assert!(!edges[[4, 1]]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn canny(image: ArrayView2<'_, f64>, sigma: f64) -> Result<Array2<bool>, Error> {
    check_plane("outline image", image)?;
    check_sigma("outline sigma", sigma)?;
    let smooth = smoothed(image, sigma);
    let down = sobel(&smooth, Axis(0));
    let right = sobel(&smooth, Axis(1));
    let magnitude = Zip::from(&down).and(&right).map_collect(|d, r| (d * d + r * r).sqrt());
    Ok(connected(&thinned(&down, &right, &magnitude)))
}

/// Derivative `[-1, 0, 1]` along `axis`, weighted `[1, 2, 1]` across it, edge pixels repeated outside.
fn sobel(plane: &Array2<f64>, axis: Axis) -> Array2<f64> {
    let derivative = filtered(plane, axis, |before, _, after| after - before);
    filtered(&derivative, Axis(1 - axis.index()), |before, middle, after| 2.0 * middle + (before + after))
}

fn filtered(plane: &Array2<f64>, axis: Axis, formula: fn(f64, f64, f64) -> f64) -> Array2<f64> {
    let mut result = plane.clone();
    for (mut to, from) in result.lanes_mut(axis).into_iter().zip(plane.lanes(axis)) {
        let last = from.len() - 1;
        for (index, value) in to.iter_mut().enumerate() {
            *value = formula(from[index.saturating_sub(1)], from[index], from[(index + 1).min(last)]);
        }
    }
    result
}

/// The magnitude where it is maximal across the edge, elsewhere zero.
fn thinned(down: &Array2<f64>, right: &Array2<f64>, magnitude: &Array2<f64>) -> Array2<f64> {
    let (height, width) = magnitude.dim();
    Array2::from_shape_fn((height, width), |(row, column)| {
        let inside =
            (1..height.saturating_sub(1)).contains(&row) && (1..width.saturating_sub(1)).contains(&column);
        let at = [row, column];
        if inside && magnitude[at] >= LOW_THRESHOLD && is_maximal(down[at], right[at], magnitude, at) {
            magnitude[at]
        } else {
            0.0
        }
    })
}

/// Whether an inner pixel is at least as steep as the two points one step along its gradient.
///
/// Each point lies between a straight and a diagonal neighbour and is interpolated from both.
fn is_maximal(down: f64, right: f64, magnitude: &Array2<f64>, [row, column]: [usize; 2]) -> bool {
    let slant = if (down > 0.0) == (right > 0.0) { 1 } else { -1 };
    let (straight, diagonal, weight) = if down.abs() > right.abs() {
        ([1, 0], [1, slant], right.abs() / down.abs())
    } else {
        ([0, 1], [slant, 1], down.abs() / right.abs())
    };
    let neighbour = |[rows, columns]: [isize; 2], side: isize| {
        magnitude[[row.wrapping_add_signed(side * rows), column.wrapping_add_signed(side * columns)]]
    };
    [1, -1].into_iter().all(|side| {
        let between = neighbour(diagonal, side) * weight + neighbour(straight, side) * (1.0 - weight);
        between <= magnitude[[row, column]]
    })
}

/// The ridges that can be reached from a pixel above the high threshold.
fn connected(ridges: &Array2<f64>) -> Array2<bool> {
    let mut kept = ridges.mapv(|value| value >= HIGH_THRESHOLD);
    let mut open: Vec<_> = kept.indexed_iter().filter(|&(_, &strong)| strong).map(|(at, _)| at).collect();
    while let Some((row, column)) = open.pop() {
        for near_row in row.saturating_sub(1)..=row + 1 {
            for near_column in column.saturating_sub(1)..=column + 1 {
                let at = (near_row, near_column);
                if ridges.get(at).is_some_and(|&value| value > 0.0) && !kept[at] {
                    kept[at] = true;
                    open.push(at);
                }
            }
        }
    }
    kept
}
