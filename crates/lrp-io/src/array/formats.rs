//! The table of array formats, and what a format is given and gives.

use std::ffi::OsStr;
use std::io::{self, Seek, Write};
use std::path::Path;

use ndarray::{ArrayD, IxDyn, StrideShape};

use super::{Array, Dtype, csv, idx, mat, npy, npz, picture, text};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// A format that arrays are read from, and perhaps written to.
#[derive(Debug)]
pub struct ArrayFormat {
    /// Short name, as in `npy`.
    pub name: &'static str,
    /// Extensions without the dot, in lower case; the first is the usual one.
    pub extensions: &'static [&'static str],
    /// Whether a file holds any number of arrays with names, rather than one without.
    pub holds_names: bool,
    sniff: fn(&[u8]) -> bool,
    read: fn(&[u8], &Limits) -> Result<Vec<Entry>>,
    write: Option<Writer>,
}

/// Every array format, in the order in which contents are tried.
///
/// ```
/// use lrp_io::ARRAY_FORMATS;
///
/// let writable: Vec<&str> = ARRAY_FORMATS.iter().filter(|format| format.is_written()).map(|format| format.name).collect();
/// assert_eq!(writable, ["npy", "npz", "mat", "idx", "text", "csv"]);
/// ```
pub const ARRAY_FORMATS: &[ArrayFormat] = &[
    ArrayFormat {
        name: "npy",
        extensions: &["npy"],
        holds_names: false,
        sniff: npy::sniff,
        read: npy::read,
        write: Some(npy::write),
    },
    ArrayFormat {
        name: "npz",
        extensions: &["npz"],
        holds_names: true,
        sniff: npz::sniff,
        read: npz::read,
        write: Some(npz::write),
    },
    ArrayFormat {
        name: "mat",
        extensions: &["mat"],
        holds_names: true,
        sniff: mat::sniff,
        read: mat::read,
        write: Some(mat::write),
    },
    ArrayFormat {
        name: "idx",
        extensions: &["idx"],
        holds_names: false,
        sniff: idx::sniff,
        read: idx::read,
        write: Some(idx::write),
    },
    ArrayFormat {
        name: "png",
        extensions: &["png"],
        holds_names: false,
        sniff: picture::sniff_png,
        read: picture::read_png,
        write: None,
    },
    ArrayFormat {
        name: "jpeg",
        extensions: &["jpg", "jpeg"],
        holds_names: false,
        sniff: picture::sniff_jpeg,
        read: picture::read_jpeg,
        write: None,
    },
    ArrayFormat {
        name: "text",
        extensions: &["txt"],
        holds_names: false,
        sniff: text::sniff,
        read: text::read,
        write: Some(text::write),
    },
    ArrayFormat {
        name: "csv",
        extensions: &["csv"],
        holds_names: false,
        sniff: csv::sniff,
        read: csv::read,
        write: Some(csv::write),
    },
];

impl ArrayFormat {
    /// Whether [`write_array`](crate::write_array) writes this format.
    pub fn is_written(&self) -> bool {
        self.write.is_some()
    }

    pub(super) fn read(&self, bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
        (self.read)(bytes, limits)
    }

    pub(super) fn writer(&self) -> Result<Writer> {
        self.write.ok_or_else(|| {
            let message =
                format!("the format {} is read, not written; use one of {}", self.name, extensions(true));
            Error::new(ErrorKind::Write, message)
        })
    }
}

/// Something with a name in a file, or the array of a file without names.
pub(super) struct Entry {
    pub(super) name: Option<String>,
    /// An error of kind `Unsupported` for what the format allows and this crate does not read.
    pub(super) array: Result<Array>,
}

/// The number types that arrays are written in: `f32` and `f64`.
pub trait Real: sealed::Erase {}

impl Real for f32 {}
impl Real for f64 {}

/// An array to write, and the name it gets where the format holds names.
pub(super) type Named<'a> = (&'a str, View<'a>);

