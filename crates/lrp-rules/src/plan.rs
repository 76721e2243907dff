//! Plans: a composite applied to a network, and the explanations that follow.

use std::sync::Arc;

use lrp_core::{Channels, Float, Kind, Network, Node, Prepared, Record, Tensor, Trace, Value, joined};

use crate::composite::Composite;
use crate::error::{Error, Result};
use crate::explanation::Explanation;
use crate::ledger::{Amount, Denominators, Entry, Ledger};
use crate::options::{Head, PlanOptions, Start};
use crate::shortcuts;
use crate::step::{Decision, Step, Way, channel_axis};
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
/// let network = Network::sequential([dense.into(), SoftMax::default().into()])?;
/// let plan = Plan::new(&network, &Composite::uniform(epsilon(0.5)), PlanOptions::default())?;
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
    /// Whether what reaches the input is replaced by its length over the channels.
    lengths: bool,
}

impl<'n, T: Float> Plan<'n, T> {
    /// Decides the rule of every node.
    ///
    /// # Errors
    /// If no rule is known for a layer and the options do not say what then.
    pub fn new(network: &'n Network<T>, composite: &Composite, options: PlanOptions) -> Result<Self> {
        composite.check(network)?;
        let head = head(network, options.head)?;
        let decide = |node| Decision::make(network, node, composite, options.unknown);
        let decisions: Vec<Decision<T>> = (0..network.nodes().len()).map(decide).collect::<Result<_>>()?;
        let not_negative = shortcuts::not_negative(network);
        let in_place = shortcuts::rectified_in_place(network, &decisions, head);
        let step = |((node, decision), &in_place): ((&Node<T>, Decision<T>), &bool)| {
            let not_negative = node.inputs().iter().all(|value| not_negative[value.index()]);
            Step::new(decision, node, not_negative, in_place)
        };
        let steps = network.nodes().iter().zip(decisions).zip(&in_place).map(step).collect();
        let prepared = Arc::new(Prepared::new(network.nodes().len(), !options.save_memory));
        let lengths = composite.treatment().lengths;
        Ok(Self { network, steps, head, in_place, prepared, options, lengths })
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

    /// Runs the network and records what the plan asks for, to be explained by [`Plan::explain_trace`].
    ///
    /// # Errors
    /// If the input does not fit the network.
    pub fn trace(&self, input: &Tensor<T>) -> Result<Trace<'n, T>> {
        Ok(self.network.trace_rectified(input, &self.in_place)?)
    }

    /// Along which axis the input keeps its channels.
    fn channels(&self) -> Channels {
        self.network.channels().unwrap_or(Channels::First)
    }

    pub(crate) fn in_place(&self) -> &[bool] {
        &self.in_place
    }

