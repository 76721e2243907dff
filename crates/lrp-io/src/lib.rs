//! Reading and writing of arrays and models, for `lrp`: the one library of the workspace that opens
//! files.
//!
//! A relevance analysis starts from files of many makers: samples from numpy, from MATLAB of any
//! age, from a spreadsheet; a model from a colleague. This crate turns their bytes into values, or
//! into one line that says which file is wrong, where, and what was expected. It takes every file
//! for a hostile one: what a header claims is compared with the bytes that are there and with
//! [`Limits`] before memory is spent on it, and no input makes it panic.
//!
//! [`read_array`] gives an [`Array`]: numbers as f64, each exactly what was stored, in row-major
//! order, and the [`Dtype`] they had. [`read_arrays`] gives all arrays of a file with their names.
//! [`write_array`] and [`write_arrays`] write arrays of f32 and f64, [`write_typed_arrays`] what was read in
//! the type it had; [`write_planes`] prints relevance as the programs of LRP for Caffe do. The formats are the rows of
//! [`ARRAY_FORMATS`], in gzip or not; a file is recognised by its content first and by its extension
//! second. A picture is an array too, `[1, h, w, c]`; [`read_notes`] gives what a PNG says beside its pixels.
//!
//! [`read_model`] gives a network and [`write_model`] writes one, in the formats of [`MODEL_FORMATS`];
//! the toolbox's text, in both of its layouts, written digit for digit as Python would; what its Python
//! part pickles, read without running any of it; MATLAB files, in which a model is an instance of
//! the toolbox's own class or a plain struct; ONNX, which is read only ([`Onnx`] tells what a file would need); and
//! Caffe, read only as well ([`Caffe`] knows its layers by number). A [`Convention`] says whose order a file flattens in. A
//! [`Sidecar`] beside a model says how its inputs are prepared and what its classes are.
//!
//! Everything is written by [`write_atomically`], so no half-written file is ever seen. All
//! failures are an [`Error`].
//!
//! ```
//! use lrp_io::{Dtype, Limits, read_array, read_named_array, write_arrays};
//! use ndarray::array;
//!
//! let folder = tempfile::tempdir()?;
//! let path = folder.path().join("explained.npz");
//! let (input, relevance) = (array![[0.0f32, 1.0]].into_dyn(), array![[0.25f32, 0.75]].into_dyn());
//! write_arrays(&path, &[("data", input.view()), ("relevance", relevance.view())])?;
//!
//! let limits = Limits::default();
//! assert_eq!(read_array(&path, &limits)?.values, array![[0.0, 1.0]].into_dyn());
//! assert_eq!(read_named_array(&path, "relevance", &limits)?.dtype, Dtype::F32);
//!
//! let small = Limits { array_elements: 1, ..limits };
//! let line = read_array(&path, &small).unwrap_err().to_string();
//! assert!(line.ends_with("explained.npz[data]: byte 60: the array has 2 elements, at most 1 are allowed"));
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! What it refuses, each with its own message: Python objects, structures, strings, dates and
//! complex numbers in `.npy`; encrypted archives and names given twice; as arrays, the
//! cells, structs, class instances, sparse and complex variables of MATLAB (the numeric variables
//! beside them are read); MATLAB files of level 4; ragged tables; transparent and animated pictures;
//! pickles that name anything but layers and arrays; ONNX graphs with control flow, quantised weights or
//! operators that no layer stands for; Caffe networks whose layers bring in data or normalize by the batch; integers that f64 cannot hold. Of MATLAB files of
//! version 7.3 (HDF5) models are not read, and arrays with the feature `hdf5` only, as Caffe's weights in HDF5. Nothing is rounded,
//! guessed or cut short to make a file fit.

#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

mod error;
mod limits;

mod file;

mod array;
mod model;
pub mod caffe;

mod bytes;
#[cfg(feature = "hdf5")]
mod hdf5;
mod inflate;
mod labelled_texts;
mod mat;
mod pickle;
mod protobuf;
mod python_float;
mod separable;
mod six_digits;

pub use array::{
    ARRAY_FORMATS, Array, ArrayFormat, Dtype, Real, is_picture, read_array, read_array_bytes, read_arrays,
    read_arrays_bytes, read_named_array, read_named_array_bytes, read_notes, read_whole_bytes, write_array,
    write_arrays, write_planes, write_typed_arrays,
};
pub use error::{Error, ErrorKind, Position, Result};
pub use file::{read_file, write_atomically};
pub use labelled_texts::{LabelledText, parse_labelled_texts, read_labelled_texts};
pub use limits::Limits;
pub use model::{
    Caffe, CaffeLayer, CaffeNetwork, ChannelOrder, Characters, Convention, Filter, Fit, ImagePreparation,
    Layout, MODEL_FORMATS, MissingOperator, ModelFormat, Onnx, PerChannel, Preparation, PreparedModel,
    ReadModel, Sidecar, Source, TextPreparation, Token, Vocabulary, WriteModel, channels_last, model_format,
    model_format_by_extension, read_model, read_model_bytes, read_model_source, read_prepared_model,
    reorder_flatten, reread_flatten, write_legacy_model, write_matlab_model, write_model, write_model_for,
};
pub use six_digits::six_digits;
