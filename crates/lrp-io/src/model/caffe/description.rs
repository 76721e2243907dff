//! Descriptions of networks, in whichever of the three versions they are written, as one list of layers.

use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

use super::splits::with_splits;
use super::text::{Content, Field, Message};
use super::versions::{later_type, of_first, without_padding};

/// Letters of what a layer, or a value, may be called: every reader of a value adds the names of both.
const LETTERS: usize = 256;

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
    /// Where it stands; nowhere if the file does not write it out.
    line: Option<usize>,
    pub(super) bottoms: Vec<String>,
    pub(super) tops: Vec<String>,
    message: Message,
}

/// What several layers have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shared<'m> {
    pub(super) name: &'m str,
    /// Whether each may see the numbers in a shape of its own.
    pub(super) any_shape: bool,
}

static NOTHING: Message = Message { fields: Vec::new() };

impl Definition {
    /// What the layer says under a name; nothing if it says nothing.
    pub(super) fn parameters<'m>(&'m self, name: &'m str) -> &'m Message {
        self.message.messages(name).last().unwrap_or(&NOTHING)
    }

    /// The name under which other layers have the same blob of this number, if they do.
    pub(super) fn shared(&self, index: usize) -> Result<Option<Shared<'_>>> {
        let Some(field) = self.message.all("param").nth(index) else { return Ok(None) };
        let (name, mode) = match &field.value {
            Content::Message(param) => (param.text("name")?, param.text("share_mode")?),
            Content::Scalar(name) => {
                let modes = self.message.texts("blob_share_mode")?;
                (Some(name.as_str()), modes.get(index).copied())
            }
        };
        let any_shape = matches!(mode, Some("PERMISSIVE" | "1"));
        Ok(name.filter(|name| !name.is_empty()).map(|name| Shared { name, any_shape }))
    }

    /// Whether what is read and what is written share their memory, so that nothing of the former is left.
    pub(super) fn is_in_place(&self) -> bool {
        self.bottoms.first().is_some_and(|bottom| self.tops.first() == Some(bottom))
    }

    /// Names the layer, and its line where the fault has no place of its own.
    pub(super) fn blamed(&self, error: Error) -> Error {
        let error = error.of(if self.name.is_empty() { &self.kind } else { &self.name });
        match self.line {
            Some(line) => error.at_line(line),
            None => error,
        }
    }

    /// The same value for several readers.
    pub(super) fn split(name: String, blob: &str, readers: usize) -> Self {
        let tops = (0..readers).map(|reader| format!("{name}_{reader}")).collect();
        let bottoms = vec![blob.to_owned()];
        Self { name, kind: "split".to_owned(), line: None, bottoms, tops, message: Message::default() }
    }

    /// Puts a value into the fields under a name, in place of what is there.
    pub(super) fn set(&mut self, place: &str, name: &str, value: String) {
        let line = self.line.unwrap_or_default();
        let fields = self.message.fields.iter_mut().filter(|field| field.name == place);
        for field in fields {
            if let Content::Message(inner) = &mut field.value {
                inner.fields.retain(|field| field.name != name);
                let value = Content::Scalar(value.clone());
                inner.fields.push(Field { name: name.to_owned(), line, value });
            }
        }
    }

    fn of(field: &Field, layer: &Message) -> Result<Self> {
        // Only the first version has a layer within a layer.
        let inner = layer.messages("layer").last();
        let named = inner.unwrap_or(layer);
        let missing = || Error::format("a layer has no type").at_line(field.line);
        let written = named.text("type")?.ok_or_else(missing)?;
        let names = |key| -> Result<Vec<String>> {
            layer.texts(key)?.into_iter().map(|text| called(text, field.line)).collect()
        };
        let (bottoms, tops) = (names("bottom")?, names("top")?);
        let name = called(named.text("name")?.unwrap_or_default(), field.line)?;
        let (kind, message) = match inner {
            Some(inner) => of_first(written, inner, field.line),
            None => (later_type(written), layer.clone()),
        };
        Ok(Self { name, kind, line: Some(field.line), bottoms, tops, message })
    }
}

/// A name that is not too long.
fn called(name: &str, line: usize) -> Result<String> {
    if name.len() <= LETTERS {
        return Ok(name.to_owned());
    }
    let message = format!("has the name {}, at most {LETTERS} letters are allowed", quoted(name));
    Err(Error::limit(message).at_line(line))
}

