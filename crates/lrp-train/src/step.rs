//! One step: predict, compare, correct.

use lrp_core::{Float, Network, Op, Parameters, Tensor, Trace};
use ndarray::Array2;
use rayon::prelude::*;

use crate::error::{Error, ErrorKind, Result};
use crate::examples::Examples;

/// Examples whose gradients are computed at once. It decides in which order gradients are added, and so the
/// last bits of the result: it is the same for every batch and every number of threads.
const PIECE: usize = 16;

/// Those of every node, `None` where nothing is learned.
pub(crate) type Gradients<T> = Vec<Option<Parameters<T>>>;

/// The network after one step, and its loss before: `Σ |prediction − target| / n`.
///
/// The error `prediction − target` goes back as the toolbox's `backward` takes it (see
/// [`Trace::toolbox_backward`](lrp_core::Trace::toolbox_backward)). With the gradients summed over the batch,
/// a dense layer `[m, n]` becomes `W − rate · ∂W / √m`, `b − rate · ∂b / n^¼`, a convolution of `h·w·d` taps
/// and inputs at `p` positions `W − rate · ∂W / √(h·w·d·p)`, `b − rate · ∂b / √p`. A table, which the toolbox does not
/// know, becomes `W − rate · ∂W`.
///
/// # Errors
/// If the examples do not fit the network, or weights become NaN or infinite.
pub fn step<T: Float>(network: Network<T>, batch: &Examples<T>, rate: f64) -> Result<(Network<T>, f64)> {
    let shapes = shapes(&network, batch)?;
    let (total, loss) = gradients(&network, batch, |trace, targets| {
        let error = rows(trace.output().clone()) - targets;
        let loss: f64 = error.iter().map(|error| error.as_f64().abs()).sum();
        (trace.toolbox_parameter_gradients(network.output(), &error.into_dyn()), loss)
    })?;
    let scales: Vec<[f64; 2]> =
        network.nodes().iter().zip(&shapes).map(|(node, shape)| scales(node.op(), shape)).collect();
    let corrected = network.map_parameters(|node, mut old| {
        if let Some(gradient) = &total[node] {
            let [weights, bias] = scales[node].map(|scale| T::of(-rate * scale));
            old.weights.scaled_add(weights, &gradient.weights);
            old.bias.scaled_add(bias, &gradient.bias);
        }
        old
    });
    let corrected = corrected.map_err(Error::diverged)?;
    #[expect(clippy::cast_precision_loss, reason = "a count of examples")]
    Ok((corrected, loss / batch.len() as f64))
}

/// What `learn` finds in the traces of a batch's pieces, gradients and a loss, summed in order.
pub(crate) fn gradients<T: Float>(
    network: &Network<T>,
    batch: &Examples<T>,
    learn: impl Fn(&Trace<'_, T>, &Array2<T>) -> (Gradients<T>, f64) + Sync,
) -> Result<(Gradients<T>, f64)> {
    let parts = batch
        .pieces(PIECE)
        .into_par_iter()
        .map(|(inputs, targets)| Ok(learn(&network.trace(&inputs)?, &targets)));
    let mut total: Gradients<T> = vec![None; network.nodes().len()];
    let mut loss = 0.0;
    for part in parts.collect::<Vec<_>>() {
        let (gradients, part_loss) = part.map_err(Error::diverged)?;
        loss += part_loss;
        for (sum, gradient) in total.iter_mut().zip(gradients) {
            add(sum, gradient);
        }
    }
    Ok((total, loss))
}

/// What each node writes for one example; the network's output must be a row like the targets.
pub(crate) fn shapes<T: Float>(network: &Network<T>, examples: &Examples<T>) -> Result<Vec<Vec<usize>>> {
    let wrong = |message: String| Error::new(ErrorKind::Examples, message);
    let mut sample = examples.inputs().shape().to_vec();
    sample[0] = 1;
    let mut shapes = network.shapes(&sample).map_err(|error| wrong(error.to_string()))?;
    let (output, classes) = (shapes.last().cloned().unwrap_or_default(), examples.targets().ncols());
    if output != [1, classes] {
        return Err(wrong(format!(
            "the network gives {:?} for an example, its target is [{classes}]",
            &output[1..]
        )));
    }
    Ok(shapes.split_off(1))
}

/// Predictions `[n, c]` of a network whose shapes were checked.
pub(crate) fn rows<T: Float>(predictions: Tensor<T>) -> Array2<T> {
    predictions.into_dimensionality().expect("shapes were checked")
}

fn add<T: Float>(sum: &mut Option<Parameters<T>>, gradient: Option<Parameters<T>>) {
    match (sum.as_mut(), gradient) {
        (Some(sum), Some(gradient)) => sum.add(&gradient),
        (None, gradient) => *sum = gradient,
        (Some(_), None) => {}
    }
}

/// What the gradients of weights and bias are multiplied by, for an output of the given shape.
#[expect(clippy::cast_precision_loss, reason = "sizes of layers")]
fn scales<T: Float>(op: &Op<T>, output: &[usize]) -> [f64; 2] {
    if matches!(op, Op::Embedding(_)) {
        return [1.0, 0.0];
    }
    let Some(learned) = op.weights_and_bias() else { return [0.0; 2] };
    let outputs = learned.bias.len();
    let fan_in = (learned.weights.len() / outputs) as f64;
    let positions = (output.iter().product::<usize>() / outputs) as f64;
    match op {
        Op::Linear(_) => [1.0 / fan_in.sqrt(), (outputs as f64).powf(-0.25)],
        _ => [1.0 / (fan_in * positions).sqrt(), 1.0 / positions.sqrt()],
    }
}
