//! Networks in canonical form, and what that changed.

use std::io::Write;

use clap::Args;
use lrp::rules::{Canonized, Rewrite, canonize, random_sample};
use serde_json::{Value, json};

use crate::Outcome;
use crate::model::Model;

/// What the measure is taken on, so that it is the same in every call.
const SEED: u64 = 0;

/// Whether networks are rewritten.
#[derive(Args, Default)]
#[command(next_help_heading = "Rules")]
pub(crate) struct CanonicalOptions {
    /// Explain an ONNX model operator by operator as it was exported, not in canonical form
    #[arg(long)]
    no_canonize: bool,
}

/// What became of a network.
pub(crate) struct Changes {
    rewrites: Vec<Rewrite>,
    /// `max |f − f'|`, where an input can be drawn.
    difference: Option<f64>,
}

impl CanonicalOptions {
    /// The model in the form it is explained in.
    pub(crate) fn apply(&self, model: Model<f64>) -> Outcome<Model<f64>> {
        Ok(match self.canonized(&model)? {
            Some(canonized) => Model { network: canonized.network, ..model },
            None => model,
        })
    }

    /// The same, with what was changed; nothing is looked at in models of the toolbox's formats.
    pub(crate) fn compare(&self, model: Model<f64>) -> Outcome<(Model<f64>, Option<Changes>)> {
        let Some(canonized) = self.canonized(&model)? else { return Ok((model, None)) };
        let changes = Changes::of(&canonized, &model)?;
        Ok((Model { network: canonized.network, ..model }, Some(changes)))
    }

    fn canonized(&self, model: &Model<f64>) -> Outcome<Option<Canonized>> {
        let wanted = model.exported && !self.no_canonize;
        Ok(wanted.then(|| canonize(&model.network)).transpose()?)
    }
}

impl Changes {
    /// Measures on one random sample, within the input's bounds if there are any, unless the network takes none such.
    pub(crate) fn of(canonized: &Canonized, model: &Model<f64>) -> Outcome<Self> {
        let input = model.sample.as_ref().map(|s| random_sample(s, &model.preparation.bounds(), SEED));
        let difference = input.filter(|input| model.network.check_input(input).is_ok());
        let difference = difference.map(|input| canonized.difference(&model.network, &input)).transpose()?;
        Ok(Self { rewrites: canonized.rewrites.clone(), difference })
    }

    /// A line on the whole, and one a rewrite.
    pub(crate) fn write(&self, out: &mut dyn Write) -> Outcome {
        let measured = match (self.rewrites.len(), self.difference) {
            (0, _) => return Ok(writeln!(out, "canonical form: nothing to rewrite")?),
            (_, Some(0.0)) => "max |f - f'| is 0 on a random input".to_owned(),
            (_, Some(difference)) => format!("max |f - f'| is {difference:.1e} on a random input"),
            (_, None) => "not measured, for no input is known that can be drawn".to_owned(),
        };
        writeln!(out, "canonical form: {measured}")?;
        self.rewrites.iter().try_for_each(|rewrite| Ok(writeln!(out, "  {rewrite}")?))
    }

    pub(crate) fn json(&self) -> Value {
        let rewrite = |Rewrite { canonizer, gone, node, .. }: &Rewrite| json!({ "canonizer": canonizer, "gone": gone, "node": node });
        let rewrites: Vec<Value> = self.rewrites.iter().map(rewrite).collect();
        json!({ "rewrites": rewrites, "difference": self.difference })
    }
}
