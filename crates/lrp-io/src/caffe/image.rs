//! How a photo becomes the input of a network: resized, cut to a square, less the mean image.

use ndarray::{Array3, Axis, Ix4};

use super::resample::{Kind, Side, resample};
use crate::array::{Dtype, Picture, SIDE, read_picture};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// What photos of any shape become.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageInput {
    /// Height and width of the network's input.
    pub side: usize,
    /// What the longer side of a photo is resized to, at least [`Self::side`].
    pub base: usize,
    /// The mean image `[3, h, w]`, blue, green and red, at least [`Self::side`] high and wide.
    pub mean: Array3<f64>,
}

/// A photo, prepared.
#[derive(Clone, Debug, PartialEq)]
pub struct Prepared {
    /// What the network gets, `[3, side, side]`: blue, green and red of 0 to 255, less the mean.
    pub input: Array3<f64>,
    /// The same square as a picture `[side, side, 3]`: red, green and blue in whole numbers of 0 to 65535.
    pub shown: Array3<f64>,
    /// The mean that was subtracted, `[3, side, side]`.
    pub mean: Array3<f64>,
}

impl ImageInput {
    /// Prepares a PNG or a JPEG, as the original does with ImageMagick 6.
    ///
    /// The photo is resized until its longer side is [`Self::base`], in whole numbers of 16 bits: by the filter of
    /// Lanczos if it shrinks, by Mitchell's if it grows, has an opacity or a palette, or is grey of up to eight bits.
    /// Colours count as much as they are opaque; then the opacity is dropped, whatever may be behind. Of the longer
    /// side the middle is kept, and of the shorter one, unless that is too short; then its border is repeated. Grey
    /// becomes three equal channels.
    ///
    /// The mean image is cut to its middle, with two quirks of the original: along the longer side it begins at half
    /// the smaller of the two margins, and under a side that is too short it is not centred, but begins with its
    /// first pixel and repeats as the photo does.
    ///
    /// # Errors
    /// If the sizes contradict each other, the file is no picture that [`read_array`](crate::read_array) knows, or
    /// the photo is so thin that its longer side does not fill the square.
    pub fn prepare(&self, name: &str, bytes: &[u8], limits: &Limits) -> Result<Prepared> {
        self.check()?;
        self.photo(bytes, limits).map_err(|error| error.in_file(name))
    }

    fn check(&self) -> Result<()> {
        let Self { side, base, mean } = self;
        if *side == 0 || side > base || *base > SIDE as usize {
            let message =
                format!("the base size is {base}, {side} (the side of the input) to {SIDE} are allowed");
            return Err(Error::format(message));
        }
        match mean.dim() {
            (3, height, width) if height.min(width) >= *side => Ok(()),
            (channels, height, width) => Err(Error::format(format!(
                "the mean image is {channels}×{height}×{width}, at least 3×{side}×{side} is needed"
            ))),
        }
    }

    fn photo(&self, bytes: &[u8], limits: &Limits) -> Result<Prepared> {
        limits.elements(&[3, self.side, self.side])?;
        let (picture, kind) = pixels(bytes, limits)?;
        let (height, width, channels) = picture.dim();
        let [tall, wide] = scaled([height, width], self.base);
        let [rows, columns] = self.cuts([tall, wide]).map_err(|error| {
            error.of(&format!("a picture of {height}×{width} pixels, resized to {tall}×{wide}"))
        })?;
        let kept = resample(picture, kind, [rows.resized.clone(), columns.resized.clone()], limits)?;
        let grey = channels - usize::from(kind.alpha) == 1;
        let shown = Array3::from_shape_fn((self.side, self.side, 3), |(row, column, color)| {
            let color = if grey { 0 } else { color };
            kept.get([rows.pixel(row), columns.pixel(column), color]).copied().unwrap_or_default()
        });
        let mean = Array3::from_shape_fn((3, self.side, self.side), |(color, row, column)| {
            let (row, column) = (rows.mean + rows.pixel(row), columns.mean + columns.pixel(column));
            self.mean.get([color, row, column]).copied().unwrap_or_default()
        });
        let mut planes = shown.view().permuted_axes([2, 0, 1]);
        planes.invert_axis(Axis(0));
        let input = planes.mapv(|value| value / STEPS) - &mean;
        Ok(Prepared { input: input.as_standard_layout().into_owned(), shown, mean })
    }

    /// What of a resized photo is kept, and which part of the mean image lies under it.
    fn cuts(&self, [height, width]: [usize; 2]) -> Result<[Cut; 2]> {
        let (side, (_, mean_height, mean_width)) = (self.side, self.mean.dim());
        let upright = height > width;
        let (long, short, mean) =
            if upright { (height, width, mean_width) } else { (width, height, mean_height) };
        let first = (self.base - side) / 2;
        if first + side > long {
            let needed = first + side;
            return Err(Error::format(format!(
                "its longer side does not reach to pixel {needed}, where the input ends"
            )));
        }
        let margin = (mean_height.min(mean_width) - side) / 2;
        let long = Cut { resized: Side { full: long, kept: first..first + side }, before: 0, mean: margin };
        let short = if short >= side {
            let first = (short - side) / 2;
            Cut {
                resized: Side { full: short, kept: first..first + side },
                before: 0,
                mean: (mean - side) / 2,
            }
        } else {
            Cut { resized: Side { full: short, kept: 0..short }, before: (side - short) / 2, mean: 0 }
        };
        Ok(if upright { [long, short] } else { [short, long] })
    }
}

/// What becomes of one axis of a photo.
#[derive(Clone, Debug, PartialEq)]
struct Cut {
    resized: Side,
    /// How often the first pixel is repeated before it; the last fills what is left behind.
    before: usize,
    /// The pixel of the mean image under the first that is kept.
    mean: usize,
}

impl Cut {
    /// Which of the pixels that are kept stands at a place of the input.
    fn pixel(&self, place: usize) -> usize {
        place.saturating_sub(self.before).min(self.resized.kept.len().saturating_sub(1))
    }
}

/// Steps of 16 bits in one of 8.
const STEPS: f64 = 257.0;

/// The picture `[h, w, c]` in whole numbers of 16 bits.
fn pixels(bytes: &[u8], limits: &Limits) -> Result<(Array3<f64>, Kind)> {
    let Picture { values, dtype, alpha, palette } = read_picture(bytes, limits)?;
    let values =
        values.into_dimensionality::<Ix4>().map_err(|error| Error::format(format!("shape: {error}")))?;
    if values.is_empty() {
        return Err(Error::format("the picture has no pixels"));
    }
    let mut picture = values.index_axis_move(Axis(0), 0);
    if dtype == Dtype::U8 {
        picture *= STEPS;
    }
    let grey = picture.len_of(Axis(2)) - usize::from(alpha) == 1;
    // Not of 16 bits: ImageMagick keeps those without a table of colours.
    let palette = palette || grey && dtype == Dtype::U8;
    Ok((picture, Kind { alpha, palette }))
}

/// Height and width of a photo fitted into a box of its shape, whose sides are whole numbers and the longer one
/// the base.
fn scaled(sides: [usize; 2], base: usize) -> [usize; 2] {
    let [height, width] = sides.map(|side| side as f64);
    let ratio = base as f64 / height.max(width);
    let [fit, other] = [height, width].map(|side| (side * ratio).round() / side);
    // Rounding twice, as the original does, can end below the base.
    sides.map(|side| ((fit.min(other) * side as f64 + 0.5) as usize).max(1))
}
