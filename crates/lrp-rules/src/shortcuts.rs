//! What can be known of a network and its rules before anything runs, and saves work without changing a result.

use lrp_core::{Crossing, Float, Function, Kind, Network, Op, Tensor, Value};

use crate::algebra::{Formula, Gate, Share};
use crate::derivative::Derivative;
use crate::step::Decision;

/// For every value, whether it can never be below zero, whatever the input.
pub(crate) fn not_negative<T: Float>(network: &Network<T>) -> Vec<bool> {
    let mut known = vec![false];
    for node in network.nodes() {
        let inputs = node.inputs().iter().all(|value| known[value.index()]);
        known.push(keeps_above_zero(node.op(), inputs));
    }
    known
}

/// Whether a layer's output can never be below zero, given whether its inputs cannot.
fn keeps_above_zero<T: Float>(op: &Op<T>, inputs: bool) -> bool {
    let none_below = |values: &Tensor<T>| values.iter().all(|&value| value >= T::zero());
    match op {
        Op::Rect(_) => true,
        Op::SoftMax(softmax) => !softmax.is_logarithm(),
        Op::Activation(activation) => match activation.function() {
            Function::Sigmoid | Function::HardSigmoid { .. } | Function::Softplus => true,
            Function::Exp | Function::Sqrt | Function::Absolute | Function::Step(_) => true,
            Function::Clip { low, high } => high >= 0.0 && (low >= 0.0 || inputs),
            Function::Selu { gamma, .. } => gamma >= 0.0 && inputs,
            Function::LeakyRect(_) | Function::Elu(_) | Function::Celu(_) | Function::HardSwish => inputs,
            Function::Softsign | Function::Gelu | Function::GeluTanh | Function::Silu => inputs,
            Function::Mish | Function::Erf | Function::Power(_) | Function::Reciprocal => inputs,
            Function::Log => false,
        },
        Op::Scaling(scaling) => inputs && none_below(scaling.factor()) && none_below(scaling.shift()),
        Op::SumPool(_) | Op::AveragePool(_) | Op::MaxPool(_) | Op::Reduce(_) => inputs,
        Op::Tanh(_) | Op::ParametricRect(_) | Op::LocalResponse(_) => inputs,
        Op::Flatten(_) | Op::Reshape(_) | Op::Transpose(_) | Op::Identity(_) | Op::Concat(_) => inputs,
        Op::Gather(gather) => inputs && gather.fill() >= 0.0,
        Op::Embedding(embedding) => embedding.table().iter().all(|&value| value >= T::zero()),
        Op::Resample(resample) => {
            let mut weights = resample.axes().iter().flat_map(|(_, _, places)| places.iter().flatten());
            inputs && weights.all(|&(_, weight)| weight >= 0.0)
        }
        Op::Add(_) | Op::Multiply(_) | Op::MatMul(_) => inputs,
        Op::Linear(_) | Op::Convolution(_) | Op::TransposedConvolution(_) => false,
        Op::Normalize(_) | Op::Custom(_) => false,
    }
}

/// For every node, whether its value may be recorded as the rectifier behind it leaves it.
///
/// What is lost are values below zero. Nobody misses them if the node's rule computes its own denominators, or
/// if the units in question receive no relevance.
pub(crate) fn rectified_in_place<T: Float>(
    network: &Network<T>,
    decisions: &[Decision<T>],
    head: Value,
) -> Vec<bool> {
    let vanishing = vanishing(network, decisions, head);
    let reads_below_zero = |share: &Share| share.sum.is_the_layer() || share.gate == Gate::Negative;
    // Whether an input is above zero is all that most derivatives of a rectifier ask for.
    let smooth = |node: usize| {
        let reads = |reader: &usize| network.nodes()[*reader].inputs().contains(&Value::of_node(node));
        let mut readers = (0..network.nodes().len()).filter(reads);
        readers.any(|reader| {
            let derivatives = &decisions[reader].rule.formula().derivatives;
            derivatives.iter().any(|(_, derivative)| derivative.looks_below_zero())
        })
    };
    let fits = |(node, rectifiable): (usize, bool)| {
        // The rectifier behind it runs before the head.
        let before_head = node + 2 <= head.index();
        let known = matches!(network.nodes()[node].kind(), Kind::Convolution | Kind::Linear)
            && !matches!(network.nodes()[node].op(), Op::Custom(_));
        let missed = decisions[node].rule.formula().shares.iter().any(reads_below_zero);
        rectifiable && before_head && known && (vanishing[node + 1] || !missed) && !smooth(node)
    };
    network.rectifiable().into_iter().enumerate().map(fits).collect()
}

