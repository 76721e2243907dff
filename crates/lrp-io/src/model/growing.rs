//! A network that grows layer by layer while a file is read: names are made unique, shapes are followed.

use std::collections::HashMap;

use lrp_core::{Network, NetworkBuilder, Op, Value};

use crate::error::{Error, Result};
use crate::limits::Limits;

/// How many samples shapes are tried with. Two, since one is also what broadcast axes have.
pub(super) const PROBE: usize = 2;

/// What the second of several layers of one name is counted as.
const SECOND: usize = 2;

/// The network as far as it has grown.
pub(super) struct Growing<'a> {
    builder: NetworkBuilder<f64>,
    /// Each name, and from where on to count if it comes again.
    names: HashMap<String, usize>,
    nodes: usize,
    limits: &'a Limits,
}

impl<'a> Growing<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        let builder = NetworkBuilder::new();
        let builder = if limits.allow_not_finite { builder.allow_not_finite() } else { builder };
        Self { builder, names: HashMap::new(), nodes: 0, limits }
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// How many layers there are.
    pub(super) fn nodes(&self) -> usize {
        self.nodes
    }

    /// What the last layer writes.
    pub(super) fn last(&self) -> Value {
        Value::at(self.nodes)
    }

    /// Appends a layer that reads values of these shapes, [`PROBE`] samples each. Returns what it writes, and the
    /// shape of one sample of it.
    pub(super) fn add(
        &mut self,
        name: &str,
        op: Op<f64>,
        inputs: &[(Value, Vec<usize>)],
    ) -> Result<(Value, Vec<usize>)> {
        let shapes: Vec<&[usize]> = inputs.iter().map(|(_, shape)| shape.as_slice()).collect();
        let output = op.layer().output_shape(&shapes)?;
        let Some((&PROBE, sample)) = output.split_first() else {
            return Err(Error::unsupported("mixes the samples of a batch"));
        };
        self.limits.elements(sample)?;
        let values: Vec<Value> = inputs.iter().map(|(value, _)| *value).collect();
        let name = self.unique(name);
        self.nodes += 1;
        Ok((self.builder.add(name, op, &values), sample.to_vec()))
    }

    /// Names are those of the file; where several layers stand for one of it, or it names two alike, they are
    /// counted.
    fn unique(&mut self, name: &str) -> String {
        let mut free = name.to_owned();
        while self.names.contains_key(&free) {
            // What was found taken before is not tried again: thousands of layers may have one name.
            let count = self.names.entry(name.to_owned()).or_insert(SECOND);
            free = format!("{name}_{count}");
            *count += 1;
        }
        self.names.insert(free.clone(), SECOND);
        free
    }

    pub(super) fn build(self) -> Result<Network<f64>> {
        Ok(self.builder.build()?)
    }
}
