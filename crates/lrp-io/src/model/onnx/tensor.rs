//! Arrays in an ONNX file: their types, their several forms, and what they must agree in.

use bytes::Bytes;
use half::{bf16, f16};
use ndarray::{ArrayD, IxDyn};

use crate::error::{Error, ErrorKind, Result, quoted};
use crate::limits::Limits;

use super::constant::Constant;
use super::external::Folder;
use super::proto;

/// A type of number: a row of [`TYPES`].
struct Type {
    code: i32,
    name: &'static str,
    bytes: usize,
    integer: bool,
    /// From little-endian bytes, as many as a number has.
    read: fn(&[u8]) -> Option<f64>,
}

/// Reads `N` bytes as a number.
macro_rules! number {
    ($type:ty) => {
        |bytes| Some(<$type>::from_le_bytes(bytes.try_into().ok()?).into())
    };
}

/// Every type that is read; integers of eight bytes only where f64 holds them.
const TYPES: [Type; 13] = [
    Type { code: 1, name: "float", bytes: 4, integer: false, read: number!(f32) },
    Type { code: 2, name: "uint8", bytes: 1, integer: true, read: number!(u8) },
    Type { code: 3, name: "int8", bytes: 1, integer: true, read: number!(i8) },
    Type { code: 4, name: "uint16", bytes: 2, integer: true, read: number!(u16) },
    Type { code: 5, name: "int16", bytes: 2, integer: true, read: number!(i16) },
    Type { code: 6, name: "int32", bytes: 4, integer: true, read: number!(i32) },
    Type { code: 7, name: "int64", bytes: 8, integer: true, read: read_i64 },
    Type { code: 9, name: "bool", bytes: 1, integer: true, read: |bytes| Some(f64::from(bytes != [0])) },
    Type { code: 10, name: "float16", bytes: 2, integer: false, read: number!(f16) },
    Type { code: 11, name: "double", bytes: 8, integer: false, read: number!(f64) },
    Type { code: 12, name: "uint32", bytes: 4, integer: true, read: number!(u32) },
    Type { code: 13, name: "uint64", bytes: 8, integer: true, read: read_u64 },
    Type { code: 16, name: "bfloat16", bytes: 2, integer: false, read: number!(bf16) },
];

/// Above this, f64 skips integers.
const EXACT: u64 = 1 << 53;

fn read_i64(bytes: &[u8]) -> Option<f64> {
    exact(i64::from_le_bytes(bytes.try_into().ok()?))
}

fn read_u64(bytes: &[u8]) -> Option<f64> {
    let value = u64::from_le_bytes(bytes.try_into().ok()?);
    #[expect(clippy::cast_precision_loss, reason = "it was compared with what is exact")]
    (value <= EXACT).then_some(value as f64)
}

/// The integer as f64, if it has one; the largest and smallest stand for "as far as it goes" and may be rounded.
fn exact(value: i64) -> Option<f64> {
    let marks_an_end = value >= i64::MAX - 1 || value <= i64::MIN + 1;
    #[expect(clippy::cast_precision_loss, reason = "it was compared with what is exact")]
    (value.unsigned_abs() <= EXACT || marks_an_end).then_some(value as f64)
}

/// What a code says of a type: `true` for integers and truth values. `None` if numbers of it are not read.
pub(super) fn is_integer(code: i64) -> Option<bool> {
    TYPES.iter().find(|row| i64::from(row.code) == code).map(|row| row.integer)
}

/// The name of a type of number, for messages.
fn type_of(code: i32) -> Result<&'static Type> {
    TYPES.iter().find(|row| row.code == code).ok_or_else(|| {
        let name = match code {
            0 => "no type".to_owned(),
            8 => "strings".to_owned(),
            14 | 15 => "complex numbers".to_owned(),
            17..=20 => "8-bit floating point numbers".to_owned(),
            21 | 22 => "4-bit integers".to_owned(),
            _ => format!("type {code}"),
        };
        let known: Vec<_> = TYPES.iter().map(|row| row.name).collect();
        Error::unsupported(format!("holds {name}; read are {}", known.join(", ")))
    })
}

