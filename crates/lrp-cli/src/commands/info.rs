//! `lrp info`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::Network;
use lrp::io::{Array, Limits, Sidecar, read_file};
use serde_json::{Value, json};

use crate::Outcome;
use crate::contents::{Contents, contents};

#[derive(Args)]
pub(crate) struct Options {
    /// A model or a file of arrays
    file: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = Limits { allow_not_finite: true, ..Limits::default() };
    let bytes = read_file(&options.file, &limits)?;
    match contents(&options.file, &bytes, &limits)? {
        Contents::Model(network) => {
            let sidecar = Sidecar::of_model(&options.file, &limits)?;
            model(&options.file, &network, &sidecar, options.json, out)
        }
        Contents::Arrays(arrays) => {
            arrays.iter().try_for_each(|(name, array)| describe(name, array, options.json, out))
        }
    }
}

fn model(
    path: &Path,
    network: &Network<f64>,
    sidecar: &Sidecar,
    as_json: bool,
    out: &mut dyn Write,
) -> Outcome {
    let input = sidecar.input.prepared_shape();
    let shapes = input.as_ref().map(|shape| network.shapes(&[&[1], &shape[..]].concat())).transpose()?;
    let parameters: usize = network.nodes().iter().map(|node| node.op().parameters()).sum();
    if as_json {
        let node = |(index, node): (usize, &lrp::core::Node<f64>)| {
            let shape = shapes.as_ref().map(|shapes| shapes[index + 1].clone());
            json!({ "name": node.name(), "kind": node.kind().to_string(), "parameters": node.op().parameters(), "shape": shape })
        };
        let nodes: Vec<Value> = network.nodes().iter().enumerate().map(node).collect();
        let all = json!({
            "file": path, "about": sidecar.about, "classes": sidecar.classes, "input": input,
            "parameters": parameters, "nodes": nodes,
        });
        return Ok(writeln!(out, "{all:#}")?);
    }
    writeln!(
        out,
        "{}: a model of {} layers, {parameters} parameters",
        path.display(),
        network.nodes().len()
    )?;
    if let Some(about) = &sidecar.about {
        writeln!(out, "{about}")?;
    }
    if let Some(input) = input {
        writeln!(out, "input {input:?}, classes: {}", sidecar.classes.join(", "))?;
    }
    for (index, node) in network.nodes().iter().enumerate() {
        let shape = shapes.as_ref().map_or(String::new(), |shapes| format!("{:?}", shapes[index + 1]));
        writeln!(
            out,
            "  {:<18} {:<12} {:>9} parameters  {shape}",
            node.name(),
            node.kind(),
            node.op().parameters()
        )?;
    }
    Ok(())
}

fn describe(name: &str, array: &Array, as_json: bool, out: &mut dyn Write) -> Outcome {
    let values = &array.values;
    let bound =
        |worst: f64, pick: fn(f64, f64) -> f64| values.iter().fold(worst, |bound, &value| pick(bound, value));
    let (low, high) = (bound(f64::INFINITY, f64::min), bound(f64::NEG_INFINITY, f64::max));
    let not_finite = values.iter().filter(|value| !value.is_finite()).count();
    let dtype = array.dtype.name();
    if as_json {
        let finite = |value: f64| value.is_finite().then_some(value);
        let all = json!({
            "name": name, "shape": values.shape(), "dtype": dtype, "min": finite(low), "max": finite(high),
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
