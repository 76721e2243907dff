//! Relevance over the photo it is about.

use ndarray::ArrayView2;

use crate::error::Error;
use crate::heatmap::{HeatmapOptions, Normalization, check_scale, heatmap};
use crate::picture::Picture;
use crate::plane::{check_plane, max_abs};

/// Paints relevance `[h, w]` over a photo of the same size, which keeps its brightness and loses its colours.
///
/// A pixel of relevance `R` is `1 − a` photo and `a` of the colour of `±a`, `a = √(|R| / scale)`: where nothing is
/// relevant the photo is seen, where most is the end of the map. The root keeps weak relevance visible.
///
/// # Errors
/// As [`heatmap`], and a photo of another size.
///
/// ```
/// use lrp_render::{HeatmapOptions, Picture, colormap, overlay};
/// use ndarray::array;
///
/// let photo = Picture::filled(1, 3, [0.0, 1.0, 0.0])?;
/// let options = HeatmapOptions { scaling: 1, colormap: colormap("seismic")?, ..HeatmapOptions::default() };
/// let painted = overlay(&photo, array![[0.0, 0.5, -2.0]].view(), &options)?;
/// assert_eq!(painted.color(0, 0), [0.587; 3]);
/// assert_eq!(painted.color(0, 2), [0.0, 0.0, 0.3]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn overlay(
    photo: &Picture,
    relevance: ArrayView2<'_, f64>,
    options: &HeatmapOptions<'_>,
) -> Result<Picture, Error> {
    check_plane("relevance", relevance)?;
    check_scale(options.normalization)?;
    let (scale, middle) = match options.normalization {
        Normalization::MaxAbs => (max_abs(relevance), 0.0),
        Normalization::Shared(scale) => (scale, 0.0),
        Normalization::Unit => (0.5, 0.5),
    };
    let root =
        |value: f64| if value == 0.0 { 0.0 } else { value.signum() * (value.abs() / scale).min(1.0).sqrt() };
    let rooted = relevance.mapv(|value| root(value - middle));
    let painted = heatmap(
        rooted.view(),
        &HeatmapOptions { normalization: Normalization::Shared(1.0), ..options.clone() },
    )?;
    let ground = ground(photo, relevance)?.enlarged(options.scaling)?;
    let share = |row: usize, column: usize| rooted[[row / options.scaling, column / options.scaling]].abs();
    Ok(mixed(ground, &painted, share))
}

/// Mixes a heatmap of relevance `[h, w]` evenly into a photo of the same size that has lost its colours:
/// `1 − share` photo and `share` heatmap.
///
/// # Errors
/// As [`overlay`], and a share outside 0 to 1.
///
/// ```
/// use lrp_render::{BLACK, HeatmapOptions, Picture, blend, colormap};
/// use ndarray::array;
///
/// let options = HeatmapOptions { scaling: 1, colormap: colormap("gray")?, ..HeatmapOptions::default() };
/// let mixed = blend(&Picture::filled(1, 1, BLACK)?, array![[1.0]].view(), 0.25, &options)?;
/// assert_eq!(mixed.color(0, 0), [0.25; 3]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn blend(
    photo: &Picture,
    relevance: ArrayView2<'_, f64>,
    share: f64,
    options: &HeatmapOptions<'_>,
) -> Result<Picture, Error> {
    if !(0.0..=1.0).contains(&share) {
        return Err(Error::option("share of the heatmap", share, "a number from 0 to 1"));
    }
    let painted = heatmap(relevance, options)?;
    Ok(mixed(ground(photo, relevance)?.enlarged(options.scaling)?, &painted, |_, _| share))
}

fn ground(photo: &Picture, relevance: ArrayView2<'_, f64>) -> Result<Picture, Error> {
    let [height, width] = [photo.height(), photo.width()];
    if relevance.dim() != (height, width) {
        let expected = format_args!("{:?} rows and columns, as the relevance", relevance.shape());
        return Err(Error::shape("photo", photo.pixels().shape(), expected));
    }
    Ok(photo.grayed())
}

fn mixed(mut ground: Picture, painted: &Picture, share: impl Fn(usize, usize) -> f64) -> Picture {
    for row in 0..ground.height() {
        for column in 0..ground.width() {
            ground.blend(row, column, painted.color(row, column), share(row, column));
        }
    }
    ground
}
