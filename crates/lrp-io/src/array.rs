//! Arrays of numbers: read from any of [`ARRAY_FORMATS`], written to most of them.

mod dtype;
mod formats;
mod mat;
#[cfg(feature = "hdf5")]
mod mat73;
mod npy;
mod npy_header;
mod npz;
mod idx;
mod picture;
mod text;
mod planes;
mod csv;

use std::collections::HashSet;
use std::path::Path;

use ndarray::{ArrayD, ArrayView, ArrayViewD, Dimension};

pub use dtype::Dtype;
#[cfg(feature = "hdf5")]
pub(crate) use dtype::all_exact;
pub(crate) use dtype::{ByteOrder, check_values, decode, encode};
pub(crate) use formats::array_from_memory_order;
pub use formats::{ARRAY_FORMATS, ArrayFormat, Real};
pub(crate) use npy_header::parse_descr;
pub(crate) use picture::{Picture, SIDE, read_picture};
pub use picture::{is_picture, read_notes};
pub use planes::write_planes;
pub(crate) use text::{lines, number};

use crate::error::{Error, ErrorKind, Result, quoted, quoted_list};
use crate::file::{read_file, write_atomically};
use crate::inflate::{gunzip, is_gzip};
use crate::limits::Limits;
use formats::{Entry, Named, View};

/// An array as it came from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// The numbers, without rounding, in row-major order whatever the file's order was.
    pub values: ArrayD<f64>,
    /// The type the file gave the array; in a MATLAB file its class, also where the numbers were
    /// packed into a smaller type.
    pub dtype: Dtype,
}

/// The array that is meant where a file has several and none is asked for.
const DEFAULT_NAME: &str = "data";

/// The one array of a file.
///
/// Of a file with several it is the one named `data`, or the only one that holds numbers. The
/// format is recognised by the content, then by the extension. Fails with
/// [`ErrorKind::Selection`] and the names if several could be meant, and as the format does.
///
/// ```
/// use lrp_io::{Dtype, Limits, read_array, write_array};
/// use ndarray::array;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("relevance.npy");
/// write_array(&path, array![[0.5f32, -1.0], [0.25, 2.0]].view())?;
///
/// let relevance = read_array(&path, &Limits::default())?;
/// assert_eq!(relevance.values, array![[0.5, -1.0], [0.25, 2.0]].into_dyn());
/// assert_eq!(relevance.dtype, Dtype::F32);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn read_array(path: impl AsRef<Path>, limits: &Limits) -> Result<Array> {
    with_file(path.as_ref(), limits, |name, bytes| read_array_bytes(name, bytes, limits))
}

/// [`read_array`] for a file in memory; `name` gives the extension and stands in errors.
///
/// ```
/// use lrp_io::{Limits, read_array_bytes};
///
/// let table = read_array_bytes("table.txt", b"1 2 # first row\n3 4\n", &Limits::default())?;
/// assert_eq!(table.values, ndarray::array![[1.0, 2.0], [3.0, 4.0]].into_dyn());
///
/// let error = read_array_bytes("table.txt", b"1 2\n3 four\n", &Limits::default()).unwrap_err();
/// assert_eq!(error.to_string(), "table.txt:2: 'four' is not a number");
/// # Ok::<_, lrp_io::Error>(())
/// ```
pub fn read_array_bytes(name: &str, bytes: &[u8], limits: &Limits) -> Result<Array> {
    contents(name, bytes, limits).and_then(select_default).map_err(|error| error.in_file(name))
}

