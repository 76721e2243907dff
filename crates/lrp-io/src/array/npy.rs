//! numpy's `.npy`: one array, its header in text.

use std::io::{self, Write};

use ndarray::ShapeBuilder;
use ndarray_npy::{WriteNpyError, WriteNpyExt};

use super::formats::{Entry, Named, Sink, View, array_from_memory_order, only};
use super::npy_header::{self, MAGIC};
use super::{Array, Dtype, dtype};
use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::limits::Limits;

pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    Ok(vec![Entry { name: None, array: Ok(read_one(bytes, limits)?) }])
}

/// One array, of which `bytes` must be the whole file.
pub(super) fn read_one(bytes: &[u8], limits: &Limits) -> Result<Array> {
    let mut bytes = Bytes::new(bytes, 0);
    let header = npy_header::read(&mut bytes, limits)?;
    let payload_at = bytes.offset();
    let wrong = |message| Error::format(message).at_byte(payload_at);

    let elements = limits.elements(&header.shape)?;
    let declared = elements.checked_mul(header.dtype.size());
    if declared != Some(bytes.rest().len()) {
        return Err(wrong(format!(
            "the shape {:?} of {} takes {elements} x {} bytes, there are {}",
            header.shape,
            header.dtype,
            header.dtype.size(),
            bytes.rest().len()
        )));
    }
    let values = dtype::decode(header.dtype, header.byte_order, bytes.rest())
        .map_err(|error| error.at_byte(payload_at))?;
    let shape = header.shape.set_f(header.fortran_order);
    let values = array_from_memory_order(shape, values)?;
    Ok(Array { values, dtype: header.dtype })
}

pub(super) fn write(sink: &mut dyn Sink, arrays: &[Named<'_>]) -> io::Result<()> {
    only(arrays)?.write_npy(sink).map_err(io::Error::other)
}

impl WriteNpyExt for View<'_> {
    fn write_npy<W: Write>(&self, writer: W) -> Result<(), WriteNpyError> {
        let (dtype, values) = match self {
            Self::F32(values) => return values.write_npy(writer),
            Self::F64(values) => return values.write_npy(writer),
            Self::Of(dtype, values) => (dtype, values),
        };
        match dtype {
            Dtype::Bool => values.mapv(|value| value != 0.0).write_npy(writer),
            Dtype::I8 => values.mapv(|value| value as i8).write_npy(writer),
            Dtype::I16 => values.mapv(|value| value as i16).write_npy(writer),
            Dtype::I32 => values.mapv(|value| value as i32).write_npy(writer),
            Dtype::I64 => values.mapv(|value| value as i64).write_npy(writer),
            Dtype::U8 => values.mapv(|value| value as u8).write_npy(writer),
            Dtype::U16 => values.mapv(|value| value as u16).write_npy(writer),
            Dtype::U32 => values.mapv(|value| value as u32).write_npy(writer),
            Dtype::U64 => values.mapv(|value| value as u64).write_npy(writer),
            Dtype::F16 | Dtype::F32 => values.mapv(|value| value as f32).write_npy(writer),
            Dtype::F64 => values.write_npy(writer),
        }
    }
}
