//! Texts as samples, and their words with relevance.

use std::io::IsTerminal;
use std::path::Path;
use std::sync::Arc;

use lrp::io::{TextPreparation, Token};
use lrp::render::{Colormap, Word, ansi_words, html_words, plain_words, words};
use ndarray::{ArrayView1, ArrayViewD};
use serde_json::{Value, json};

use crate::Outcome;
use crate::show::colors_refused;

/// A text, and the words of it that a model reads.
pub(crate) struct Text {
    text: String,
    pub(crate) tokens: Vec<Token>,
}

/// Whether a file is text to a model that reads texts.
pub(crate) fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("txt"))
}

impl Text {
    pub(crate) fn of(text: &str, reader: &TextPreparation) -> Self {
        Self { text: text.to_owned(), tokens: reader.tokens(text) }
    }

    /// The text with the relevance of a row of the network's input.
    pub(crate) fn explained(
        self: &Arc<Self>,
        relevance: ArrayViewD<'_, f64>,
        reader: &TextPreparation,
    ) -> Outcome<ExplainedText> {
        let row: ArrayView1<'_, f64> = relevance.into_dimensionality()?;
        let relevance = reader.of_words(row, self.tokens.len()).to_vec();
        Ok(ExplainedText { text: self.clone(), relevance, unknown: reader.unknown })
    }
}

/// A text whose words have relevance.
pub(crate) struct ExplainedText {
    text: Arc<Text>,
    relevance: Vec<f64>,
    unknown: usize,
}

impl ExplainedText {
    fn words(&self) -> Vec<Word<'_>> {
        let ranges = self.text.tokens.iter().map(|token| token.range.clone());
        words(&self.text.text, ranges.zip(self.relevance.iter().copied()))
    }

    /// A line for people: in colours where they are seen and not refused, with numbers elsewhere.
    pub(crate) fn line(&self, colormap: &Colormap) -> String {
        let line = match std::io::stdout().is_terminal() && !colors_refused() {
            true => ansi_words(&self.words(), colormap),
            false => plain_words(&self.words()),
        };
        line.trim_end().to_owned()
    }

    /// A fragment for a page; texts that are compared share a scale.
    pub(crate) fn html(&self, colormap: &Colormap, scale: Option<f64>) -> String {
        html_words(&self.words(), colormap, scale)
    }

    /// The largest relevance of a word.
    pub(crate) fn largest(&self) -> f64 {
        self.relevance.iter().fold(0.0, |largest, relevance| relevance.abs().max(largest))
    }

    /// Words with their bytes in the text and their relevance.
    pub(crate) fn json(&self) -> Value {
        let word = |(token, relevance): (&Token, &f64)| {
            json!({
                "word": self.text.text.get(token.range.clone()), "start": token.range.start,
                "end": token.range.end, "known": token.id != self.unknown, "relevance": relevance,
            })
        };
        self.text.tokens.iter().zip(&self.relevance).map(word).collect()
    }
}
