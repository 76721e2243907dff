//! `lrp train`

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::{Float, Network, Parameters};
use lrp::io::{
    Limits, MODEL_FORMATS, ModelFormat, Sidecar, WriteModel, model_format_by_extension, read_arrays,
    read_file, write_arrays, write_atomically,
};
use lrp::train::{ARCHITECTURES, Architecture, Decay, Event, Settings, State, Task, score, train};

use crate::Outcome;
use crate::options::{Dtype, Threads, with_dtype};
use crate::targets;

mod data;
mod texts;
mod report;

use data::{DataOptions, Source};
use report::Report;

#[derive(Args)]
pub(crate) struct Options {
    /// What to train: xor, mnist-mlp, lenet5-sumpool, lenet5-maxpool, text-r8, text-movies, or a file that describes
    /// a network
    #[arg(long, value_name = "NAME|FILE.toml")]
    net: String,
    #[command(flatten)]
    data: DataOptions,
    /// Where to write the best network; what is known about it goes beside it as .toml, the words it knows as
    /// .vocabulary.txt
    #[arg(long, short, value_name = "MODEL")]
    out: PathBuf,
    /// Numbers to compute with
    #[arg(long, value_enum, default_value = "f32")]
    dtype: Dtype,
    #[command(flatten)]
    settings: SettingsOptions,
    #[command(flatten)]
    threads: Threads,
    /// Write what happens as CSV: iteration, event, accuracy, loss, rate, improved, seconds
    #[arg(long, value_name = "FILE.csv", help_heading = "Records")]
    log: Option<PathBuf>,
    /// Keep the state of the training here, as of the last evaluation
    #[arg(long, value_name = "FILE.npz", help_heading = "Records")]
    checkpoint: Option<PathBuf>,
    /// Go on from such a state; with the same options the result is as if nothing had happened
    #[arg(long, value_name = "FILE.npz", help_heading = "Records")]
    resume: Option<PathBuf>,
    /// Say nothing
    #[arg(long, short, conflicts_with = "json")]
    quiet: bool,
    /// Print JSON, a line for each evaluation and one at the end
    #[arg(long)]
    json: bool,
}

