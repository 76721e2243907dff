//! The canvas: colours in `[0, 1]`, and how they become bytes.

use image::RgbImage;
use ndarray::{Array3, ArrayView3};

use crate::error::{Error, ErrorKind};
use crate::plane::{check_finite, enlarge};

/// A colour: red, green and blue in `[0, 1]`.
pub type Rgb = [f64; 3];

/// White, the usual ground of figures.
pub const WHITE: Rgb = [1.0; 3];
/// Black, the colour of outlines and of the gap in [`row`](crate::row).
pub const BLACK: Rgb = [0.0; 3];

/// The most pixels a picture may have; it keeps a mistyped scaling from filling the memory.
pub const MAX_PIXELS: usize = 1 << 26;

/// A colour picture `[h, w, 3]` with values in `[0, 1]` and at least one pixel.
///
/// The range is an invariant of the type, so conversion to bytes neither wraps nor meets NaN.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    pixels: Array3<f64>,
}

impl Picture {
    /// Takes an array `[h, w, 3]`; values outside `[0, 1]` are clamped.
    ///
    /// # Errors
    /// Another shape, no pixels, too many pixels, or a value that is not finite.
    ///
    /// ```
    /// use lrp_render::Picture;
    /// use ndarray::Array3;
    ///
    /// let picture = Picture::new(Array3::from_elem((2, 4, 3), 1.2))?;
    /// assert_eq!(picture.color(0, 0), [1.0; 3]);
    /// # Ok::<(), lrp_render::Error>(())
    /// ```
    pub fn new(mut pixels: Array3<f64>) -> Result<Picture, Error> {
        let (height, width, channels) = pixels.dim();
        if height == 0 || width == 0 || channels != 3 {
            return Err(Error::shape("picture", pixels.shape(), "[height, width, 3]"));
        }
        check_size(height, width)?;
        check_finite("picture", pixels.view())?;
        pixels.mapv_inplace(|value| value.clamp(0.0, 1.0));
        Ok(Picture { pixels })
    }

    /// A picture of one colour.
    ///
    /// # Errors
    /// The same as for [`Picture::new`].
    pub fn filled(height: usize, width: usize, color: Rgb) -> Result<Picture, Error> {
        check_size(height, width)?;
        Picture::new(Array3::from_shape_fn((height, width, 3), |(_, _, channel)| color[channel]))
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.pixels.dim().0
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.pixels.dim().1
    }

    /// The values `[h, w, 3]`.
    pub fn pixels(&self) -> ArrayView3<'_, f64> {
        self.pixels.view()
    }

    /// The values `[h, w, 3]`, given away.
    pub fn into_pixels(self) -> Array3<f64> {
        self.pixels
    }

    /// The colour of one pixel; black outside the picture.
    pub fn color(&self, row: usize, column: usize) -> Rgb {
        std::array::from_fn(|channel| self.pixels.get((row, column, channel)).copied().unwrap_or(0.0))
    }

    /// The picture with every pixel repeated `scaling` times in both directions.
    ///
    /// # Errors
    /// The same as for [`enlarge`].
    pub fn enlarged(&self, scaling: usize) -> Result<Picture, Error> {
        Ok(Picture { pixels: enlarge(self.pixels.view(), scaling)? })
    }

    /// The picture without its colours: 0.299 red + 0.587 green + 0.114 blue in all three channels.
    #[must_use]
    pub fn grayed(&self) -> Picture {
        let pixels = Array3::from_shape_fn(self.pixels.dim(), |(row, column, _)| {
            let [red, green, blue] = self.color(row, column);
            (0.299 * red + 0.587 * green + 0.114 * blue).clamp(0.0, 1.0)
        });
        Picture { pixels }
    }

    /// The picture in bytes: each value times 255, truncated.
    ///
    /// Truncation, not rounding, is what the LRP Toolbox does, and pictures are compared byte by byte.
    pub fn to_rgb8(&self) -> RgbImage {
        // MAX_PIXELS keeps both sides far below u32::MAX.
        RgbImage::from_fn(self.width() as u32, self.height() as u32, |column, row| {
            image::Rgb(self.color(row as usize, column as usize).map(|value| (value * 255.0) as u8))
        })
    }

    /// Copies `other` with its top left corner at `(top, left)`; what sticks out is cut off.
    pub(crate) fn paste(&mut self, other: &Picture, top: usize, left: usize) {
        for ((row, column, channel), &value) in other.pixels.indexed_iter() {
            if let Some(pixel) = self.pixels.get_mut((top + row, left + column, channel)) {
                *pixel = value;
            }
        }
    }

    /// Mixes `color` into one pixel, `coverage` in `[0, 1]`; pixels outside are passed over.
    pub(crate) fn blend(&mut self, row: usize, column: usize, color: Rgb, coverage: f64) {
        let coverage = coverage.clamp(0.0, 1.0);
        for (channel, &ink) in color.iter().enumerate() {
            if let Some(value) = self.pixels.get_mut((row, column, channel)) {
                *value = (*value * (1.0 - coverage) + ink * coverage).clamp(0.0, 1.0);
            }
        }
    }
}

impl TryFrom<Array3<f64>> for Picture {
    type Error = Error;

    fn try_from(pixels: Array3<f64>) -> Result<Picture, Error> {
        Picture::new(pixels)
    }
}

pub(crate) fn check_size(height: usize, width: usize) -> Result<(), Error> {
    match height.checked_mul(width) {
        Some(pixels) if pixels <= MAX_PIXELS && height.max(width) <= MAX_PIXELS => Ok(()),
        _ => Err(ErrorKind::TooLarge { height, width }.into()),
    }
}
