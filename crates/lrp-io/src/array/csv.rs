//! Tables of spreadsheets: numbers between commas, semicolons or tabs, perhaps below a line of names.

use std::io;

use super::formats::{Entry, Named, Sink, only};
use super::text::{Rows, columns_to_write, content, lines, number};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::python_float::python_float;

/// What may stand between two fields, in the order of preference: a comma may be part of a name or, in some
/// countries, of a number.
const SEPARATORS: [char; 3] = ['\t', ';', ','];

/// Whether the first field of the first line with content, near the start, is a number.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let first = lines(start).filter_map(|line| content(line).ok()).find(|line| !line.trim().is_empty());
    let field = |line: &str| line.split(SEPARATORS).next().is_some_and(|field| parsed(field).is_ok());
    !start.contains(&0) && first.is_some_and(field)
}

/// The matrix `[rows, columns]`.
///
/// What stands behind `#`, blank lines, and a first line in which nothing is a number are skipped; the last are
/// names. Every other field must be a number, and may stand in double quotes. Since names do not matter and
/// numbers hold no separators, quotes need no more attention than that.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let mut rows = Rows::new(limits);
    let mut separator = None;
    for (index, line) in lines(bytes).enumerate() {
        let at_line = |error: Error| error.at_line(index + 1);
        let line = content(line).map_err(at_line)?;
        if line.trim().is_empty() {
            continue;
        }
        let first = separator.is_none();
        let separator = *separator.get_or_insert_with(|| separator_of(line));
        if !(first && line.split(separator).all(|field| parsed(field).is_err())) {
            rows.push(index + 1, line.split(separator).map(parsed)).map_err(at_line)?;
        }
    }
    rows.finish()
}

/// The separator that a line has outside of quotes.
fn separator_of(line: &str) -> char {
    let unquoted = || line.split('"').step_by(2);
    let found = SEPARATORS.into_iter().find(|&separator| unquoted().any(|part| part.contains(separator)));
    found.unwrap_or(',')
}

fn parsed(field: &str) -> Result<f64> {
    let field = field.trim();
    let quoted = field.strip_prefix('"').and_then(|field| field.strip_suffix('"'));
    number(quoted.map_or(field, str::trim))
}

/// Writes commas, and each number in the fewest digits that read back as the same bits.
pub(super) fn write(sink: &mut dyn Sink, arrays: &[Named<'_>]) -> io::Result<()> {
    let values = only(arrays)?.to_f64();
    let columns = columns_to_write(&values)?;
    for (index, &value) in values.iter().enumerate() {
        let end = if (index + 1) % columns == 0 { '\n' } else { ',' };
        write!(sink, "{}{end}", python_float(value))?;
    }
    Ok(())
}
