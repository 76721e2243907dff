//! The network as far as it has grown, and layers run on what is known already.

use lrp_core::{Kernels, Network, Op, Prepared, Value};
use ndarray::{ArrayBase, Axis};

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::model::growing::{Growing, PROBE};

use super::constant::Constant;
use super::operand::{Flow, Operand};

/// A network that grows node by node.
pub(super) struct Assembly<'a> {
    growing: Growing<'a>,
    /// Elements of all constants computed so far.
    computed: u64,
}

impl<'a> Assembly<'a> {
    pub(super) fn new(limits: &'a Limits) -> Self {
        Self { growing: Growing::new(limits), computed: 0 }
    }

    /// What the last node writes.
    pub(super) fn last(&self) -> Value {
        self.growing.last()
    }

    pub(super) fn limits(&self) -> &'a Limits {
        self.growing.limits()
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
        let inputs: Vec<_> = flows.iter().map(|flow| (flow.value, flow.stored(PROBE))).collect();
        let (value, sample) = self.growing.add(name, op, &inputs)?;
        Ok(Flow { value, sample, batch: flows.first().map_or(0, |flow| flow.batch) })
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
        let limits = self.limits();
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
        let allowed = self.limits().array_elements.saturating_mul(ARRAYS);
        match self.computed <= allowed {
            true => Ok(()),
            false => {
                Err(Error::limit(format!("constants of more than {allowed} elements would be computed")))
            }
        }
    }

    pub(super) fn build(self) -> Result<Network<f64>> {
        self.growing.build()
    }
}
