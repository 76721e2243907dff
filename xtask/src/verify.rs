//! Reference outputs against ours: suites are folders, and a folder with a case needs no code.
//!
//! A suite whose manifest lists rules and networks of the toolbox is run by [`networks`], of zennit by [`zennit`]; one
//! that holds pictures by [`pictures`], one of ONNX files alone by [`architectures`]. Every array of a case is a
//! [`Check`]; what passes is a line a case, what fails is written out under `target/verify`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lrp::core::Kernels;
use lrp::io::{Array, Dtype, Limits, read_arrays};
use ndarray::ArrayD;

mod architectures;
mod caffe;
mod check;
mod failure;
mod networks;
mod pictures;
mod precision;
mod quirks;
mod report;
mod zennit;

use check::Check;

/// What to verify and how to say it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only suites of this name.
    #[arg(long)]
    suite: Option<String>,
    /// Only cases of this name; lists each of their checks.
    #[arg(long)]
    case: Option<String>,
    /// Look for suites in this folder instead of data/golden.
    #[arg(long, value_name = "DIR")]
    reference: Option<PathBuf>,
    /// Kernels to compute with: fast, exact or naive.
    #[arg(long, value_name = "KERNELS", default_value = "fast")]
    kernels: Kernels,
    /// Print one JSON object instead of lines.
    #[arg(long)]
    json: bool,
    /// List every check, not only every case.
    #[arg(long, short)]
    verbose: bool,
}

/// One case in one number type.
pub(crate) struct Outcome {
    suite: String,
    case: String,
    dtype: &'static str,
    checks: Vec<Check>,
    time: Duration,
}

/// A case that waits to be run.
pub(crate) struct Case {
    name: String,
    dtype: &'static str,
    run: Box<dyn Fn() -> Result<Vec<Check>>>,
}

/// Arrays of a reference file by name.
pub(crate) struct Arrays(Vec<(String, Array)>);

/// Runs every suite that is asked for; `false` if anything differs.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let root = options.reference.clone().unwrap_or_else(|| workspace().join("data/golden"));
    let failures = workspace().join("target/verify");
    failure::clear(&failures)?;
    let mut outcomes = Vec::new();
    let mut strangers = Vec::new();
    for (suite, folder) in folders(&root)? {
        if options.suite.as_ref().is_some_and(|wanted| *wanted != suite) {
            continue;
        }
        let Some(cases) = cases(&folder, options.kernels).with_context(|| format!("suite {suite}"))? else {
            strangers.push(suite);
            continue;
        };
        for case in
            cases.into_iter().filter(|case| options.case.as_ref().is_none_or(|wanted| *wanted == case.name))
        {
            let start = Instant::now();
            let checks = (case.run)().with_context(|| format!("suite {suite}, case {}", case.name))?;
            let outcome = Outcome {
                suite: suite.clone(),
                case: case.name,
                dtype: case.dtype,
                checks,
                time: start.elapsed(),
            };
            if !options.json {
                report::print(&outcome, options.verbose || options.case.is_some());
            }
            failure::write(&failures, &outcome)?;
            outcomes.push(outcome);
        }
    }
    if outcomes.is_empty() {
        bail!("no case found in {}; is the suite or case spelled right?", root.display());
    }
    report::summary(&outcomes, &strangers, options.json)
}

/// The cases of a suite, or nothing if it is of a kind no runner knows.
fn cases(folder: &Path, kernels: Kernels) -> Result<Option<Vec<Case>>> {
    if let Some(cases) = caffe::cases(folder, kernels)? {
        return Ok(Some(cases));
    }
    if let Some(cases) = networks::cases(folder, kernels)? {
        return Ok(Some(cases));
    }
    if let Some(cases) = zennit::cases(folder, kernels)? {
        return Ok(Some(cases));
    }
    if let Some(cases) = pictures::cases(folder)? {
        return Ok(Some(cases));
    }
    architectures::cases(folder, kernels)
}

fn folders(root: &Path) -> Result<Vec<(String, PathBuf)>> {
    let entries = std::fs::read_dir(root).with_context(|| format!("no suites in {}", root.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            folders.push((entry.file_name().to_string_lossy().into_owned(), entry.path()));
        }
    }
    folders.sort();
    Ok(folders)
}

/// The root of the workspace.
pub(crate) fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(PathBuf::new, Path::to_path_buf)
}

impl Arrays {
    fn read(path: &Path) -> Result<Self> {
        Ok(Self(read_arrays(path, &Limits::default())?))
    }

    fn get(&self, name: &str) -> Result<&ArrayD<f64>> {
        self.find(name).with_context(|| format!("the reference has no array '{name}'"))
    }

    fn find(&self, name: &str) -> Option<&ArrayD<f64>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, array)| &array.values)
    }

    /// Whether the reference rounded an array to f32 when it was stored.
    fn is_single(&self, name: &str) -> bool {
        self.0.iter().any(|(known, array)| known == name && array.dtype == Dtype::F32)
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}
