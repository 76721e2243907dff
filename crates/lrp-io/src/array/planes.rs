//! Planes in plain text, as the programs of LRP for Caffe print relevance: how many, their height and width, then the
//! rows of one after the other.

use std::io::{self, Write};
use std::path::Path;

use ndarray::{ArrayView3, Axis, IxDyn};

use super::formats::{Entry, Real, array_from_memory_order};
use super::text::{Rows, content, lines, number};
use super::{Array, Dtype};
use crate::error::{Error, Result};
use crate::file::write_atomically;
use crate::limits::Limits;
use crate::six_digits::push_six_digits;

/// Number of planes, height and width, if that is what a text begins with: a whole number, below it two. Above rows
/// of a matrix there cannot be such lines, since they differ in length.
pub(super) fn announced(bytes: &[u8]) -> Option<[usize; 3]> {
    let mut filled = filled(bytes);
    let mut line = || Some(filled.next()?.1.ok()?.split_ascii_whitespace());
    let whole = |field: &str| field.parse().ok().filter(|&count: &usize| count > 0);
    let (mut first, mut second) = (line()?, line()?);
    let shape = [whole(first.next()?)?, whole(second.next()?)?, whole(second.next()?)?];
    (first.next().is_none() && second.next().is_none()).then_some(shape)
}

/// The planes as channels of one sample: `[1, h, w, c]`, as a picture is read.
pub(super) fn read(bytes: &[u8], [count, height, width]: [usize; 3], limits: &Limits) -> Result<Vec<Entry>> {
    limits.elements(&[count, height, width])?;
    let mut rows = Rows::new(limits);
    for (line, content) in filled(bytes).skip(2) {
        content
            .and_then(|content| rows.push(line, content.split_ascii_whitespace().map(number)))
            .map_err(|error| error.at_line(line))?;
    }
    let [found, columns] = rows.shape();
    if [found, columns] != [count * height, width] {
        let announced = format!("{count} planes of {height} rows and {width} columns are announced");
        return Err(Error::format(format!("{announced}, {found} rows of {columns} follow")));
    }
    let planes = array_from_memory_order(IxDyn(&[count, height, width]), rows.into_values())?;
    let pixels = planes.permuted_axes(IxDyn(&[1, 2, 0])).insert_axis(Axis(0));
    let values = pixels.as_standard_layout().into_owned();
    Ok(vec![Entry { name: None, array: Ok(Array { values, dtype: Dtype::F64 }) }])
}

/// Lines with content, each with its number.
fn filled(bytes: &[u8]) -> impl Iterator<Item = (usize, Result<&str>)> {
    let numbered = lines(bytes).enumerate().map(|(index, line)| (index + 1, content(line)));
    numbered.filter(|(_, content)| !content.as_ref().is_ok_and(|content| content.trim().is_empty()))
}

/// Writes planes `[c, h, w]` as text, as the programs of LRP for Caffe do, whole or not at all.
///
/// Above the rows stand the number of planes and their size; numbers have [six digits](crate::six_digits), each with a blank
/// behind it. [`read_array`](crate::read_array) gives them back as `[1, h, w, c]`. Fails with
/// [`ErrorKind::Write`](crate::ErrorKind::Write), also if there is nothing to write.
///
/// ```
/// use lrp_io::{Limits, read_array, write_planes};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("relevance.txt");
/// write_planes(&path, ndarray::array![[[0.5, 1e-7]], [[-2.0, 1.0 / 3.0]]].view())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "2\n1 2\n0.5 1e-07 \n-2 0.333333 \n");
/// assert_eq!(read_array(&path, &Limits::default())?.values.shape(), [1, 1, 2, 2]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn write_planes<T: Real>(path: impl AsRef<Path>, planes: ArrayView3<'_, T>) -> Result<()> {
    let (count, height, width) = planes.dim();
    let values = T::erased(planes.into_dyn()).to_f64();
    write_atomically(path, |file| {
        if values.is_empty() {
            let message = "text cannot hold planes without elements; use .npy";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        writeln!(file, "{count}\n{height} {width}")?;
        for row in values.rows() {
            let mut line = String::new();
            for &value in row {
                push_six_digits(&mut line, value);
                line.push(' ');
            }
            writeln!(file, "{line}")?;
        }
        Ok(())
    })
}