impl Description {
    /// Brings the fields of a file into order. The shape of a sample counts before what the file says.
    pub(super) fn of(message: &Message, sample: Option<Vec<usize>>, limits: &Limits) -> Result<Self> {
        let mut layers = layers(message, limits)?;
        let (input, shape) = input(message, &layers)?;
        // Layers that declare the input are younger than the numbers of layers that people know.
        layers.retain(|layer| layer.kind != "input");
        let (batch, sample) = match (sample, &shape[..]) {
            (Some(sample), declared) => (declared.first().copied().unwrap_or(1), sample),
            (None, [batch, sample @ ..]) => (*batch, sample.to_vec()),
            (None, []) => {
                let message = format!("the input {} has no shape; give that of a sample", quoted(&input));
                return Err(Error::unsupported(message));
            }
        };
        limits.elements(&sample)?;
        let force_backward = message.flag_or("force_backward", false)?;
        let layers = with_splits(&input, without_padding(layers)?);
        Ok(Self { input, sample, batch, layers, force_backward })
    }
}

/// The layers that take part, in their order.
fn layers(message: &Message, limits: &Limits) -> Result<Vec<Definition>> {
    let state = State::of(message)?;
    if let (Some(_), Some(older)) = (message.all("layer").next(), message.all("layers").next()) {
        let message = "has both 'layer' and 'layers', which are of different versions, expected one of them";
        return Err(Error::format(message).at_line(older.line));
    }
    let mut layers = Vec::new();
    for field in message.all("layer").chain(message.all("layers")) {
        let Content::Message(layer) = &field.value else { continue };
        if state.runs(field, layer)? {
            layers.push(Definition::of(field, layer)?);
        }
        if layers.len() > limits.model_layers {
            let allowed = limits.model_layers;
            let message = format!("the network has more than {allowed} layers, no more are allowed");
            return Err(Error::limit(message).at_line(field.line));
        }
    }
    Ok(layers)
}

/// The one input, declared for the network or by a layer, and the shape it is given.
fn input(message: &Message, layers: &[Definition]) -> Result<(String, Vec<usize>)> {
    let mut inputs = Vec::new();
    let shapes = shapes(message, "input_shape")?;
    let sizes = message.counts("input_dim")?;
    for (index, field) in message.all("input").enumerate() {
        let old = sizes.get(4 * index..4 * (index + 1)).map(<[usize]>::to_vec);
        let shape = shapes.get(index).cloned().or(old).unwrap_or_default();
        inputs.push((called(field.text()?, field.line)?, shape));
    }
    for layer in layers.iter().filter(|layer| layer.kind == "input") {
        let shapes = self::shapes(layer.parameters("input_param"), "shape")?;
        for (index, top) in layer.tops.iter().enumerate() {
            let shape = shapes.get(index).or(shapes.last()).cloned().unwrap_or_default();
            inputs.push((top.clone(), shape));
        }
    }
    <[_; 1]>::try_from(inputs).map(|[input]| input).map_err(|inputs| {
        let count = inputs.len();
        Error::unsupported(format!(
            "the network has {count} declared inputs, expected one, as descriptions for deployment have"
        ))
    })
}

fn shapes(message: &Message, name: &str) -> Result<Vec<Vec<usize>>> {
    message.messages(name).map(|shape| shape.counts("dim")).collect()
}

/// What layers ask before they take part; the phase is that of a trained network.
struct State<'m> {
    stages: Vec<&'m str>,
    level: i64,
}

impl<'m> State<'m> {
    fn of(message: &'m Message) -> Result<Self> {
        let state = message.messages("state").last().unwrap_or(&NOTHING);
        Ok(Self { stages: state.texts("stage")?, level: state.integer("level")?.unwrap_or(0) })
    }

    fn runs(&self, field: &Field, layer: &Message) -> Result<bool> {
        let any = |name| layer.messages(name).map(|rule| self.meets(rule)).collect::<Result<Vec<bool>>>();
        let (include, exclude) = (any("include")?, any("exclude")?);
        match (&include[..], &exclude[..]) {
            ([], exclude) => Ok(!exclude.contains(&true)),
            (include, []) => Ok(include.contains(&true)),
            _ => Err(Error::format("a layer has both include and exclude, expected one of them")
                .at_line(field.line)),
        }
    }

    fn meets(&self, rule: &Message) -> Result<bool> {
        let phase = rule.text("phase")?.is_none_or(|phase| phase == "TEST" || phase == "1");
        let (least, most) = (rule.integer("min_level")?, rule.integer("max_level")?);
        let (with, without) = (rule.texts("stage")?, rule.texts("not_stage")?);
        Ok(phase
            && least.is_none_or(|least| self.level >= least)
            && most.is_none_or(|most| self.level <= most)
            && with.iter().all(|stage| self.stages.contains(stage))
            && !without.iter().any(|stage| self.stages.contains(stage)))
    }
}
