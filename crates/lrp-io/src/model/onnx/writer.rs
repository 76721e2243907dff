//! Networks as ONNX files: one operator a layer, or the few that are it together.
//!
//! ONNX has channels first and nothing else. A layer that has them last reads its input through a `Transpose`, and what
//! it writes stays turned until a layer asks for the axes as the network has them; between convolutions, rectifiers and
//! pools nothing is turned at all ([`Turned`]). Numbers are float where float holds every weight exactly, and double
//! elsewhere. What is not written is refused with its layer's name; a new operator is a new arm of [`layers`].

use lrp_core::{Channels, Network, Op, Value};
use ndarray::ArrayViewD;
use prost::Message;

use crate::error::{Error, Result};

use super::proto;

mod attributes;
mod layers;

use attributes::integers;

/// The version of the operators: the first in which all that are written are standard ones.
const OPERATORS: i64 = 20;

/// The version of the format that goes with it.
const FORMAT: i64 = 9;

const FLOAT: i32 = 1;
const INT64: i32 = 7;
const DOUBLE: i32 = 11;

/// A file: who wrote it, and a model.
#[derive(Clone, PartialEq, prost::Message)]
struct File {
    #[prost(int64, tag = "1")]
    version: i64,
    #[prost(string, tag = "2")]
    producer: String,
    #[prost(message, optional, tag = "7")]
    graph: Option<proto::Graph>,
    #[prost(message, repeated, tag = "8")]
    operators: Vec<proto::OperatorSet>,
}

/// Writes a network whose samples have this shape, which the file has to say.
pub(in crate::model) fn write(network: &Network<f64>, sample: Option<&[usize]>) -> Result<Vec<u8>> {
    let sample =
        sample.ok_or_else(|| Error::unsupported("the format needs to know the shape of a sample"))?;
    let shapes = network.shapes(&[&[1], sample].concat())?;
    let mut writer = Writer::of(network, shapes);
    for (index, node) in network.nodes().iter().enumerate() {
        let output = layers::write(&mut writer, index, node)
            .map_err(|reason| Error::unsupported(format!("{}: {reason}", node.name())))?;
        writer.values.push(output);
    }
    let last = writer.natural(network.output());
    Ok(writer.file(last).encode_to_vec())
}

/// Why a layer is not written.
type Refusal = &'static str;

/// A value as the graph has it: with the axes of the network, with the channels moved to the front, or both.
#[derive(Clone, Default)]
struct Turned {
    natural: Option<String>,
    first: Option<String>,
}

impl Turned {
    fn natural(name: String) -> Self {
        Self { natural: Some(name), first: None }
    }

    fn first(name: String) -> Self {
        Self { natural: None, first: Some(name) }
    }

    fn in_layout(name: String, channels: Channels) -> Self {
        match channels {
            Channels::First => Self::natural(name),
            Channels::Last => Self::first(name),
        }
    }
}

/// A graph that grows.
struct Writer {
    graph: proto::Graph,
    values: Vec<Turned>,
    /// Of every value, for one sample.
    shapes: Vec<Vec<usize>>,
    /// What numbers are.
    real: i32,
    /// What the input is.
    input: i32,
}

impl Writer {
    fn of(network: &Network<f64>, shapes: Vec<Vec<usize>>) -> Self {
        let single = network.nodes().iter().all(|node| layers::is_single(node.op()));
        let real = if single { FLOAT } else { DOUBLE };
        let readers = || network.nodes().iter().filter(|node| node.inputs().contains(&Value::INPUT));
        let looked_up = readers().all(|node| matches!(node.op(), Op::Embedding(_)));
        let graph = proto::Graph { name: "network".to_owned(), ..proto::Graph::default() };
        let input = if looked_up { INT64 } else { real };
        Self { graph, values: vec![Turned::natural("input".to_owned())], shapes, real, input }
    }

    fn rank(&self, value: Value) -> usize {
        self.shape(value).len()
    }

    fn shape(&self, value: Value) -> &[usize] {
        self.shapes.get(value.index()).map_or(&[], Vec::as_slice)
    }

    /// A name that no node of a network gives to anything else.
    fn fresh(&self, stem: &str) -> String {
        format!("{stem}:{}", self.graph.node.len() + self.graph.initializer.len())
    }

