//! `lrp plan`

use std::io::Write;

use clap::Args;
use lrp::core::Float;
use lrp::rules::{Plan, Row};
use serde_json::{Value, json};

use crate::Outcome;
use crate::canonical::{CanonicalOptions, Changes};
use crate::model::Model;
use crate::options::{ModelOptions, with_dtype};
use crate::rules::RuleOptions;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    rules: RuleOptions,
    #[command(flatten)]
    form: CanonicalOptions,
    /// Print the assignment of rules as TOML, for --preset
    #[arg(long)]
    toml: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "toml")]
    json: bool,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    with_dtype!(options.model.dtype, plan(options, out))
}

fn plan<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    let (model, changes) = options.form.compare(Model::read(&options.model)?)?;
    let model = model.cast::<T>(&options.model)?;
    let rules = options.rules.rules(&options.model.limits(), &model)?;
    if options.toml {
        return Ok(write!(out, "{}", rules.composite.to_toml())?);
    }
    let plan = Plan::new(&model.network, &rules.composite, options.rules.plan_options(&model.network)?)?;
    let input = model.sample.as_ref().map(|sample| [&[1], &sample[..]].concat());
    let table = plan.table(input.as_deref())?;
    if options.json {
        let nodes: Vec<_> = table.rows.iter().map(row).collect();
        let all = json!({
            "input": input, "rules": rules.name, "why": rules.why, "nodes": nodes, "notices": table.notices,
            "canonical": changes.as_ref().map(Changes::json),
        });
        return Ok(writeln!(out, "{all:#}")?);
    }
    write!(out, "{table}")?;
    if let Some(why) = &rules.why {
        writeln!(out, "rules: {} ({why})", rules.name)?;
    }
    changes.map_or(Ok(()), |changes| changes.write(out))
}

fn row(row: &Row) -> Value {
    json!({
        "node": row.node, "kind": row.kind.to_string(), "shape": row.shape, "rule": row.rule, "why": row.why,
    })
}
