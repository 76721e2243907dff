//! Dialects: the same rule name in the arithmetic of different systems.

use std::fmt;
use std::str::FromStr;

use lrp_core::{Float, Kind, Op, Ties};

mod caffe;
mod zennit;

use crate::algebra::Rule;
use crate::error::{Error, Result};
use crate::options::Treatment;
use crate::rules::simple;
use crate::stand_in::StandIn;

/// The conventions a composite's rules are read in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// The published formulas with a signed stabilizer.
    #[default]
    Published,
    /// Those of the LRP Toolbox 1.3.1.
    Toolbox,
    /// Those of zennit 1.0: every fraction has the stabilizer `1e-6`, `gamma` is `signedgamma`, `w2` counts the
    /// squared bias, and the first of entries that tie wins a maximum. The rule for all layers no entry is about is
    /// for those with weights; sums and means share in proportion, activations and scalings pass, and everything
    /// else follows its gradient. zennit calls first what was registered first, here it is what runs first.
    Zennit,
    /// Those of the LRP Toolbox's programs for Caffe: no stabilizer where none is named, the first of entries that tie
    /// wins a maximum, padding counts to rules that do not look at the input, local responses are not normalized on
    /// the way back, and grouped convolutions have the first group's bias under rules that tell signs apart.
    Caffe,
}

/// The toolbox's stabilizer of `simple` on sum pooling, where every other layer has `1e-16`.
const TOOLBOX_POOL: f64 = 1e-12;

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 4] = [Self::Published, Self::Toolbox, Self::Zennit, Self::Caffe];

    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Toolbox => "toolbox",
            Self::Zennit => "zennit",
            Self::Caffe => "caffe",
        }
    }

    /// What `rule`, chosen for want of an entry or not, becomes on a layer, and why; `None` where the dialect
    /// changes nothing.
    pub(crate) fn adjust<T: Float>(
        self,
        op: &Op<T>,
        rule: &Rule,
        by_default: bool,
    ) -> Option<(Rule, &'static str)> {
        match self {
            Self::Published => None,
            Self::Toolbox => {
                let pool = op.layer().kind() == Kind::SumPool && *rule == simple();
                pool.then(|| (simple().stabilized(TOOLBOX_POOL), "toolbox stabilizer of sum pooling"))
            }
            Self::Zennit => zennit::adjust(op, rule, by_default),
            Self::Caffe => caffe::adjust(op, rule),
        }
    }

    /// What the dialect crosses in place of a layer that gets a rule; `None` where that is the layer itself.
    pub(crate) fn stand_in<T: Float>(
        self,
        op: &Op<T>,
        rule: &Rule,
        treatment: Treatment,
    ) -> Option<StandIn<T>> {
        const FIRST: &str = "the first of those that tie";
        match (self, op) {
            (Self::Zennit | Self::Caffe, Op::MaxPool(pool)) => {
                Some(StandIn::layer(pool.clone().with_ties(Ties::First), FIRST))
            }
            (Self::Zennit | Self::Caffe, Op::Reduce(reduce)) => {
                Some(StandIn::layer(reduce.clone().with_ties(Ties::First), FIRST))
            }
            (Self::Caffe, _) => caffe::stand_in(op, rule, treatment),
            _ => None,
        }
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Dialect {
    type Err = Error;

    /// Reads a dialect's name, upper or lower case.
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|dialect| dialect.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            Error::composite(format!("unknown dialect '{text}'; one of {names}"))
        })
    }
}
