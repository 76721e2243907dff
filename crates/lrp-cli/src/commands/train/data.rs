//! Examples from files.

use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::{Float, Network, Tensor, cast};
use lrp::io::{Limits, Preparation, read_array};
use lrp::train::Examples;
use ndarray::{Array2, Dimension, Ix2};

use crate::Outcome;

#[derive(Args)]
#[command(next_help_heading = "Examples")]
pub(super) struct DataOptions {
    /// Inputs [n, ...], in any format of arrays; gzipped too
    #[arg(long, value_name = "FILE")]
    data: PathBuf,
    /// Their classes, one a row, or a row of targets for each
    #[arg(long, value_name = "FILE")]
    labels: PathBuf,
    /// Judge by this fraction of them, which is not trained on
    #[arg(long, value_name = "FRACTION", conflicts_with_all = ["val_data", "val_labels"])]
    held_out: Option<f64>,
    /// Judge by other inputs
    #[arg(long, value_name = "FILE", requires = "val_labels")]
    val_data: Option<PathBuf>,
    /// The classes of these
    #[arg(long, value_name = "FILE", requires = "val_data")]
    val_labels: Option<PathBuf>,
    /// Inputs to try the best network on at the end
    #[arg(long, value_name = "FILE", requires = "test_labels")]
    test_data: Option<PathBuf>,
    /// The classes of these
    #[arg(long, value_name = "FILE", requires = "test_data")]
    test_labels: Option<PathBuf>,
}

/// What is learned from, what judges, what tells at the end.
pub(super) struct Data<T> {
    pub(super) examples: Examples<T>,
    pub(super) held_out: Option<Examples<T>>,
    pub(super) test: Option<Examples<T>>,
}

impl DataOptions {
    /// Every file that is read.
    pub(super) fn files(&self) -> Vec<&Path> {
        let others = [&self.val_data, &self.val_labels, &self.test_data, &self.test_labels];
        let others = others.into_iter().flatten();
        [&self.data, &self.labels].into_iter().chain(others).map(PathBuf::as_path).collect()
    }

    /// The prepared inputs to learn from.
    pub(super) fn inputs<T: Float>(&self, preparation: &Preparation, limits: &Limits) -> Outcome<Tensor<T>> {
        prepared(&self.data, preparation, limits)
    }

    /// All there is, for a network whose outputs are the classes.
    pub(super) fn read<T: Float>(
        &self,
        inputs: Tensor<T>,
        network: &Network<T>,
        preparation: &Preparation,
        seed: u64,
        limits: &Limits,
    ) -> Outcome<Data<T>> {
        let mut sample = inputs.shape().to_vec();
        sample[0] = 1;
        let classes = network.shapes(&sample)?.last().map_or(0, |output| output.iter().product());
        let pair = |data: &Option<PathBuf>, labels: &Option<PathBuf>| -> Outcome<Option<Examples<T>>> {
            let (Some(data), Some(labels)) = (data, labels) else { return Ok(None) };
            Ok(Some(labelled(prepared(data, preparation, limits)?, labels, classes, limits)?))
        };
        let mut examples = labelled(inputs, &self.labels, classes, limits)?;
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

/// Classes become rows with a single 1; rows of targets are taken as they are.
fn labelled<T: Float>(
    inputs: Tensor<T>,
    path: &Path,
    classes: usize,
    limits: &Limits,
) -> Outcome<Examples<T>> {
    let name = path.display();
    let labels = read_array(path, limits)?.values;
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
    let class = |&value: &f64| {
        let whole = value.fract() == 0.0 && value >= 0.0 && value < classes as f64;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number below the classes"
        )]
        whole.then_some(value as usize).ok_or_else(|| {
            format!(
                "{name}: label {value} is no class; the network has the classes 0 to {}",
                classes.max(1) - 1
            )
        })
    };
    let found: Vec<usize> = labels.iter().map(class).collect::<Result<_, String>>()?;
    Ok(Examples::with_classes(inputs, &found, classes)?)
}
