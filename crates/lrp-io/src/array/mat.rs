//! Numeric variables of MATLAB level 5 files.
//!
//! The file is taken apart and bounded by [`mat_file`]. Where a variable is stored as its class
//! says, the crate `matfile` decodes it, from a file of that one variable; where MATLAB has packed
//! the numbers into a smaller type, and for int32, which `matfile` refuses, they are decoded here.

use std::io::Read;

use matfile::{MatFile, NumericData};
use ndarray::ShapeBuilder;

use super::Array;
use super::dtype::{ByteOrder, Dtype, at_element, decode, exact};
use super::formats::{Entry, array_from_memory_order};
use crate::bytes::Bytes;
use crate::error::{Error, Result, quoted};
use crate::inflate::Budget;
use crate::limits::Limits;
use crate::mat_file::{self, Element, MatrixHeader};

pub(super) use crate::mat_file::sniff;

/// Array classes that hold numbers.
const NUMERIC: [(u8, Dtype); 10] = [
    (6, Dtype::F64),
    (7, Dtype::F32),
    (8, Dtype::I8),
    (9, Dtype::U8),
    (10, Dtype::I16),
    (11, Dtype::U16),
    (12, Dtype::I32),
    (13, Dtype::U32),
    (14, Dtype::I64),
    (15, Dtype::U64),
];

/// Array classes that do not.
const REFUSED: [(u8, &str); 7] = [
    (1, "a cell array"),
    (2, "a struct"),
    (3, "an object"),
    (4, "a char array"),
    (5, "a sparse matrix (save full(…) of it)"),
    (16, "a function handle"),
    (mat_file::OPAQUE, "an instance of a class"),
];

/// Element types that hold numbers.
const STORAGE: [(u32, Dtype); 10] = [
    (1, Dtype::I8),
    (2, Dtype::U8),
    (3, Dtype::I16),
    (4, Dtype::U16),
    (5, Dtype::I32),
    (6, Dtype::U32),
    (7, Dtype::F32),
    (9, Dtype::F64),
    (12, Dtype::I64),
    (13, Dtype::U64),
];

/// Every named variable; one that holds no real numbers is an entry with an error.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let mut budget = Budget::new(limits);
    let mut entries: Vec<Entry> = Vec::new();
    for (index, element) in mat_file::top_level(bytes, limits)?.iter().enumerate() {
        let matrix = mat_file::matrix_bytes(element, &mut budget)?;
        let mut matrix = Bytes::new(&matrix, 8);
        let header = mat_file::matrix_header(&mut matrix, limits)
            .map_err(|error| error.in_file(&format!("variable {}", index + 1)))?;
        // Variables without a name are MATLAB's own, such as the contents of class instances.
        if header.name.is_empty() {
            continue;
        }
        if entries.iter().any(|entry| entry.name.as_deref() == Some(&header.name)) {
            let message = format!("two variables are named {}", quoted(&header.name));
            return Err(Error::format(message).at_byte(element.offset));
        }
        let array = numbers(&header, matrix, limits).map_err(|error| error.in_file(&header.name));
        entries.push(Entry { name: Some(header.name), array });
    }
    Ok(entries)
}

fn numbers(header: &MatrixHeader, mut matrix: Bytes<'_>, limits: &Limits) -> Result<Array> {
    let class = numeric_class(header)?;
    let element = mat_file::next_element(&mut matrix)?;
    let wrong = |message: String| Error::format(message).at_byte(element.offset);
    if !matrix.is_empty() {
        return Err(wrong(format!("{} bytes follow the numbers", matrix.rest().len())));
    }
    let storage = look_up(&STORAGE, element.kind)
        .ok_or_else(|| wrong(format!("element type {} where numbers should be", element.kind)))?;
    let elements = limits.elements(&header.shape)?;
    if elements.checked_mul(storage.size()) != Some(element.payload.len()) {
        return Err(wrong(format!(
            "dimensions {:?} of {storage} take {elements} x {} bytes, there are {}",
            header.shape,
            storage.size(),
            element.payload.len()
        )));
    }
    let values = if storage == class && class != Dtype::I32 {
        through_matfile(header, &element)
    } else {
        unpack(class, storage, element.payload)
    }
    .map_err(|error| error.at_byte(element.offset))?;
    let values = array_from_memory_order(header.shape.clone().f(), values)?;
    Ok(Array { values, dtype: class })
}

