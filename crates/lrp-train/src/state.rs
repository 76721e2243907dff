//! How far a training has come.

use lrp_core::{Float, Network, Parameters, Tensor};
use ndarray::{ArrayD, arr1};

use crate::adam::Moments;
use crate::error::{Error, ErrorKind, Result};
use crate::score::Score;

/// A network in training, and everything needed to go on with it.
#[derive(Clone, Debug)]
pub struct State<T: Float> {
    /// The network after the last step.
    pub network: Network<T>,
    /// The best network that an evaluation has seen.
    pub best: Option<Best<T>>,
    /// Steps made.
    pub iteration: usize,
    /// What the learning rate is multiplied by.
    pub factor: f64,
    /// Evaluations without improvement that are left.
    pub patience: usize,
    /// What Adam has gathered, once it has made a step.
    pub moments: Option<Moments<T>>,
}

/// A network that was the best when it was judged.
#[derive(Clone, Debug)]
pub struct Best<T: Float> {
    /// The network.
    pub network: Network<T>,
    /// Steps it had made.
    pub iteration: usize,
    /// What was found.
    pub score: Score,
}

/// Names of the arrays that are not weights.
const PROGRESS: &str = "progress";

/// What the names of the means of gradients begin with.
const MEAN: &str = "mean";

/// What those of the means of their squares begin with.
const SQUARE: &str = "square";

impl<T: Float> State<T> {
    /// Nothing done yet.
    #[must_use]
    pub fn new(network: Network<T>) -> Self {
        Self { network, best: None, iteration: 0, factor: 1.0, patience: 0, moments: None }
    }

    /// The state as named arrays of f64, exactly: to be written to a file and read by [`State::from_arrays`].
    ///
    /// `progress` holds steps, factor and patience, and, if there is a best network, its steps, accuracy and
    /// loss. Then come `last.NODE.weights` and `.bias`, and the same for `best`; for Adam also for `mean` and `square`.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts of steps, far below 2^53")]
    pub fn to_arrays(&self) -> Vec<(String, ArrayD<f64>)> {
        let mut progress = vec![self.iteration as f64, self.factor, self.patience as f64];
        let mut arrays = named(&self.network, "last");
        if let Some(best) = &self.best {
            progress.extend([best.iteration as f64, best.score.accuracy, best.score.loss]);
            arrays.extend(named(&best.network, "best"));
        }
        if let Some(Moments { mean, square }) = &self.moments {
            arrays.extend(named(mean, MEAN).into_iter().chain(named(square, SQUARE)));
        }
        arrays.insert(0, (PROGRESS.to_owned(), arr1(&progress).into_dyn()));
        arrays
    }

    /// The state that [`State::to_arrays`] took apart; `network` says what it is a state of.
    ///
    /// # Errors
    /// If an array is missing, or is not of the network's shapes.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "checked to be whole numbers"
    )]
    pub fn from_arrays(network: &Network<T>, arrays: &[(String, ArrayD<f64>)]) -> Result<Self> {
        let progress: Vec<f64> = find(arrays, PROGRESS)?.iter().copied().collect();
        let whole = |value: f64| {
            let sound = value.fract() == 0.0 && (0.0..9e15).contains(&value);
            sound.then_some(value as usize).ok_or_else(|| damaged(&format!("{value} is no count of steps")))
        };
        let restored = |which: &str| restore(network, arrays, which);
        let (start, best) = match progress[..] {
            [iteration, factor, patience] => ([iteration, factor, patience], None),
            [iteration, factor, patience, at, accuracy, loss] => {
                let score = Score { accuracy, loss };
                let best = Best { network: restored("best")?, iteration: whole(at)?, score };
                ([iteration, factor, patience], Some(best))
            }
            _ => return Err(damaged("progress takes 3 or 6 numbers")),
        };
        let [iteration, factor, patience] = start;
        if !factor.is_finite() {
            return Err(damaged(&format!("the factor of the rate is {factor}")));
        }
        let (iteration, patience) = (whole(iteration)?, whole(patience)?);
        let moments = match arrays.iter().any(|(name, _)| name.starts_with(&format!("{MEAN}."))) {
            true => Some(Moments { mean: restored(MEAN)?, square: restored(SQUARE)? }),
            false => None,
        };
        Ok(Self { network: restored("last")?, best, iteration, factor, patience, moments })
    }
}

fn named<T: Float>(network: &Network<T>, which: &str) -> Vec<(String, ArrayD<f64>)> {
    let mut arrays = Vec::new();
    for node in network.nodes() {
        if let Some(learned) = node.op().weights_and_bias() {
            let name = |what: &str| format!("{which}.{}.{what}", node.name());
            arrays.push((name("weights"), learned.weights.mapv(Float::as_f64)));
            arrays.push((name("bias"), learned.bias.mapv(Float::as_f64).into_dyn()));
        }
    }
    arrays
}

/// The network with the weights and biases of the arrays.
fn restore<T: Float>(
    network: &Network<T>,
    arrays: &[(String, ArrayD<f64>)],
    which: &str,
) -> Result<Network<T>> {
    let mut fault = None;
    let restored = network.clone().map_parameters(|node, old| {
        let mut array = |what: &str, shape: &[usize]| {
            let name = format!("{which}.{}.{what}", network.nodes()[node].name());
            let found = find(arrays, &name).and_then(|array| match array.shape() == shape {
                true => Ok(lrp_core::cast(array)),
                false => Err(damaged(&format!(
                    "{name} has the shape {:?}, the network wants {shape:?}",
                    array.shape()
                ))),
            });
            found
                .map_err(|error| {
                    fault.get_or_insert(error);
                })
                .ok()
        };
        let weights: Option<Tensor<T>> = array("weights", old.weights.shape());
        let bias = array("bias", old.bias.shape());
        let bias = bias.and_then(|bias: Tensor<T>| bias.into_dimensionality().ok());
        Parameters { weights: weights.unwrap_or(old.weights), bias: bias.unwrap_or(old.bias) }
    });
    match fault {
        Some(error) => Err(error),
        None => restored.map_err(|error| damaged(&error.to_string())),
    }
}

fn find<'a>(arrays: &'a [(String, ArrayD<f64>)], name: &str) -> Result<&'a ArrayD<f64>> {
    let found = arrays.iter().find(|(known, _)| known == name);
    found.map(|(_, array)| array).ok_or_else(|| damaged(&format!("no array is named '{name}'")))
}

fn damaged(message: &str) -> Error {
    Error::new(ErrorKind::State, format!("is no state of this network: {message}"))
}
