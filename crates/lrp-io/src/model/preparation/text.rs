//! How texts become a network's input: cut into words, each of which is the number of a line in a vocabulary.

use std::ops::Range;

use ndarray::{Array2, ArrayD, ArrayView1, Axis};
use serde::Deserialize;

use super::vocabulary::Vocabulary;
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limits;

/// The longest text that a network may be said to read, in words.
const LONGEST: usize = 1 << 16;

/// What a word is made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Characters {
    /// Letters, of any alphabet.
    Letters,
    /// Letters and digits.
    #[default]
    LettersAndDigits,
}

/// How texts become rows of numbers: the words of a text, between a margin of padding.
///
/// ```
/// use lrp_io::{Limits, Sidecar, Vocabulary};
/// let sidecar = Sidecar::parse("m.toml", "text = { vocabulary = 'm.txt', apostrophes = true, margin = 1 }")?;
/// let vocabulary = Vocabulary::parse("m.txt", "<padding>\n<unknown>\ngood\nisn't\n", &Limits::default())?;
/// let reader = sidecar.text.expect("it reads texts").with_words(vocabulary)?;
///
/// let text = "It isn't  GOOD!";
/// let tokens = reader.tokens(text);
/// assert_eq!(tokens.iter().map(|token| &text[token.range.clone()]).collect::<Vec<_>>(), ["It", "isn't", "GOOD"]);
/// assert_eq!(reader.input(&[tokens])?, ndarray::arr2(&[[0., 1., 3., 2., 0.]]).into_dyn());
/// # Ok::<(), lrp_io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct TextPreparation {
    /// A text in the model's folder with the words it knows, one a line; the first line has the number 0.
    pub vocabulary: String,
    /// What words are made of.
    pub characters: Characters,
    /// Whether an apostrophe between two such characters is a part of the word.
    pub apostrophes: bool,
    /// Whether words are looked up in small letters.
    pub lower_case: bool,
    /// The number of what fills a row.
    pub padding: usize,
    /// The number of every word that is not known.
    pub unknown: usize,
    /// How much padding stands before the first word and behind the last.
    pub margin: usize,
    /// How many words are read; the rest of a text is not.
    pub longest: usize,
    /// The words, once they are read.
    #[serde(skip)]
    pub words: Vocabulary,
}

impl Default for TextPreparation {
    fn default() -> Self {
        Self {
            vocabulary: String::new(),
            characters: Characters::default(),
            apostrophes: false,
            lower_case: true,
            padding: 0,
            unknown: 1,
            margin: 0,
            longest: 512,
            words: Vocabulary::default(),
        }
    }
}

/// A word in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Its number in the vocabulary.
    pub id: usize,
}

impl TextPreparation {
    /// The same preparation with the words of a vocabulary.
    ///
    /// # Errors
    /// If padding or the unknown word have numbers that no line of it has.
    pub fn with_words(self, words: Vocabulary) -> Result<Self> {
        for (what, id) in [("padding", self.padding), ("unknown", self.unknown)] {
            if id >= words.len() {
                let count = words.len();
                return Err(Error::format(format!("{what} is word {id} of a vocabulary of {count}")));
            }
        }
        Ok(Self { words, ..self })
    }

    /// The words of a text in order, the first [`TextPreparation::longest`] of them.
    #[must_use]
    pub fn tokens(&self, text: &str) -> Vec<Token> {
        let token = |range: Range<usize>| {
            let id = text.get(range.clone()).and_then(|word| self.words.number(&self.spelt(word)));
            Token { range, id: id.unwrap_or(self.unknown) }
        };
        self.cut(text).take(self.longest).map(token).collect()
    }

    /// A word as the vocabulary has it.
    #[must_use]
    pub fn spelt(&self, word: &str) -> String {
        let plain = word.replace('\u{2019}', "'");
        if self.lower_case { plain.to_lowercase() } else { plain }
    }

    /// Where the words of a text are.
    pub fn cut<'t>(&self, text: &'t str) -> impl Iterator<Item = Range<usize>> + use<'t> {
        let Self { characters, apostrophes, .. } = *self;
        let belongs = move |letter: char| match characters {
            Characters::Letters => letter.is_alphabetic(),
            Characters::LettersAndDigits => letter.is_alphanumeric(),
        };
        let mut rest = text.char_indices().peekable();
        std::iter::from_fn(move || {
            let (start, first) = rest.find(|&(_, letter)| belongs(letter))?;
            let mut end = start + first.len_utf8();
            while let Some(&(at, letter)) = rest.peek() {
                let joins = apostrophes && matches!(letter, '\'' | '\u{2019}');
                let goes_on =
                    text.get(at + letter.len_utf8()..).is_some_and(|behind| behind.starts_with(belongs));
                if !(belongs(letter) || joins && goes_on) {
                    break;
                }
                end = at + letter.len_utf8();
                rest.next();
            }
            Some(start..end)
        })
    }

    /// A batch of texts `[n, margin + words + margin]`, shorter ones padded to the longest.
    ///
    /// # Errors
    /// If a text has no word, or they are too many.
    pub fn input(&self, texts: &[Vec<Token>]) -> Result<ArrayD<f64>> {
        if let Some(empty) = texts.iter().position(Vec::is_empty) {
            let of = if texts.len() == 1 { String::new() } else { format!("text {empty} ") };
            return Err(Error::new(ErrorKind::Selection, format!("{of}holds no word")));
        }
        let longest = texts.iter().map(Vec::len).max().unwrap_or_default();
        let shape = [texts.len(), longest.saturating_add(self.margin.saturating_mul(2))];
        Limits::default().elements(&shape)?;
        #[expect(clippy::cast_precision_loss, reason = "no vocabulary has 2^52 words")]
        let mut rows = Array2::from_elem(shape, self.padding as f64);
        for (mut row, tokens) in rows.outer_iter_mut().zip(texts) {
            for (place, token) in row.iter_mut().skip(self.margin).zip(tokens) {
                #[expect(clippy::cast_precision_loss, reason = "no vocabulary has 2^52 words")]
                let id = token.id as f64;
                *place = id;
            }
        }
        Ok(rows.into_dyn())
    }

    /// The part of a row of an input, or of its relevance, that belongs to so many words.
    #[must_use]
    pub fn of_words<'a, N>(&self, row: ArrayView1<'a, N>, count: usize) -> ArrayView1<'a, N> {
        let end = self.margin.saturating_add(count).min(row.len());
        let (row, _) = row.split_at(Axis(0), end);
        row.split_at(Axis(0), self.margin.min(end)).1
    }

    /// The shape of the longest input there is: what a model file says of its input.
    #[must_use]
    pub fn sample(&self) -> [usize; 1] {
        [self.longest.saturating_add(self.margin.saturating_mul(2))]
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.vocabulary.is_empty() {
            return Err(Error::format("names no vocabulary"));
        }
        if !(1..=LONGEST).contains(&self.longest) || self.margin > LONGEST {
            let (longest, margin) = (self.longest, self.margin);
            let allowed = format!("allowed are 1 to {LONGEST} and 0 to {LONGEST}");
            return Err(Error::format(format!("longest is {longest} and margin {margin}, {allowed}")));
        }
        Ok(())
    }
}
