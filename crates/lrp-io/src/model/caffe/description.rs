//! Descriptions of networks, in whichever of the three versions they are written, as one list of layers.

use std::collections::HashMap;

use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

use super::text::{Content, Field, Message};

/// A network as its file describes it: layers in the order they run, splits among them.
#[derive(Debug)]
pub(super) struct Description {
    /// What the input is called.
    pub(super) input: String,
    /// The shape of one sample.
    pub(super) sample: Vec<usize>,
    /// How many samples the file wants at a time.
    pub(super) batch: usize,
    pub(super) layers: Vec<Definition>,
    /// Whether gradients are wanted even where nothing is learned.
    pub(super) force_backward: bool,
}

/// One layer as the file describes it.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    pub(super) name: String,
    /// Its type in lower case without `_`, so that all versions agree.
    pub(super) kind: String,
    pub(super) line: usize,
    pub(super) bottoms: Vec<String>,
    pub(super) tops: Vec<String>,
    message: Message,
}

/// What the first version calls its types, and where the later ones keep what it wrote into the layer itself.
const FIRST_VERSION: &[(&str, &str, &str)] = &[
    ("conv", "convolution", "convolution_param"),
    ("innerproduct", "innerproduct", "inner_product_param"),
    ("pool", "pooling", "pooling_param"),
    ("lrn", "lrn", "lrn_param"),
    ("concat", "concat", "concat_param"),
    ("dropout", "dropout", "dropout_param"),
    ("padding", "padding", "padding_param"),
];

/// Names of the first version's fields, where they are others.
const RENAMED: &[(&str, &str)] = &[("kernelsize", "kernel_size"), ("biasterm", "bias_term")];

/// Types of the second version whose later name is more than other letters.
const SECOND_VERSION: &[(&str, &str)] = &[("softmaxloss", "softmaxwithloss")];

static NOTHING: Message = Message { fields: Vec::new() };

impl Definition {
    /// What the layer says under a name; nothing if it says nothing.
    pub(super) fn parameters<'m>(&'m self, name: &'m str) -> &'m Message {
        self.message.messages(name).last().unwrap_or(&NOTHING)
    }

    /// Whether what is read and what is written share their memory, so that nothing of the former is left.
    pub(super) fn is_in_place(&self) -> bool {
        self.bottoms.first() == self.tops.first()
    }
}

impl Description {
    /// Brings the fields of a file into order.
    pub(super) fn of(message: &Message, limits: &Limits) -> Result<Self> {
        let stages: Vec<&str> = match message.messages("state").last() {
            Some(state) => state.texts("stage")?,
            None => Vec::new(),
        };
        let mut layers = Vec::new();
        for field in message.all("layer").chain(message.all("layers")) {
            let Content::Message(layer) = &field.value else {
                return Err(Error::format("a layer has no fields").at_line(field.line));
            };
            if runs(layer, &stages)? {
                layers.push(Definition::of(field, layer)?);
            }
        }
        if layers.len() > limits.model_layers {
            let (found, allowed) = (layers.len(), limits.model_layers);
            return Err(Error::limit(format!(
                "the network has {found} layers, at most {allowed} are allowed"
            )));
        }
        let (input, shape) = input(message, &layers)?;
        // Layers that declare the input are younger than the numbers of layers that people know.
        layers.retain(|layer: &Definition| layer.kind != "input");
        let [batch, sample @ ..] = shape.as_slice() else {
            return Err(Error::format(format!("the input {} has no shape", quoted(&input))));
        };
        limits.elements(sample)?;
        let (batch, sample) = (*batch, sample.to_vec());
        let force_backward = message.flag_or("force_backward", false)?;
        let layers = with_splits(&input, without_padding(layers)?);
        Ok(Self { input, sample, batch, layers, force_backward })
    }
}

