//! What can be wrong with a network or with what is fed to it.

use std::fmt;

/// The result of anything in this crate that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A network that cannot be built, or an input it cannot take.
///
/// It prints as one line: the node concerned, what is wrong, and what was allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    node: Option<String>,
    message: String,
}

/// The kinds of [`Error`] a program may want to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// An array's shape does not fit the layer or network it meets.
    Shape,
    /// A weight or an input is NaN or infinite.
    NotFinite,
    /// A number is not that of an entry in the table it is looked up in.
    Lookup,
    /// Nodes do not form a network: nothing to run, a name twice, an input that does not exist.
    Graph,
    /// A layer has no form in the number type asked for.
    Cast,
}

impl Error {
    /// A shape a layer cannot take; for layers of the user's own too.
    #[must_use]
    pub fn shape(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Shape, node: None, message: message.into() }
    }

    pub(crate) fn not_finite(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::NotFinite, node: None, message: message.into() }
    }

    pub(crate) fn lookup(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Lookup, node: None, message: message.into() }
    }

    pub(crate) fn graph(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Graph, node: None, message: message.into() }
    }

    pub(crate) fn cast(message: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Cast, node: None, message: message.into() }
    }

    pub(crate) fn at(mut self, node: &str) -> Self {
        self.node.get_or_insert_with(|| node.to_owned());
        self
    }

    /// What kind of fault this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The name of the node the fault was found at, if it belongs to one.
    #[must_use]
    pub fn node(&self) -> Option<&str> {
        self.node.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.node {
            Some(node) => write!(f, "{node}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Error {}