/// All arrays of a file that hold numbers, in its order, each with its name.
///
/// A file without names gives one array, named by the stem of the file's name. Arrays and variables
/// of kinds that are not read (strings, cells, structs, …) are left out; [`read_named_array`] says
/// why. Fails if nothing is left, and if a numeric array is damaged or not exact in f64.
///
/// ```
/// use lrp_io::{Limits, read_arrays, write_arrays};
/// use ndarray::arr1;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("maps.npz");
/// let (input, relevance) = (arr1(&[1.0, 2.0]).into_dyn(), arr1(&[0.5]).into_dyn());
/// write_arrays(&path, &[("input", input.view()), ("relevance", relevance.view())])?;
///
/// let names: Vec<String> = read_arrays(&path, &Limits::default())?.into_iter().map(|(name, _)| name).collect();
/// assert_eq!(names, ["input", "relevance"]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn read_arrays(path: impl AsRef<Path>, limits: &Limits) -> Result<Vec<(String, Array)>> {
    with_file(path.as_ref(), limits, |name, bytes| read_arrays_bytes(name, bytes, limits))
}

/// [`read_arrays`] for a file in memory; `name` gives the extension and stands in errors.
///
/// ```
/// use lrp_io::{Limits, read_arrays_bytes};
///
/// let arrays = read_arrays_bytes("folder/labels.txt", b"7\n2\n1\n", &Limits::default())?;
/// assert_eq!(arrays[0].0, "labels");
/// assert_eq!(arrays[0].1.values.shape(), [3, 1]);
/// # Ok::<_, lrp_io::Error>(())
/// ```
pub fn read_arrays_bytes(name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<(String, Array)>> {
    contents(name, bytes, limits).and_then(all_numeric).map_err(|error| error.in_file(name))
}

/// Everything in a file, for those who must not lose a part of it: [`read_arrays_bytes`] that fails where
/// something is no array of numbers. A file without names gives one array without a name.
///
/// ```
/// use lrp_io::{Limits, read_whole_bytes};
///
/// let arrays = read_whole_bytes("labels.txt", b"7\n2\n1\n", &Limits::default())?;
/// assert!(arrays.len() == 1 && arrays[0].0.is_none());
/// # Ok::<_, lrp_io::Error>(())
/// ```
pub fn read_whole_bytes(name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<(Option<String>, Array)>> {
    let entries = entries(name, bytes, limits).and_then(|entries| {
        if entries.is_empty() {
            return Err(Error::new(ErrorKind::Selection, "holds no arrays"));
        }
        entries.into_iter().map(|entry| Ok((entry.name, entry.array?))).collect()
    });
    entries.map_err(|error| error.in_file(name))
}

/// The array of that name in a file that names its arrays (`.npz`, `.mat`).
///
/// Fails with [`ErrorKind::Selection`] and the names if there is none of that name, and with the
/// reason if it is of a kind that is not read.
///
/// ```
/// use lrp_io::{ErrorKind, Limits, read_named_array, write_arrays};
/// use ndarray::arr1;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("maps.npz");
/// let (input, relevance) = (arr1(&[1.0, 2.0]).into_dyn(), arr1(&[0.5]).into_dyn());
/// write_arrays(&path, &[("input", input.view()), ("relevance", relevance.view())])?;
///
/// let limits = Limits::default();
/// assert_eq!(read_named_array(&path, "relevance", &limits)?.values, arr1(&[0.5]).into_dyn());
/// let error = read_named_array(&path, "seed", &limits).unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Selection);
/// assert_eq!(error.message(), "no array is named 'seed', there are 'input', 'relevance'");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn read_named_array(path: impl AsRef<Path>, array: &str, limits: &Limits) -> Result<Array> {
    with_file(path.as_ref(), limits, |name, bytes| read_named_array_bytes(name, bytes, array, limits))
}

/// [`read_named_array`] for a file in memory; `name` gives the extension and stands in errors.
///
/// ```
/// use lrp_io::{Limits, read_named_array_bytes};
///
/// let labels = read_named_array_bytes("labels.txt", b"7\n2\n1\n", "labels", &Limits::default())?;
/// assert_eq!(labels.values.shape(), [3, 1]);
/// # Ok::<_, lrp_io::Error>(())
/// ```
pub fn read_named_array_bytes(name: &str, bytes: &[u8], array: &str, limits: &Limits) -> Result<Array> {
    contents(name, bytes, limits)
        .and_then(|contents| select_named(contents, array))
        .map_err(|error| error.in_file(name))
}

/// Writes an array of any shape in the format that the path's extension names, whole or not at all.
///
/// `.npy`, `.npz`, `.mat` and `.idx` keep the type; `.npz` and `.mat` name the array `data`; `.mat` makes a
/// row of one axis; `.txt` and `.csv` take one or two axes and write each number so that the same bits are
/// read again. Fails with [`ErrorKind::Write`].
///
/// ```
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("column.txt");
/// lrp_io::write_array(&path, ndarray::arr1(&[1.0, -0.25]).view())?;
/// assert_eq!(std::fs::read_to_string(&path)?, "1.000000000000000000e+00\n-2.500000000000000000e-01\n");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn write_array<T: Real, D: Dimension>(path: impl AsRef<Path>, values: ArrayView<'_, T, D>) -> Result<()> {
    let path = path.as_ref();
    let format = formats::by_extension(path).map_err(|error| not_written(path, error))?;
    write_named(path, format, &[(DEFAULT_NAME, T::erased(values.into_dyn()))])
}

