//! How to train.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};

/// The choices of a training; the defaults are the toolbox's.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Settings {
    /// What a step is; by default the toolbox's.
    pub optimizer: Optimizer,
    /// Examples a step; by default 25.
    pub batch_size: usize,
    /// Steps; by default 10 000.
    pub iterations: usize,
    /// The learning rate; by default 0.005. The toolbox sums gradients over a batch, Adam averages them.
    pub rate: f64,
    /// What an improvement does to the rate; by default nothing.
    pub decay: Decay,
    /// What the rate is multiplied by until the first improvement; by default 1.
    pub first_factor: f64,
    /// Steps from one evaluation to the next; by default 250. There is one at the end in any case.
    pub status: usize,
    /// Evaluations without improvement after which training stops; by default 0, never.
    pub patience: usize,
    /// What makes the choice of examples, and the first weights, repeatable; by default 0.
    pub seed: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            optimizer: Optimizer::Toolbox,
            batch_size: 25,
            iterations: 10_000,
            rate: 0.005,
            decay: Decay::None,
            first_factor: 1.0,
            status: 250,
            patience: 0,
            seed: 0,
        }
    }
}

impl Settings {
    pub(crate) fn check(&self, examples: usize) -> Result<()> {
        let wrong = |message: String| Err(Error::new(ErrorKind::Settings, message));
        if self.batch_size == 0 || self.batch_size > examples {
            return wrong(format!("a batch of {} examples; allowed are 1 to {examples}", self.batch_size));
        }
        if self.status == 0 {
            return wrong("0 steps between evaluations; at least 1 is needed".to_owned());
        }
        for (what, value) in [("rate", self.rate), ("first factor", self.first_factor)] {
            if !(value.is_finite() && value > 0.0) {
                return wrong(format!("the {what} is {value}; it must be positive and finite"));
            }
        }
        Ok(())
    }
}

/// What a step is, and by which loss networks are judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Optimizer {
    /// The toolbox's [`step`](crate::step); the loss is `Σ |prediction − target| / n`.
    #[default]
    Toolbox,
    /// Adam, for networks that return logits; the loss is the cross-entropy `−Σ target · ln softmax(prediction) / n`.
    Adam,
}

/// How the learning rate follows the accuracy: the first improvement sets its factor, later ones lower it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decay {
    /// The factor stays.
    #[default]
    None,
    /// `1 − accuracy²`
    Sublinear,
    /// `1 − accuracy`; an accuracy of 1 ends all learning.
    Linear,
}

impl Decay {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::None, Self::Sublinear, Self::Linear];

    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sublinear => "sublinear",
            Self::Linear => "linear",
        }
    }

    pub(crate) fn factor(self, accuracy: f64, before: f64) -> f64 {
        match self {
            Self::None => before,
            Self::Sublinear => 1.0 - accuracy * accuracy,
            Self::Linear => 1.0 - accuracy,
        }
    }
}

impl fmt::Display for Decay {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for Decay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|decay| decay.name() == text);
        found.ok_or_else(|| format!("unknown decay '{text}'; one of none, sublinear, linear"))
    }
}
