//! The conventions of zennit 1.0.

use lrp_core::{Crossing, Float, Function, Kind, Op};

use crate::algebra::Rule;
use crate::rules::{epsilon, gradient, pass, signed_gamma};

/// The stabilizer of rules that name none.
const STABILIZER: f64 = 1e-6;

/// See [`Dialect::adjust`](super::Dialect::adjust).
pub(super) fn adjust<T: Float>(op: &Op<T>, rule: &Rule, by_default: bool) -> Option<(Rule, &'static str)> {
    let spelled = || Some((spell(rule), "in zennit's arithmetic")).filter(|(spelled, _)| spelled != rule);
    match by_default && !rule.is_derivative() {
        true => base(op).or_else(spelled),
        false => spelled(),
    }
}

/// The rule of layers that rules for layers with weights are not about.
fn base<T: Float>(op: &Op<T>) -> Option<(Rule, &'static str)> {
    let unmapped = || Some((gradient(), "zennit has no rule for it and takes the gradient"));
    match (op, op.layer().kind()) {
        (Op::Activation(activation), _) if activation.function() == Function::Mish => unmapped(),
        (_, Kind::Add | Kind::SumPool | Kind::AveragePool | Kind::Reduce) => {
            Some((epsilon(STABILIZER), "zennit shares sums and means in proportion"))
        }
        (_, Kind::Scaling) => Some((pass(), "zennit passes relevance by normalizations")),
        (_, Kind::MaxPool | Kind::SoftMax | Kind::Normalize | Kind::LocalResponse | Kind::Custom) => {
            unmapped()
        }
        _ if op.layer().crossing() == Crossing::Unknown => unmapped(),
        _ => None,
    }
}

/// What zennit means by a rule's name.
fn spell(rule: &Rule) -> Rule {
    let Some(label) = rule.label() else { return stabilize(rule.clone()) };
    let spelled = match (label.name, &label.parameters[..]) {
        ("gamma", [gamma]) => {
            let signed = signed_gamma(gamma.of(0));
            let signed = if label.bias == Some(false) { signed.without_bias() } else { signed };
            label.stabilizer.map_or(signed.clone(), |stabilizer| signed.stabilized(stabilizer))
        }
        ("w2", _) if label.bias.is_none() => rule.clone().with_bias(),
        _ => rule.clone(),
    };
    let named = label.stabilizer.is_some() || label.name == "epsilon";
    if named { spelled } else { stabilize(spelled) }
}

fn stabilize(rule: Rule) -> Rule {
    let formula = rule.formula();
    let usual = !formula.shares.is_empty() && formula.names_no_stabilizer();
    if usual { rule.stabilized(STABILIZER) } else { rule }
}
