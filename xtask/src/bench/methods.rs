//! What is done with a network while the clock runs.
//!
//! A new method is one row of [`METHODS`], and a row in the scripts of the systems that have it too.

use anyhow::{Context, Result};
use lrp::core::Kind;
use lrp::prelude::{
    Composite, Float, Network, Plan, PlanOptions, Select, Target, Tensor, composite, epsilon, gamma, z_box,
};

/// A way to run or explain, and the systems that can do the same.
pub(super) struct Method {
    pub(super) name: &'static str,
    work: Work,
    pub(super) peers: &'static [&'static str],
}

enum Work {
    /// The scores.
    Forward,
    /// The gradient of the top score, forward pass included.
    Gradient,
    /// The transposed product alone, from a recorded forward pass.
    Backward,
    /// A whole explanation of the top score, forward pass included.
    Explain(fn() -> Result<Composite>),
    /// One rule for all layers, from a recorded forward pass.
    Pass,
}

/// Every method, under the name the command line has for it; that of a [`Work::Pass`] is the rule itself.
pub(super) const METHODS: &[Method] = &[
    Method { name: "forward", work: Work::Forward, peers: &["torch", "onnxruntime", "toolbox"] },
    Method { name: "gradient", work: Work::Gradient, peers: &["torch"] },
    Method { name: "backward", work: Work::Backward, peers: &["torch"] },
    Method {
        name: "epsilon",
        work: Work::Explain(|| Ok(Composite::uniform(epsilon(1e-6)))),
        peers: &["zennit", "captum"],
    },
    Method {
        name: "epsilon-plus-flat",
        work: Work::Explain(|| Ok(composite("epsilon-plus-flat")?)),
        peers: &["zennit"],
    },
    Method {
        name: "epsilon-alpha2-beta1",
        work: Work::Explain(|| Ok(composite("epsilon-alpha2-beta1")?)),
        peers: &["zennit"],
    },
    Method { name: "epsilon-gamma-box", work: Work::Explain(|| Ok(gamma_box())), peers: &["zennit"] },
    Method { name: "simple", work: Work::Pass, peers: &["toolbox"] },
    Method { name: "epsilon(0.01)", work: Work::Pass, peers: &["toolbox"] },
    Method { name: "alphabeta(2,1)", work: Work::Pass, peers: &["toolbox"] },
    Method { name: "flat", work: Work::Pass, peers: &["toolbox"] },
    Method { name: "w2", work: Work::Pass, peers: &["toolbox"] },
];

/// zennit's `EpsilonGammaBox` for inputs between −3 and 3.
fn gamma_box() -> Composite {
    Composite::uniform(epsilon(1e-6))
        .then(Select::First, z_box(-3.0, 3.0).stabilized(1e-6))
        .then(Select::Kind(Kind::Convolution), gamma(0.25).stabilized(1e-6))
}

/// What the clock is held to; called again and again, with the same result.
pub(super) type Job<'a, T> = Box<dyn FnMut() -> Result<Tensor<T>> + 'a>;

impl Method {
    /// Whether each floating point operation of a forward pass is done once, so that a rate means something.
    pub(super) fn has_rate(&self) -> bool {
        matches!(self.work, Work::Forward | Work::Backward)
    }

    /// Whether the result is relevance, which other systems must agree on.
    pub(super) fn explains(&self) -> bool {
        matches!(self.work, Work::Explain(_) | Work::Pass)
    }

    /// Prepares everything an explainer would keep between pictures.
    pub(super) fn job<'a, T: Float>(
        &self,
        network: &'a Network<T>,
        input: &'a Tensor<T>,
    ) -> Result<Job<'a, T>> {
        Ok(match self.work {
            // A single layer is measured without what a network does before it runs.
            Work::Forward if let [node] = network.nodes() => {
                let trace = network.trace(input)?;
                Box::new(move || Ok(node.op().layer().forward(&trace.at(0).inputs, trace.at(0).site)))
            }
            Work::Backward if let [node] = network.nodes() => {
                let trace = network.trace(input)?;
                Box::new(move || {
                    let gradient = node.op().layer().gradient(&trace.at(0), trace.output().view());
                    gradient.into_iter().next().context("a layer reads something")
                })
            }
            Work::Forward => Box::new(|| Ok(network.forward(input)?)),
            Work::Gradient => Box::new(|| {
                let trace = network.trace(input)?;
                Ok(trace.gradient(network.output(), &Target::Top.seed(trace.output())?))
            }),
            Work::Backward => {
                let trace = network.trace(input)?;
                Box::new(move || Ok(trace.gradient(network.output(), trace.output())))
            }
            Work::Explain(composite) => {
                let plan = Plan::new(network, &composite()?, PlanOptions::default())?;
                Box::new(move || Ok(plan.explain(input, &Target::Top)?.relevance))
            }
            Work::Pass => {
                let plan =
                    Plan::new(network, &Composite::uniform(self.name.parse()?), PlanOptions::default())?;
                let trace = network.trace(input)?;
                Box::new(move || Ok(plan.explain_trace(&trace, &Target::Top)?.relevance))
            }
        })
    }
}
