//! Texts of known classes, a line each.

use std::path::Path;

use crate::error::{Error, Result};
use crate::file::read_file;
use crate::limits::Limits;

/// A text and what it is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelledText {
    /// The name of its class.
    pub class: String,
    /// The text.
    pub text: String,
}

/// The class of ratings below zero.
const NEGATIVE: &str = "negative";

/// That of ratings above.
const POSITIVE: &str = "positive";

/// Reads a table of texts, its columns apart by tabs: class and text, or number, rating and text.
///
/// A table may begin with three lines of names, types and roles, as Orange writes them: its second column is then the
/// text. A rating becomes the class `negative` or `positive`; one that is not further from zero than `neutral` is of
/// neither, and its text is left out.
///
/// # Errors
/// Names the line that is neither.
pub fn read_labelled_texts(
    path: impl AsRef<Path>,
    neutral: f64,
    limits: &Limits,
) -> Result<Vec<LabelledText>> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let text = String::from_utf8(read_file(path, limits)?).map_err(|error| {
        Error::format("is not text").at_byte(error.utf8_error().valid_up_to()).in_file(&name)
    })?;
    parse_labelled_texts(&text, neutral).map_err(|error| error.in_file(&name))
}

/// As [`read_labelled_texts`], from memory.
///
/// ```
/// let rated = "1\t-2.5\tA bore.\n2\t0.1\tA film.\n3\t3\tA joy!\n";
/// let texts = lrp_io::parse_labelled_texts(rated, 0.5)?;
/// assert_eq!(texts.iter().map(|row| &row.class[..]).collect::<Vec<_>>(), ["negative", "positive"]);
/// assert_eq!(lrp_io::parse_labelled_texts("ship\ta tanker sank\n", 0.0)?[0].class, "ship");
/// # Ok::<(), lrp_io::Error>(())
/// ```
///
/// # Errors
/// As [`read_labelled_texts`].
pub fn parse_labelled_texts(text: &str, neutral: f64) -> Result<Vec<LabelledText>> {
    let lines: Vec<&str> = text.trim_start_matches('\u{feff}').lines().collect();
    let roles = lines.get(2).is_some_and(|roles| roles.split('\t').any(|role| role == "class"));
    let rows = lines.iter().enumerate().skip(if roles { 3 } else { 0 }).filter(|(_, line)| !line.is_empty());
    let row = |(index, line): (usize, &&str)| {
        let wrong = |message: String| Error::format(message).at_line(index + 1);
        let columns: Vec<&str> = line.split('\t').collect();
        let (class, text) =
            match columns[..] {
                [class, text] => (class.trim(), text),
                [_, rating, text] => {
                    let rating: f64 =
                        rating.trim().parse().ok().filter(|rating: &f64| rating.is_finite()).ok_or_else(
                            || wrong("expected a number and a rating before the text".to_owned()),
                        )?;
                    if rating.abs() <= neutral {
                        return Ok(None);
                    }
                    (if rating > 0.0 { POSITIVE } else { NEGATIVE }, text)
                }
                _ => {
                    let count = columns.len();
                    return Err(wrong(format!("has {count} columns apart by tabs, expected class and text")));
                }
            };
        if class.is_empty() || class.contains(char::is_control) {
            return Err(wrong("names no class".to_owned()));
        }
        Ok(Some(LabelledText { class: class.to_owned(), text: text.to_owned() }))
    };
    rows.filter_map(|line| row(line).transpose()).collect()
}
