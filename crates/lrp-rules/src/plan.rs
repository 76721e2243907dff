//! Plans: a composite applied to a network, and the explanations that follow.

use std::sync::Arc;

use lrp_core::{Crossing, Float, Flow, Kind, Memo, Network, Node, Prepared, Record, Tensor, Trace, Value};

use crate::algebra::Rule;
use crate::composite::Composite;
use crate::error::{Error, Result};
use crate::redistribute::{Knowledge, redistribute};
use crate::shortcuts;
use crate::table::{Row, Table};
use crate::target::Target;
use crate::together::explain_together;

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
    steps: Vec<Step<T>>,
    head: Value,
    /// Nodes whose values may be recorded as the rectifier behind them leaves them.
    in_place: Vec<bool>,
    /// Weights as the rules see them.
    prepared: Arc<Prepared<T>>,
    options: PlanOptions,
}

/// What a [`Plan`] does beyond its composite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Explain the probabilities of a softmax head instead of the logits before it.
    pub keep_softmax: bool,
    /// Keep the relevance of every layer, not only of the input.
    pub keep_layers: bool,
    /// Prepare weights anew for every use instead of keeping them: slower, with less memory, and with the same
    /// result.
    pub save_memory: bool,
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
struct Step<T> {
    rule: Rule,
    why: String,
    knowledge: Arc<Knowledge<T>>,
}

impl<'n, T: Float> Plan<'n, T> {
    /// Decides the rule of every node.
    #[must_use]
    pub fn new(network: &'n Network<T>, composite: &Composite, options: PlanOptions) -> Self {
        let last = network.nodes().len() - 1;
        let drop = network.nodes()[last].kind() == Kind::SoftMax && last > 0 && !options.keep_softmax;
        let head = if drop { network.nodes()[last].inputs()[0] } else { network.output() };
        let chosen: Vec<(Rule, String)> = (0..=last).map(|node| composite.rule_for(network, node)).collect();
        let rules: Vec<&Rule> = chosen.iter().map(|(rule, _)| rule).collect();
        let not_negative = shortcuts::not_negative(network);
        let in_place = shortcuts::rectified_in_place(network, &rules, head);
        let knowledge = |node: usize| Knowledge {
            not_negative: network.nodes()[node].inputs().iter().all(|value| not_negative[value.index()]),
            only_positive: in_place[node],
            constants: Memo::new(true),
        };
        let knowledge: Vec<_> = (0..=last).map(|node| Arc::new(knowledge(node))).collect();
        let step = |((rule, why), knowledge)| Step { rule, why, knowledge };
        let steps = chosen.into_iter().zip(knowledge).map(step).collect();
        let prepared = Arc::new(Prepared::new(network.nodes().len(), !options.save_memory));
        Self { network, steps, head, in_place, prepared, options }
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

    pub(crate) fn in_place(&self) -> &[bool] {
        &self.in_place
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
    /// For several targets or rules at the price of one forward pass see [`explain_together`].
    ///
    /// # Errors
    /// If the input does not fit the network, or the target not the scores.
    pub fn explain(&self, input: &Tensor<T>, target: &Target) -> Result<Explanation<T>> {
        let together = explain_together(&[self], input, std::slice::from_ref(target))?;
        Ok(together.into_iter().flatten().next().expect("one plan and one target give one explanation"))
    }

    /// Explains a batch that has run already; one trace serves any number of plans and targets.
    ///
    /// # Errors
    /// If the trace is of another network, or the target does not fit the scores.
    pub fn explain_trace(&self, trace: &Trace<'_, T>, target: &Target) -> Result<Explanation<T>> {
        if !std::ptr::eq(trace.network(), self.network) {
            return Err(Error::composite("the trace is of another network than the plan"));
        }
        self.check_passes(&self.network.shapes(trace.value(Value::INPUT).shape())?)?;
        self.walk(trace.value(self.head), target, |seed, cross| trace.walk_back(self.head, seed, cross))
    }

    /// As [`Plan::explain_trace`], for a trace of this network that nobody needs afterwards.
    pub(crate) fn explain_and_drop(&self, trace: Trace<'_, T>, target: &Target) -> Result<Explanation<T>> {
        let scores = trace.value(self.head).clone();
        self.walk(&scores, target, |seed, cross| trace.into_walk_back(self.head, seed, cross))
    }

    /// `go` carries a seed back, each node crossed as it is told.
    fn walk(
        &self,
        scores: &Tensor<T>,
        target: &Target,
        go: impl FnOnce(Tensor<T>, &mut Cross<'_, T>) -> Tensor<T>,
    ) -> Result<Explanation<T>> {
        let seed = target.seed(scores)?;
        let mut layers: Vec<Option<Tensor<T>>> = vec![None; self.head.index() + 1];
        let relevance = go(seed.clone(), &mut |node, record, relevance| {
            if self.options.keep_layers {
                layers[node + 1] = Some(relevance.clone());
            }
            self.cross(node, record, relevance)
        });
        layers[0] = Some(relevance.clone());
        let layers = self.options.keep_layers.then(|| self.complete(layers, relevance.shape()));
        Ok(Explanation { relevance, scores: scores.clone(), seed, layers: layers.transpose()? })
    }

    /// Zeros for values that no relevance has reached.
    fn complete(&self, layers: Vec<Option<Tensor<T>>>, input: &[usize]) -> Result<Vec<Tensor<T>>> {
        let shapes = self.network.shapes(input)?;
        let fill =
            |(kept, shape): (Option<Tensor<T>>, Vec<usize>)| kept.unwrap_or_else(|| Tensor::zeros(shape));
        Ok(layers.into_iter().zip(shapes).map(fill).collect())
    }

    /// Takes relevance of one node's output back to its inputs, one array an input: a single step of the way.
    ///
    /// # Panics
    /// If the record or the relevance is not of this node.
    #[must_use]
    pub fn cross(&self, node: usize, record: &Record<'_, T>, relevance: Tensor<T>) -> Vec<Tensor<T>> {
        let Step { rule, knowledge, .. } = &self.steps[node];
        let site = self.prepared.site(node, record.site.kernels());
        let record = Record { site, ..record.clone() };
        match self.network.nodes()[node].op().layer().flow(&record) {
            Flow::Route(route) => route(relevance),
            Flow::Either(route, _) if rule.looks_at_input() => route(relevance),
            Flow::Mix(mix) | Flow::Either(_, mix) => {
                redistribute(rule.formula(), &mix, &record, relevance, knowledge)
            }
        }
    }

    /// Relevance can stay where it is only if the one input of a layer has its output's shape.
    pub(crate) fn check_passes(&self, shapes: &[Vec<usize>]) -> Result<()> {
        for (index, node) in self.network.nodes()[..self.head.index()].iter().enumerate() {
            let rule = &self.steps[index].rule;
            if rule.formula().pass == 0.0 || node.op().layer().crossing() != Crossing::Mix {
                continue;
            }
            let inputs = node.inputs();
            if inputs.len() != 1 || shapes[inputs[0].index()] != shapes[index + 1] {
                let name = node.name();
                return Err(Error::composite(format!(
                    "{name}: rule {rule} needs one input of the output's shape; give this layer another rule"
                )));
            }
        }
        Ok(())
    }
}

/// Takes relevance across a node.
type Cross<'a, T> = dyn FnMut(usize, &Record<'_, T>, Tensor<T>) -> Vec<Tensor<T>> + 'a;
