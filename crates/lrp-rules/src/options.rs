//! What a plan does beyond its composite.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What a [`Plan`](crate::Plan) does beyond its composite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Which value relevance starts from.
    pub head: Head,
    /// Keep the relevance of every layer, not only of the input.
    pub keep_layers: bool,
    /// Keep a [`Ledger`](crate::Ledger) of what every node received and handed on.
    pub keep_ledger: bool,
    /// Prepare weights anew for every use instead of keeping them: slower, with less memory, and with the same
    /// result.
    pub save_memory: bool,
    /// What to do about layers that no rule is known for.
    pub unknown: Unknown,
    /// What relevance starts from.
    pub start: Start,
}

/// Which value relevance starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Head {
    /// The logits: the output, or what a softmax that ends the network reads.
    #[default]
    Logits,
    /// The output, probabilities if a softmax ends the network.
    Output,
    /// What the node at a position writes.
    Node(usize),
}

/// What a plan does about layers whose relevance nobody has published a rule for, unless the composite gives them
/// one that fits any layer: `pass` or a derivative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// There is no plan.
    #[default]
    Error,
    /// Relevance passes them unchanged.
    Pass,
    /// Relevance is multiplied by their derivative.
    Gradient,
}

/// What relevance starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start {
    /// The score explained.
    #[default]
    Score,
    /// One: with derivatives for rules the explanation is then itself a derivative.
    One,
}

/// What a composite does with layers, whatever their rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Treatment {
    /// How relevance crosses the maximum of a window.
    pub maxima: Maxima,
    /// What rules that tell positive from negative parts do with the bias of layers with weights.
    pub bias: BiasShare,
    /// What local response normalization does with relevance.
    pub responses: Responses,
    /// Whether what reaches the input is replaced by its length over the channels: a picture of sizes.
    pub lengths: bool,
}

/// How relevance crosses the maximum of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Maxima {
    /// It goes to the entry that won.
    #[default]
    Winner,
    /// It is shared as if the layer had taken the mean.
    Mean,
}

/// What rules that tell positive from negative parts do with the bias.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BiasShare {
    /// It is a product of its own, whose share of relevance is lost.
    #[default]
    Own,
    /// An equal part of it is added to each product, before signs are told apart; nothing is lost to it.
    Spread,
}

/// What local response normalization does with relevance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Responses {
    /// What it does in the dialect; it passes it, where the dialect does not say.
    #[default]
    Dialect,
    /// It passes it, whatever the dialect.
    Pass,
}

/// A choice with a name a variant, written and read.
macro_rules! named {
    ($kind:ident, $what:literal, $($variant:ident = $name:literal),+) => {
        impl $kind {
            /// Every choice.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name users write.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl FromStr for $kind {
            type Err = Error;

            /// Reads a choice by its name, upper or lower case.
            fn from_str(text: &str) -> Result<Self> {
                let found = Self::ALL.iter().find(|choice| choice.name().eq_ignore_ascii_case(text));
                found.copied().ok_or_else(|| {
                    let names: Vec<&str> = Self::ALL.iter().map(|choice| choice.name()).collect();
                    Error::composite(format!(concat!("unknown ", $what, " '{}'; one of {}"), text, names.join(", ")))
                })
            }
        }
    };
}
named!(Unknown, "policy", Error = "error", Pass = "pass", Gradient = "gradient");
named!(Start, "start", Score = "score", One = "one");
named!(Maxima, "way across a maximum", Winner = "winner", Mean = "mean");
named!(BiasShare, "treatment of the bias", Own = "own", Spread = "spread");
named!(Responses, "treatment of local responses", Dialect = "dialect", Pass = "pass");
