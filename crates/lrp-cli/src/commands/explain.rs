//! `lrp explain`

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::{Float, Tensor, cast};
use lrp::io::write_array;
use lrp::rules::{Plan, Target, top_classes};
use ndarray::{ArrayD, Axis, Slice, concatenate};
use serde_json::json;

use crate::Outcome;
use crate::model::{Batch, Model};
use crate::options::{ModelOptions, RuleOptions, Samples, TargetOptions, with_dtype};
use crate::picture::{PictureOptions, save, stretched};
use crate::progress;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelOptions,
    /// Files of samples [n, ...]
    #[arg(required = true)]
    inputs: Vec<PathBuf>,
    /// Only these samples of each file, such as 0,3,5-9
    #[arg(long)]
    samples: Option<Samples>,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    rules: RuleOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    pictures: PictureOptions,
}

#[derive(Args)]
#[command(next_help_heading = "Output (default: --png, or --npy for what is no image)")]
struct OutputOptions {
    /// Folder to write to; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "lrp-out")]
    out: PathBuf,
    /// Draw each sample beside its relevance: NAME-SAMPLE.png
    #[arg(long)]
    png: bool,
    /// Save the relevance of all samples: NAME.npy
    #[arg(long)]
    npy: bool,
    /// Save the relevance of every layer too: NAME-NODE.npy
    #[arg(long)]
    layers: bool,
    /// Print a line of JSON a sample
    #[arg(long)]
    json: bool,
}

/// Samples explained at once.
const CHUNK: usize = 32;

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    with_dtype!(options.model.dtype, explain(options, out))
}

/// The explanation of one file.
struct Explained<T> {
    batch: Batch<T>,
    relevance: ArrayD<f64>,
    /// A line of numbers a sample.
    records: Vec<Record>,
    /// Relevance of each layer's output, by node.
    layers: Vec<(String, ArrayD<f64>)>,
}

struct Record {
    predicted: usize,
    /// The relevance the explanation started from, summed.
    explained: f64,
    /// The relevance that arrived at the input, summed.
    arrived: f64,
}

fn explain<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = options.model.limits();
    let model = Model::<T>::open(&options.model)?;
    let composite = options.rules.composite(&limits)?;
    let plan_options =
        lrp::rules::PlanOptions { keep_layers: options.output.layers, ..options.rules.plan_options() };
    let plan = Plan::new(&model.network, &composite, plan_options);
    let target = options.target.target(&limits)?;
    options.pictures.colormap()?;
    distinct_names(&options.inputs)?;
    let batches: Vec<Batch<T>> = options
        .inputs
        .iter()
        .map(|path| model.batch(path, options.samples.as_ref(), &limits))
        .collect::<Outcome<_>>()?;
    for notice in plan.notices() {
        eprintln!("note: {notice}");
    }
    // Everything is computed before anything is written: a bad sample in the last file leaves no trace.
    let explained: Vec<Explained<T>> =
        batches.into_iter().map(|batch| explain_batch(&plan, batch, &target)).collect::<Outcome<_>>()?;
    explained.iter().try_for_each(|explained| report(&model, options, explained, out))
}

fn explain_batch<T: Float>(plan: &Plan<'_, T>, batch: Batch<T>, target: &Target) -> Outcome<Explained<T>> {
    let name = batch.path.display().to_string();
    let count = batch.positions.len();
    check_target(target, count).map_err(|error| format!("{name}: {error}"))?;
    let bar = progress::bar(count);
    let (mut relevance, mut records, mut layers) = (Vec::new(), Vec::new(), Vec::<Vec<Tensor<T>>>::new());
    for start in (0..count).step_by(CHUNK) {
        let end = count.min(start + CHUNK);
        let input = batch.inputs.slice_axis(Axis(0), Slice::from(start..end)).to_owned();
        let explanation =
            plan.explain(&input, &part(target, start, end)).map_err(|error| format!("{name}: {error}"))?;
        let predicted = top_classes(&explanation.scores);
        for (sample, predicted) in predicted.into_iter().enumerate() {
            let sum = |array: &Tensor<T>| array.index_axis(Axis(0), sample).sum().as_f64();
            let (explained, arrived) = (sum(&explanation.seed), sum(&explanation.relevance));
            records.push(Record { predicted, explained, arrived });
        }
        relevance.push(cast(&explanation.relevance));
        layers.extend(explanation.layers);
        bar.inc((end - start) as u64);
    }
    bar.finish_and_clear();
    let layers = match layers.first() {
        None => Vec::new(),
        Some(first) => (1..first.len())
            .map(|value| {
                let parts: Vec<ArrayD<f64>> = layers.iter().map(|chunk| cast(&chunk[value])).collect();
                Ok((plan.network().nodes()[value - 1].name().to_owned(), joined(&parts)?))
            })
            .collect::<Outcome<_>>()?,
    };
    Ok(Explained { batch, relevance: joined(&relevance)?, records, layers })
}

fn joined(parts: &[ArrayD<f64>]) -> Outcome<ArrayD<f64>> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok(concatenate(Axis(0), &views)?)
}

