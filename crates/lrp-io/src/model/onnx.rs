//! ONNX: graphs of operators, as most systems of today export their models.
//!
//! The bytes are decoded into the few messages that matter ([`proto`]), after a look at how much memory that takes
//! ([`wire`]). What the output needs is brought into an order ([`graph`]), and every node is translated by the row
//! of its operator in [`ops`]: to layers where it works on what flows through the network, to numbers where
//! everything is known ([`assembly`], [`constant`]). Shapes are computed within such graphs, and what of them
//! depends on the size of the batch stays known as such.

use std::collections::HashMap;

use lrp_core::{Identity, Network, Value};
use ndarray::ArrayD;
use prost::Message;

use crate::error::{Error, Result, quoted, quoted_list};
use crate::limits::Limits;

use super::source::Source;

mod assembly;
mod attributes;
mod constant;
mod context;
mod external;
mod graph;
mod operand;
mod ops;
mod proto;
mod tensor;
mod wire;
mod writer;

use assembly::Assembly;
use attributes::Attributes;
use constant::Constant;
use context::Context;
use external::Folder;
use operand::{Flow, Operand};
pub(super) use writer::write;

/// The versions of the standard set of operators that are read.
const VERSIONS: std::ops::RangeInclusive<i64> = 6..=22;

/// A decoded ONNX model, before it is a network.
///
/// [`read_model`](crate::read_model) reads most models without a word about this. Use it to ask what a model would
/// need, to fix the size of an input that the file leaves open, or to give all inputs but one as constants.
pub struct Onnx<'a> {
    graph: proto::Graph,
    version: i64,
    folder: Folder<'a>,
    limits: &'a Limits,
    given: HashMap<String, ArrayD<f64>>,
    sample: Option<Vec<usize>>,
}

/// An operator that is not read, and the node it was found at.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingOperator {
    /// The operator, with its domain if that is not the standard one.
    pub operator: String,
    /// The node's name, or that of its output if it has none.
    pub node: String,
    /// Why it is not read.
    pub reason: &'static str,
}

/// Whether bytes begin as exporters begin a model.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    wire::sniff(bytes)
}

/// Reads a model.
pub(super) fn read(source: &Source<'_>, limits: &Limits) -> Result<Network<f64>> {
    Onnx::parse(source, limits)?.network()
}

/// The shape of one sample, where the model says all of it.
pub(super) fn sample(source: &Source<'_>, limits: &Limits) -> Option<Vec<usize>> {
    Onnx::parse(source, limits).ok()?.declared_sample()
}

impl<'a> Onnx<'a> {
    /// Decodes a model and checks what can be checked before its graph is followed.
    ///
    /// # Errors
    /// If the bytes are no ONNX model, one beyond the limits, or one in a version that is not read.
    pub fn parse(source: &Source<'a>, limits: &'a Limits) -> Result<Self> {
        limits.check_file(source.bytes().len() as u64)?;
        wire::check(source.bytes(), limits)?;
        let model = proto::Model::decode(source.shared())
            .map_err(|error| Error::format(format!("is no ONNX model: {error}")))?;
        let version = version(&model)?;
        let graph = model.graph.ok_or_else(|| Error::format("is no ONNX model: it has no graph"))?;
        if !graph.sparse_initializer.is_empty() {
            return Err(Error::unsupported("has sparse initializers, which are not read"));
        }
        if !model.functions.is_empty() {
            return Err(Error::unsupported("brings functions of its own, which are not read"));
        }
        let folder = Folder::new(source.folder(), limits);
        Ok(Self { graph, version, folder, limits, given: HashMap::new(), sample: source.sample() })
    }

    /// The inputs that are not given yet, in the order of the file.
    #[must_use]
    pub fn inputs(&self) -> Vec<&str> {
        let constant = |name: &str| {
            self.given.contains_key(name) || self.graph.initializer.iter().any(|tensor| tensor.name == name)
        };
        let names = self.graph.input.iter().map(|input| input.name.as_str());
        names.filter(|name| !constant(name)).collect()
    }

    /// The shape of one sample of the one input that is not given, without the batch; `None` where the file leaves a
    /// size open.
    #[must_use]
    pub fn declared_sample(&self) -> Option<Vec<usize>> {
        let names = self.inputs();
        let [name] = names[..] else { return None };
        let input = self.graph.input.iter().find(|input| input.name == name)?;
        sizes(input)?.get(1..)?.iter().map(size).collect()
    }

