//! Models: networks as files, and what their authors wrote beside them.

use std::path::{Path, PathBuf};

use lrp_core::Network;

use crate::error::{Error, ErrorKind, Result, quoted_list};
use crate::file::{read_file, write_atomically};
use crate::limits::Limits;

mod caffe;
mod convention;
mod growing;
mod layout;
mod mat;
mod onnx;
mod pickle;
mod pickle_writer;
mod preparation;
mod sidecar;
mod source;
mod text;
mod text_writer;
mod toolbox;

pub use caffe::{Caffe, CaffeLayer, CaffeNetwork};
pub use convention::{Convention, reorder_flatten, reread_flatten};
pub use layout::channels_last;
pub use onnx::{MissingOperator, Onnx};
pub use preparation::{
    ChannelOrder, Characters, Filter, Fit, ImagePreparation, Layout, PerChannel, Preparation,
    TextPreparation, Token, Vocabulary,
};
pub use sidecar::Sidecar;
pub use source::Source;

/// A model format: a row of [`MODEL_FORMATS`].
#[derive(Clone, Copy, Debug)]
pub struct ModelFormat {
    /// The name users see.
    pub name: &'static str,
    /// File extensions, lower case, without the dot; the first is the usual one.
    pub extensions: &'static [&'static str],
    /// Whether bytes look like this format.
    pub sniff: fn(&[u8]) -> bool,
    /// Reads a model.
    pub read: fn(&Source<'_>, &Limits) -> Result<ReadModel>,
    /// The shape of one sample, where a file says it.
    pub sample: fn(&Source<'_>, &Limits) -> Option<Vec<usize>>,
    /// Endings of the file beside a model that holds its weights, if they have a file of their own.
    pub weights: &'static [&'static str],
    /// Whether models stand in it as another system exported them: graphs of its operators, of which several may do
    /// what is one layer to people.
    pub exported: bool,
    /// Writes a model, if the format is written at all; fails with the layer the format cannot hold.
    pub write: Option<WriteModel>,
}

impl ModelFormat {
    /// The file that holds the weights of a model, if the format has them in one of their own and there is one.
    #[must_use]
    pub fn weights_beside(&self, model: &Path) -> Option<PathBuf> {
        source::beside(model, self.weights)
    }
}

/// A model as it was read.
#[derive(Clone, Debug)]
pub struct ReadModel {
    /// The network.
    pub network: Network<f64>,
    /// What of the file was passed over or made up, a line each.
    pub warnings: Vec<String>,
}

/// Read without a word.
impl From<Network<f64>> for ReadModel {
    fn from(network: Network<f64>) -> Self {
        Self { network, warnings: Vec::new() }
    }
}

/// A model with what its preparation and its file say of it together.
#[derive(Clone, Debug)]
pub struct PreparedModel {
    /// The model.
    pub read: ReadModel,
    /// The shape of one prepared sample, where one of them says it.
    pub sample: Option<Vec<usize>>,
    /// Whether it stands in its file as another system exported it.
    pub exported: bool,
}

/// How a model becomes the bytes of a file; the shape of one sample, without the batch, is of use to formats that say it.
pub type WriteModel = fn(&Network<f64>, Option<&[usize]>) -> Result<Vec<u8>>;

/// Every model format, in the order they are tried.
pub const MODEL_FORMATS: &[ModelFormat] = &[
    ModelFormat {
        name: "toolbox text",
        extensions: &["txt"],
        sniff: text::sniff,
        read: |source, limits| text::read(source.bytes(), limits).map(ReadModel::from),
        sample: |_, _| None,
        weights: &[],
        exported: false,
        write: Some(|network, _| text_writer::write(network)),
    },
    ModelFormat {
        name: "toolbox pickle",
        extensions: &["nn", "pickle", "pickled"],
        sniff: pickle::sniff,
        read: |source, limits| pickle::read(source.bytes(), limits).map(ReadModel::from),
        sample: |_, _| None,
        weights: &[],
        exported: false,
        write: Some(|network, _| pickle_writer::write(network)),
    },
    ModelFormat {
        name: "MATLAB",
        extensions: &["mat"],
        sniff: mat::sniff,
        read: |source, limits| mat::read(source.bytes(), limits).map(ReadModel::from),
        sample: |_, _| None,
        weights: &[],
        exported: false,
        write: Some(|network, _| mat::write(network)),
    },
    ModelFormat {
        name: "ONNX",
        extensions: &["onnx"],
        sniff: onnx::sniff,
        read: |source, limits| onnx::read(source, limits).map(ReadModel::from),
        sample: onnx::sample,
        weights: &[],
        exported: true,
        write: Some(onnx::write),
    },
    ModelFormat {
        name: "Caffe",
        extensions: &["prototxt", "pbtxt"],
        sniff: caffe::sniff,
        read: caffe::read,
        sample: caffe::sample,
        weights: &caffe::ENDINGS,
        exported: true,
        write: None,
    },
];

/// Reads a model, told apart by what is in the file, then by its extension.
///
/// # Errors
/// One line naming the file, the place, what is wrong and what was allowed.
pub fn read_model(path: impl AsRef<Path>, limits: &Limits) -> Result<Network<f64>> {
    let path = path.as_ref();
    let source = Source::from(read_file(path, limits)?).beside(path);
    Ok(read_model_source(&path.display().to_string(), &source, limits)?.network)
}

