//! Number types of stored arrays and their exact conversion to f64.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};

/// The number type that an array had in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names say all there is to say")]
pub enum Dtype {
    Bool,
    I8,
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    F16,
    F32,
    F64,
}

/// Byte order of stored numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByteOrder {
    Little,
    Big,
}

impl ByteOrder {
    pub(crate) fn u16(self, bytes: [u8; 2]) -> u16 {
        match self {
            Self::Little => u16::from_le_bytes(bytes),
            Self::Big => u16::from_be_bytes(bytes),
        }
    }

    pub(crate) fn u32(self, bytes: [u8; 4]) -> u32 {
        match self {
            Self::Little => u32::from_le_bytes(bytes),
            Self::Big => u32::from_be_bytes(bytes),
        }
    }

    pub(crate) fn u64(self, bytes: [u8; 8]) -> u64 {
        match self {
            Self::Little => u64::from_le_bytes(bytes),
            Self::Big => u64::from_be_bytes(bytes),
        }
    }
}

/// One row per type: its usual name, and its size in bytes.
const DTYPES: [(Dtype, &str, usize); 12] = [
    (Dtype::Bool, "bool", 1),
    (Dtype::I8, "int8", 1),
    (Dtype::I16, "int16", 2),
    (Dtype::I32, "int32", 4),
    (Dtype::I64, "int64", 8),
    (Dtype::U8, "uint8", 1),
    (Dtype::U16, "uint16", 2),
    (Dtype::U32, "uint32", 4),
    (Dtype::U64, "uint64", 8),
    (Dtype::F16, "float16", 2),
    (Dtype::F32, "float32", 4),
    (Dtype::F64, "float64", 8),
];

impl Dtype {
    /// The name that numpy and MATLAB users know, such as `float32`.
    pub fn name(self) -> &'static str {
        self.row().map_or("", |(_, name, _)| *name)
    }

    /// Bytes per element.
    pub fn size(self) -> usize {
        self.row().map_or(0, |(_, _, size)| *size)
    }

    fn row(self) -> Option<&'static (Self, &'static str, usize)> {
        DTYPES.iter().find(|(dtype, ..)| *dtype == self)
    }

    /// The type that arrays of this one are written in: nothing writes half precision.
    pub(crate) fn written(self) -> Self {
        if self == Self::F16 { Self::F32 } else { self }
    }

    /// Whether `value` is one of the values of this type.
    pub(crate) fn holds(self, value: f64) -> bool {
        let integer = |low: f64, beyond: f64| value.fract() == 0.0 && (low..beyond).contains(&value);
        match self {
            Self::Bool => integer(0.0, 2.0),
            Self::I8 => integer(-128.0, 128.0),
            Self::I16 => integer(-32_768.0, 32_768.0),
            Self::I32 => integer(-2f64.powi(31), 2f64.powi(31)),
            Self::I64 => integer(-2f64.powi(63), 2f64.powi(63)),
            Self::U8 => integer(0.0, 256.0),
            Self::U16 => integer(0.0, 65_536.0),
            Self::U32 => integer(0.0, 2f64.powi(32)),
            Self::U64 => integer(0.0, 2f64.powi(64)),
            Self::F16 => false,
            Self::F32 => value.is_nan() || f64::from(value as f32) == value,
            Self::F64 => true,
        }
    }
}

