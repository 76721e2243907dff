//! The ten pictures and the one batch of the toolbox's demos.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use lrp::prelude::*;
use lrp::render::{Grid, montage};
use lrp::rules::top_classes;
use lrp_data::BundledModel;
use ndarray::Slice;

use super::{Material, open, pair};

/// Explains ten digits under one rule into the picture named by the first argument, and their relevance beside
/// it as `.npy`; then all digits at once, every score counting, as `-batch.npy`.
pub(crate) fn run(model: &BundledModel, rule: Rule) -> Result<(), Box<dyn Error>> {
    let out = PathBuf::from(std::env::args().nth(1).unwrap_or("heatmap.png".into()));
    let Material { network, inputs, labels } = open(model)?;
    let predicted = top_classes(&network.forward(&inputs)?);
    let right = predicted.iter().zip(&labels).filter(|(class, label)| **class as f64 == **label).count();
    println!("test set accuracy is {:.4}", right as f64 / labels.len() as f64);

    let ten = inputs.slice_axis(ndarray::Axis(0), Slice::from(..10)).to_owned();
    let plan = Plan::new(&network, &Composite::uniform(rule), PlanOptions::default())?;
    let relevance = plan.explain(&ten, &Target::Top)?.relevance;
    let each = labels.iter().zip(&predicted).take(10);
    each.for_each(|(label, class)| println!("true class {label}, predicted class {class}"));
    let pairs = ten.outer_iter().zip(relevance.outer_iter()).map(|(x, r)| Ok(vec![pair(x, r)?]));
    let picture = montage(&Grid { rows: pairs.collect::<Result<_, Box<dyn Error>>>()?, ..Grid::default() })?;
    std::fs::write(&out, encode_png(&picture.to_rgb8())?)?;
    write_array(out.with_extension("npy"), relevance.view())?;

    let (start, plan) =
        (Instant::now(), Plan::new(&network, &Composite::uniform(simple()), PlanOptions::default())?);
    write_array(out.with_extension("batch.npy"), plan.explain(&inputs, &Target::All)?.relevance.view())?;
    println!("{} samples explained in {:.3} seconds", labels.len(), start.elapsed().as_secs_f64());
    Ok(())
}
