//! The files that are written for one input and one target.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use lrp::core::Float;
use lrp::io::{Limits, read_array, write_array};
use lrp::render::Picture;
use lrp::rules::Target;

use super::aim;
use super::explained::Explained;
use crate::Outcome;
use crate::method::Method;
use crate::model::Batch;
use crate::picture::save;
use crate::provenance::Provenance;
use crate::show::ShowOptions;

#[derive(Args)]
#[command(next_help_heading = "Output (default: --png, --npy for what is no image, or words in colours)")]
pub(super) struct OutputOptions {
    /// Folder to write to; made if it is not there
    #[arg(long, value_name = "DIR", default_value = "lrp-out")]
    pub(super) out: PathBuf,
    /// Draw each sample and its relevance: NAME-SAMPLE.png (of several targets, NAME-TARGET-SAMPLE.png)
    #[arg(long)]
    pub(super) png: bool,
    /// Save the relevance of all samples: NAME.npy
    #[arg(long)]
    npy: bool,
    /// Save the relevance of every layer too: NAME-NODE.npy
    #[arg(long)]
    pub(super) layers: bool,
    /// Write a report: one page with all samples, their relevance on one scale, the plan and the sums of every layer
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub(super) html: Option<PathBuf>,
    #[command(flatten)]
    pub(super) show: ShowOptions,
    /// Print what became of relevance at every node
    #[arg(long, conflicts_with = "method")]
    pub(super) ledger: bool,
    /// Print a line of JSON a sample; of an input that fails, its name and the error
    #[arg(long, conflicts_with = "show")]
    pub(super) json: bool,
    /// Pass over inputs whose results are there, whole and newer than input and model; for calls with the
    /// same options
    #[arg(long)]
    pub(super) resume: bool,
    /// Classes to name for each sample
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(super) top: usize,
}

impl OutputOptions {
    /// Nothing was said about files, so that samples decide what suits them.
    fn nothing_asked(&self) -> bool {
        let files = self.png || self.npy || self.layers || self.html.is_some();
        !files && !self.json && !self.show.asked()
    }

    /// Whether pictures of samples that can be drawn are written into the folder.
    pub(super) fn saves_pictures(&self) -> bool {
        self.png || self.nothing_asked()
    }

    /// Whether samples are drawn that can be, to be saved or to be seen.
    pub(super) fn draws(&self) -> bool {
        self.insists() || self.html.is_some() || self.nothing_asked()
    }

    /// Whether samples that cannot be drawn are wrong.
    pub(super) fn insists(&self) -> bool {
        self.png || self.show.asked()
    }

    /// Whether any file is written into the folder.
    pub(super) fn writes(&self) -> bool {
        self.png || self.npy || self.layers || self.nothing_asked()
    }

    pub(super) fn check(&self) -> Outcome {
        match self.resume && !self.writes() {
            true => Err("--resume looks for results in files; add --png, --npy or --layers".into()),
            false => Ok(()),
        }
    }

    pub(super) fn make_folder(&self) -> Outcome {
        let made = fs::create_dir_all(&self.out);
        Ok(made.map_err(|error| format!("{}: cannot make this folder: {error}", self.out.display()))?)
    }
}

/// What is written for one input file and one target.
pub(super) struct Results {
    /// A picture a sample, where there is one.
    pub(super) pictures: Vec<Option<PathBuf>>,
    pub(super) array: Option<PathBuf>,
    /// An array a layer.
    layers: Vec<PathBuf>,
}

impl Results {
    pub(super) fn of<T: Float>(
        output: &OutputOptions,
        batch: &Batch<T>,
        target: &Target,
        targets: &[Target],
        method: &Method<'_, T>,
        drawn: bool,
    ) -> Self {
        let drawn = drawn && output.saves_pictures();
        let stem = batch.path.file_stem().unwrap_or_default().to_string_lossy();
        let label = if targets.len() > 1 { format!("-{}", aim::label(target)) } else { String::new() };
        let file = |rest: String| output.out.join(format!("{stem}{label}{rest}"));
        let picture = |position: &usize| drawn.then(|| file(format!("-{position:04}.png")));
        let layers = method.layers().filter(|_| output.layers);
        Self {
            pictures: batch.positions.iter().map(picture).collect(),
            array: (output.npy || (output.nothing_asked() && !drawn && batch.texts.is_none()))
                .then(|| file(".npy".to_owned())),
            layers: layers.map(|node| file(format!("-{}.npy", safe(node)))).collect(),
        }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = PathBuf> {
        self.pictures.iter().flatten().chain(&self.array).chain(&self.layers).cloned()
    }

    pub(super) fn has_pictures(&self) -> bool {
        self.pictures.iter().any(Option::is_some)
    }

    pub(super) fn write<T>(&self, explained: &Explained<T>) -> Outcome {
        if let Some(path) = &self.array {
            write_array(path, explained.relevance.view())?;
        }
        for (relevance, path) in explained.layers.iter().zip(&self.layers) {
            write_array(path, relevance.view())?;
        }
        Ok(())
    }

    /// Writes the first picture and draws the others, holding one at a time.
    pub(super) fn draw(
        &self,
        first: Picture,
        others: impl Fn(usize) -> Outcome<Picture>,
        provenance: impl Fn(usize) -> Provenance,
    ) -> Outcome {
        let mut first = Some(first);
        for (sample, path) in self.pictures.iter().enumerate() {
            if let Some(path) = path {
                save(&first.take().map_or_else(|| others(sample), Ok)?, path, &provenance(sample))?;
            }
        }
        Ok(())
    }
}

/// Whether all results are there, can be read to their end, and are newer than what they were made from.
///
/// Files appear whole or not at all, but others may have touched them since.
pub(super) fn are_done(results: &[PathBuf], sources: [&Path; 2], limits: &Limits) -> bool {
    let time = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let limits = Limits { allow_not_finite: true, ..limits.clone() };
    let newest = sources.into_iter().filter_map(time).max().unwrap_or(SystemTime::UNIX_EPOCH);
    let done =
        |path: &PathBuf| time(path).is_some_and(|time| time >= newest) && read_array(path, &limits).is_ok();
    !results.is_empty() && results.iter().all(done)
}

/// Node names come from model files; as part of a path they are letters, digits, `-` and `_`.
fn safe(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_alphanumeric() || "-_".contains(letter) { letter } else { '_' })
        .collect()
}
