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

/// Models and arrays may share a format; what is no model may still be arrays.
pub(crate) fn contents(path: &Path, bytes: &[u8], limits: &Limits) -> Outcome<Contents> {
    let name = path.display().to_string();
    if MODEL_FORMATS.iter().any(|format| (format.sniff)(bytes)) {
        match read_model_bytes(&name, bytes, limits) {
            Err(error) if error.kind() == ErrorKind::Selection => {}
            network => return Ok(Contents::Model(network?)),
        }
    }
    Ok(Contents::Arrays(read_arrays_bytes(&name, bytes, limits)?))
}
