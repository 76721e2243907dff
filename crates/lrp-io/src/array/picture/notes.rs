//! What a PNG says beside its pixels: chunks `tEXt`, `zTXt` and `iTXt`.

use std::io::Read;

use flate2::read::ZlibDecoder;

use super::png::{chunks, sniff};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// The notes of a PNG file in memory, keyword and text, in the order of the file; a file of another kind has none.
/// `name` stands in errors.
///
/// A text that is not of its encoding has `�` in place of what is wrong. All texts together may be as long as
/// [`Limits::inflation_free_bytes`], and be as many as [`Limits::archive_entries`]; more of them, and chunks that are
/// broken, are errors.
///
/// ```
/// use lrp_io::{Limits, read_notes};
///
/// assert!(read_notes("relevance.npy", b"\x93NUMPY\x01\x00", &Limits::default())?.is_empty());
/// # Ok::<(), lrp_io::Error>(())
/// ```
pub fn read_notes(name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<(String, String)>> {
    notes(bytes, limits).map_err(|error| error.in_file(name))
}

fn notes(bytes: &[u8], limits: &Limits) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    if !sniff(bytes) {
        return Ok(found);
    }
    let mut left = limits.inflation_free_bytes;
    for chunk in chunks(bytes)? {
        let chunk = chunk?;
        let read = match &chunk.kind {
            b"tEXt" => plain,
            b"zTXt" => deflated,
            b"iTXt" => international,
            _ => continue,
        };
        if found.len() == limits.archive_entries {
            let message = format!("the picture has more than {} notes, no more are allowed", found.len());
            return Err(Error::limit(message).at_byte(chunk.offset));
        }
        let (keyword, text) = read(chunk.content, left).map_err(|error| error.at_byte(chunk.offset))?;
        left -= (text.len() as u64).min(left);
        found.push((keyword, text));
    }
    Ok(found)
}

/// Keyword and text, both in Latin-1.
fn plain(content: &[u8], left: u64) -> Result<(String, String)> {
    let (keyword, text) = part(content)?;
    Ok((latin(keyword), latin(&bounded(text, left)?)))
}

/// The same, the text packed.
fn deflated(content: &[u8], left: u64) -> Result<(String, String)> {
    let (keyword, rest) = part(content)?;
    let Some((0, text)) = rest.split_first() else {
        return Err(Error::format("a note of the picture is packed in a way that PNG does not know"));
    };
    Ok((latin(keyword), latin(&inflated(text, left)?)))
}

/// Keyword, whether it is packed and how, language, the keyword in it, and the text in UTF-8.
fn international(content: &[u8], left: u64) -> Result<(String, String)> {
    let (keyword, rest) = part(content)?;
    let Some(([packed @ (0 | 1), 0], rest)) = rest.split_at_checked(2) else {
        return Err(Error::format("a note of the picture is packed in a way that PNG does not know"));
    };
    let text = part(part(rest)?.1)?.1;
    let text = if *packed == 1 { inflated(text, left)? } else { bounded(text, left)? };
    Ok((latin(keyword), String::from_utf8_lossy(&text).into_owned()))
}

/// What stands before the next zero, and what behind it.
fn part(content: &[u8]) -> Result<(&[u8], &[u8])> {
    let zero = content.iter().position(|&byte| byte == 0);
    match zero.and_then(|zero| Some((content.get(..zero)?, content.get(zero + 1..)?))) {
        Some(parts) => Ok(parts),
        None => Err(Error::format("a note of the picture ends too early")),
    }
}

fn bounded(text: &[u8], left: u64) -> Result<Vec<u8>> {
    if text.len() as u64 > left { Err(too_long(left)) } else { Ok(text.to_vec()) }
}

fn inflated(text: &[u8], left: u64) -> Result<Vec<u8>> {
    let mut inflated = Vec::new();
    ZlibDecoder::new(text)
        .take(left.saturating_add(1))
        .read_to_end(&mut inflated)
        .map_err(|error| Error::io(ErrorKind::Format, "a note of the picture is damaged", error))?;
    if inflated.len() as u64 > left { Err(too_long(left)) } else { Ok(inflated) }
}

fn too_long(left: u64) -> Error {
    Error::limit(format!("a note of the picture is longer than the {left} bytes that are allowed"))
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}
