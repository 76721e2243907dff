//! Composites: which rule for which layer.

use std::fmt;

use lrp_core::{Float, Kind, Network};
use wildmatch::WildMatch;

use crate::algebra::Rule;
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::rules::{alpha_beta, epsilon, flat, simple, w_square, z_plus};

/// An assignment of rules to the layers of any network: the first entry that matches a layer wins.
#[derive(Clone, Debug, PartialEq)]
pub struct Composite {
    entries: Vec<(Select, Rule)>,
    otherwise: Rule,
    dialect: Dialect,
}

/// Which layers an entry of a [`Composite`] means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Select {
    /// Layers of a kind.
    Kind(Kind),
    /// The first layer with weights, in the order layers run.
    First,
    /// The last layer with weights.
    Last,
    /// Layers whose name matches a pattern with `*` and `?`.
    Name(String),
    /// The layer at a position, counted from 0 over all layers.
    Index(usize),
}

impl Composite {
    /// The same rule everywhere.
    #[must_use]
    pub fn uniform(rule: Rule) -> Self {
        Self { entries: Vec::new(), otherwise: rule, dialect: Dialect::Published }
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

    /// The rule for a node, and why.
    ///
    /// # Panics
    /// If the network has no such node.
    #[must_use]
    pub fn rule_for<T: Float>(&self, network: &Network<T>, node: usize) -> (Rule, String) {
        let matching = self.entries.iter().find(|(select, _)| select.matches(network, node));
        let (rule, why) = matching
            .map_or((&self.otherwise, "default".to_owned()), |(select, rule)| (rule, select.to_string()));
        let adjusted = self.dialect.adjust(network.nodes()[node].kind(), rule);
        match adjusted {
            Some((rule, note)) => (rule, format!("{why}; {note}")),
            None => (rule.clone(), why),
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
            Self::Last => weighted.next_back() == Some(node),
            Self::Name(pattern) => WildMatch::new(pattern).matches(nodes[node].name()),
            Self::Index(index) => *index == node,
        }
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(kind) => write!(f, "every {kind}"),
            Self::First => f.write_str("first layer with weights"),
            Self::Last => f.write_str("last layer with weights"),
            Self::Name(pattern) => write!(f, "name matches '{pattern}'"),
            Self::Index(index) => write!(f, "layer {index}"),
        }
    }
}

/// A composite as users name it.
#[derive(Clone, Copy, Debug)]
pub struct CompositeInfo {
    /// Its name.
    pub name: &'static str,
    /// What it is for, in a line.
    pub summary: &'static str,
    /// Makes it.
    pub make: fn() -> Composite,
}

/// Every composite with a name.
pub const COMPOSITES: &[CompositeInfo] = &[
    CompositeInfo {
        name: "lrp-0",
        summary: "simple everywhere: gradient × input on rectifier networks",
        make: || Composite::uniform(simple()),
    },
    CompositeInfo {
        name: "epsilon-plus",
        summary: "zplus for convolutions, epsilon(1e-6) for dense layers and pools",
        make: || epsilon_with(z_plus()),
    },
    CompositeInfo {
        name: "epsilon-plus-flat",
        summary: "epsilon-plus with a flat first layer",
        make: || with_first(flat(), epsilon_with(z_plus())),
    },
    CompositeInfo {
        name: "epsilon-alpha2-beta1",
        summary: "alphabeta(2,1) for convolutions, epsilon(1e-6) for dense layers and pools",
        make: || epsilon_with(alpha_beta(2.0, 1.0)),
    },
    CompositeInfo {
        name: "epsilon-alpha2-beta1-flat",
        summary: "epsilon-alpha2-beta1 with a flat first layer",
        make: || with_first(flat(), epsilon_with(alpha_beta(2.0, 1.0))),
    },
    CompositeInfo {
        name: "alpha1-flat",
        summary: "the toolbox's recipe: alphabeta(1,0) everywhere, flat for the first layer",
        make: || with_first(flat(), Composite::uniform(alpha_beta(1.0, 0.0))),
    },
    CompositeInfo {
        name: "alpha1-w2",
        summary: "the toolbox's recipe: alphabeta(1,0) everywhere, w2 for the first layer",
        make: || with_first(w_square(), Composite::uniform(alpha_beta(1.0, 0.0))),
    },
];

/// Makes the composite called `name`.
///
/// # Errors
/// Lists the names there are.
pub fn composite(name: &str) -> Result<Composite> {
    let info = COMPOSITES.iter().find(|info| info.name.eq_ignore_ascii_case(name));
    info.map(|info| (info.make)()).ok_or_else(|| {
        let names: Vec<&str> = COMPOSITES.iter().map(|info| info.name).collect();
        Error::composite(format!("unknown composite '{name}'; one of {}", names.join(", ")))
    })
}

/// `convolutions` for convolutions and ε for everything else that mixes.
fn epsilon_with(convolutions: Rule) -> Composite {
    Composite::uniform(epsilon(1e-6)).then(Select::Kind(Kind::Convolution), convolutions)
}

fn with_first(rule: Rule, composite: Composite) -> Composite {
    let first = (Select::First, rule);
    Composite { entries: std::iter::once(first).chain(composite.entries).collect(), ..composite }
}
