//! What is known about a model beside its weights: how its inputs are made and what its outputs mean.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::preparation::{Preparation, TextPreparation, Vocabulary};
use crate::error::{Error, Result, quoted};
use crate::file::{read_file, within};
use crate::limits::Limits;

/// The contents of `model.toml` beside `model.txt`.
///
/// ```
/// use lrp_io::Sidecar;
/// let sidecar = Sidecar::parse("model.toml", "
///     about = 'reads digits'
///     classes = ['zero', 'one']
///     [input]
///     scale = 127.5
///     shift = -1
///     shape = [28, 28, 1]
///     pad = 2
///     pad-value = -1
/// ")?;
/// assert_eq!(sidecar.input.prepared_shape(), Some(vec![32, 32, 1]));
/// # Ok::<(), lrp_io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Sidecar {
    /// The model, in a sentence.
    pub about: Option<String>,
    /// The names of its classes, in order.
    pub classes: Vec<String>,
    /// A text in the model's folder with these names, one a line; [`Sidecar::of_model`] reads it.
    pub labels: Option<String>,
    /// How data become its input.
    pub input: Preparation,
    /// How texts become its input, if it reads texts; [`Sidecar::of_model`] reads the vocabulary.
    pub text: Option<TextPreparation>,
}

impl Sidecar {
    /// Where a model's sidecar is: the same name ending in `.toml`.
    #[must_use]
    pub fn path_for(model: &Path) -> PathBuf {
        model.with_extension("toml")
    }

    /// Reads the sidecar of a model, and the labels and the vocabulary it names; one that is not there says nothing.
    ///
    /// # Errors
    /// If there is one that cannot be read, or what it names is missing, not text or outside the model's folder.
    pub fn of_model(model: impl AsRef<Path>, limits: &Limits) -> Result<Self> {
        let path = Self::path_for(model.as_ref());
        if !path.exists() {
            return Ok(Self::default());
        }
        let name = path.display().to_string();
        let mut sidecar = Self::parse(&name, &read_text(&path, limits)?)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let beside = |what: &str, file: &str| {
            within(folder, file).map_err(|reason| {
                let message = format!("{what} are in the file {}, which {reason}", quoted(file));
                Error::format(message).in_file(&name)
            })
        };
        if let Some(labels) = &sidecar.labels {
            sidecar.classes = read_labels(&beside("labels", labels)?, limits)?;
        }
        if let Some(text) = sidecar.text.take() {
            let file = beside("words", &text.vocabulary)?;
            let words = Vocabulary::parse(&file.display().to_string(), &read_text(&file, limits)?, limits)?;
            sidecar.text = Some(text.with_words(words).map_err(|error| error.in_file(&name))?);
        }
        Ok(sidecar)
    }

    /// The files it names, relative to the model's folder.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.labels.as_deref().into_iter().chain(self.text.as_ref().map(|text| text.vocabulary.as_str()))
    }

    /// Reads a sidecar from memory; `name` stands in for the path. Files of labels and of words are not looked for.
    ///
    /// # Errors
    /// If it is not TOML, has an unknown key, names its classes twice, or describes an impossible preparation.
    pub fn parse(name: &str, text: &str) -> Result<Self> {
        let sidecar: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text.bytes().take(start).filter(|&byte| byte == b'\n').count();
            Error::format(error.message().to_owned()).at_line(line).in_file(name)
        })?;
        sidecar.input.check().map_err(|error| error.in_file(name))?;
        let text = sidecar.text.as_ref().map_or(Ok(()), TextPreparation::check);
        text.map_err(|error| error.of("text").in_file(name))?;
        if sidecar.about.iter().chain(&sidecar.classes).any(|text| text.contains(char::is_control)) {
            return Err(Error::format("about and classes must not hold control characters").in_file(name));
        }
        if sidecar.labels.is_some() && !sidecar.classes.is_empty() {
            return Err(Error::format("has both classes and labels, one of them is allowed").in_file(name));
        }
        Ok(sidecar)
    }
}

fn read_labels(path: &Path, limits: &Limits) -> Result<Vec<String>> {
    let labels: Vec<String> =
        read_text(path, limits)?.trim_end().lines().map(|line| line.trim().to_owned()).collect();
    match labels.iter().position(|label| label.contains(char::is_control)) {
        Some(index) => Err(Error::format("a label holds control characters")
            .at_line(index + 1)
            .in_file(&path.display().to_string())),
        None => Ok(labels),
    }
}

fn read_text(path: &Path, limits: &Limits) -> Result<String> {
    String::from_utf8(read_file(path, limits)?).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        Error::format("is not text").at_byte(offset).in_file(&path.display().to_string())
    })
}
