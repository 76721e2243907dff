//! Pictures of another size, as ImageMagick 6 makes them with numbers of 16 bits.

use std::ops::Range;

use ndarray::{Array3, Axis, Slice};

use crate::error::Result;
use crate::limits::Limits;
use crate::separable::{Kernel, LANCZOS, Taps, along, taps};

/// White, and fully opaque.
pub(super) const FULL: f64 = 65_535.0;

/// What becomes of one side: so many pixels, of which only some are wanted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Side {
    /// Pixels of the whole side after resizing.
    pub(super) full: usize,
    /// Those that are kept.
    pub(super) kept: Range<usize>,
}

/// What there is to know of a picture before its filter is chosen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kind {
    /// Whether its last channel is its opacity.
    pub(super) alpha: bool,
    /// Whether its colours are those of a palette, as grey of up to eight bits is to ImageMagick.
    pub(super) palette: bool,
}

/// A picture `[h, w, c]` of whole numbers up to [`FULL`] in another size, rounded to such in each pass.
///
/// Colours count as much as they are opaque. Rows and columns that are not kept are not computed.
pub(super) fn resample(
    picture: Array3<f64>,
    kind: Kind,
    [rows, columns]: [Side; 2],
    limits: &Limits,
) -> Result<Array3<f64>> {
    let (height, width, channels) = picture.dim();
    if [rows.full, columns.full] == [height, width] {
        let rows = picture.slice_axis_move(Axis(0), Slice::from(rows.kept));
        return Ok(rows.slice_axis_move(Axis(1), Slice::from(columns.kept)));
    }
    let growth = |side: &Side, length: usize| side.full as f64 / length as f64;
    let (taller, wider) = (growth(&rows, height), growth(&columns, width));
    let kernel = if kind.alpha || kind.palette || taller * wider > 1.0 { MITCHELL } else { LANCZOS };
    let rows = (Axis(0), weights(height, &rows, kernel));
    let columns = (Axis(1), weights(width, &columns, kernel));
    let (first, second) = if wider > taller { (columns, rows) } else { (rows, columns) };
    let between = picture.len() / picture.len_of(first.0).max(1) * first.1.len();
    limits.check_elements(between)?;
    limits.elements(&[first.1.len(), second.1.len(), channels])?;
    let picture = pass(picture, kind, first);
    Ok(pass(picture, kind, second))
}

/// What ImageMagick adds to the middle of every filter; it decides on which side a value half way is rounded.
const NUDGE: f64 = 1e-12;

fn weights(length: usize, side: &Side, kernel: Kernel) -> Vec<Taps> {
    let growth = side.full as f64 / length as f64;
    let wider = growth.recip().max(1.0);
    side.kept
        .clone()
        .map(|pixel| taps((pixel as f64 + 0.5) / growth + NUDGE, wider, kernel, length))
        .collect()
}

fn pass(mut picture: Array3<f64>, kind: Kind, (axis, taps): (Axis, Vec<Taps>)) -> Array3<f64> {
    if kind.alpha {
        by_opacity(&mut picture, |color, opacity| color * opacity);
    }
    let mut resized = along(picture.view(), axis, &taps);
    if kind.alpha {
        by_opacity(&mut resized, |color, opacity| if opacity == 0.0 { 0.0 } else { color / opacity });
    }
    resized.mapv_inplace(|value| (value + 0.5).floor().clamp(0.0, FULL));
    resized
}

fn by_opacity(picture: &mut Array3<f64>, change: impl Fn(f64, f64) -> f64) {
    let last = picture.len_of(Axis(2)).saturating_sub(1);
    let (mut colors, alpha) = picture.view_mut().split_at(Axis(2), last);
    for mut color in colors.axis_iter_mut(Axis(2)) {
        let alpha = alpha.index_axis(Axis(2), 0);
        color.zip_mut_with(&alpha, |color, &opacity| *color = change(*color, opacity / FULL));
    }
}

/// The cubic of Mitchell and Netravali, B = C = 1/3, over two pixels on each side.
const MITCHELL: Kernel = (2.0, |x| {
    let x = x.abs();
    if x < 1.0 {
        (7.0 * x * x * x - 12.0 * x * x + 16.0 / 3.0) / 6.0
    } else if x < 2.0 {
        (-7.0 / 3.0 * x * x * x + 12.0 * x * x - 20.0 * x + 32.0 / 3.0) / 6.0
    } else {
        0.0
    }
});
