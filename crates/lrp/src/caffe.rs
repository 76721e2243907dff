//! The programs of LRP for Caffe: what a configuration asks for, done for any number of images.
//!
//! A [`Program`] is read from a [`Config`] and is the same for every image; an [`Explainer`] runs it.
//!
//! ```no_run
//! use lrp::caffe::{Conventions, Program};
//! use lrp::io::{Limits, caffe::{Config, Wanted}, read_file};
//!
//! let limits = Limits::default();
//! let config = Config::parse("lrp.txt", &read_file("lrp.txt", &limits)?)?;
//! let program = Program::read(config, Conventions::Fixed, &limits)?;
//! let explainer = program.explainer()?;
//! let photo = program.images().prepare("cat.jpg", &read_file("cat.jpg", &limits)?, &limits)?;
//! let found = explainer.explain(&[&photo], &[Wanted::Best])?;
//! println!("class {:?}, {}", found[0].classes, found[0].relevance.sum());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::path::Path;

use lrp_core::{Float, Kernels, Network, Tensor, Value};
use lrp_io::caffe::{Config, ImageInput, Prepared, Wanted, read_mean};
use lrp_io::{Caffe, CaffeLayer, CaffeNetwork, Limits, Source, read_file};
use lrp_rules::{
    Composite, Dialect, FormulaOptions, FormulaType, Head, Place, Plan, PlanOptions, Select, Target, formula,
    rules, samples_within,
};
use ndarray::{Array3, ArrayD, Axis};

use crate::error::{Error, Result};

/// Whose numbers come out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Conventions {
    /// Those of the original programs, with what is broken in them.
    Caffe,
    /// The published formulas: conserving, with the mean image upright.
    #[default]
    Fixed,
}

/// How many classes are explained at once where five are wanted.
const JOINT: usize = 5;

/// The brightest value of a pixel.
const WHITE: f64 = 255.0;

/// The bytes that recorded values may take, which bound how many images go through the network at once.
const RECORDED: usize = 128 << 20;

/// Images that go through the network at once where memory allows: enough to read the weights of dense layers rarely.
const AT_ONCE: usize = 10;

/// A network and how it is explained.
#[derive(Clone, Debug)]
pub struct Program<T: Float> {
    network: Network<T>,
    setup: Setup,
}

/// All of a program but its numbers.
#[derive(Clone, Debug)]
struct Setup {
    layers: Vec<CaffeLayer>,
    images: ImageInput,
    formula: &'static FormulaType,
    options: FormulaOptions,
    conventions: Conventions,
    /// The node that relevance starts on top of.
    head: usize,
    /// The value that relevance is brought to.
    foot: Value,
    /// Layers that let no relevance pass.
    stops: Vec<String>,
    classes: usize,
    warnings: Vec<String>,
}

/// What was found out about one image.
#[derive(Clone, Debug)]
pub struct Found {
    /// Relevance `[3, h, w]` of red, green and blue, or of the channels of the layer that it was brought to.
    pub relevance: Array3<f64>,
    /// What the network returns, as many as there are classes.
    pub scores: Vec<f64>,
    /// The classes explained, together if there are several.
    pub classes: Vec<usize>,
}

impl Program<f64> {
    /// Reads the files that a configuration names, and checks that they go together.
    ///
    /// # Errors
    /// One line naming the file or the key.
    pub fn read(config: Config, conventions: Conventions, limits: &Limits) -> Result<Self> {
        let name = config.network.display().to_string();
        let weights = read_file(&config.weights, limits)?;
        let source = Source::from(read_file(&config.network, limits)?).with_weights(weights);
        let caffe = Caffe::parse(&source, limits).map_err(|error| Error::of(&name, error))?;
        let CaffeNetwork { network, layers, warnings } =
            caffe.read().map_err(|error| Error::of(&name, error))?;
        let side = match *caffe.sample() {
            [3, height, width] if height == width => height,
            ref sample => {
                let message = format!(
                    "samples have the shape {sample:?}, expected 3 channels of equal height and width; \
                     `lrp explain` takes any"
                );
                return Err(Error::of(&name, message));
            }
        };
        let as_original = conventions == Conventions::Caffe;
        let mean = read_file(&config.mean, limits)?;
        let mean =
            read_mean(&config.mean.display().to_string(), &mean, config.mean_format, as_original, limits)?;
        let images = ImageInput { side, base: config.base_size, mean };
        let formula = formula_type(config.formula)?;
        let (head, foot) = bounds(&layers, config.last_layer, config.first_layer)?;
        let options = options(&config, formula, &layers)?;
        let stops = match conventions {
            Conventions::Caffe => refuse(&layers[foot..=head], formula, caffe.forces_backward())?,
            Conventions::Fixed => Vec::new(),
        };
        let foot = layers[foot].reads.first().map_or(Value::INPUT, |(_, value)| *value);
        let head = layers[head]
            .nodes
            .end
            .checked_sub(1)
            .ok_or_else(|| Error::new("lastlayerindex: no layer runs there"))?;
        let classes = config.classes;
        let setup =
            Setup { layers, images, formula, options, conventions, head, foot, stops, classes, warnings };
        Ok(Self { network, setup })
    }

