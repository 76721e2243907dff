//! A matrix: class, dimensions and name, and the elements that hold its contents.

use super::Stream;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

/// Types of elements in front of the contents.
pub(super) const I8: u32 = 1;
pub(super) const I32: u32 = 5;
pub(super) const U32: u32 = 6;
pub(super) const UTF8: u32 = 16;

/// Array classes that do not hold plain numbers.
pub(super) const CELL: u8 = 1;
pub(super) const STRUCT: u8 = 2;
pub(super) const CHAR: u8 = 4;
/// Class instances, the one class that stores no dimensions.
pub(super) const OPAQUE: u8 = 17;

/// How the classes that do not hold plain numbers are called in errors.
const OTHERS: [(u8, &str); 7] = [
    (CELL, "a cell array"),
    (STRUCT, "a struct"),
    (3, "an object"),
    (CHAR, "a char array"),
    (5, "a sparse matrix (save full(…) of it)"),
    (16, "a function handle"),
    (OPAQUE, "an instance of a class"),
];

const NAME_BYTES: usize = 63;
const COMPLEX: u8 = 8;
pub(super) const LOGICAL: u8 = 2;

/// A matrix opened at its contents.
#[derive(Clone, Debug)]
pub(crate) struct Matrix<'a> {
    pub(crate) class: u8,
    pub(crate) complex: bool,
    pub(crate) logical: bool,
    /// Dimensions within the limits; none for class instances.
    pub(crate) shape: Vec<usize>,
    pub(crate) name: String,
    pub(crate) contents: Stream<'a>,
}

impl<'a> Matrix<'a> {
    /// Reads what stands in front of the contents.
    pub(crate) fn open(mut stream: Stream<'a>, limits: &Limits) -> Result<Self> {
        let flags = stream.expect(&[U32], "the array flags")?;
        let Some(&flag_bytes) = flags.payload.first_chunk::<4>().filter(|_| flags.payload.len() == 8) else {
            return Err(Error::format("the array flags take 8 bytes").at_byte(flags.offset));
        };
        let [class, bits, ..] = stream.order().u32(flag_bytes).to_le_bytes();
        let shape = if class == OPAQUE { Vec::new() } else { dimensions(&mut stream, limits)? };
        let name = name(&mut stream)?;
        let [complex, logical] = [COMPLEX, LOGICAL].map(|bit| bits & bit != 0);
        Ok(Self { class, complex, logical, shape, name, contents: stream })
    }

    /// What it is, if it is not an array of plain numbers.
    pub(crate) fn other_than_numbers(&self) -> Option<&'static str> {
        OTHERS.iter().find(|(class, _)| *class == self.class).map(|(_, what)| *what)
    }
}

fn dimensions(stream: &mut Stream<'_>, limits: &Limits) -> Result<Vec<usize>> {
    let order = stream.order();
    let element = stream.expect(&[I32], "the dimensions")?;
    let wrong = |message: String| Error::format(message).at_byte(element.offset);
    let (axes, odd) = element.payload.as_chunks::<4>();
    if axes.len() < 2 || !odd.is_empty() {
        let message =
            format!("the dimensions take {} bytes, at least 2 x 4 are needed", element.payload.len());
        return Err(wrong(message));
    }
    let shape = axes
        .iter()
        .map(|&axis| order.u32(axis).cast_signed())
        .map(|axis| usize::try_from(axis).map_err(|_| wrong(format!("dimension {axis} is negative"))))
        .collect::<Result<Vec<_>>>()?;
    limits.elements(&shape).map_err(|error| error.at_byte(element.offset))?;
    Ok(shape)
}

fn name(stream: &mut Stream<'_>) -> Result<String> {
    let element = stream.expect(&[I8, UTF8], "the variable's name")?;
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
