//! How a picture becomes an array of the size and the numbers a network was trained on.

use ndarray::{Array3, Array4, ArrayD, ArrayView3, Axis, Ix3, Ix4, Slice};
use serde::Deserialize;

use super::resize::{Filter, Stretch, resize};
use crate::array::{Array, Dtype};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// How a picture becomes an array: `(x / scale − mean) / std` of a picture of one size, its channels in one order.
///
/// Sizes are fitted and resampled exactly as Pillow does it, in whole steps of 0 to 255 where the picture has
/// them. The table `[input.image]` of a sidecar:
///
/// ```
/// use lrp_io::{Array, Dtype, Sidecar};
/// use ndarray::Array4;
///
/// let sidecar = Sidecar::parse("net.toml", "
///     [input.image]
///     size = [2, 2]
///     mode = 'crop'
///     order = 'bgr'
///     mean = [104, 117, 123]
///     layout = 'channels-first'
/// ")?;
/// let photo = Array4::from_shape_fn((1, 4, 6, 3), |(_, _, _, channel)| [250.0, 120.0, 4.0][channel]).into_dyn();
/// let input = sidecar.input.apply_pictures(Array { values: photo, dtype: Dtype::U8 })?;
/// assert_eq!(input.shape(), [1, 3, 2, 2]);
/// assert_eq!([input[[0, 0, 1, 1]], input[[0, 1, 1, 1]], input[[0, 2, 1, 1]]], [-100.0, 3.0, 127.0]);
/// # Ok::<(), lrp_io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ImagePreparation {
    /// Height and width of the result.
    pub size: [usize; 2],
    /// How a picture of another shape is fitted in.
    #[serde(default)]
    pub mode: Fit,
    /// What [`Fit::Shortest`] makes the shorter side; the longer side of `size` if it is not given.
    #[serde(default)]
    pub edge: Option<usize>,
    /// What [`Fit::Pad`] fills borders with, 0 to 255.
    #[serde(default)]
    pub fill: PerChannel,
    /// How pixels between pixels are made.
    #[serde(default)]
    pub filter: Filter,
    /// Whether all pixels that a smaller one covers count, and not only its neighbours; true if it is not given.
    #[serde(default = "yes")]
    pub antialias: bool,
    /// Which channels, in which order.
    #[serde(default)]
    pub order: ChannelOrder,
    /// What every value, 0 to 255, is divided by.
    #[serde(default = "one")]
    pub scale: f64,
    /// What is then subtracted, in the order of the channels.
    #[serde(default)]
    pub mean: PerChannel,
    /// What the difference is divided by, in the order of the channels.
    #[serde(default = "one_each")]
    pub std: PerChannel,
    /// Where the channels stand.
    #[serde(default)]
    pub layout: Layout,
}

/// How a picture of any shape becomes one of a given size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// Stretched, whatever becomes of its shape.
    #[default]
    Stretch,
    /// The largest part in the middle that has the shape of the result, resized.
    Crop,
    /// Resized until its shorter side is [`ImagePreparation::edge`], then the middle of that.
    Shortest,
    /// Resized until it fits in, with borders around.
    Pad,
}

/// The channels of an input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelOrder {
    /// Red, green, blue.
    #[default]
    Rgb,
    /// Blue, green, red.
    Bgr,
    /// One channel of brightness, 0.299 red + 0.587 green + 0.114 blue.
    Gray,
}

/// Where the channels of an input stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// `[n, height, width, channels]`.
    #[default]
    ChannelsLast,
    /// `[n, channels, height, width]`.
    ChannelsFirst,
}

/// One number for all channels, or one each.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged, expecting = "expected a number, or a list of one number a channel")]
pub enum PerChannel {
    /// The same for all.
    All(f64),
    /// In the order of the channels.
    Each(Vec<f64>),
}

fn yes() -> bool {
    true
}

fn one() -> f64 {
    1.0
}

fn one_each() -> PerChannel {
    PerChannel::All(1.0)
}

impl Default for PerChannel {
    fn default() -> Self {
        Self::All(0.0)
    }
}

impl PerChannel {
    fn of(&self, channel: usize) -> f64 {
        match self {
            Self::All(value) => *value,
            Self::Each(values) => values.get(channel).copied().unwrap_or_default(),
        }
    }

