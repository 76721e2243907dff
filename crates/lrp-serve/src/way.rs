//! By which rules a request wants its answer.

use lrp::rules::rules::find;
use lrp::rules::{Composite, Dialect, Parameter, Rule, Select, composite_within};
use serde::Deserialize;

use crate::fault::Fault;
use crate::model::Model;

/// A rule for all layers, or a composite; neither means what suits the model. And perhaps a rule for the first layer
/// with weights, whatever the others have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Way {
    rule: Option<String>,
    composite: Option<String>,
    first: Option<String>,
    dialect: Option<String>,
}

/// Rules with what they are called.
pub(crate) struct Rules {
    pub(crate) composite: Composite,
    pub(crate) name: String,
    /// Why these, where nobody asked.
    pub(crate) why: Option<String>,
}

impl Way {
    pub(crate) fn rules(&self, model: &Model) -> Result<Rules, Fault> {
        let bounds = model.sidecar.input.bounds();
        let rules = match (&self.rule, &self.composite) {
            (Some(_), Some(_)) => {
                return Err(Fault::senseless("a way has a rule and a composite, one of them is allowed"));
            }
            (Some(rule), None) => {
                let rule = rule_within(rule, &bounds)?;
                Rules { name: rule.to_string(), composite: Composite::uniform(rule), why: None }
            }
            (None, Some(name)) => {
                let (composite, name) = composite_within(name, &bounds)?;
                Rules { composite, name, why: None }
            }
            (None, None) => {
                let usual = model.usual.clone();
                Rules { composite: usual.composite, name: usual.name, why: Some(usual.why) }
            }
        };
        let Rules { mut composite, mut name, why } = rules;
        if let Some(first) = &self.first {
            let first = rule_within(first, &bounds)?;
            name = format!("{name}, first {first}");
            composite = composite.but(Select::First, first);
        }
        if let Some(dialect) = &self.dialect {
            composite = composite.in_dialect(dialect.parse::<Dialect>()?);
        }
        Ok(Rules { composite, name, why })
    }
}

/// A rule; one that asks for bounds of the input and names none has those that are known.
fn rule_within(text: &str, bounds: &[(f64, f64)]) -> Result<Rule, Fault> {
    let (low, high): (Vec<f64>, Vec<f64>) = bounds.iter().copied().unzip();
    let bare = find(text.trim()).ok().filter(|info| info.with(&[]).is_err() && !bounds.is_empty());
    // One bound is for all values, whether there are channels or not.
    let bound = |values: Vec<f64>| match values[..] {
        [one] => Parameter::from(one),
        _ => Parameter::from(values),
    };
    match bare.map(|info| (info.make)(&[bound(low), bound(high)])) {
        Some(Ok(rule)) => Ok(rule),
        _ => Ok(text.parse()?),
    }
}
