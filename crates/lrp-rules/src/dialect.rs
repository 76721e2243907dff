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
    /// Every dialect with the name users write.
    pub const NAMES: [(Self, &'static str); 2] = [(Self::Published, "published"), (Self::Toolbox, "toolbox")];

    /// What `rule` becomes on a layer of some kind, and why; `None` where the dialect changes nothing.
    pub(crate) fn adjust(self, kind: Kind, rule: &Rule) -> Option<(Rule, &'static str)> {
        let pool = self == Self::Toolbox && kind == Kind::SumPool && *rule == simple();
        pool.then(|| (simple().stabilized(TOOLBOX_POOL), "toolbox stabilizer of sum pooling"))
    }
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Self::NAMES.iter().find(|(dialect, _)| dialect == self).map_or("", |(_, name)| name);
        f.pad(name)
    }
}

impl FromStr for Dialect {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = Self::NAMES.iter().find(|(_, name)| name.eq_ignore_ascii_case(text));
        found.map(|(dialect, _)| *dialect).ok_or_else(|| {
            let names: Vec<&str> = Self::NAMES.iter().map(|(_, name)| *name).collect();
            Error::composite(format!("unknown dialect '{text}'; one of {}", names.join(", ")))
        })
    }
}