    /// The same model with an input that is always this array.
    #[must_use]
    pub fn with_input(mut self, name: &str, array: ArrayD<f64>) -> Self {
        self.given.insert(name.to_owned(), array);
        self
    }

    /// Every operator the output needs that is not read; a model without any may still use one in a way that is not.
    ///
    /// # Errors
    /// If the nodes do not form a graph.
    pub fn missing_operators(&self) -> Result<Vec<MissingOperator>> {
        Ok(graph::order(&self.graph)?.nodes.into_iter().filter_map(missing).collect())
    }

    /// The model as a network.
    ///
    /// # Errors
    /// One line naming the node; all operators that are not read in one line.
    pub fn network(&self) -> Result<Network<f64>> {
        let order = graph::order(&self.graph)?;
        let missing: Vec<_> = order.nodes.iter().copied().filter_map(missing).collect();
        if !missing.is_empty() {
            return Err(not_supported(&missing));
        }
        let mut values = self.values(&order)?;
        let declared_batch = self.declared_batch(&values);
        let mut readers = readers(&order);
        let mut assembly = Assembly::new(self.limits);
        for node in &order.nodes {
            let inputs = node.input.iter().map(|name| read_value(name, &mut values, &mut readers));
            let inputs = inputs.collect::<Result<Vec<_>>>().map_err(|error| error.of(&graph::label(node)))?;
            let context = Context {
                operator: &node.op_type,
                name: graph::name(node),
                version: self.version,
                attributes: Attributes::of(node),
                inputs,
                wanted: node.output.iter().map(|name| readers.contains_key(name.as_str())).collect(),
                declared_batch,
                assembly: &mut assembly,
                folder: &self.folder,
            };
            let outputs = ops::translate(context).map_err(|error| error.of(&graph::label(node)))?;
            values.extend(node.output.iter().map(String::as_str).zip(outputs));
        }
        finish(assembly, values.remove(order.output), order.output)
    }

    /// What is there before any node has run: initializers, constants given for inputs, and the one input.
    fn values<'s>(&'s self, order: &graph::Order<'s>) -> Result<HashMap<&'s str, Operand>> {
        let mut readers = readers(order);
        readers.entry(order.output).or_insert(1);
        let mut values = HashMap::new();
        for tensor in
            self.graph.initializer.iter().filter(|tensor| readers.contains_key(tensor.name.as_str()))
        {
            let constant = tensor::read(tensor, &self.folder, self.limits)?;
            values.insert(tensor.name.as_str(), Operand::Constant(constant));
        }
        for (name, array) in self.given.iter().filter(|(name, _)| readers.contains_key(name.as_str())) {
            values.insert(name, Operand::Constant(Constant::new(array.clone(), false)));
        }
        let open = |input: &&proto::ValueInfo| {
            readers.contains_key(input.name.as_str()) && !values.contains_key(input.name.as_str())
        };
        let inputs: Vec<_> = self.graph.input.iter().filter(open).collect();
        match inputs.as_slice() {
            [input] => values.insert(&input.name, Operand::Flow(self.input(input)?)),
            [] => return Err(Error::format("the output does not depend on any input")),
            several => {
                let names = quoted_list(several.iter().map(|input| input.name.as_str()));
                return Err(Error::unsupported(format!(
                    "has the inputs {names}, expected one that is not a constant"
                )));
            }
        };
        Ok(values)
    }

    /// The input of the network: its first axis is the batch, whatever size the file declares for it.
    fn input(&self, input: &proto::ValueInfo) -> Result<Flow> {
        let sizes = sizes(input);
        let name = format!("input {}", quoted(&input.name));
        let sample = match (&self.sample, sizes) {
            (Some(sample), _) => sample.clone(),
            (None, None) => return Err(Error::unsupported("has no shape; give that of a sample").of(&name)),
            (None, Some([])) => {
                return Err(Error::unsupported("has no axis that could be the batch").of(&name));
            }
            (None, Some([_, sample @ ..])) => {
                let known = |(axis, dimension): (usize, &proto::Dimension)| {
                    let open = || {
                        Error::unsupported(format!(
                            "axis {} has no size; give the shape of a sample",
                            axis + 1
                        ))
                    };
                    size(dimension).ok_or_else(open)
                };
                sample
                    .iter()
                    .enumerate()
                    .map(known)
                    .collect::<Result<_>>()
                    .map_err(|error| error.of(&name))?
            }
        };
        self.limits.elements(&sample).map_err(|error| error.of(&name))?;
        Ok(Flow { value: Value::INPUT, sample, batch: 0 })
    }

