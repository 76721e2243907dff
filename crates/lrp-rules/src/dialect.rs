//! Dialects: the same rule name in the arithmetic of different systems.

use std::fmt;
use std::str::FromStr;

use lrp_core::{Float, Kind, Op, Ties};

mod zennit;

use crate::algebra::Rule;
use crate::error::{Error, Result};
use crate::rules::simple;

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
}

/// The toolbox's stabilizer of `simple` on sum pooling, where every other layer has `1e-16`.
const TOOLBOX_POOL: f64 = 1e-12;

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 3] = [Self::Published, Self::Toolbox, Self::Zennit];

    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Toolbox => "toolbox",
            Self::Zennit => "zennit",
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
        }
    }

    /// A layer as the dialect has it; `None` where it is as everywhere.
    pub(crate) fn layer<T: Float>(self, op: &Op<T>) -> Option<Op<T>> {
        match (self, op) {
            (Self::Zennit, Op::MaxPool(pool)) => Some(pool.clone().with_ties(Ties::First).into()),
            (Self::Zennit, Op::Reduce(reduce)) => Some(reduce.clone().with_ties(Ties::First).into()),
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
