//! How samples are explained: under a plan, or without rules.

use lrp::core::{Float, Network, Node, Tensor};
use lrp::rules::{
    Attributor, Composite, Explanation, Plan, PlanOptions, Table, Target, explain_together, rules,
};

/// A way to explain samples.
pub(crate) struct Method<'n, T: Float> {
    /// Of an attributor, that of the gradient it is made of.
    plan: Plan<'n, T>,
    attributor: Option<(Attributor, PlanOptions)>,
}

impl<'n, T: Float> Method<'n, T> {
    /// The attributor if there is one, the rules otherwise.
    pub(crate) fn new(
        network: &'n Network<T>,
        attributor: Option<Attributor>,
        composite: &Composite,
        options: PlanOptions,
    ) -> lrp::rules::Result<Self> {
        let gradient = Composite::uniform(rules::gradient());
        let composite = if attributor.is_some() { &gradient } else { composite };
        let plan = Plan::new(network, composite, options)?;
        Ok(Self { plan, attributor: attributor.map(|attributor| (attributor, options)) })
    }

    /// What a user should know before believing the result.
    pub(crate) fn notices(&self) -> Vec<String> {
        if self.attributor.is_some() { Vec::new() } else { self.plan.notices() }
    }

    /// The rules of its plan, node by node, for an input of that shape; methods without rules have none.
    pub(crate) fn table(&self, input: Option<&[usize]>) -> lrp::rules::Result<Option<Table>> {
        self.attributor.is_none().then(|| self.plan.table(input)).transpose()
    }

    /// Whether a softmax at the end is left out, so that scores are its logits.
    pub(crate) fn starts_at_logits(&self) -> bool {
        self.plan.head() != self.plan.network().output()
    }

    /// The nodes whose relevance it can keep, by name.
    pub(crate) fn layers(&self) -> impl Iterator<Item = &str> {
        let kept = match self.attributor {
            None | Some((Attributor::Gradient, _)) => self.plan.head().index(),
            Some(_) => 0,
        };
        self.plan.network().nodes()[..kept].iter().map(Node::name)
    }

    /// One explanation a target.
    pub(crate) fn explain(
        &self,
        input: &Tensor<T>,
        targets: &[Target],
    ) -> lrp::rules::Result<Vec<Explanation<T>>> {
        let network = self.plan.network();
        match &self.attributor {
            None => Ok(explain_together(&[&self.plan], input, targets)?.into_iter().flatten().collect()),
            Some((attributor, options)) => {
                targets.iter().map(|target| attributor.explain(network, input, target, *options)).collect()
            }
        }
    }
}
