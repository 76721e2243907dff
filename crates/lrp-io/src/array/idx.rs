//! IDX, the format of MNIST: a number type, the axes, and big-endian numbers in row-major order.

use std::io;

use ndarray::IxDyn;

use super::formats::{Entry, Named, Sink, View, array_from_memory_order, only};
use super::{Array, ByteOrder, Dtype, decode, encode};
use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// The codes of the number types; there are no others.
const TYPES: [(u8, Dtype); 6] = [
    (0x08, Dtype::U8),
    (0x09, Dtype::I8),
    (0x0b, Dtype::I16),
    (0x0c, Dtype::I32),
    (0x0d, Dtype::F32),
    (0x0e, Dtype::F64),
];

pub(super) fn sniff(bytes: &[u8]) -> bool {
    matches!(bytes, [0, 0, code, _, ..] if dtype(*code).is_some())
}

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let mut bytes = Bytes::new(bytes, 0);
    let (dtype, shape) = header(&mut bytes, limits)?;
    let (payload, payload_at) = (bytes.rest(), bytes.offset());
    let elements = limits.elements(&shape)?;
    if elements.checked_mul(dtype.size()) != Some(payload.len()) {
        let (size, found) = (dtype.size(), payload.len());
        let message =
            format!("the shape {shape:?} of {dtype} takes {elements} x {size} bytes, there are {found}");
        return Err(Error::format(message).at_byte(payload_at));
    }
    let values = decode(dtype, ByteOrder::Big, payload).map_err(|error| error.at_byte(payload_at))?;
    let values = array_from_memory_order(IxDyn(&shape), values)?;
    Ok(vec![Entry { name: None, array: Ok(Array { values, dtype }) }])
}

fn header(bytes: &mut Bytes<'_>, limits: &Limits) -> Result<(Dtype, Vec<usize>)> {
    let [first, second, code, axes] = bytes.array("the head of an IDX file")?;
    let known = dtype(code).filter(|_| (first, second) == (0, 0));
    let dtype = known.ok_or_else(|| {
        let message = format!("an IDX file begins with 00 00 and a number type 08 to 0e, not {first:02x} {second:02x} {code:02x}");
        Error::format(message).at_byte(0)
    })?;
    if usize::from(axes) > limits.array_axes {
        let allowed = limits.array_axes;
        return Err(
            Error::limit(format!("the array has {axes} axes, at most {allowed} are allowed")).at_byte(3)
        );
    }
    let axis = |_| Ok(u32::from_be_bytes(bytes.array("the length of an axis")?) as usize);
    Ok((dtype, (0..axes).map(axis).collect::<Result<_>>()?))
}

fn dtype(code: u8) -> Option<Dtype> {
    TYPES.iter().find(|(known, _)| *known == code).map(|(_, dtype)| *dtype)
}

pub(super) fn write(sink: &mut dyn Sink, arrays: &[Named<'_>]) -> io::Result<()> {
    let values = only(arrays)?;
    // What has no code of its own is written in the widest type.
    let known = TYPES.iter().find(|(_, dtype)| *dtype == values.dtype());
    let (code, dtype) = *known.unwrap_or(&(0x0e, Dtype::F64));
    let too_large = |_| io::Error::new(io::ErrorKind::InvalidInput, "an axis is longer than IDX can say");
    let axes: Vec<u32> = values
        .shape()
        .iter()
        .map(|&axis| u32::try_from(axis).map_err(too_large))
        .collect::<Result<_, _>>()?;
    let count = u8::try_from(axes.len()).map_err(too_large)?;
    sink.write_all(&[0, 0, code, count])?;
    axes.iter().try_for_each(|axis| sink.write_all(&axis.to_be_bytes()))?;
    match values {
        View::F32(values) => values.iter().try_for_each(|value| sink.write_all(&value.to_be_bytes())),
        View::F64(values) => values.iter().try_for_each(|value| sink.write_all(&value.to_be_bytes())),
        View::Of(_, values) => {
            let mut bytes = Vec::with_capacity(values.len() * dtype.size());
            values.iter().for_each(|&value| encode(dtype, ByteOrder::Big, value, &mut bytes));
            sink.write_all(&bytes)
        }
    }
}
