//! The frame of a MATLAB level 5 file: header, elements, compressed elements.
//!
//! Everything here is bounded by the bytes that are there, or by [`Limits`]; what the elements mean
//! is left to the readers of arrays and models.

use std::borrow::Cow;

use crate::bytes::Bytes;
use crate::error::{Error, Result, quoted};
use crate::inflate::{Budget, Zlib};
use crate::limits::Limits;

/// Types of elements that are not plain numbers.
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const UTF8: u32 = 16;
const I8: u32 = 1;
const I32: u32 = 5;
const U32: u32 = 6;

/// Array class of class instances, the one that stores no dimensions.
pub(crate) const OPAQUE: u8 = 17;

const HEADER_BYTES: usize = 128;
const NAME_BYTES: usize = 63;
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// One tagged piece of the file.
#[derive(Clone, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) kind: u32,
    pub(crate) payload: &'a [u8],
    /// Where the tag stands.
    pub(crate) offset: usize,
}

/// What stands in front of the contents of a matrix element.
#[derive(Debug)]
pub(crate) struct MatrixHeader {
    pub(crate) class: u8,
    pub(crate) complex: bool,
    pub(crate) logical: bool,
    /// Empty for class [`OPAQUE`].
    pub(crate) shape: Vec<usize>,
    pub(crate) name: String,
}

/// Whether the bytes look like a MATLAB file, also one of a kind that is not read.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    let mark = bytes.get(126..HEADER_BYTES);
    bytes.starts_with(b"MATLAB") || (matches!(mark, Some(b"IM" | b"MI")) && !starts_with_zero(bytes))
}

/// The elements on the top level of a file: matrices, compressed or not.
pub(crate) fn top_level<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Vec<Element<'a>>> {
    check_header(bytes)?;
    let mut rest = Bytes::new(bytes.get(HEADER_BYTES..).unwrap_or_default(), HEADER_BYTES);
    let mut elements = Vec::new();
    while !rest.is_empty() {
        limits.check_entries(elements.len() + 1)?;
        let element = next_element(&mut rest)?;
        if ![MATRIX, COMPRESSED].contains(&element.kind) {
            let message =
                format!("element type {} on the top level, only variables belong there", element.kind);
            return Err(Error::format(message).at_byte(element.offset));
        }
        elements.push(element);
    }
    Ok(elements)
}

/// The contents of a matrix element of the top level, inflated within the budget if compressed.
pub(crate) fn matrix_bytes<'a>(element: &Element<'a>, budget: &mut Budget<'_>) -> Result<Cow<'a, [u8]>> {
    if element.kind != COMPRESSED {
        return Ok(Cow::Borrowed(element.payload));
    }
    inflate(element.payload, budget).map(Cow::Owned).map_err(|error| error.at_byte(element.offset))
}

fn inflate(payload: &[u8], budget: &mut Budget<'_>) -> Result<Vec<u8>> {
    let mut stream = Zlib::new(payload);
    let tag = stream.take(8)?;
    let mut tag = Bytes::new(&tag, 0);
    let (kind, count) = (tag.u32("an element tag")?, tag.u32("an element tag")?);
    if kind == COMPRESSED {
        return Err(Error::format("a compressed element within a compressed element"));
    }
    if kind != MATRIX {
        return Err(Error::format(format!(
            "element type {kind} in a compressed element, a matrix belongs there"
        )));
    }
    budget.spend(count.into(), payload.len() as u64)?;
    let bytes = stream.take(count as usize)?;
    stream.finish()?;
    Ok(bytes)
}

/// The next element, without the bytes that pad it.
pub(crate) fn next_element<'a>(bytes: &mut Bytes<'a>) -> Result<Element<'a>> {
    let offset = bytes.offset();
    let word = bytes.u32("an element tag")?;
    let (kind, small_count) = (word & 0xffff, word >> 16);
    if small_count > 4 {
        let message = format!("a small element declares {small_count} bytes, at most 4 fit");
        return Err(Error::format(message).at_byte(offset));
    }
    if small_count > 0 {
        let payload = bytes.take(4, "a small element")?.get(..small_count as usize).unwrap_or_default();
        return Ok(Element { kind, payload, offset });
    }
    let count = bytes.u32("an element tag")? as usize;
    let payload = bytes.take(count, &format!("an element of type {kind}"))?;
    if kind != COMPRESSED {
        let padding = (count.next_multiple_of(8) - count).min(bytes.rest().len());
        bytes.take(padding, "padding")?;
    }
    Ok(Element { kind, payload, offset })
}

