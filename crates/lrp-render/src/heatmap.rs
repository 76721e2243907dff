//! Relevance and inputs as pictures.

use ndarray::{Array2, Array3, ArrayView2};

use crate::colormap::{Colormap, colormap};
use crate::error::Error;
use crate::outline::{DEFAULT_SIGMA, canny};
use crate::picture::{BLACK, Picture, Rgb, check_size};
use crate::plane::{check_plane, enlarge};

/// How relevance becomes a position on the colormap.
///
/// There is no minimum-to-maximum choice: relevance has a zero that means something, and only the caller of
/// [`Normalization::Unit`] can move it off the middle.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Normalization {
    /// `(R / max|R| + 1) / 2`, each picture by itself. The toolbox's own maps take their own scale here.
    #[default]
    MaxAbs,
    /// `(R / scale + 1) / 2` with the scale given (see [`shared_scale`](crate::shared_scale)), so that
    /// several pictures can be compared. Values beyond it take the end colours.
    Shared(f64),
    /// None: values are positions in `[0, 1]` already, 0.5 being no relevance.
    Unit,
}

/// The contour of an image, drawn over its heatmap: see [`canny`].
#[derive(Debug, Clone, PartialEq)]
pub struct Outline<'a> {
    /// The image `[h, w]`, of the shape of the relevance.
    pub image: ArrayView2<'a, f64>,
    /// Width of the smoothing, in pixels of the enlarged image.
    pub sigma: f64,
    /// The colour of the line.
    pub color: Rgb,
}

impl<'a> Outline<'a> {
    /// A black outline with sigma 2.
    pub fn new(image: ArrayView2<'a, f64>) -> Outline<'a> {
        Outline { image, sigma: DEFAULT_SIGMA, color: BLACK }
    }
}

/// The choices of [`heatmap`]; the default is `jet`, three times enlarged, symmetric about zero, no outline.
#[derive(Debug, Clone)]
pub struct HeatmapOptions<'a> {
    /// Side in pixels of the square that each value becomes, at least 1.
    pub scaling: usize,
    /// The colours.
    pub colormap: Colormap,
    /// The scale.
    pub normalization: Normalization,
    /// A contour to draw over the heatmap.
    pub outline: Option<Outline<'a>>,
}

impl Default for HeatmapOptions<'_> {
    fn default() -> Self {
        HeatmapOptions {
            scaling: DEFAULT_SCALING,
            colormap: built_in("jet"),
            normalization: Normalization::default(),
            outline: None,
        }
    }
}

/// The choices of [`digit`]; the default is `binary` (0 white, 1 black), three times enlarged.
#[derive(Debug, Clone)]
pub struct DigitOptions {
    /// Side in pixels of the square that each value becomes, at least 1.
    pub scaling: usize,
    /// The colours.
    pub colormap: Colormap,
}

impl Default for DigitOptions {
    fn default() -> Self {
        DigitOptions { scaling: DEFAULT_SCALING, colormap: built_in("binary") }
    }
}

const DEFAULT_SCALING: usize = 3;

/// Paints relevance `[h, w]` as a picture `[h * scaling, w * scaling, 3]`.
///
/// A relevance of zero everywhere gives the neutral colour of the map everywhere. Sum over the channels
/// first, and use [`vector_to_plane`](crate::vector_to_plane) for relevance that comes as a vector.
///
/// # Errors
/// A value that is not finite, an empty plane, an outline of another shape, a scaling of 0, a picture that
/// is too large, a shared scale that is negative or not finite.
///
/// ```
/// use lrp_render::{HeatmapOptions, Outline, colormap, heatmap};
/// use ndarray::array;
///
/// let relevance = array![[0.0, 0.5], [-1.0, 2.0]];
/// let options = HeatmapOptions { colormap: colormap("seismic")?, ..HeatmapOptions::default() };
/// let picture = heatmap(relevance.view(), &options)?;
/// assert_eq!((picture.height(), picture.width()), (6, 6));
/// assert_eq!(picture.color(5, 5), [0.5, 0.0, 0.0]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn heatmap(relevance: ArrayView2<'_, f64>, options: &HeatmapOptions<'_>) -> Result<Picture, Error> {
    check_plane("relevance", relevance)?;
    check_scale(options.normalization)?;
    let painted = picture_of(&options.colormap.paint(relevance, options.normalization))?;
    let mut picture = painted.enlarged(options.scaling)?;
    if let Some(outline) = &options.outline {
        if outline.image.dim() != relevance.dim() {
            let expected = format_args!("{:?}, the shape of the relevance", relevance.shape());
            return Err(Error::shape("outline image", outline.image.shape(), expected));
        }
        let mask = canny(enlarge(outline.image, options.scaling)?.view(), outline.sigma)?;
        for ((row, column), _) in mask.indexed_iter().filter(|&(_, &edge)| edge) {
            picture.blend(row, column, outline.color, 1.0);
        }
    }
    Ok(picture)
}

/// Paints an image `[h, w]` of values in `[0, 1]` as a picture, without normalisation.
///
/// Values below 0 and above 1 take the end colours. An image in `[-1, 1]`, as toolbox models want it, is
/// to be mapped to `(x + 1) / 2` first.
///
/// # Errors
/// A value that is not finite, an empty plane, a scaling of 0, a picture that is too large.
///
/// ```
/// use lrp_render::{DigitOptions, digit};
/// use ndarray::array;
///
/// let picture = digit(array![[0.0, 1.0]].view(), &DigitOptions::default())?;
/// assert_eq!(picture.color(0, 0), [1.0; 3]);
/// assert_eq!(picture.color(0, 5), [0.0; 3]);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn digit(image: ArrayView2<'_, f64>, options: &DigitOptions) -> Result<Picture, Error> {
    check_plane("image", image)?;
    picture_of(&options.colormap.paint(image, Normalization::Unit))?.enlarged(options.scaling)
}

fn picture_of(colors: &Array2<Rgb>) -> Result<Picture, Error> {
    let (height, width) = colors.dim();
    check_size(height, width)?;
    Picture::new(Array3::from_shape_fn((height, width, 3), |(row, column, channel)| {
        colors[[row, column]][channel]
    }))
}

pub(crate) fn check_scale(normalization: Normalization) -> Result<(), Error> {
    match normalization {
        Normalization::Shared(scale) if !(scale.is_finite() && scale >= 0.0) => {
            Err(Error::option("shared scale", scale, "a finite number of at least 0"))
        }
        _ => Ok(()),
    }
}

pub(crate) fn built_in(name: &'static str) -> Colormap {
    colormap(name).expect("a row of COLORMAPS")
}
