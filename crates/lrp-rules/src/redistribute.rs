//! The one function that knows what a rule means.

use lrp_core::{Affine, Float, Mix, Record, Tensor, TensorView, WeightLens};
use ndarray::{CowArray, IxDyn, Zip};

use crate::algebra::{Formula, Gate, InputLens, Share, Sum};

/// Takes relevance `[n, …]` of a mixing layer's output back to its inputs, one array an input.
///
/// For each share: look at inputs and weights through its lenses, apply, stabilize, divide, transpose,
/// multiply.
pub(crate) fn redistribute<T: Float>(
    formula: &Formula,
    mix: &Mix<'_, T>,
    record: &Record<'_, T>,
    relevance: &TensorView<'_, T>,
) -> Vec<Tensor<T>> {
    let start = |x: &TensorView<'_, T>| match formula.pass {
        0.0 => Tensor::zeros(x.raw_dim()),
        part => relevance.mapv(|r| T::of(part) * r),
    };
    let mut back: Vec<Tensor<T>> = record.inputs.iter().map(start).collect();
    for share in &formula.shares {
        let terms = look(&share.sum, &record.inputs);
        let s = ratio(share, &denominator(&share.sum, &terms, mix, record), record, relevance);
        for (lens, inputs) in &terms {
            let parts = mix.map.transpose(*lens, s.view());
            for ((back, x), part) in back.iter_mut().zip(inputs).zip(&parts) {
                Zip::from(back).and(x).and(part).for_each(|back, &x, &part| *back += x * part);
            }
        }
    }
    back
}

type Seen<'a, T> = (WeightLens, Vec<CowArray<'a, T, IxDyn>>);

/// The inputs as each term sees them, without the terms that see nothing but zeros.
///
/// Behind a rectifier that is every `x⁻`, and dropping it saves half the work of a rule like z⁺.
fn look<'a, T: Float>(sum: &Sum, inputs: &'a [TensorView<'_, T>]) -> Vec<Seen<'a, T>> {
    let see =
        |&(input, weight): &(InputLens, WeightLens)| (weight, inputs.iter().map(|x| input.see(x)).collect());
    let matters = |(_, seen): &Seen<'_, T>| seen.iter().any(|x| x.iter().any(|value| !value.is_zero()));
    sum.terms.iter().map(see).filter(matters).collect()
}

/// `Σ_i sum_ij`: the trace's own `z` where the sum is the layer itself, a computed one elsewhere.
fn denominator<'a, T: Float>(
    sum: &Sum,
    terms: &[Seen<'_, T>],
    mix: &'a Mix<'_, T>,
    record: &Record<'_, T>,
) -> CowArray<'a, T, IxDyn> {
    let itself = sum.terms == [(InputLens::Value, WeightLens::Value)] && sum.bias == Some(WeightLens::Value);
    match &mix.z {
        Some(z) if itself => z.view().into(),
        _ => compute(sum.bias, terms, &*mix.map, record).into(),
    }
}

fn compute<T: Float>(
    bias: Option<WeightLens>,
    terms: &[Seen<'_, T>],
    map: &dyn Affine<T>,
    record: &Record<'_, T>,
) -> Tensor<T> {
    let mut z = Tensor::zeros(record.output.raw_dim());
    if let (Some(lens), Some(bias)) = (bias, map.bias()) {
        z += &bias.mapv(|b| lens.see(b));
    }
    for (lens, inputs) in terms {
        let inputs: Vec<TensorView<'_, T>> = inputs.iter().map(|x| x.view()).collect();
        z += &map.apply(*lens, &inputs);
    }
    z
}

/// `scale · R / st(z)`, zero where the gate is closed or nothing can be divided.
fn ratio<T: Float>(
    share: &Share,
    z: &CowArray<'_, T, IxDyn>,
    record: &Record<'_, T>,
    relevance: &TensorView<'_, T>,
) -> Tensor<T> {
    let (scale, stabilizer) = (T::of(share.scale), T::of(share.stabilizer));
    Zip::from(z).and(relevance).and(&record.output).map_collect(|&z, &r, &y| {
        let denominator = if z < T::zero() { z - stabilizer } else { z + stabilizer };
        if share.gate.lets_through(y) && !denominator.is_zero() { scale * r / denominator } else { T::zero() }
    })
}

impl Gate {
    fn lets_through<T: Float>(self, y: T) -> bool {
        match self {
            Self::Every => true,
            Self::Positive => y > T::zero(),
            Self::Negative => y < T::zero(),
        }
    }
}
