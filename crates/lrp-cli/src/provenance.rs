//! Where a result comes from: written on the back of pictures, and at the head of reports.
//!
//! Nothing in it changes from one day to the next, so that the same call writes the same bytes.

use std::env;
use std::fmt::Display;
use std::path::Path;

use lrp::io::{Limits, model_format, read_file};
use lrp::render::Note;
use sha2::{Digest, Sha256};

use crate::Outcome;
use crate::options::ModelOptions;

/// Facts, each under its keyword: one that PNG knows, or one that begins with `lrp:`.
#[derive(Clone, Debug)]
pub(crate) struct Provenance(Vec<Note>);

impl Provenance {
    /// The version of this program and its command line.
    pub(crate) fn of_call() -> Self {
        let version = concat!("lrp ", env!("CARGO_PKG_VERSION"));
        Self(vec![Note { keyword: "Software".to_owned(), text: version.to_owned() }]).with(
            "command",
            command_line(env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned())),
        )
    }

    /// One more fact, under `lrp:NAME`.
    pub(crate) fn with(self, name: &str, text: impl Display) -> Self {
        self.noted(format!("lrp:{name}"), text)
    }

    /// The same with a title, which many viewers show.
    pub(crate) fn titled(self, title: impl Display) -> Self {
        self.noted("Title".to_owned(), title)
    }

    /// One more fact about a file: its name, and the SHA-256 of what is in it.
    pub(crate) fn with_file(self, name: &str, path: &Path, bytes: &[u8]) -> Self {
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        self.with(name, file).with(&format!("{name}-sha256"), sha256(bytes))
    }

    /// The files of a model, and the numbers it is computed in.
    pub(crate) fn with_model(self, options: &ModelOptions, limits: &Limits) -> Outcome<Self> {
        let bytes = read_file(&options.model, limits)?;
        let format = model_format(&options.model.display().to_string(), &bytes)?;
        let provenance = self.with_file("model", &options.model, &bytes);
        let provenance = match options.weights.file(&options.model, format) {
            Some(weights) => provenance.with_file("weights", &weights, &read_file(&weights, limits)?),
            None => provenance,
        };
        Ok(provenance.with("numbers", options.dtype.name()))
    }

    pub(crate) fn notes(&self) -> &[Note] {
        &self.0
    }

    fn noted(mut self, keyword: String, text: impl Display) -> Self {
        // A zero would end the text early, and other controls have no place in a line.
        let text = text.to_string().replace(char::is_control, " ");
        self.0.push(Note { keyword, text });
        self
    }
}

/// The SHA-256 of bytes, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The call as a shell would take it; the program goes by its name, wherever it lies.
fn command_line(arguments: impl Iterator<Item = String>) -> String {
    std::iter::once("lrp".to_owned()).chain(arguments.map(quoted)).collect::<Vec<_>>().join(" ")
}

/// In quotes, where a shell would see more than a word.
fn quoted(word: String) -> String {
    let plain = |letter: char| letter.is_alphanumeric() || "-_./:,=+@%\\".contains(letter);
    match word.chars().all(plain) && !word.is_empty() {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_standard() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sha256(b"abc"), abc);
    }

    #[test]
    fn command_lines_can_be_called_again() {
        let words = ["explain", "my model.onnx", "--rule", "epsilon(0.01)", "it's", ""];
        let line = command_line(words.into_iter().map(str::to_owned));
        assert_eq!(line, r"lrp explain 'my model.onnx' --rule 'epsilon(0.01)' 'it'\''s' ''");
    }

    #[test]
    fn facts_are_single_lines() {
        let provenance = Provenance::of_call().with("input", "a\nb\0c").titled("a title");
        let texts: Vec<(&str, &str)> =
            provenance.notes().iter().map(|note| (&*note.keyword, &*note.text)).collect();
        assert_eq!(texts[2..], [("lrp:input", "a b c"), ("Title", "a title")]);
        assert_eq!(texts[0], ("Software", concat!("lrp ", env!("CARGO_PKG_VERSION"))));
    }
}
