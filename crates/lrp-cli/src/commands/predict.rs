//! `lrp predict`

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use lrp::core::{Float, Tensor};
use lrp::io::{Limits, read_array};
use lrp::rules::top_classes;
use ndarray::Axis;
use serde_json::{Value, json};

use crate::Outcome;
use crate::model::{Batch, Model};
use crate::options::{ComputeOptions, InputOptions, ModelOptions, with_dtype};
use crate::progress;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    inputs: InputOptions,
    /// Classes to name for each sample
    #[arg(long, value_name = "N", default_value_t = 3)]
    top: usize,
    /// True classes, one a sample; prints the accuracy instead of every sample
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    compute: ComputeOptions,
}

/// Samples run at once.
const CHUNK: usize = 64;

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    with_dtype!(options.model.dtype, predict(options, out))
}

fn predict<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = options.model.limits();
    let model = Model::<T>::open(&options.model)?.computed(&options.compute)?;
    let batches = model.batches(&options.inputs, &limits)?;
    let positions: Vec<usize> = batches.iter().flat_map(|batch| batch.positions.clone()).collect();
    let labels = options.labels.as_ref().map(|path| labels(path, &positions, &limits)).transpose()?;
    let scores: Vec<Tensor<T>> = batches.iter().map(|batch| scores(&model, batch)).collect::<Outcome<_>>()?;
    match labels {
        Some(labels) => accuracy(&scores, &labels, options.json, out),
        None => batches
            .iter()
            .zip(&scores)
            .try_for_each(|(batch, scores)| classes(&model, batch, scores, options, out)),
    }
}

fn scores<T: Float>(model: &Model<T>, batch: &Batch<T>) -> Outcome<Tensor<T>> {
    let bar = progress::bar(batch.positions.len(), "samples");
    let mut parts = Vec::new();
    for chunk in batch.inputs.axis_chunks_iter(Axis(0), CHUNK) {
        parts.push(model.network.forward(&chunk.to_owned())?);
        bar.inc(chunk.shape()[0] as u64);
    }
    bar.finish_and_clear();
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok(ndarray::concatenate(Axis(0), &views)?)
}

fn classes<T: Float>(
    model: &Model<T>,
    batch: &Batch<T>,
    scores: &Tensor<T>,
    options: &Options,
    out: &mut dyn Write,
) -> Outcome {
    let file = batch.path.display().to_string();
    for (row, sample) in scores.outer_iter().zip(&batch.positions) {
        let mut ranked: Vec<(usize, f64)> = row.iter().map(|score| score.as_f64()).enumerate().collect();
        ranked.sort_by(|one, two| two.1.total_cmp(&one.1));
        ranked.truncate(options.top);
        if options.json {
            let entry = |&(class, score): &(usize, f64)| json!({ "class": class, "name": model.class(class), "score": score });
            let top: Vec<Value> = ranked.iter().map(entry).collect();
            writeln!(out, "{}", json!({ "file": file, "sample": sample, "top": top }))?;
        } else {
            let entry = |&(class, score): &(usize, f64)| format!("{} {score:.4}", model.class(class));
            let top: Vec<String> = ranked.iter().map(entry).collect();
            writeln!(out, "{file}[{sample}]: {}", top.join(", "))?;
        }
    }
    Ok(())
}

fn labels(path: &PathBuf, positions: &[usize], limits: &Limits) -> Outcome<Vec<usize>> {
    let labels: Vec<f64> = read_array(path, limits)?.values.into_iter().collect();
    let label = |&position: &usize| {
        let value = labels.get(position).copied();
        let class = value.filter(|value| value.fract() == 0.0 && *value >= 0.0 && *value < 1e9);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked on the line above"
        )]
        class.map(|class| class as usize)
    };
    let found: Option<Vec<usize>> = positions.iter().map(label).collect();
    found.ok_or_else(|| {
        let (name, count) = (path.display(), positions.len());
        format!("{name}: expected a class number for each of {count} samples, found {} values", labels.len())
            .into()
    })
}

fn accuracy<T: Float>(scores: &[Tensor<T>], labels: &[usize], as_json: bool, out: &mut dyn Write) -> Outcome {
    let predicted: Vec<usize> = scores.iter().flat_map(top_classes).collect();
    let right = predicted.iter().zip(labels).filter(|(one, two)| one == two).count();
    let (count, wrong) = (predicted.len(), predicted.len() - right);
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let percent = 100.0 * right as f64 / count as f64;
    match as_json {
        true => writeln!(
            out,
            "{}",
            json!({ "samples": count, "right": right, "wrong": wrong, "percent": percent })
        )?,
        false => writeln!(out, "accuracy {percent:.2} %: {right} right, {wrong} wrong of {count}")?,
    }
    Ok(())
}