    /// The same program in another number type.
    ///
    /// # Errors
    /// If a weight is not finite in it.
    pub fn cast<T: Float>(&self) -> Result<Program<T>> {
        Ok(Program { network: self.network.cast()?, setup: self.setup.clone() })
    }
}

impl<T: Float> Program<T> {
    /// The same program running with other kernels.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { network: self.network.with_kernels(kernels), ..self }
    }

    /// How photos become inputs.
    #[must_use]
    pub fn images(&self) -> &ImageInput {
        &self.setup.images
    }

    /// Caffe's layers in their order.
    #[must_use]
    pub fn layers(&self) -> &[CaffeLayer] {
        &self.setup.layers
    }

    /// What was passed over or made up, a line each.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.setup.warnings
    }

    /// How many images go through the network at once.
    ///
    /// # Errors
    /// If the network cannot take its own declared input.
    pub fn at_once(&self) -> Result<usize> {
        let side = self.setup.images.side;
        Ok(samples_within(&self.network, &[3, side, side], RECORDED)?.min(AT_ONCE))
    }

    /// The program, ready to run.
    ///
    /// # Errors
    /// If there is no rule for a layer.
    pub fn explainer(&self) -> Result<Explainer<'_, T>> {
        let plan = match self.setup.formula.is_boxed() {
            true => None,
            false => Some(self.plan(self.setup.options.clone())?),
        };
        Ok(Explainer { program: self, plan })
    }

    fn plan(&self, options: FormulaOptions) -> Result<Plan<'_, T>> {
        let composite = self.setup.formula.composite(&options).map_err(Error::new)?;
        let stopped =
            |composite: Composite, name: &String| composite.but(Select::Name(name.clone()), rules::stop());
        let composite = self.setup.stops.iter().fold(composite, stopped);
        let dialect = match self.setup.conventions {
            Conventions::Caffe => Dialect::Caffe,
            Conventions::Fixed => Dialect::Published,
        };
        let options = PlanOptions {
            head: Head::Node(self.setup.head),
            keep_layers: self.setup.foot != Value::INPUT,
            ..PlanOptions::default()
        };
        Ok(Plan::new(&self.network, &composite.in_dialect(dialect), options)?)
    }
}

/// A program that is ready to run.
#[derive(Clone, Debug)]
pub struct Explainer<'p, T: Float> {
    program: &'p Program<T>,
    /// Nothing where the rules depend on the image.
    plan: Option<Plan<'p, T>>,
}

