//! What can go wrong with a training.

use thiserror::Error as ThisError;

/// The result of everything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not trained; one line.
#[derive(Debug, ThisError)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The class of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Settings that make no sense, alone or with these examples.
    Settings,
    /// Examples that do not fit each other or the network.
    Examples,
    /// An architecture that cannot be read or built.
    Architecture,
    /// Weights or predictions became NaN or infinite.
    Diverged,
    /// A saved state that does not fit.
    State,
}

impl Error {
    /// What class of mistake this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// Weights or predictions that a network refused.
    pub(crate) fn diverged(error: lrp_core::Error) -> Self {
        Self::new(ErrorKind::Diverged, error.to_string())
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
