//! What the earlier versions of descriptions write otherwise.

use std::collections::HashMap;

use crate::error::{Error, Result, quoted};

use super::description::Definition;
use super::text::{Content, Field, Message};

/// What the first version calls its types, and where the later ones keep what it wrote into the layer itself.
const FIRST: &[(&str, &str, &str)] = &[
    ("conv", "convolution", "convolution_param"),
    ("innerproduct", "innerproduct", "inner_product_param"),
    ("pool", "pooling", "pooling_param"),
    ("lrn", "lrn", "lrn_param"),
    ("concat", "concat", "concat_param"),
    ("dropout", "dropout", "dropout_param"),
    ("padding", "padding", "padding_param"),
];

/// Names of the first version's fields, where they are others.
const FIELDS: &[(&str, &str)] = &[("kernelsize", "kernel_size"), ("biasterm", "bias_term")];

/// Other types whose later name is more than other letters.
const TYPES: &[(&str, &str)] = &[("softmaxloss", "softmaxwithloss"), ("images", "imagedata")];

/// The types of the second version by their numbers, which a text may have instead of names.
const NUMBERED: [&str; 40] = [
    "none",
    "accuracy",
    "bnll",
    "concat",
    "convolution",
    "data",
    "dropout",
    "euclideanloss",
    "flatten",
    "hdf5data",
    "hdf5output",
    "im2col",
    "imagedata",
    "infogainloss",
    "innerproduct",
    "lrn",
    "multinomiallogisticloss",
    "pooling",
    "relu",
    "sigmoid",
    "softmax",
    "softmaxwithloss",
    "split",
    "tanh",
    "windowdata",
    "eltwise",
    "power",
    "sigmoidcrossentropyloss",
    "hingeloss",
    "memorydata",
    "argmax",
    "threshold",
    "dummydata",
    "slice",
    "mvn",
    "absval",
    "silence",
    "contrastiveloss",
    "exp",
    "deconvolution",
];

/// The type that the later versions mean, in lower case without `_`.
pub(super) fn later_type(written: &str) -> String {
    let numbered = written.parse().ok().and_then(|number: usize| NUMBERED.get(number));
    let kind = numbered.map_or_else(|| written.to_lowercase().replace('_', ""), |&kind| kind.to_owned());
    match TYPES.iter().find(|(old, _)| *old == kind) {
        Some((_, later)) => (*later).to_owned(),
        None => kind,
    }
}

/// The later type of a layer of the first version, and its fields where they are looked for.
pub(super) fn of_first(written: &str, layer: &Message, line: usize) -> (String, Message) {
    let Some((_, later, place)) = FIRST.iter().find(|(old, ..)| *old == written) else {
        return (later_type(written), Message::default());
    };
    let rename = |field: &Field| {
        let name = FIELDS.iter().find(|(old, _)| *old == field.name).map(|(_, later)| (*later).to_owned());
        Field { name: name.unwrap_or_else(|| field.name.clone()), ..field.clone() }
    };
    let inner = Message { fields: layer.fields.iter().map(rename).collect() };
    let field = Field { name: (*place).to_owned(), line, value: Content::Message(inner) };
    ((*later).to_owned(), Message { fields: vec![field] })
}

/// A value that is another one with zeros around it.
#[derive(Clone)]
struct Padded {
    value: String,
    pad: usize,
}

/// In the first version padding was a layer before what it is for.
pub(super) fn without_padding(layers: Vec<Definition>) -> Result<Vec<Definition>> {
    let mut padded: HashMap<String, Padded> = HashMap::new();
    let mut kept = Vec::new();
    for mut layer in layers {
        if let Some(read) = layer.bottoms.first().and_then(|bottom| padded.get(bottom)).cloned() {
            pad(&mut layer, read)?;
        }
        for top in &layer.tops {
            padded.remove(top);
        }
        match (layer.kind.as_str(), &layer.bottoms[..], &layer.tops[..]) {
            ("padding", [bottom], [top]) => {
                let pad = layer.parameters("padding_param").count("pad")?.unwrap_or(0);
                padded.insert(top.clone(), Padded { value: bottom.clone(), pad });
            }
            ("padding", ..) => {
                let error = Error::format("pads, expected one value read and one written");
                return Err(layer.blamed(error));
            }
            _ => kept.push(layer),
        }
    }
    Ok(kept)
}

/// Lets a layer pad what it reads.
fn pad(layer: &mut Definition, read: Padded) -> Result<()> {
    let place = match layer.kind.as_str() {
        "convolution" => "convolution_param",
        "pooling" => "pooling_param",
        _ => {
            let padding = quoted(layer.bottoms.first().map_or("", String::as_str));
            let message = format!("reads the padding {padding}, which only convolutions and pools can");
            return Err(layer.blamed(Error::unsupported(message)));
        }
    };
    if let Some(bottom) = layer.bottoms.first_mut() {
        *bottom = read.value;
    }
    layer.set(place, "pad", read.pad.to_string());
    Ok(())
}
