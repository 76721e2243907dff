//! Arrays in MATLAB 7.3 files: HDF5, where each variable is a dataset with the attribute `MATLAB_class`.

use std::collections::HashSet;

use hdf5_pure::{AttrValue, DType, Dataset};
use ndarray::ShapeBuilder;

use super::Array;
use super::dtype::{Dtype, check_values};
use super::formats::{Entry, array_from_memory_order};
use crate::error::{Error, Result, quoted};
use crate::hdf5::{self, Reader, damaged};
use crate::limits::Limits;
use crate::mat::CLASS_NAMES;

/// Every variable on the top level, in the order of their names.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let root = hdf5::open(bytes)?;
    let groups = root.iter_groups().map_err(|error| damaged(&error))?;
    let datasets = root.iter_datasets().map_err(|error| damaged(&error))?;
    limits.check_entries(groups.len() + datasets.len())?;
    let mut reader = Reader::new(bytes, limits);
    let mut entries = Vec::new();
    for (name, dataset) in datasets {
        let array = array(&dataset, limits, &mut reader);
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

fn array(dataset: &Dataset, limits: &Limits, reader: &mut Reader<'_>) -> Result<Array> {
    let attributes = dataset.attrs().map_err(|error| damaged(&error))?;
    let class = attributes.get("MATLAB_class").and_then(AttrValue::as_str);
    let class = class.map(class_of).transpose()?;
    if let DType::Compound(_) = dataset.dtype().map_err(|error| damaged(&error))? {
        return Err(Error::unsupported("is complex; save real(…) and imag(…) of it"));
    }
    let stored = reader.read(dataset)?;
    let dtype = class.unwrap_or(stored.dtype);
    if attributes.contains_key("MATLAB_empty") {
        return empty(dtype, &stored.values, limits);
    }
    if stored.dtype != dtype {
        check_values(dtype, &stored.values)?;
    }
    // Last axis fastest there, first axis fastest in MATLAB: the axes are in reverse.
    let shape: Vec<usize> = stored.shape.into_iter().rev().collect();
    Ok(Array { values: array_from_memory_order(shape.f(), stored.values)?, dtype })
}

fn class_of(class: &str) -> Result<Dtype> {
    let row = CLASS_NAMES.iter().find(|(name, _)| *name == class);
    row.map(|(_, dtype)| *dtype).ok_or_else(|| {
        Error::unsupported(format!("is of the class {}, only numbers are read", quoted(class)))
    })
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
