//! The explanation of one file, put together from pieces.

use std::fmt::Display;

use indicatif::ProgressBar;
use lrp::core::{Float, Tensor, cast};
use lrp::rules::{Explanation, Ledger, Target, top_classes};
use ndarray::{ArrayD, Axis, Slice, concatenate};

use super::aim::{self, Aim};
use crate::Outcome;
use crate::method::Method;
use crate::model::Batch;

/// Samples explained at once.
const CHUNK: usize = 32;

/// The explanation of one file for one target.
pub(super) struct Explained<T> {
    pub(super) relevance: ArrayD<f64>,
    /// A line of numbers a sample.
    pub(super) records: Vec<Record>,
    /// What the network says, a row a sample.
    pub(super) scores: Tensor<T>,
    /// Whether a softmax behind these scores was left out.
    pub(super) logits: bool,
    /// Relevance of each layer's output.
    pub(super) layers: Vec<ArrayD<f64>>,
    /// What became of relevance at every node, if that is kept.
    pub(super) ledger: Option<Ledger>,
}

pub(super) struct Record {
    pub(super) predicted: usize,
    pub(super) aim: Aim,
    /// The relevance the explanation started from, summed.
    pub(super) explained: f64,
    /// The relevance that arrived at the input, summed.
    pub(super) arrived: f64,
}

/// Explains a batch for each target.
pub(super) fn explain_batch<T: Float>(
    method: &Method<'_, T>,
    batch: &Batch<T>,
    targets: &[Target],
    allow_not_finite: bool,
    bar: &ProgressBar,
) -> Outcome<Vec<Explained<T>>> {
    let name = batch.path.display().to_string();
    let named = |error: &dyn Display| format!("{name}: {error}");
    let count = batch.positions.len();
    targets.iter().try_for_each(|target| aim::check(target, count)).map_err(|error| named(&error))?;
    bar.set_length(count as u64);
    let mut found: Vec<Found<T>> = targets.iter().map(|_| Found::default()).collect();
    for start in (0..count).step_by(CHUNK) {
        let end = count.min(start + CHUNK);
        let input = batch.inputs.slice_axis(Axis(0), Slice::from(start..end)).to_owned();
        let parts: Vec<Target> = targets.iter().map(|target| aim::part(target, start, end)).collect();
        let explanations = method.explain(&input, &parts).map_err(|error| named(&error))?;
        for ((found, target), explanation) in found.iter_mut().zip(targets).zip(explanations) {
            found.take(explanation, |sample, predicted| Aim::of(target, start + sample, predicted));
        }
        bar.inc((end - start) as u64);
    }
    let logits = method.starts_at_logits();
    found
        .into_iter()
        .map(|found| {
            let overflow = found.records.iter().position(|record| !record.arrived.is_finite());
            if let Some(sample) = overflow.filter(|_| !allow_not_finite) {
                let sample = batch.positions[sample];
                let message = format!("the relevance of sample {sample} overflows; try a milder rule");
                return Err(named(&message).into());
            }
            found.joined(logits)
        })
        .collect()
}

/// What was found for one target, chunk by chunk.
#[derive(Default)]
struct Found<T> {
    relevance: Vec<ArrayD<f64>>,
    records: Vec<Record>,
    scores: Vec<Tensor<T>>,
    layers: Vec<Vec<Tensor<T>>>,
    ledger: Option<Ledger>,
}

impl<T: Float> Found<T> {
    /// Adds a chunk; `aim` says what is explained of a sample of the predicted class.
    fn take(&mut self, explanation: Explanation<T>, aim: impl Fn(usize, usize) -> Aim) {
        for (sample, predicted) in top_classes(&explanation.scores).into_iter().enumerate() {
            let sum = |array: &Tensor<T>| array.index_axis(Axis(0), sample).sum().as_f64();
            let (explained, arrived) = (sum(&explanation.seed), sum(&explanation.relevance));
            self.records.push(Record { predicted, aim: aim(sample, predicted), explained, arrived });
        }
        self.relevance.push(cast(&explanation.relevance));
        self.scores.push(explanation.scores);
        self.layers.extend(explanation.layers);
        self.ledger = self.ledger.take().into_iter().chain(explanation.ledger).reduce(Ledger::merged);
    }

    fn joined(self, logits: bool) -> Outcome<Explained<T>> {
        let values = self.layers.first().map_or(0, Vec::len);
        let layer = |value: usize| {
            let parts: Vec<ArrayD<f64>> = self.layers.iter().map(|chunk| cast(&chunk[value])).collect();
            joined(&parts)
        };
        Ok(Explained {
            layers: (1..values).map(layer).collect::<Outcome<_>>()?,
            relevance: joined(&self.relevance)?,
            scores: joined(&self.scores)?,
            records: self.records,
            ledger: self.ledger,
            logits,
        })
    }
}

fn joined<N: Clone>(parts: &[ArrayD<N>]) -> Outcome<ArrayD<N>> {
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    Ok(concatenate(Axis(0), &views)?)
}
