//! What is said of each sample.

use std::io::Write;
use std::path::Path;

use lrp::core::Float;
use lrp::rules::{Entry, Ledger};
use ndarray::Axis;
use serde_json::json;

use super::explained::{Explained, Record};
use super::results::Results;
use super::{Call, Options};
use crate::Outcome;
use crate::model::{Batch, Model};
use crate::ranking::Ranking;
use crate::text::ExplainedText;

pub(super) fn explained<T: Float>(
    call: &Call<'_, T>,
    batch: &Batch<T>,
    explained: &Explained<T>,
    results: &Results,
    show: impl Fn(usize, &mut dyn Write) -> Outcome,
    out: &mut dyn Write,
) -> Outcome {
    let Call { options, model, by, .. } = call;
    let file = batch.path.display().to_string();
    let colormap = options.style.pictures.colormap()?;
    let samples = explained.records.iter().zip(&batch.positions).zip(&results.pictures);
    let samples = samples.zip(explained.scores.axis_iter(Axis(0))).enumerate();
    for (sample, (((record, position), picture), scores)) in samples {
        let Record { predicted, aim, explained: started, arrived } = record;
        let (class, target) = (model.class(*predicted), aim.describe(model));
        // Methods without rules do not hand a score on.
        let started = Some(started).filter(|_| options.method.method.is_none());
        let ranking = if explained.logits { Ranking::of_logits } else { Ranking::new };
        let ranking = ranking(&scores, options.output.top);
        let text = words(model, batch, explained, sample)?;
        if options.output.json {
            let mut line = json!({
                "input": file, "sample": position, "predicted": predicted, "class": class, "target": target,
                "method": by,
                "explained": started, "relevance": arrived, "absorbed": started.map(|started| started - arrived),
                "top": ranking.json(model), "picture": picture, "array": results.array,
            });
            if let Some(text) = text {
                line["words"] = text.json();
                line["html"] = text.html(&colormap, None).into();
            }
            writeln!(out, "{line}")?;
        } else {
            let wrote = picture.as_ref().map(|path| format!(", {}", path.display())).unwrap_or_default();
            let of = started.map(|started| format!(" of {started:.4}")).unwrap_or_default();
            writeln!(
                out,
                "{file}[{position}]: predicted {class}, relevance {arrived:.4}{of} for {target}{wrote}"
            )?;
            if options.output.top > 0 {
                writeln!(out, "  {}", ranking.describe(model))?;
            }
            if let Some(text) = text {
                writeln!(out, "  {}", text.line(&colormap))?;
            }
            show(sample, out)?;
        }
    }
    if let Some(ledger) = explained.ledger.as_ref().filter(|_| options.output.ledger) {
        books(ledger, &file, options.output.json, out)?;
    }
    match &results.array {
        Some(array) if !options.output.json => Ok(writeln!(out, "wrote {}", array.display())?),
        _ => Ok(()),
    }
}

/// The words of a sample, if it is a text.
pub(super) fn words<T: Float>(
    model: &Model<T>,
    batch: &Batch<T>,
    explained: &Explained<T>,
    sample: usize,
) -> Outcome<Option<ExplainedText>> {
    let (Some(texts), Some(reader)) = (&batch.texts, &model.sidecar.text) else { return Ok(None) };
    texts[sample].explained(explained.relevance.index_axis(Axis(0), sample), reader).map(Some)
}

/// Prints a ledger.
fn books(ledger: &Ledger, file: &str, as_json: bool, out: &mut dyn Write) -> Outcome {
    ledger.notices().iter().for_each(|notice| crate::say(&format!("note: {notice}")));
    if !as_json {
        return Ok(write!(out, "{ledger}")?);
    }
    let entry = |entry: &Entry| {
        json!({
            "node": entry.node, "rule": entry.rule, "received": entry.received.sum,
            "handed_on": entry.handed.sum, "lost": entry.lost(), "growth": entry.growth(),
            "unstable": entry.denominators.unstable, "silent": entry.denominators.silent,
        })
    };
    let entries: Vec<_> = ledger.entries().iter().map(entry).collect();
    Ok(writeln!(out, "{}", json!({ "input": file, "ledger": entries, "notices": ledger.notices() }))?)
}

/// Of a file whose results are there already.
pub(super) fn skipped(options: &Options, path: &Path, out: &mut dyn Write) -> Outcome {
    match options.output.json {
        true => writeln!(out, "{}", json!({ "input": path, "skipped": true }))?,
        false => writeln!(out, "{}: done before", path.display())?,
    }
    Ok(())
}
