//! What a plan does at one node.

use std::sync::Arc;

use lrp_core::{Channels, Crossing, Float, Flow, Kind, Memo, Network, Node, Op, Record, Tensor};

use ndarray::Axis;

use crate::algebra::Rule;
use crate::composite::{Choice, Composite};
use crate::error::{Error, Result};
use crate::ledger::Denominators;
use crate::options::Unknown;
use crate::redistribute::{Knowledge, redistribute};

/// How relevance crosses one node of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Step<T: Float> {
    pub(crate) rule: Rule,
    pub(crate) why: String,
    pub(crate) way: Way,
    /// What a user should know about it.
    pub(crate) notice: Option<String>,
    /// The layer, where the dialect has it otherwise than the network.
    op: Option<Op<T>>,
    pub(crate) knowledge: Arc<Knowledge<T>>,
}

/// What becomes of relevance at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// It goes back to where values came from, whatever the rule.
    Route,
    /// The same, because the rule looks at the input.
    Winner,
    /// It stays where it is.
    Stay,
    /// It is multiplied by the layer's derivative.
    Derivative,
    /// The rule shares it out.
    Shares,
}

/// The rule of a node, how relevance crosses it, and what to say about that.
pub(crate) struct Decision {
    pub(crate) rule: Rule,
    pub(crate) why: String,
    pub(crate) way: Way,
    notice: Option<String>,
}

impl Decision {
    /// Decides what happens at a node.
    pub(crate) fn make<T: Float>(
        network: &Network<T>,
        node: usize,
        composite: &Composite,
        unknown: Unknown,
    ) -> Result<Self> {
        let Choice { rule, why, by_default } = composite.choose(network, node);
        let last = node + 1 == network.nodes().len() && network.nodes()[node].kind() == Kind::SoftMax;
        if last && by_default && !rule.is_derivative() {
            // Whoever explains probabilities wants the logits' shares in them, not those of their differences.
            let why = "the softmax at the end passes relevance".to_owned();
            return Ok(Self { rule: Rule::pass(), why, way: Way::Stay, notice: None });
        }
        let crossing = network.nodes()[node].op().layer().crossing();
        let way = match crossing {
            _ if rule.is_derivative() => Way::Derivative,
            Crossing::Route => Way::Route,
            Crossing::Either if rule.looks_at_input() => Way::Winner,
            Crossing::Mix | Crossing::Either => Way::Shares,
            Crossing::Unknown if rule == Rule::pass() => Way::Stay,
            Crossing::Unknown => return Self::about_unknown(&network.nodes()[node], unknown),
        };
        Ok(Self { rule, why, way, notice: None })
    }

    fn about_unknown<T: Float>(node: &Node<T>, unknown: Unknown) -> Result<Self> {
        let (name, layer) = (node.name(), node.op().layer());
        let (rule, way, becomes) = match unknown {
            Unknown::Error => {
                return Err(Error::composite(format!(
                    "{name}: no rule is known for {layer:?}; let relevance pass or follow the gradient there"
                )));
            }
            Unknown::Pass => (crate::rules::pass(), Way::Stay, "relevance passes it unchanged"),
            Unknown::Gradient => {
                (crate::rules::gradient(), Way::Derivative, "relevance follows its gradient")
            }
        };
        let notice = Some(format!("{name} has no known rule: {becomes}"));
        Ok(Self { rule, why: "no rule is known; as asked for unknown layers".to_owned(), way, notice })
    }
}

impl<T: Float> Step<T> {
    pub(crate) fn new(
        decision: Decision,
        node: &Node<T>,
        composite: &Composite,
        not_negative: bool,
        only_positive: bool,
    ) -> Self {
        let Decision { rule, why, way, notice } = decision;
        let op = composite.dialect().layer(node.op());
        let channels = channels(node.op()).unwrap_or(Channels::First);
        let constants = Memo::new(true);
        let knowledge = Arc::new(Knowledge { not_negative, only_positive, channels, constants });
        Self { rule, why, way, notice, op, knowledge }
    }

