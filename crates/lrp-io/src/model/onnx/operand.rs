//! What a node reads and writes: known numbers, or a value that flows through the network.

use lrp_core::Value;

use crate::error::{Error, Result};

use super::constant::Constant;

/// A value of the graph.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Constant(Constant),
    Flow(Flow),
}

/// A value that depends on what is fed to the network.
///
/// ONNX knows no batch: a transpose may move the axis that is one, and exporters of attention do. Layers know
/// only arrays that begin with it. So a flow is kept with the batch in front, whatever the graph thinks, beside the
/// place at which the graph has it.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    /// The value in the network.
    pub(super) value: Value,
    /// The shape of one sample.
    pub(super) sample: Vec<usize>,
    /// Which axis the batch is in the graph.
    pub(super) batch: usize,
}

impl Flow {
    /// How many axes the graph sees.
    pub(super) fn rank(&self) -> usize {
        self.sample.len() + 1
    }

    /// The shape that the graph sees for so many samples.
    pub(super) fn shape(&self, samples: usize) -> Vec<usize> {
        let (before, behind) = self.sample.split_at(self.batch.min(self.sample.len()));
        [before, &[samples], behind].concat()
    }

    /// The shape of the value in the network, for so many samples.
    pub(super) fn stored(&self, samples: usize) -> Vec<usize> {
        [&[samples], self.sample.as_slice()].concat()
    }

    /// The same flow, if its batch is where a layer that knows batches expects it.
    pub(super) fn batch_first(&self) -> Result<&Self> {
        match self.batch {
            0 => Ok(self),
            axis => Err(Error::unsupported(format!(
                "reads a value whose axis {axis} is the batch, expected axis 0"
            ))),
        }
    }
}

impl Operand {
    /// How many axes the graph sees.
    pub(super) fn rank(&self) -> usize {
        match self {
            Self::Constant(constant) => constant.shape().len(),
            Self::Flow(flow) => flow.rank(),
        }
    }

    /// The axis of the graph as an axis of the arrays that layers get: those of a flow have the batch in front,
    /// and a constant is a batch of one sample.
    pub(super) fn place(&self, axis: usize) -> Result<usize> {
        match self {
            Self::Constant(_) => Ok(axis + 1),
            Self::Flow(flow) if axis < flow.batch => Ok(axis + 1),
            Self::Flow(flow) if axis > flow.batch => Ok(axis),
            Self::Flow(_) => Err(Error::unsupported(format!(
                "works along axis {axis}, which is the batch; samples cannot depend on each other"
            ))),
        }
    }

    /// The size of an axis that is not the batch.
    pub(super) fn size(&self, axis: usize) -> Result<usize> {
        let place = self.place(axis)?;
        let shape = match self {
            Self::Constant(constant) => constant.shape(),
            Self::Flow(flow) => &flow.sample,
        };
        shape.get(place - 1).copied().ok_or_else(|| Error::format(format!("has no axis {axis}")))
    }

    /// Whether the axis is the batch.
    pub(super) fn is_batch(&self, axis: usize) -> bool {
        matches!(self, Self::Flow(flow) if flow.batch == axis)
    }

    /// An axis counted from the front or, if negative, from behind.
    pub(super) fn axis(&self, axis: i64) -> Result<usize> {
        resolve(axis, self.rank())
    }
}

/// An axis among `rank`, counted from the front or, if negative, from behind.
pub(super) fn resolve(axis: i64, rank: usize) -> Result<usize> {
    let counted = if axis < 0 { i64::try_from(rank).unwrap_or(i64::MAX).saturating_add(axis) } else { axis };
    let found = usize::try_from(counted).ok().filter(|&axis| axis < rank);
    found.ok_or_else(|| Error::format(format!("has axis {axis}, of which there are {rank}")))
}
