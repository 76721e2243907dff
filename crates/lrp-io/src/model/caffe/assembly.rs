//! Layers one after the other, each with what it reads and what it learned.

use std::collections::{BTreeSet, HashMap};

use lrp_core::{Identity, Network, Value};

use crate::error::{Error, Result, quoted, quoted_list};
use crate::limits::Limits;
use crate::model::growing::{Growing, PROBE};

use super::CaffeLayer;
use super::context::{Context, Flow, Weights};
use super::description::{Definition, Description};
use super::layers::{self, Type};

/// A network, what Caffe calls its layers, and what was passed over or made up.
pub(super) fn assemble<'a>(
    description: &Description,
    weights: Weights<'a>,
    limits: &'a Limits,
) -> Result<(Network<f64>, Vec<CaffeLayer>, Vec<String>)> {
    let find =
        |definition: &Definition| layers::find(&definition.kind).map_err(|error| definition.blamed(error));
    let types = description.layers.iter().map(find).collect::<Result<Vec<_>>>()?;
    let (outputs, last) = outputs(description, &types);
    let output = *outputs.first().ok_or_else(|| Error::format("has no layer that writes a value"))?;
    let input = Flow { value: Value::INPUT, sample: description.sample.clone() };
    let values = HashMap::from([(description.input.as_str(), input)]);
    let mut assembly = Assembly { growing: Growing::new(limits), values, weights, warnings: Vec::new() };
    let mut described = Vec::new();
    for (index, (definition, kind)) in description.layers.iter().zip(types).enumerate() {
        let runs = index <= last && kind.writes();
        let layer = if runs { assembly.add(definition, kind) } else { Ok(assembly.skip(definition, kind)) };
        described.push(layer.map_err(|error| definition.blamed(error))?);
    }
    if outputs.len() > 1 {
        let names = quoted_list(outputs.iter().copied());
        assembly.warnings.push(format!("no layer reads {names}; the network returns {}", quoted(output)));
    }
    assembly.end_with(output)?;
    Ok((assembly.growing.build()?, described, assembly.warnings))
}

/// What has grown so far.
struct Assembly<'a, 'n> {
    growing: Growing<'a>,
    /// The latest value under each name.
    values: HashMap<&'n str, Flow>,
    weights: Weights<'a>,
    warnings: Vec<String>,
}

impl<'a, 'n> Assembly<'a, 'n> {
    fn add(&mut self, definition: &'n Definition, kind: &'static Type) -> Result<CaffeLayer> {
        let start = self.growing.nodes();
        let read = |name: &String| {
            let flow = self.values.get(name.as_str()).cloned();
            flow.ok_or_else(|| {
                Error::format(format!("reads {}, which no layer before it writes", quoted(name)))
            })
        };
        let inputs = definition.bottoms.iter().map(read).collect::<Result<Vec<_>>>()?;
        let reads = definition.bottoms.iter().cloned().zip(inputs.iter().map(|flow| flow.value)).collect();
        let (growing, weights, warnings) = (&mut self.growing, &mut self.weights, &mut self.warnings);
        let mut context = Context { definition, inputs, growing, weights, warnings };
        let flows = kind.build(&mut context)?;
        context.finish()?;
        if flows.len() != definition.tops.len() {
            let (found, expected) = (definition.tops.len(), flows.len());
            return Err(Error::format(format!("writes {found} values, expected {expected}")));
        }
        let writes = definition.tops.iter().cloned().zip(flows.iter().map(|flow| flow.value)).collect();
        self.values.extend(definition.tops.iter().map(String::as_str).zip(flows));
        Ok(CaffeLayer { reads, writes, nodes: start..self.growing.nodes(), ..described(definition, kind) })
    }

    /// A layer that takes no part.
    fn skip(&self, definition: &Definition, kind: &'static Type) -> CaffeLayer {
        let here = self.growing.nodes();
        CaffeLayer { nodes: here..here, ..described(definition, kind) }
    }

    /// A network returns what its last node writes.
    fn end_with(&mut self, output: &str) -> Result<()> {
        let Some(flow) = self.values.get(output) else { return Ok(()) };
        if flow.value != self.growing.last() || self.growing.nodes() == 0 {
            let shape = [&[PROBE], &flow.sample[..]].concat();
            self.growing.add("output", Identity.into(), &[(flow.value, shape)])?;
        }
        Ok(())
    }
}

fn described(definition: &Definition, kind: &'static Type) -> CaffeLayer {
    CaffeLayer {
        name: definition.name.clone(),
        kind: kind.name,
        nodes: 0..0,
        reads: Vec::new(),
        writes: Vec::new(),
        in_place: definition.is_in_place(),
    }
}

/// The values that nobody reads, by the alphabet: the network returns the first of them. And the layer that writes
/// that one last.
fn outputs<'n>(description: &'n Description, types: &[&Type]) -> (Vec<&'n str>, usize) {
    let layers = || description.layers.iter().zip(types).enumerate();
    let mut open: BTreeSet<&str> = BTreeSet::new();
    for (_, (definition, kind)) in layers() {
        if kind.uses_up() {
            definition.bottoms.iter().for_each(|bottom| {
                open.remove(bottom.as_str());
            });
        }
        if kind.writes() {
            open.extend(definition.tops.iter().map(String::as_str));
        }
    }
    // What a split writes is one value: read if any of it is.
    for (_, (definition, _)) in layers().rev().filter(|(_, (_, kind))| kind.splits()) {
        let unread = definition.tops.iter().filter(|top| open.remove(top.as_str())).count();
        if unread == definition.tops.len() {
            open.extend(definition.bottoms.iter().map(String::as_str));
        }
    }
    let open: Vec<&str> = open.into_iter().collect();
    let writes = |output: &str| {
        let writer = layers()
            .rev()
            .find(|(_, (definition, kind))| kind.writes() && definition.tops.iter().any(|top| top == output));
        writer.map(|(index, _)| index)
    };
    let last = open.first().and_then(|output| writes(output)).unwrap_or_default();
    (open, last)
}
