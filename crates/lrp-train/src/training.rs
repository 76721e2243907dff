//! The loop: choose, step, and judge now and then.

use std::ops::ControlFlow;

use lrp_core::{Float, Tensor};

use crate::adam::{self, Moments};
use crate::error::{Error, ErrorKind, Result};
use crate::examples::Examples;
use crate::random::{Generator, Use, choose, generator};
use crate::score::{Score, score};
use crate::settings::{Optimizer, Settings};
use crate::state::{Best, State};
use crate::step::{shapes, step};

/// What is done to the inputs of a batch before each step, with random numbers of its own.
pub type Transform<'a, T> = dyn Fn(Tensor<T>, &mut Generator) -> Tensor<T> + 'a;

/// Who is told what happens, and may end it early.
pub type Observer<'a, T> = dyn FnMut(&Event, &State<T>) -> ControlFlow<()> + 'a;

/// What is learned, and what judges it.
pub struct Task<'a, T> {
    /// What steps are made on.
    pub examples: &'a Examples<T>,
    /// What evaluations are made on; without it, the examples themselves.
    pub held_out: Option<&'a Examples<T>>,
    /// What is done to a batch before a step; nothing by default.
    pub transform: Option<&'a Transform<'a, T>>,
}

impl<'a, T> Task<'a, T> {
    /// Learning and judging by the same examples.
    #[must_use]
    pub fn new(examples: &'a Examples<T>) -> Self {
        Self { examples, held_out: None, transform: None }
    }
}

/// Something worth a line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Event {
    /// A tenth of the way to the next evaluation was made.
    Batch {
        /// The learning rate of the step.
        rate: f64,
        /// The loss of the batch, before the step.
        loss: f64,
    },
    /// The network was judged.
    Evaluation {
        /// What was found.
        score: Score,
        /// Whether the loss is no larger than ever before: the network is kept as the best.
        improved: bool,
    },
    /// Nothing has improved for as long as the settings allow.
    OutOfPatience,
}

/// Trains until the settings are met, and returns how far it came; [`State::best`] is the network to keep.
///
/// For iteration `d` of a state that has made `d` steps: choose a batch, change it by the task's transform, make
/// a step of the [optimizer](Settings::optimizer) at `rate · factor`. Every `status` steps, and after the last, judge. A loss no larger than the best
/// so far makes the network the best, sets the factor by the [decay](Settings::decay) and renews the patience; otherwise one of it
/// is used up. The observer is called after that with the new state.
///
/// # Errors
/// If settings, examples and network do not go together, or the network diverges; the message names the iteration.
pub fn train<T: Float>(
    mut state: State<T>,
    task: &Task<'_, T>,
    settings: &Settings,
    observer: &mut Observer<'_, T>,
) -> Result<State<T>> {
    settings.check(task.examples.len())?;
    if settings.optimizer == Optimizer::Adam {
        adam::check(&state.network)?;
    }
    let judge = task.held_out.unwrap_or(task.examples);
    shapes(&state.network, judge)?;
    if state.iteration == 0 {
        (state.factor, state.patience) = (settings.first_factor, settings.patience);
    }
    while state.iteration < settings.iterations {
        let rate = settings.rate * state.factor;
        let batch = batch(task, settings, state.iteration)?;
        let loss;
        (state, loss) = advance(state, &batch, rate, settings.optimizer)?;
        let judged =
            state.iteration.is_multiple_of(settings.status) || state.iteration == settings.iterations;
        let event = if judged {
            let score = score(&state.network, judge, settings.optimizer)?;
            Event::Evaluation { score, improved: state.judge(score, settings) }
        } else if (10 * state.iteration).is_multiple_of(settings.status) {
            Event::Batch { rate, loss }
        } else {
            continue;
        };
        if observer(&event, &state).is_break() {
            break;
        }
        if judged && settings.patience > 0 && state.patience == 0 {
            let _ = observer(&Event::OutOfPatience, &state);
            break;
        }
    }
    Ok(state)
}

fn batch<T: Float>(task: &Task<'_, T>, settings: &Settings, iteration: usize) -> Result<Examples<T>> {
    let mut chance = generator(settings.seed, Use::Batch(iteration));
    let chosen = task.examples.select(&choose(&mut chance, task.examples.len(), settings.batch_size));
    match task.transform {
        None => Ok(chosen),
        Some(transform) => {
            let mut chance = generator(settings.seed, Use::Transform(iteration));
            let inputs = transform(chosen.inputs().clone(), &mut chance);
            chosen.with_inputs(inputs)
        }
    }
}

fn advance<T: Float>(
    state: State<T>,
    batch: &Examples<T>,
    rate: f64,
    optimizer: Optimizer,
) -> Result<(State<T>, f64)> {
    let State { network, iteration, moments, .. } = state;
    let stepped = match optimizer {
        Optimizer::Toolbox => step(network, batch, rate).map(|(network, loss)| (network, None, loss)),
        Optimizer::Adam => moments.map_or_else(|| Moments::zero(&network), Ok).and_then(|moments| {
            let (network, moments, loss) = adam::step(network, moments, batch, rate, iteration + 1)?;
            Ok((network, Some(moments), loss))
        }),
    };
    let (network, moments, loss) = stepped.map_err(|error| match error.kind() {
        ErrorKind::Diverged => {
            let message = format!("diverged at iteration {iteration}: {error}; a smaller rate may help");
            Error::new(ErrorKind::Diverged, message)
        }
        _ => error,
    })?;
    Ok((State { network, iteration: iteration + 1, moments, ..state }, loss))
}

impl<T: Float> State<T> {
    /// Takes note of a score; whether it is the best so far.
    fn judge(&mut self, score: Score, settings: &Settings) -> bool {
        let improved = self.best.as_ref().is_none_or(|best| score.loss <= best.score.loss);
        if improved {
            let factor = settings.decay.factor(score.accuracy, self.factor);
            // The accuracy may fall while the loss improves; a decay is no reason to speed up again.
            self.factor = if self.best.is_some() { factor.min(self.factor) } else { factor };
            self.best = Some(Best { network: self.network.clone(), iteration: self.iteration, score });
            self.patience = settings.patience;
        } else {
            self.patience = self.patience.saturating_sub(1);
        }
        improved
    }
}
