//! What cannot be drawn, and why.

use std::fmt::{self, Display};

/// What went wrong while rendering; the reason is in [`Error::kind`].
///
/// The message is one line: what, where, and what was allowed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error(transparent)]
pub struct Error {
    kind: ErrorKind,
}

impl Error {
    /// The reason, for callers that decide on it.
    pub fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    pub(crate) fn option(what: &'static str, found: impl Display, allowed: &'static str) -> Error {
        ErrorKind::Option { what, found: found.to_string(), allowed }.into()
    }

    pub(crate) fn shape(what: &'static str, found: &[usize], expected: impl Display) -> Error {
        ErrorKind::Shape { what, found: found.to_vec(), expected: expected.to_string() }.into()
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Error {
        Error { kind }
    }
}

/// The reasons for an [`Error`].
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ErrorKind {
    /// No row of [`COLORMAPS`](crate::COLORMAPS) has this name.
    #[error("unknown colormap {name:?}, {}", Suggestion(near))]
    UnknownColormap {
        /// The name that was asked for.
        name: String,
        /// Known names that are spelt alike, nearest first; may be empty.
        near: Vec<String>,
    },
    /// The number of elements is not a square and no shape was given.
    #[error("{elements} values do not fill a square picture, give the height and width")]
    NotSquare {
        /// How many values there were.
        elements: usize,
    },
    /// An array has the wrong extents.
    #[error("{what} has shape {found:?}, expected {expected}")]
    Shape {
        /// Which array.
        what: &'static str,
        /// Its extents.
        found: Vec<usize>,
        /// The extents that were allowed, in words.
        expected: String,
    },
    /// A value is NaN or infinite.
    #[error("{what} is {value} at index {index:?}, expected finite values")]
    NotFinite {
        /// Which array.
        what: &'static str,
        /// Where, one index per axis.
        index: Vec<usize>,
        /// The value found there.
        value: f64,
    },
    /// An option lies outside its range.
    #[error("{what} is {found}, expected {allowed}")]
    Option {
        /// The option.
        what: &'static str,
        /// The value given.
        found: String,
        /// The allowed values, in words.
        allowed: &'static str,
    },
    /// A picture would be larger than [`MAX_PIXELS`](crate::MAX_PIXELS).
    #[error(
        "a picture of {height} x {width} pixels is too large, at most {} pixels are allowed",
        crate::MAX_PIXELS
    )]
    TooLarge {
        /// Rows the picture would have.
        height: usize,
        /// Columns the picture would have.
        width: usize,
    },
    /// The PNG encoder or the bundled font refused, with its own words.
    #[error("{what}: {reason}")]
    Library {
        /// What was being done.
        what: &'static str,
        /// The library's message.
        reason: String,
    },
}

struct Suggestion<'a>(&'a [String]);

impl Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => write!(f, "expected a matplotlib name such as jet, seismic, coolwarm or viridis"),
            near => write!(f, "did you mean {}?", near.join(" or ")),
        }
    }
}
