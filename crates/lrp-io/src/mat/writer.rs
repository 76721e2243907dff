//! Variables as bytes: level 5, little endian, not compressed.

use super::frame::MATRIX;
use super::matrix::{CELL, CHAR, I8, I32, LOGICAL, STRUCT, U32};
use super::numbers::NUMERIC;
use super::text::UTF16;
use super::{Cells, Numbers, Record, Value};
use crate::array::{ByteOrder, Dtype, encode};
use crate::error::{Error, Result, quoted};

/// Bytes of a name with its zero, in variables and, in the narrow form, in fields.
const NAME_WIDTH: usize = 64;
const NARROW_NAME_WIDTH: usize = 32;

/// What stands in front of the first variable; it names no time, so equal contents are equal files.
pub(crate) fn header() -> Vec<u8> {
    let mut bytes = b"MATLAB 5.0 MAT-file, Platform: any, Created by: lrp-io".to_vec();
    bytes.resize(124, b' ');
    bytes.extend(b"\x00\x01IM");
    bytes
}

/// A whole variable; fails for what has no place in such a file: instances, and 4 GiB or more.
pub(crate) fn variable(name: &str, value: &Value) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    push(&mut out, name, value)?;
    Ok(out)
}

/// A variable of real numbers up to its numbers, which follow in MATLAB's order, and then
/// [`padding`] zeros.
pub(crate) fn numbers_front(name: &str, dtype: Dtype, shape: &[usize]) -> Result<Vec<u8>> {
    // Truth values are bytes with a flag.
    let logical = dtype == Dtype::Bool;
    let row = NUMERIC.iter().find(|(.., known)| *known == if logical { Dtype::U8 } else { dtype });
    let (class, storage, _) = row.ok_or_else(|| Error::unsupported(format!("{dtype} is not written")))?;
    let bytes = shape.iter().try_fold(dtype.size(), |bytes, &axis| bytes.checked_mul(axis));
    let bytes = bytes.filter(|&bytes| bytes < u32::MAX as usize).ok_or_else(too_large)?;
    let mut inside = Vec::new();
    push_front(&mut inside, [*class, if logical { LOGICAL } else { 0 }], shape, name)?;
    push_tag(&mut inside, *storage, bytes)?;
    let mut out = Vec::new();
    push_tag(&mut out, MATRIX, inside.len() + bytes + padding(bytes))?;
    out.extend(inside);
    Ok(out)
}

/// Zeros behind `count` bytes of an element.
pub(crate) fn padding(count: usize) -> usize {
    if is_small(count) { 4 - count } else { count.next_multiple_of(8) - count }
}

/// A name that MATLAB accepts for a variable.
pub(crate) fn check_name(name: &str) -> Result<()> {
    const KEYWORDS: &[&str] = &[
        "break",
        "case",
        "catch",
        "classdef",
        "continue",
        "else",
        "elseif",
        "end",
        "for",
        "function",
        "global",
        "if",
        "otherwise",
        "parfor",
        "persistent",
        "return",
        "spmd",
        "switch",
        "try",
        "while",
    ];
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let sound = name.starts_with(|first: char| first.is_ascii_alphabetic()) && name.chars().all(is_word);
    if sound && name.len() < NAME_WIDTH && !KEYWORDS.contains(&name) {
        return Ok(());
    }
    let rule = "a letter, then at most 62 letters, digits and underscores, and no keyword";
    Err(Error::format(format!("{} is no name in MATLAB: {rule}", quoted(name))))
}

fn push(out: &mut Vec<u8>, name: &str, value: &Value) -> Result<()> {
    match value {
        Value::Empty => push_tag(out, MATRIX, 0),
        Value::Numbers(numbers) => push_numbers(out, name, numbers),
        Value::Text(text) => {
            let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            push_matrix(out, CHAR, &[1, units.len() / 2], name, |out| push_element(out, UTF16, &units))
        }
        Value::Cells(cells) => push_cells(out, name, cells),
        Value::Record(record) => push_record(out, name, record),
        Value::Instance(_) | Value::Other(_) => {
            Err(Error::unsupported(format!("{} is not written", value.what())))
        }
    }
}

