//! What a plan does beyond its composite.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// What a [`Plan`](crate::Plan) does beyond its composite.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanOptions {
    /// Explain the probabilities of a softmax head instead of the logits before it.
    pub keep_softmax: bool,
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
