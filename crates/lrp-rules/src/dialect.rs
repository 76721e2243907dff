//! Dialects: the same rule name in the arithmetic of different systems.

use std::fmt;
use std::str::FromStr;

use lrp_core::Kind;

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
}

/// The toolbox's stabilizer of `simple` on sum pooling, where every other layer has `1e-16`.
const TOOLBOX_POOL: f64 = 1e-12;

impl Dialect {
    /// Every dialect.
    pub const ALL: [Self; 2] = [Self::Published, Self::Toolbox];

    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Toolbox => "toolbox",
        }
    }

    /// What `rule` becomes on a layer of some kind, and why; `None` where the dialect changes nothing.
    pub(crate) fn adjust(self, kind: Kind, rule: &Rule) -> Option<(Rule, &'static str)> {
        let pool = self == Self::Toolbox && kind == Kind::SumPool && *rule == simple();
        pool.then(|| (simple().stabilized(TOOLBOX_POOL), "toolbox stabilizer of sum pooling"))
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
