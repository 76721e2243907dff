//! Training as the toolbox's scripts do it: report, write the model, read it again, report again.

use std::error::Error;
use std::ops::ControlFlow::Continue;
use std::path::PathBuf;

use lrp::prelude::*;
use lrp::train::{Architecture, Examples, Settings, State, Task, score, train};

/// Trains a network and leaves it in `NAME.txt` beside the file that the first argument names.
pub(crate) fn run(
    name: &str,
    architecture: &Architecture,
    examples: &Examples<f64>,
    settings: &Settings,
) -> Result<(), Box<dyn Error>> {
    let state = State::new(architecture.build(&examples.inputs().shape()[1..], settings.seed)?);
    let state = train(state, &Task::new(examples), settings, &mut |_, _| Continue(()))?;
    let best = state.best.ok_or("nothing was judged")?;
    println!("{name}: accuracy {:.4} after {} steps", best.score.accuracy, best.iteration);
    let path = std::env::args().nth(1).map_or_else(PathBuf::new, PathBuf::from).with_file_name(name);
    write_model(path.with_extension("txt"), &best.network)?;
    let again = read_model(path.with_extension("txt"), &Limits::default())?;
    println!("{name}: accuracy {:.4} when read again", score(&again, examples, settings.optimizer)?.accuracy);
    Ok(())
}

/// The bundled digits as examples, prepared as a bundled model wants them.
pub(crate) fn digits(model: &lrp_data::BundledModel) -> Result<Examples<f64>, Box<dyn Error>> {
    let super::Material { inputs, labels, .. } = super::open(model)?;
    let classes: Vec<usize> = labels.iter().map(|&label| label as usize).collect();
    Ok(Examples::with_classes(inputs, &classes, 10)?)
}
