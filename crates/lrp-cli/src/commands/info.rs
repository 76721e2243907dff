//! `lrp info`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::Node;
use lrp::io::{
    Array, Limits, MissingOperator, Onnx, Sidecar, Source, model_format, read_arrays_bytes, read_file,
    read_notes,
};
use lrp::rules::Suggestion;
use serde_json::{Map, Value, json};

use crate::Outcome;
use crate::canonical::{CanonicalOptions, Changes};
use crate::contents::{Contents, contents};
use crate::model::Model;
use crate::options::WeightOptions;
use crate::provenance::sha256;
use crate::rules::suggested;

#[derive(Args)]
pub(crate) struct Options {
    /// A model or a file of arrays
    file: PathBuf,
    #[command(flatten)]
    weights: WeightOptions,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = Limits { allow_not_finite: true, ..Limits::default() };
    let bytes = read_file(&options.file, &limits)?;
    match contents(&options.file, &bytes, &options.weights, &limits, read_arrays_bytes) {
        Ok(Contents::Model(read)) => {
            let sidecar = Sidecar::of_model(&options.file, &limits)?;
            model(&options.file, &bytes, &Model { sidecar, ..*read }, options.json, out)
        }
        Ok(Contents::Arrays(arrays)) => {
            let notes = read_notes(&options.file.display().to_string(), &bytes, &limits)?;
            arrays.iter().try_for_each(|(name, array)| describe(name, array, &notes, options.json, out))?;
            match options.json {
                true => Ok(()),
                false => notes.iter().try_for_each(|note| write_note(note, out)),
            }
        }
        Err(error) => {
            let source = Source::from(bytes).beside(&options.file);
            missing(&options.file, &source, &limits, options.json, out)?;
            Err(error)
        }
    }
}

fn model(path: &Path, bytes: &[u8], model: &Model<f64>, as_json: bool, out: &mut dyn Write) -> Outcome {
    let Model { network, sidecar, sample, .. } = model;
    let shapes = sample.as_ref().map(|shape| network.shapes(&[&[1], &shape[..]].concat())).transpose()?;
    let parameters: usize = network.nodes().iter().map(|node| node.op().parameters()).sum();
    let usual = Usual::of(model)?;
    if as_json {
        let node = |(index, node): (usize, &Node<f64>)| {
            let shape = shapes.as_ref().map(|shapes| shapes[index + 1].clone());
            json!({ "name": node.name(), "kind": node.kind().to_string(), "parameters": node.op().parameters(), "shape": shape })
        };
        let nodes: Vec<Value> = network.nodes().iter().enumerate().map(node).collect();
        let all = json!({
            "file": path, "sha256": sha256(bytes), "about": sidecar.about, "classes": sidecar.classes, "input": sample,
            "words": sidecar.text.as_ref().map(|text| text.words.len()),
            "parameters": parameters, "nodes": nodes, "rules": usual.rules.name, "why": usual.rules.why,
            "canonical": usual.changes.as_ref().map(Changes::json),
        });
        return Ok(writeln!(out, "{all:#}")?);
    }
    let (name, count) = (path.display(), network.nodes().len());
    writeln!(out, "{name}: a model of {count} layers, {parameters} parameters")?;
    writeln!(out, "SHA-256 {}", sha256(bytes))?;
    if let Some(about) = &sidecar.about {
        writeln!(out, "{about}")?;
    }
    if let Some(sample) = sample {
        writeln!(out, "input {sample:?}{}", classes(&sidecar.classes))?;
    }
    if let Some(text) = &sidecar.text {
        let (words, longest) = (text.words.len(), text.longest);
        writeln!(out, "reads texts: {words} words known, at most {longest} of a text")?;
    }
    for (index, node) in network.nodes().iter().enumerate() {
        let shape = shapes.as_ref().map_or(String::new(), |shapes| format!("{:?}", shapes[index + 1]));
        let (name, kind, parameters) = (node.name(), node.kind(), node.op().parameters());
        writeln!(out, "  {name:<18} {kind:<12} {parameters:>9} parameters  {shape}")?;
    }
    writeln!(out, "rules: {} ({})", usual.rules.name, usual.rules.why)?;
    usual.changes.map_or(Ok(()), |changes| changes.write(out))
}

