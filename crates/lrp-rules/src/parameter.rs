//! What rules and composites take in parentheses.

use std::fmt;
use std::sync::Arc;

use ndarray::ArrayD;

/// A number, or one number a channel.
///
/// ```
/// use lrp_rules::rules::z_box;
/// assert_eq!(z_box(vec![-2.0, -1.5], 2.0).to_string(), "zbox([-2,-1.5],2)");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Parameter {
    /// The same everywhere.
    Number(f64),
    /// One a channel of the layer's input.
    Channels(Arc<[f64]>),
    /// One for every value of a sample, shaped like it.
    Pixels(Arc<ArrayD<f64>>),
}

impl Parameter {
    /// What it is for a channel.
    ///
    /// # Panics
    /// If there are fewer channels.
    #[inline]
    pub(crate) fn of(&self, channel: usize) -> f64 {
        match self {
            Self::Number(value) => *value,
            Self::Channels(values) => values[channel],
            Self::Pixels(_) => unreachable!("pixels are looked at where they are"),
        }
    }

    /// How many channels it tells apart, if it does.
    #[must_use]
    pub fn channels(&self) -> Option<usize> {
        match self {
            Self::Number(_) | Self::Pixels(_) => None,
            Self::Channels(values) => Some(values.len()),
        }
    }

    /// Its numbers.
    pub fn values(&self) -> Box<dyn Iterator<Item = f64> + '_> {
        match self {
            Self::Number(value) => Box::new(std::iter::once(*value)),
            Self::Channels(values) => Box::new(values.iter().copied()),
            Self::Pixels(values) => Box::new(values.iter().copied()),
        }
    }

    /// The shape of a sample whose every value has one.
    #[must_use]
    pub fn pixels(&self) -> Option<&[usize]> {
        match self {
            Self::Pixels(values) => Some(values.shape()),
            _ => None,
        }
    }

    /// Whether it is nowhere above `other`; `None` if the two tell different numbers of channels apart.
    pub(crate) fn at_most(&self, other: &Self) -> Option<bool> {
        if let (Self::Pixels(one), Self::Pixels(two)) = (self, other) {
            return (one.shape() == two.shape()).then(|| one.iter().zip(&**two).all(|(one, two)| one <= two));
        }
        if self.pixels().or(other.pixels()).is_some() {
            return None;
        }
        let count = match (self.channels(), other.channels()) {
            (Some(one), Some(two)) if one != two => return None,
            (one, two) => one.or(two).unwrap_or(1),
        };
        Some((0..count).all(|channel| self.of(channel) <= other.of(channel)))
    }
}

impl From<f64> for Parameter {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<Vec<f64>> for Parameter {
    fn from(values: Vec<f64>) -> Self {
        Self::Channels(values.into())
    }
}

impl From<ArrayD<f64>> for Parameter {
    fn from(values: ArrayD<f64>) -> Self {
        Self::Pixels(values.into())
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => f.write_str(&brief(*value)),
            Self::Channels(values) => {
                let values: Vec<String> = values.iter().copied().map(brief).collect();
                write!(f, "[{}]", values.join(","))
            }
            Self::Pixels(values) => write!(f, "pixels {:?}", values.shape()),
        }
    }
}

/// The shortest way to write a number that reads back the same: `2`, `0.25`, `1e-6`.
pub(crate) fn brief(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
