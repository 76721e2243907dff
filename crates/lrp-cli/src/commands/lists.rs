//! `lrp rules`, `lrp colormaps`, `lrp completions`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;
use lrp::render::{COLORMAPS, colormap_chart};
use lrp::rules::rules::RULES;
use lrp::rules::{ATTRIBUTORS, COMPOSITES, FORMULAS};
use serde_json::json;

use crate::Outcome;
use crate::picture::save;
use crate::provenance::Provenance;

#[derive(Args)]
pub(crate) struct RulesOptions {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn rules(options: &RulesOptions, out: &mut dyn Write) -> Outcome {
    if options.json {
        let rule = |info: &lrp::rules::rules::RuleInfo| json!({ "name": info.name, "aliases": info.aliases, "usage": info.usage, "summary": info.summary });
        let composite = |info: &lrp::rules::CompositeInfo| json!({ "name": info.name, "usage": info.usage, "summary": info.summary });
        let method = |info: &lrp::rules::AttributorInfo| json!({ "name": info.name, "aliases": info.aliases, "usage": info.usage, "summary": info.summary });
        let rules: Vec<_> = RULES.iter().map(rule).collect();
        let composites: Vec<_> = COMPOSITES.iter().map(composite).collect();
        let methods: Vec<_> = ATTRIBUTORS.iter().map(method).collect();
        let formula = |info: &lrp::rules::FormulaType| json!({ "number": info.number, "name": info.name, "aliases": info.aliases, "usage": info.usage(), "summary": info.summary });
        let formulas: Vec<_> = FORMULAS.iter().map(formula).collect();
        let all =
            json!({ "rules": rules, "composites": composites, "formulas": formulas, "methods": methods });
        return Ok(writeln!(out, "{all:#}")?);
    }
    writeln!(out, "Rules (--rule); any may be given another stabilizer, as in zplus(stabilizer=1e-6)\n")?;
    for info in RULES {
        writeln!(out, "  {:<32} {}", info.usage, info.summary)?;
        if let Ok(rule) = info.with(&[]).or_else(|_| info.with(&[-1.0, 1.0])) {
            writeln!(out, "  {:<32} {rule:#}", "")?;
        }
        if !info.aliases.is_empty() {
            writeln!(out, "  {:<32} also {}", "", info.aliases.join(", "))?;
        }
    }
    writeln!(out, "\nComposites (--composite)\n")?;
    COMPOSITES.iter().try_for_each(|info| writeln!(out, "  {:<32} {}", info.usage, info.summary))?;
    writeln!(
        out,
        "\nFormula types of Caffe's programs (--composite, by name or number; all take maxima=mean,"
    )?;
    writeln!(out, "bias=spread and responses=pass)\n")?;
    for formula in FORMULAS {
        writeln!(out, "  {:<3} {:<58} {}", formula.number, formula.usage(), formula.summary)?;
    }
    writeln!(out, "\nMethods without rules (--method)\n")?;
    ATTRIBUTORS.iter().try_for_each(|info| Ok(writeln!(out, "  {:<45} {}", info.usage, info.summary)?))
}

#[derive(Args)]
pub(crate) struct ColormapsOptions {
    /// Draw them all to this file
    #[arg(long, value_name = "FILE")]
    png: Option<PathBuf>,
    /// Print JSON
    #[arg(long, conflicts_with = "png")]
    json: bool,
}

pub(crate) fn colormaps(options: &ColormapsOptions, out: &mut dyn Write) -> Outcome {
    if options.json {
        let map =
            |entry: &lrp::render::Entry| json!({ "name": entry.name, "kind": format!("{:?}", entry.kind) });
        return Ok(writeln!(out, "{:#}", json!(COLORMAPS.iter().map(map).collect::<Vec<_>>()))?);
    }
    if let Some(path) = &options.png {
        let provenance = Provenance::of_call().titled("the colormaps of lrp");
        save(&colormap_chart()?, path, &provenance)?;
        return Ok(writeln!(out, "wrote {}", path.display())?);
    }
    writeln!(out, "Any name may end in _r for the reverse")?;
    COLORMAPS.iter().try_for_each(|entry| Ok(writeln!(out, "  {:<24} {:?}", entry.name, entry.kind)?))
}

#[derive(Args)]
pub(crate) struct CompletionsOptions {
    /// The shell to complete in
    shell: Shell,
}

pub(crate) fn completions(options: &CompletionsOptions, out: &mut dyn Write) -> Outcome {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut crate::command_line(), "lrp", &mut script);
    Ok(out.write_all(&script)?)
}