/// Reads an array; `folder` is where its numbers may be if they are not in the file.
pub(super) fn read(tensor: &proto::Tensor, folder: &Folder<'_>, limits: &Limits) -> Result<Constant> {
    let name = || format!("tensor {}", quoted(&tensor.name));
    numbers(tensor, folder, limits).map_err(|error| error.of(&name()))
}

fn numbers(tensor: &proto::Tensor, folder: &Folder<'_>, limits: &Limits) -> Result<Constant> {
    let kind = type_of(tensor.data_type)?;
    if tensor.segment.is_some() {
        return Err(Error::unsupported("comes in segments, which are not read"));
    }
    let shape = shape(&tensor.dims)?;
    let elements = limits.elements(&shape)?;
    let values = match (tensor.data_location, &tensor.raw_data) {
        (0, Some(raw)) => raw_numbers(kind, raw, elements)?,
        (0, None) => typed_numbers(kind, tensor, elements)?,
        (1, None) => {
            let expected = elements.saturating_mul(kind.bytes);
            raw_numbers(kind, &folder.slice(&tensor.external_data, expected)?, elements)?
        }
        (1, Some(_)) => return Err(Error::format("has numbers both in the file and outside")),
        (other, _) => return Err(Error::format(format!("is at location {other}, expected 0 or 1"))),
    };
    let values = ArrayD::from_shape_vec(IxDyn(&shape), values)
        .map_err(|_| Error::format(format!("has numbers that do not fill the shape {shape:?}")))?;
    Ok(Constant::new(values, kind.integer))
}

fn shape(dims: &[i64]) -> Result<Vec<usize>> {
    let size = |&size: &i64| {
        usize::try_from(size)
            .map_err(|_| Error::format(format!("has the shape {dims:?}, expected no negative size")))
    };
    dims.iter().map(size).collect()
}

fn raw_numbers(kind: &Type, raw: &Bytes, elements: usize) -> Result<Vec<f64>> {
    if elements.checked_mul(kind.bytes) != Some(raw.len()) {
        let (found, name, size) = (raw.len(), kind.name, kind.bytes);
        let message =
            format!("has {found} bytes, expected {elements} numbers of type {name}, {size} bytes each");
        return Err(Error::format(message));
    }
    let read = |(index, bytes)| (kind.read)(bytes).ok_or_else(|| inexact(index));
    raw.chunks_exact(kind.bytes).enumerate().map(read).collect()
}

fn inexact(index: usize) -> Error {
    Error::new(
        ErrorKind::Inexact,
        format!("holds an integer beyond 2^53 at index {index}, which f64 cannot hold"),
    )
}

/// Numbers in the fields that a text form of the file would use, by the type's code.
fn typed_numbers(kind: &Type, tensor: &proto::Tensor, elements: usize) -> Result<Vec<f64>> {
    let integers = |values: &[i32]| values.iter().map(|&value| Some(f64::from(value))).collect::<Vec<_>>();
    let halves = |read: fn(u16) -> f64| {
        let half = |&bits: &i32| u16::try_from(bits).ok().map(read);
        tensor.int32_data.iter().map(half).collect::<Vec<_>>()
    };
    let values: Vec<Option<f64>> = match kind.code {
        1 => tensor.float_data.iter().map(|&value| Some(f64::from(value))).collect(),
        2..=6 | 9 => integers(&tensor.int32_data),
        7 => tensor.int64_data.iter().map(|&value| exact(value)).collect(),
        10 => halves(|bits| f16::from_bits(bits).to_f64()),
        11 => tensor.double_data.iter().copied().map(Some).collect(),
        16 => halves(|bits| bf16::from_bits(bits).to_f64()),
        _ => tensor.uint64_data.iter().map(|value| read_u64(&value.to_le_bytes())).collect(),
    };
    if values.len() != elements {
        return Err(Error::format(format!("has {} numbers, expected {elements}", values.len())));
    }
    values.into_iter().enumerate().map(|(index, value)| value.ok_or_else(|| inexact(index))).collect()
}