    /// What the file says about the size of the batch, if it says a number.
    fn declared_batch(&self, values: &HashMap<&str, Operand>) -> Option<usize> {
        let flows =
            |input: &&proto::ValueInfo| matches!(values.get(input.name.as_str()), Some(Operand::Flow(_)));
        size(sizes(self.graph.input.iter().find(flows)?)?.first()?)
    }
}

fn sizes(input: &proto::ValueInfo) -> Option<&[proto::Dimension]> {
    Some(&input.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?.dim)
}

/// A size that is given as a number.
fn size(dimension: &proto::Dimension) -> Option<usize> {
    usize::try_from(dimension.dim_value?).ok().filter(|&size| size > 0)
}

fn version(model: &proto::Model) -> Result<i64> {
    let mut sets = model.opset_import.iter().filter(|set| ops::is_standard(&set.domain));
    let version = sets.next().map(|set| set.version);
    let (first, last) = (VERSIONS.start(), VERSIONS.end());
    match version {
        Some(version) if VERSIONS.contains(&version) => Ok(version),
        Some(version) => Err(Error::unsupported(format!(
            "is in version {version} of the operators, read are {first} to {last}"
        ))),
        None => {
            Err(Error::format("is no ONNX model: it does not say which version of the operators it is in"))
        }
    }
}

fn missing(node: &proto::Node) -> Option<MissingOperator> {
    let reason = ops::reason_against(&node.domain, &node.op_type)?;
    let operator = match ops::is_standard(&node.domain) {
        true => node.op_type.clone(),
        false => format!("{}.{}", node.domain, node.op_type),
    };
    Some(MissingOperator { operator, node: graph::name(node).to_owned(), reason })
}

fn not_supported(missing: &[MissingOperator]) -> Error {
    const SHOWN: usize = 20;
    let found = |found: &MissingOperator| {
        format!("{} at {} ({})", found.operator.escape_debug(), quoted(&found.node), found.reason)
    };
    let mut shown: Vec<_> = missing.iter().take(SHOWN).map(found).collect();
    if missing.len() > SHOWN {
        shown.push("…".to_owned());
    }
    let count = missing.len();
    let nodes = if count == 1 { "node is" } else { "nodes are" };
    Error::unsupported(format!("{count} {nodes} not supported: {}", shown.join(", ")))
}

/// How many nodes read each value.
fn readers<'g>(order: &graph::Order<'g>) -> HashMap<&'g str, usize> {
    let mut readers = HashMap::from([(order.output, 1)]);
    for name in order.nodes.iter().flat_map(|node| &node.input).filter(|name| !name.is_empty()) {
        *readers.entry(name).or_default() += 1;
    }
    readers
}

/// A value that a node reads, given away to whoever reads it last. An input without a name is left out.
fn read_value<'v>(
    name: &'v str,
    values: &mut HashMap<&'v str, Operand>,
    readers: &mut HashMap<&'v str, usize>,
) -> Result<Option<Operand>> {
    if name.is_empty() {
        return Ok(None);
    }
    let left = readers.get_mut(name).map_or(0, |left| {
        *left = left.saturating_sub(1);
        *left
    });
    let value = if left == 0 { values.remove(name) } else { values.get(name).cloned() };
    let not_computed = || Error::unsupported(format!("reads {}, which is not computed", quoted(name)));
    value.map(Some).ok_or_else(not_computed)
}

/// The network, whose output its last node must write.
fn finish(mut assembly: Assembly<'_>, output: Option<Operand>, name: &str) -> Result<Network<f64>> {
    let Some(Operand::Flow(flow)) = output else {
        return Err(Error::format(format!("the output {} does not depend on the input", quoted(name))));
    };
    flow.batch_first().map_err(|error| error.of(&format!("the output {}", quoted(name))))?;
    if flow.value != assembly.last() || flow.value == Value::INPUT {
        assembly.add(name, Identity.into(), &[flow])?;
    }
    assembly.build()
}
