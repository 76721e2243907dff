//! Plans: a composite applied to a network, and the explanations that follow.

use lrp_core::{Crossing, Float, Flow, Kind, Network, Node, Record, Tensor, TensorView, Trace, Value};

use crate::algebra::Rule;
use crate::composite::Composite;
use crate::error::{Error, Result};
use crate::redistribute::redistribute;
use crate::table::{Row, Table};
use crate::target::Target;

/// A rule for every node of a network, decided before anything runs.
///
/// ```
/// use lrp_core::{Linear, Network, SoftMax};
/// use lrp_rules::{Composite, Plan, PlanOptions, Target, rules::epsilon};
/// use ndarray::{arr1, arr2};
///
/// let dense = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5], [-1.0, 0.25]]), arr1(&[0.1, -0.2]))?;
/// let network = Network::sequential([dense.into(), SoftMax.into()])?;
/// let plan = Plan::new(&network, &Composite::uniform(epsilon(0.5)), PlanOptions::default());
/// assert_eq!(plan.notices(), ["softmax_1 is dropped: relevance starts at the logits"]);
///
/// let explanation = plan.explain(&arr2(&[[1.0, -1.0, 2.0]]).into_dyn(), &Target::Class(0))?;
/// assert!((explanation.relevance[[0, 1]] + 3.0 * 3.9 / 4.4_f64).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Plan<'n, T: Float> {
    network: &'n Network<T>,
    steps: Vec<Step>,
    head: Value,
    options: PlanOptions,
}

/// What a [`Plan`] does beyond its composite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Explain the probabilities of a softmax head instead of the logits before it.
    pub keep_softmax: bool,
    /// Keep the relevance of every layer, not only of the input.
    pub keep_layers: bool,
}

/// What a network's decision on a batch owes to each input value.
#[derive(Clone, Debug)]
pub struct Explanation<T> {
    /// Relevance of every input value, shaped like the input.
    pub relevance: Tensor<T>,
    /// The scores explained, `[n, classes]`: the logits, or the probabilities if the softmax was kept.
    pub scores: Tensor<T>,
    /// The relevance everything started from, shaped like the scores.
    pub seed: Tensor<T>,
    /// If asked for, the relevance of every value: the input, then what each node wrote, up to the scores.
    pub layers: Option<Vec<Tensor<T>>>,
}

#[derive(Clone, Debug)]
struct Step {
    rule: Rule,
    why: String,
}

impl<'n, T: Float> Plan<'n, T> {
    /// Decides the rule of every node.
    #[must_use]
    pub fn new(network: &'n Network<T>, composite: &Composite, options: PlanOptions) -> Self {
        let step = |node| {
            let (rule, why) = composite.rule_for(network, node);
            Step { rule, why }
        };
        let last = network.nodes().len() - 1;
        let drop = network.nodes()[last].kind() == Kind::SoftMax && last > 0 && !options.keep_softmax;
        let head = if drop { network.nodes()[last].inputs()[0] } else { network.output() };
        Self { network, steps: (0..=last).map(step).collect(), head, options }
    }

    /// The network explained.
    #[must_use]
    pub fn network(&self) -> &'n Network<T> {
        self.network
    }

    /// The value relevance starts from.
    #[must_use]
    pub fn head(&self) -> Value {
        self.head
    }

    /// What a user should know before believing the result, a line each.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let dropped = self.network.nodes()[self.head.index()..].iter();
        dropped.map(|node| format!("{} is dropped: relevance starts at the logits", node.name())).collect()
    }

    /// The plan as a table; with shapes where the shape of an input `[n, …]` is given.
    ///
    /// # Errors
    /// If the network cannot take an input of that shape.
    pub fn table(&self, input: Option<&[usize]>) -> Result<Table> {
        let shapes = input.map(|shape| self.network.shapes(shape)).transpose()?;
        let row = |(index, node): (usize, &Node<T>)| {
            let step = &self.steps[index];
            let (rule, why) = match node.op().layer().crossing() {
                _ if index >= self.head.index() => {
                    ("-".to_owned(), "dropped: relevance starts before it".to_owned())
                }
                Crossing::Route => ("-".to_owned(), "hands relevance back unchanged".to_owned()),
                Crossing::Either if step.rule.looks_at_input() => ("winner".to_owned(), step.why.clone()),
                Crossing::Mix | Crossing::Either => (step.rule.to_string(), step.why.clone()),
            };
            let shape = shapes.as_ref().map(|shapes| shapes[index + 1].clone());
            Row { node: node.name().to_owned(), kind: node.kind(), shape, rule, why }
        };
        let rows = self.network.nodes().iter().enumerate().map(row).collect();
        Ok(Table { rows, notices: self.notices() })
    }

    /// Runs the network on a batch and explains it.
    ///
    /// # Errors
    /// If the input does not fit the network, or the target not the scores.
    pub fn explain(&self, input: &Tensor<T>, target: &Target) -> Result<Explanation<T>> {
        self.explain_trace(&self.network.trace(input)?, target)
    }

    /// Explains a batch that has run already; one trace serves any number of plans and targets.
    ///
    /// # Errors
    /// If the trace is of another network, or the target does not fit the scores.
    pub fn explain_trace(&self, trace: &Trace<'_, T>, target: &Target) -> Result<Explanation<T>> {
        if !std::ptr::eq(trace.network(), self.network) {
            return Err(Error::composite("the trace is of another network than the plan"));
        }
        self.check_passes(trace)?;
        let scores = trace.value(self.head).clone();
        let seed = target.seed(&scores)?;
        let mut layers: Vec<Tensor<T>> = Vec::new();
        if self.options.keep_layers {
            let values = (0..=self.head.index()).map(|index| trace.value(Value::at(index)));
            layers = values.map(|value| Tensor::zeros(value.raw_dim())).collect();
        }
        let relevance = trace.walk_back(self.head, seed.clone(), |node, record, relevance| {
            if let Some(kept) = layers.get_mut(node + 1) {
                kept.assign(&relevance);
            }
            self.cross(node, record, relevance)
        });
        if let Some(kept) = layers.first_mut() {
            kept.assign(&relevance);
        }
        Ok(Explanation { relevance, scores, seed, layers: self.options.keep_layers.then_some(layers) })
    }

    /// Takes relevance of one node's output back to its inputs, one array an input: a single step of the way.
    ///
    /// # Panics
    /// If the record or the relevance is not of this node.
    #[must_use]
    pub fn cross(&self, node: usize, record: &Record<'_, T>, relevance: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let rule = &self.steps[node].rule;
        match self.network.nodes()[node].op().layer().flow(record) {
            Flow::Route(route) => route(relevance),
            Flow::Either(route, _) if rule.looks_at_input() => route(relevance),
            Flow::Mix(mix) | Flow::Either(_, mix) => redistribute(rule.formula(), &mix, record, &relevance),
        }
    }

    /// Relevance can stay where it is only if the one input of a layer has its output's shape.
    fn check_passes(&self, trace: &Trace<'_, T>) -> Result<()> {
        for (index, node) in self.network.nodes()[..self.head.index()].iter().enumerate() {
            let rule = &self.steps[index].rule;
            if rule.formula().pass == 0.0 || node.op().layer().crossing() != Crossing::Mix {
                continue;
            }
            let record = trace.at(index);
            if record.inputs.len() != 1 || record.inputs[0].shape() != record.output.shape() {
                let name = node.name();
                return Err(Error::composite(format!(
                    "{name}: rule {rule} needs one input of the output's shape; give this layer another rule"
                )));
            }
        }
        Ok(())
    }
}
