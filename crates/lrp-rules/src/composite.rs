//! Composites: which rule for which layer.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use lrp_core::{Float, Kind, Network};
use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use crate::algebra::Rule;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::options::Treatment;
use crate::stand_in::StandIn;

/// An assignment of rules to the layers of any network: the first entry that matches a layer wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    entries: Vec<(Select, Rule)>,
    otherwise: Rule,
    dialect: Dialect,
    treatment: Treatment,
}

/// Which layers an entry of a [`Composite`] means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    /// Layers of a kind.
    Kind(Kind),
    /// The first layer with weights, in the order layers run.
    First,
    /// The first layer of a kind, in the order layers run.
    FirstOf(Kind),
    /// The last layer with weights.
    Last,
    /// Layers whose name matches a pattern with `*` and `?`.
    Name(String),
    /// The layer at a position, counted from 0 over all layers.
    Index(usize),
    /// Layers with weights, from the first up to one, that included.
    WeightsUpTo(Place),
}

/// One layer of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Place {
    /// By its position, counted from 0 over all layers.
    Index(usize),
    /// By its name.
    Name(String),
}

impl Composite {
    /// The same rule everywhere.
    #[must_use]
    pub fn uniform(rule: Rule) -> Self {
        let (dialect, treatment) = (Dialect::Published, Treatment::default());
        Self { entries: Vec::new(), otherwise: rule, dialect, treatment }
    }

    /// The same composite with one more entry, which counts after those already there.
    #[must_use]
    pub fn then(mut self, select: Select, rule: Rule) -> Self {
        self.entries.push((select, rule));
        self
    }

    /// The same composite in the conventions of another system.
    #[must_use]
    pub fn in_dialect(self, dialect: Dialect) -> Self {
        Self { dialect, ..self }
    }

    /// The same composite, layers treated in another way whatever their rule.
    #[must_use]
    pub fn treated(self, treatment: Treatment) -> Self {
        Self { treatment, ..self }
    }

    /// How layers are treated whatever their rule.
    #[must_use]
    pub fn treatment(&self) -> Treatment {
        self.treatment
    }

    /// The entries in the order they are tried.
    #[must_use]
    pub fn entries(&self) -> &[(Select, Rule)] {
        &self.entries
    }

    /// The rule of layers no entry matches.
    #[must_use]
    pub fn otherwise(&self) -> &Rule {
        &self.otherwise
    }

    /// The conventions the rules are read in.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The same composite with an entry before all others.
    #[must_use]
    pub fn but(mut self, select: Select, rule: Rule) -> Self {
        self.entries.insert(0, (select, rule));
        self
    }

    /// The rule for a node, and why.
    ///
    /// # Panics
    /// If the network has no such node.
    #[must_use]
    pub fn rule_for<T: Float>(&self, network: &Network<T>, node: usize) -> (Rule, String) {
        let Choice { rule, why, .. } = self.choose(network, node);
        (rule, why)
    }

    /// Refuses places that a network does not have.
    pub(crate) fn check<T: Float>(&self, network: &Network<T>) -> Result<()> {
        let places = self.entries.iter().filter_map(|(select, _)| match select {
            Select::WeightsUpTo(place) => Some(place),
            _ => None,
        });
        match places.into_iter().find(|place| place.find(network).is_none()) {
            Some(place) => Err(Error::composite(format!("the network has no {place}"))),
            None => Ok(()),
        }
    }

    /// The rule for a node in the composite's dialect.
    pub(crate) fn choose<T: Float>(&self, network: &Network<T>, node: usize) -> Choice<T> {
        let matching = self.entries.iter().find(|(select, _)| select.matches(network, node));
        let (rule, why) = matching
            .map_or((&self.otherwise, "default".to_owned()), |(select, rule)| (rule, select.to_string()));
        let by_default = matching.is_none();
        let op = network.nodes()[node].op();
        let (rule, why) = match self.dialect.adjust(op, rule, by_default) {
            Some((rule, note)) => (rule, format!("{why}; {note}")),
            None => (rule.clone(), why),
        };
        let (stand_in, why) = match StandIn::of(op, &rule, self.dialect, self.treatment) {
            Some(stand_in) => (Some(stand_in.clone()), format!("{why}; {}", stand_in.why)),
            None => (None, why),
        };
        Choice { rule, why, by_default, stand_in }
    }
}

/// The rule of a node.
pub(crate) struct Choice<T: Float> {
    pub(crate) rule: Rule,
    pub(crate) why: String,
    /// Whether no entry of the composite is about this node.
    pub(crate) by_default: bool,
    /// The layer that is crossed in place of the node's own.
    pub(crate) stand_in: Option<StandIn<T>>,
}

impl Place {
    /// The position of the layer, if the network has it.
    #[must_use]
    pub fn find<T: Float>(&self, network: &Network<T>) -> Option<usize> {
        match self {
            Self::Index(index) => Some(*index).filter(|&index| index < network.nodes().len()),
            Self::Name(name) => network.nodes().iter().position(|node| node.name() == name),
        }
    }

    fn reaches<T: Float>(&self, network: &Network<T>, node: usize) -> bool {
        self.find(network).is_some_and(|last| node <= last)
    }
}

impl FromStr for Place {
    type Err = Infallible;

    /// A number is a position, everything else a name.
    fn from_str(text: &str) -> std::result::Result<Self, Infallible> {
        Ok(text.parse().map_or_else(|_| Self::Name(text.to_owned()), Self::Index))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Index(index) => write!(f, "layer {index}"),
            Self::Name(name) => write!(f, "layer '{name}'"),
        }
    }
}

impl Select {
    fn matches<T: Float>(&self, network: &Network<T>, node: usize) -> bool {
        let nodes = network.nodes();
        let mut weighted = (0..nodes.len()).filter(|&index| nodes[index].kind().has_weights());
        match self {
            Self::Kind(kind) => nodes[node].kind() == *kind,
            Self::First => weighted.next() == Some(node),
            Self::FirstOf(kind) => (0..nodes.len()).find(|&index| nodes[index].kind() == *kind) == Some(node),
            Self::Last => weighted.next_back() == Some(node),
            Self::Name(pattern) => WildMatch::new(pattern).matches(nodes[node].name()),
            Self::Index(index) => *index == node,
            Self::WeightsUpTo(place) => nodes[node].kind().has_weights() && place.reaches(network, node),
        }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "every {kind}"),
            Self::First => f.write_str("first layer with weights"),
            Self::FirstOf(kind) => write!(f, "first {kind}"),
            Self::Last => f.write_str("last layer with weights"),
            Self::Name(pattern) => write!(f, "name matches '{pattern}'"),
            Self::Index(index) => write!(f, "layer {index}"),
            Self::WeightsUpTo(place) => write!(f, "layers with weights up to {place}"),
        }
    }
}