/// How a model is explained by those who give no options.
struct Usual {
    rules: Suggestion,
    changes: Option<Changes>,
}

impl Usual {
    fn of(model: &Model<f64>) -> Outcome<Self> {
        let bounds = model.preparation.bounds();
        let (model, changes) = CanonicalOptions::default().compare(model.clone())?;
        Ok(Self { rules: suggested(&model, &bounds)?, changes })
    }
}

/// Lists every operator of a model that keeps it from being read.
fn missing(path: &Path, source: &Source<'_>, limits: &Limits, as_json: bool, out: &mut dyn Write) -> Outcome {
    let name = path.display().to_string();
    if !model_format(&name, source.bytes()).is_ok_and(|format| format.exported) {
        return Ok(());
    }
    let missing = Onnx::parse(source, limits).and_then(|onnx| onnx.missing_operators()).unwrap_or_default();
    if missing.is_empty() {
        return Ok(());
    }
    if as_json {
        let found = |found: &MissingOperator| json!({ "operator": found.operator, "node": found.node, "reason": found.reason });
        let all = json!({ "file": path, "missing": missing.iter().map(found).collect::<Vec<_>>() });
        return Ok(writeln!(out, "{all:#}")?);
    }
    for MissingOperator { operator, node, reason, .. } in &missing {
        writeln!(out, "  {:<18} at {}: {reason}", printable(operator), printable(node))?;
    }
    Ok(())
}

/// A name from a file, without what would disturb a terminal.
fn printable(name: &str) -> String {
    name.escape_debug().to_string()
}

/// All classes, or of many the first and their number.
fn classes(names: &[String]) -> String {
    const SHOWN: usize = 20;
    match names.get(SHOWN) {
        Some(_) => format!(", classes: {}, … ({} in all)", names[..SHOWN / 2].join(", "), names.len()),
        None if names.is_empty() => String::new(),
        None => format!(", classes: {}", names.join(", ")),
    }
}

/// What a picture says of itself, in a line.
fn write_note((keyword, text): &(String, String), out: &mut dyn Write) -> Outcome {
    let line = format!("{keyword}: {text}").replace(char::is_control, " ");
    Ok(writeln!(out, "  {line}")?)
}

fn describe(
    name: &str,
    array: &Array,
    notes: &[(String, String)],
    as_json: bool,
    out: &mut dyn Write,
) -> Outcome {
    let values = &array.values;
    let bound =
        |worst: f64, pick: fn(f64, f64) -> f64| values.iter().fold(worst, |bound, &value| pick(bound, value));
    let (low, high) = (bound(f64::INFINITY, f64::min), bound(f64::NEG_INFINITY, f64::max));
    let not_finite = values.iter().filter(|value| !value.is_finite()).count();
    let dtype = array.dtype.name();
    if as_json {
        let finite = |value: f64| value.is_finite().then_some(value);
        let notes: Map<String, Value> =
            notes.iter().map(|(keyword, text)| (keyword.clone(), json!(text))).collect();
        let all = json!({
            "name": name, "shape": values.shape(), "dtype": dtype, "notes": notes, "min": finite(low), "max": finite(high),
            "sum": finite(values.sum()), "not_finite": not_finite,
        });
        return Ok(writeln!(out, "{all}")?);
    }
    write!(out, "{name}: {dtype} {:?}", values.shape())?;
    if !values.is_empty() {
        write!(out, ", {low} to {high}, sum {}", values.sum())?;
    }
    if not_finite > 0 {
        write!(out, ", {not_finite} NaN or infinite")?;
    }
    Ok(writeln!(out)?)
}
