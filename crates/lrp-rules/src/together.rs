//! Several explanations of one batch over one forward pass.

use lrp_core::{Float, Network, Tensor};
use ndarray::Axis;

use crate::error::{Error, Result};
use crate::explanation::Explanation;
use crate::plan::Plan;
use crate::target::Target;

/// Bytes of recorded values from which on a batch is explained in pieces.
const PIECE: usize = 1 << 30;

/// Explains a batch under each plan for each target, plan by plan; the network runs once.
///
/// A large batch goes in pieces, and of each piece only what the rules ask for is recorded. In a network with a custom
/// layer, which may look at samples together, it stays whole.
///
/// ```
/// use lrp_core::{Linear, Network};
/// use lrp_rules::{Composite, Plan, PlanOptions, Target, explain_together, rules};
/// use ndarray::{arr1, arr2};
///
/// let dense = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5]]), arr1(&[0.0, 0.0]))?;
/// let network = Network::sequential([dense.into()])?;
/// let plan = |rule| Plan::new(&network, &Composite::uniform(rule), PlanOptions::default());
/// let (epsilon, flat) = (plan(rules::epsilon(0.0))?, plan(rules::flat())?);
///
/// let input = arr2(&[[1.0, 2.0]]).into_dyn();
/// let found = explain_together(&[&epsilon, &flat], &input, &[Target::Class(0), Target::Class(1)])?;
/// assert_eq!(found[0][0].relevance, arr2(&[[1.0, 6.0]]).into_dyn());
/// assert_eq!(found[1][1].relevance, arr2(&[[-0.5, -0.5]]).into_dyn());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If there is no plan, the plans are of several networks, the input does not fit the network, or a target
/// not the scores.
pub fn explain_together<T: Float>(
    plans: &[&Plan<'_, T>],
    input: &Tensor<T>,
    targets: &[Target],
) -> Result<Vec<Vec<Explanation<T>>>> {
    let Some(network) = plans.first().map(|plan| plan.network()) else {
        return Err(Error::composite("there is no plan to explain with"));
    };
    if plans.iter().any(|plan| !std::ptr::eq(plan.network(), network)) {
        return Err(Error::composite("plans of several networks cannot share a forward pass"));
    }
    network.check_input(input)?;
    let shapes = network.shapes(input.shape())?;
    for plan in plans {
        plan.check_fits(&shapes)?;
        targets.iter().try_for_each(|target| target.check(&shapes[plan.head().index()]))?;
    }
    in_pieces(plans, input, targets, at_once(network, &shapes, PIECE))
}

/// How many samples go at once, whose records take no more than so many bytes if that can be.
fn at_once<T: Float>(network: &Network<T>, shapes: &[Vec<usize>], bytes: usize) -> usize {
    let samples = shapes[0][0];
    let most = if network.takes_samples_apart() { within::<T>(shapes, bytes) } else { samples };
    most.min(samples).max(1)
}

/// The same, so many samples at a time, of a batch that fits plans that fit each other.
fn in_pieces<T: Float>(
    plans: &[&Plan<'_, T>],
    input: &Tensor<T>,
    targets: &[Target],
    step: usize,
) -> Result<Vec<Vec<Explanation<T>>>> {
    let network = plans[0].network();
    let in_place: Vec<bool> =
        (0..network.nodes().len()).map(|node| plans.iter().all(|plan| plan.in_place()[node])).collect();
    let ways: Vec<(&Plan<'_, T>, &Target)> =
        plans.iter().flat_map(|plan| targets.iter().map(move |target| (*plan, target))).collect();
    let mut pieces: Vec<Vec<Explanation<T>>> = ways.iter().map(|_| Vec::new()).collect();
    let samples = input.shape()[0];
    for start in (0..samples).step_by(step) {
        let range = start..samples.min(start + step);
        let trace = if range.len() == samples {
            network.trace_rectified(input, &in_place)?
        } else {
            let part = input.slice_axis(Axis(0), range.clone().into()).to_owned();
            network.trace_rectified(&part, &in_place)?
        };
        // The last way back drops what it has passed.
        let mut trace = Some(trace);
        for (way, (plan, target)) in ways.iter().enumerate() {
            let target = target.of_samples(range.clone());
            let piece = if way + 1 == ways.len() {
                trace.take().map(|trace| plan.explain_and_drop(trace, &target))
            } else {
                trace.as_ref().map(|trace| plan.explain_trace(trace, &target))
            };
            pieces[way].push(piece.expect("the trace lasts until the last way back")?);
        }
    }
    let mut found = pieces.into_iter().map(Explanation::concatenate);
    Ok(plans.iter().map(|_| found.by_ref().take(targets.len()).collect()).collect())
}

/// How many samples of a shape a network can be traced for before its records take more than so many bytes; at least
/// one.
///
/// # Errors
/// If the network cannot take such a sample.
pub fn samples_within<T: Float>(network: &Network<T>, sample: &[usize], bytes: usize) -> Result<usize> {
    Ok(within::<T>(&network.shapes(&[&[1], sample].concat())?, bytes))
}

/// The same where the shapes of all values are known.
fn within<T>(shapes: &[Vec<usize>], bytes: usize) -> usize {
    let samples = shapes[0][0];
    let elements: usize = shapes.iter().map(|shape| shape.iter().product::<usize>()).sum();
    (bytes / (elements / samples * size_of::<T>()).max(1)).max(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lrp_core::{Linear, Op, Rect};
    use ndarray::{Array1, Array2};

    use super::*;
    use crate::composite::Composite;
    use crate::options::PlanOptions;
    use crate::rules::{epsilon, flat};

    #[test]
    fn pieces_are_explained_as_the_batch() {
        let dense = |seed: usize, from: usize, to: usize| {
            let weight = |(i, j): (usize, usize)| ((i * 7 + j * 3 + seed) % 5) as f64 - 2.0;
            Linear::new(Array2::from_shape_fn((from, to), weight), Array1::from_elem(to, 0.5)).unwrap()
        };
        let network =
            Network::sequential([dense(1, 3, 4).into(), Rect.into(), dense(2, 4, 2).into()]).unwrap();
        let input = Array2::from_shape_fn((5, 3), |(i, j)| ((i * 3 + j) % 7) as f64 - 3.0).into_dyn();
        let options = PlanOptions { keep_layers: true, keep_ledger: true, ..PlanOptions::default() };
        let plan = |rule| Plan::new(&network, &Composite::uniform(rule), options).unwrap();
        let plans = [plan(epsilon(0.1)), plan(flat())];
        let (plans, targets) = (plans.each_ref(), [Target::Top, Target::PerSample(vec![0, 1, 1, 0, 1])]);
        let whole = in_pieces(&plans, &input, &targets, 5).unwrap();
        for step in 1..5 {
            let found = in_pieces(&plans, &input, &targets, step).unwrap();
            for (found, whole) in found.iter().flatten().zip(whole.iter().flatten()) {
                assert_eq!(found.relevance, whole.relevance, "{step} at a time");
                assert_eq!((&found.scores, &found.seed), (&whole.scores, &whole.seed), "{step} at a time");
                assert_eq!(found.layers, whole.layers, "{step} at a time");
                let entries = |one: &Explanation<f64>| one.ledger.as_ref().unwrap().entries().len();
                assert_eq!(entries(found), entries(whole), "{step} at a time");
            }
        }
    }

    #[test]
    fn a_layer_of_ones_own_gets_all_samples_at_once() {
        let step = |layer: Op<f64>| {
            let network = Network::sequential([Rect.into(), layer]).unwrap();
            at_once(&network, &network.shapes(&[5, 3]).unwrap(), 2 * 3 * 3 * size_of::<f64>())
        };
        assert_eq!(step(Rect.into()), 2);
        assert_eq!(step(Op::Custom(Arc::new(Rect))), 5);
    }
}
