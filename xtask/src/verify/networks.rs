//! Suites of networks: every rule, seed, preset, layer, gradient and output the reference recorded.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lrp::core::{Float, Kernels, Network, Tensor, Trace, Value, cast};
use lrp::io::{Limits, read_array, read_model};
use lrp::rules::{Composite, Plan, PlanOptions, Presets, Rule, Target, toolbox_rule, top_classes};
use lrp::train::{Examples, step};
use ndarray::{Array2, ArrayD};
use serde::Deserialize;

use super::check::Check;
use super::precision::{Compare, both};
use super::quirks::{self, Quirk, Remedy};
use super::{Arrays, Case};

/// `max|ours − reference| / max|reference|` allowed.
const F64_TOLERANCE: f64 = 1e-10;
const F32_TOLERANCE: f64 = 1e-4;

/// The same for weights after a step of training, which differ little from those before it.
const STEP_TOLERANCE: f64 = 1e-12;

/// What a step of training is to come closer to, and the weights and biases after it.
const TRAIN_TARGET: &str = "train_target";
const TRAIN_STEP: &str = "train_step_";

#[derive(Deserialize)]
struct Manifest {
    cases: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    case: String,
    model: PathBuf,
    input: PathBuf,
    expected: PathBuf,
    relevance: Vec<Relevance>,
    train_step: TrainStep,
}

#[derive(Deserialize)]
struct TrainStep {
    lrate: f64,
}

