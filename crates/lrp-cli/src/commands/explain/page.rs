//! The report: one page for all samples of a call, that needs nothing but itself.
//!
//! Samples arrive file by file, but their colours share one scale, which is known when the last has come. Until then
//! their numbers wait in a temporary file; then each is drawn, written and forgotten. So memory holds a few lines a
//! sample, however many there are.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lrp::core::Float;
use lrp::io::write_atomically;
use lrp::render::{Normalization, Picture, shared_scale};
use lrp::rules::{Ledger, Table};
use ndarray::{Array2, ArrayViewD, Axis, Dimension, IxDyn};

use super::drawing::{Drawing, Maps};
use super::explained::{Explained, Record};
use super::{Call, aim, report};
use crate::Outcome;
use crate::model::Batch;
use crate::provenance::Provenance;
use crate::ranking::Ranking;
use crate::style::{Motif, StyleOptions};
use crate::text::ExplainedText;

mod markup;
mod spool;

use markup::{Colors, Figure};
use spool::Spool;

/// Values named of a sample that is no image.
const BARS: usize = 16;

/// Pixels along the longer side of a picture in the page, about.
const SIDE: usize = 224;

/// A report, as far as it has come.
pub(super) struct Page<'a> {
    path: &'a Path,
    style: &'a StyleOptions,
    head: Head,
    samples: Vec<Sample>,
    /// What was there of each target's relevance at every node.
    ledgers: Vec<(String, Ledger)>,
    /// Inputs that are not in the report, and why.
    failures: Vec<String>,
    /// The largest relevance of a pixel.
    scale: f64,
    spool: Spool,
}

/// What a report begins with.
pub(super) struct Head {
    pub(super) provenance: Provenance,
    /// What the model is, in its own words.
    pub(super) about: Option<String>,
    /// The rules, and why these.
    pub(super) by: String,
    /// The plan; methods without rules have none.
    pub(super) plan: Option<Table>,
}

/// What is said of one sample.
struct Sample {
    name: String,
    predicted: String,
    /// The best classes with their scores.
    scores: Vec<(String, f64)>,
    /// How it looks, if it is an image.
    look: Option<Look>,
    answers: Vec<Answer>,
}

/// What its relevance for one target is.
struct Answer {
    target: String,
    /// What relevance started from; methods without rules do not hand a score on.
    started: Option<f64>,
    arrived: f64,
    exhibit: Exhibit,
}

/// What numbers of an image wait in the spool, and where.
#[derive(Clone, Copy)]
enum Look {
    Photo(u64),
    Numbers(u64),
}

/// How relevance is shown: whatever a sample can be has a variant here.
enum Exhibit {
    /// As the colours of pixels; their numbers wait in the spool.
    Map(u64),
    /// As words on colours.
    Words(ExplainedText),
    /// As bars of the values that have most, by their places in the sample.
    Bars(Vec<(String, f64)>),
}

