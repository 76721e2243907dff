//! Arrays in MATLAB 7.3 files: HDF5, where each variable is a dataset with the attribute `MATLAB_class`.
//!
//! The crate `hdf5-pure` knows the format. What a dataset declares is bounded here before its numbers
//! are asked for, as that crate takes the word of a sound header.

use std::collections::HashSet;

use hdf5_pure::{AttrValue, DType, Dataset, File};
use ndarray::ShapeBuilder;

use super::Array;
use super::dtype::{Dtype, at_element, check_values, exact};
use super::formats::{Entry, array_from_memory_order};
use crate::error::{Error, Result, quoted};
use crate::inflate::Budget;
use crate::limits::Limits;
use crate::mat::CLASS_NAMES;

/// Every variable on the top level, in the order of their names.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let root = File::from_bytes(bytes.to_vec()).map_err(|error| damaged(&error))?.root();
    let groups = root.iter_groups().map_err(|error| damaged(&error))?;
    let datasets = root.iter_datasets().map_err(|error| damaged(&error))?;
    limits.check_entries(groups.len() + datasets.len())?;
    let mut budget = Budget::new(limits);
    let mut entries = Vec::new();
    for (name, dataset) in datasets {
        let array = array(&dataset, bytes.len() as u64, limits, &mut budget);
        entries.push(Entry { array: array.map_err(|error| error.in_file(&name)), name: Some(name) });
    }
    // What structs and cells refer to is in groups with names that no variable can have.
    for (name, _) in groups.filter(|(name, _)| !name.starts_with('#')) {
        let refusal = Error::unsupported("is a struct, only numbers are read").in_file(&name);
        entries.push(Entry { array: Err(refusal), name: Some(name) });
    }
    let mut seen = HashSet::new();
    for name in entries.iter().filter_map(|entry| entry.name.as_deref()) {
        if !seen.insert(name) {
            return Err(Error::format(format!("two variables are named {}", quoted(name))));
        }
    }
    Ok(entries)
}

fn array(dataset: &Dataset, file_bytes: u64, limits: &Limits, budget: &mut Budget<'_>) -> Result<Array> {
    let attributes = dataset.attrs().map_err(|error| damaged(&error))?;
    let class = attributes.get("MATLAB_class").and_then(AttrValue::as_str);
    let dtype = class.map_or(Ok(None), |class| class_of(class).map(Some))?;
    let storage = storage(&dataset.dtype().map_err(|error| damaged(&error))?)?;
    let dtype = dtype.unwrap_or(storage);
    let axes = dataset.shape().map_err(|error| damaged(&error))?;
    let elements = bounded(&axes, limits)?;
    check_chunks(dataset, &axes, file_bytes)?;
    check_bytes(dataset, (elements * storage.size()) as u64, file_bytes, limits, budget)?;
    let values = values(dataset, storage)?;
    if attributes.contains_key("MATLAB_empty") {
        return empty(dtype, &values, limits);
    }
    if storage != dtype {
        check_values(dtype, &values)?;
    }
    // Last axis fastest there, first axis fastest in MATLAB: the axes are in reverse.
    let shape = axes.iter().rev().map(|&axis| axis as usize).collect::<Vec<_>>();
    Ok(Array { values: array_from_memory_order(shape.f(), values)?, dtype })
}

fn class_of(class: &str) -> Result<Dtype> {
    let row = CLASS_NAMES.iter().find(|(name, _)| *name == class);
    row.map(|(_, dtype)| *dtype).ok_or_else(|| {
        Error::unsupported(format!("is of the class {}, only numbers are read", quoted(class)))
    })
}

fn storage(dtype: &DType) -> Result<Dtype> {
    Ok(match dtype {
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::I8 => Dtype::I8,
        DType::I16 => Dtype::I16,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        DType::U16 => Dtype::U16,
        DType::U32 => Dtype::U32,
        DType::U64 => Dtype::U64,
        DType::Compound(_) => return Err(Error::unsupported("is complex; save real(…) and imag(…) of it")),
        _ => return Err(Error::unsupported("holds no numbers, only numbers are read")),
    })
}

fn bounded(axes: &[u64], limits: &Limits) -> Result<usize> {
    let too_long = |_| Error::format(format!("the shape {axes:?} overflows"));
    let shape = axes.iter().map(|&axis| usize::try_from(axis)).collect::<Result<Vec<_>, _>>();
    limits.elements(&shape.map_err(too_long)?)
}

/// Refuses chunks that are not in the file, or not in the array.
fn check_chunks(dataset: &Dataset, axes: &[u64], file_bytes: u64) -> Result<()> {
    if !dataset.is_chunked() {
        return Ok(());
    }
    for chunk in dataset.chunks().map_err(|error| damaged(&error))? {
        if chunk.address.saturating_add(chunk.storage_size) > file_bytes {
            return Err(Error::format("HDF5: a chunk reaches beyond the end of the file"));
        }
        if chunk.offset.iter().zip(axes).any(|(offset, axis)| offset >= axis) {
            return Err(Error::format("HDF5: a chunk begins beyond the end of its array"));
        }
    }
    Ok(())
}

/// Books the numbers and refuses chunks that are larger than they could have to be.
fn check_bytes(
    dataset: &Dataset,
    bytes: u64,
    file_bytes: u64,
    limits: &Limits,
    budget: &mut Budget<'_>,
) -> Result<()> {
    let size = dataset.element_size().map_err(|error| damaged(&error))?;
    let chunk = dataset.chunk_shape().map_err(|error| damaged(&error))?.unwrap_or_default();
    let chunk = chunk.iter().try_fold(size, |bytes, &axis| bytes.checked_mul(axis));
    let allowed = bytes.max(limits.inflation_free_bytes);
    if chunk.is_none_or(|chunk| chunk > allowed) {
        return Err(Error::limit(format!("a chunk of an array of {bytes} bytes takes more than {allowed}")));
    }
    budget.spend(bytes, file_bytes)
}

/// An array without elements is stored as its dimensions.
fn empty(dtype: Dtype, dimensions: &[f64], limits: &Limits) -> Result<Array> {
    let is_axis = |axis: &&f64| (0.0..=f64::from(u32::MAX)).contains(*axis) && axis.fract() == 0.0;
    let shape: Vec<usize> = dimensions.iter().filter(is_axis).map(|&axis| axis as usize).collect();
    if shape.len() != dimensions.len() || !shape.contains(&0) || limits.elements(&shape)? != 0 {
        return Err(Error::format("is marked as empty, but its dimensions are not those of an empty array"));
    }
    Ok(Array { values: array_from_memory_order(shape, Vec::new())?, dtype })
}

fn values(dataset: &Dataset, storage: Dtype) -> Result<Vec<f64>> {
    match storage {
        Dtype::I64 => all_exact(&dataset.read_i64().map_err(|error| damaged(&error))?),
        Dtype::U64 => all_exact(&dataset.read_u64().map_err(|error| damaged(&error))?),
        _ => dataset.read_f64().map_err(|error| damaged(&error)),
    }
}

fn all_exact<N: Copy + Into<i128>>(numbers: &[N]) -> Result<Vec<f64>> {
    let exact_at = |(index, &number)| exact(number).map_err(|error| at_element(index, &error));
    numbers.iter().enumerate().map(exact_at).collect()
}

fn damaged(error: &hdf5_pure::Error) -> Error {
    const SHOWN: usize = 200;
    let message: String = error.to_string().chars().take(SHOWN).collect();
    Error::format(format!("HDF5: {message}"))
}