/// The one input, declared for the network or by a layer.
fn input(message: &Message, layers: &[Definition]) -> Result<(String, Vec<usize>)> {
    let mut inputs = Vec::new();
    let shapes: Vec<Vec<usize>> =
        message.messages("input_shape").map(|shape| shape.counts("dim")).collect::<Result<_>>()?;
    let sizes = message.counts("input_dim")?;
    for (index, name) in message.texts("input")?.into_iter().enumerate() {
        let legacy = sizes.get(4 * index..4 * (index + 1)).map(<[usize]>::to_vec);
        inputs.push((name.to_owned(), shapes.get(index).cloned().or(legacy).unwrap_or_default()));
    }
    for layer in layers.iter().filter(|layer| layer.kind == "input") {
        let shapes: Vec<Vec<usize>> = layer
            .parameters("input_param")
            .messages("shape")
            .map(|shape| shape.counts("dim"))
            .collect::<Result<_>>()?;
        for (index, top) in layer.tops.iter().enumerate() {
            let shape = shapes.get(index).or(shapes.last()).cloned().unwrap_or_default();
            inputs.push((top.clone(), shape));
        }
    }
    match <[_; 1]>::try_from(inputs) {
        Ok([input]) => Ok(input),
        Err(inputs) => {
            let count = inputs.len();
            Err(Error::unsupported(format!(
                "the network has {count} declared inputs, expected one, as descriptions for deployment have"
            )))
        }
    }
}

/// Whether a layer takes part when a trained network runs.
fn runs(layer: &Message, stages: &[&str]) -> Result<bool> {
    let matches = |rule: &Message| {
        let phase = rule.text("phase")?.is_none_or(|phase| phase == "TEST" || phase == "1");
        let (with, without) = (rule.texts("stage")?, rule.texts("not_stage")?);
        Ok(phase
            && with.iter().all(|stage| stages.contains(stage))
            && !without.iter().any(|stage| stages.contains(stage)))
    };
    let any = |name| layer.messages(name).map(matches).collect::<Result<Vec<bool>>>();
    let (include, exclude) = (any("include")?, any("exclude")?);
    Ok(if include.is_empty() { !exclude.contains(&true) } else { include.contains(&true) })
}

impl Definition {
    fn of(field: &Field, layer: &Message) -> Result<Self> {
        // Only the first version has a layer within a layer.
        let inner = layer.messages("layer").last();
        let named = inner.unwrap_or(layer);
        let kind =
            named.text("type")?.ok_or_else(|| Error::format("a layer has no type").at_line(field.line))?;
        let kind = kind.to_lowercase().replace('_', "");
        let own = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
        let (bottoms, tops) = (own(layer.texts("bottom")?), own(layer.texts("top")?));
        let name = named.text("name")?.unwrap_or_default().to_owned();
        let (kind, message) = match inner {
            Some(inner) => upgraded(&kind, inner, field.line),
            None => (renamed(&kind), layer.clone()),
        };
        Ok(Self { name, kind, line: field.line, bottoms, tops, message })
    }
}

fn renamed(kind: &str) -> String {
    let found = SECOND_VERSION.iter().find(|(old, _)| *old == kind);
    found.map_or(kind, |(_, new)| new).to_owned()
}

/// The later type of a layer of the first version, and its fields where they are looked for.
fn upgraded(kind: &str, layer: &Message, line: usize) -> (String, Message) {
    let Some((_, later, place)) = FIRST_VERSION.iter().find(|(old, ..)| *old == kind) else {
        return (renamed(kind), Message::default());
    };
    let rename = |field: &Field| {
        let name =
            RENAMED.iter().find(|(old, _)| *old == field.name).map_or(field.name.as_str(), |(_, new)| new);
        Field { name: name.to_owned(), ..field.clone() }
    };
    let inner = Message { fields: layer.fields.iter().map(rename).collect() };
    let field = Field { name: (*place).to_owned(), line, value: Content::Message(inner) };
    ((*later).to_owned(), Message { fields: vec![field] })
}

