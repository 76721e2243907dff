//! Numbers beside an ONNX file: in files of the model's own folder and nowhere else.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::error::{Error, Result, quoted};
use crate::file::{read_file, within};
use crate::limits::Limits;

use super::proto::Entry;

/// The folder that a model lies in, with the files read from it so far.
pub(super) struct Folder<'a> {
    path: Option<&'a Path>,
    limits: &'a Limits,
    files: RefCell<HashMap<PathBuf, Bytes>>,
}

/// A part of a file.
struct Place<'a> {
    location: &'a str,
    offset: usize,
    length: Option<usize>,
}

impl<'a> Folder<'a> {
    /// No path if the model was not read from a file; nothing outside of it is read then.
    pub(super) fn new(path: Option<&'a Path>, limits: &'a Limits) -> Self {
        Self { path, limits, files: RefCell::default() }
    }

    /// The bytes that entries of a tensor point at, `expected` of them.
    pub(super) fn slice(&self, entries: &[Entry], expected: usize) -> Result<Bytes> {
        let place = place(entries)?;
        let Some(folder) = self.path else {
            let location = quoted(place.location);
            let message = format!("is in the file {location}, and no folder is known in which that might be");
            return Err(Error::unsupported(message));
        };
        let refused = |reason: &str| {
            Error::unsupported(format!("is in the file {}, which {reason}", quoted(place.location)))
        };
        let path = within(folder, place.location).map_err(refused)?;
        let bytes = self.file(path)?;
        let length = place.length.unwrap_or(expected);
        let end = place.offset.checked_add(length);
        let Some(end) = end.filter(|&end| end <= bytes.len() && length == expected) else {
            let (offset, size) = (place.offset, bytes.len());
            return Err(Error::format(format!(
                "is {length} bytes from byte {offset} of {}, expected {expected} of the {size} bytes there",
                quoted(place.location)
            )));
        };
        Ok(bytes.slice(place.offset..end))
    }

    /// A file, read once however many tensors are in it.
    fn file(&self, path: PathBuf) -> Result<Bytes> {
        let mut files = self.files.borrow_mut();
        if let Some(bytes) = files.get(&path) {
            return Ok(bytes.clone());
        }
        let held: usize = files.values().map(Bytes::len).sum();
        let left = self.limits.file_bytes.saturating_sub(held as u64);
        let bytes = Bytes::from(read_file(&path, &Limits { file_bytes: left, ..self.limits.clone() })?);
        files.insert(path, bytes.clone());
        Ok(bytes)
    }
}

fn place(entries: &[Entry]) -> Result<Place<'_>> {
    let mut place = Place { location: "", offset: 0, length: None };
    for Entry { key, value } in entries {
        let number = || {
            let wrong =
                || Error::format(format!("has the {key} {}, expected a number of bytes", quoted(value)));
            value.parse::<usize>().map_err(|_| wrong())
        };
        match key.as_str() {
            "location" => place.location = value,
            "offset" => place.offset = number()?,
            "length" => place.length = Some(number()?),
            // What it says can be checked by who wrote it; the bytes are what they are.
            "checksum" | "basepath" => {}
            _ => {
                return Err(Error::format(format!(
                    "is outside of the file with an unknown key {}",
                    quoted(key)
                )));
            }
        }
    }
    Ok(place)
}
