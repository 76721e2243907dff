//! The words a network knows, by number.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::text::TextPreparation;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;

/// What stands in the lines of a vocabulary that are no words, and cannot be: padding, and a word that is not known.
const SPECIAL: [&str; 2] = ["<padding>", "<unknown>"];

/// Words in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vocabulary {
    words: Vec<String>,
    numbers: HashMap<String, usize>,
}

impl Vocabulary {
    /// Reads a vocabulary, one word a line; `name` stands in for the path.
    ///
    /// # Errors
    /// If a line is empty, comes twice, or holds control characters, or there are more than the limits allow.
    pub fn parse(name: &str, text: &str, limits: &Limits) -> Result<Self> {
        let wrong =
            |line: usize, message: String| Err(Error::format(message).at_line(line + 1).in_file(name));
        let mut read = Self::default();
        for (line, word) in text.lines().enumerate() {
            if word.is_empty() || word.contains(char::is_control) {
                return wrong(line, "expected one word without control characters".to_owned());
            }
            limits.elements(&[line + 1]).map_err(|error| error.in_file(name))?;
            if !read.push(word.to_owned()) {
                return wrong(line, format!("the word {} stands in another line already", quoted(word)));
            }
        }
        Ok(read)
    }

    /// The words that at least so many texts hold, at most `most` of them: those in most texts first, of equals the
    /// first in the order of their letters. Before them stand padding and the unknown word.
    #[must_use]
    pub fn of_texts<'t>(
        texts: impl IntoIterator<Item = &'t str>,
        preparation: &TextPreparation,
        least_texts: usize,
        most: usize,
    ) -> Self {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for text in texts {
            let words = preparation.cut(text).take(preparation.longest).filter_map(|range| text.get(range));
            let different: BTreeSet<String> = words.map(|word| preparation.spelt(word)).collect();
            different.into_iter().for_each(|word| *counts.entry(word).or_default() += 1);
        }
        let mut known: Vec<(String, usize)> =
            counts.into_iter().filter(|(_, count)| *count >= least_texts).collect();
        // A stable sort keeps the order of letters among equals.
        known.sort_by_key(|(_, count)| Reverse(*count));
        let words = known.into_iter().take(most).map(|(word, _)| word);
        let mut vocabulary = Self::default();
        for word in SPECIAL.map(str::to_owned).into_iter().chain(words) {
            vocabulary.push(word);
        }
        vocabulary
    }

    /// Whether the word was not there yet.
    fn push(&mut self, word: String) -> bool {
        let number = self.words.len();
        let is_new = self.numbers.insert(word.clone(), number).is_none();
        self.words.push(word);
        is_new
    }

    /// How many words there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.words.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The words, in order.
    #[must_use]
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The number of a word, if it is known.
    #[must_use]
    pub fn number(&self, word: &str) -> Option<usize> {
        self.numbers.get(word).copied()
    }

    /// The text that [`Vocabulary::parse`] reads.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.words.iter().flat_map(|word| [word, "\n"]).collect()
    }
}
