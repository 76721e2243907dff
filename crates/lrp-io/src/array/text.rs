//! Matrices in plain text: a row per line, numbers apart by blanks.

use std::io;

use ndarray::{ArrayD, IxDyn};

use super::formats::{Entry, Named, Sink, array_from_memory_order, only};
use super::{Array, Dtype, planes};
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether the first line with content, near the start, starts with a number.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    !start.contains(&0)
        && lines(start)
            .filter_map(|line| content(line).ok()?.split_ascii_whitespace().next())
            .next()
            .is_some_and(|first| number(first).is_ok())
}

/// The matrix `[rows, columns]`; always with two axes, also for one row or one column.
///
/// `#` starts a comment; blank lines are skipped. Rows of different lengths, and numbers beyond the
/// range of f64, are errors; `nan` and `inf` are numbers. A text that announces [`planes`] gives those.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    if let Some(shape) = planes::announced(bytes) {
        return planes::read(bytes, shape, limits);
    }
    let mut rows = Rows::new(limits);
    for (index, line) in lines(bytes).enumerate() {
        content(line)
            .and_then(|line| rows.push(index + 1, line.split_ascii_whitespace().map(number)))
            .map_err(|error| error.at_line(index + 1))?;
    }
    rows.finish()
}

/// A matrix on its way from the lines of a text.
pub(super) struct Rows<'l> {
    values: Vec<f64>,
    /// The length of the first row, and its line.
    columns: Option<(usize, usize)>,
    limits: &'l Limits,
}

impl<'l> Rows<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self { values: Vec::new(), columns: None, limits }
    }

    /// Adds a row, if there is something in it.
    pub(super) fn push(&mut self, line: usize, numbers: impl Iterator<Item = Result<f64>>) -> Result<()> {
        let before = self.values.len();
        for number in numbers {
            self.limits.check_elements(self.values.len() + 1)?;
            self.values.push(number?);
        }
        let count = self.values.len() - before;
        if count == 0 {
            return Ok(());
        }
        let (expected, first_line) = *self.columns.get_or_insert((count, line));
        if count != expected {
            return Err(Error::format(format!("{count} numbers, line {first_line} has {expected}")));
        }
        Ok(())
    }

    /// Rows and columns so far.
    pub(super) fn shape(&self) -> [usize; 2] {
        self.columns.map_or([0, 0], |(columns, _)| [self.values.len() / columns, columns])
    }

    pub(super) fn into_values(self) -> Vec<f64> {
        self.values
    }

    pub(super) fn finish(self) -> Result<Vec<Entry>> {
        if self.columns.is_none() {
            return Err(Error::format("holds no numbers"));
        }
        let values = array_from_memory_order(IxDyn(&self.shape()), self.values)?;
        Ok(vec![Entry { name: None, array: Ok(Array { values, dtype: Dtype::F64 }) }])
    }
}

pub(crate) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).split(|&byte| byte == b'\n')
}

/// What stands in a line before a comment.
pub(super) fn content(line: &[u8]) -> Result<&str> {
    let content = line.split(|&byte| byte == b'#').next().unwrap_or_default();
    std::str::from_utf8(content).map_err(|_| Error::format("is not text in UTF-8"))
}

pub(crate) fn number(field: &str) -> Result<f64> {
    let number: f64 =
        field.parse().map_err(|_| Error::format(format!("{} is not a number", quoted(field))))?;
    if number.is_infinite() && field.contains(|letter: char| letter.is_ascii_digit()) {
        return Err(Error::format(format!("{} is beyond the range of f64", quoted(field))));
    }
    Ok(number)
}

/// Writes as numpy's `savetxt` does: `%.18e`, one blank between columns, one axis as a column.
pub(super) fn write(sink: &mut dyn Sink, arrays: &[Named<'_>]) -> io::Result<()> {
    let values = only(arrays)?.to_f64();
    let columns = columns_to_write(&values)?;
    for (index, &value) in values.iter().enumerate() {
        let end = if (index + 1) % columns == 0 { '\n' } else { ' ' };
        write_number(sink, value)?;
        write!(sink, "{end}")?;
    }
    Ok(())
}

/// The length of a row; one axis is a column.
pub(super) fn columns_to_write(values: &ArrayD<f64>) -> io::Result<usize> {
    let columns = match values.shape() {
        [_] => 1,
        [_, columns] => *columns,
        other => {
            let message = format!("text holds arrays with 1 or 2 axes, this one has the shape {other:?}");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
    };
    if values.is_empty() {
        let message = "text cannot hold an array without elements; use .npy";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
    }
    Ok(columns)
}

/// C's `%.18e`: the exponent has a sign and at least two digits.
fn write_number(sink: &mut dyn Sink, value: f64) -> io::Result<()> {
    if value.is_nan() {
        return write!(sink, "nan");
    }
    let digits = format!("{value:.18e}");
    match digits.split_once('e') {
        None => write!(sink, "{digits}"),
        Some((mantissa, exponent)) => {
            let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |rest| ('-', rest));
            write!(sink, "{mantissa}e{sign}{exponent:0>2}")
        }
    }
}
