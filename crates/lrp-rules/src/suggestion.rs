//! A composite for a network that nobody has chosen one for.

use lrp_core::{Float, Function, Kind, Network, Node, Op, Value};

use crate::composite::Composite;
use crate::composites::composite_within;
use crate::error::Result;

/// A composite that suits a network, and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Suggestion {
    /// The composite.
    pub composite: Composite,
    /// How users write it.
    pub name: String,
    /// What in the network decided it, in a line.
    pub why: String,
}

/// Chooses by what a network is made of, and by what is known of its inputs: the least and the largest value, a pair a
/// channel or one for all. No pair means that nothing is known.
///
/// Networks whose factors depend on the input, such as those with attention or normalization, get ε everywhere, and so
/// do dense ones and those that read words. Convolutions between rectifiers get γ and a box of the input, or z⁺ and
/// `flat` if no box is known.
///
/// ```
/// use lrp_core::{Linear, Network, Rect};
/// use lrp_rules::suggest;
/// use ndarray::{arr1, arr2};
///
/// let dense = Linear::new(arr2(&[[1.0], [2.0]]), arr1(&[3.0]))?;
/// let suggestion = suggest(&Network::sequential([dense.into(), Rect.into()])?, &[])?;
/// assert_eq!(suggestion.name, "lrp-epsilon(0.01)");
/// assert_eq!(suggestion.why, "no convolutions");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the bounds are none that a box could have.
pub fn suggest<T: Float>(network: &Network<T>, bounds: &[(f64, f64)]) -> Result<Suggestion> {
    let (name, why) = choose(network, !bounds.is_empty());
    let (composite, name) = composite_within(name, bounds)?;
    Ok(Suggestion { composite, name, why })
}

/// What models in the LRP Toolbox's own formats are explained by, whatever is in them: ε everywhere, as it always was.
///
/// # Errors
/// As [`suggest`].
pub fn toolbox_suggestion(bounds: &[(f64, f64)]) -> Result<Suggestion> {
    let (composite, name) = composite_within("lrp-epsilon(0.01)", bounds)?;
    Ok(Suggestion { composite, name, why: "usual for the toolbox's formats".to_owned() })
}

fn choose<T: Float>(network: &Network<T>, bounded: bool) -> (&'static str, String) {
    let nodes = network.nodes();
    let last = nodes.iter().rposition(|node| node.kind().has_weights()).unwrap_or(nodes.len());
    let inner = &nodes[..last];
    if let Some(node) = inner.iter().find(|node| depends_on_input(node)) {
        let (name, kind) = (node.name(), node.kind());
        return ("lrp-epsilon(1e-6)", format!("{name} is a {kind}, its factors depend on the input"));
    }
    if let Some(node) = nodes.iter().find(|node| node.kind() == Kind::Embedding) {
        let why = format!("{} makes words vectors, whose signs say nothing for or against", node.name());
        return ("lrp-epsilon(0.01)", why);
    }
    let Some(first) = nodes.iter().position(|node| node.kind() == Kind::Convolution) else {
        return ("lrp-epsilon(0.01)", "no convolutions".to_owned());
    };
    if let Some(node) = inner.iter().find(|node| saturates(node)) {
        return ("lrp-epsilon(0.01)", format!("{} saturates, as rectifiers do not", node.name()));
    }
    if bounded && sees_input(network, first) {
        let why =
            format!("convolutions and rectifiers; {} sees an input of known bounds", nodes[first].name());
        return ("epsilon-gamma-box", why);
    }
    (
        "epsilon-plus-flat",
        "convolutions and rectifiers; no bounds are known of what the first sees".to_owned(),
    )
}

/// Whether a layer multiplies by what it has computed from the input.
fn depends_on_input<T: Float>(node: &Node<T>) -> bool {
    matches!(node.kind(), Kind::MatMul | Kind::Multiply | Kind::Normalize | Kind::SoftMax)
}

/// Whether a layer levels off; γ and z⁺ are for activations that grow with what speaks for them.
fn saturates<T: Float>(node: &Node<T>) -> bool {
    match node.op() {
        Op::Tanh(_) => true,
        Op::Activation(activation) => matches!(
            activation.function(),
            Function::Sigmoid | Function::HardSigmoid { .. } | Function::Softsign
        ),
        _ => false,
    }
}

/// Whether a node reads the input of the network, perhaps in another order.
fn sees_input<T: Float>(network: &Network<T>, node: usize) -> bool {
    let moves = |kind| {
        matches!(kind, Kind::Identity | Kind::Reshape | Kind::Transpose | Kind::Flatten | Kind::Gather)
    };
    let mut value = network.nodes()[node].inputs()[0];
    while let Some(before) = value.index().checked_sub(1).map(|index| &network.nodes()[index]) {
        if !moves(before.kind()) {
            return false;
        }
        value = before.inputs()[0];
    }
    value == Value::INPUT
}