    /// The rule as people should read it: `-` where relevance passes, `winner` where it follows the maximum.
    pub(crate) fn shown_rule(&self) -> String {
        match self.way {
            Way::Route => "-".to_owned(),
            Way::Winner => "winner".to_owned(),
            Way::Stay | Way::Derivative | Way::Shares => self.rule.to_string(),
        }
    }

    /// Why the rule cannot cross the layer between inputs and an output of these shapes, if it cannot.
    pub(crate) fn misfit(&self, inputs: &[&[usize]], output: &[usize]) -> Option<String> {
        let formula = self.rule.formula();
        let stays = self.way == Way::Stay || (self.way == Way::Shares && formula.pass != 0.0);
        if stays && inputs != [output] {
            return Some("needs one input of the output's shape; give this layer another rule".to_owned());
        }
        let shares = formula.shares.iter().filter(|_| self.way == Way::Shares);
        let bounds = shares.flat_map(|share| share.sum.terms.iter().filter_map(|(look, _)| look.channels()));
        let count =
            |shape: &&[usize]| shape.get(channel_axis(self.knowledge.channels, shape.len()).index()).copied();
        for bounds in bounds {
            if let Some(shape) = inputs.iter().find(|shape| count(shape) != Some(bounds)) {
                return Some(format!("has bounds for {bounds} channels, but the input is {shape:?}"));
            }
        }
        None
    }

    /// Takes relevance of the node's output back to its inputs, one array an input.
    pub(crate) fn cross(
        &self,
        op: &Op<T>,
        record: &Record<'_, T>,
        relevance: Tensor<T>,
        watch: Option<&mut Denominators>,
    ) -> Vec<Tensor<T>> {
        let layer = self.op.as_ref().unwrap_or(op).layer();
        let derivatives = || {
            let parts = self.rule.formula().derivatives.iter().map(|&(scale, derivative)| {
                let parts = derivative.cross(layer, record, &relevance.view());
                parts.into_iter().map(|part| if scale == 1.0 { part } else { part * T::of(scale) }).collect()
            });
            parts.reduce(add)
        };
        match self.way {
            Way::Stay => vec![relevance],
            Way::Derivative => derivatives().expect("it has derivatives and nothing else"),
            Way::Route | Way::Winner | Way::Shares => match layer.flow(record) {
                Flow::Route(route) => route(relevance),
                Flow::Either(route, _) if self.way == Way::Winner => route(relevance),
                Flow::Mix(mix) | Flow::Either(_, mix) => {
                    let derived = derivatives();
                    let formula = self.rule.formula();
                    let shares = redistribute(formula, &mix, record, relevance, &self.knowledge, watch);
                    derived.into_iter().fold(shares, add)
                }
                Flow::Unknown => unreachable!("crossing and flow agree"),
            },
        }
    }
}

fn add<T: Float>(one: Vec<Tensor<T>>, two: Vec<Tensor<T>>) -> Vec<Tensor<T>> {
    one.into_iter().zip(two).map(|(one, two)| one + two).collect()
}

/// The axis of an input of so many that holds the channels.
pub(crate) fn channel_axis(channels: Channels, axes: usize) -> Axis {
    match channels {
        Channels::First => Axis(1),
        Channels::Last => Axis(axes - 1),
    }
}

/// Where a layer's input keeps its channels, if the layer knows.
pub(crate) fn channels<T: Float>(op: &Op<T>) -> Option<Channels> {
    match op {
        Op::Convolution(layer) => Some(layer.channels()),
        Op::TransposedConvolution(layer) => Some(layer.channels()),
        Op::SumPool(layer) => Some(layer.channels()),
        Op::AveragePool(layer) => Some(layer.channels()),
        Op::MaxPool(layer) => Some(layer.channels()),
        _ => None,
    }
}
