//! Relevance over the photo it is about.

use ndarray::{Array2, ArrayView2};

use crate::error::Error;
use crate::heatmap::{HeatmapOptions, Normalization, check_scale, heatmap};
use crate::picture::{BLACK, Picture};
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
    let rooted = bent(relevance, options.normalization, f64::sqrt)?;
    let painted = heatmap(
        rooted.view(),
        &HeatmapOptions { normalization: Normalization::Shared(1.0), ..options.clone() },
    )?;
    Ok(mixed(ground(photo, relevance)?.grayed().enlarged(options.scaling)?, &painted, |row, column| {
        rooted[[row / options.scaling, column / options.scaling]].abs()
    }))
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
    Ok(mixed(ground(photo, relevance)?.grayed().enlarged(options.scaling)?, &painted, |_, _| share))
}

/// Covers a photo with the heatmap of relevance `[h, w]` of the same size; the photo keeps its colours.
///
/// A pixel of relevance `R` is `1 − a` photo and `a` heatmap, `a = (|R| / scale)^gamma`. A gamma below 1 lets weak
/// relevance cover more, one above 1 less. The colours are those of [`heatmap`], where [`overlay`] bends them along.
///
/// # Errors
/// As [`heatmap`], a photo of another size, and a gamma that is not above 0.
///
/// ```
/// use lrp_render::{HeatmapOptions, Picture, colormap, cover};
/// use ndarray::array;
///
/// let photo = Picture::filled(1, 2, [0.0, 1.0, 0.0])?;
/// let options = HeatmapOptions { scaling: 1, colormap: colormap("black-firered")?, ..HeatmapOptions::default() };
/// let painted = cover(&photo, array![[0.0, 2.0]].view(), 1.0, &options)?;
/// assert_eq!((painted.color(0, 0), painted.color(0, 1)), ([0.0, 1.0, 0.0], [1.0; 3]));
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn cover(
    photo: &Picture,
    relevance: ArrayView2<'_, f64>,
    gamma: f64,
    options: &HeatmapOptions<'_>,
) -> Result<Picture, Error> {
    let shares = bent(relevance, options.normalization, power(gamma)?)?;
    let painted = heatmap(relevance, options)?;
    Ok(mixed(ground(photo, relevance)?.enlarged(options.scaling)?, &painted, |row, column| {
        shares[[row / options.scaling, column / options.scaling]].abs()
    }))
}

/// Shows of a photo what relevance `[h, w]` of the same size speaks for: the photo times `(R / scale)^gamma`.
///
/// Where relevance is zero or below the picture is black, where it is largest the photo is as it was.
///
/// # Errors
/// Relevance that is empty or not finite, a photo of another size, a gamma that is not above 0.
///
/// ```
/// use lrp_render::{Normalization, Picture, reveal};
/// use ndarray::array;
///
/// let photo = Picture::filled(1, 3, [0.0, 1.0, 0.5])?;
/// let shown = reveal(&photo, array![[-2.0, 1.0, 2.0]].view(), 2.0, Normalization::MaxAbs)?;
/// assert_eq!([0, 1, 2].map(|column| shown.color(0, column)[1]), [0.0, 0.25, 1.0]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn reveal(
    photo: &Picture,
    relevance: ArrayView2<'_, f64>,
    gamma: f64,
    normalization: Normalization,
) -> Result<Picture, Error> {
    let shares = bent(relevance, normalization, power(gamma)?)?;
    let photo = ground(photo, relevance)?;
    let dark = Picture::filled(photo.height(), photo.width(), BLACK)?;
    Ok(mixed(dark, photo, |row, column| shares[[row, column]].max(0.0)))
}

fn power(gamma: f64) -> Result<impl Fn(f64) -> f64, Error> {
    if gamma > 0.0 && gamma.is_finite() {
        return Ok(move |share: f64| share.powf(gamma));
    }
    Err(Error::option("gamma", gamma, "a finite number above 0"))
}

/// Relevance as `±curve(|R| / scale)`, from -1 to 1.
fn bent(
    relevance: ArrayView2<'_, f64>,
    normalization: Normalization,
    curve: impl Fn(f64) -> f64,
) -> Result<Array2<f64>, Error> {
    check_plane("relevance", relevance)?;
    check_scale(normalization)?;
    let (scale, middle) = match normalization {
        Normalization::MaxAbs => (max_abs(relevance), 0.0),
        Normalization::Shared(scale) => (scale, 0.0),
        Normalization::Unit => (0.5, 0.5),
    };
    let bend = |value: f64| match value {
        0.0 => 0.0,
        value => value.signum() * curve((value.abs() / scale).min(1.0)),
    };
    Ok(relevance.mapv(|value| bend(value - middle)))
}

/// The photo, if it is of the size of the relevance.
fn ground<'a>(photo: &'a Picture, relevance: ArrayView2<'_, f64>) -> Result<&'a Picture, Error> {
    if relevance.dim() == (photo.height(), photo.width()) {
        return Ok(photo);
    }
    let expected = format_args!("{:?} rows and columns, as the relevance", relevance.shape());
    Err(Error::shape("photo", photo.pixels().shape(), expected))
}

fn mixed(mut ground: Picture, painted: &Picture, share: impl Fn(usize, usize) -> f64) -> Picture {
    for row in 0..ground.height() {
        for column in 0..ground.width() {
            ground.blend(row, column, painted.color(row, column), share(row, column));
        }
    }
    ground
}
