//! Models with what is known about them, and batches of their inputs.

use std::path::{Path, PathBuf};

use lrp::core::{Float, Network, Tensor, cast};
use lrp::io::{Limits, Preparation, Sidecar, read_array, read_model, reread_flatten};
use ndarray::Axis;

use crate::Outcome;
use crate::options::{ComputeOptions, InputOptions, ModelOptions, Samples};

/// A network ready to take data.
pub(crate) struct Model<T: Float> {
    pub(crate) network: Network<T>,
    pub(crate) sidecar: Sidecar,
    pub(crate) preparation: Preparation,
}

/// Samples of one file, prepared for a model.
pub(crate) struct Batch<T> {
    pub(crate) path: PathBuf,
    /// Positions of the samples in their file.
    pub(crate) positions: Vec<usize>,
    pub(crate) inputs: Tensor<T>,
}

impl<T: Float> Model<T> {
    pub(crate) fn open(options: &ModelOptions) -> Outcome<Self> {
        let limits = options.limits();
        let name = options.model.display();
        let mut network = read_model(&options.model, &limits)?;
        if let Some(convention) = options.convention {
            network = reread_flatten(&network, convention)?;
        }
        let network = network.cast().map_err(|error| format!("{name}: {error}"))?;
        let sidecar = Sidecar::of_model(&options.model, &limits)?;
        let preparation = options.preparation(&sidecar);
        preparation.check()?;
        Ok(Self { network, sidecar, preparation })
    }

    /// The model, computed as asked for.
    pub(crate) fn computed(self, options: &ComputeOptions) -> Outcome<Self> {
        options.threads.start()?;
        let network = self.network.with_kernels(options.kernels.into());
        Ok(Self { network: network.with_prepared_kept(!options.save_memory), ..self })
    }

    /// The name of a class: its number, and what the sidecar calls it if that is something else.
    pub(crate) fn class(&self, class: usize) -> String {
        match self.sidecar.classes.get(class) {
            Some(name) if *name != class.to_string() => format!("{class} ({name})"),
            _ => class.to_string(),
        }
    }

    /// Reads and prepares the samples of every file; they fit the network.
    pub(crate) fn batches(&self, inputs: &InputOptions, limits: &Limits) -> Outcome<Vec<Batch<T>>> {
        inputs.files.iter().map(|path| self.batch(path, inputs.samples.as_ref(), limits)).collect()
    }

    fn batch(&self, path: &Path, samples: Option<&Samples>, limits: &Limits) -> Outcome<Batch<T>> {
        let name = path.display();
        let data = read_array(path, limits)?.values;
        let prepared = self.preparation.apply(data).map_err(|error| format!("{name}: {error}"))?;
        let Some(&count) = prepared.shape().first() else {
            return Err(format!("{name}: holds a single number, expected samples [n, ...]").into());
        };
        let positions = match samples {
            Some(samples) => samples.of(count).map_err(|error| format!("{name}: {error}"))?,
            None => (0..count).collect(),
        };
        let inputs: Tensor<T> = cast(&prepared.select(Axis(0), &positions));
        self.network.check_input(&inputs).map_err(|error| format!("{name}: {error}"))?;
        Ok(Batch { path: path.to_owned(), positions, inputs })
    }
}
