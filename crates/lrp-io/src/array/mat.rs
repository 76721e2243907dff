//! Arrays in MATLAB level 5 files: the variables that are plain numbers.

use std::io;

use ndarray::ShapeBuilder;

use super::formats::{Entry, Named, Sink, View, array_from_memory_order};
use super::{Array, ByteOrder, encode};
use crate::error::{Error, Result, quoted};
use crate::inflate::Budget;
use crate::limits::Limits;
use crate::mat::{self, File, Matrix, Numbers, Stream};

pub(super) use crate::mat::sniff;

/// Every named variable; one that holds no real numbers is an entry with an error.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    #[cfg(feature = "hdf5")]
    if mat::is_hdf5(bytes) {
        return super::mat73::read(bytes, limits);
    }
    let file = File::open(bytes, limits)?;
    let mut budget = Budget::new(limits);
    let mut entries: Vec<Entry> = Vec::new();
    for (index, element) in file.elements.iter().enumerate() {
        let inside = file.inflated(element, &mut budget)?;
        let matrix = Matrix::open(Stream::new(&inside, 8, file.order), limits)
            .map_err(|error| error.in_file(&format!("variable {}", index + 1)))?;
        // Variables without a name are MATLAB's own, such as the contents of class instances.
        if matrix.name.is_empty() {
            continue;
        }
        let name = matrix.name.clone();
        if entries.iter().any(|entry| entry.name.as_ref() == Some(&name)) {
            let message = format!("two variables are named {}", quoted(&name));
            return Err(Error::format(message).at_byte(element.offset));
        }
        let array = array(matrix, limits).map_err(|error| error.in_file(&name));
        entries.push(Entry { name: Some(name), array });
    }
    Ok(entries)
}

fn array(matrix: Matrix<'_>, limits: &Limits) -> Result<Array> {
    let Numbers { dtype, shape, values } = Numbers::read(matrix, limits)?;
    let values = array_from_memory_order(shape.f(), values)?;
    Ok(Array { values, dtype })
}

/// Writes each array as a variable of the class of its type; one axis makes a row.
pub(super) fn write(sink: &mut dyn Sink, arrays: &[Named<'_>]) -> io::Result<()> {
    let fronts = arrays.iter().map(|(name, values)| front(name, values).map_err(refusal));
    let fronts: Vec<Vec<u8>> = fronts.collect::<io::Result<_>>()?;
    sink.write_all(&mat::header())?;
    for ((_, values), front) in arrays.iter().zip(fronts) {
        sink.write_all(&front)?;
        let bytes = match values {
            View::F32(values) => {
                values.t().iter().try_for_each(|value| sink.write_all(&value.to_le_bytes()))?;
                4 * values.len()
            }
            View::F64(values) => {
                values.t().iter().try_for_each(|value| sink.write_all(&value.to_le_bytes()))?;
                8 * values.len()
            }
            View::Of(dtype, values) => {
                let mut bytes = Vec::with_capacity(values.len() * dtype.size());
                values.t().iter().for_each(|&value| encode(*dtype, ByteOrder::Little, value, &mut bytes));
                sink.write_all(&bytes)?;
                bytes.len()
            }
        };
        sink.write_all(&vec![0; mat::padding(bytes)])?;
    }
    Ok(())
}

fn front(name: &str, values: &View<'_>) -> Result<Vec<u8>> {
    mat::check_name(name)?;
    let (dtype, shape) = (values.dtype(), values.shape());
    // MATLAB knows nothing with fewer than two axes.
    let ones = [1, 1].into_iter().take(2usize.saturating_sub(shape.len()));
    mat::numbers_front(name, dtype, &ones.chain(shape.iter().copied()).collect::<Vec<_>>())
}

fn refusal(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, error.message().to_owned())
}