fn push_numbers(out: &mut Vec<u8>, name: &str, numbers: &Numbers) -> Result<()> {
    let dtype = numbers.dtype;
    out.extend(numbers_front(name, dtype, &numbers.shape)?);
    numbers.values.iter().for_each(|&value| encode(dtype, ByteOrder::Little, value, out));
    pad(out, numbers.values.len() * dtype.size());
    Ok(())
}

fn push_cells(out: &mut Vec<u8>, name: &str, cells: &Cells) -> Result<()> {
    push_matrix(out, CELL, &cells.shape, name, |out| {
        cells.values.iter().try_for_each(|value| push(out, "", value))
    })
}

fn push_record(out: &mut Vec<u8>, name: &str, record: &Record) -> Result<()> {
    let narrow = record.fields.iter().all(|field| field.len() < NARROW_NAME_WIDTH);
    let width = if narrow { NARROW_NAME_WIDTH } else { NAME_WIDTH };
    let mut names = Vec::new();
    for (index, field) in record.fields.iter().enumerate() {
        check_name(field)?;
        names.extend(field.as_bytes());
        names.resize((index + 1) * width, 0);
    }
    push_matrix(out, STRUCT, &record.shape, name, |out| {
        push_element(out, I32, &(width as u32).to_le_bytes())?;
        push_element(out, I8, &names)?;
        record.values.iter().try_for_each(|value| push(out, "", value))
    })
}

fn push_matrix(
    out: &mut Vec<u8>,
    class: u8,
    shape: &[usize],
    name: &str,
    contents: impl FnOnce(&mut Vec<u8>) -> Result<()>,
) -> Result<()> {
    let start = out.len();
    push_tag(out, MATRIX, 0)?;
    push_front(out, [class, 0], shape, name)?;
    contents(out)?;
    let count = u32::try_from(out.len() - start - 8).map_err(|_| too_large())?;
    if let Some(place) = out.get_mut(start + 4..start + 8) {
        place.copy_from_slice(&count.to_le_bytes());
    }
    Ok(())
}

/// Class and flags, dimensions and name.
fn push_front(out: &mut Vec<u8>, [class, flags]: [u8; 2], shape: &[usize], name: &str) -> Result<()> {
    let axes = shape.iter().map(|&axis| i32::try_from(axis).map_err(|_| too_large()));
    let axes: Vec<u8> = axes.collect::<Result<Vec<_>>>()?.into_iter().flat_map(i32::to_le_bytes).collect();
    push_element(out, U32, &[class, flags, 0, 0, 0, 0, 0, 0])?;
    push_element(out, I32, &axes)?;
    push_element(out, I8, name.as_bytes())
}

fn push_element(out: &mut Vec<u8>, kind: u32, payload: &[u8]) -> Result<()> {
    push_tag(out, kind, payload.len())?;
    out.extend(payload);
    pad(out, payload.len());
    Ok(())
}

/// The tag of an element; that of a small one leaves room for its bytes.
fn push_tag(out: &mut Vec<u8>, kind: u32, count: usize) -> Result<()> {
    let count = u32::try_from(count).map_err(|_| too_large())?;
    match is_small(count as usize) {
        true => out.extend((kind | count << 16).to_le_bytes()),
        false => out.extend([kind.to_le_bytes(), count.to_le_bytes()].concat()),
    }
    Ok(())
}

fn pad(out: &mut Vec<u8>, count: usize) {
    out.resize(out.len() + padding(count), 0);
}

fn is_small(count: usize) -> bool {
    (1..=4).contains(&count)
}

fn too_large() -> Error {
    Error::unsupported("a variable takes 4 GiB or more, which no level 5 file holds; use .npy")
}