    /// Appends an operator and returns what it writes.
    fn node(&mut self, operator: &str, inputs: &[&str], attribute: Vec<proto::Attribute>) -> String {
        let output = self.fresh(operator);
        self.graph.node.push(proto::Node {
            input: inputs.iter().map(|&name| name.to_owned()).collect(),
            output: vec![output.clone()],
            name: output.clone(),
            op_type: operator.to_owned(),
            attribute,
            ..proto::Node::default()
        });
        output
    }

    /// Names the last node as its layer is named.
    fn named(&mut self, name: &str) {
        if let Some(node) = self.graph.node.last_mut() {
            name.clone_into(&mut node.name);
        }
    }

    /// A constant of real numbers.
    fn constant(&mut self, values: &ArrayViewD<'_, f64>) -> String {
        let single = self.real == FLOAT;
        #[expect(clippy::cast_possible_truncation, reason = "exact, or the numbers would be double")]
        let bytes = values.iter().flat_map(|&value| match single {
            true => (value as f32).to_le_bytes().to_vec(),
            false => value.to_le_bytes().to_vec(),
        });
        let raw = bytes.collect();
        self.tensor(self.real, values.shape(), raw)
    }

    /// A list of sizes.
    fn sizes(&mut self, sizes: &[usize]) -> String {
        let raw = sizes.iter().flat_map(|&size| whole(size).to_le_bytes()).collect();
        self.tensor(INT64, &[sizes.len()], raw)
    }

    fn tensor(&mut self, data_type: i32, shape: &[usize], raw: Vec<u8>) -> String {
        let name = self.fresh("constant");
        self.graph.initializer.push(proto::Tensor {
            dims: shape.iter().map(|&size| whole(size)).collect(),
            data_type,
            name: name.clone(),
            raw_data: Some(raw.into()),
            ..proto::Tensor::default()
        });
        name
    }

    /// A value with the axes that the network gives it.
    fn natural(&mut self, value: Value) -> String {
        self.form(value, |turned| &mut turned.natural, |rank| (0..1).chain(2..rank).chain([1]).collect())
    }

    /// A value whose last axis has become axis 1.
    fn first(&mut self, value: Value) -> String {
        self.form(
            value,
            |turned| &mut turned.first,
            |rank| [0, rank - 1].into_iter().chain(1..rank - 1).collect(),
        )
    }

    fn in_layout(&mut self, value: Value, channels: Channels) -> String {
        match channels {
            Channels::First => self.natural(value),
            Channels::Last => self.first(value),
        }
    }

    /// One form of a value, made of the other where it is not there yet.
    fn form(
        &mut self,
        value: Value,
        place: fn(&mut Turned) -> &mut Option<String>,
        order: fn(usize) -> Vec<usize>,
    ) -> String {
        let mut turned = self.values.get(value.index()).cloned().unwrap_or_default();
        if let Some(name) = place(&mut turned) {
            return name.clone();
        }
        let other = turned.natural.or(turned.first).unwrap_or_default();
        let order = order(self.rank(value));
        let name = self.node("Transpose", &[&other], vec![integers("perm", &order)]);
        if let Some(turned) = self.values.get_mut(value.index()) {
            *place(turned) = Some(name.clone());
        }
        name
    }

    fn file(mut self, output: String) -> File {
        let [input, last] =
            [self.shapes.first(), self.shapes.last()].map(|shape| shape.cloned().unwrap_or_default());
        self.graph.input = vec![described("input".to_owned(), self.input, &input)];
        self.graph.output = vec![described(output, self.real, &last)];
        let operators = vec![proto::OperatorSet { domain: String::new(), version: OPERATORS }];
        File { version: FORMAT, producer: "lrp".to_owned(), graph: Some(self.graph), operators }
    }
}

/// An input or output of any number of samples.
fn described(name: String, elem_type: i32, shape: &[usize]) -> proto::ValueInfo {
    let sizes = shape.iter().enumerate();
    let dim =
        sizes.map(|(axis, &size)| proto::Dimension { dim_value: (axis > 0).then(|| whole(size)) }).collect();
    let tensor_type = Some(proto::TensorType { elem_type, shape: Some(proto::Shape { dim }) });
    proto::ValueInfo { name, r#type: Some(proto::Type { tensor_type }) }
}

/// A size as the format has it.
fn whole(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
