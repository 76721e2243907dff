//! Networks that are served, with what is known about them.

use std::borrow::Cow;

use lrp::core::{Channels, Network};
use lrp::io::{Limits, PreparedModel, Sidecar, Source, Vocabulary, read_prepared_model};
use lrp::rules::{Plan, PlanOptions, Suggestion, canonize, suggest, toolbox_suggestion};
use lrp_data::{BundledModel, BundledReader, MODELS, READERS};
use serde::Serialize;

use crate::fault::Fault;
use crate::plans::{Asked, Kept, Plans};
use crate::way::{Rules, Way};

/// A network ready to be asked about, in single precision.
///
/// It lives as long as the process: plans borrow it, and servers do not change what they serve.
#[derive(Debug)]
pub struct Model {
    pub(crate) name: String,
    pub(crate) network: &'static Network<f32>,
    pub(crate) sidecar: Sidecar,
    pub(crate) takes: Takes,
    /// The rules it is explained by where nobody asks for others.
    pub(crate) usual: Suggestion,
    /// The shape of one prepared sample, where sidecar or file say it.
    pub(crate) sample: Option<Vec<usize>>,
    plans: Plans,
}

/// What a model is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Takes {
    /// Digits of 28 by 28 pixels.
    Digits,
    /// Photos.
    Pictures,
    /// Texts.
    Texts,
    /// Numbers.
    Values,
}

/// Pixels of a digit.
const DIGIT: usize = 28 * 28;

impl Model {
    /// Reads a model, brings it into canonical form where it was exported by another system, and chooses rules for it.
    ///
    /// The name is its file's, without folder and ending.
    ///
    /// # Errors
    /// If the bytes are no model, or it does not take inputs as its sidecar prepares them.
    pub fn read(file: &str, source: Source<'_>, sidecar: Sidecar, limits: &Limits) -> lrp::Result<Self> {
        let PreparedModel { read, sample, exported } =
            read_prepared_model(file, source, &sidecar.input, limits)?;
        read.warnings.iter().for_each(|warning| tracing::warn!(file, "{warning}"));
        let (network, bounds) = (read.network, sidecar.input.bounds());
        let (network, usual) = if exported {
            let network = canonize(&network)?.network;
            let usual = suggest(&network, &bounds)?;
            (network, usual)
        } else {
            (network, toolbox_suggestion(&bounds)?)
        };
        if let Some(sample) = &sample {
            network.shapes(&[&[1], &sample[..]].concat())?;
        }
        let name = stem(file).to_owned();
        let takes = match &sidecar.input {
            _ if sidecar.text.is_some() => Takes::Texts,
            input if input.image.is_some() => Takes::Pictures,
            input if input.shape.as_ref().is_some_and(|shape| shape.iter().product::<usize>() == DIGIT) => {
                Takes::Digits
            }
            _ => Takes::Values,
        };
        let network: &'static Network<f32> = Box::leak(Box::new(network.cast()?));
        Ok(Self { name, network, sidecar, takes, usual, sample, plans: Plans::default() })
    }

    /// Every model out of the binary, those of pictures first.
    ///
    /// # Errors
    /// None; each was tested.
    pub fn all_bundled() -> lrp::Result<Vec<Self>> {
        MODELS.iter().map(Self::bundled).chain(READERS.iter().map(Self::bundled_reader)).collect()
    }

    /// A model out of the binary.
    ///
    /// # Errors
    /// None, for a row of [`lrp_data::MODELS`].
    pub fn bundled(model: &BundledModel) -> lrp::Result<Self> {
        let mut sidecar = Sidecar::parse(model.name, model.sidecar)?;
        if let Some(labels) = model.labels {
            sidecar.classes = labels.lines().map(|label| label.trim().to_owned()).collect();
        }
        Self::read(model.name, Source::from(model.bytes), sidecar, &Limits::default())
    }

    /// A model out of the binary that reads texts.
    ///
    /// # Errors
    /// None, for a row of [`lrp_data::READERS`].
    pub fn bundled_reader(reader: &BundledReader) -> lrp::Result<Self> {
        let (model, limits) = (&reader.model, Limits::default());
        let mut sidecar = Sidecar::parse(model.name, model.sidecar)?;
        let words = Vocabulary::parse(model.name, reader.vocabulary, &limits)?;
        sidecar.text = sidecar.text.map(|text| text.with_words(words)).transpose()?;
        Self::read(model.name, Source::from(model.bytes), sidecar, &limits)
    }

    /// The plan for a way to explain.
    pub(crate) fn plan(&self, way: &Way, keep_layers: bool, most: usize) -> Result<(Kept, Rules), Fault> {
        let rules = way.rules(self)?;
        let asked = Asked { way: way.clone(), keep_layers };
        let options = PlanOptions { keep_layers, ..PlanOptions::default() };
        let make = || Ok(Plan::new(self.network, &rules.composite, options)?);
        Ok((self.plans.get(&asked, most, make)?, rules))
    }

    /// What a class is called.
    pub(crate) fn class(&self, class: usize) -> Cow<'_, str> {
        match self.sidecar.classes.get(class) {
            Some(name) => Cow::Borrowed(name),
            None => Cow::Owned(class.to_string()),
        }
    }

    /// Where its inputs and layers keep their channels.
    pub(crate) fn channels(&self) -> Channels {
        self.sidecar.input.channels().or(self.network.channels()).unwrap_or_default()
    }
}

/// The name of a model: its file's, without folder and ending.
pub(crate) fn stem(file: &str) -> &str {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}
