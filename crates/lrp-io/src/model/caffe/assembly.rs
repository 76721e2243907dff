//! Layers one after the other, each with what it reads and what it learned.

use std::collections::{HashMap, HashSet};

use lrp_core::{Identity, Network, Value};

use crate::error::{Error, Result, quoted};
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
        |definition: &Definition| layers::find(&definition.kind).map_err(|error| blamed(definition, error));
    let types = description.layers.iter().map(find).collect::<Result<Vec<_>>>()?;
    let (last, output) = output(description, &types)?;
    let input = Flow { value: Value::INPUT, sample: description.sample.clone() };
    let values = HashMap::from([(description.input.as_str(), input)]);
    let mut assembly = Assembly { growing: Growing::new(limits), values, weights, warnings: Vec::new() };
    let mut described = Vec::new();
    for (index, (definition, kind)) in description.layers.iter().zip(types).enumerate() {
        let runs = index <= last && kind.writes();
        let layer = if runs { assembly.add(definition, kind) } else { Ok(assembly.skip(definition, kind)) };
        described.push(layer.map_err(|error| blamed(definition, error))?);
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

/// Names the layer, and its line where the fault has none of its own.
fn blamed(definition: &Definition, error: Error) -> Error {
    let error = error.of(&definition.name);
    if definition.line == 0 { error } else { error.at_line(definition.line) }
}

/// What the network returns: the first by the alphabet of the values that nobody reads; and who writes it last.
fn output<'n>(description: &'n Description, types: &[&Type]) -> Result<(usize, &'n str)> {
    let running = || description.layers.iter().zip(types).enumerate().filter(|(_, (_, kind))| kind.writes());
    let mut open: HashSet<&str> = HashSet::new();
    for (_, (definition, _)) in running() {
        for bottom in &definition.bottoms {
            open.remove(bottom.as_str());
        }
        open.extend(definition.tops.iter().map(String::as_str));
    }
    let output = open.into_iter().min().ok_or_else(|| Error::format("has no layer that writes anything"))?;
    let writes = |(_, (definition, _)): &(usize, (&Definition, &&Type))| {
        definition.tops.iter().any(|top| top == output)
    };
    let last = running().filter(writes).last().map_or(0, |(index, _)| index);
    Ok((last, output))
}
