//! Pictures made larger or smaller along one axis: what the filters of Pillow and of ImageMagick share.

use ndarray::{Array3, ArrayView3, Axis};

/// Half the width of a filter, in pixels, and its height at a distance from its middle.
pub(crate) type Kernel = (f64, fn(f64) -> f64);

/// The pixels that one pixel is made of: the first, and the weight of each.
pub(crate) type Taps = (usize, Vec<f64>);

/// The pixels around `middle` on a side of `length` pixels, under a kernel that many times `wider`; their weights
/// add to 1.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sides of pictures, far below 2^52; places below zero become the first pixel"
)]
pub(crate) fn taps(middle: f64, wider: f64, (half, height): Kernel, length: usize) -> Taps {
    let first = (middle - half * wider + 0.5).max(0.0) as usize;
    let end = ((middle + half * wider + 0.5) as usize).min(length);
    let heights: Vec<f64> = (first..end).map(|pixel| height((pixel as f64 - middle + 0.5) / wider)).collect();
    let sum: f64 = heights.iter().sum();
    (first, heights.into_iter().map(|height| height / sum).collect())
}

/// A picture `[h, w, c]` with as many rows (axis 0) or columns (axis 1) as there are taps.
pub(crate) fn along(picture: ArrayView3<'_, f64>, axis: Axis, taps: &[Taps]) -> Array3<f64> {
    let (height, width, channels) = picture.dim();
    let shape = if axis == Axis(0) { (taps.len(), width, channels) } else { (height, taps.len(), channels) };
    let mut resized = Array3::zeros(shape);
    for ((first, weights), mut to) in taps.iter().zip(resized.axis_iter_mut(axis)) {
        for (index, &weight) in weights.iter().enumerate() {
            to.scaled_add(weight, &picture.index_axis(axis, first + index));
        }
    }
    resized
}

/// A sinc under a wider one, over three pixels on each side.
pub(crate) const LANCZOS: Kernel = (3.0, |x| if x.abs() < 3.0 { sinc(x) * sinc(x / 3.0) } else { 0.0 });

fn sinc(x: f64) -> f64 {
    let x = x * std::f64::consts::PI;
    if x == 0.0 { 1.0 } else { x.sin() / x }
}
