//! Which rules a network is explained by: those asked for, or those that suit it.

use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::{Float, Network};
use lrp::io::Limits;
use lrp::rules::{
    Attributor, Composite, Dialect, Head, Place, PlanOptions, Rule, Start, Suggestion, Unknown,
    composite_within, suggest, toolbox_suggestion,
};

use crate::Outcome;
use crate::model::Model;

/// Which rules to use.
#[derive(Args)]
#[command(next_help_heading = "Rules")]
pub(crate) struct RuleOptions {
    /// One rule for every layer, such as epsilon(0.01); `lrp rules` lists them
    #[arg(long, group = "choice")]
    rule: Option<Rule>,
    /// A named assignment of rules to layers, such as epsilon-gamma-box(-2,2); `lrp rules` lists them
    /// [default: what suits the model; `lrp plan` says what and why]
    #[arg(long, group = "choice", value_name = "NAME")]
    composite: Option<String>,
    /// An assignment of rules to layers written in TOML
    #[arg(long, group = "choice", value_name = "FILE.toml")]
    preset: Option<PathBuf>,
    /// The conventions rules are read in: published, toolbox, zennit or caffe
    #[arg(long, value_name = "NAME")]
    dialect: Option<Dialect>,
    /// What to do about layers that no rule is known for: error, pass or gradient
    #[arg(long, value_name = "POLICY", default_value_t)]
    unknown: Unknown,
    /// What relevance starts from: score or one
    #[arg(long, value_name = "WHAT", default_value_t)]
    from: Start,
    /// Explain the probabilities of a softmax head, not the logits before it
    #[arg(long)]
    keep_softmax: bool,
    /// Start on top of this layer, by name or number, not at the logits; `lrp plan` lists them
    #[arg(long, value_name = "LAYER", conflicts_with = "keep_softmax")]
    start_layer: Option<Place>,
}

/// Ways to explain without rules.
#[derive(Args)]
pub(crate) struct MethodOptions {
    /// Explain without rules, such as integrated-gradients(50); `lrp rules` lists the methods
    #[arg(long, help_heading = "Rules", conflicts_with_all = ["choice", "dialect", "from", "unknown"])]
    pub(crate) method: Option<Attributor>,
}

/// The rules of a call.
pub(crate) struct Rules {
    pub(crate) composite: Composite,
    /// How they were asked for, or could have been.
    pub(crate) name: String,
    /// Why these, where nobody asked.
    pub(crate) why: Option<String>,
}

impl RuleOptions {
    /// The rules asked for, or those that suit the model. Composites that need bounds of the input have those that are
    /// known, if they name none.
    pub(crate) fn rules<T: Float>(&self, limits: &Limits, model: &Model<T>) -> Outcome<Rules> {
        let bounds = model.preparation.bounds();
        let (composite, name, why) = match (&self.rule, &self.composite, &self.preset) {
            (Some(rule), _, _) => (Composite::uniform(rule.clone()), rule.to_string(), None),
            (_, Some(name), _) => {
                let (composite, name) = composite_within(name, &bounds)?;
                (composite, name, None)
            }
            (_, _, Some(path)) => (preset(path, limits)?, path.display().to_string(), None),
            _ => {
                let Suggestion { composite, name, why } = suggested(model, &bounds)?;
                (composite, name, Some(why))
            }
        };
        let composite = match self.dialect {
            Some(dialect) => composite.in_dialect(dialect),
            None => composite,
        };
        Ok(Rules { composite, name, why })
    }

    pub(crate) fn plan_options<T: Float>(&self, network: &Network<T>) -> Outcome<PlanOptions> {
        let Self { keep_softmax, unknown, from: start, .. } = *self;
        let head = match &self.start_layer {
            Some(layer) => Head::Node(
                layer.find(network).ok_or_else(|| format!("the network has no {layer}; see `lrp plan`"))?,
            ),
            None if keep_softmax => Head::Output,
            None => Head::Logits,
        };
        Ok(PlanOptions { head, unknown, start, ..PlanOptions::default() })
    }
}

/// What suits a model; the toolbox's formats have one rule whatever is in them.
pub(crate) fn suggested<T: Float>(model: &Model<T>, bounds: &[(f64, f64)]) -> Outcome<Suggestion> {
    Ok(if model.exported { suggest(&model.network, bounds)? } else { toolbox_suggestion(bounds)? })
}

fn preset(path: &Path, limits: &Limits) -> Outcome<Composite> {
    let name = path.display();
    let bytes = lrp::io::read_file(path, limits)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{name}: is not text"))?;
    Ok(text.parse().map_err(|error| format!("{name}: {error}"))?)
}
