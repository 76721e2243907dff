//! Examples from files.

use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::{Float, Network, Tensor, cast};
use lrp::io::{Limits, Preparation, Sidecar, read_array};
use lrp::train::{Architecture, Examples};
use ndarray::{Array2, ArrayD, Dimension, Ix2};

use super::texts::Texts;
use crate::Outcome;

#[derive(Args)]
#[command(next_help_heading = "Examples")]
pub(super) struct DataOptions {
    /// Inputs [n, ...], in any format of arrays, gzipped too; for a network that reads texts a table of them, with a
    /// class and a text in each line, apart by a tab, or a number, a rating and a text
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Their classes, one a row, or a row of targets for each; tables of texts have them within
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// Ratings no further from zero than this are neither negative nor positive, and left out
    #[arg(long, value_name = "X", default_value_t = 0.0)]
    neutral: f64,
    /// Judge by this fraction of them, which is not trained on
    #[arg(long, value_name = "FRACTION", conflicts_with_all = ["val_data", "val_labels"])]
    held_out: Option<f64>,
    /// Judge by other inputs
    #[arg(long, value_name = "FILE")]
    val_data: Option<PathBuf>,
    /// The classes of these
    #[arg(long, value_name = "FILE", requires = "val_data")]
    val_labels: Option<PathBuf>,
    /// Inputs to try the best network on at the end
    #[arg(long, value_name = "FILE")]
    test_data: Option<PathBuf>,
    /// The classes of these
    #[arg(long, value_name = "FILE", requires = "test_data")]
    test_labels: Option<PathBuf>,
}

/// How files become examples.
pub(super) enum Source {
    /// Arrays, prepared, and labels in files of their own.
    Arrays(Preparation),
    /// Tables of texts and classes.
    Texts(Texts),
}

/// Inputs of one file, and what they should become.
pub(super) struct Loaded<T> {
    inputs: Tensor<T>,
    labels: Labels,
    /// The file of the labels.
    name: String,
}

enum Labels {
    /// As a file has them: classes, or rows of targets.
    Array(ArrayD<f64>),
    Classes(Vec<usize>),
}

/// What is learned from, what judges, what tells at the end.
pub(super) struct Data<T> {
    pub(super) examples: Examples<T>,
    pub(super) held_out: Option<Examples<T>>,
    pub(super) test: Option<Examples<T>>,
}

impl Source {
    /// What the architecture says of its inputs; one that reads texts gets the words and the classes of the examples.
    pub(super) fn of(
        architecture: Architecture,
        net: &str,
        options: &DataOptions,
        out: &Path,
        limits: &Limits,
    ) -> Outcome<(Architecture, Self)> {
        if architecture.text.is_empty() {
            let sidecar = Sidecar::parse(net, &architecture.sidecar())?;
            return Ok((architecture, Self::Arrays(sidecar.input)));
        }
        let (architecture, texts) =
            Texts::of(architecture, net, &options.data, options.neutral, &super::vocabulary_of(out), limits)?;
        Ok((architecture, Self::Texts(texts)))
    }

    /// The shape of a sample, if it does not depend on the data.
    pub(super) fn sample(&self) -> Option<Vec<usize>> {
        match self {
            Self::Arrays(_) => None,
            Self::Texts(texts) => Some(texts.sample()),
        }
    }

    fn load<T: Float>(&self, data: &Path, labels: Option<&Path>, limits: &Limits) -> Outcome<Loaded<T>> {
        let name = data.display().to_string();
        match (self, labels) {
            (Self::Texts(texts), None) => {
                let (inputs, classes) = texts.examples(data, limits)?;
                Ok(Loaded { inputs, labels: Labels::Classes(classes), name })
            }
            (Self::Texts(_), Some(_)) => {
                Err(format!("{name}: a table of texts holds its labels itself").into())
            }
            (Self::Arrays(_), None) => {
                Err(format!("{name}: its labels are not given; see --labels, --val-labels, --test-labels")
                    .into())
            }
            (Self::Arrays(preparation), Some(labels)) => Ok(Loaded {
                inputs: prepared(data, preparation, limits)?,
                labels: Labels::Array(read_array(labels, limits)?.values),
                name: labels.display().to_string(),
            }),
        }
    }
}

