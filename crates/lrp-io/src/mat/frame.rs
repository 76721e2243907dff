//! The frame of a file: header, elements, compressed elements.

use std::borrow::Cow;

use crate::array::ByteOrder;
use crate::bytes::Bytes;
use crate::error::{Error, Result, quoted};
use crate::inflate::{Budget, Zlib};
use crate::limits::Limits;

/// Types of elements that are not plain numbers.
pub(super) const MATRIX: u32 = 14;
pub(super) const COMPRESSED: u32 = 15;

const HEADER_BYTES: usize = 128;
const HDF5: &[u8] = b"\x89HDF\r\n\x1a\n";

/// Whether the bytes look like a MATLAB file, also one of a kind that is not read.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    let mark = bytes.get(126..HEADER_BYTES);
    bytes.starts_with(b"MATLAB") || (matches!(mark, Some(b"IM" | b"MI")) && !starts_with_zero(bytes))
}

/// Whether it is a file of MATLAB 7.3, which has nothing in common with one of level 5.
pub(crate) fn is_hdf5(bytes: &[u8]) -> bool {
    [0, 512].iter().any(|&at| bytes.get(at..).is_some_and(|rest| rest.starts_with(HDF5)))
}

/// A file taken apart into the elements of its top level: variables, compressed or not.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) order: ByteOrder,
    /// Where MATLAB says that it keeps the contents of class instances.
    pub(crate) subsystem: Option<u64>,
    pub(crate) elements: Vec<Element<'a>>,
}

impl<'a> File<'a> {
    pub(crate) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let (order, subsystem) = header(bytes)?;
        let rest = bytes.get(HEADER_BYTES..).unwrap_or_default();
        let mut stream = Stream::new(rest, HEADER_BYTES, order);
        let mut elements = Vec::new();
        while !stream.is_empty() {
            limits.check_entries(elements.len() + 1)?;
            let element = stream.next_element()?;
            if ![MATRIX, COMPRESSED].contains(&element.kind) {
                let message =
                    format!("element type {} on the top level, only variables belong there", element.kind);
                return Err(Error::format(message).at_byte(element.offset));
            }
            elements.push(element);
        }
        Ok(Self { order, subsystem, elements })
    }

    /// The inside of a variable, inflated within the budget if it is compressed.
    pub(crate) fn inflated<'e>(
        &self,
        element: &Element<'e>,
        budget: &mut Budget<'_>,
    ) -> Result<Cow<'e, [u8]>> {
        if element.kind != COMPRESSED {
            return Ok(Cow::Borrowed(element.payload));
        }
        let bytes = inflate(element.payload, self.order, budget);
        bytes.map(Cow::Owned).map_err(|error| error.at_byte(element.offset))
    }
}

fn inflate(payload: &[u8], order: ByteOrder, budget: &mut Budget<'_>) -> Result<Vec<u8>> {
    let mut stream = Zlib::new(payload);
    let tag = stream.take(8)?;
    let mut tag = Stream::new(&tag, 0, order);
    let (kind, count) = (tag.word("an element tag")?, tag.word("an element tag")?);
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

/// One tagged piece of a file.
#[derive(Clone, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) kind: u32,
    pub(crate) payload: &'a [u8],
    /// Where the tag stands.
    pub(crate) offset: usize,
}

/// Elements one after the other, in the byte order of their file.
#[derive(Clone, Debug)]
pub(crate) struct Stream<'a> {
    bytes: Bytes<'a>,
    order: ByteOrder,
}

impl<'a> Stream<'a> {
    /// Starts at the beginning of `bytes`, which errors will call byte `offset`.
    pub(crate) fn new(bytes: &'a [u8], offset: usize, order: ByteOrder) -> Self {
        Self { bytes: Bytes::new(bytes, offset), order }
    }

    pub(crate) fn order(&self) -> ByteOrder {
        self.order
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn offset(&self) -> usize {
        self.bytes.offset()
    }

    pub(crate) fn left(&self) -> usize {
        self.bytes.rest().len()
    }

    pub(crate) fn word(&mut self, what: &str) -> Result<u32> {
        self.bytes.array(what).map(|bytes| self.order.u32(bytes))
    }

    /// The next element, without the bytes that pad it.
    pub(crate) fn next_element(&mut self) -> Result<Element<'a>> {
        let offset = self.bytes.offset();
        let word = self.word("an element tag")?;
        let (kind, small_count) = (word & 0xffff, word >> 16);
        if small_count > 4 {
            let message = format!("a small element declares {small_count} bytes, at most 4 fit");
            return Err(Error::format(message).at_byte(offset));
        }
        if small_count > 0 {
            let payload =
                self.bytes.take(4, "a small element")?.get(..small_count as usize).unwrap_or_default();
            return Ok(Element { kind, payload, offset });
        }
        let count = self.word("an element tag")? as usize;
        let payload = self.bytes.take(count, &format!("an element of type {kind}"))?;
        if kind != COMPRESSED {
            let padding = (count.next_multiple_of(8) - count).min(self.left());
            self.bytes.take(padding, "padding")?;
        }
        Ok(Element { kind, payload, offset })
    }

    /// The next element, which must be of one of these types; `what` names it for the error.
    pub(crate) fn expect(&mut self, kinds: &[u32], what: &str) -> Result<Element<'a>> {
        let element = self.next_element()?;
        if kinds.contains(&element.kind) {
            return Ok(element);
        }
        let message = format!("element type {} where {what} should be", element.kind);
        Err(Error::format(message).at_byte(element.offset))
    }
}

fn header(bytes: &[u8]) -> Result<(ByteOrder, Option<u64>)> {
    const WHAT: &str = "the header of a MATLAB file";
    let hdf5 = || Error::unsupported("a MATLAB 7.3 file (HDF5); save it again in MATLAB with -v7");
    if is_hdf5(bytes) {
        return Err(hdf5());
    }
    if starts_with_zero(bytes) {
        return Err(Error::unsupported("looks like a MATLAB level 4 file; save it again in MATLAB with -v7"));
    }
    let mut header = Bytes::new(bytes, 0);
    header.take(116, WHAT)?;
    let (subsystem, version): ([u8; 8], [u8; 2]) = (header.array(WHAT)?, header.array(WHAT)?);
    let order = byte_order(header.array(WHAT)?).map_err(|error| error.at_byte(126))?;
    match order.u16(version) {
        0x0100 => Ok((order, subsystem_offset(subsystem, order))),
        0x0200 => Err(hdf5()),
        other => {
            Err(Error::unsupported(format!("MATLAB file version {other:#06x}, 0x0100 is read")).at_byte(124))
        }
    }
}

/// The order that wrote the letters `MI` of a 16 bit number as `mark`.
pub(crate) fn byte_order(mark: [u8; 2]) -> Result<ByteOrder> {
    match &mark {
        b"IM" => Ok(ByteOrder::Little),
        b"MI" => Ok(ByteOrder::Big),
        other => {
            let other = quoted(&String::from_utf8_lossy(other));
            Err(Error::format(format!("byte order mark {other}, 'IM' and 'MI' are read")))
        }
    }
}

/// Files without class instances have zeros or blanks there.
fn subsystem_offset(bytes: [u8; 8], order: ByteOrder) -> Option<u64> {
    (bytes != [b' '; 8] && bytes != [0; 8]).then(|| order.u64(bytes))
}

/// Level 5 files start with text; the first number of a level 4 file has a zero among its bytes.
fn starts_with_zero(bytes: &[u8]) -> bool {
    bytes.first_chunk::<4>().is_some_and(|start| start.contains(&0))
}
