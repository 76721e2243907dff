//! Rules preset on single layers, with the precedence the toolbox gives them.

use std::collections::BTreeMap;

use crate::algebra::Rule;
use crate::composite::{Composite, Select};
use crate::dialect::Dialect;
use crate::error::{Error, Result};
use crate::rules::{find, simple};

/// A rule a layer, as `set_lrp_parameters` left them in the toolbox.
///
/// A layer without a preset uses [`simple`]. A rule named in the call for an explanation overrides every
/// preset, parameters included; it never borrows a preset's parameter.
///
/// ```
/// use lrp_rules::{Presets, rules::{alpha_beta, epsilon, w_square}};
/// let presets = Presets::everywhere(alpha_beta(1.0, 0.0)).with(0, w_square());
/// assert_eq!(presets.composite(None).entries().len(), 1);
/// assert!(presets.composite(Some(epsilon(0.01))).entries().is_empty());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Presets {
    everywhere: Rule,
    layers: BTreeMap<usize, Rule>,
}

impl Default for Presets {
    fn default() -> Self {
        Self::everywhere(simple())
    }
}

impl Presets {
    /// The same preset on every layer: what setting the whole network does.
    #[must_use]
    pub fn everywhere(rule: Rule) -> Self {
        Self { everywhere: rule, layers: BTreeMap::new() }
    }

    /// The same presets but for one layer, counted from 0.
    #[must_use]
    pub fn with(mut self, layer: usize, rule: Rule) -> Self {
        self.layers.insert(layer, rule);
        self
    }

    /// What a call computes: the presets, or the rule the call names.
    #[must_use]
    pub fn composite(&self, call: Option<Rule>) -> Composite {
        let composite = match call {
            Some(rule) => Composite::uniform(rule),
            None => self
                .layers
                .iter()
                .fold(Composite::uniform(self.everywhere.clone()), |composite, (&layer, rule)| {
                    composite.then(Select::Index(layer), rule.clone())
                }),
        };
        composite.in_dialect(Dialect::Toolbox)
    }
}

/// The rule the toolbox means by a variant's name and its one parameter, as in `lrp(R, 'epsilon', 0.01)`.
///
/// Both left out mean "use the presets", which is `None` here.
///
/// # Errors
/// If a parameter comes without a name, or is missing where the toolbox has no default.
///
/// ```
/// use lrp_rules::{rules::alpha_beta, toolbox_rule};
/// assert_eq!(toolbox_rule(Some("alphabeta"), Some(2.0))?, Some(alpha_beta(2.0, 1.0)));
/// assert!(toolbox_rule(Some("epsilon"), None).is_err());
/// # Ok::<(), lrp_rules::Error>(())
/// ```
pub fn toolbox_rule(name: Option<&str>, parameter: Option<f64>) -> Result<Option<Rule>> {
    let Some(name) = name else {
        return match parameter {
            None => Ok(None),
            Some(value) => {
                Err(Error::rule(format!("parameter {value} comes without the rule it belongs to")))
            }
        };
    };
    let info = find(name)?;
    let rule = match (info.name, parameter) {
        ("epsilon" | "alphabeta", None) => Err("needs its parameter"),
        // The toolbox ignores a parameter these rules have no use for.
        ("simple" | "flat" | "w2", _) | (_, None) => info.with(&[]),
        (_, Some(value)) => info.with(&[value]),
    };
    rule.map(Some).map_err(|message| Error::rule(format!("rule '{name}': {message}; usage: {}", info.usage)))
}
