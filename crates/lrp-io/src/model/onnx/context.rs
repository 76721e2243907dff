//! A node at work: its inputs, its attributes, and the network it adds to.

use lrp_core::Op;
use ndarray::ArrayD;

use crate::error::{Error, Result};

use super::assembly::Assembly;
use super::attributes::Attributes;
use super::constant::{Constant, Size};
use super::external::Folder;
use super::operand::{Flow, Operand};

/// What the translation of an operator sees.
pub(super) struct Context<'a, 'n> {
    /// The operator, as the table calls it.
    pub(super) operator: &'n str,
    /// The name that its layer gets.
    pub(super) name: &'n str,
    /// The version of the set of operators.
    pub(super) version: i64,
    pub(super) attributes: Attributes<'n>,
    /// `None` where an optional input is left out.
    pub(super) inputs: Vec<Option<Operand>>,
    /// For every output, whether anybody reads it.
    pub(super) wanted: Vec<bool>,
    /// The size of the batch that the model's input declares, if it does.
    pub(super) declared_batch: Option<usize>,
    pub(super) assembly: &'n mut Assembly<'a>,
    pub(super) folder: &'n Folder<'a>,
}

impl Context<'_, '_> {
    pub(super) fn optional(&self, index: usize) -> Option<&Operand> {
        self.inputs.get(index)?.as_ref()
    }

    pub(super) fn input(&self, index: usize) -> Result<Operand> {
        self.optional(index).cloned().ok_or_else(|| missing(index))
    }

    /// Takes an input that nothing asks for again, so that numbers only this node reads need not be copied.
    pub(super) fn take(&mut self, index: usize) -> Result<Operand> {
        self.inputs.get_mut(index).and_then(Option::take).ok_or_else(|| missing(index))
    }

    /// An input that must be known; `what` it is.
    pub(super) fn constant(&self, index: usize, what: &str) -> Result<Constant> {
        self.optional_constant(index, what)?.ok_or_else(|| missing(index))
    }

    pub(super) fn optional_constant(&self, index: usize, what: &str) -> Result<Option<Constant>> {
        match self.optional(index) {
            None => Ok(None),
            Some(Operand::Constant(constant)) => Ok(Some(constant.clone())),
            Some(Operand::Flow(_)) => {
                Err(Error::unsupported(format!("computes its {what} from the input, expected a constant")))
            }
        }
    }

    /// Numbers that must be known and the same for every batch, given away if nobody else reads them.
    pub(super) fn numbers(&mut self, index: usize, what: &str) -> Result<ArrayD<f64>> {
        let constant = self.constant(index, what)?;
        if let Some(input) = self.inputs.get_mut(index) {
            *input = None;
        }
        constant.fixed().map_err(|error| error.of(what))
    }

    pub(super) fn optional_numbers(&mut self, index: usize, what: &str) -> Result<Option<ArrayD<f64>>> {
        match self.optional(index) {
            None => Ok(None),
            Some(_) => self.numbers(index, what).map(Some),
        }
    }

    /// One number that must be known.
    pub(super) fn scalar(&self, index: usize, what: &str) -> Result<Option<f64>> {
        let constant = self.optional_constant(index, what)?;
        constant.map(|constant| constant.scalar().map_err(|error| error.of(what))).transpose()
    }

    /// A list of integers that may name the size of the batch.
    pub(super) fn sizes(&self, index: usize, what: &str) -> Result<Option<Vec<Size>>> {
        let constant = self.optional_constant(index, what)?;
        constant.map(|constant| constant.integers().map_err(|error| error.of(what))).transpose()
    }

    /// A list of integers that was an attribute in old versions and is an input in new ones.
    pub(super) fn list(&self, name: &str, index: usize) -> Result<Option<Vec<Size>>> {
        match self.attributes.integers(name)? {
            Some(values) => Ok(Some(values.iter().copied().map(Size::Fixed).collect())),
            None => self.sizes(index, name),
        }
    }

    /// As [`Context::list`], the same for every batch.
    pub(super) fn fixed_list(&self, name: &str, index: usize) -> Result<Option<Vec<i64>>> {
        let fixed = |size: &Size| match size {
            Size::Fixed(value) => Ok(*value),
            Size::Batch | Size::Varying => {
                Err(Error::unsupported(format!("has {name} that depend on the size of the batch")))
            }
        };
        self.list(name, index)?.map(|sizes| sizes.iter().map(fixed).collect()).transpose()
    }

    /// A list of sizes that the batch may be among, as none.
    pub(super) fn fixed_sizes(&self, index: usize) -> Result<Option<Vec<Option<usize>>>> {
        let size = |size: &Size| match size {
            Size::Batch => Ok(None),
            Size::Fixed(size) if *size >= 0 => Ok(usize::try_from(*size).ok()),
            _ => Err(Error::unsupported("has sizes that depend on the size of the batch")),
        };
        let sizes = self.sizes(index, "sizes")?.filter(|sizes| !sizes.is_empty());
        sizes.map(|sizes| sizes.iter().map(size).collect()).transpose()
    }

    /// A value that depends on the input.
    pub(super) fn flow(&self, index: usize) -> Result<Flow> {
        match self.input(index)? {
            Operand::Flow(flow) => Ok(flow),
            Operand::Constant(_) => Err(Error::unsupported(
                "reads nothing that depends on the input, and is not computed beforehand",
            )),
        }
    }

    /// The node's own layer.
    pub(super) fn layer(&mut self, op: impl Into<Op<f64>>, inputs: &[&Operand]) -> Result<Operand> {
        self.assembly.apply(self.name, op.into(), inputs)
    }

    /// A layer that the node needs before its own.
    pub(super) fn step(
        &mut self,
        what: &str,
        op: impl Into<Op<f64>>,
        inputs: &[&Operand],
    ) -> Result<Operand> {
        self.assembly.apply(&format!("{}.{what}", self.name), op.into(), inputs)
    }

    /// What `f` makes of constants; it has to compare what it makes with the limits.
    pub(super) fn fold(
        &mut self,
        constants: &[&Constant],
        integer: bool,
        f: impl Fn(&[ndarray::ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>>,
    ) -> Result<Operand> {
        let constant = Constant::combine(constants, integer, f)?;
        self.assembly.count(constant).map(Operand::Constant)
    }
}

fn missing(index: usize) -> Error {
    Error::format(format!("has no input {index}, expected one"))
}