    /// What a user should know before believing the result, a line each.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let (crossed, dropped) = self.steps.split_at(self.head.index());
        let unknown = crossed.iter().filter_map(|step| step.notice.clone());
        let dropped = self.network.nodes()[self.head.index()..].iter().zip(dropped);
        let dropped =
            dropped.map(|(node, _)| format!("{} is dropped: relevance starts at the logits", node.name()));
        unknown.chain(dropped).collect()
    }

    /// The plan as a table; with shapes where the shape of an input `[n, …]` is given.
    ///
    /// # Errors
    /// If the network cannot take an input of that shape.
    pub fn table(&self, input: Option<&[usize]>) -> Result<Table> {
        let shapes = input.map(|shape| self.network.shapes(shape)).transpose()?;
        let row = |(index, node): (usize, &Node<T>)| {
            let step = &self.steps[index];
            let (rule, why) = match step.way {
                _ if index >= self.head.index() => {
                    ("-".to_owned(), "dropped: relevance starts before it".to_owned())
                }
                Way::Route => (step.shown_rule(), "hands relevance back unchanged".to_owned()),
                _ => (step.shown_rule(), step.why.clone()),
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
        self.check_trace(trace)?;
        self.walk(trace.value(self.head), target, |seed, cross| trace.walk_back(self.head, seed, cross))
    }

    /// As [`Plan::explain_trace`], for a trace that nobody needs afterwards: its values are dropped as they are passed.
    ///
    /// # Errors
    /// As [`Plan::explain_trace`].
    pub fn explain_and_drop(&self, trace: Trace<'_, T>, target: &Target) -> Result<Explanation<T>> {
        self.check_trace(&trace)?;
        let scores = trace.value(self.head).clone();
        self.walk(&scores, target, |seed, cross| trace.into_walk_back(self.head, seed, cross))
    }

    fn check_trace(&self, trace: &Trace<'_, T>) -> Result<()> {
        if !std::ptr::eq(trace.network(), self.network) {
            return Err(Error::composite("the trace is of another network than the plan"));
        }
        self.check_fits(&self.network.shapes(trace.value(Value::INPUT).shape())?)
    }

    /// `go` carries a seed back, each node crossed as it is told.
    fn walk(
        &self,
        scores: &Tensor<T>,
        target: &Target,
        go: impl FnOnce(Tensor<T>, &mut Cross<'_, T>) -> Tensor<T>,
    ) -> Result<Explanation<T>> {
        let seed = match self.options.start {
            Start::Score => target.seed(scores)?,
            Start::One => target.ones(scores)?,
        };
        // Of each value one array for each part of the samples that went a way of its own.
        let mut layers: Vec<Vec<Tensor<T>>> = vec![Vec::new(); self.head.index() + 1];
        let mut entries: Vec<Option<Entry>> = vec![None; self.head.index()];
        let relevance = go(seed.clone(), &mut |node, record, relevance| {
            if self.options.keep_layers {
                layers[node + 1].push(relevance.clone());
            }
            if self.options.keep_ledger {
                let (back, entry) = self.cross_and_book(node, record, relevance);
                entries[node] = Some(match entries[node].take() {
                    Some(before) => before.merged(entry),
                    None => entry,
                });
                back
            } else {
                self.cross(node, record, relevance)
            }
        });
        let relevance = if self.lengths { lengths(relevance, self.channels()) } else { relevance };
        let layers = self.options.keep_layers.then(|| {
            layers[0].push(relevance.clone());
            self.complete(layers, relevance.shape())
        });
        let layers = layers.transpose()?;
        let ledger = self.options.keep_ledger.then(|| Ledger::new(entries.into_iter().flatten().collect()));
        Ok(Explanation { relevance, scores: scores.clone(), seed, layers, ledger })
    }

    /// As [`Plan::cross`], with what the ledger says about it.
    fn cross_and_book(
        &self,
        node: usize,
        record: &Record<'_, T>,
        relevance: Tensor<T>,
    ) -> (Vec<Tensor<T>>, Entry) {
        let received = Amount::of([&relevance]);
        let mut denominators = Denominators::default();
        let back = self.take_across(node, record, relevance, Some(&mut denominators));
        let step = &self.steps[node];
        let entry = Entry {
            node: self.network.nodes()[node].name().to_owned(),
            rule: step.shown_rule(),
            derivative: step.way == Way::Derivative,
            received,
            handed: Amount::of(&back),
            denominators,
        };
        (back, entry)
    }

    /// The parts of each value together, and zeros for values that no relevance has reached.
    fn complete(&self, layers: Vec<Vec<Tensor<T>>>, input: &[usize]) -> Result<Vec<Tensor<T>>> {
        let shapes = self.network.shapes(input)?;
        let whole = |(mut parts, shape): (Vec<Tensor<T>>, Vec<usize>)| match parts.len() {
            0 => Tensor::zeros(shape),
            1 => parts.remove(0),
            _ => joined(&parts),
        };
        Ok(layers.into_iter().zip(shapes).map(whole).collect())
    }

    /// Takes relevance of one node's output back to its inputs, one array an input: a single step of the way.
    ///
    /// # Panics
    /// If the record or the relevance is not of this node.
    #[must_use]
    pub fn cross(&self, node: usize, record: &Record<'_, T>, relevance: Tensor<T>) -> Vec<Tensor<T>> {
        self.take_across(node, record, relevance, None)
    }

    fn take_across(
        &self,
        node: usize,
        record: &Record<'_, T>,
        relevance: Tensor<T>,
        watch: Option<&mut Denominators>,
    ) -> Vec<Tensor<T>> {
        let site = self.prepared.site(node, record.site.kernels());
        let record = Record { site, ..record.clone() };
        self.steps[node].cross(self.network.nodes()[node].op(), &record, relevance, watch)
    }

    /// Relevance can stay where it is only if the one input of a layer has its output's shape, and a bound a
    /// channel needs as many channels.
    pub(crate) fn check_fits(&self, shapes: &[Vec<usize>]) -> Result<()> {
        for (index, node) in self.network.nodes()[..self.head.index()].iter().enumerate() {
            let step = &self.steps[index];
            let inputs: Vec<&[usize]> =
                node.inputs().iter().map(|value| &shapes[value.index()][..]).collect();
            let misfit = step.misfit(&inputs, &shapes[index + 1]);
            if let Some(misfit) = misfit {
                let (name, rule) = (node.name(), &step.rule);
                return Err(Error::composite(format!("{name}: rule {rule} {misfit}")));
            }
        }
        Ok(())
    }
}

/// The value relevance starts from: the output, or the logits before a softmax that ends the network.
pub(crate) fn head<T: Float>(network: &Network<T>, head: Head) -> Result<Value> {
    let last = network.nodes().len() - 1;
    match head {
        Head::Logits if network.nodes()[last].kind() == Kind::SoftMax && last > 0 => {
            Ok(network.nodes()[last].inputs()[0])
        }
        Head::Logits | Head::Output => Ok(network.output()),
        Head::Node(node) if node <= last => Ok(Value::of_node(node)),
        Head::Node(node) => {
            Err(Error::composite(format!("relevance cannot start at layer {node}; layers are 0 to {last}")))
        }
    }
}

/// For every place its length over the channels, in each of them.
fn lengths<T: Float>(relevance: Tensor<T>, channels: Channels) -> Tensor<T> {
    let axis = channel_axis(channels, relevance.ndim());
    let squares = relevance.mapv(|r| r * r).sum_axis(axis).insert_axis(axis);
    let lengths = squares.mapv_into(T::sqrt);
    lengths.broadcast(relevance.raw_dim()).expect("the channels alone were summed").to_owned()
}

/// Takes relevance across a node.
type Cross<'a, T> = dyn FnMut(usize, &Record<'_, T>, Tensor<T>) -> Vec<Tensor<T>> + 'a;
