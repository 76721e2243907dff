//! How data become a network's input.

mod image;
mod resize;
mod text;
mod vocabulary;

pub use image::{ChannelOrder, Fit, ImagePreparation, Layout, PerChannel};
pub use resize::Filter;
pub use text::{Characters, TextPreparation, Token};
pub use vocabulary::Vocabulary;

use lrp_core::Channels;
use ndarray::{Array3, ArrayD, ArrayViewD, Axis, Slice};
use serde::Deserialize;

use crate::array::Array;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// How data become a network's input: pictures become arrays as [`ImagePreparation`] says; arrays become
/// `x / scale + shift`, reshaped, then padded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Preparation {
    /// How pictures become arrays; without it their numbers are taken as they are.
    pub image: Option<ImagePreparation>,
    /// The least and the largest value of the data, if they have bounds; pictures with `image` have 0 and 255.
    pub range: Option<[f64; 2]>,
    /// What every value is divided by.
    pub scale: f64,
    /// What is then added.
    pub shift: f64,
    /// The shape of one sample, such as `[28, 28, 1]`; data keep their own if it is not given.
    pub shape: Option<Vec<usize>>,
    /// Rows and columns added on each side of `[height, width, channels]`.
    pub pad: usize,
    /// What they are filled with.
    pub pad_value: f64,
}

impl Default for Preparation {
    fn default() -> Self {
        Self { image: None, range: None, scale: 1.0, shift: 0.0, shape: None, pad: 0, pad_value: 0.0 }
    }
}

impl Preparation {
    /// The shape one sample has when it is ready, if it is known.
    #[must_use]
    pub fn prepared_shape(&self) -> Option<Vec<usize>> {
        let of_image = || self.image.as_ref().map(|image| image.shape().to_vec());
        let shape = self.shape.clone().or_else(of_image)?;
        let padded = |(axis, &size): (usize, &usize)| {
            if axis < 2 { size.saturating_add(self.pad.saturating_mul(2)) } else { size }
        };
        Some(if self.pad == 0 { shape } else { shape.iter().enumerate().map(padded).collect() })
    }

    /// Where prepared samples have their channels, if it is known: pictures know it.
    #[must_use]
    pub fn channels(&self) -> Option<Channels> {
        self.image.as_ref().map(|image| match image.layout {
            Layout::ChannelsFirst => Channels::First,
            Layout::ChannelsLast => Channels::Last,
        })
    }

    /// The least and the largest value an input can have, a pair a channel: what is known of the data, prepared.
    ///
    /// One pair speaks for all channels; none means that nothing is known.
    ///
    /// ```
    /// use lrp_io::Sidecar;
    /// let sidecar = Sidecar::parse("m.toml", "input.image = { size = [8, 8], scale = 255, mean = [0.5, 0.4, 0.3], std = 0.1 }")?;
    /// let near = |(low, high): (f64, f64), expected: (f64, f64)| (low - expected.0).abs() + (high - expected.1).abs() < 1e-12;
    /// assert!(near(sidecar.input.bounds()[1], (-4.0, 6.0)));
    /// # Ok::<(), lrp_io::Error>(())
    /// ```
    #[must_use]
    pub fn bounds(&self) -> Vec<(f64, f64)> {
        let data = match &self.image {
            Some(image) => image.bounds(),
            None => self.range.map(|[low, high]| (low, high)).into_iter().collect(),
        };
        let prepared = |(low, high): (f64, f64)| {
            let (one, other) = (low / self.scale + self.shift, high / self.scale + self.shift);
            let (low, high) = (one.min(other), one.max(other));
            if self.pad > 0 { (low.min(self.pad_value), high.max(self.pad_value)) } else { (low, high) }
        };
        data.into_iter().map(prepared).collect()
    }

    /// Makes a batch of inputs `[n, …]` from pictures `[n, height, width, channels]`, or one without `n`.
    ///
    /// Values are 0 to 255, or to 65535 where the type is of 16 bits. Without [`Preparation::image`] this is
    /// [`Preparation::apply`].
    ///
    /// # Errors
    /// If they are no pictures, or what they become does not fit the rest of the preparation.
    pub fn apply_pictures(&self, pictures: Array) -> Result<ArrayD<f64>> {
        match &self.image {
            Some(image) => self.apply(image.apply(pictures)?),
            None => self.apply(pictures.values),
        }
    }