/// For every value, whether its relevance is zero wherever the rectified value is.
///
/// That is so where every layer that reads it hands relevance back in proportion to what it reads; it is not
/// where a rule looks at weights only, or measures the distance from a bound.
fn vanishing<T: Float>(network: &Network<T>, decisions: &[Decision<T>], head: Value) -> Vec<bool> {
    let mut vanishing = vec![true; network.nodes().len() + 1];
    vanishing[head.index()..].fill(false);
    for (index, node) in network.nodes()[..head.index()].iter().enumerate().rev() {
        let Decision { rule, .. } = &decisions[index];
        let formula = rule.formula();
        let in_proportion = formula.pass == 0.0
            && formula.derivatives.is_empty()
            && formula.shares.iter().all(|share| share.sum.terms.iter().all(|(lens, _)| lens.vanishes()));
        let behind = vanishing[index + 1];
        let vanishes = match node.op().layer().crossing() {
            _ if !decisions[index].is_in_proportion() => false,
            _ if rule.is_derivative() => derivative_vanishes(node.op(), formula, behind),
            Crossing::Mix => in_proportion && !matches!(node.op(), Op::Custom(_)),
            Crossing::Either if !rule.looks_at_input() => false,
            Crossing::Route | Crossing::Either => behind && stays_below_zero(node.op()),
            Crossing::Unknown => false,
        };
        for value in node.inputs() {
            vanishing[value.index()] &= vanishes;
        }
    }
    vanishing
}

/// The same for a layer crossed by its derivative.
fn derivative_vanishes<T: Float>(op: &Op<T>, formula: &Formula, behind: bool) -> bool {
    let plain =
        |(_, derivative): &(f64, Derivative)| matches!(derivative, Derivative::Plain | Derivative::Guided);
    match (op, op.layer().crossing()) {
        (Op::Rect(_), _) if formula.derivatives.iter().all(plain) => true,
        (Op::LocalResponse(_), _) => false,
        (_, Crossing::Route | Crossing::Either) => behind && stays_below_zero(op),
        _ => false,
    }
}

/// Whether what a layer makes of a value that is not above zero is not above zero either, at the place where the
/// relevance of that value comes from.
fn stays_below_zero<T: Float>(op: &Op<T>) -> bool {
    match op {
        Op::Activation(activation) => match activation.function() {
            Function::LeakyRect(alpha) | Function::Elu(alpha) => alpha >= 0.0,
            Function::Selu { alpha, gamma } => alpha >= 0.0 && gamma >= 0.0,
            Function::Celu(alpha) => alpha > 0.0,
            Function::Clip { low, .. } => low <= 0.0,
            Function::Step(threshold) => threshold >= 0.0,
            Function::Softsign | Function::Gelu | Function::GeluTanh | Function::Silu => true,
            Function::Mish | Function::HardSwish => true,
            _ => false,
        },
        Op::ParametricRect(rect) => rect.slopes().iter().all(|&slope| slope >= T::zero()),
        Op::Rect(_) | Op::Tanh(_) | Op::LocalResponse(_) | Op::Flatten(_) => true,
        Op::Reshape(_) | Op::Transpose(_) | Op::Gather(_) | Op::Concat(_) | Op::Identity(_) => true,
        Op::MaxPool(_) | Op::Reduce(_) => true,
        // Of an entry's number nothing follows for its values.
        Op::Embedding(_) => false,
        // These mix, or nobody knows.
        Op::Linear(_) | Op::Convolution(_) | Op::TransposedConvolution(_) => false,
        Op::SumPool(_) | Op::AveragePool(_) | Op::Scaling(_) | Op::Normalize(_) | Op::SoftMax(_) => false,
        Op::Resample(_) | Op::Add(_) | Op::Multiply(_) | Op::MatMul(_) | Op::Custom(_) => false,
    }
}