/// Reads a model from memory; `name` stands in for the path, its extension included.
///
/// ```
/// use lrp_io::{Limits, read_model_bytes};
/// let network = read_model_bytes("tiny.txt", b"Linear 2 1\n0.5 -1.5\n0.25\nTanh\n", &Limits::default())?;
/// assert_eq!(network.nodes().len(), 2);
///
/// let error = read_model_bytes("tiny.txt", b"Linear 2 2\n0.5 1 2\n0 0\n", &Limits::default()).unwrap_err();
/// assert_eq!(error.to_string(), "tiny.txt:2: Linear 2 2 has 3 weights in this line, expected 4 (all of them)");
/// # Ok::<(), lrp_io::Error>(())
/// ```
///
/// # Errors
/// As [`read_model`].
pub fn read_model_bytes(name: &str, bytes: &[u8], limits: &Limits) -> Result<Network<f64>> {
    Ok(read_model_source(name, &Source::from(bytes), limits)?.network)
}

/// Reads a model from bytes of which more is known than their name, with what there is to say about it.
///
/// # Errors
/// As [`read_model`].
pub fn read_model_source(name: &str, source: &Source<'_>, limits: &Limits) -> Result<ReadModel> {
    let bytes = source.bytes();
    limits.check_file(bytes.len() as u64).map_err(|error| error.in_file(name))?;
    (model_format(name, bytes)?.read)(source, limits).map_err(|error| error.in_file(name))
}

/// Reads a model whose inputs are prepared: a shape that the model leaves open is what they are prepared to be.
///
/// # Errors
/// As [`read_model`].
pub fn read_prepared_model(
    name: &str,
    source: Source<'_>,
    preparation: &Preparation,
    limits: &Limits,
) -> Result<PreparedModel> {
    let format = model_format(name, source.bytes())?;
    let (declared, prepared) = ((format.sample)(&source, limits), preparation.prepared_shape());
    let source = match (&declared, &prepared) {
        (None, Some(sample)) => source.with_sample(sample),
        _ => source,
    };
    let read = read_model_source(name, &source, limits)?;
    Ok(PreparedModel { read, sample: prepared.or(declared), exported: format.exported })
}

/// The format of a model, told apart by what is in the file, then by the extension of its name.
///
/// # Errors
/// If it is none of [`MODEL_FORMATS`].
pub fn model_format(name: &str, bytes: &[u8]) -> Result<&'static ModelFormat> {
    if let Some(format) = MODEL_FORMATS.iter().find(|format| (format.sniff)(bytes)) {
        return Ok(format);
    }
    // Half of a model, whatever its name ends in.
    if let Some(error) = caffe::mistaken(bytes) {
        return Err(error.in_file(name));
    }
    model_format_by_extension(Path::new(name)).ok_or_else(|| unknown(name))
}

/// Writes a model in the format its extension names, whole or not at all.
///
/// # Errors
/// If no format that is written has this extension, the format cannot hold a layer or needs to know the shape of a
/// sample, or the file cannot be written.
pub fn write_model(path: impl AsRef<Path>, network: &Network<f64>) -> Result<()> {
    write_model_for(path, network, None)
}

/// As [`write_model`], for samples of a shape: ONNX says in the file what its input is.
///
/// # Errors
/// As [`write_model`], and if the network cannot take such samples.
pub fn write_model_for(
    path: impl AsRef<Path>,
    network: &Network<f64>,
    sample: Option<&[usize]>,
) -> Result<()> {
    let path = path.as_ref();
    let format = model_format_by_extension(path).ok_or_else(|| unknown(&path.display().to_string()))?;
    let write = format.write.ok_or_else(|| not_written(path, format.name))?;
    write_with(path, || write(network, sample))
}

/// Writes a model as text for the toolbox's Matlab part, where flattening runs in another order.
///
/// Read it again with [`reread_flatten`]: the text does not say whom it is for.
///
/// # Errors
/// If a flatten layer is not in Matlab's order (see [`reorder_flatten`]), the format cannot hold a
/// layer, or the file cannot be written.
pub fn write_matlab_model(path: impl AsRef<Path>, network: &Network<f64>) -> Result<()> {
    write_with(path.as_ref(), || text_writer::write_matlab(network))
}

/// Writes a model as text for toolbox 1.1 and before, which wants each row of weights in a line of its own.
///
/// [`read_model`] reads both layouts.
///
/// # Errors
/// If the model has layers that did not exist then, or the file cannot be written.
pub fn write_legacy_model(path: impl AsRef<Path>, network: &Network<f64>) -> Result<()> {
    write_with(path.as_ref(), || text_writer::write_legacy(network))
}

fn write_with(path: &Path, write: impl FnOnce() -> Result<Vec<u8>>) -> Result<()> {
    let bytes = write().map_err(|error| error.in_file(&path.display().to_string()))?;
    write_atomically(path, |file| std::io::Write::write_all(file, &bytes))
}

/// The format that the extension of a file names.
#[must_use]
pub fn model_format_by_extension(path: &Path) -> Option<&'static ModelFormat> {
    let extension = path.extension()?.to_str()?.to_lowercase();
    MODEL_FORMATS.iter().find(|format| format.extensions.contains(&extension.as_str()))
}

fn not_written(path: &Path, format: &str) -> Error {
    let names = quoted_list(MODEL_FORMATS.iter().filter(|row| row.write.is_some()).map(|row| row.name));
    Error::unsupported(format!("{format} is read and not written; written are {names}"))
        .in_file(&path.display().to_string())
}

fn unknown(name: &str) -> Error {
    let names = quoted_list(MODEL_FORMATS.iter().map(|format| format.name));
    Error::new(ErrorKind::Unsupported, format!("is of no known model format; known are {names}"))
        .in_file(name)
}

#[cfg(test)]
mod tests;
