//! Suites of zennit's kind: ONNX networks under its composites, gradients and integrated gradients.
//!
//! `manifest.json` lists cases, each a folder of its own or files beside it. A case without bounds in numbers has
//! those of its model's sidecar; a model that is not there is one of `data/models`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lrp::core::{Float, Kernels, Network, Tensor, cast};
use lrp::io::{Limits, Sidecar, read_array, read_model};
use lrp::rules::{
    Attributor, Composite, Dialect, Plan, PlanOptions, Start, Target, canonize, composite_within,
    explain_together, top_classes,
};
use ndarray::ArrayD;
use serde::Deserialize;

use super::check::Check;
use super::precision::{Compare, both};
use super::{Arrays, Case, workspace};

/// `max|ours − reference| / max|reference|` allowed.
const F64_TOLERANCE: f64 = 1e-9;
const F32_TOLERANCE: f64 = 1e-4;
/// The same where the reference was computed in f64 and stored in f32.
const STORED_TOLERANCE: f64 = 1e-6;

#[derive(Deserialize)]
struct Manifest {
    /// Of all cases that name none.
    model: Option<PathBuf>,
    cases: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(alias = "image")]
    case: String,
    model: Option<PathBuf>,
    input: PathBuf,
    expected: PathBuf,
    box_low: Bound,
    box_high: Bound,
    relevance: Vec<Relevance>,
}

/// A bound of the input, or in words how the model's sidecar comes to it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Bound {
    Number(f64),
    #[expect(dead_code, reason = "the words are for people")]
    Words(String),
}

#[derive(Deserialize)]
struct Relevance {
    /// `relevance_COMPOSITE` where none is given.
    key: Option<String>,
    composite: String,
    /// Where none is given, gradients start at one and shares at the score.
    seed: Option<String>,
}

/// Everything a case reads, once for both number types.
struct Material {
    entry: Entry,
    network: Network<f64>,
    /// What the input's numbers lie between, a pair a channel or one for all.
    bounds: Vec<(f64, f64)>,
    input: ArrayD<f64>,
    expected: Arrays,
}

/// The cases of a suite, in f64 and f32; `None` for a suite of another kind.
pub(super) fn cases(folder: &Path, kernels: Kernels) -> Result<Option<Vec<Case>>> {
    let path = folder.join("manifest.json");
    let Ok(text) = std::fs::read_to_string(&path) else { return Ok(None) };
    if !text.contains(r#""composite":"#) {
        return Ok(None);
    }
    let manifest: Manifest = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
    let mut cases = Vec::new();
    for entry in manifest.cases {
        let name = entry.case.clone();
        let base = Some(folder.join(&name)).filter(|own| own.is_dir()).unwrap_or_else(|| folder.to_owned());
        let model = entry.model.as_ref().or(manifest.model.as_ref()).context("a case names its model")?;
        let model = Some(base.join(model))
            .filter(|own| own.is_file())
            .unwrap_or_else(|| workspace().join("data/models").join(model));
        let network = canonize(&read_model(&model, &Limits::default())?)?.network;
        let bounds = match (&entry.box_low, &entry.box_high) {
            (&Bound::Number(low), &Bound::Number(high)) => vec![(low, high)],
            _ => Sidecar::of_model(&model, &Limits::default())?.input.bounds(),
        };
        let input = read_array(base.join(&entry.input), &Limits::default())?.values;
        let expected = Arrays::read(&base.join(&entry.expected))?;
        let material = Material { entry, network, bounds, input, expected };
        cases.extend(both(&name, material, kernels));
    }
    Ok(Some(cases))
}

impl Compare for Material {
    fn checks<T: Float>(&self, kernels: Kernels) -> Result<Vec<Check>> {
        let Self { entry, network, bounds, input, expected } = self;
        let network: Network<T> = network.cast()?.with_kernels(kernels);
        let input: Tensor<T> = cast(input);
        let target = Target::PerSample(top_classes(expected.get("output")?));
        let mut results = vec![("output".to_owned(), network.forward(&input)?)];
        let methods = [("gradient", "gradient"), ("integrated_gradients_20", "integrated-gradients(20)")];
        for (key, method) in methods.into_iter().filter(|(key, _)| expected.find(key).is_some()) {
            let method: Attributor = method.parse()?;
            let explanation = method.explain(&network, &input, &target, PlanOptions::default())?;
            results.push((key.to_owned(), explanation.relevance));
        }
        for wanted in &entry.relevance {
            let key = wanted.key.clone().unwrap_or_else(|| format!("relevance_{}", wanted.composite));
            let start = wanted.start().with_context(|| key.clone())?;
            let composite = wanted.composite(bounds).with_context(|| key.clone())?;
            let options = PlanOptions { start, ..PlanOptions::default() };
            let plan = Plan::new(&network, &composite.in_dialect(Dialect::Zennit), options)?;
            let explanation = explain_together(&[&plan], &input, std::slice::from_ref(&target))?;
            let explanation = explanation.into_iter().flatten().next().context("one plan, one target")?;
            results.push((key, explanation.relevance));
        }
        if let Some(stranger) = expected.names().find(|name| !results.iter().any(|(known, _)| known == name))
        {
            bail!("nothing here compares the reference's array '{stranger}'");
        }
        let check = |(name, actual): (String, Tensor<T>)| {
            let recorded = expected.get(&name)?.clone();
            let tolerance = match T::NAME == f64::NAME {
                true if expected.is_single(&name) => STORED_TOLERANCE,
                true => F64_TOLERANCE,
                false => F32_TOLERANCE,
            };
            Ok(Check::new(name, cast(&actual), recorded, tolerance))
        };
        results.into_iter().map(check).collect()
    }
}

impl Relevance {
    fn start(&self) -> Result<Start> {
        match (self.seed.as_deref(), self.composite.as_str()) {
            (Some("one"), _) | (None, "guided_backprop" | "deconvnet") => Ok(Start::One),
            (Some("logit of the predicted class") | None, _) => Ok(Start::Score),
            (Some(other), _) => bail!("unknown seed '{other}'"),
        }
    }

    /// `all_RULE` is a rule for every layer with weights; everything else is a composite's name.
    fn composite(&self, bounds: &[(f64, f64)]) -> Result<Composite> {
        let Some(rule) = self.composite.strip_prefix("all_") else {
            return Ok(composite_within(&self.composite, bounds)?.0);
        };
        let rule = match rule {
            "wsquare" => "w2".to_owned(),
            "epsilon_nobias" => "epsilon(1e-6,bias=0)".to_owned(),
            rule => match rule.split_once('_') {
                Some((name, parameters)) => format!("{name}({})", parameters.replace('_', ",")),
                None => rule.to_owned(),
            },
        };
        Ok(Composite::uniform(rule.parse()?))
    }
}
