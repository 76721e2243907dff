//! Weights: a network once more, in binary, of which only the names of layers and their blobs matter.

use std::collections::HashMap;

use crate::bytes::Bytes;
use crate::caffe::blob::Blob;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::protobuf::{Fields, Value};

/// Where one version of a layer keeps what is read of it.
struct Version {
    name: u64,
    blobs: u64,
    /// The layer of an older version within it.
    inner: Option<(u64, &'static Version)>,
}

const FIRST: Version = Version { name: 1, blobs: 50, inner: None };
const SECOND: Version = Version { name: 4, blobs: 6, inner: Some((1, &FIRST)) };
const THIRD: Version = Version { name: 1, blobs: 7, inner: None };

/// The blobs of every layer, by its name; versions may be mixed.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<HashMap<String, Vec<Blob>>> {
    let mut layers = HashMap::new();
    for field in Fields::new(Bytes::new(bytes, 0)) {
        let version = match field? {
            (2, Value::Bytes(layer)) => (&SECOND, layer),
            (100, Value::Bytes(layer)) => (&THIRD, layer),
            _ => continue,
        };
        let mut layer = Layer::default();
        layer.read(version.0, version.1, limits)?;
        if !layer.blobs.is_empty() {
            layers.insert(layer.name, layer.blobs);
        }
        if layers.len() > limits.model_layers {
            let allowed = limits.model_layers;
            return Err(Error::limit(format!(
                "the weights are of more than {allowed} layers, no more are allowed"
            )));
        }
    }
    match layers.is_empty() {
        true => Err(Error::format("holds no weights of a Caffe network")),
        false => Ok(layers),
    }
}

#[derive(Default)]
struct Layer {
    name: String,
    blobs: Vec<Blob>,
}

impl Layer {
    fn read(&mut self, version: &Version, bytes: Bytes<'_>, limits: &Limits) -> Result<()> {
        for field in Fields::new(bytes) {
            match field? {
                (number, Value::Bytes(name)) if number == version.name => {
                    self.name = String::from_utf8_lossy(name.rest()).into_owned();
                }
                (number, Value::Bytes(blob)) if number == version.blobs => {
                    limits.check_entries(self.blobs.len() + 1)?;
                    let blob = Blob::decode(blob, limits);
                    self.blobs.push(
                        blob.map_err(|error| {
                            error.of(&format!("weights of '{}'", self.name.escape_debug()))
                        })?,
                    );
                }
                (number, Value::Bytes(inner)) => {
                    if let Some((_, older)) = version.inner.filter(|(place, _)| *place == number) {
                        self.read(older, inner, limits)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}
