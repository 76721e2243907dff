//! `lrp explain`

use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use lrp::core::{Float, Tensor, cast};
use lrp::io::{Sidecar, write_array};
use lrp::render::{Picture, stretch};
use lrp::rules::{Explanation, Plan, PlanOptions, Target, explain_together, top_classes};
use ndarray::{Array2, ArrayD, Axis, Slice, concatenate};
use serde_json::json;

use crate::Outcome;
use crate::model::{Batch, Model};
use crate::options::{ComputeOptions, InputOptions, ModelOptions, RuleOptions, TargetOptions, with_dtype};
use crate::picture::{PictureOptions, save};
use crate::progress;
use crate::targets;

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    inputs: InputOptions,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    rules: RuleOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    pictures: PictureOptions,
    #[command(flatten)]
    compute: ComputeOptions,
}

#[derive(Args)]
#[command(next_help_heading = "Output (default: --png, or --npy for what is no image)")]
struct OutputOptions {
    /// Folder to write to; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "lrp-out")]
    out: PathBuf,
    /// Draw each sample beside its relevance: NAME-SAMPLE.png (of several targets, NAME-TARGET-SAMPLE.png)
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

/// The explanation of one file for one target.
struct Explained<'a, T> {
    batch: &'a Batch<T>,
    /// Tells the files of one target from those of others.
    label: String,
    relevance: ArrayD<f64>,
    /// A line of numbers a sample.
    records: Vec<Record>,
    /// Relevance of each layer's output, by node.
    layers: Vec<(String, ArrayD<f64>)>,
}

struct Record {
    predicted: usize,
    target: Explains,
    /// The relevance the explanation started from, summed.
    explained: f64,
    /// The relevance that arrived at the input, summed.
    arrived: f64,
}

/// What the relevance of one sample is about.
enum Explains {
    Class(usize),
    AllClasses,
    Given,
}

fn explain<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = options.model.limits();
    let model = Model::<T>::open(&options.model)?.computed(&options.compute)?;
    let composite = options.rules.composite(&limits)?;
    let plan_options = PlanOptions {
        keep_layers: options.output.layers,
        save_memory: options.compute.save_memory,
        ..options.rules.plan_options()
    };
    let plan = Plan::new(&model.network, &composite, plan_options);
    let targets = options.target.targets(&limits)?;
    options.pictures.colormap()?;
    let batches = model.batches(&options.inputs, &limits)?;
    // Everything is computed before anything is written: a bad sample in the last file leaves no trace.
    let explained: Vec<Vec<Explained<'_, T>>> = batches
        .iter()
        .map(|batch| explain_batch(&plan, batch, &targets, limits.allow_not_finite))
        .collect::<Outcome<_>>()?;
    let explained: Vec<Explained<'_, T>> = explained.into_iter().flatten().collect();
    let drawn: Vec<Option<Vec<Picture>>> =
        explained.iter().map(|explained| pictures(&model, options, explained)).collect::<Outcome<_>>()?;
    let files: Vec<Files> = explained
        .iter()
        .zip(&drawn)
        .map(|(explained, drawn)| Files::of(&options.output, explained, drawn.is_some()))
        .collect();
    make_room(options, &files)?;
    plan.notices().iter().for_each(|notice| crate::say(&format!("note: {notice}")));
    explained.iter().zip(&drawn).zip(&files).try_for_each(|((explained, drawn), files)| {
        write(files, explained, drawn.as_deref())?;
        report(&model, options, explained, files, out)
    })
}

/// Makes sure that everything can be written, and that nothing that was read is.
fn make_room(options: &Options, files: &[Files]) -> Outcome {
    let targets: Vec<PathBuf> = files.iter().flat_map(Files::all).collect();
    if targets.is_empty() {
        return Ok(());
    }
    let sidecar = Sidecar::path_for(&options.model.model);
    let read = options.inputs.files.iter().chain([&options.model.model, &sidecar]).map(PathBuf::as_path);
    targets::check(&targets, &read.collect::<Vec<_>>())?;
    let folder = &options.output.out;
    let made = std::fs::create_dir_all(folder);
    Ok(made.map_err(|error| format!("{}: cannot make this folder: {error}", folder.display()))?)
}

