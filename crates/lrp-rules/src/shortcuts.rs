//! What can be known of a network and its rules before anything runs, and saves work without changing a result.

use lrp_core::{Crossing, Float, Kind, Network, Op, Value};

use crate::algebra::{Gate, Rule, Share};

/// For every value, whether it can never be below zero, whatever the input.
pub(crate) fn not_negative<T: Float>(network: &Network<T>) -> Vec<bool> {
    let mut known = vec![false];
    for node in network.nodes() {
        let inputs = node.inputs().iter().all(|value| known[value.index()]);
        known.push(match node.op() {
            Op::Rect(_) | Op::SoftMax(_) => true,
            Op::SumPool(_) | Op::MaxPool(_) | Op::Tanh(_) | Op::Flatten(_) | Op::Add(_) => inputs,
            Op::Linear(_) | Op::Convolution(_) | Op::Custom(_) => false,
        });
    }
    known
}

/// For every node, whether its value may be recorded as the rectifier behind it leaves it.
///
/// What is lost are values below zero. Nobody misses them if the node's rule computes its own denominators, or
/// if the units in question receive no relevance.
pub(crate) fn rectified_in_place<T: Float>(network: &Network<T>, rules: &[&Rule], head: Value) -> Vec<bool> {
    let vanishing = vanishing(network, rules, head);
    let reads_below_zero = |share: &Share| share.sum.is_the_layer() || share.gate == Gate::Negative;
    let fits = |(node, rectifiable): (usize, bool)| {
        // The rectifier behind it runs before the head.
        let before_head = node + 2 <= head.index();
        let known = matches!(network.nodes()[node].kind(), Kind::Convolution | Kind::Linear)
            && !matches!(network.nodes()[node].op(), Op::Custom(_));
        let missed = rules[node].formula().shares.iter().any(reads_below_zero);
        rectifiable && before_head && known && (vanishing[node + 1] || !missed)
    };
    network.rectifiable().into_iter().enumerate().map(fits).collect()
}

/// For every value, whether its relevance is zero wherever the rectified value is.
///
/// That is so where every layer that reads it hands relevance back in proportion to what it reads; it is not
/// where a rule looks at weights only, or measures the distance from a bound.
fn vanishing<T: Float>(network: &Network<T>, rules: &[&Rule], head: Value) -> Vec<bool> {
    let mut vanishing = vec![true; network.nodes().len() + 1];
    vanishing[head.index()..].fill(false);
    for (index, node) in network.nodes()[..head.index()].iter().enumerate().rev() {
        let formula = rules[index].formula();
        let in_proportion = formula.pass == 0.0
            && formula.shares.iter().all(|share| share.sum.terms.iter().all(|(lens, _)| lens.vanishes()));
        let behind = vanishing[index + 1];
        let vanishes = match (node.op(), node.op().layer().crossing()) {
            (Op::Rect(_) | Op::Tanh(_) | Op::Flatten(_), _) => behind,
            (Op::Custom(_) | Op::SoftMax(_), _) => false,
            (_, Crossing::Either) if rules[index].looks_at_input() => behind,
            (_, Crossing::Mix) => in_proportion,
            _ => false,
        };
        for value in node.inputs() {
            vanishing[value.index()] &= vanishes;
        }
    }
    vanishing
}
