//! Models in MATLAB level 5 files: the toolbox's own class instances, and plain structs.
//!
//! MATLAB's part of the toolbox saves a `modules.Sequential`; what is in such an [`instances`] file is
//! only readable with care. What is written here is [`plain`]: a struct that every reader of such files
//! understands. As in the toolbox, the first variable of the file is the model, whatever its name.

use lrp_core::Network;

use crate::error::{Error, ErrorKind, Result, quoted};
use crate::inflate::Budget;
use crate::limits::Limits;
use crate::mat::{self, File, Instance, Matrix, Stream, Value};

mod instances;
mod plain;
mod properties;
mod wrapper;

pub(super) use crate::mat::sniff;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Network<f64>> {
    let file = File::open(bytes, limits)?;
    let mut budget = Budget::new(limits);
    for element in &file.elements {
        let inside = file.inflated(element, &mut budget)?;
        let matrix = Matrix::open(Stream::new(&inside, 8, file.order), limits)
            .map_err(|error| error.in_file("variable 1"))?;
        // Variables without a name are MATLAB's own, such as the contents of class instances.
        if !matrix.name.is_empty() {
            return variable(&file, matrix, limits, &mut budget);
        }
    }
    Err(Error::format("holds no variables, so no model"))
}

fn variable(
    file: &File<'_>,
    matrix: Matrix<'_>,
    limits: &Limits,
    budget: &mut Budget<'_>,
) -> Result<Network<f64>> {
    let name = matrix.name.clone();
    let other = |what: &str| Error::new(ErrorKind::Selection, format!("holds {what}, not a model"));
    let shown = quoted(&name);
    if matrix.other_than_numbers().is_none() {
        return Err(other(&format!("the array {shown} {:?}", matrix.shape)));
    }
    let value = Value::read(matrix, limits).map_err(|error| error.in_file(&name))?;
    match value {
        Value::Record(record) => plain::read(*record, limits),
        Value::Instance(instance) => {
            let Instance { class, contents } = *instance;
            subsystem(file, limits, budget)
                .and_then(|objects| instances::read(&class, &contents, &objects, limits))
        }
        value => return Err(other(&format!("{} {shown}", value.what()))),
    }
    .map_err(|error| error.in_file(&name))
}

/// The bytes of the variable that the header names as the place of class instances.
fn subsystem(file: &File<'_>, limits: &Limits, budget: &mut Budget<'_>) -> Result<Vec<u8>> {
    let place = file.subsystem.ok_or_else(|| {
        Error::format("is an instance of a class, but the file's header names no place of its contents")
    })?;
    let element = file.elements.iter().find(|element| element.offset as u64 == place).ok_or_else(|| {
        let message =
            format!("no variable starts at byte {place}, where the contents of instances should be");
        Error::format(message).at_byte(116)
    })?;
    let inside = file.inflated(element, budget)?;
    let matrix = Matrix::open(Stream::new(&inside, 8, file.order), limits);
    let bytes = matrix.and_then(mat::raw_bytes).map_err(|error| error.in_file("subsystem"))?;
    Ok(bytes.to_vec())
}

pub(super) fn write(network: &Network<f64>) -> Result<Vec<u8>> {
    let mut bytes = mat::header();
    bytes.extend(mat::variable("model", &plain::write(network)?)?);
    Ok(bytes)
}
