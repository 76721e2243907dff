//! What a plan does at one node.

use std::sync::Arc;

use lrp_core::{Channels, Crossing, Float, Flow, Kind, Layer, Memo, Network, Node, Op, Record, Tensor};

use ndarray::Axis;

use crate::algebra::{InputLens, Rule, Share};
use crate::composite::{Choice, Composite};
use crate::error::{Error, Result};
use crate::ledger::Denominators;
use crate::options::Unknown;
use crate::redistribute::{Knowledge, redistribute};
use crate::stand_in::{Crossed, StandIn};

/// How relevance crosses one node of a plan.
#[derive(Clone, Debug)]
pub(crate) struct Step<T: Float> {
    pub(crate) rule: Rule,
    pub(crate) why: String,
    pub(crate) way: Way,
    /// What a user should know about it.
    pub(crate) notice: Option<String>,
    /// The layer that is crossed in place of the node's own.
    stand_in: Option<StandIn<T>>,
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
    /// It ends there.
    Stop,
    /// What stands in for the layer has a formula of its own.
    Formula,
}

/// The rule of a node, how relevance crosses it, and what to say about that.
pub(crate) struct Decision<T: Float> {
    pub(crate) rule: Rule,
    pub(crate) why: String,
    pub(crate) way: Way,
    notice: Option<String>,
    stand_in: Option<StandIn<T>>,
}

impl<T: Float> Decision<T> {
    /// Decides what happens at a node.
    pub(crate) fn make(
        network: &Network<T>,
        node: usize,
        composite: &Composite,
        unknown: Unknown,
    ) -> Result<Self> {
        let Choice { rule, why, by_default, stand_in } = composite.choose(network, node);
        let last = node + 1 == network.nodes().len() && network.nodes()[node].kind() == Kind::SoftMax;
        if last && by_default && !rule.is_derivative() {
            // Whoever explains probabilities wants the logits' shares in them, not those of their differences.
            let why = "the softmax at the end passes relevance".to_owned();
            return Ok(Self { rule: Rule::pass(), why, way: Way::Stay, notice: None, stand_in: None });
        }
        let own = network.nodes()[node].op();
        let op = stand_in.as_ref().map_or(Some(own), StandIn::op);
        let way = match op.unwrap_or(own).layer().crossing() {
            _ if rule.is_nothing() => Way::Stop,
            _ if op.is_none() => Way::Formula,
            _ if rule.is_derivative() => Way::Derivative,
            Crossing::Route => Way::Route,
            Crossing::Either if rule.looks_at_input() => Way::Winner,
            Crossing::Mix | Crossing::Either => Way::Shares,
            Crossing::Unknown if rule == Rule::pass() => Way::Stay,
            Crossing::Unknown => return Self::about_unknown(&network.nodes()[node], unknown),
        };
        Ok(Self { rule, why, way, notice: None, stand_in })
    }

    /// Whether what stands in for the layer, if anything does, hands nothing to an input that is zero.
    pub(crate) fn is_in_proportion(&self) -> bool {
        self.stand_in.as_ref().is_none_or(StandIn::is_in_proportion)
    }

    fn about_unknown(node: &Node<T>, unknown: Unknown) -> Result<Self> {
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
        Ok(Self {
            rule,
            why: "no rule is known; as asked for unknown layers".to_owned(),
            way,
            notice,
            stand_in: None,
        })
    }
}

impl<T: Float> Step<T> {
    pub(crate) fn new(
        decision: Decision<T>,
        node: &Node<T>,
        not_negative: bool,
        only_positive: bool,
    ) -> Self {
        let Decision { rule, why, way, notice, stand_in } = decision;
        let channels = node.op().channels().unwrap_or(Channels::First);
        let constants = Memo::new(true);
        let knowledge = Arc::new(Knowledge { not_negative, only_positive, channels, constants });
        Self { rule, why, way, notice, stand_in, knowledge }
    }

    /// The rule as people should read it: `-` where relevance passes, `winner` where it follows the maximum.
    pub(crate) fn shown_rule(&self) -> String {
        match self.way {
            Way::Route => "-".to_owned(),
            Way::Winner => "winner".to_owned(),
            Way::Stay | Way::Derivative | Way::Shares | Way::Stop | Way::Formula => self.rule.to_string(),
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
        let pixels = |share: &'_ Share| {
            let looks = share.sum.terms.iter().map(|(look, _)| look);
            looks
                .filter_map(InputLens::pixels)
                .find(|pixels| inputs.iter().any(|shape| shape[1..] != **pixels))
                .map(<[usize]>::to_vec)
        };
        let padded = matches!(&self.stand_in, Some(StandIn { crossed: Crossed::Padded(..), .. }));
        if let Some(pixels) =
            formula.shares.iter().filter(|_| self.way == Way::Shares && !padded).find_map(pixels)
        {
            return Some(format!(
                "has bounds for samples of shape {pixels:?}, but the input is {:?}",
                inputs[0]
            ));
        }
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
        if let Some(stand_in) = &self.stand_in {
            let by_the_rule = |layer: &dyn Layer<T>, record: &Record<'_, T>, relevance| {
                self.across(layer, record, relevance, watch)
            };
            return stand_in.cross(record, relevance, by_the_rule);
        }
        self.across(op.layer(), record, relevance, watch)
    }

    fn across(
        &self,
        layer: &dyn Layer<T>,
        record: &Record<'_, T>,
        relevance: Tensor<T>,
        watch: Option<&mut Denominators>,
    ) -> Vec<Tensor<T>> {
        let derivatives = || {
            let parts = self.rule.formula().derivatives.iter().map(|&(scale, derivative)| {
                let parts = derivative.cross(layer, record, &relevance.view());
                parts.into_iter().map(|part| if scale == 1.0 { part } else { part * T::of(scale) }).collect()
            });
            parts.reduce(add)
        };
        match self.way {
            Way::Stay => vec![relevance],
            Way::Stop | Way::Formula => record.inputs.iter().map(|x| Tensor::zeros(x.raw_dim())).collect(),
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
