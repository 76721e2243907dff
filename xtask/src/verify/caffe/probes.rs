//! The relevance that is left in every value after the way back.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use lrp::core::{Float, Kernels, Network, Tensor, Value, cast, joined};
use lrp::io::caffe::{ImageInput, MeanFormat, read_mean};
use lrp::io::{Caffe, CaffeLayer, CaffeNetwork, Limits, Source, read_array, read_file};
use lrp::rules::{
    BiasShare, Composite, Dialect, FormulaOptions, Head, Maxima, Place, Plan, PlanOptions, Responses, Start,
    Target, Treatment, formula,
};
use ndarray::{ArrayD, Axis, concatenate};
use serde::Deserialize;
use serde_json::Value as Json;

use super::TOLERANCE;
use crate::verify::check::Check;
use crate::verify::precision::{Compare, both};
use crate::verify::{Arrays, Case};

/// Where a maximum is crossed as a mean, the reference divides by sums of numbers of either sign.
const CANCELLED: f64 = 5e-4;

#[derive(Deserialize)]
struct Manifest {
    runs: Vec<Probe>,
}

#[derive(Deserialize)]
struct Probe {
    id: String,
    net: String,
    prototxt: PathBuf,
    image: Json,
    options: Options,
    rc: i32,
    npz: Option<PathBuf>,
    layers: Option<Vec<String>>,
}

/// The options of the library, by the names of the program that set them.
#[derive(Deserialize)]
struct Options {
    #[serde(rename = "type")]
    formula: u16,
    eps: Option<f64>,
    beta: Option<f64>,
    switch: Option<usize>,
    lrnback: Option<i64>,
    maxavg: Option<i64>,
    bias: Option<i64>,
    init: Option<f64>,
    mean: Option<i64>,
    classes: Json,
}

/// Everything a case reads, once for both number types.
struct Material {
    probe: Probe,
    network: CaffeNetwork,
    input: ArrayD<f64>,
    mean: Option<[ArrayD<f64>; 2]>,
    expected: Arrays,
}

/// The cases that the reference finished, in f64 and f32.
pub(super) fn cases(folder: &Path, kernels: Kernels) -> Result<Vec<Case>> {
    let text = std::fs::read_to_string(folder.join("probe/manifest.json"))?;
    let manifest: Manifest = serde_json::from_str(&text)?;
    let mut cases = Vec::new();
    for probe in manifest.runs.into_iter().filter(|probe| probe.rc == 0) {
        let id = probe.id.clone();
        let material = Material::read(folder, probe).with_context(|| id.clone())?;
        cases.extend(both(&id, material, kernels));
    }
    Ok(cases)
}

impl Material {
    fn read(folder: &Path, probe: Probe) -> Result<Self> {
        let limits = Limits::default();
        let network = network(folder, &probe)?;
        let images: Vec<&str> = match &probe.image {
            Json::String(image) => vec![image],
            Json::Array(images) => images.iter().filter_map(Json::as_str).collect(),
            other => bail!("the image is {other}"),
        };
        let side = probe.net.trim_start_matches(|letter: char| letter.is_alphabetic());
        let input = |image: &&str| {
            let name = format!("inputs/in{side}__{image}__mean_bgr.binaryproto__mode1__base40.npy");
            Ok(read_array(folder.join(name), &limits)?.values.insert_axis(Axis(0)))
        };
        let inputs = images.iter().map(input).collect::<Result<Vec<_>>>()?;
        let views: Vec<_> = inputs.iter().map(|input| input.view()).collect();
        let input = concatenate(Axis(0), &views)?;
        let mean = probe.options.mean.map(|_| bounds(folder, images[0], side.parse()?)).transpose()?;
        let expected = Arrays::read(&folder.join(probe.npz.as_ref().context("a probe has its arrays")?))?;
        Ok(Self { probe, network, input, mean, expected })
    }
}

/// What black and white are once the mean image is subtracted: as it was handed to the library, upright.
fn bounds(folder: &Path, image: &str, side: usize) -> Result<[ArrayD<f64>; 2]> {
    let limits = Limits::default();
    let mean = read_file(folder.join("mean/mean_bgr.binaryproto"), &limits)?;
    let mean = read_mean("mean", &mean, MeanFormat::BlueGreenRed, false, &limits)?;
    let photo = read_file(folder.join("someimages").join(image), &limits)?;
    let mean = ImageInput { side, base: 40, mean }.prepare(image, &photo, &limits)?.mean.into_dyn();
    Ok([mean.mapv(|mean| -mean), mean.mapv(|mean| 255.0 - mean)])
}

/// The network of a probe, whose weights go by the name of the net.
fn network(folder: &Path, probe: &Probe) -> Result<CaffeNetwork> {
    let limits = Limits::default();
    let path = folder.join(&probe.prototxt);
    let weights = read_file(folder.join("models").join(format!("{}.caffemodel", probe.net)), &limits)?;
    let source = Source::from(read_file(&path, &limits)?).with_weights(weights);
    let network = Caffe::parse(&source, &limits)?.read()?;
    if let Some(layers) = &probe.layers {
        let ours: Vec<String> = network
            .layers
            .iter()
            .enumerate()
            .map(|(index, layer)| format!("{index} {} {}", layer.kind, layer.name))
            .collect();
        if ours != *layers {
            bail!("layers are {ours:?}, expected {layers:?}");
        }
    }
    Ok(network)
}

