//! Where the reference is known to be wrong, and what is compared instead.
//!
//! Each row is described in `docs/deviations.md`, which names the test that shows the intended behaviour.

use lrp::core::{Float, Op, Tensor, Trace, Value, WeightLens};
use lrp::core::{Flow, Record, TensorView};
use lrp::rules::Plan;

/// An array of the reference that must *not* be matched.
pub(crate) struct Quirk {
    case: &'static str,
    array: &'static str,
    /// Its row in `docs/deviations.md`.
    pub(crate) id: &'static str,
    /// How the difference is understood.
    pub(crate) remedy: Remedy,
}

/// How an array of the reference that is wrong is accounted for.
#[derive(Clone, Copy)]
pub(crate) enum Remedy {
    /// Another array of the reference holds the intended values.
    Array(&'static str),
    /// Making the same mistake gives the same values: α-β with this α, the negative share of sum pooling
    /// multiplied by the relevance once more.
    SquareOnSumPool(f64),
}

const SLOW: Remedy = Remedy::Array("relevance_alphabeta_slow_2.0_predicted");
const FAST: Remedy = Remedy::Array("relevance_alphabeta_2.0_predicted");

const QUIRKS: &[Quirk] = &[
    q("cnn-sumpool-tanh", "relevance_alphabeta_2.0_predicted", "Q-16", SLOW),
    q("cnn-sumpool-tanh", "relevance_alphabeta_2.0_all_logits", "Q-16", Remedy::SquareOnSumPool(2.0)),
    q("cnn-sumpool-tanh", "relevance_alphabeta_1.5_predicted", "Q-16", Remedy::SquareOnSumPool(1.5)),
    // The slow path has no stabilizer and answers NaN; the fast path is sound.
    q("mlp-big-bias", "relevance_alphabeta_slow_2.0_predicted", "Q-12", FAST),
    q("mlp-zero-input", "relevance_alphabeta_slow_2.0_predicted", "Q-12", FAST),
    q("toolbox-xor", "relevance_alphabeta_slow_2.0_predicted", "Q-12", FAST),
];

const fn q(case: &'static str, array: &'static str, id: &'static str, remedy: Remedy) -> Quirk {
    Quirk { case, array, id, remedy }
}

pub(crate) fn find(case: &str, array: &str) -> Option<&'static Quirk> {
    QUIRKS.iter().find(|quirk| quirk.case == case && quirk.array == array)
}

/// What the plan would answer if its sum pools squared the relevance of their negative share.
pub(crate) fn with_square<T: Float>(
    plan: &Plan<'_, T>,
    trace: &Trace<'_, T>,
    head: Value,
    seed: Tensor<T>,
    alpha: f64,
) -> Tensor<T> {
    trace.walk_back(head, seed, |node, record, relevance| match plan.network().nodes()[node].op() {
        op @ Op::SumPool(_) => vec![squared(op, record, &relevance.view(), alpha)],
        _ => plan.cross(node, record, relevance),
    })
}

/// `α·v⁺/P·R + β·v⁻·(R/Q)·R` with `β = 1 − α`, as the reference has it.
fn squared<T: Float>(
    op: &Op<T>,
    record: &Record<'_, T>,
    relevance: &TensorView<'_, T>,
    alpha: f64,
) -> Tensor<T> {
    let Flow::Mix(mix) = op.layer().flow(record) else { return relevance.to_owned() };
    let part = |keep: fn(T, T) -> T, sign: f64, factor: &Tensor<T>| {
        let v = record.inputs[0].mapv(|x| keep(x, T::zero()));
        let z = mix.map.apply(WeightLens::Value, &[v.view()]) + T::of(sign * 1e-16);
        let back = mix.map.transpose(WeightLens::Value, (factor / &z).view());
        back.into_iter().map(|back| back * &v).next().unwrap_or(v)
    };
    let once = relevance.mapv(|r| T::of(alpha) * r);
    let twice = relevance.mapv(|r| T::of(1.0 - alpha) * r * r);
    part(T::max, 1.0, &once) + part(T::min, -1.0, &twice)
}