impl<'a> Page<'a> {
    pub(super) fn new(path: &'a Path, style: &'a StyleOptions, head: Head) -> Outcome<Self> {
        let spool = Spool::beside(path)?;
        let (samples, ledgers, failures) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { path, style, head, samples, ledgers, failures, scale: 0.0, spool })
    }

    /// Adds the samples of a file, explained and perhaps drawn for each target.
    pub(super) fn add<T: Float>(
        &mut self,
        call: &Call<'_, T>,
        batch: &Batch<T>,
        explained: &[Explained<T>],
        drawing: Option<&Drawing<'_, T>>,
        maps: &[Option<Maps<'_, T>>],
    ) -> Outcome {
        for (index, position) in batch.positions.iter().enumerate() {
            let Some(first) = explained.first() else { continue };
            let look = match drawing.map(|drawing| drawing.motif(index)).transpose()? {
                None => None,
                Some(Motif::Photo(photo)) => Some(Look::Photo(self.spool.put(&photo.pixels().into_dyn())?)),
                Some(Motif::Numbers(numbers)) => {
                    Some(Look::Numbers(self.spool.put(&numbers.view().into_dyn())?))
                }
            };
            let answers = explained.iter().zip(maps).map(|(explained, maps)| {
                let exhibit = match report::words(call.model, batch, explained, index)? {
                    Some(text) => self.words(text),
                    None => {
                        let relevance = explained.relevance.index_axis(Axis(0), index);
                        self.exhibit(&relevance, index, maps.as_ref())?
                    }
                };
                let Record { aim, explained: started, arrived, .. } = &explained.records[index];
                let started = Some(*started).filter(|_| call.options.method.method.is_none());
                Ok(Answer { target: aim.describe(call.model), started, arrived: *arrived, exhibit })
            });
            let answers = answers.collect::<Outcome<_>>()?;
            let ranking = if first.logits { Ranking::of_logits } else { Ranking::new };
            let scores = ranking(&first.scores.index_axis(Axis(0), index), call.options.output.top);
            self.samples.push(Sample {
                name: format!("{}[{position}]", batch.path.display()),
                predicted: call.model.class(first.records[index].predicted),
                scores: scores.named(call.model),
                look,
                answers,
            });
        }
        self.keep_books(call, explained);
        Ok(())
    }

    fn words(&mut self, text: ExplainedText) -> Exhibit {
        self.scale = self.scale.max(text.largest());
        Exhibit::Words(text)
    }

    /// What becomes of one sample's relevance: a plane in the spool, or bars.
    fn exhibit<T: Float>(
        &mut self,
        relevance: &ArrayViewD<'_, f64>,
        index: usize,
        maps: Option<&Maps<'_, T>>,
    ) -> Outcome<Exhibit> {
        let Some(maps) = maps else { return Ok(Exhibit::Bars(largest(relevance))) };
        let plane = maps.plane(index);
        self.scale = self.scale.max(shared_scale([plane.view()]));
        Ok(Exhibit::Map(self.spool.put(&plane.view().into_dyn())?))
    }

    fn keep_books<T: Float>(&mut self, call: &Call<'_, T>, explained: &[Explained<T>]) {
        let before = std::mem::take(&mut self.ledgers);
        let mut before = before.into_iter().map(|(_, ledger)| ledger);
        let books = explained.iter().zip(&call.targets).filter_map(|(explained, target)| {
            let ledgers = before.next().into_iter().chain(explained.ledger.clone());
            Some((aim::label(target), ledgers.reduce(Ledger::merged)?))
        });
        self.ledgers = books.collect();
    }

    /// Notes an input that failed.
    pub(super) fn failed(&mut self, path: &Path, reason: &str) {
        let path = path.display().to_string();
        let named = if reason.starts_with(&path) { reason.to_owned() } else { format!("{path}: {reason}") };
        self.failures.push(named);
    }

    /// Writes the page, whole or not at all; of no samples there is none.
    pub(super) fn write(mut self) -> Outcome<Option<PathBuf>> {
        if self.samples.is_empty() {
            return Ok(None);
        }
        self.spool.close()?;
        let path = self.path.to_owned();
        write_atomically(&path, |file| self.write_to(file))?;
        Ok(Some(path))
    }

    fn write_to(&mut self, file: &mut impl Write) -> io::Result<()> {
        let colormap = self.style.pictures.colormap().map_err(in_writing)?;
        let colors = Colors { colormap: &colormap, scale: self.scale };
        let exhibits =
            || self.samples.iter().flat_map(|sample| &sample.answers).map(|answer| &answer.exhibit);
        let colored = exhibits().any(|exhibit| !matches!(exhibit, Exhibit::Bars(_)));
        let bar = colored.then_some(&colors);
        file.write_all(markup::opening(&self.head, &self.samples, &self.failures, bar)?.as_bytes())?;
        for sample in &self.samples {
            let figures = figures(sample, self.style, self.scale, &mut self.spool).map_err(in_writing)?;
            file.write_all(markup::sample(sample, &figures, &colors)?.as_bytes())?;
        }
        file.write_all(markup::closing(&self.head, &self.ledgers).as_bytes())
    }
}

/// A failure while a file is written, its kind lost but not its words.
fn in_writing(error: impl Display) -> io::Error {
    io::Error::other(error.to_string())
}

/// What is drawn of a sample: itself, and its relevance for each target.
fn figures(sample: &Sample, style: &StyleOptions, scale: f64, spool: &mut Spool) -> Outcome<Vec<Figure>> {
    let (motif, scaling) = match sample.look {
        None => return Ok(Vec::new()),
        Some(Look::Photo(place)) => {
            (Motif::Photo(Picture::new(spool.get(place)?.into_dimensionality()?)?), 1)
        }
        Some(Look::Numbers(place)) => {
            let numbers: Array2<f64> = spool.get(place)?.into_dimensionality()?;
            let longer = numbers.nrows().max(numbers.ncols());
            (Motif::Numbers(numbers), (SIDE / longer.max(1)).max(1))
        }
    };
    let mut figures = vec![Figure { picture: motif.shown()?, caption: "input".to_owned(), answer: None }];
    for (index, answer) in sample.answers.iter().enumerate() {
        let Exhibit::Map(place) = answer.exhibit else { continue };
        let plane = spool.get(place)?.into_dimensionality()?;
        let columns = style.columns(&motif, &plane, Normalization::Shared(scale), &answer.target, scaling)?;
        let columns = columns.into_iter().filter(|column| column.title != "input");
        figures.extend(columns.map(|column| Figure {
            answer: (column.title == answer.target).then_some(index),
            picture: column.picture,
            caption: column.title,
        }));
    }
    Ok(figures)
}

/// The values that have most relevance, by their places in the sample.
fn largest(relevance: &ArrayViewD<'_, f64>) -> Vec<(String, f64)> {
    let mut values: Vec<(IxDyn, f64)> =
        relevance.indexed_iter().map(|(place, &value)| (place, value)).collect();
    values.sort_by(|one, two| two.1.abs().total_cmp(&one.1.abs()));
    let named = |(place, value): (IxDyn, f64)| {
        let places: Vec<String> = place.slice().iter().map(ToString::to_string).collect();
        (places.join(", "), value)
    };
    values.into_iter().take(BARS).map(named).collect()
}
