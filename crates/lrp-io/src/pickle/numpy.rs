//! numpy's arrays and numbers in pickles, of numpy 1 and 2 and every protocol.

use std::borrow::Cow;

use ndarray::{ArrayD, IxDyn, ShapeBuilder};

use super::{Global, Item};
use crate::array::{ByteOrder, Dtype, array_from_memory_order, decode, parse_descr};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Bytes that arrays may still be made of.
///
/// A pickle may name the same bytes any number of times, but a model that is what it claims has a place in
/// the file for each of its numbers.
pub(crate) struct Payloads<'l> {
    limits: &'l Limits,
    left: usize,
}

impl<'l> Payloads<'l> {
    pub(crate) fn new(file: &[u8], limits: &'l Limits) -> Self {
        Self { limits, left: file.len() }
    }

    /// An array in row-major order.
    pub(crate) fn array(&mut self, item: Item<'_, '_>) -> Result<ArrayD<f64>> {
        let at = item.at();
        let stored = match item.global() {
            Some(Global::Reconstruct) => reconstructed(item),
            Some(Global::FromBuffer) => from_buffer(item),
            _ => Err(item.expected("a numpy array")),
        };
        stored.and_then(|stored| self.values(&stored)).map_err(|error| error.at_byte(at))
    }

    /// A whole number that is not negative, Python's own or one of numpy's.
    pub(crate) fn size(&mut self, item: Item<'_, '_>) -> Result<usize> {
        let wrong = || item.expected("a size");
        if item.global() != Some(Global::Scalar) {
            return usize::try_from(item.integer()?).map_err(|_| wrong());
        }
        let [dtype, payload] = item.arguments()?.exactly()?;
        let stored =
            Stored { dtype: number_type(dtype)?, shape: Vec::new(), fortran: false, payload: raw(payload)? };
        let value = self.values(&stored)?.sum();
        if Dtype::U32.holds(value) { Ok(value as usize) } else { Err(wrong()) }
    }

    fn values(&mut self, stored: &Stored<'_>) -> Result<ArrayD<f64>> {
        let (dtype, order) = stored.dtype;
        let elements = self.limits.elements(&stored.shape)?;
        if elements.checked_mul(dtype.size()) != Some(stored.payload.len()) {
            let (shape, size, found) = (&stored.shape, dtype.size(), stored.payload.len());
            let message =
                format!("the shape {shape:?} of {dtype} takes {elements} x {size} bytes, there are {found}");
            return Err(Error::format(message));
        }
        self.left = self.left.checked_sub(stored.payload.len()).ok_or_else(|| {
            Error::limit("the arrays take more bytes than the file has: it uses the same ones several times")
        })?;
        let values = decode(dtype, order, &stored.payload)?;
        array_from_memory_order(IxDyn(&stored.shape).set_f(stored.fortran), values)
    }
}

/// An array as it was taken apart.
struct Stored<'a> {
    dtype: (Dtype, ByteOrder),
    shape: Vec<usize>,
    fortran: bool,
    payload: Cow<'a, [u8]>,
}

/// An array that is made empty, then given its state: version, shape, type, order, bytes.
fn reconstructed<'a>(item: Item<'_, 'a>) -> Result<Stored<'a>> {
    let [_, shape, dtype, fortran, payload] = item.state()?.exactly()?;
    let dtype = number_type(dtype)?;
    Ok(Stored { dtype, shape: axes(shape)?, fortran: fortran.boolean()?, payload: raw(payload)? })
}

/// An array that is made from bytes, type, shape and order; protocol 5.
fn from_buffer<'a>(item: Item<'_, 'a>) -> Result<Stored<'a>> {
    let [payload, dtype, shape, order] = item.arguments()?.exactly()?;
    let fortran = match order.text()? {
        "C" => false,
        "F" => true,
        _ => return Err(order.expected("the order 'C' or 'F'")),
    };
    Ok(Stored { dtype: number_type(dtype)?, shape: axes(shape)?, fortran, payload: raw(payload)? })
}

fn axes(shape: Item<'_, '_>) -> Result<Vec<usize>> {
    let axis = |axis: Item<'_, '_>| {
        usize::try_from(axis.integer()?).map_err(|_| axis.expected("the length of an axis"))
    };
    shape.elements()?.map(axis).collect()
}

/// `dtype('f8', ...)`, then its state, of which the second element is the byte order.
fn number_type(item: Item<'_, '_>) -> Result<(Dtype, ByteOrder)> {
    if item.global() != Some(Global::Dtype) {
        return Err(item.expected("a number type of numpy's"));
    }
    let code =
        item.arguments()?.elements()?.next().ok_or_else(|| item.expected("a number type with its code"))?;
    let order =
        item.state()?.elements()?.nth(1).ok_or_else(|| item.expected("a number type with its byte order"))?;
    parse_descr(&[order.text()?.as_bytes(), code.text()?.as_bytes()].concat())
}

/// The bytes of an array; Python 3 writes them for Python 2 as a text to be encoded.
fn raw<'a>(item: Item<'_, 'a>) -> Result<Cow<'a, [u8]>> {
    if item.global() != Some(Global::Encode) {
        return item.bytes().map(Cow::Borrowed);
    }
    let [text, encoding] = item.arguments()?.exactly()?;
    if !matches!(encoding.text()?, "latin1" | "latin-1") {
        return Err(encoding.expected("the encoding 'latin1'"));
    }
    let byte = |letter: char| u8::try_from(u32::from(letter)).map_err(|_| text.expected("a text of latin1"));
    text.text()?.chars().map(byte).collect::<Result<_>>().map(Cow::Owned)
}
