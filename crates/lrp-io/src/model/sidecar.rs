//! What is known about a model beside its weights: how its inputs are made and what its outputs mean.

use std::path::{Path, PathBuf};

use ndarray::{ArrayD, Axis, Slice};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::file::read_file;
use crate::limits::Limits;

/// The contents of `model.toml` beside `model.txt`.
///
/// ```
/// use lrp_io::Sidecar;
/// let sidecar = Sidecar::parse("model.toml", "
///     about = 'reads digits'
///     classes = ['zero', 'one']
///     [input]
///     scale = 127.5
///     shift = -1
///     shape = [28, 28, 1]
///     pad = 2
///     pad-value = -1
/// ")?;
/// assert_eq!(sidecar.input.prepared_shape(), Some(vec![32, 32, 1]));
/// # Ok::<(), lrp_io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Sidecar {
    /// The model, in a sentence.
    pub about: Option<String>,
    /// The names of its classes, in order.
    pub classes: Vec<String>,
    /// How data become its input.
    pub input: Preparation,
}

/// How data become a network's input: `x / scale + shift`, reshaped, then padded.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Preparation {
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
        Self { scale: 1.0, shift: 0.0, shape: None, pad: 0, pad_value: 0.0 }
    }
}

impl Sidecar {
    /// Where a model's sidecar is: the same name ending in `.toml`.
    #[must_use]
    pub fn path_for(model: &Path) -> PathBuf {
        model.with_extension("toml")
    }

    /// Reads the sidecar of a model; one that is not there says nothing.
    ///
    /// # Errors
    /// If there is one that cannot be read.
    pub fn of_model(model: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = Self::path_for(model.as_ref());
        if !path.exists() {
            return Ok(Self::default());
        }
        let name = path.display().to_string();
        let bytes = read_file(&path, limits)?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|error| Error::format("is not text").at_byte(error.valid_up_to()).in_file(&name))?;
        Self::parse(&name, text)
    }

    /// Reads a sidecar from memory; `name` stands in for the path.
    ///
    /// # Errors
    /// If it is not TOML, has an unknown key, or describes an impossible preparation.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let sidecar: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(start).filter(|&byte| byte == b'\n').count();
            Error::format(error.message().to_owned()).at_line(line).in_file(name)
        })?;
        sidecar.input.check().map_err(|error| error.in_file(name))?;
        if sidecar.about.iter().chain(&sidecar.classes).any(|text| text.contains(char::is_control)) {
            return Err(Error::format("about and classes must not hold control characters").in_file(name));
        }
        Ok(sidecar)
    }
}

impl Preparation {
    /// The shape one sample has when it is ready, if it is known.
    #[must_use]
    pub fn prepared_shape(&self) -> Option<Vec<usize>> {
        let shape = self.shape.as_ref()?;
        let padded = |(axis, &size): (usize, &usize)| {
            if axis < 2 { size.saturating_add(self.pad.saturating_mul(2)) } else { size }
        };
        Some(if self.pad == 0 { shape.clone() } else { shape.iter().enumerate().map(padded).collect() })
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
    /// If a number is not finite, the scale zero, the padding absurd, or the shape empty or too large.
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
        } else {
            return Ok(());
        };
        Err(Error::format(message))
    }
}
