//! Steps by Adam, which is for networks the toolbox's steps do not suit: words are rare, and so are their gradients.

use lrp_core::{Float, Network, Node, Op, Parameters, Tensor};
use ndarray::{Array2, Axis, Zip};

use crate::error::{Error, ErrorKind, Result};
use crate::examples::Examples;
use crate::step::{Gradients, gradients, rows, shapes};

/// How much of the mean of gradients is left after a step.
const KEEP_MEAN: f64 = 0.9;

/// How much of the mean of their squares is left.
const KEEP_SQUARE: f64 = 0.999;

/// What no step is divided by less than.
const LEAST: f64 = 1e-8;

/// Running means of gradients and of their squares: networks like the one they belong to, whose parameters they are.
#[derive(Clone, Debug)]
pub struct Moments<T: Float> {
    /// Of gradients.
    pub mean: Network<T>,
    /// Of their squares.
    pub square: Network<T>,
}

impl<T: Float> Moments<T> {
    /// Those before the first step.
    pub(crate) fn zero(network: &Network<T>) -> Result<Self> {
        let zero = || {
            network.clone().map_parameters(|_, old| Parameters {
                weights: Tensor::zeros(old.weights.raw_dim()),
                bias: ndarray::Array1::zeros(old.bias.len()),
            })
        };
        Ok(Self { mean: zero().map_err(Error::diverged)?, square: zero().map_err(Error::diverged)? })
    }
}

/// Refuses networks whose outputs are no logits, since the loss takes the softmax itself.
pub(crate) fn check<T: Float>(network: &Network<T>) -> Result<()> {
    match network.nodes().last().map(Node::op) {
        Some(Op::SoftMax(_)) => {
            let message = "the network ends in a softmax, which adam takes itself; leave it out";
            Err(Error::new(ErrorKind::Settings, message))
        }
        _ => Ok(()),
    }
}

/// The network after the step that is the `count`th, from one on, its moments, and its loss before.
///
/// With the gradient `g` of the mean cross-entropy: `m ← 0.9 m + 0.1 g`, `v ← 0.999 v + 0.001 g²`,
/// `w ← w − rate · m / (1 − 0.9ᶜ) / (√(v / (1 − 0.999ᶜ)) + 10⁻⁸)`.
pub(crate) fn step<T: Float>(
    network: Network<T>,
    moments: Moments<T>,
    batch: &Examples<T>,
    rate: f64,
    count: usize,
) -> Result<(Network<T>, Moments<T>, f64)> {
    shapes(&network, batch)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of examples")]
    let examples = batch.len() as f64;
    let (total, loss) = gradients(&network, batch, |trace, targets| {
        let (error, loss) = compare(&rows(trace.output().clone()), targets);
        let error = error.mapv_into(|error| error / T::of(examples)).into_dyn();
        (trace.parameter_gradients(network.output(), &error), loss)
    })?;
    let mean = keep(moments.mean, &total, KEEP_MEAN, |g| g).map_err(Error::diverged)?;
    let square = keep(moments.square, &total, KEEP_SQUARE, |g| g * g).map_err(Error::diverged)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of steps")]
    let missing = |keep: f64| T::of(1.0 / (1.0 - keep.powf(count as f64)));
    let (mean_scale, square_scale) = (missing(KEEP_MEAN), missing(KEEP_SQUARE));
    let corrected = network.map_parameters(|node, mut old| {
        let correct = |w: &mut T, &m: &T, &v: &T| {
            *w -= T::of(rate) * (m * mean_scale) / ((v * square_scale).sqrt() + T::of(LEAST));
        };
        let [m, v] = [&mean, &square].map(|moments| {
            moments.nodes()[node].op().weights_and_bias().expect("they have the network's parameters")
        });
        Zip::from(&mut old.weights).and(&m.weights).and(&v.weights).for_each(correct);
        Zip::from(&mut old.bias).and(&m.bias).and(&v.bias).for_each(correct);
        old
    });
    Ok((corrected.map_err(Error::diverged)?, Moments { mean, square }, loss / examples))
}

/// A running mean with what `see` makes of the gradients.
fn keep<T: Float>(
    moments: Network<T>,
    total: &Gradients<T>,
    keep: f64,
    see: impl Fn(T) -> T,
) -> lrp_core::Result<Network<T>> {
    moments.map_parameters(|node, mut old| {
        if let Some(gradient) = &total[node] {
            let update = |mean: &mut T, &g: &T| *mean = T::of(keep) * *mean + T::of(1.0 - keep) * see(g);
            old.weights.zip_mut_with(&gradient.weights, update);
            old.bias.zip_mut_with(&gradient.bias, update);
        }
        old
    })
}

/// The gradient of the cross-entropy by the logits, `softmax(prediction) − target`, and its sum over the rows.
pub(crate) fn compare<T: Float>(predictions: &Array2<T>, targets: &Array2<T>) -> (Array2<T>, f64) {
    let mut error = predictions.clone();
    let mut loss = 0.0;
    for (mut row, target) in error.axis_iter_mut(Axis(0)).zip(targets.outer_iter()) {
        let largest = row.fold(T::neg_infinity(), |largest, &x| largest.max(x));
        let sum = row.fold(T::zero(), |sum, &x| sum + (x - largest).exp());
        let logarithm = largest + sum.ln();
        loss -= row.iter().zip(target).map(|(&x, &t)| (t * (x - logarithm)).as_f64()).sum::<f64>();
        let shares: T = target.iter().copied().sum();
        row.zip_mut_with(&target, |x, &t| *x = shares * (*x - logarithm).exp() - t);
    }
    (error, loss)
}
