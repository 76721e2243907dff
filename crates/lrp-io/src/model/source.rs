//! The bytes of a model, and what is known about where they came from.

use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::error::Result;
use crate::file::read_file;
use crate::limits::Limits;

/// What a model is read from.
///
/// ```
/// use lrp_io::{Limits, MODEL_FORMATS, Source};
/// let text = &MODEL_FORMATS[0];
/// let model = (text.read)(&Source::from(b"Tanh\n".as_slice()), &Limits::default())?;
/// assert_eq!(model.network.nodes().len(), 1);
/// # Ok::<(), lrp_io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Source<'a> {
    bytes: Bytes,
    file: Option<&'a Path>,
    weights: Option<Bytes>,
    sample: Option<Vec<usize>>,
}

impl<'a> Source<'a> {
    /// The same read from a file: what the bytes point at is looked for in the folder that it is in.
    #[must_use]
    pub fn beside(self, path: &'a Path) -> Self {
        Self { file: Some(path), ..self }
    }

    /// The same with the weights of a model that keeps them in another file.
    #[must_use]
    pub fn with_weights(self, weights: Vec<u8>) -> Self {
        Self { weights: Some(weights.into()), ..self }
    }

    /// The same for inputs of a shape that is known, one sample without the batch, where the model leaves it open.
    #[must_use]
    pub fn with_sample(self, sample: &[usize]) -> Self {
        Self { sample: Some(sample.to_vec()), ..self }
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, shared: parts of them can be kept without a copy.
    pub(crate) fn shared(&self) -> Bytes {
        self.bytes.clone()
    }

    pub(crate) fn folder(&self) -> Option<&'a Path> {
        self.file?.parent()
    }

    /// The weights given, or those in the first file there is of the same name with another ending.
    pub(crate) fn weights_or_beside(&self, endings: &[&str], limits: &Limits) -> Result<Option<Bytes>> {
        if let Some(weights) = &self.weights {
            limits.check_file(weights.len() as u64)?;
            return Ok(Some(weights.clone()));
        }
        let beside = self.file.and_then(|file| beside(file, endings));
        beside.map(|file| read_file(file, limits).map(Bytes::from)).transpose()
    }

    pub(crate) fn sample(&self) -> Option<Vec<usize>> {
        self.sample.clone()
    }
}

/// The first file there is that has the name of another and one of these endings.
pub(super) fn beside(file: &Path, endings: &[&str]) -> Option<PathBuf> {
    endings.iter().map(|ending| file.with_extension(ending)).find(|file| file.is_file())
}

/// Bytes from nowhere: nothing outside of them is read.
impl From<Vec<u8>> for Source<'_> {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), file: None, weights: None, sample: None }
    }
}

/// As from a vector, copied.
impl From<&[u8]> for Source<'_> {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}