    fn check(&self, what: &str, channels: usize, allowed: impl Fn(f64) -> bool, words: &str) -> Result<()> {
        let values = match self {
            Self::All(value) => std::slice::from_ref(value),
            Self::Each(values) if values.len() == channels => values,
            Self::Each(values) => {
                let message = format!("{what} has {} values for {channels} channels", values.len());
                return Err(Error::format(message));
            }
        };
        match values.iter().find(|value| !allowed(**value)) {
            Some(value) => Err(Error::format(format!("{what} is {value}, it must be {words}"))),
            None => Ok(()),
        }
    }
}

impl ChannelOrder {
    /// How many channels there are.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Rgb | Self::Bgr => 3,
            Self::Gray => 1,
        }
    }
}

impl ImagePreparation {
    /// The shape of one sample.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        let ([height, width], channels) = (self.size, self.order.channels());
        match self.layout {
            Layout::ChannelsLast => [height, width, channels],
            Layout::ChannelsFirst => [channels, height, width],
        }
    }

    /// What black and white become, a pair a channel: the least and the largest value.
    pub(super) fn bounds(&self) -> Vec<(f64, f64)> {
        let bounds = |channel| {
            let (black, white) = (self.number(0.0, channel), self.number(255.0, channel));
            (black.min(white), black.max(white))
        };
        (0..self.order.channels()).map(bounds).collect()
    }

    fn number(&self, value: f64, channel: usize) -> f64 {
        (value / self.scale - self.mean.of(channel)) / self.std.of(channel)
    }

    pub(super) fn apply(&self, pictures: Array) -> Result<ArrayD<f64>> {
        let Array { values, dtype } = pictures;
        let found = values.shape().to_vec();
        let values = if values.ndim() == 3 { values.insert_axis(Axis(0)) } else { values };
        let values = match values.into_dimensionality::<Ix4>() {
            Ok(values) if matches!(values.dim(), (_, 1.., 1.., 1 | 3)) => values,
            _ => {
                let message = format!(
                    "found an array {found:?}, expected pictures [n, height, width, 1 or 3 channels]"
                );
                return Err(Error::new(ErrorKind::Selection, message));
            }
        };
        let [height, width] = self.size;
        let shape = [values.dim().0, height, width, self.order.channels()];
        Limits::default().elements(&shape)?;
        let mut batch = Array4::zeros(shape);
        for (mut to, from) in batch.outer_iter_mut().zip(values.outer_iter()) {
            to.assign(&self.fitted(self.ordered(from, dtype).view(), dtype == Dtype::U8)?);
        }
        for (channel, mut plane) in batch.axis_iter_mut(Axis(3)).enumerate() {
            plane.mapv_inplace(|value| self.number(value, channel));
        }
        if self.layout == Layout::ChannelsFirst {
            batch = batch.permuted_axes([0, 3, 1, 2]).as_standard_layout().into_owned();
        }
        Ok(batch.into_dyn())
    }

    /// The picture from 0 to 255 in the channels of the network.
    fn ordered(&self, picture: ArrayView3<'_, f64>, dtype: Dtype) -> Array3<f64> {
        let one = if dtype == Dtype::U16 { 257.0 } else { 1.0 };
        let (height, width, channels) = picture.dim();
        let picture = picture.mapv(|value| value / one);
        match (self.order, channels) {
            (ChannelOrder::Gray, 1) => picture,
            (ChannelOrder::Gray, _) => {
                picture.map_axis(Axis(2), |pixel| gray(&pixel, dtype)).insert_axis(Axis(2))
            }
            (_, 1) => picture.broadcast((height, width, 3)).map_or(picture.clone(), |view| view.to_owned()),
            (ChannelOrder::Rgb, _) => picture,
            (ChannelOrder::Bgr, _) => {
                let mut picture = picture;
                picture.invert_axis(Axis(2));
                picture
            }
        }
    }

    fn fitted(&self, picture: ArrayView3<'_, f64>, whole: bool) -> Result<Array3<f64>> {
        let (height, width, channels) = picture.dim();
        let [high, wide] = self.size;
        let resized =
            |picture, rows, columns| resize(picture, [rows, columns], self.filter, self.antialias, whole);
        match self.mode {
            Fit::Stretch => resized(picture, Stretch::whole(high), Stretch::whole(wide)),
            Fit::Crop => {
                // In whole numbers, so that a square is one.
                let rows = height.min(((2 * width * high + wide) / (2 * wide)).max(1));
                let columns = width.min(((2 * height * wide + high) / (2 * high)).max(1));
                let (top, left) = ((height - rows) / 2, (width - columns) / 2);
                let middle = picture.slice_axis_move(Axis(0), Slice::from(top..top + rows));
                let middle = middle.slice_axis_move(Axis(1), Slice::from(left..left + columns));
                resized(middle, Stretch::whole(high), Stretch::whole(wide))
            }
            Fit::Shortest => {
                let edge = self.edge.unwrap_or(high.max(wide));
                let shorter = height.min(width);
                let side = |length: usize, kept| Stretch::middle(edge * length / shorter, kept);
                resized(picture, side(height, high), side(width, wide))
            }
            Fit::Pad => {
                // As wide or as high as the result, whichever comes first.
                let fitting = |length: usize, kept: usize, other: usize, across: usize| {
                    if other * kept <= across * length {
                        kept
                    } else {
                        ((2 * length * across + other) / (2 * other)).clamp(1, kept)
                    }
                };
                let rows = fitting(height, high, width, wide);
                let columns = fitting(width, wide, height, high);
                let (top, left) = ((high - rows) / 2, (wide - columns) / 2);
                let mut padded =
                    Array3::from_shape_fn((high, wide, channels), |(_, _, channel)| self.fill.of(channel));
                let inner = resized(picture, Stretch::whole(rows), Stretch::whole(columns))?;
                let mut middle = padded.slice_axis_mut(Axis(0), Slice::from(top..top + rows));
                middle.slice_axis_mut(Axis(1), Slice::from(left..left + columns)).assign(&inner);
                Ok(padded)
            }
        }
    }

    pub(super) fn picture_of(&self, sample: ArrayD<f64>) -> Option<Array3<f64>> {
        let sample =
            if sample.ndim() == 3 { sample } else { sample.into_shape_with_order(&self.shape()[..]).ok()? };
        let sample = sample.into_dimensionality::<Ix3>().ok()?;
        let sample = match self.layout {
            Layout::ChannelsLast => sample,
            Layout::ChannelsFirst => sample.permuted_axes([1, 2, 0]),
        };
        let (height, width, channels) = sample.dim();
        let source = match self.order {
            ChannelOrder::Rgb => [0, 1, 2],
            ChannelOrder::Bgr => [2, 1, 0],
            ChannelOrder::Gray => [0; 3],
        };
        (channels == self.order.channels()).then(|| {
            Array3::from_shape_fn((height, width, 3), |(row, column, color)| {
                let channel = source.get(color).copied().unwrap_or_default();
                let value = sample.get([row, column, channel]).copied().unwrap_or_default();
                ((value * self.std.of(channel) + self.mean.of(channel)) * self.scale / 255.0).clamp(0.0, 1.0)
            })
        })
    }

    pub(super) fn check(&self) -> Result<()> {
        const SIDE: usize = 1 << 14;
        let channels = self.order.channels();
        let [height, width] = self.size;
        if height.min(width) == 0 || height.max(width) > SIDE {
            let message = format!("size is [{height}, {width}], sides of 1 to {SIDE} are allowed");
            return Err(Error::format(message));
        }
        match self.edge {
            Some(edge) if self.mode != Fit::Shortest => {
                return Err(Error::format(format!("edge is {edge}, it goes with mode = 'shortest' alone")));
            }
            Some(edge) if edge < height.max(width) || edge > SIDE => {
                let (least, message) = (height.max(width), "the longer side of size");
                return Err(Error::format(format!(
                    "edge is {edge}, {least} ({message}) to {SIDE} are allowed"
                )));
            }
            _ => {}
        }
        let divides = |value: f64| value.is_finite() && value != 0.0;
        PerChannel::All(self.scale).check("scale", channels, divides, "finite and not zero")?;
        self.std.check("std", channels, divides, "finite and not zero")?;
        self.mean.check("mean", channels, f64::is_finite, "finite")?;
        self.fill.check("fill", channels, |value| (0.0..=255.0).contains(&value), "0 to 255")
    }
}

/// Brightness as ITU-R 601 weighs it; of 8 bits in whole numbers, with Pillow's weights of 16 bits.
fn gray(pixel: &ndarray::ArrayView1<'_, f64>, dtype: Dtype) -> f64 {
    let weighed =
        |weights: [f64; 3]| pixel.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>();
    match dtype {
        Dtype::U8 => (weighed([19_595.0, 38_470.0, 7_471.0]) / 65_536.0 + 0.5).floor(),
        _ => weighed([0.299, 0.587, 0.114]),
    }
}
