//! What went wrong between the crates.

use std::error::Error as StdError;
use std::fmt;

/// The result of what this crate does itself.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something cannot be done: one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error(String);

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// About a file.
    pub(crate) fn of(name: &str, message: impl fmt::Display) -> Self {
        Self(format!("{name}: {message}"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl StdError for Error {}

/// Errors of the crates keep their line.
macro_rules! keeps_line {
    ($($kind:ty),+) => {
        $(impl From<$kind> for Error {
            fn from(error: $kind) -> Self {
                Self(error.to_string())
            }
        })+
    };
}
keeps_line!(lrp_core::Error, lrp_io::Error, lrp_rules::Error);