/// In the first version padding was a layer before what it is for.
fn without_padding(layers: Vec<Definition>) -> Result<Vec<Definition>> {
    let mut pads: HashMap<String, (String, usize)> = HashMap::new();
    let mut kept = Vec::new();
    for mut layer in layers {
        if layer.kind == "padding" {
            let pad = layer.parameters("padding_param").count("pad")?.unwrap_or(0);
            if let (Some(bottom), Some(top)) = (layer.bottoms.first(), layer.tops.first()) {
                pads.insert(top.clone(), (bottom.clone(), pad));
            }
            continue;
        }
        let padded = layer.bottoms.first().and_then(|bottom| pads.get(bottom)).cloned();
        if let Some((bottom, pad)) = padded {
            let place = match layer.kind.as_str() {
                "convolution" => "convolution_param",
                "pooling" => "pooling_param",
                _ => {
                    let message = format!(
                        "{} reads padding, which only convolutions and pools can",
                        quoted(&layer.name)
                    );
                    return Err(Error::unsupported(message).at_line(layer.line));
                }
            };
            layer.bottoms = vec![bottom];
            let pad =
                Field { name: "pad".to_owned(), line: layer.line, value: Content::Scalar(pad.to_string()) };
            if let Some(Content::Message(inner)) = layer
                .message
                .fields
                .iter_mut()
                .find(|field| field.name == place)
                .map(|field| &mut field.value)
            {
                inner.fields.push(pad);
            }
        }
        kept.push(layer);
    }
    Ok(kept)
}

/// A value that several layers read goes through a split of its own, which counts as a layer.
fn with_splits(input: &str, layers: Vec<Definition>) -> Vec<Definition> {
    // Who wrote the value that each layer reads, as (layer, place among what it wrote); of the input nobody did.
    type Writer = (Option<usize>, usize);
    let mut latest: HashMap<&str, Writer> = HashMap::from([(input, (None, 0))]);
    let mut read: Vec<Vec<Option<Writer>>> = Vec::new();
    let mut readers: HashMap<Writer, usize> = HashMap::new();
    for (index, layer) in layers.iter().enumerate() {
        let writers: Vec<Option<Writer>> =
            layer.bottoms.iter().map(|bottom| latest.get(bottom.as_str()).copied()).collect();
        writers.iter().flatten().for_each(|writer| *readers.entry(*writer).or_default() += 1);
        read.push(writers);
        for (place, top) in layer.tops.iter().enumerate() {
            latest.insert(top, (Some(index), place));
        }
    }
    let split = |writer: &Writer, blob: &str| {
        let name = writer.0.and_then(|index| layers.get(index)).map_or("input", |layer| layer.name.as_str());
        format!("{blob}_{name}_{}_split", writer.1)
    };
    let mut taken: HashMap<Writer, usize> = HashMap::new();
    let rewired: Vec<Definition> = layers
        .iter()
        .zip(&read)
        .map(|(layer, writers)| {
            let mut layer = layer.clone();
            for (bottom, writer) in layer.bottoms.iter_mut().zip(writers) {
                let Some(writer) =
                    writer.filter(|writer| readers.get(writer).is_some_and(|&count| count > 1))
                else {
                    continue;
                };
                let place = taken.entry(writer).or_default();
                *bottom = format!("{}_{place}", split(&writer, bottom));
                *place += 1;
            }
            layer
        })
        .collect();
    let splits_behind = |writer: Option<usize>, tops: &[String]| {
        let split_of = |(place, blob): (usize, &String)| {
            let writer = (writer, place);
            let count = readers.get(&writer).copied().filter(|&count| count > 1)?;
            let name = split(&writer, blob);
            let tops = (0..count).map(|place| format!("{name}_{place}")).collect();
            Some(Definition {
                name,
                kind: "split".to_owned(),
                line: 0,
                bottoms: vec![blob.clone()],
                tops,
                message: Message::default(),
            })
        };
        tops.iter().enumerate().filter_map(split_of).collect::<Vec<_>>()
    };
    let mut all = splits_behind(None, &[input.to_owned()]);
    for (index, layer) in rewired.into_iter().enumerate() {
        let behind = splits_behind(Some(index), &layer.tops);
        all.push(layer);
        all.extend(behind);
    }
    all
}