#[derive(Deserialize)]
struct Relevance {
    key: String,
    rule: Option<String>,
    param: Option<f64>,
    #[serde(default)]
    preset: Vec<(String, Option<f64>)>,
    seed: Seed,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Seed {
    Predicted,
    AllLogits,
}

/// Everything a case reads, once for both number types.
struct Material {
    entry: Entry,
    network: Network<f64>,
    input: ArrayD<f64>,
    expected: Arrays,
}

/// The cases of a suite of the toolbox's kind, in f64 and f32; `None` for a suite of another kind.
pub(super) fn cases(folder: &Path, kernels: Kernels) -> Result<Option<Vec<Case>>> {
    let path = folder.join("manifest.json");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    // Manifests of other kinds need not even be strict JSON.
    if !text.contains(r#""reference": "LRP Toolbox"#) {
        return Ok(None);
    }
    let manifest: Manifest = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let mut cases = Vec::new();
    for entry in manifest.cases {
        let base = folder.join(&entry.case);
        let network = read_model(base.join(&entry.model), &Limits::default())?;
        let input = read_array(base.join(&entry.input), &Limits::default())?.values;
        let expected = Arrays::read(&base.join(&entry.expected))?;
        let name = entry.case.clone();
        cases.extend(both(&name, Material { entry, network, input, expected }, kernels));
    }
    Ok(Some(cases))
}

impl Compare for Material {
    fn checks<T: Float>(&self, kernels: Kernels) -> Result<Vec<Check>> {
        let Self { entry, network, input, expected } = self;
        let network: Network<T> = network.cast()?.with_kernels(kernels);
        let trace = network.trace(&cast(input))?;
        let classes = top_classes(expected.get("logits")?);
        let plan =
            Plan::new(&network, &Composite::uniform(lrp::rules::rules::simple()), PlanOptions::default())?;
        let head = plan.head();

        let mut results: Vec<(String, Tensor<T>)> = vec![
            ("output".to_owned(), trace.output().clone()),
            ("logits".to_owned(), trace.value(head).clone()),
            (
                "gradient_onehot".to_owned(),
                trace.toolbox_backward(head, &one_hot(&classes, trace.value(head))),
            ),
        ];
        for wanted in &entry.relevance {
            let composite = composite(wanted).with_context(|| wanted.key.clone())?;
            let plan = Plan::new(&network, &composite, PlanOptions::default())?;
            let target = match wanted.seed {
                Seed::Predicted => Target::PerSample(classes.clone()),
                Seed::AllLogits => Target::All,
            };
            let explanation = plan.explain_trace(&trace, &target)?;
            if let Some(Quirk { remedy: Remedy::SquareOnSumPool(alpha), .. }) =
                quirks::find(&entry.case, &wanted.key)
            {
                let mistaken = quirks::with_square(&plan, &trace, head, explanation.seed, *alpha);
                results.push((format!("{}{MISTAKEN}", wanted.key), mistaken));
            }
            results.push((wanted.key.clone(), explanation.relevance));
        }
        results.extend(layers(&trace, head, expected, &classes)?);
        results.extend(after_a_step(&network, input, expected, entry.train_step.lrate)?);
        let is_strange =
            |name: &&str| *name != TRAIN_TARGET && !results.iter().any(|(known, _)| known == name);
        if let Some(stranger) = expected.names().find(is_strange) {
            bail!("nothing here compares the reference's array '{stranger}'");
        }
        results
            .iter()
            .filter_map(|(name, actual)| check(&entry.case, name, actual, expected).transpose())
            .collect()
    }
}

fn composite(wanted: &Relevance) -> Result<Composite> {
    let rule = |name: &str, parameter| -> Result<Rule> {
        toolbox_rule(Some(name), parameter)?.context("a named rule is a rule")
    };
    match (&wanted.rule, &wanted.preset[..]) {
        (Some(name), []) => Ok(Presets::default().composite(Some(rule(name, wanted.param)?))),
        (None, [first, others]) => {
            let presets = Presets::everywhere(rule(&others.0, others.1)?);
            Ok(presets.with(0, rule(&first.0, first.1)?).composite(None))
        }
        _ => bail!("neither a rule nor a pair of presets"),
    }
}

/// `layer_NN_input_relevance_RULE_PARAMETER` for every layer the reference has it of.
fn layers<T: Float>(
    trace: &Trace<'_, T>,
    head: Value,
    expected: &Arrays,
    classes: &[usize],
) -> Result<Vec<(String, Tensor<T>)>> {
    let rule = toolbox_rule(Some("epsilon"), Some(0.01))?;
    let composite = Presets::default().composite(rule);
    let options = PlanOptions { keep_layers: true, ..PlanOptions::default() };
    let plan = Plan::new(trace.network(), &composite, options)?;
    let explanation = plan.explain_trace(trace, &Target::PerSample(classes.to_vec()))?;
    let layers = explanation.layers.context("relevance of every layer was asked for")?;
    let named = (0..=head.index()).map(|layer| format!("layer_{layer:02}_input_relevance_epsilon_0.01"));
    Ok(named.zip(layers).filter(|(name, _)| expected.find(name).is_some()).collect())
}

/// Marks an array of ours that repeats a mistake of the reference on purpose.
const MISTAKEN: &str = " (with the mistake)";

/// `train_step_W_NN` and `train_step_B_NN`, the weights and biases of layer NN after one step of training.
fn after_a_step<T: Float>(
    network: &Network<T>,
    input: &ArrayD<f64>,
    expected: &Arrays,
    rate: f64,
) -> Result<Vec<(String, Tensor<T>)>> {
    let targets: Tensor<T> = cast(expected.get(TRAIN_TARGET)?);
    let batch = Examples::new(cast(input), targets.into_dimensionality()?)?;
    let (trained, _) = step(network.clone(), &batch, rate)?;
    let mut arrays = Vec::new();
    for (index, node) in trained.nodes().iter().enumerate() {
        if let Some(learned) = node.op().weights_and_bias() {
            arrays.push((format!("{TRAIN_STEP}W_{index:02}"), learned.weights.to_owned()));
            arrays.push((format!("{TRAIN_STEP}B_{index:02}"), learned.bias.to_owned().into_dyn()));
        }
    }
    Ok(arrays)
}

/// `None` for an array that must differ from the reference, once it does.
fn check<T: Float>(case: &str, name: &str, actual: &Tensor<T>, expected: &Arrays) -> Result<Option<Check>> {
    let actual: ArrayD<f64> = cast(actual);
    let tolerance = match T::NAME {
        "f32" => F32_TOLERANCE,
        _ if name.starts_with(TRAIN_STEP) => STEP_TOLERANCE,
        _ => F64_TOLERANCE,
    };
    let recorded = expected.get(name.trim_end_matches(MISTAKEN))?;
    let matched = Check::new(name, actual.clone(), recorded.clone(), tolerance);
    let Some(quirk) = quirks::find(case, name.trim_end_matches(MISTAKEN)) else { return Ok(Some(matched)) };
    if name.ends_with(MISTAKEN) {
        return Ok(Some(matched.noted(format!("{}: the reference's mistake repeated", quirk.id))));
    }
    if matched.passes() {
        let stale = Check { tolerance: -1.0, ..matched };
        return Ok(Some(
            stale.noted(format!("{} says this must differ from the reference, but it does not", quirk.id)),
        ));
    }
    Ok(match quirk.remedy {
        Remedy::SquareOnSumPool(_) => None,
        Remedy::Array(other) => {
            let intended = Check::new(name, actual, expected.get(other)?.clone(), tolerance);
            Some(intended.noted(format!("{}: compared with {other}", quirk.id)))
        }
    })
}

fn one_hot<T: Float>(classes: &[usize], scores: &Tensor<T>) -> Tensor<T> {
    let width = scores.len() / classes.len();
    let ones = Array2::from_shape_fn((classes.len(), width), |(sample, class)| {
        if class == classes[sample] { T::one() } else { T::zero() }
    });
    ones.into_shape_with_order(scores.raw_dim()).expect("one row a sample")
}
