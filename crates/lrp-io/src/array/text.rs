//! Matrices in plain text: a row per line, numbers apart by blanks or commas.

use std::io;

use ndarray::{ArrayD, IxDyn};

use super::formats::{Entry, Named, Sink, View, array_from_memory_order, only};
use super::{Array, Dtype};
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Whether the first line with content, near the start, starts with a number.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    !start.contains(&0)
        && lines(start)
            .filter_map(|line| fields(line).ok()?.next())
            .next()
            .is_some_and(|first| number(first).is_ok())
}

/// The matrix `[rows, columns]`; always with two axes, also for one row or one column.
///
/// `#` starts a comment; blank lines are skipped. Rows of different lengths, and numbers beyond the
/// range of f64, are errors; `nan` and `inf` are numbers.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let mut values = Vec::new();
    let mut columns: Option<(usize, usize)> = None;
    for (index, line) in lines(bytes).enumerate() {
        let before = values.len();
        read_row(line, &mut values, limits).map_err(|error| error.at_line(index + 1))?;
        let count = values.len() - before;
        if count == 0 {
            continue;
        }
        let (expected, first_line) = *columns.get_or_insert((count, index + 1));
        if count != expected {
            let message = format!("{count} numbers, line {first_line} has {expected}");
            return Err(Error::format(message).at_line(index + 1));
        }
    }
    let (columns, _) = columns.ok_or_else(|| Error::format("holds no numbers"))?;
    let values = array_from_memory_order(IxDyn(&[values.len() / columns, columns]), values)?;
    Ok(vec![Entry { name: None, array: Ok(Array { values, dtype: Dtype::F64 }) }])
}

fn read_row(line: &[u8], values: &mut Vec<f64>, limits: &Limits) -> Result<()> {
    for field in fields(line)? {
        limits.check_elements(values.len() + 1)?;
        values.push(number(field)?);
    }
    Ok(())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes).split(|&byte| byte == b'\n')
}

/// The words of a line that stand for numbers; with commas, each between two of them must be one.
fn fields(line: &[u8]) -> Result<impl Iterator<Item = &str>> {
    let content = line.split(|&byte| byte == b'#').next().unwrap_or_default();
    let content = std::str::from_utf8(content).map_err(|_| Error::format("is not text in UTF-8"))?;
    let commas = content.contains(',');
    let by_commas = content.split(',').map(str::trim).filter(move |_| commas);
    let by_blanks = content.split_ascii_whitespace().filter(move |_| !commas);
    Ok(by_commas.chain(by_blanks))
}

fn number(field: &str) -> Result<f64> {
    let number: f64 =
        field.parse().map_err(|_| Error::format(format!("{} is not a number", quoted(field))))?;
    if number.is_infinite() && field.contains(|letter: char| letter.is_ascii_digit()) {
        return Err(Error::format(format!("{} is beyond the range of f64", quoted(field))));
    }
    Ok(number)
}

/// Writes as numpy's `savetxt` does: `%.18e`, one blank between columns, one axis as a column.
pub(super) fn write(sink: &mut dyn Sink, arrays: &[Named<'_>]) -> io::Result<()> {
    match only(arrays)? {
        View::F32(values) => write_matrix(sink, &values.mapv(f64::from)),
        View::F64(values) => write_matrix(sink, &values.to_owned()),
    }
}

fn write_matrix(sink: &mut dyn Sink, values: &ArrayD<f64>) -> io::Result<()> {
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
    for (index, &value) in values.iter().enumerate() {
        let end = if (index + 1) % columns == 0 { '\n' } else { ' ' };
        write_number(sink, value)?;
        write!(sink, "{end}")?;
    }
    Ok(())
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
