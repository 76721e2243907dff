//! The network as far as it has grown, and layers run on what is known already.

use std::collections::HashSet;

use lrp_core::{Kernels, Network, NetworkBuilder, Op, Prepared, Value};
use ndarray::{ArrayBase, Axis};

use crate::error::{Error, Result};
use crate::limits::Limits;

use super::constant::Constant;
use super::operand::{Flow, Operand};

/// How many samples shapes are tried with. Two, since one is also what broadcast axes have.
const PROBE: usize = 2;

/// A network that grows node by node.
pub(super) struct Assembly<'a> {
    builder: NetworkBuilder<f64>,
    names: HashSet<String>,
    nodes: usize,
    limits: &'a Limits,
    /// Elements of all constants computed so far.
    computed: u64,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        let builder = NetworkBuilder::new();
        let builder = if limits.allow_not_finite { builder.allow_not_finite() } else { builder };
        Self { builder, names: HashSet::new(), nodes: 0, limits, computed: 0 }
    }

    /// What the last node writes.
    pub(super) fn last(&self) -> Value {
        Value::at(self.nodes)
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.limits
    }

    /// Runs a layer on constants, or puts it into the network if its inputs flow there. Never a mixture of both.
    pub(super) fn apply(&mut self, name: &str, op: Op<f64>, inputs: &[&Operand]) -> Result<Operand> {
        let flow = |operand: &&Operand| match operand {
            Operand::Flow(flow) => Some(flow.clone()),
            Operand::Constant(_) => None,
        };
        match inputs.iter().map(flow).collect::<Option<Vec<_>>>() {
            Some(flows) => self.add(name, op, &flows).map(Operand::Flow),
            None => self.fold(&op, inputs).map(Operand::Constant),
        }
    }

    /// Puts a layer into the network. The batch is where the first input has it.
    pub(super) fn add(&mut self, name: &str, op: Op<f64>, flows: &[Flow]) -> Result<Flow> {
        let shapes: Vec<_> = flows.iter().map(|flow| flow.stored(PROBE)).collect();
        let shapes: Vec<&[usize]> = shapes.iter().map(Vec::as_slice).collect();
        let output = op.layer().output_shape(&shapes)?;
        let Some((&PROBE, sample)) = output.split_first() else {
            return Err(Error::unsupported("mixes the samples of a batch"));
        };
        self.limits.elements(sample)?;
        let batch = flows.first().map_or(0, |flow| flow.batch);
        let values: Vec<Value> = flows.iter().map(|flow| flow.value).collect();
        let name = self.unique(name);
        self.nodes += 1;
        Ok(Flow { value: self.builder.add(name, op, &values), sample: sample.to_vec(), batch })
    }

    /// Names are those of the file; where several layers stand for one of its nodes, or it names two alike, they
    /// are counted.
    fn unique(&mut self, name: &str) -> String {
        let counted = (2_usize..).map(|count| format!("{name}_{count}"));
        let mut names = std::iter::once(name.to_owned()).chain(counted);
        let free = names.find(|name| !self.names.contains(name)).unwrap_or_default();
        self.names.insert(free.clone());
        free
    }

    /// The forward pass of a layer on constants, each a batch of one sample.
    fn fold(&mut self, op: &Op<f64>, inputs: &[&Operand]) -> Result<Constant> {
        let constant = |operand: &&'_ Operand| match operand {
            Operand::Constant(constant) => Ok(constant.clone()),
            Operand::Flow(_) => {
                Err(Error::unsupported("reads both constants and values that depend on the input"))
            }
        };
        let constants = inputs.iter().map(constant).collect::<Result<Vec<_>>>()?;
        let integer = constants.iter().all(Constant::is_integer);
        let constants: Vec<_> = constants.iter().collect();
        let limits = self.limits;
        let layer = op.layer();
        let answer = Constant::combine(&constants, integer, |arrays| {
            let samples: Vec<_> = arrays.iter().map(|array| array.view().insert_axis(Axis(0))).collect();
            let shapes: Vec<&[usize]> = samples.iter().map(ArrayBase::shape).collect();
            limits.elements(&layer.output_shape(&shapes)?)?;
            let prepared = Prepared::new(1, false);
            Ok(layer.forward(&samples, prepared.site(0, Kernels::default())).index_axis_move(Axis(0), 0))
        })?;
        self.count(answer)
    }

    /// Refuses to compute ever more from few bytes.
    pub(super) fn count(&mut self, constant: Constant) -> Result<Constant> {
        self.reserve(constant.elements())?;
        Ok(constant)
    }

    /// As [`Assembly::count`], before anything is computed.
    pub(super) fn reserve(&mut self, elements: usize) -> Result<()> {
        const ARRAYS: u64 = 2;
        self.computed = self.computed.saturating_add(elements as u64);
        let allowed = self.limits.array_elements.saturating_mul(ARRAYS);
        match self.computed <= allowed {
            true => Ok(()),
            false => {
                Err(Error::limit(format!("constants of more than {allowed} elements would be computed")))
            }
        }
    }

    pub(super) fn build(self) -> Result<Network<f64>> {
        Ok(self.builder.build()?)
    }
}
