//! What a file turns out to hold.

use std::path::Path;

use lrp::core::Network;
use lrp::io::{Array, ErrorKind, Limits, MODEL_FORMATS, read_arrays_bytes, read_model_bytes};

use crate::Outcome;

/// A model, or arrays with their names.
pub(crate) enum Contents {
    Model(Network<f64>),
    Arrays(Vec<(String, Array)>),
}

/// Models and arrays may share a format; what is no model that can be read may still be arrays.
pub(crate) fn contents(path: &Path, bytes: &[u8], limits: &Limits) -> Outcome<Contents> {
    let name = path.display().to_string();
    let arrays = || read_arrays_bytes(&name, bytes, limits).map(Contents::Arrays);
    if !MODEL_FORMATS.iter().any(|format| (format.sniff)(bytes)) {
        return Ok(arrays()?);
    }
    match read_model_bytes(&name, bytes, limits) {
        Ok(network) => Ok(Contents::Model(network)),
        Err(error) if [ErrorKind::Selection, ErrorKind::Unsupported].contains(&error.kind()) => {
            // What is not even of an array format was meant to be a model.
            Ok(arrays()
                .map_err(|other| if other.kind() == ErrorKind::Unsupported { error } else { other })?)
        }
        Err(error) => Err(error.into()),
    }
}
