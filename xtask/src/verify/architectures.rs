//! Suites of architectures: a folder of ONNX files and no manifest, their weights replaced by random ones.
//!
//! Nobody recorded what such networks should say. So they are held against themselves: the canonical form has
//! the logits of the file, relevance is finite, and what the ledger says was lost is all that is missing of it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lrp::core::{Float, Kernels, Network, Op, Parameters, Scaling, Tensor};
use lrp::io::{Limits, Source, model_format, read_file, read_model_source};
use lrp::rules::{Plan, PlanOptions, Target, canonize, random_sample, suggest};
use ndarray::{Axis, arr1};

use super::Case;
use super::check::Check;

/// `max|f' − f| / max|f|` allowed, and the share of relevance that may get lost unseen.
const TOLERANCE: f64 = 1e-9;

/// How far random biases and shifts spread; weights spread so that activations keep their size.
const BIAS: f64 = 0.1;

/// The cases of a suite, a file each and read when it is run; `None` for a folder without ONNX files.
pub(super) fn cases(folder: &Path, kernels: Kernels) -> Result<Option<Vec<Case>>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        files.push(entry?.path());
    }
    files.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    files.sort();
    let case = |path: PathBuf| {
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Case { name, dtype: f64::NAME, run: Box::new(move || run(&path, kernels)) }
    };
    Ok((!files.is_empty()).then(|| files.into_iter().map(case).collect()))
}

fn run(path: &Path, kernels: Kernels) -> Result<Vec<Check>> {
    let (limits, name) = (Limits::default(), path.display().to_string());
    let source = Source::from(read_file(path, &limits)?).beside(path);
    let sample = (model_format(&name, source.bytes())?.sample)(&source, &limits);
    let input = random_sample(&sample.context("the file does not say the shape of its input")?, &[], 0);
    let network = refilled(read_model_source(&name, &source, &limits)?.network)?.with_kernels(kernels);
    let canonical = canonize(&network)?.network;
    let suggestion = suggest(&canonical, &[])?;
    let options = PlanOptions { keep_ledger: true, save_memory: true, ..PlanOptions::default() };
    // Random logits are far apart: behind a softmax one class has everything, whatever was changed before.
    let head = Plan::new(&network, &suggestion.composite, options)?.head();
    let logits = network.trace(&input)?.value(head).clone();
    drop(network);

    let plan = Plan::new(&canonical, &suggestion.composite, options)?;
    let trace = canonical.trace(&input)?;
    let explanation = plan.explain_trace(&trace, &Target::Top)?;
    let mut checks = vec![Check::new("canonical form", trace.value(plan.head()).clone(), logits, TOLERANCE)];
    let some = explanation.relevance.iter().any(|&relevance| relevance != 0.0);
    let finite = explanation.relevance.mapv(|relevance| f64::from(u8::from(some && relevance.is_finite())));
    checks.push(Check::new("finite relevance", finite, Tensor::ones(input.shape()), 0.0));
    let ledger = explanation.ledger.context("the ledger was asked for")?;
    let lost: f64 = ledger.entries().iter().map(lrp::rules::Entry::lost).sum();
    let (found, seed) = (explanation.relevance.sum() + lost, explanation.seed.sum());
    let name = format!("total under {}", suggestion.name);
    checks.push(Check::new(name, arr1(&[found]).into_dyn(), arr1(&[seed]).into_dyn(), TOLERANCE));
    Ok(checks)
}

/// The network with other weights, the same in every run.
fn refilled(network: Network<f64>) -> Result<Network<f64>> {
    let normal =
        |shape: &[usize], seed: usize| random_sample(shape, &[], seed as u64).index_axis_move(Axis(0), 0);
    let weighed = network.map_parameters(|node, old| {
        let spread = (2.0 / old.fan_in() as f64).sqrt();
        let bias = normal(&[old.bias.len()], 2 * node + 1).iter().map(|x| BIAS * x).collect();
        Parameters { weights: normal(old.weights.shape(), 2 * node) * spread, bias }
    })?;
    weighed.map_ops(|node, old| match old.op() {
        Op::Scaling(old) => {
            let factor = normal(old.factor().shape(), 2 * node).mapv(|x| 1.0 + BIAS * x);
            let shift = normal(old.shift().shape(), 2 * node + 1) * BIAS;
            Ok(Scaling::new(factor, shift).into())
        }
        other => Ok(other.clone()),
    })
}