fn explain_batch<'a, T: Float>(
    plan: &Plan<'_, T>,
    batch: &'a Batch<T>,
    targets: &[Target],
    allow_not_finite: bool,
) -> Outcome<Vec<Explained<'a, T>>> {
    let name = batch.path.display().to_string();
    let named = |error: &dyn Display| format!("{name}: {error}");
    let count = batch.positions.len();
    targets.iter().try_for_each(|target| check_target(target, count)).map_err(|error| named(&error))?;
    let bar = progress::bar(count, "samples");
    let mut found: Vec<Found<T>> = targets.iter().map(|_| Found::default()).collect();
    for start in (0..count).step_by(CHUNK) {
        let end = count.min(start + CHUNK);
        let input = batch.inputs.slice_axis(Axis(0), Slice::from(start..end)).to_owned();
        let parts: Vec<Target> = targets.iter().map(|target| part(target, start, end)).collect();
        let explanations = explain_together(&[plan], &input, &parts).map_err(|error| named(&error))?;
        for ((found, target), explanation) in
            found.iter_mut().zip(targets).zip(explanations.into_iter().flatten())
        {
            found.take(explanation, |sample, predicted| what(target, start + sample, predicted));
        }
        bar.inc((end - start) as u64);
    }
    bar.finish_and_clear();
    found
        .into_iter()
        .zip(targets)
        .map(|(found, target)| {
            let overflow = found.records.iter().position(|record| !record.arrived.is_finite());
            if let Some(sample) = overflow.filter(|_| !allow_not_finite) {
                let sample = batch.positions[sample];
                let message = format!("the relevance of sample {sample} overflows; try a milder rule");
                return Err(named(&message).into());
            }
            let label = if targets.len() > 1 { format!("-{}", label(target)) } else { String::new() };
            let (relevance, layers) = (joined(&found.relevance)?, found.layers(plan)?);
            Ok(Explained { batch, label, relevance, records: found.records, layers })
        })
        .collect()
}

/// What was found for one target, chunk by chunk.
#[derive(Default)]
struct Found<T> {
    relevance: Vec<ArrayD<f64>>,
    records: Vec<Record>,
    layers: Vec<Vec<Tensor<T>>>,
}

impl<T: Float> Found<T> {
    /// Adds a chunk; `what` says what is explained of a sample of the predicted class.
    fn take(&mut self, explanation: Explanation<T>, what: impl Fn(usize, usize) -> Explains) {
        for (sample, predicted) in top_classes(&explanation.scores).into_iter().enumerate() {
            let sum = |array: &Tensor<T>| array.index_axis(Axis(0), sample).sum().as_f64();
            let (explained, arrived) = (sum(&explanation.seed), sum(&explanation.relevance));
            self.records.push(Record { predicted, target: what(sample, predicted), explained, arrived });
        }
        self.relevance.push(cast(&explanation.relevance));
        self.layers.extend(explanation.layers);
    }

    /// The relevance of each node's output, with the node's name.
    fn layers(&self, plan: &Plan<'_, T>) -> Outcome<Vec<(String, ArrayD<f64>)>> {
        let values = self.layers.first().map_or(0, Vec::len);
        let layer = |value: usize| {
            let parts: Vec<ArrayD<f64>> = self.layers.iter().map(|chunk| cast(&chunk[value])).collect();
            Ok((plan.network().nodes()[value - 1].name().to_owned(), joined(&parts)?))
        };
        (1..values).map(layer).collect()
    }
}

