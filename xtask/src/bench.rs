//! `cargo xtask bench`: how long networks take to run and to explain, here and in other systems.
//!
//! Networks are built from a table with random weights and written to a temporary folder, from which every
//! system reads the same. Each figure comes from a process of its own. Rounds go through all systems in turn, so
//! that other work on the machine meets each of them; the report has the medians.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use lrp::core::Kernels;

use crate::verify::workspace;

mod caffe;
mod networks;
mod methods;
mod plan;
mod folder;
mod measure;
mod systems;
mod report;

use measure::Sample;
use plan::Case;
use report::Measurement;
use systems::System;

pub(crate) use measure::{One, run as run_one};

/// What to measure, against whom, and how long.
///
/// Patterns may hold `*` and `?`. Several values are separated by commas; methods, whose names may hold some,
/// are given one at a time.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these networks
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    network: Vec<String>,
    /// Only these methods
    #[arg(long, value_name = "PATTERN")]
    method: Vec<String>,
    /// Only these numbers of pictures at a time
    #[arg(long, value_delimiter = ',')]
    batch: Vec<usize>,
    /// These numbers of threads
    #[arg(long, value_delimiter = ',', default_value = "1,2")]
    threads: Vec<usize>,
    /// Only these number types
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    dtype: Vec<String>,
    /// Measure single layers instead of whole networks
    #[arg(long)]
    layers: bool,
    /// Our kernels: fast, exact or naive
    #[arg(long, value_name = "KERNELS", default_value = "fast")]
    kernels: Kernels,
    /// How often to go through everything
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds to repeat each case in a round, three times at least
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Also measure PyTorch, ONNX Runtime, zennit and captum, where this virtual environment has them
    #[arg(long, value_name = "VENV")]
    against_python: Option<PathBuf>,
    /// Also measure the LRP Toolbox: its folder `python`, run by the environment above or by python3
    #[arg(long, value_name = "DIR")]
    toolbox: Option<PathBuf>,
    /// Write the figures to a file, a line of JSON each
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// List what would be measured and stop
    #[arg(long)]
    list: bool,
    /// Measure what a further image costs in `lrp caffe`, from photo to files, on one thread
    #[arg(long)]
    caffe: bool,
    /// Run the benchmarks of the crates under criterion instead, against their own last run
    #[arg(long)]
    criterion: bool,
}

/// One process to start in every round, and what it said.
struct Run<'a> {
    case: &'a Case,
    system: &'a System,
    samples: Vec<Sample>,
    difference: Option<f64>,
    /// Why it is not started again.
    failed: Option<String>,
}

/// Measures everything asked for; `false` if another system failed.
pub(crate) fn run(options: &Options) -> Result<bool> {
    if options.criterion {
        return criterion();
    }
    if options.caffe {
        return caffe::run(options);
    }
    let (networks, cases) = plan::cases(options)?;
    let systems = systems::systems(options)?;
    if options.list {
        cases.iter().for_each(|case| println!("{case}"));
        return Ok(true);
    }
    let work = tempfile::tempdir().context("a temporary folder")?;
    let folders = networks.iter().map(|network| (network.name, work.path().join(network.name)));
    let folders: BTreeMap<&str, PathBuf> = folders.collect();
    let mut runs: Vec<Run> = cases.iter().flat_map(|case| runs(case, &systems)).collect();
    let bar = bar(runs.len() * options.rounds as usize);
    for network in &networks {
        bar.set_message(format!("{}: weights", network.name));
        folder::write(network, &folders[network.name]).with_context(|| network.name)?;
    }
    for round in 0..options.rounds {
        // What ours found in this round, for the others to be compared with.
        let result = work.path().join("ours.f32");
        for run in &mut runs {
            bar.set_message(format!("{} {}", run.system.name, run.case));
            run.measure(options, &folders[run.case.network], (round == 0).then_some(&*result))?;
            bar.inc(1);
        }
    }
    bar.finish_and_clear();
    let measurements = measurements(&runs, options);
    println!("{}\n", report::machine(&systems));
    report::print(&cases, &systems, &measurements);
    runs.iter().filter_map(|run| run.failed.as_ref()).for_each(|line| println!("failed: {line}"));
    if let Some(path) = &options.json {
        report::save(path, &measurements)?;
    }
    Ok(runs.iter().all(|run| run.failed.is_none()))
}

/// Ours, then the others that can do the same.
fn runs<'a>(case: &'a Case, systems: &'a [System]) -> Vec<Run<'a>> {
    let fits = |system: &&System| match system.dtype {
        None => true,
        Some(dtype) => dtype == case.dtype && case.peers.contains(&system.name.as_str()),
    };
    let run = |system| Run { case, system, samples: Vec::new(), difference: None, failed: None };
    systems.iter().filter(fits).map(run).collect()
}

impl Run<'_> {
    /// Adds a sample; with `ours`, relevance of one picture is written there, or compared with what is there.
    fn measure(&mut self, options: &Options, folder: &Path, ours: Option<&Path>) -> Result<()> {
        if self.failed.is_some() {
            return Ok(());
        }
        let theirs = self.system.dtype.is_some();
        let ours = ours.filter(|_| self.case.batch == 1 && self.case.method.explains());
        let result = ours.map(|ours| if theirs { ours.with_extension("other") } else { ours.to_owned() });
        match self.system.measure(self.case, options, folder, result.as_deref()) {
            Ok(sample) => self.samples.push(sample),
            Err(error) if theirs => {
                self.failed = Some(format!("{error:#}"));
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        if let (Some(ours), Some(result), true) = (ours, result, theirs) {
            self.difference = Some(difference(&floats(ours)?, &floats(&result)?)?);
        }
        Ok(())
    }
}

/// What the processes said, case by case. The operations of a case are counted by ours.
fn measurements(runs: &[Run], options: &Options) -> Vec<Measurement> {
    let mut flops = None;
    let mut measurements = Vec::new();
    for run in runs.iter().filter(|run| !run.samples.is_empty()) {
        flops = run.samples[0].flops.or(flops);
        let Run { system, case, samples, difference, .. } = run;
        measurements.push(Measurement::new(system, case, options, samples, flops, *difference));
    }
    measurements
}

fn floats(path: &Path) -> Result<Vec<f32>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    Ok(bytes.as_chunks().0.iter().map(|&float| f32::from_le_bytes(float)).collect())
}

/// `‖theirs − ours‖ / ‖ours‖`
fn difference(ours: &[f32], theirs: &[f32]) -> Result<f64> {
    let (expected, found) = (ours.len(), theirs.len());
    ensure!(expected == found, "another system's relevance has {found} values, expected {expected}");
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|value| value * value).sum::<f64>().sqrt();
    let apart = norm(&mut ours.iter().zip(theirs).map(|(&one, &two)| f64::from(two) - f64::from(one)));
    Ok(apart / norm(&mut ours.iter().copied().map(f64::from)))
}

fn criterion() -> Result<bool> {
    let benches = ["-p", "lrp-core", "--bench", "layers", "-p", "lrp", "--bench", "explanations"];
    let status = Command::new(env!("CARGO")).arg("bench").args(benches).current_dir(workspace()).status();
    Ok(status.context("cargo bench")?.success())
}

fn bar(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64);
    match ProgressStyle::with_template("{bar:30} {pos}/{len}, {eta} left, {msg}") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
