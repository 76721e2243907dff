//! `lrp predict`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use lrp::core::{Float, Tensor};
use lrp::io::{Limits, read_array};
use lrp::rules::top_classes;
use ndarray::Axis;
use serde_json::json;

use crate::Outcome;
use crate::files::Files;
use crate::model::{Batch, Model};
use crate::options::{ComputeOptions, InputOptions, ModelOptions, with_dtype};
use crate::progress;
use crate::ranking::Ranking;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    inputs: InputOptions,
    /// Classes to name for each sample
    #[arg(long, value_name = "N", default_value_t = 5)]
    top: usize,
    /// True classes, one a sample; prints the accuracy instead of every sample
    #[arg(long, value_name = "FILE", conflicts_with = "text")]
    labels: Option<PathBuf>,
    /// Print a line of JSON a sample
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
    let model = Model::read(&options.model)?.cast::<T>(&options.model)?.computed(&options.compute)?;
    if !options.inputs.text.is_empty() {
        let batch = model.texts(InputOptions::text_name(), &options.inputs.text, &options.inputs)?;
        let scores = scores(&model, &batch, &ProgressBar::hidden())?;
        return classes(&model, &batch, &scores, options, out);
    }
    let files = Files::find(&options.inputs.files, model.sidecar.text.is_some())?;
    if let Some(path) = &options.labels {
        return accuracy(&model, &files, path, options, out);
    }
    files.each(options.json, out, |path, bar, out| {
        let batch = model.batch(path, &options.inputs, &limits)?;
        let scores = scores(&model, &batch, bar)?;
        classes(&model, &batch, &scores, options, out)
    })
}

fn scores<T: Float>(model: &Model<T>, batch: &Batch<T>, bar: &ProgressBar) -> Outcome<Tensor<T>> {
    bar.set_length(batch.positions.len() as u64);
    let mut parts = Vec::new();
    for chunk in batch.inputs.axis_chunks_iter(Axis(0), CHUNK) {
        parts.push(model.network.forward(&chunk.to_owned())?);
        bar.inc(chunk.shape()[0] as u64);
    }
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
        let ranking = Ranking::new(&row, options.top);
        if options.json {
            let top = ranking.json(model);
            writeln!(out, "{}", json!({ "input": file, "sample": sample, "top": top }))?;
        } else {
            writeln!(out, "{file}[{sample}]: {}", ranking.describe(model))?;
        }
    }
    Ok(())
}

/// How often the network is right. A file that cannot be read ends the call: a share of the rest would mislead.
fn accuracy<T: Float>(
    model: &Model<T>,
    files: &Files,
    path: &Path,
    options: &Options,
    out: &mut dyn Write,
) -> Outcome {
    let limits = options.model.limits();
    let bar = progress::bar(files.paths.len(), "files");
    let (mut predicted, mut positions) = (Vec::new(), Vec::new());
    for file in &files.paths {
        let batch = model.batch(file, &options.inputs, &limits)?;
        predicted.extend(top_classes(&scores(model, &batch, &ProgressBar::hidden())?));
        positions.extend(batch.positions);
        bar.inc(1);
    }
    bar.finish_and_clear();
    let labels = labels(path, &positions, &limits)?;
    let right = predicted.iter().zip(&labels).filter(|(one, two)| one == two).count();
    let (count, wrong) = (predicted.len(), predicted.len() - right);
    #[expect(clippy::cast_precision_loss, reason = "counts of samples")]
    let percent = 100.0 * right as f64 / count as f64;
    match options.json {
        true => writeln!(
            out,
            "{}",
            json!({ "samples": count, "right": right, "wrong": wrong, "percent": percent })
        )?,
        false => writeln!(out, "accuracy {percent:.2} %: {right} right, {wrong} wrong of {count}")?,
    }
    Ok(())
}

fn labels(path: &Path, positions: &[usize], limits: &Limits) -> Outcome<Vec<usize>> {
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