    /// An input as a picture `[height, width, 3]` in red, green and blue from 0 to 1, if it was one or could
    /// have been: what [`Preparation::apply_pictures`] did, undone but for the size.
    #[must_use]
    pub fn picture_of(&self, input: &ArrayViewD<'_, f64>) -> Option<Array3<f64>> {
        let image = self.image.as_ref()?;
        let data = input.mapv(|value| (value - self.shift) * self.scale);
        image.picture_of(data)
    }

    /// Makes a batch of inputs `[n, …]` from data.
    ///
    /// Data are `[n, …]`, or one sample without a batch axis when its shape says so.
    ///
    /// # Errors
    /// If the data do not divide into samples of the shape, padding has no image to go round, or the result
    /// has more elements than [`Limits::array_elements`] is by default.
    pub fn apply(&self, data: ArrayD<f64>) -> Result<ArrayD<f64>> {
        self.check()?;
        let scaled = data.mapv_into(|value| value / self.scale + self.shift);
        let batch = self.reshape(scaled)?;
        if self.pad == 0 {
            return Ok(batch);
        }
        let &[n, height, width, channels] = batch.shape() else {
            let shape = batch.shape();
            let message = format!("padding needs samples [height, width, channels], found a batch {shape:?}");
            return Err(Error::new(ErrorKind::Selection, message));
        };
        let (high, wide) = (height + 2 * self.pad, width + 2 * self.pad);
        let shape = [n, high, wide, channels];
        Limits::default().elements(&shape)?;
        let mut padded = ArrayD::from_elem(&shape[..], self.pad_value);
        let inner = |size: usize| Slice::from(self.pad..self.pad + size);
        let mut middle = padded.slice_axis_mut(Axis(1), inner(height));
        middle.slice_axis_mut(Axis(2), inner(width)).assign(&batch);
        Ok(padded)
    }

    fn reshape(&self, data: ArrayD<f64>) -> Result<ArrayD<f64>> {
        let Some(shape) = &self.shape else { return Ok(data) };
        let size: usize = shape.iter().product();
        let found = data.shape().to_vec();
        let samples = match found.as_slice() {
            whole if whole == &shape[..] || (whole.len() == 1 && data.len() == size) => Some(1),
            [n, ..] if n.checked_mul(size) == Some(data.len()) => Some(*n),
            _ => None,
        };
        let batch = samples.and_then(|n| data.into_shape_with_order([&[n], &shape[..]].concat()).ok());
        batch.ok_or_else(|| {
            let message =
                format!("data of shape {found:?} are no samples of shape {shape:?} ({size} values each)");
            Error::new(ErrorKind::Selection, message)
        })
    }

    /// Says whether the preparation is possible at all.
    ///
    /// # Errors
    /// If a number is not finite, a scale zero, the padding absurd, or a shape empty or too large.
    pub fn check(&self) -> Result<()> {
        let message = if !self.scale.is_finite() || self.scale == 0.0 {
            format!("scale is {}, it must be finite and not zero", self.scale)
        } else if !self.shift.is_finite() || !self.pad_value.is_finite() {
            "shift and pad-value must be finite".to_owned()
        } else if self.pad > 1 << 16 {
            format!("pad is {}, at most {} is allowed", self.pad, 1 << 16)
        } else if let Some(fault) =
            self.shape.as_ref().and_then(|shape| Limits::default().elements(shape).err())
        {
            return Err(fault);
        } else if self.shape.as_ref().is_some_and(|shape| shape.is_empty() || shape.contains(&0)) {
            "shape must name sizes of at least 1".to_owned()
        } else if let Some([low, high]) =
            self.range.filter(|[low, high]| !(low < high && (high - low).is_finite()))
        {
            format!("range is [{low}, {high}], the first must be less than the second and both finite")
        } else if let Some(fault) = self.image.as_ref().and_then(|image| image.check().err()) {
            return Err(fault.of("image"));
        } else {
            return Ok(());
        };
        Err(Error::format(message))
    }
}
