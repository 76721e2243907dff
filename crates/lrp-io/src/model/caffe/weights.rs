//! Weights: a network once more, in binary or as HDF5, of which only the names of layers and their blobs matter.

use std::collections::HashMap;

use crate::bytes::Bytes;
use crate::caffe::blob::Blob;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;
use crate::mat::is_hdf5;
use crate::protobuf::{Fields, Value};

#[cfg(feature = "hdf5")]
mod hdf5;

/// The blobs of every layer, by its name. A place is empty where a layer shares the blob of another, and the file has
/// it only there.
pub(super) type Layers = HashMap<String, Vec<Option<Blob>>>;

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

/// The field of a network that layers of the second version, and the first within them, are in.
const OLD_LAYERS: u64 = 2;
const LAYERS: u64 = 100;

/// The blobs of every layer, by its name; versions may be mixed. Of several layers of one name the last one counts.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Layers> {
    let layers = if is_hdf5(bytes) { read_hdf5(bytes, limits)? } else { read_binary(bytes, limits)? };
    if layers.is_empty() {
        return Err(Error::format("holds no weights of a Caffe network"));
    }
    Ok(layers)
}

#[cfg(feature = "hdf5")]
use hdf5::read as read_hdf5;

#[cfg(not(feature = "hdf5"))]
fn read_hdf5(_: &[u8], _: &Limits) -> Result<Layers> {
    Err(Error::unsupported("is HDF5, which only a build with the feature hdf5 reads"))
}

fn read_binary(bytes: &[u8], limits: &Limits) -> Result<Layers> {
    let mut layers = HashMap::new();
    for field in Fields::new(Bytes::new(bytes, 0)) {
        let (version, bytes) = match field? {
            (OLD_LAYERS, Value::Bytes(layer)) => (&SECOND, layer),
            (LAYERS, Value::Bytes(layer)) => (&THIRD, layer),
            _ => continue,
        };
        let mut layer = Layer::default();
        layer.read(version, bytes, limits)?;
        if !layer.blobs.is_empty() {
            layers.insert(layer.name, layer.blobs.into_iter().map(Some).collect());
        }
        check_layers(layers.len(), limits)?;
    }
    Ok(layers)
}

fn check_layers(found: usize, limits: &Limits) -> Result<()> {
    if found <= limits.model_layers {
        return Ok(());
    }
    let allowed = limits.model_layers;
    Err(Error::limit(format!("the weights are of more than {allowed} layers, no more are allowed")))
}

/// Whether bytes are a network in binary: perhaps its name and its inputs, then layers that begin with texts. Or HDF5.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    /// What is in front of the layers is a name and a few inputs.
    const LOOKED_AT: usize = 64;
    let fields = Fields::new(Bytes::new(bytes, 0)).take(LOOKED_AT).map_while(Result::ok);
    let layer = fields.into_iter().find_map(|(number, value)| match (number, value) {
        (LAYERS | OLD_LAYERS, Value::Bytes(layer)) => Some(layer),
        _ => None,
    });
    let text = |text: &Bytes<'_>| std::str::from_utf8(text.rest()).is_ok_and(|text| !text.is_empty());
    // In the first version the texts are within the layer within.
    let inside = layer.and_then(first_within);
    is_hdf5(bytes)
        || inside.is_some_and(|inside| text(&inside) || first_within(inside).is_some_and(|name| text(&name)))
}

/// The first field of a layer, which is its name, or what it reads or writes.
fn first_within(layer: Bytes<'_>) -> Option<Bytes<'_>> {
    match Fields::new(layer).next()?.ok()? {
        (1..=4, Value::Bytes(inside)) => Some(inside),
        _ => None,
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
                    self.blobs.push(blob.map_err(|error| error.of(&quoted(&self.name)))?);
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
