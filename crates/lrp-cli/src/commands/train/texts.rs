//! Examples from tables of texts.

use std::collections::BTreeSet;
use std::path::Path;

use lrp::core::{Float, Tensor, cast};
use lrp::io::{LabelledText, Limits, Sidecar, TextPreparation, Vocabulary, read_labelled_texts};
use lrp::train::Architecture;

use crate::Outcome;

/// How tables of texts become inputs and classes.
pub(super) struct Texts {
    reader: TextPreparation,
    classes: Vec<String>,
    neutral: f64,
}

impl Texts {
    /// Makes a vocabulary of a table, and classes where the architecture names none.
    pub(super) fn of(
        mut architecture: Architecture,
        net: &str,
        data: &Path,
        neutral: f64,
        vocabulary: &Path,
        limits: &Limits,
    ) -> Outcome<(Architecture, Self)> {
        let file = vocabulary.file_name().unwrap_or_default().to_string_lossy().into_owned();
        architecture.text.insert("vocabulary".to_owned(), file.into());
        let sidecar = Sidecar::parse(net, &architecture.sidecar())?;
        let reader = sidecar.text.ok_or_else(|| format!("{net}: does not say how texts are read"))?;
        let rows = read_labelled_texts(data, neutral, limits)?;
        if architecture.classes.is_empty() {
            let classes: BTreeSet<&String> = rows.iter().map(|row| &row.class).collect();
            architecture.classes = classes.into_iter().cloned().collect();
        }
        let words = architecture.vocabulary;
        let texts = rows.iter().map(|row| &row.text[..]);
        let known = Vocabulary::of_texts(texts, &reader, words.least_texts, words.most);
        let reader = reader.with_words(known)?;
        let architecture = architecture.for_vocabulary(reader.words.len());
        let classes = architecture.classes.clone();
        Ok((architecture, Self { reader, classes, neutral }))
    }

    /// The shape of the longest text.
    pub(super) fn sample(&self) -> Vec<usize> {
        self.reader.sample().to_vec()
    }

    /// The words it knows, as a file.
    pub(super) fn vocabulary(&self) -> String {
        self.reader.words.to_text()
    }

    /// The texts of a table as rows of words, and the positions of their classes.
    pub(super) fn examples<T: Float>(
        &self,
        path: &Path,
        limits: &Limits,
    ) -> Outcome<(Tensor<T>, Vec<usize>)> {
        let name = path.display();
        let mut rows = read_labelled_texts(path, self.neutral, limits)?;
        // A line without a word teaches nothing; corpora have some.
        rows.retain(|row| self.reader.cut(&row.text).next().is_some());
        let class = |row: &LabelledText| {
            let found = self.classes.iter().position(|class| *class == row.class);
            found.ok_or_else(|| {
                format!("{name}: the class {} is none of {}", row.class, self.classes.join(", "))
            })
        };
        let classes = rows.iter().map(class).collect::<Result<_, _>>()?;
        let tokens: Vec<_> = rows.iter().map(|row| self.reader.tokens(&row.text)).collect();
        let input = self.reader.input(&tokens).map_err(|error| format!("{name}: {error}"))?;
        Ok((cast(&input), classes))
    }
}
