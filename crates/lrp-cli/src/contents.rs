//! What a file turns out to hold.

use std::path::Path;

use lrp::io::{Error, ErrorKind, Limits, MODEL_FORMATS, Sidecar, Source};

use crate::Outcome;
use crate::model::Model;
use crate::options::WeightOptions;

/// A model, or arrays.
pub(crate) enum Contents<A> {
    Model(Box<Model<f64>>),
    Arrays(A),
}

/// Models and arrays may share a format; what is no model that can be read may still be arrays, which `read`
/// takes from the bytes of a file of a name.
pub(crate) fn contents<A>(
    path: &Path,
    bytes: &[u8],
    weights: &WeightOptions,
    limits: &Limits,
    read: fn(&str, &[u8], &Limits) -> Result<A, Error>,
) -> Outcome<Contents<A>> {
    let name = path.display().to_string();
    let arrays = || read(&name, bytes, limits).map(Contents::Arrays);
    if !MODEL_FORMATS.iter().any(|format| (format.sniff)(bytes)) {
        return Ok(arrays()?);
    }
    let source = weights.source(path, bytes.to_vec(), limits)?;
    match model(path, source, limits) {
        Ok(model) => Ok(Contents::Model(Box::new(model))),
        Err(error) if [ErrorKind::Selection, ErrorKind::Unsupported].contains(&error.kind()) => {
            // What is not even of an array format was meant to be a model.
            Ok(arrays()
                .map_err(|other| if other.kind() == ErrorKind::Unsupported { error } else { other })?)
        }
        Err(error) => Err(error.into()),
    }
}

fn model(path: &Path, source: Source<'_>, limits: &Limits) -> Result<Model<f64>, Error> {
    // One that is wrong concerns those alone who need what it says.
    let sidecar = Sidecar::of_model(path, limits).unwrap_or_default();
    let preparation = sidecar.input.clone();
    Model::of_source(path, source, sidecar, preparation, limits)
}
