//! What rules and composites take in parentheses.

use std::fmt;
use std::sync::Arc;

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
        }
    }

    /// How many channels it tells apart, if it does.
    #[must_use]
    pub fn channels(&self) -> Option<usize> {
        match self {
            Self::Number(_) => None,
            Self::Channels(values) => Some(values.len()),
        }
    }

    /// Its numbers.
    #[must_use]
    pub fn values(&self) -> &[f64] {
        match self {
            Self::Number(value) => std::slice::from_ref(value),
            Self::Channels(values) => values,
        }
    }

    /// Whether it is nowhere above `other`; `None` if the two tell different numbers of channels apart.
    pub(crate) fn at_most(&self, other: &Self) -> Option<bool> {
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

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(value) => f.write_str(&brief(*value)),
            Self::Channels(values) => {
                let values: Vec<String> = values.iter().copied().map(brief).collect();
                write!(f, "[{}]", values.join(","))
            }
        }
    }
}

/// The shortest way to write a number that reads back the same: `2`, `0.25`, `1e-6`.
pub(crate) fn brief(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