impl Compare for Material {
    fn checks<T: Float>(&self, kernels: Kernels) -> Result<Vec<Check>> {
        let network: Network<T> = self.network.network.cast()?.with_kernels(kernels);
        let input: Tensor<T> = cast(&self.input);
        let mut found = forward(&self.network.layers, &network, &input)?;
        found.extend(self.relevance(&network, &input)?);
        let mut checks = Vec::new();
        for name in self.expected.names() {
            let expected = self.expected.get(name)?.clone();
            let ours = found.get(name).cloned().unwrap_or_else(|| ArrayD::zeros(expected.raw_dim()));
            let ours = ours.into_shape_with_order(expected.raw_dim()).with_context(|| name.to_owned())?;
            checks.push(match self.probe.options.maxavg {
                Some(1) => {
                    Check::new(name, ours, expected, CANCELLED).noted("the reference's sums cancel in f32")
                }
                _ => Check::new(name, ours, expected, TOLERANCE),
            });
        }
        Ok(checks)
    }
}

/// Every value under the name it has last: layers in place leave nothing of what they read.
fn forward<T: Float>(
    layers: &[CaffeLayer],
    network: &Network<T>,
    input: &Tensor<T>,
) -> Result<HashMap<String, ArrayD<f64>>> {
    let trace = network.trace(input)?;
    let mut values = HashMap::from([("data:data".to_owned(), cast(input))]);
    for (name, value) in layers.iter().flat_map(|layer| &layer.writes) {
        values.insert(format!("data:{name}"), cast(trace.value(*value)));
    }
    Ok(values)
}

impl Material {
    fn relevance<T: Float>(
        &self,
        network: &Network<T>,
        input: &Tensor<T>,
    ) -> Result<HashMap<String, ArrayD<f64>>> {
        let layers = &self.network.layers;
        let composite = self.composite()?;
        let head = layers.iter().rposition(|layer| layer.kind == "InnerProduct").context("a dense layer")?;
        let head = layers[head].nodes.end - 1;
        let start = if self.probe.options.init.is_some() { Start::One } else { Start::Score };
        let plan = Plan::new(
            network,
            &composite,
            PlanOptions { head: Head::Node(head), start, ..PlanOptions::default() },
        )?;
        let trace = plan.trace(input)?;
        let seed = match start {
            Start::One => self.target()?.ones(trace.value(plan.head()))?,
            Start::Score => self.target()?.seed(trace.value(plan.head()))?,
        };
        // Of each array one for each part of the samples that went a way of its own.
        let mut arrived: HashMap<(usize, usize), Vec<Tensor<T>>> = HashMap::new();
        let mut at: HashMap<Value, Vec<Tensor<T>>> = HashMap::new();
        let relevance = trace.walk_back(plan.head(), seed, |node, record, relevance| {
            at.entry(Value::of_node(node)).or_default().push(relevance.clone());
            let parts = plan.cross(node, record, relevance);
            for (place, part) in parts.iter().enumerate() {
                arrived.entry((node, place)).or_default().push(part.clone());
            }
            parts
        });
        at.insert(Value::INPUT, vec![relevance]);
        let whole = |parts: &Vec<Tensor<T>>| cast(&joined(parts));
        let mut found = HashMap::new();
        found.insert("diff:data".to_owned(), whole(&at[&Value::INPUT]));
        for layer in layers {
            for (name, value) in &layer.writes {
                let known = at.get(value).map(whole);
                if let Some(relevance) = known.filter(|_| layer.kind != "Split" && !layer.in_place) {
                    found.insert(format!("diff:{name}"), relevance);
                }
            }
            for (place, (name, _)) in
                layer.reads.iter().enumerate().filter(|(_, (name, _))| name.contains("_split_"))
            {
                if let Some(parts) = arrived.get(&(layer.nodes.start, place)) {
                    found.insert(format!("diff:{name}"), whole(parts));
                }
            }
        }
        Ok(found)
    }

    fn composite(&self) -> Result<Composite> {
        let options = &self.probe.options;
        let layers = &self.network.layers;
        let place = |index: usize| {
            // Counted as Caffe does; here the last node of a layer is what it reaches to.
            let index = index.min(layers.len() - 1);
            Place::Index(layers[index].nodes.end.saturating_sub(1))
        };
        let treatment = Treatment {
            maxima: if options.maxavg == Some(1) { Maxima::Mean } else { Maxima::Winner },
            bias: if options.bias == Some(1) { BiasShare::Spread } else { BiasShare::Own },
            responses: if options.lrnback.unwrap_or(1) == 1 { Responses::Dialect } else { Responses::Pass },
            lengths: false,
        };
        let usual = FormulaOptions::default();
        let chosen = FormulaOptions {
            epsilon: options.eps.unwrap_or(1.0),
            beta: options.beta.unwrap_or(0.1),
            switch: options.switch.map(place),
            depth: place(15),
            bounds: self.mean.clone().map(|[low, high]| (low.into(), high.into())),
            treatment,
            ..usual
        };
        let formula = formula(&options.formula.to_string()).context("a formula type")?;
        let composite = formula.composite(&chosen).map_err(anyhow::Error::msg)?;
        Ok(composite.in_dialect(Dialect::Caffe))
    }

    fn target(&self) -> Result<Target> {
        let classes = match &self.probe.options.classes {
            Json::Number(class) => class.to_string(),
            Json::String(classes) => classes.clone(),
            other => bail!("the classes are {other}"),
        };
        let sample =
            |text: &str| text.split(',').map(|class| Ok(class.parse()?)).collect::<Result<Vec<usize>>>();
        Ok(Target::Joint(classes.split(';').map(sample).collect::<Result<_>>()?))
    }
}