/// Fails before it writes anything if the format cannot hold the arrays.
pub(super) type Writer = fn(&mut dyn Sink, &[Named<'_>]) -> io::Result<()>;

/// Where the bytes of a file go; archives go back to fill in sizes.
pub(super) trait Sink: Write + Seek {}

impl<S: Write + Seek> Sink for S {}

pub(super) use sealed::View;

mod sealed {
    use ndarray::ArrayViewD;

    use super::Dtype;

    pub enum View<'a> {
        F32(ArrayViewD<'a, f32>),
        F64(ArrayViewD<'a, f64>),
        /// Numbers of another type that is written, all of which it holds.
        Of(Dtype, ArrayViewD<'a, f64>),
    }

    pub trait Erase: Sized {
        fn erased(values: ArrayViewD<'_, Self>) -> View<'_>;
    }

    impl Erase for f32 {
        fn erased(values: ArrayViewD<'_, Self>) -> View<'_> {
            View::F32(values)
        }
    }

    impl Erase for f64 {
        fn erased(values: ArrayViewD<'_, Self>) -> View<'_> {
            View::F64(values)
        }
    }
}

impl View<'_> {
    pub(super) fn dtype(&self) -> Dtype {
        match self {
            Self::F32(_) => Dtype::F32,
            Self::F64(_) => Dtype::F64,
            Self::Of(dtype, _) => *dtype,
        }
    }

    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Self::F32(values) => values.shape(),
            Self::F64(values) | Self::Of(_, values) => values.shape(),
        }
    }

    /// The numbers, without rounding.
    pub(super) fn to_f64(&self) -> ArrayD<f64> {
        match self {
            Self::F32(values) => values.mapv(f64::from),
            Self::F64(values) | Self::Of(_, values) => values.to_owned(),
        }
    }
}

/// The format of a file by its content, else by its extension.
///
/// A table of numbers may fit two formats; then the extension decides between them, or else their order.
pub(super) fn detect(name: &str, bytes: &[u8]) -> Result<&'static ArrayFormat> {
    let by_name = with_extension(Path::new(name));
    let fits = |format: &&ArrayFormat| (format.sniff)(bytes);
    let by_content = || ARRAY_FORMATS.iter().find(fits);
    by_name.filter(fits).or_else(by_content).or(by_name).ok_or_else(|| {
        let message = format!("neither content nor extension is of an array format ({})", extensions(false));
        Error::unsupported(message)
    })
}

/// The format in which a file of this name is written.
pub(super) fn by_extension(path: &Path) -> Result<&'static ArrayFormat> {
    with_extension(path).ok_or_else(|| {
        let message = format!("the extension names no array format, allowed are {}", extensions(true));
        Error::new(ErrorKind::Write, message)
    })
}

fn with_extension(path: &Path) -> Option<&'static ArrayFormat> {
    let extension = path.extension().and_then(OsStr::to_str)?;
    ARRAY_FORMATS
        .iter()
        .find(|format| format.extensions.iter().any(|known| known.eq_ignore_ascii_case(extension)))
}

fn extensions(of_written: bool) -> String {
    let formats = ARRAY_FORMATS.iter().filter(|format| format.is_written() || !of_written);
    let extensions: Vec<String> =
        formats.flat_map(|format| format.extensions).map(|extension| format!(".{extension}")).collect();
    extensions.join(", ")
}

/// The array, if it is one, for formats that hold no more.
pub(super) fn only<'v, 'a>(arrays: &'v [Named<'a>]) -> io::Result<&'v View<'a>> {
    match arrays {
        [(_, values)] => Ok(values),
        _ => {
            let message = format!("the format holds one array, not {}", arrays.len());
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}

/// The array in row-major order, from values in the order of `shape`.
pub(crate) fn array_from_memory_order(
    shape: impl Into<StrideShape<IxDyn>>,
    values: Vec<f64>,
) -> Result<ArrayD<f64>> {
    let array =
        ArrayD::from_shape_vec(shape, values).map_err(|error| Error::format(format!("shape: {error}")))?;
    if array.is_standard_layout() { Ok(array) } else { Ok(array.as_standard_layout().into_owned()) }
}
