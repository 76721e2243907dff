//! `lrp plan`

use std::io::Write;

use clap::Args;
use lrp::core::Float;
use lrp::rules::Plan;
use serde_json::json;

use crate::Outcome;
use crate::model::Model;
use crate::options::{ModelOptions, RuleOptions, with_dtype};

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    rules: RuleOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    with_dtype!(options.model.dtype, plan(options, out))
}

fn plan<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    let model = Model::<T>::open(&options.model)?;
    let composite = options.rules.composite(&options.model.limits())?;
    let plan = Plan::new(&model.network, &composite, options.rules.plan_options());
    let input = model.preparation.prepared_shape().map(|shape| [&[1], &shape[..]].concat());
    let table = plan.table(input.as_deref())?;
    if !options.json {
        return Ok(write!(out, "{table}")?);
    }
    let row = |row: &lrp::rules::Row| {
        json!({
            "node": row.node, "kind": row.kind.to_string(), "shape": row.shape, "rule": row.rule, "why": row.why,
        })
    };
    let rows: Vec<_> = table.rows.iter().map(row).collect();
    Ok(writeln!(out, "{:#}", json!({ "input": input, "nodes": rows, "notices": table.notices }))?)
}