/// Flags, dimensions and name of a matrix; leaves `bytes` at its first content element.
pub(crate) fn matrix_header(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<MatrixHeader> {
    let flags = expect(bytes, &[U32], "the array flags")?;
    let Some(&[class, bits, ..]) = flags.payload.first_chunk::<8>() else {
        return Err(Error::format("the array flags take 8 bytes").at_byte(flags.offset));
    };
    let shape = if class == OPAQUE { Vec::new() } else { dimensions(bytes, limits)? };
    let name = name(bytes)?;
    Ok(MatrixHeader { class, complex: bits & 8 != 0, logical: bits & 2 != 0, shape, name })
}

fn dimensions(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<Vec<usize>> {
    let element = expect(bytes, &[I32], "the dimensions")?;
    let wrong = |message: String| Error::format(message).at_byte(element.offset);
    let (axes, odd) = element.payload.as_chunks::<4>();
    if axes.len() < 2 || !odd.is_empty() {
        let message =
            format!("the dimensions take {} bytes, at least 2 x 4 are needed", element.payload.len());
        return Err(wrong(message));
    }
    let shape = axes
        .iter()
        .map(|&axis| i32::from_le_bytes(axis))
        .map(|axis| usize::try_from(axis).map_err(|_| wrong(format!("dimension {axis} is negative"))))
        .collect::<Result<Vec<_>>>()?;
    limits.elements(&shape).map_err(|error| error.at_byte(element.offset))?;
    Ok(shape)
}

fn name(bytes: &mut Bytes<'_>) -> Result<String> {
    let element = expect(bytes, &[I8, UTF8], "the variable's name")?;
    let wrong = |message: String| Error::format(message).at_byte(element.offset);
    if element.payload.len() > NAME_BYTES {
        let length = element.payload.len();
        return Err(wrong(format!(
            "the variable's name has {length} bytes, at most {NAME_BYTES} are allowed"
        )));
    }
    match std::str::from_utf8(element.payload) {
        Ok(name) if !name.contains(char::is_control) => Ok(name.to_owned()),
        _ => {
            let shown = quoted(&String::from_utf8_lossy(element.payload));
            Err(wrong(format!("the variable's name {shown} is not text")))
        }
    }
}

fn expect<'a>(bytes: &mut Bytes<'a>, kinds: &[u32], what: &str) -> Result<Element<'a>> {
    let element = next_element(bytes)?;
    if kinds.contains(&element.kind) {
        return Ok(element);
    }
    let message = format!("element type {} where {what} should be", element.kind);
    Err(Error::format(message).at_byte(element.offset))
}

fn check_header(bytes: &[u8]) -> Result<()> {
    let hdf5 = || Error::unsupported("a MATLAB 7.3 file (HDF5); save it again in MATLAB with -v7");
    if [0, 512].iter().any(|&at| bytes.get(at..).is_some_and(|rest| rest.starts_with(HDF5))) {
        return Err(hdf5());
    }
    if starts_with_zero(bytes) {
        return Err(Error::unsupported("looks like a MATLAB level 4 file; save it again in MATLAB with -v7"));
    }
    let mut header = Bytes::new(bytes, 0);
    header.take(124, "the header of a MATLAB file")?;
    let version: [u8; 2] = header.array("the header of a MATLAB file")?;
    match &header.array("the header of a MATLAB file")? {
        b"IM" => {}
        b"MI" => {
            let message = "a MATLAB file of a big-endian machine; save it again on a current one";
            return Err(Error::unsupported(message).at_byte(126));
        }
        other => {
            let other = quoted(&String::from_utf8_lossy(other));
            return Err(Error::format(format!("byte order mark {other}, 'IM' is read")).at_byte(126));
        }
    }
    match u16::from_le_bytes(version) {
        0x0100 => Ok(()),
        0x0200 => Err(hdf5()),
        other => {
            Err(Error::unsupported(format!("MATLAB file version {other:#06x}, 0x0100 is read")).at_byte(124))
        }
    }
}

/// Level 5 files start with text; the first number of a level 4 file has a zero among its bytes.
fn starts_with_zero(bytes: &[u8]) -> bool {
    bytes.first_chunk::<4>().is_some_and(|start| start.contains(&0))
}
