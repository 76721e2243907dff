//! A bundled text, and what a bundled model says of it.

use anyhow::{Context, Result};
use lrp::core::{Kernels, Network};
use lrp::io::{Limits, Sidecar, TextPreparation, Vocabulary, read_model_bytes};
use lrp::rules::{Plan, PlanOptions, Target, suggest, top_classes};
use lrp_data::{BundledReader, BundledText, MOVIE_REVIEWS, REUTERS_R8};
use ndarray::Axis;

/// A text, and the network that reads it.
pub(super) struct Reading {
    network: Network<f64>,
    reader: TextPreparation,
    classes: Vec<String>,
    pub(super) text: &'static str,
}

/// What a class owes to the words of a text: their bytes, and the relevance of each.
pub(super) struct Read {
    pub(super) class: String,
    pub(super) words: Vec<(std::ops::Range<usize>, f64)>,
}

impl Reading {
    /// Two reviews and two news.
    pub(super) fn all() -> Result<Vec<Self>> {
        let texts = [(&MOVIE_REVIEWS, 1), (&MOVIE_REVIEWS, 2), (&REUTERS_R8, 1), (&REUTERS_R8, 7)];
        texts.into_iter().map(|(reader, text)| Self::of(reader, &reader.samples[text])).collect()
    }

    fn of(bundled: &BundledReader, text: &BundledText) -> Result<Self> {
        let (model, limits) = (&bundled.model, Limits::default());
        let network = read_model_bytes(model.name, model.bytes, &limits)?.with_kernels(Kernels::Exact);
        let sidecar = Sidecar::parse(model.name, model.sidecar)?;
        let vocabulary = Vocabulary::parse(model.name, bundled.vocabulary, &limits)?;
        let reader = sidecar.text.context("the model reads texts")?.with_words(vocabulary)?;
        Ok(Self { network, reader, classes: sidecar.classes, text: text.text.trim_end() })
    }

    /// What its best class owes to its words.
    pub(super) fn read(&self) -> Result<Read> {
        let tokens = self.reader.tokens(self.text);
        let rules = suggest(&self.network, &[])?.composite;
        let plan = Plan::new(&self.network, &rules, PlanOptions::default())?;
        let explanation = plan.explain(&self.reader.input(std::slice::from_ref(&tokens))?, &Target::Top)?;
        let row = explanation.relevance.index_axis(Axis(0), 0).into_dimensionality()?;
        let worth = self.reader.of_words(row, tokens.len());
        Ok(Read {
            class: self.classes[top_classes(&explanation.scores)[0]].clone(),
            words: tokens.into_iter().map(|token| token.range).zip(worth.iter().copied()).collect(),
        })
    }
}