impl<T: Float> Explainer<'_, T> {
    /// Explains images, each by what is wanted of it, over one run of the network.
    ///
    /// # Errors
    /// If an image is of another size than the network's input, or a class is out of range.
    ///
    /// # Panics
    /// If there are not as many wishes as images.
    pub fn explain(&self, images: &[&Prepared], wanted: &[Wanted]) -> Result<Vec<Found>> {
        assert_eq!(images.len(), wanted.len(), "a wish for every image");
        match &self.plan {
            Some(plan) => self.run(plan, images, wanted),
            None => {
                let one = |(image, wanted): (&&Prepared, &Wanted)| {
                    let program = self.program;
                    let low = image.mean.mapv(|mean| -mean).into_dyn();
                    let high = image.mean.mapv(|mean| WHITE - mean).into_dyn();
                    let bounds = Some((low.into(), high.into()));
                    let plan = program.plan(FormulaOptions { bounds, ..program.setup.options.clone() })?;
                    self.run(&plan, &[image], &[*wanted])
                };
                Ok(images
                    .iter()
                    .zip(wanted)
                    .map(one)
                    .collect::<Result<Vec<_>>>()?
                    .into_iter()
                    .flatten()
                    .collect())
            }
        }
    }

    fn run(&self, plan: &Plan<'_, T>, images: &[&Prepared], wanted: &[Wanted]) -> Result<Vec<Found>> {
        let views: Vec<_> = images.iter().map(|image| image.input.view()).collect();
        let input = ndarray::stack(Axis(0), &views).map_err(|error| Error::new(error.to_string()))?;
        let input: Tensor<T> = lrp_core::cast(&input.into_dyn());
        let trace = plan.trace(&input)?;
        let scores = self.scores(trace.output())?;
        let classes: Vec<Vec<usize>> =
            scores.iter().zip(wanted).map(|(scores, wanted)| classes(scores, *wanted)).collect();
        let explanation = plan.explain_and_drop(trace, &Target::Joint(classes.clone()))?;
        let relevance = match &explanation.layers {
            Some(layers) => &layers[self.program.setup.foot.index()],
            None => &explanation.relevance,
        };
        let maps = relevance.outer_iter().map(|map| self.map(&map.to_owned()));
        let found = maps
            .zip(scores)
            .zip(classes)
            .map(|((relevance, scores), classes)| Ok(Found { relevance: relevance?, scores, classes }));
        found.collect()
    }

    /// Red, green and blue of what is blue, green and red in the network; other layers' channels as they are.
    fn map(&self, relevance: &Tensor<T>) -> Result<Array3<f64>> {
        let map: ArrayD<f64> = lrp_core::cast(relevance);
        let shape = match *map.shape() {
            [channels, height, width] => (channels, height, width),
            _ => (1, 1, map.len()),
        };
        let mut map = map.into_shape_with_order(shape).map_err(|error| Error::new(error.to_string()))?;
        if self.program.setup.foot == Value::INPUT {
            map.invert_axis(Axis(0));
        }
        Ok(map.as_standard_layout().into_owned())
    }

    /// The first so many values of each sample.
    fn scores(&self, output: &Tensor<T>) -> Result<Vec<Vec<f64>>> {
        let classes = self.program.setup.classes;
        let rows = output.outer_iter().map(|row| {
            let scores: Vec<f64> = row.iter().take(classes).map(|score| score.as_f64()).collect();
            match scores.len() == classes {
                true => Ok(scores),
                false => {
                    let found = row.len();
                    Err(Error::new(format!("numclasses is {classes}, but the network has {found} outputs")))
                }
            }
        });
        rows.collect()
    }
}

impl Found {
    /// The classes in falling order of their scores, up to so many of them; of equals the later first.
    #[must_use]
    pub fn ranking(&self, count: usize) -> Vec<(usize, f64)> {
        let mut ranking = ranked(&self.scores);
        ranking.truncate(count);
        ranking
    }
}

fn ranked(scores: &[f64]) -> Vec<(usize, f64)> {
    let mut ranking: Vec<(usize, f64)> = scores.iter().copied().enumerate().collect();
    ranking.sort_by(|one, two| two.1.total_cmp(&one.1).then(two.0.cmp(&one.0)));
    ranking
}

fn classes(scores: &[f64], wanted: Wanted) -> Vec<usize> {
    let best = |count| ranked(scores).into_iter().take(count).map(|(class, _)| class).collect();
    match wanted {
        Wanted::Class(class) => vec![class],
        Wanted::Best => best(1),
        Wanted::Five => best(JOINT),
    }
}

/// The formula of a number.
fn formula_type(number: i64) -> Result<&'static FormulaType> {
    formula(&number.to_string()).ok_or_else(|| {
        let known: Vec<String> = lrp_rules::FORMULAS.iter().map(|row| row.number.to_string()).collect();
        Error::new(format!("relpropformulatype is {number}; known are {}", known.join(", ")))
    })
}

