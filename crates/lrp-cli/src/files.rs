//! Many input files, one at a time: found in folders, passed through in turn, each failing for itself.

use std::error::Error;
use std::fmt::{self, Display};
use std::io::Write;
use std::path::{Path, PathBuf};

use indicatif::ProgressBar;
use lrp::io::ARRAY_FORMATS;
use serde_json::json;

use crate::Outcome;
use crate::progress;
use crate::text::is_text;

/// The files of a call.
pub(crate) struct Files {
    pub(crate) paths: Vec<PathBuf>,
    /// Whether one may fail without the others: of a single file the whole call is wrong.
    many: bool,
}

/// Formats that are not looked for in folders: notes and tables that lie about are text too.
const NAMED_ONLY: [&str; 2] = ["text", "csv"];

impl Files {
    /// The files named, and those in the folders named, in the order of their names; to a model that reads texts, the
    /// texts in a folder are what is looked for.
    pub(crate) fn find(inputs: &[PathBuf], texts: bool) -> Outcome<Self> {
        let wanted = if texts { is_text } else { is_input };
        let mut paths = Vec::new();
        for input in inputs {
            if input.is_dir() {
                paths.extend(in_folder(input, wanted)?);
            } else {
                paths.push(input.clone());
            }
        }
        let many = inputs.len() > 1 || inputs.iter().any(|input| input.is_dir());
        Ok(Self { paths, many })
    }

    /// Does the work of each file in turn. What it wrote is passed on before the next begins; a file that fails
    /// is told on standard error, and in JSON if that is wanted, and the others follow.
    ///
    /// # Errors
    /// If a file failed, or nobody reads the answers.
    pub(crate) fn each(
        &self,
        json: bool,
        out: &mut dyn Write,
        mut work: impl FnMut(&Path, &ProgressBar, &mut dyn Write) -> Outcome,
    ) -> Outcome {
        let bar = if self.many { progress::bar(self.paths.len(), "files") } else { ProgressBar::hidden() };
        let mut failed = 0;
        for path in &self.paths {
            let samples = if self.many { ProgressBar::hidden() } else { progress::bar(0, "samples") };
            let mut answer = Vec::new();
            let outcome = work(path, &samples, &mut answer);
            samples.finish_and_clear();
            if let Err(error) = &outcome {
                failed += 1;
                if json {
                    answer = format!("{}\n", json!({ "input": path, "error": one_line(&**error) })).into();
                }
                if self.many {
                    bar.suspend(|| crate::say(&format!("error: {}", one_line(&**error))));
                }
            }
            bar.suspend(|| out.write_all(&answer).and_then(|()| out.flush()))?;
            if !self.many {
                return outcome;
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        match failed {
            0 => Ok(()),
            failed => Err(SomeFailed::of("files", failed, self.paths.len()).into()),
        }
    }
}

fn in_folder(folder: &Path, wanted: fn(&Path) -> bool) -> Outcome<Vec<PathBuf>> {
    let name = folder.display();
    let unread = |error: std::io::Error| format!("{name}: cannot read this folder: {error}");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unread)? {
        let path = entry.map_err(unread)?.path();
        if path.is_file() && wanted(&path) {
            found.push(path);
        }
    }
    found.sort();
    match found.is_empty() {
        true => Err(format!("{name}: no inputs of the model are in this folder").into()),
        false => Ok(found),
    }
}

fn is_input(path: &Path) -> bool {
    let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
    let extension = path.extension().unwrap_or_default().to_string_lossy().to_lowercase();
    let formats = ARRAY_FORMATS.iter().filter(|format| !NAMED_ONLY.contains(&format.name));
    !hidden && formats.flat_map(|format| format.extensions).any(|known| **known == extension)
}

fn one_line(error: &dyn Error) -> String {
    let text = error.to_string();
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Some files of many could not be used; each has been told already.
#[derive(Debug)]
pub(crate) struct SomeFailed {
    /// What they are, such as files.
    things: &'static str,
    failed: usize,
    all: usize,
}

impl SomeFailed {
    pub(crate) fn of(things: &'static str, failed: usize, all: usize) -> Self {
        Self { things, failed, all }
    }
}

impl Display for SomeFailed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} {} failed", self.failed, self.all, self.things)
    }
}

impl Error for SomeFailed {}