/// What overrides the description of the network.
#[derive(Args)]
#[command(next_help_heading = "Settings (default: what the network's description says, then the toolbox's)")]
struct SettingsOptions {
    /// Examples a step
    #[arg(long, value_name = "N")]
    batch: Option<usize>,
    /// Steps
    #[arg(long, value_name = "N")]
    iterations: Option<usize>,
    /// Learning rate; gradients are summed over a batch, averaged by Adam
    #[arg(long, value_name = "X")]
    rate: Option<f64>,
    /// How the rate follows the accuracy: none, sublinear or linear
    #[arg(long, value_name = "NAME")]
    decay: Option<Decay>,
    /// Multiplies the rate until the first improvement
    #[arg(long, value_name = "X")]
    factor: Option<f64>,
    /// Steps between evaluations
    #[arg(long, value_name = "N")]
    status: Option<usize>,
    /// Stop after this many evaluations without improvement; 0 is never
    #[arg(long, value_name = "N")]
    patience: Option<usize>,
    /// Decides the first weights and the choice of examples
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl SettingsOptions {
    fn over(&self, described: &Settings) -> Settings {
        Settings {
            optimizer: described.optimizer,
            batch_size: self.batch.unwrap_or(described.batch_size),
            iterations: self.iterations.unwrap_or(described.iterations),
            rate: self.rate.unwrap_or(described.rate),
            decay: self.decay.unwrap_or(described.decay),
            first_factor: self.factor.unwrap_or(described.first_factor),
            status: self.status.unwrap_or(described.status),
            patience: self.patience.unwrap_or(described.patience),
            seed: self.seed.unwrap_or(described.seed),
        }
    }
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    options.threads.start()?;
    with_dtype!(options.dtype, train_network(options, out))
}

fn train_network<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = Limits::default();
    check_targets(options)?;
    let (architecture, source) =
        Source::of(architecture(&options.net, &limits)?, &options.net, &options.data, &options.out, &limits)?;
    let settings = options.settings.over(&architecture.training);
    let loaded = options.data.load::<T>(&source, &limits)?;
    let sample = source.sample().unwrap_or_else(|| loaded.sample().to_vec());
    let named = |error: lrp::train::Error| format!("{}: {error}", options.net);
    let network = architecture.build::<T>(&sample, settings.seed).map_err(named)?;
    // What the format cannot hold is told before the network has learned anything.
    model_file(&network, &sample, options)?;
    let data = options.data.read(loaded, &source, &network, settings.seed, &limits)?;
    let state = match &options.resume {
        None => State::new(network),
        Some(path) => {
            let arrays = read_arrays(path, &limits)?.into_iter().map(|(name, array)| (name, array.values));
            let arrays: Vec<_> = arrays.collect();
            State::from_arrays(&network, &arrays).map_err(|error| format!("{}: {error}", path.display()))?
        }
    };
    let mut report = Report::new(options, &settings, state.iteration, data.held_out.is_some())?;
    let mut failed = None;
    let mut observer = |event: &Event, state: &State<T>| {
        let told = report.tell(event, state, out).and_then(|()| match event {
            Event::Evaluation { .. } => keep(options, state),
            _ => Ok(()),
        });
        match told {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    };
    let task = Task { held_out: data.held_out.as_ref(), ..Task::new(&data.examples) };
    let state = train(state, &task, &settings, &mut observer)?;
    if let Some(error) = failed {
        return Err(error);
    }
    let best = state.best.ok_or("no network was judged: there were no iterations left to make")?;
    if let Source::Texts(texts) = &source {
        write_atomically(vocabulary_of(&options.out), |file| file.write_all(texts.vocabulary().as_bytes()))?;
    }
    let model = model_file(&best.network, &sample, options)?;
    write_atomically(&options.out, |file| file.write_all(&model))?;
    let sidecar = architecture.sidecar();
    write_atomically(Sidecar::path_for(&options.out), |file| file.write_all(sidecar.as_bytes()))?;
    let judge = |test| score(&best.network, test, settings.optimizer);
    let tested = data.test.as_ref().map(judge).transpose()?;
    report.finish(&best, tested, out)
}

fn architecture(net: &str, limits: &Limits) -> Outcome<Architecture> {
    let text = match ARCHITECTURES.iter().find(|(name, _)| *name == net) {
        Some((_, text)) => (*text).to_owned(),
        None if Path::new(net).exists() || net.ends_with(".toml") => {
            String::from_utf8(read_file(net, limits)?).map_err(|_| format!("{net}: is not text"))?
        }
        None => {
            let names = ARCHITECTURES.map(|(name, _)| name).join(", ");
            return Err(format!("unknown network '{net}'; one of {names}, or a file").into());
        }
    };
    Ok(Architecture::parse(&text).map_err(|error| format!("{net}: {error}"))?)
}

/// A training takes long: what would fail at its end fails before it starts.
fn check_targets(options: &Options) -> Outcome {
    let out = &options.out;
    if format_of(out).is_none() {
        let written = MODEL_FORMATS.iter().filter(|format| format.write.is_some());
        let extensions: Vec<&str> = written.flat_map(|format| format.extensions.iter().copied()).collect();
        let extensions = extensions.join(", ");
        return Err(
            format!("{}: the extension names no model format; one of {extensions}", out.display()).into()
        );
    }
    let is_npz =
        |path: &Path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npz"));
    if let Some(path) = options.checkpoint.iter().find(|path| !is_npz(path)) {
        return Err(format!("{}: a checkpoint is a file ending in .npz", path.display()).into());
    }
    let targets =
        [Some(out), options.log.as_ref(), options.checkpoint.as_ref()].into_iter().flatten().cloned();
    let targets: Vec<PathBuf> = targets.chain([Sidecar::path_for(out), vocabulary_of(out)]).collect();
    targets::check(&targets, &[options.data.files(), vec![Path::new(&options.net)]].concat())?;
    targets::check_folders(&targets)
}

fn keep<T: Float>(options: &Options, state: &State<T>) -> Outcome {
    let Some(path) = &options.checkpoint else { return Ok(()) };
    let arrays = state.to_arrays();
    let named: Vec<_> = arrays.iter().map(|(name, values)| (&name[..], values.view())).collect();
    Ok(write_arrays(path, &named)?)
}

/// Where the words are that a model knows.
fn vocabulary_of(model: &Path) -> PathBuf {
    model.with_extension("vocabulary.txt")
}

/// The format that a file's extension names, if it is written.
fn format_of(path: &Path) -> Option<(&'static ModelFormat, WriteModel)> {
    let format = model_format_by_extension(path)?;
    Some((format, format.write?))
}

/// The bytes of a model file.
fn model_file<T: Float>(network: &Network<T>, sample: &[usize], options: &Options) -> Outcome<Vec<u8>> {
    let name = options.out.display();
    let (format, write) = format_of(&options.out).ok_or_else(|| format!("{name}: is of no known format"))?;
    let network = if format.exported { network.cast()? } else { shortened(network)? };
    Ok(write(&network, Some(sample)).map_err(|error| format!("{name}: {error}"))?)
}

/// The network in f64. Numbers of f32 become those with the fewest digits that round to them: texts are half as
/// long, and read as f32 the network is the same to the bit.
fn shortened<T: Float>(network: &Network<T>) -> Outcome<Network<f64>> {
    let network = network.cast::<f64>()?;
    if T::NAME == f64::NAME {
        return Ok(network);
    }
    #[expect(clippy::cast_possible_truncation, reason = "they were f32 before")]
    let shortest = |weight: f64| (weight as f32).to_string().parse().unwrap_or(weight);
    Ok(network.map_parameters(|_, old| Parameters {
        weights: old.weights.mapv_into(shortest),
        bias: old.bias.mapv_into(shortest),
    })?)
}
