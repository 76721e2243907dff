//! Composites as text a user can write and share.

use std::str::FromStr;

use lrp_core::Kind;
use serde::{Deserialize, Serialize};

use crate::algebra::Rule;
use crate::composite::{Composite, Place, Select};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::options::Treatment;

/// The file as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(skip_serializing_if = "Option::is_none")]
    dialect: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maxima: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bias: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    responses: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    lengths: bool,
    otherwise: String,
    #[serde(default, rename = "layer", skip_serializing_if = "Vec::is_empty")]
    layers: Vec<Entry>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    up_to: Option<Place>,
    rule: String,
}

impl FromStr for Composite {
    type Err = Error;

    /// Reads a composite written in TOML: `otherwise`, optionally `dialect`, and `[[layer]]` entries tried in
    /// order, each with a `rule` and one of `kind`, `first = true`, `last = true`, `name`, `index`, `up_to`; `kind` and
    /// `first = true` together are the first layer of the kind, and `up_to` is the name or position of the last of the
    /// layers with weights that are meant. `maxima`, `bias`, `responses` and `lengths` are those of [`Treatment`].
    ///
    /// ```
    /// use lrp_rules::{Composite, Select, rules::{epsilon, flat}};
    /// let composite: Composite = "
    ///     otherwise = 'epsilon(1e-6)'
    ///     [[layer]]
    ///     first = true
    ///     rule = 'flat'
    /// ".parse()?;
    /// assert_eq!(composite, Composite::uniform(epsilon(1e-6)).then(Select::First, flat()));
    /// assert_eq!(composite.to_toml().parse::<Composite>()?, composite);
    /// # Ok::<(), lrp_rules::Error>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = 1 + text
                .bytes()
                .take(error.span().map_or(0, |span| span.start))
                .filter(|&byte| byte == b'\n')
                .count();
            Error::composite(format!("line {line}: {}", error.message().replace('\n', ", ")))
        })?;
        let composite = Self::uniform(file.otherwise.parse()?);
        let composite = match &file.dialect {
            Some(dialect) => composite.in_dialect(dialect.parse()?),
            None => composite,
        };
        let composite = composite.treated(file.treatment()?);
        file.layers.into_iter().enumerate().try_fold(composite, |composite, (index, entry)| {
            let number = index + 1;
            let numbered =
                |message: String| Error::composite(format!("[[layer]] number {number}: {message}"));
            let rule: Rule = entry.rule.parse().map_err(|error: Error| numbered(error.to_string()))?;
            Ok(composite.then(entry.select().map_err(numbered)?, rule))
        })
    }
}

impl Composite {
    /// Writes the composite as TOML that reads back as the same composite and is then written the same.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let dialect = (self.dialect() != Dialect::default()).then(|| self.dialect().to_string());
        let layers = self.entries().iter().map(|(select, rule)| Entry::new(select, rule)).collect();
        let Treatment { maxima, bias, responses, lengths } = self.treatment();
        let named = |name: &str, usual: bool| (!usual).then(|| name.to_owned());
        let file = File {
            dialect,
            maxima: named(maxima.name(), maxima == <_>::default()),
            bias: named(bias.name(), bias == <_>::default()),
            responses: named(responses.name(), responses == <_>::default()),
            lengths,
            otherwise: self.otherwise().to_string(),
            layers,
        };
        toml::to_string(&file).expect("strings, numbers and booleans have a TOML form")
    }
}

impl File {
    fn treatment(&self) -> Result<Treatment> {
        Ok(Treatment {
            maxima: self.maxima.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
            bias: self.bias.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
            responses: self.responses.as_deref().map(str::parse).transpose()?.unwrap_or_default(),
            lengths: self.lengths,
        })
    }
}

impl Entry {
    fn new(select: &Select, rule: &Rule) -> Self {
        let entry = Self { rule: rule.to_string(), ..Self::default() };
        match select {
            Select::Kind(kind) => Self { kind: Some(kind.to_string()), ..entry },
            Select::First => Self { first: Some(true), ..entry },
            Select::FirstOf(kind) => Self { kind: Some(kind.to_string()), first: Some(true), ..entry },
            Select::Last => Self { last: Some(true), ..entry },
            Select::Name(pattern) => Self { name: Some(pattern.clone()), ..entry },
            Select::Index(index) => Self { index: Some(*index), ..entry },
            Select::WeightsUpTo(place) => Self { up_to: Some(place.clone()), ..entry },
        }
    }

    fn select(&self) -> std::result::Result<Select, String> {
        let kind = self.kind.as_deref().map(str::parse::<Kind>).transpose()?;
        let first = self.first.unwrap_or(false);
        let place = match (kind, first) {
            (Some(kind), true) => Some(Select::FirstOf(kind)),
            (Some(kind), false) => Some(Select::Kind(kind)),
            (None, true) => Some(Select::First),
            (None, false) => None,
        };
        let last = self.last.filter(|&last| last).map(|_| Select::Last);
        let name = self.name.clone().map(Select::Name);
        let index = self.index.map(Select::Index);
        let up_to = self.up_to.clone().map(Select::WeightsUpTo);
        let mut given = [place, last, name, index, up_to].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(select), None) => Ok(select),
            _ => Err("needs exactly one of kind, first = true, last = true, name, index, up_to".to_owned()),
        }
    }
}
