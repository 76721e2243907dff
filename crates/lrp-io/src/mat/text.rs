//! Char arrays, in any of the encodings that MATLAB and other programs store them in.

use super::matrix::{I8, UTF8};
use super::{Matrix, Value};
use crate::error::{Error, Result};

const U8: u32 = 2;
const U16: u32 = 4;
pub(super) const UTF16: u32 = 17;
const UTF32: u32 = 18;

/// A text, if the array has at most one row.
pub(super) fn read(mut matrix: Matrix<'_>) -> Result<Value> {
    let order = matrix.contents.order();
    let letters: usize = matrix.shape.iter().product();
    if letters > 0 && matrix.shape != [1, letters] {
        return Ok(Value::Other("a char array that is no row"));
    }
    let element = matrix.contents.next_element()?;
    let wrong = |message: String| Error::format(message).at_byte(element.offset);
    let not_text = || wrong("the characters are not text".to_owned());
    let (bytes, size) = (element.payload, size(element.kind));
    if size.is_none_or(|size| !bytes.len().is_multiple_of(size)) {
        return Err(wrong(format!("{} bytes of type {} are no characters", bytes.len(), element.kind)));
    }
    let text: String = match element.kind {
        UTF8 => std::str::from_utf8(bytes).map_err(|_| not_text())?.to_owned(),
        U16 | UTF16 => {
            let units = bytes.as_chunks().0.iter().map(|unit| order.u16(*unit));
            char::decode_utf16(units).collect::<Result<_, _>>().map_err(|_| not_text())?
        }
        UTF32 => {
            let letters = bytes.as_chunks().0.iter().map(|unit| char::from_u32(order.u32(*unit)));
            letters.collect::<Option<_>>().ok_or_else(not_text)?
        }
        // Numbers of letters below 256.
        _ => bytes.iter().map(|&byte| char::from(byte)).collect(),
    };
    // Programs differ in what they count where a letter takes several units.
    let counts = [text.chars().count(), text.encode_utf16().count(), text.len()];
    if !counts.contains(&letters) {
        return Err(wrong(format!("the dimensions say {letters} characters, there are {}", counts[0])));
    }
    Ok(Value::Text(text.into()))
}

/// Bytes of a unit of an element type that characters are stored in.
fn size(kind: u32) -> Option<usize> {
    match kind {
        I8 | U8 | UTF8 => Some(1),
        U16 | UTF16 => Some(2),
        UTF32 => Some(4),
        _ => None,
    }
}