/// The layers that relevance starts on top of and is brought to the bottom of.
fn bounds(layers: &[CaffeLayer], last: i64, first: i64) -> Result<(usize, usize)> {
    let highest = layers.len().saturating_sub(1);
    let head = match last {
        -1 => {
            layers.iter().position(|layer| layer.kind == "Softmax").and_then(|softmax| softmax.checked_sub(1))
        }
        -2 => layers.iter().rposition(|layer| layer.kind == "InnerProduct"),
        _ => usize::try_from(last).ok().filter(|&head| head <= highest),
    };
    let head = head.ok_or_else(|| {
        let meant = match last {
            -1 => "there is no layer below a Softmax".to_owned(),
            -2 => "there is no InnerProduct".to_owned(),
            _ => format!(
                "allowed are 0 to {highest}, -1 (below the Softmax) and -2 (the highest InnerProduct)"
            ),
        };
        Error::new(format!("lastlayerindex is {last}: {meant}"))
    })?;
    let foot = usize::try_from(first).ok().filter(|&foot| foot < head || (foot == 0 && head == 0));
    let foot = foot.ok_or_else(|| {
        Error::new(format!(
            "firstlayerindex is {first}: allowed are 0 to {} (below the start)",
            head.saturating_sub(1)
        ))
    })?;
    Ok((head, foot))
}

fn options(config: &Config, formula: &FormulaType, layers: &[CaffeLayer]) -> Result<FormulaOptions> {
    // Layers are numbered as Caffe does; a place is the last node of all up to one.
    let place = |index: usize| {
        let last = layers[index.min(layers.len().saturating_sub(1))].nodes.end.checked_sub(1);
        last.map(Place::Index).ok_or_else(|| Error::new(format!("no layer up to {index} computes anything")))
    };
    let switch = match usize::try_from(config.switch_layer) {
        Ok(switch) => Some(place(switch)?),
        Err(_) if formula.switches() => {
            let found = config.switch_layer;
            return Err(Error::new(format!(
                "auxiliaryvariable_maxlayerindexforflatdistinconv is {found}, but type {} needs a layer, from 0 on",
                formula.number
            )));
        }
        Err(_) => None,
    };
    let first = usize::try_from(config.first_layer).ok().and_then(|first| layers.get(first));
    let lowest =
        first.filter(|layer| layer.kind == "Convolution").map(|layer| Place::Index(layer.nodes.start));
    let usual = FormulaOptions::default();
    Ok(FormulaOptions {
        epsilon: config.epsilon,
        beta: config.beta,
        switch,
        depth: place(15)?,
        lowest,
        ..usual
    })
}

/// Refuses what the original cannot do, and names the layers at which its relevance ends.
fn refuse(layers: &[CaffeLayer], formula: &FormulaType, forces_backward: bool) -> Result<Vec<String>> {
    const CROSSED: [&str; 8] =
        ["Convolution", "InnerProduct", "ReLU", "Pooling", "LRN", "Dropout", "Concat", "Split"];
    const ELEMENTWISE: [&str; 8] = ["AbsVal", "BNLL", "Exp", "Log", "Power", "PReLU", "Sigmoid", "TanH"];
    if formula.is_gradient() {
        return Ok(Vec::new());
    }
    let crosses = |layer: &&CaffeLayer| match layer.kind {
        "LRN" => layer.nodes.len() <= 1,
        kind if ELEMENTWISE.contains(&kind) => matches!(formula.number, 0 | 2),
        kind => CROSSED.contains(&kind) || kind == "Softmax" || layer.nodes.is_empty(),
    };
    if let Some(layer) = layers.iter().find(|layer| !crosses(layer)) {
        let (name, kind, number) = (&layer.name, layer.kind, formula.number);
        return Err(Error::new(format!(
            "type {number} has no way across {name}, a layer of type {kind}, in the original; \
             the fixed dialect has one"
        )));
    }
    let stops = |layer: &&CaffeLayer| layer.kind == "Dropout" && !layer.in_place && !forces_backward;
    Ok(layers.iter().filter(stops).map(|layer| layer.name.clone()).collect())
}

/// Where the results of an image go: below a folder, by its path from the first occurrence of a word on.
///
/// # Errors
/// If the word is not in the path.
pub fn result_path(out: &Path, root: &str, image: &str) -> Result<String> {
    let start = image.find(root).ok_or_else(|| {
        Error::new(format!("'{root}', which standalone_rootpath asks for, is not in the path '{image}'"))
    })?;
    // Joined as text: a path from the root on would replace the folder.
    Ok(format!("{}/{}", out.display(), &image[start..]))
}