impl fmt::Display for Dtype {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The numbers in `bytes`, whose length must be a multiple of the size of `dtype`.
///
/// Fails with the index of the first element that is not a value of its type (a bool other than 0
/// and 1) or not one of f64.
pub(crate) fn decode(dtype: Dtype, order: ByteOrder, bytes: &[u8]) -> Result<Vec<f64>> {
    match dtype {
        Dtype::Bool => each(bytes, order, |[byte]: [u8; 1]| match byte {
            0 => Ok(0.0),
            1 => Ok(1.0),
            _ => Err(Error::format(format!("is {byte}, a bool is 0 or 1"))),
        }),
        Dtype::I8 => each(bytes, order, |b| Ok(i8::from_le_bytes(b).into())),
        Dtype::I16 => each(bytes, order, |b| Ok(i16::from_le_bytes(b).into())),
        Dtype::I32 => each(bytes, order, |b| Ok(i32::from_le_bytes(b).into())),
        Dtype::I64 => each(bytes, order, |b| exact(i64::from_le_bytes(b))),
        Dtype::U8 => each(bytes, order, |b| Ok(u8::from_le_bytes(b).into())),
        Dtype::U16 => each(bytes, order, |b| Ok(u16::from_le_bytes(b).into())),
        Dtype::U32 => each(bytes, order, |b| Ok(u32::from_le_bytes(b).into())),
        Dtype::U64 => each(bytes, order, |b| exact(u64::from_le_bytes(b))),
        Dtype::F16 => each(bytes, order, |b| Ok(from_half(u16::from_le_bytes(b)))),
        Dtype::F32 => each(bytes, order, |b| Ok(f32::from_le_bytes(b).into())),
        Dtype::F64 => each(bytes, order, |b| Ok(f64::from_le_bytes(b))),
    }
}

fn each<const N: usize>(
    bytes: &[u8],
    order: ByteOrder,
    convert: impl Fn([u8; N]) -> Result<f64>,
) -> Result<Vec<f64>> {
    let (elements, _) = bytes.as_chunks::<N>();
    let mut values = Vec::with_capacity(elements.len());
    for (index, &element) in elements.iter().enumerate() {
        let mut element = element;
        if order == ByteOrder::Big {
            element.reverse();
        }
        values.push(convert(element).map_err(|error| at_element(index, &error))?);
    }
    Ok(values)
}

/// Appends a value that the type [holds](Dtype::holds) as [`decode`] reads it.
pub(crate) fn encode(dtype: Dtype, order: ByteOrder, value: f64, out: &mut Vec<u8>) {
    let mut append = |bytes: &mut [u8]| {
        if order == ByteOrder::Big {
            bytes.reverse();
        }
        out.extend_from_slice(bytes);
    };
    match dtype {
        Dtype::Bool => append(&mut [u8::from(value != 0.0)]),
        Dtype::I8 => append(&mut (value as i8).to_le_bytes()),
        Dtype::I16 => append(&mut (value as i16).to_le_bytes()),
        Dtype::I32 => append(&mut (value as i32).to_le_bytes()),
        Dtype::I64 => append(&mut (value as i64).to_le_bytes()),
        Dtype::U8 => append(&mut (value as u8).to_le_bytes()),
        Dtype::U16 => append(&mut (value as u16).to_le_bytes()),
        Dtype::U32 => append(&mut (value as u32).to_le_bytes()),
        Dtype::U64 => append(&mut (value as u64).to_le_bytes()),
        // Half precision is read only; who writes it widens it first.
        Dtype::F16 | Dtype::F32 => append(&mut (value as f32).to_le_bytes()),
        Dtype::F64 => append(&mut value.to_le_bytes()),
    }
}

/// Fails with the index of the first value that is none of the type.
pub(crate) fn check_values<'v>(dtype: Dtype, values: impl IntoIterator<Item = &'v f64>) -> Result<()> {
    match values.into_iter().enumerate().find(|(_, value)| !dtype.holds(**value)) {
        None => Ok(()),
        Some((index, value)) => {
            Err(at_element(index, &Error::format(format!("is {value}, which is not a value of {dtype}"))))
        }
    }
}

/// The integer as f64, if no bit of it is lost.
pub(crate) fn exact<I: Into<i128>>(integer: I) -> Result<f64> {
    let integer = integer.into();
    let value = integer as f64;
    if value as i128 == integer {
        return Ok(value);
    }
    Err(Error::new(ErrorKind::Inexact, format!("is {integer}, which f64 cannot hold exactly")))
}

pub(crate) fn at_element(index: usize, error: &Error) -> Error {
    Error::new(error.kind(), format!("element {index} {}", error.message()))
}

/// Integers of which f64 holds every one exactly.
#[cfg(feature = "hdf5")]
pub(crate) fn all_exact<N: Copy + Into<i128>>(numbers: &[N]) -> Result<Vec<f64>> {
    let exact_at = |(index, &number)| exact(number).map_err(|error| at_element(index, &error));
    numbers.iter().enumerate().map(exact_at).collect()
}

/// The value of an IEEE 754 half-precision number.
fn from_half(bits: u16) -> f64 {
    let sign = if bits >> 15 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f64::from(bits & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        31 if fraction == 0.0 => sign * f64::INFINITY,
        31 => f64::NAN,
        _ => sign * (1024.0 + fraction) * 2f64.powi(exponent - 25),
    }
}