fn check_target(target: &Target, count: usize) -> Outcome {
    let given = match target {
        Target::PerSample(classes) => classes.len(),
        Target::Given(relevance) => relevance.shape().first().copied().unwrap_or(0),
        _ => count,
    };
    if given == count {
        Ok(())
    } else {
        Err(format!("a target for {given} samples, but there are {count}").into())
    }
}

/// The part of a target that belongs to some of the samples.
fn part(target: &Target, start: usize, end: usize) -> Target {
    match target {
        Target::PerSample(classes) => Target::PerSample(classes[start..end].to_vec()),
        Target::Given(all) => Target::Given(all.slice_axis(Axis(0), Slice::from(start..end)).to_owned()),
        other => other.clone(),
    }
}

fn distinct_names(inputs: &[PathBuf]) -> Outcome {
    let mut stems = HashSet::new();
    match inputs.iter().find(|path| !stems.insert(path.file_stem())) {
        Some(path) => {
            Err(format!("{}: another input has this name, their results would mix", path.display()).into())
        }
        None => Ok(()),
    }
}

fn report<T: Float>(
    model: &Model<T>,
    options: &Options,
    explained: &Explained<T>,
    out: &mut dyn Write,
) -> Outcome {
    let files = write(model, options, explained)?;
    let file = explained.batch.path.display().to_string();
    for ((record, position), picture) in
        explained.records.iter().zip(&explained.batch.positions).zip(&files.pictures)
    {
        let Record { predicted, explained, arrived } = record;
        let class = model.class(*predicted);
        if options.output.json {
            let line = json!({
                "file": file, "sample": position, "predicted": predicted, "class": class, "explained": explained,
                "relevance": arrived, "absorbed": explained - arrived, "picture": picture, "array": files.array,
            });
            writeln!(out, "{line}")?;
        } else {
            let wrote = picture.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
            writeln!(
                out,
                "{file}[{position}]: class {class}, relevance {arrived:.4} of {explained:.4}{wrote}"
            )?;
        }
    }
    match files.array {
        Some(array) if !options.output.json => Ok(writeln!(out, "wrote {}", array.display())?),
        _ => Ok(()),
    }
}

/// What was written for one input file.
struct Files {
    /// A picture a sample, where there is one.
    pictures: Vec<Option<PathBuf>>,
    array: Option<PathBuf>,
}

fn write<T: Float>(model: &Model<T>, options: &Options, explained: &Explained<T>) -> Outcome<Files> {
    let output = &options.output;
    let stem = explained.batch.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let none_asked = !output.png && !output.npy && !output.json && !output.layers;
    let drawn = match output.png || none_asked {
        true => pictures(model, options, explained)
            .map(Some)
            .or_else(|error| if output.png { Err(error) } else { Ok(None) })?,
        false => None,
    };
    let array =
        (output.npy || (none_asked && drawn.is_none())).then(|| output.out.join(format!("{stem}.npy")));
    if drawn.is_some() || array.is_some() || output.layers {
        let made = std::fs::create_dir_all(&output.out);
        made.map_err(|error| format!("{}: cannot make this folder: {error}", output.out.display()))?;
    }
    if let Some(path) = &array {
        write_array(path, explained.relevance.view())?;
    }
    for (node, relevance) in &explained.layers {
        write_array(output.out.join(format!("{stem}-{}.npy", safe(node))), relevance.view())?;
    }
    let mut paths = vec![None; explained.records.len()];
    for ((path, picture), position) in
        paths.iter_mut().zip(drawn.into_iter().flatten()).zip(&explained.batch.positions)
    {
        let file = output.out.join(format!("{stem}-{position:04}.png"));
        save(&picture, &file)?;
        *path = Some(file);
    }
    Ok(Files { pictures: paths, array })
}

/// Node names come from model files; as part of a path they are letters, digits, `-` and `_`.
fn safe(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_alphanumeric() || "-_".contains(letter) { letter } else { '_' })
        .collect()
}

fn pictures<T: Float>(
    model: &Model<T>,
    options: &Options,
    explained: &Explained<T>,
) -> Outcome<Vec<lrp::render::Picture>> {
    let inputs: ArrayD<f64> = cast(&explained.batch.inputs);
    let planes = |array: &ArrayD<f64>| -> Outcome<Vec<_>> {
        array.outer_iter().map(|sample| options.pictures.plane(&sample)).collect()
    };
    let name = |path: &Path| path.display().to_string();
    let fault = |error| format!("{}: cannot draw it: {error}", name(&explained.batch.path));
    let (shown, relevance) = (planes(&inputs).map_err(fault)?, planes(&explained.relevance).map_err(fault)?);
    let normalization = options.pictures.normalization(&relevance);
    let mut pictures = Vec::new();
    for ((image, map), record) in shown.iter().zip(&relevance).zip(&explained.records) {
        let titles = ["input".to_owned(), format!("class {}", model.class(record.predicted))];
        pictures.push(options.pictures.pair(&stretched(image), map, normalization, titles)?);
    }
    Ok(pictures)
}