impl<T: Float> Loaded<T> {
    /// The shape of one input.
    pub(super) fn sample(&self) -> &[usize] {
        &self.inputs.shape()[1..]
    }

    /// Examples of so many classes. Classes become rows with a single 1; rows of targets are taken as they are.
    fn examples(self, classes: usize) -> Outcome<Examples<T>> {
        let Self { inputs, labels, name } = self;
        let labels = match labels {
            Labels::Classes(found) => return Ok(Examples::with_classes(inputs, &found, classes)?),
            Labels::Array(labels) => labels,
        };
        let count = inputs.shape()[0];
        if classes > 1 && labels.shape() == [count, classes] {
            let targets: Array2<T> = cast(&labels).into_dimensionality::<Ix2>()?;
            return Ok(Examples::new(inputs, targets).map_err(|error| format!("{name}: {error}"))?);
        }
        if labels.len() != count {
            let shape = labels.shape();
            let message =
                format!("labels {shape:?} for {count} inputs; expected [{count}] or [{count}, {classes}]");
            return Err(format!("{name}: {message}").into());
        }
        let found = labels.iter().map(|&value| class(value, classes)).collect::<Result<Vec<_>, _>>();
        let found = found.map_err(|message| format!("{name}: {message}"))?;
        Ok(Examples::with_classes(inputs, &found, classes)?)
    }
}

fn class(value: f64, classes: usize) -> Result<usize, String> {
    let whole = value.fract() == 0.0 && value >= 0.0 && value < classes as f64;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a whole number below the classes"
    )]
    whole.then_some(value as usize).ok_or_else(|| {
        format!("label {value} is no class; the network has the classes 0 to {}", classes.max(1) - 1)
    })
}

impl DataOptions {
    /// Every file that is read.
    pub(super) fn files(&self) -> Vec<&Path> {
        let others = [&self.labels, &self.val_data, &self.val_labels, &self.test_data, &self.test_labels];
        std::iter::once(&self.data).chain(others.into_iter().flatten()).map(PathBuf::as_path).collect()
    }

    /// What is learned from, and what is held out of it.
    pub(super) fn load<T: Float>(&self, source: &Source, limits: &Limits) -> Outcome<Loaded<T>> {
        source.load(&self.data, self.labels.as_deref(), limits)
    }

    /// All there is, for a network whose outputs are the classes.
    pub(super) fn read<T: Float>(
        &self,
        loaded: Loaded<T>,
        source: &Source,
        network: &Network<T>,
        seed: u64,
        limits: &Limits,
    ) -> Outcome<Data<T>> {
        let sample = [&[1], loaded.sample()].concat();
        let classes = network.shapes(&sample)?.last().map_or(0, |output| output.iter().product());
        let pair = |data: &Option<PathBuf>, labels: &Option<PathBuf>| -> Outcome<Option<Examples<T>>> {
            let Some(data) = data else { return Ok(None) };
            source.load(data, labels.as_deref(), limits)?.examples(classes).map(Some)
        };
        let mut examples = loaded.examples(classes)?;
        let mut held_out = pair(&self.val_data, &self.val_labels)?;
        if let Some(fraction) = self.held_out {
            let (rest, chosen) = examples.split(fraction, seed)?;
            (examples, held_out) = (rest, Some(chosen));
        }
        Ok(Data { examples, held_out, test: pair(&self.test_data, &self.test_labels)? })
    }
}

fn prepared<T: Float>(path: &Path, preparation: &Preparation, limits: &Limits) -> Outcome<Tensor<T>> {
    let name = path.display();
    let data = read_array(path, limits)?.values;
    let inputs = preparation.apply(data).map_err(|error| format!("{name}: {error}"))?;
    match inputs.indexed_iter().find(|(_, value)| !value.is_finite()) {
        Some((index, value)) => Err(format!("{name}: holds {value} at {:?}", index.slice()).into()),
        None if inputs.ndim() < 2 => {
            Err(format!("{name}: expected inputs [n, ...], found {:?}", inputs.shape()).into())
        }
        None => Ok(cast(&inputs)),
    }
}
