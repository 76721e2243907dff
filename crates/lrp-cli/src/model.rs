//! Models with what is known about them, and batches of their inputs.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lrp::core::{Channels, Float, Network, Tensor, cast};
use lrp::io::{
    Limits, Preparation, PreparedModel, Sidecar, Source, is_picture, read_array_bytes, read_file,
    read_prepared_model, reread_flatten,
};
use ndarray::Axis;

use crate::Outcome;
use crate::options::{ComputeOptions, InputOptions, ModelOptions};
use crate::text::{self, Text};

/// A network ready to take data.
#[derive(Clone)]
pub(crate) struct Model<T: Float> {
    pub(crate) network: Network<T>,
    pub(crate) sidecar: Sidecar,
    pub(crate) preparation: Preparation,
    /// Whether it stands in its file as another system exported it.
    pub(crate) exported: bool,
    /// The shape of one prepared sample, where sidecar or file say it.
    pub(crate) sample: Option<Vec<usize>>,
}

/// Samples of one file, prepared for a model.
pub(crate) struct Batch<T> {
    pub(crate) path: PathBuf,
    /// Positions of the samples in their file.
    pub(crate) positions: Vec<usize>,
    pub(crate) inputs: Tensor<T>,
    /// What the samples are of, if they are texts.
    pub(crate) texts: Option<Vec<Arc<Text>>>,
}

impl Model<f64> {
    /// The model as it is in its file.
    pub(crate) fn read(options: &ModelOptions) -> Outcome<Self> {
        let limits = options.limits();
        let sidecar = Sidecar::of_model(&options.model, &limits)?;
        let preparation = options.preparation(&sidecar);
        preparation.check()?;
        let source = options.weights.source(&options.model, read_file(&options.model, &limits)?, &limits)?;
        let mut model = Self::of_source(&options.model, source, sidecar, preparation, &limits)?;
        if let Some(convention) = options.convention {
            model.network = reread_flatten(&model.network, convention)?;
        }
        Ok(model)
    }

    /// A model from the bytes of its file; a shape that these leave open is what inputs are prepared to be.
    pub(crate) fn of_source(
        path: &Path,
        source: Source<'_>,
        sidecar: Sidecar,
        preparation: Preparation,
        limits: &Limits,
    ) -> Result<Self, lrp::io::Error> {
        let name = path.display().to_string();
        let PreparedModel { read, sample, exported } =
            read_prepared_model(&name, source, &preparation, limits)?;
        read.warnings.iter().for_each(|warning| crate::say(&format!("warning: {name}: {warning}")));
        Ok(Self { network: read.network, sidecar, preparation, exported, sample })
    }

    /// The same model in another number type.
    pub(crate) fn cast<T: Float>(self, options: &ModelOptions) -> Outcome<Model<T>> {
        let name = options.model.display();
        let network = self.network.cast().map_err(|error| format!("{name}: {error}"))?;
        let Self { sidecar, preparation, exported, sample, .. } = self;
        Ok(Model { network, sidecar, preparation, exported, sample })
    }
}

impl<T: Float> Model<T> {
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

    /// Where its inputs keep their channels.
    pub(crate) fn channels(&self) -> Channels {
        self.preparation.channels().or(self.network.channels()).unwrap_or_default()
    }

    /// Reads and prepares the samples of a file; they fit the network.
    pub(crate) fn batch(&self, path: &Path, inputs: &InputOptions, limits: &Limits) -> Outcome<Batch<T>> {
        let name = path.display();
        let bytes = read_file(path, limits)?;
        if self.sidecar.text.is_some() && text::is_text(path) {
            let text = String::from_utf8(bytes).map_err(|_| format!("{name}: is not text"))?;
            return self.texts(path, &[text], inputs);
        }
        let data = read_array_bytes(&name.to_string(), &bytes, limits)?;
        let prepared = if inputs.as_pictures || is_picture(&bytes) {
            self.preparation.apply_pictures(data)
        } else {
            self.preparation.apply(data.values)
        };
        let prepared = prepared.map_err(|error| format!("{name}: {error}"))?;
        let Some(&count) = prepared.shape().first() else {
            return Err(format!("{name}: holds a single number, expected samples [n, ...]").into());
        };
        let positions = inputs.positions(count).map_err(|error| format!("{name}: {error}"))?;
        let inputs: Tensor<T> = cast(&prepared.select(Axis(0), &positions));
        self.network.check_input(&inputs).map_err(|error| format!("{name}: {error}"))?;
        Ok(Batch { path: path.to_owned(), positions, inputs, texts: None })
    }

    /// Cuts texts into the words of a model that reads some; `path` is what they go by.
    pub(crate) fn texts(&self, path: &Path, texts: &[String], inputs: &InputOptions) -> Outcome<Batch<T>> {
        let name = path.display();
        let Some(reader) = &self.sidecar.text else {
            return Err(format!("{name}: the model's sidecar does not say how texts are read").into());
        };
        let positions = inputs.positions(texts.len()).map_err(|error| format!("{name}: {error}"))?;
        let text = |&position: &usize| Arc::new(Text::of(&texts[position], reader));
        let texts: Vec<Arc<Text>> = positions.iter().map(text).collect();
        let tokens: Vec<_> = texts.iter().map(|text| text.tokens.clone()).collect();
        let prepared = reader.input(&tokens).map_err(|error| format!("{name}: {error}"))?;
        let inputs: Tensor<T> = cast(&prepared);
        self.network.check_input(&inputs).map_err(|error| format!("{name}: {error}"))?;
        Ok(Batch { path: path.to_owned(), positions, inputs, texts: Some(texts) })
    }
}
