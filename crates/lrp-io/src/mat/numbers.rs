//! Arrays of plain numbers, whatever they are stored as.

use super::{Matrix, Stream};
use crate::array::{Dtype, check_values, decode};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// Types by the names that MATLAB gives their classes.
#[cfg(feature = "hdf5")]
pub(crate) const CLASS_NAMES: [(&str, Dtype); 11] = [
    ("double", Dtype::F64),
    ("single", Dtype::F32),
    ("logical", Dtype::Bool),
    ("int8", Dtype::I8),
    ("uint8", Dtype::U8),
    ("int16", Dtype::I16),
    ("uint16", Dtype::U16),
    ("int32", Dtype::I32),
    ("uint32", Dtype::U32),
    ("int64", Dtype::I64),
    ("uint64", Dtype::U64),
];

/// Array class, the element type that MATLAB stores it as if it does not save space, and the type.
pub(super) const NUMERIC: [(u8, u32, Dtype); 10] = [
    (6, 9, Dtype::F64),
    (7, 7, Dtype::F32),
    (8, 1, Dtype::I8),
    (9, 2, Dtype::U8),
    (10, 3, Dtype::I16),
    (11, 4, Dtype::U16),
    (12, 5, Dtype::I32),
    (13, 6, Dtype::U32),
    (14, 12, Dtype::I64),
    (15, 13, Dtype::U64),
];

/// A real array: its values in MATLAB's order, the first axis fastest.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<f64>,
}

impl Numbers {
    /// The numbers of a matrix; fails if it holds anything else, or more than its dimensions say.
    pub(crate) fn read(matrix: Matrix<'_>, limits: &Limits) -> Result<Self> {
        let dtype = dtype(&matrix)?;
        let order = matrix.contents.order();
        let (storage, payload, offset) = payload(matrix.contents)?;
        let wrong = |message: String| Error::format(message).at_byte(offset);
        let elements = limits.elements(&matrix.shape)?;
        if elements.checked_mul(storage.size()) != Some(payload.len()) {
            return Err(wrong(format!(
                "dimensions {:?} of {storage} take {elements} x {} bytes, there are {}",
                matrix.shape,
                storage.size(),
                payload.len()
            )));
        }
        let values = decode(storage, order, payload).map_err(|error| error.at_byte(offset))?;
        // MATLAB packs numbers into smaller types than their class, never into larger ones.
        if storage != dtype {
            check_values(dtype, &values).map_err(|error| error.at_byte(offset))?;
        }
        Ok(Self { dtype, shape: matrix.shape, values })
    }
}

/// The bytes of an array of class uint8 as they are.
pub(crate) fn raw_bytes(matrix: Matrix<'_>) -> Result<&[u8]> {
    let class = dtype(&matrix)?;
    let (storage, payload, offset) = payload(matrix.contents)?;
    if (class, storage) == (Dtype::U8, Dtype::U8) {
        return Ok(payload);
    }
    Err(Error::format(format!("is {class} stored as {storage} where bytes should be")).at_byte(offset))
}

fn dtype(matrix: &Matrix<'_>) -> Result<Dtype> {
    if let Some(what) = matrix.other_than_numbers() {
        return Err(Error::unsupported(format!("is {what}, only numbers are read")));
    }
    let row = NUMERIC.iter().find(|(class, ..)| *class == matrix.class);
    let (.., dtype) = row.ok_or_else(|| Error::format(format!("array class {} is unknown", matrix.class)))?;
    if matrix.complex {
        return Err(Error::unsupported("is complex; save real(…) and imag(…) of it"));
    }
    Ok(if matrix.logical { Dtype::Bool } else { *dtype })
}

/// The one element that holds the numbers: how they are stored, their bytes, and where it stands.
fn payload(mut contents: Stream<'_>) -> Result<(Dtype, &[u8], usize)> {
    let element = contents.next_element()?;
    let wrong = |message: String| Error::format(message).at_byte(element.offset);
    if !contents.is_empty() {
        return Err(wrong(format!("{} bytes follow the numbers", contents.left())));
    }
    let row = NUMERIC.iter().find(|(_, storage, _)| *storage == element.kind);
    let (.., storage) =
        row.ok_or_else(|| wrong(format!("element type {} where numbers should be", element.kind)))?;
    Ok((*storage, element.payload, element.offset))
}