/// A target as part of the name of a file.
fn label(target: &Target) -> String {
    match target {
        Target::Top => "top".to_owned(),
        Target::All => "all".to_owned(),
        Target::Class(class) => format!("class{class}"),
        Target::PerSample(classes) => {
            let classes: Vec<String> = classes.iter().map(ToString::to_string).collect();
            format!("classes{}", classes.join("_"))
        }
        Target::Given(_) => "given".to_owned(),
    }
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

fn what(target: &Target, sample: usize, predicted: usize) -> Explains {
    match target {
        Target::Top => Explains::Class(predicted),
        Target::Class(class) => Explains::Class(*class),
        Target::PerSample(classes) => Explains::Class(classes[sample]),
        Target::All => Explains::AllClasses,
        Target::Given(_) => Explains::Given,
    }
}

impl Explains {
    fn describe<T: Float>(&self, model: &Model<T>) -> String {
        match self {
            Self::Class(class) => format!("class {}", model.class(*class)),
            Self::AllClasses => "all classes".to_owned(),
            Self::Given => "given relevance".to_owned(),
        }
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

fn report<T: Float>(
    model: &Model<T>,
    options: &Options,
    explained: &Explained<'_, T>,
    files: &Files,
    out: &mut dyn Write,
) -> Outcome {
    let file = explained.batch.path.display().to_string();
    for ((record, position), picture) in
        explained.records.iter().zip(&explained.batch.positions).zip(&files.pictures)
    {
        let Record { predicted, target, explained, arrived } = record;
        let (class, target) = (model.class(*predicted), target.describe(model));
        if options.output.json {
            let line = json!({
                "file": file, "sample": position, "predicted": predicted, "class": class, "target": target,
                "explained": explained, "relevance": arrived, "absorbed": explained - arrived,
                "picture": picture, "array": files.array,
            });
            writeln!(out, "{line}")?;
        } else {
            let wrote = picture.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
            let sums = format!("relevance {arrived:.4} of {explained:.4} for {target}");
            writeln!(out, "{file}[{position}]: predicted {class}, {sums}{wrote}")?;
        }
    }
    match &files.array {
        Some(array) if !options.output.json => Ok(writeln!(out, "wrote {}", array.display())?),
        _ => Ok(()),
    }
}

/// What is written for one input file.
struct Files {
    /// A picture a sample, where there is one.
    pictures: Vec<Option<PathBuf>>,
    array: Option<PathBuf>,
    /// An array a layer.
    layers: Vec<PathBuf>,
}

impl Files {
    fn of<T>(output: &OutputOptions, explained: &Explained<'_, T>, drawn: bool) -> Self {
        let stem = explained.batch.path.file_stem().unwrap_or_default().to_string_lossy();
        let stem = format!("{stem}{}", explained.label);
        let file = |name: String| output.out.join(name);
        let picture = |position: &usize| drawn.then(|| file(format!("{stem}-{position:04}.png")));
        let saved = output.npy || (output.nothing_asked() && !drawn);
        Self {
            pictures: explained.batch.positions.iter().map(picture).collect(),
            array: saved.then(|| file(format!("{stem}.npy"))),
            layers: explained
                .layers
                .iter()
                .map(|(node, _)| file(format!("{stem}-{}.npy", safe(node))))
                .collect(),
        }
    }

    fn all(&self) -> impl Iterator<Item = PathBuf> {
        self.pictures.iter().flatten().chain(&self.array).chain(&self.layers).cloned()
    }
}

fn write<T>(files: &Files, explained: &Explained<'_, T>, drawn: Option<&[Picture]>) -> Outcome {
    if let Some(path) = &files.array {
        write_array(path, explained.relevance.view())?;
    }
    for ((_, relevance), path) in explained.layers.iter().zip(&files.layers) {
        write_array(path, relevance.view())?;
    }
    files
        .pictures
        .iter()
        .flatten()
        .zip(drawn.unwrap_or_default())
        .try_for_each(|(path, picture)| save(picture, path))
}

impl OutputOptions {
    fn nothing_asked(&self) -> bool {
        !self.png && !self.npy && !self.json && !self.layers
    }
}

/// Node names come from model files; as part of a path they are letters, digits, `-` and `_`.
fn safe(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_alphanumeric() || "-_".contains(letter) { letter } else { '_' })
        .collect()
}

/// A picture a sample; `None` if none are wanted, or nobody insists and the samples are no images.
fn pictures<T: Float>(
    model: &Model<T>,
    options: &Options,
    explained: &Explained<'_, T>,
) -> Outcome<Option<Vec<Picture>>> {
    if !options.output.png && !options.output.nothing_asked() {
        return Ok(None);
    }
    let planes = |array: &ArrayD<f64>| -> Outcome<Vec<Array2<f64>>> {
        array.outer_iter().map(|sample| options.pictures.plane(&sample)).collect()
    };
    let relevance = match planes(&explained.relevance) {
        Err(error) if options.output.png || options.pictures.image.is_some() => {
            return Err(format!("{}: cannot be drawn: {error}", explained.batch.path.display()).into());
        }
        Err(_) => return Ok(None),
        Ok(relevance) => relevance,
    };
    let normalization = options.pictures.normalization(&relevance);
    let images = planes(&cast(&explained.batch.inputs))?;
    let pairs = images.iter().zip(&relevance).zip(&explained.records).map(|((image, map), record)| {
        let titles = ["input".to_owned(), record.target.describe(model)];
        options.pictures.pair(&stretch(image.view()), map, normalization, titles)
    });
    pairs.collect::<Outcome<_>>().map(Some)
}