fn numeric_class(header: &MatrixHeader) -> Result<Dtype> {
    if let Some(what) = look_up(&REFUSED, header.class) {
        return Err(Error::unsupported(format!("is {what}, only numbers are read")));
    }
    let class = look_up(&NUMERIC, header.class)
        .ok_or_else(|| Error::format(format!("array class {} is unknown", header.class)))?;
    if header.complex {
        return Err(Error::unsupported("is complex; save real(…) and imag(…) of it"));
    }
    Ok(if header.logical { Dtype::Bool } else { class })
}

/// Numbers stored in another type than their class, as MATLAB does where that saves space.
fn unpack(class: Dtype, storage: Dtype, payload: &[u8]) -> Result<Vec<f64>> {
    let values = decode(storage, ByteOrder::Little, payload)?;
    match values.iter().enumerate().find(|(_, value)| !class.holds(**value)) {
        None => Ok(values),
        Some((index, value)) => {
            Err(at_element(index, &Error::format(format!("is {value}, which is not a value of {class}"))))
        }
    }
}

fn through_matfile(header: &MatrixHeader, element: &Element<'_>) -> Result<Vec<f64>> {
    let front = one_variable_front(header, element)?;
    let padding = vec![0; element.payload.len().next_multiple_of(8) - element.payload.len()];
    let file = front.chain(element.payload).chain(padding.as_slice());
    let file = MatFile::parse(file).map_err(|error| Error::format(format!("matfile: {error}")))?;
    let Some(array) = file.arrays().first() else {
        return Err(Error::format("matfile finds no array in the variable"));
    };
    match array.data() {
        NumericData::Int8 { real, .. } => Ok(widened(real)),
        NumericData::UInt8 { real, .. } => Ok(widened(real)),
        NumericData::Int16 { real, .. } => Ok(widened(real)),
        NumericData::UInt16 { real, .. } => Ok(widened(real)),
        NumericData::Int32 { real, .. } => Ok(widened(real)),
        NumericData::UInt32 { real, .. } => Ok(widened(real)),
        NumericData::Single { real, .. } => Ok(widened(real)),
        NumericData::Double { real, .. } => Ok(real.clone()),
        NumericData::Int64 { real, .. } => all_exact(real),
        NumericData::UInt64 { real, .. } => all_exact(real),
    }
}

/// A whole level 5 file of one variable, up to its numbers.
fn one_variable_front(header: &MatrixHeader, element: &Element<'_>) -> Result<Vec<u8>> {
    let too_large = || Error::limit("the variable takes 4 GiB or more, what no level 5 file holds");
    let axes_bytes = header.shape.len() * 4;
    let matrix_bytes =
        [16, 8, axes_bytes.next_multiple_of(8), 16, 8, element.payload.len().next_multiple_of(8)];
    let mut file = vec![b' '; 124];
    file.extend(0x0100u16.to_le_bytes());
    file.extend(b"IM");
    let mut words = |words: &[usize]| {
        words.iter().try_for_each(|&word| {
            file.extend(u32::try_from(word).map_err(|_| too_large())?.to_le_bytes());
            Ok::<_, Error>(())
        })
    };
    words(&[14, matrix_bytes.iter().sum()])?;
    words(&[6, 8, header.class.into(), 0])?;
    words(&[5, axes_bytes])?;
    words(&header.shape)?;
    if header.shape.len() % 2 == 1 {
        words(&[0])?;
    }
    // A short name of its own: the real one may use letters that matfile does not expect.
    words(&[1, 1, usize::from(b'x'), 0])?;
    words(&[element.kind as usize, element.payload.len()])?;
    Ok(file)
}

fn widened<N: Copy + Into<f64>>(numbers: &[N]) -> Vec<f64> {
    numbers.iter().map(|&number| number.into()).collect()
}

fn all_exact<N: Copy + Into<i128>>(numbers: &[N]) -> Result<Vec<f64>> {
    let exact_at = |(index, &number)| exact(number).map_err(|error| at_element(index, &error));
    numbers.iter().enumerate().map(exact_at).collect()
}

fn look_up<K: PartialEq, V: Copy>(table: &[(K, V)], key: K) -> Option<V> {
    table.iter().find(|(known, _)| *known == key).map(|(_, value)| *value)
}
