//! Layers that exporters write as several.

use lrp_core::{Activation, Function, Normalize, Op, Reduction, Value};

use super::Rewrite;
use super::draft::Draft;

/// How far a constant in single precision may be from what it stands for.
const CLOSE: f64 = 1e-6;

/// Factor and shift of a scaling that treats all values alike.
fn scalar(draft: &Draft, node: usize) -> Option<(f64, f64)> {
    let Op::Scaling(scaling) = draft.op(node) else { return None };
    let one = |array: &ndarray::ArrayD<f64>| (array.len() == 1).then(|| array.iter().next().copied())?;
    Some((one(scaling.factor())?, one(scaling.shift())?))
}

fn function(draft: &Draft, node: usize) -> Option<Function> {
    match draft.op(node) {
        Op::Activation(activation) => Some(activation.function()),
        _ => None,
    }
}

fn close(value: f64, to: f64) -> bool {
    (value - to).abs() <= CLOSE * to.abs()
}

/// A gate of `x`: the factor it comes with, what it makes of `x·gate(x)`, and the nodes it takes.
struct Gate {
    of: Value,
    factor: f64,
    product: Function,
    nodes: Vec<usize>,
}

/// The gate that a node computes, if it is one.
fn gate(draft: &Draft, node: usize) -> Option<Gate> {
    let simple = |product| Some(Gate { of: draft.reads(node, 0)?, factor: 1.0, product, nodes: vec![node] });
    match draft.op(node) {
        Op::Activation(activation) => match activation.function() {
            Function::Sigmoid => simple(Function::Silu),
            Function::HardSigmoid { alpha, beta } if close(alpha, 1.0 / 6.0) && close(beta, 0.5) => {
                simple(Function::HardSwish)
            }
            _ => None,
        },
        Op::Tanh(_) => {
            let inner =
                draft.before(node, 0).filter(|&inner| function(draft, inner) == Some(Function::Softplus))?;
            let of = draft.reads(inner, 0)?;
            Some(Gate { of, factor: 1.0, product: Function::Mish, nodes: vec![inner, node] })
        }
        // `1 + erf(x / √2)` is twice the distribution of the normal law.
        Op::Scaling(_) => {
            let (factor, shift) = scalar(draft, node)?;
            let erf = draft.before(node, 0).filter(|&erf| function(draft, erf) == Some(Function::Erf))?;
            let inner = draft.before(erf, 0)?;
            let (scale, offset) = scalar(draft, inner)?;
            let fits = close(scale, std::f64::consts::FRAC_1_SQRT_2) && offset == 0.0 && close(shift, factor);
            let of = draft.reads(inner, 0)?;
            let gate =
                Gate { of, factor: 2.0 * factor, product: Function::Gelu, nodes: vec![inner, erf, node] };
            fits.then_some(gate)
        }
        _ => None,
    }
}

pub(super) fn activations(draft: &mut Draft) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    for node in draft.positions() {
        if matches!(draft.op(node), Op::Multiply(_))
            && let Some(rewrite) = gated(draft, node)
        {
            rewrites.push(rewrite);
        }
    }
    rewrites
}

/// A product of a value, perhaps with a factor, and its own gate; a factor may also come behind.
fn gated(draft: &mut Draft, node: usize) -> Option<Rewrite> {
    let side = |gate_input: usize| {
        let gate = gate(draft, draft.before(node, gate_input)?)?;
        let other = draft.reads(node, 1 - gate_input)?;
        if other == gate.of {
            return Some((gate, 1.0, None));
        }
        let scaled = Draft::writer(other)?;
        let (factor, shift) = scalar(draft, scaled)?;
        let fits = shift == 0.0 && draft.reads(scaled, 0) == Some(gate.of);
        fits.then_some((gate, factor, Some(scaled)))
    };
    let (gate, factor, scaled) = side(0).or_else(|| side(1))?;
    let mut nodes: Vec<usize> = gate.nodes.iter().copied().chain(scaled).collect();
    let mut place = node;
    let mut total = gate.factor * factor;
    if !close(total, 1.0) {
        place = draft.only_reader(node)?;
        let (behind, shift) = scalar(draft, place)?;
        total *= behind;
        if shift != 0.0 || !close(total, 1.0) {
            return None;
        }
        nodes.push(node);
    }
    draft.replace(place, Activation::new(gate.product), &[gate.of]);
    let gone = draft.remove_unread(&nodes);
    Some(Rewrite::new(gone, Some(draft.name(place))))
}

/// `(x − mean) / √(mean (x − mean)² + ε)`, in the forms that division by a value takes here.
pub(super) fn normalizations(draft: &mut Draft) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    for node in draft.positions() {
        if matches!(draft.op(node), Op::Multiply(_))
            && let Some(rewrite) = normalized(draft, node)
        {
            rewrites.push(rewrite);
        }
    }
    rewrites
}

/// The mean over some axes that a node computes of a value.
fn mean(draft: &Draft, node: usize) -> Option<(Vec<usize>, Value)> {
    match draft.op(node) {
        Op::Reduce(reduce) if reduce.reduction() == Reduction::Mean && reduce.keeps_axes() => {
            Some((reduce.axes().to_vec(), draft.reads(node, 0)?))
        }
        _ => None,
    }
}

fn normalized(draft: &mut Draft, node: usize) -> Option<Rewrite> {
    let side = |divisor: usize| {
        let centred = draft.before(node, 1 - divisor)?;
        let Op::Add(_) = draft.op(centred) else { return None };
        let (x, minus) = (draft.reads(centred, 0)?, draft.before(centred, 1)?);
        let average = draft.before(minus, 0)?;
        let (axes, of) = mean(draft, average)?;
        let subtracts = scalar(draft, minus) == Some((-1.0, 0.0)) && of == x;
        // One over the root, or the root turned over.
        let mut inner = draft.before(node, divisor)?;
        let mut nodes = vec![average, minus, centred, inner];
        match function(draft, inner)? {
            Function::Power(-0.5) => {}
            Function::Reciprocal => {
                inner = draft.before(inner, 0)?;
                nodes.push(inner);
                let root = matches!(function(draft, inner)?, Function::Sqrt | Function::Power(0.5));
                root.then_some(())?;
            }
            _ => return None,
        }
        let plus = draft.before(inner, 0)?;
        let (one, epsilon) = scalar(draft, plus)?;
        let variance = draft.before(plus, 0)?;
        let (again, squares) = mean(draft, variance)?;
        let square = Draft::writer(squares)?;
        let squared = match draft.op(square) {
            Op::Multiply(_) => [0, 1].map(|input| draft.before(square, input)) == [Some(centred); 2],
            _ => {
                function(draft, square) == Some(Function::Power(2.0))
                    && draft.before(square, 0) == Some(centred)
            }
        };
        nodes.extend([plus, variance, square]);
        (subtracts && one == 1.0 && squared && again == axes).then_some((x, axes, epsilon, nodes))
    };
    let (x, axes, epsilon, nodes) = side(0).or_else(|| side(1))?;
    draft.replace(node, Normalize::new(axes, epsilon), &[x]);
    let gone = draft.remove_unread(&nodes);
    Some(Rewrite::new(gone, Some(draft.name(node))))
}