/// Writes arrays under their names, in this order, into one `.npz` or `.mat` file, whole or not at all.
///
/// Fails with [`ErrorKind::Write`], also for names that are empty, too long or come twice, and in
/// `.mat` for those that MATLAB could not name a variable. For an example see [`read_arrays`].
pub fn write_arrays<T: Real>(path: impl AsRef<Path>, arrays: &[(&str, ArrayViewD<'_, T>)]) -> Result<()> {
    let path = path.as_ref();
    let format = formats::by_extension(path).and_then(|format| check_names(format, arrays));
    let format = format.map_err(|error| not_written(path, error))?;
    let arrays: Vec<Named<'_>> =
        arrays.iter().map(|(name, values)| (*name, T::erased(values.view()))).collect();
    write_named(path, format, &arrays)
}

/// Writes arrays as they were read, each in its own type, into one file, whole or not at all.
///
/// `.npy`, `.npz` and `.mat` have every type but float16, which becomes float32; `.idx` lacks some, which
/// become float64; `.txt` and `.csv` hold numbers without a type. A format without names takes one array
/// under any name. Fails as [`write_arrays`] does, and for a number that is none of the array's type.
///
/// ```
/// use lrp_io::{Dtype, Limits, read_array, read_array_bytes, write_typed_arrays};
///
/// let labels = read_array_bytes("labels.idx", &[0, 0, 8, 1, 0, 0, 0, 2, 7, 3], &Limits::default())?;
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("labels.mat");
/// write_typed_arrays(&path, &[("data", &labels)])?;
/// assert_eq!(read_array(&path, &Limits::default())?.dtype, Dtype::U8);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
pub fn write_typed_arrays(path: impl AsRef<Path>, arrays: &[(&str, &Array)]) -> Result<()> {
    let path = path.as_ref();
    let format = formats::by_extension(path).and_then(|format| match arrays {
        [_] if !format.holds_names => Ok(format),
        _ => check_names(format, arrays),
    });
    let format = format.map_err(|error| not_written(path, error))?;
    let arrays: Result<Vec<Named<'_>>> = arrays.iter().map(|&(name, array)| typed(name, array)).collect();
    write_named(path, format, &arrays.map_err(|error| not_written(path, error))?)
}

/// The array in the type that it is written in; all its numbers must be of that type.
fn typed<'a>(name: &'a str, array: &'a Array) -> Result<Named<'a>> {
    let dtype = array.dtype.written();
    match check_values(dtype, &array.values) {
        Ok(()) => Ok((name, View::Of(dtype, array.values.view()))),
        Err(error) => Err(Error::new(ErrorKind::Write, error.message()).in_file(name)),
    }
}

fn with_file<T>(path: &Path, limits: &Limits, read: impl FnOnce(&str, &[u8]) -> Result<T>) -> Result<T> {
    read(&path.display().to_string(), &read_file(path, limits)?)
}

/// Everything in a file that has a name; what cannot be read is there as the reason.
type Contents = Vec<(String, Result<Array>)>;

fn contents(name: &str, bytes: &[u8], limits: &Limits) -> Result<Contents> {
    let plain = name.strip_suffix(".gz").filter(|_| is_gzip(bytes)).unwrap_or(name);
    let stem = || Path::new(plain).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let entries = entries(name, bytes, limits)?;
    Ok(entries.into_iter().map(|entry| (entry.name.unwrap_or_else(stem), entry.array)).collect())
}

fn entries(name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    limits.check_file(bytes.len() as u64)?;
    if is_gzip(bytes) {
        let inner = name.strip_suffix(".gz").unwrap_or(name);
        let part = Path::new(inner).file_name().unwrap_or_default().to_string_lossy();
        let bytes = gunzip(bytes, limits)?;
        let entries = formats::detect(inner, &bytes).and_then(|format| format.read(&bytes, limits));
        return entries.map_err(|error| error.in_file(&part));
    }
    formats::detect(name, bytes)?.read(bytes, limits)
}

fn select_default(mut contents: Contents) -> Result<Array> {
    if let Some(index) = contents.iter().position(|(name, _)| name == DEFAULT_NAME) {
        return contents.swap_remove(index).1;
    }
    let mut numeric = numeric(contents)?;
    match numeric.len() {
        1 => numeric.swap_remove(0).1,
        count => {
            let names = quoted_list(numeric.iter().map(|(name, _)| name.as_str()));
            let message = format!("{count} arrays, and none is named '{DEFAULT_NAME}': {names}");
            Err(Error::new(ErrorKind::Selection, message))
        }
    }
}

fn select_named(mut contents: Contents, wanted: &str) -> Result<Array> {
    match contents.iter().position(|(name, _)| name == wanted) {
        Some(index) => contents.swap_remove(index).1,
        None => {
            let names = quoted_list(contents.iter().map(|(name, _)| name.as_str()));
            let message = format!("no array is named {}, there are {names}", quoted(wanted));
            Err(Error::new(ErrorKind::Selection, message))
        }
    }
}

fn all_numeric(contents: Contents) -> Result<Vec<(String, Array)>> {
    numeric(contents)?.into_iter().map(|(name, array)| Ok((name, array?))).collect()
}

/// The contents that are numbers, sound or not; there must be some.
fn numeric(contents: Contents) -> Result<Contents> {
    let is_refused =
        |array: &Result<Array>| array.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unsupported);
    let (refused, numeric): (Contents, Contents) =
        contents.into_iter().partition(|(_, array)| is_refused(array));
    if !numeric.is_empty() {
        return Ok(numeric);
    }
    // One reason is shown, so that the error stays one line; the others can be asked for by name.
    match refused.into_iter().find_map(|(_, array)| array.err()) {
        Some(reason) => Err(reason),
        None => Err(Error::new(ErrorKind::Selection, "holds no arrays")),
    }
}

fn check_names<'f, V>(format: &'f ArrayFormat, arrays: &[(&str, V)]) -> Result<&'f ArrayFormat> {
    const NAME_BYTES: usize = 1000;
    let wrong = |message: String| Err(Error::new(ErrorKind::Write, message));
    if !format.holds_names {
        return wrong(format!("the format {} does not hold names; use .npz", format.name));
    }
    let mut seen = HashSet::new();
    for (name, _) in arrays {
        if name.is_empty() || name.len() > NAME_BYTES || name.contains(char::is_control) {
            return wrong(format!("the array name {} is empty, too long or not text", quoted(name)));
        }
        if !seen.insert(name) {
            return wrong(format!("two arrays are named {}", quoted(name)));
        }
    }
    Ok(format)
}

fn write_named(path: &Path, format: &ArrayFormat, arrays: &[Named<'_>]) -> Result<()> {
    let write = format.writer().map_err(|error| not_written(path, error))?;
    write_atomically(path, |file| write(file, arrays))
}

fn not_written(path: &Path, error: Error) -> Error {
    error.in_file(&path.display().to_string())
}
