//! The gradient of a score, which most attributors are made of.

use lrp_core::{Float, Network, Tensor, cast};

use crate::composite::Composite;
use crate::error::Result;
use crate::explanation::Explanation;
use crate::options::{PlanOptions, Start};
use crate::plan::Plan;
use crate::rules::gradient;
use crate::target::Target;

/// The gradient of a network: a plan whose every rule is the layer's derivative.
pub(super) struct Slope<'n, T: Float> {
    plan: Plan<'n, T>,
}

impl<'n, T: Float> Slope<'n, T> {
    pub(super) fn new(network: &'n Network<T>, options: PlanOptions) -> Result<Self> {
        let options = PlanOptions { start: Start::One, ..options };
        Ok(Self { plan: Plan::new(network, &Composite::uniform(gradient()), options)? })
    }

    pub(super) fn network(&self) -> &'n Network<T> {
        self.plan.network()
    }

    pub(super) fn explain(&self, input: &Tensor<T>, target: &Target) -> Result<Explanation<T>> {
        self.plan.explain(input, target)
    }

    /// The gradient of `Σ seed · scores` at some input.
    pub(super) fn at(&self, input: &Tensor<T>, seed: &Tensor<T>) -> Result<Tensor<T>> {
        Ok(self.plan.explain(input, &Target::Given(cast(seed)))?.relevance)
    }

    /// The scores at some input.
    pub(super) fn scores(&self, input: &Tensor<T>) -> Result<Tensor<T>> {
        let (network, head) = (self.network(), self.plan.head());
        if head == network.output() {
            return Ok(network.forward(input)?);
        }
        Ok(network.trace(input)?.value(head).clone())
    }
}
