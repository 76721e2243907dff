//! How well a network does.

use lrp_core::{Float, Network};
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use crate::adam::compare;
use crate::error::{Error, ErrorKind, Result};
use crate::examples::Examples;
use crate::settings::Optimizer;
use crate::step::{rows, shapes};

/// What an evaluation found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The fraction of examples whose largest prediction is where the largest target is.
    pub accuracy: f64,
    /// What the [`Optimizer`] makes smaller: `Σ |prediction − target| / n`, or the mean cross-entropy.
    pub loss: f64,
}

/// Examples run at once.
const PIECE: usize = 64;

/// How well the network predicts the targets, with the loss of an optimizer.
///
/// # Errors
/// If the examples do not fit the network, or hold NaN or infinity.
pub fn score<T: Float>(network: &Network<T>, examples: &Examples<T>, optimizer: Optimizer) -> Result<Score> {
    shapes(network, examples)?;
    let parts = examples.pieces(PIECE).into_par_iter().map(|(inputs, targets)| {
        let predictions = rows(network.forward(&inputs)?);
        let loss = match optimizer {
            Optimizer::Toolbox => (&predictions - &targets).iter().map(|error| error.as_f64().abs()).sum(),
            Optimizer::Adam => compare(&predictions, &targets).1,
        };
        Ok((right(&predictions, &targets), loss))
    });
    let (mut right, mut loss) = (0, 0.0);
    for part in parts.collect::<Vec<_>>() {
        let part: (usize, f64) =
            part.map_err(|error: lrp_core::Error| Error::new(ErrorKind::Examples, error.to_string()))?;
        (right, loss) = (right + part.0, loss + part.1);
    }
    #[expect(clippy::cast_precision_loss, reason = "counts of examples")]
    Ok(Score { accuracy: right as f64 / examples.len() as f64, loss: loss / examples.len() as f64 })
}

fn right<T: Float>(predictions: &Array2<T>, targets: &Array2<T>) -> usize {
    let rows = predictions.outer_iter().zip(targets.outer_iter());
    rows.filter(|(prediction, target)| largest(*prediction) == largest(*target)).count()
}

/// The position of the largest value, the first of equals.
fn largest<T: Float>(row: ArrayView1<'_, T>) -> usize {
    let mut best = 0;
    for (index, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = index;
        }
    }
    best
}
