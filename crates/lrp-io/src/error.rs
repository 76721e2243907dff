//! What went wrong, in which file, and where in it.

use std::error::Error as StdError;
use std::fmt::{self, Display, Write as _};

/// The result of everything in this crate that touches a file or its bytes.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a file was not read or written; prints as one line, `name:line: message` or
/// `name: byte 80: message`.
///
/// The message says what was found and what was allowed. A part of a container is named in
/// brackets, `maps.npz[seed]: byte 6: …`, and its position counts from the start of that part.
#[derive(Debug)]
pub struct Error {
    kind: ErrorKind,
    file: String,
    position: Option<Position>,
    message: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// The class of an [`Error`], for callers that act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The file is missing, is not a regular file, or the system would not let it be read.
    Open,
    /// The bytes break the rules of their format.
    Format,
    /// The file asks for more than its [`Limits`](crate::Limits) allow.
    Limit,
    /// The bytes are sound but hold something that this crate does not read.
    Unsupported,
    /// A number that must be finite is not.
    NotFinite,
    /// An integer that f64 cannot hold exactly.
    Inexact,
    /// The array or model asked for is not there, or nothing says which of several is meant.
    Selection,
    /// The file could not be written; what stood at its place before is still there.
    Write,
}

/// A place inside a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Position {
    /// Line of a text, counted from 1.
    Line(usize),
    /// Byte offset, counted from 0.
    Byte(usize),
}

impl Error {
    /// What class of mistake this is.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The file as the caller named it, with the part of a container in brackets.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// Where in the file, if one place can be blamed.
    pub fn position(&self) -> Option<Position> {
        self.position
    }

    /// What was found and what was allowed, without the file and the position.
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, file: String::new(), position: None, message: message.into(), source: None }
    }

    pub(crate) fn format(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Format, message)
    }

    pub(crate) fn limit(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Limit, message)
    }

    pub(crate) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unsupported, message)
    }

    pub(crate) fn io(kind: ErrorKind, doing: &str, source: std::io::Error) -> Self {
        let message = format!("{doing}: {}", lower_first(&source.to_string()));
        Self { source: Some(Box::new(source)), ..Self::new(kind, message) }
    }

    /// Names the part of a whole that the message is about.
    pub(crate) fn of(self, part: &str) -> Self {
        Self { message: format!("{part}: {}", self.message), ..self }
    }

    /// Blames a line, unless something further in has already been blamed.
    pub(crate) fn at_line(mut self, line: usize) -> Self {
        self.position.get_or_insert(Position::Line(line));
        self
    }

    /// Blames a byte, unless something further in has already been blamed.
    pub(crate) fn at_byte(mut self, offset: usize) -> Self {
        self.position.get_or_insert(Position::Byte(offset));
        self
    }

    /// Names the file, or the container around what is already named.
    pub(crate) fn in_file(mut self, name: &str) -> Self {
        self.file = if self.file.is_empty() { name.to_owned() } else { format!("{name}[{}]", self.file) };
        self
    }
}

impl Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_one_line(out, &self.file)?;
        match self.position {
            Some(Position::Line(line)) => write!(out, ":{line}: ")?,
            Some(Position::Byte(offset)) => write!(out, ": byte {offset}: ")?,
            None if self.file.is_empty() => {}
            None => out.write_str(": ")?,
        }
        write_one_line(out, &self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

/// A file whose layers do not fit together is broken.
impl From<lrp_core::Error> for Error {
    fn from(error: lrp_core::Error) -> Self {
        Self::format(error.to_string())
    }
}

/// Outside text for a message: in single quotes, escaped, at most 40 characters of it.
pub(crate) fn quoted(text: &str) -> String {
    const SHOWN: usize = 40;
    let shown: String = text.chars().take(SHOWN).flat_map(char::escape_debug).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("'{shown}{more}'")
}

/// Names for a message: quoted, with commas, at most 20 of them.
pub(crate) fn quoted_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<String> = names.take(SHOWN + 1).map(quoted).collect();
    if names.len() > SHOWN {
        names.truncate(SHOWN);
        names.push("…".to_owned());
    }
    names.join(", ")
}

/// File names and messages of other crates may hold line ends; an error is one line.
fn write_one_line(out: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|letter| {
        if letter.is_control() { write!(out, "{}", letter.escape_default()) } else { out.write_char(letter) }
    })
}

fn lower_first(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}
