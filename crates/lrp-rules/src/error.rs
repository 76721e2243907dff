//! What can be wrong with a rule, a composite, a target or an explanation.

use std::fmt;

/// The result of anything in this crate that can fail.
pub type Result<T> = std::result::Result<T, Error>;

/// A rule, composite or target that makes no sense, or an input the network cannot take; one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
}

/// The kinds of [`Error`] a program may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An unknown rule, or parameters it does not take.
    Rule,
    /// A composite, or a file describing one, that cannot be read or does not fit the network.
    Composite,
    /// A target the network's output does not have.
    Target,
    /// The network refused the input.
    Network,
}

impl Error {
    /// Text a user wrote may hold line breaks and escapes; what is said about it does not.
    fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into().replace(char::is_control, " ") }
    }

    pub(crate) fn rule(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Rule, message)
    }

    pub(crate) fn composite(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Composite, message)
    }

    pub(crate) fn target(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Target, message)
    }

    /// What kind of fault this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl From<lrp_core::Error> for Error {
    fn from(error: lrp_core::Error) -> Self {
        Self::new(ErrorKind::Network, error.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
