//! Factors and shifts folded into what stands beside them.

use lrp_core::{Channels, Convolution, Linear, Op, Scaling, TransposedConvolution, Value};
use ndarray::{Array1, ArrayD, Axis};

use super::Rewrite;
use super::draft::Draft;

pub(super) fn drop_identities(draft: &mut Draft) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    for node in draft.positions() {
        // A network of nothing but identities keeps its last one.
        let alone = draft.positions().len() == 1;
        if let (Op::Identity(_), Some(input), false) = (draft.op(node), draft.reads(node, 0), alone) {
            rewrites.push(Rewrite::new(vec![draft.remove(node, input)], None));
        }
    }
    rewrites
}

pub(super) fn merge_scalings(draft: &mut Draft) -> Vec<Rewrite> {
    fold_into_first(draft, |first, second| match first {
        Op::Scaling(first) => {
            let factor = second.factor() * first.factor();
            let shift = second.factor() * first.shift() + second.shift();
            Some(Scaling::new(factor, shift).into())
        }
        _ => None,
    })
}

pub(super) fn behind(draft: &mut Draft) -> Vec<Rewrite> {
    fold_into_first(draft, |layer, scaling| match layer {
        Op::Convolution(layer) => scaled_convolution(layer, scaling).map(Into::into),
        Op::TransposedConvolution(layer) => scaled_transpose(layer, scaling).map(Into::into),
        Op::Linear(layer) => scaled_linear(layer, scaling).map(Into::into),
        _ => None,
    })
}

/// Where a scaling is all that reads a layer, and `fold` can make one of both.
fn fold_into_first(
    draft: &mut Draft,
    fold: impl Fn(&Op<f64>, &Scaling<f64>) -> Option<Op<f64>>,
) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    for node in draft.positions() {
        let (Op::Scaling(scaling), Some(first)) = (draft.op(node), draft.before(node, 0)) else { continue };
        let Some(folded) = fold(draft.op(first), scaling) else { continue };
        let (Some(input), true) = (draft.reads(first, 0), draft.only_reader(first) == Some(node)) else {
            continue;
        };
        draft.replace(first, folded, &[input]);
        let gone = vec![draft.remove(node, Value::of_node(first))];
        rewrites.push(Rewrite::new(gone, Some(draft.name(first))));
    }
    rewrites
}

pub(super) fn before(draft: &mut Draft) -> Vec<Rewrite> {
    let mut rewrites = Vec::new();
    for node in draft.positions() {
        let Some(first) = draft.before(node, 0) else { continue };
        let Op::Scaling(scaling) = draft.op(first) else { continue };
        let folded: Option<Op<f64>> = match draft.op(node) {
            Op::Convolution(layer) => convolution_of_scaled(layer, scaling).map(Into::into),
            Op::Linear(layer) => linear_of_scaled(layer, scaling).map(Into::into),
            _ => None,
        };
        let (Some(folded), Some(input)) = (folded, draft.reads(first, 0)) else { continue };
        if draft.only_reader(first) != Some(node) {
            continue;
        }
        draft.replace(node, folded, &[input]);
        let gone = vec![draft.remove(first, input)];
        rewrites.push(Rewrite::new(gone, Some(draft.name(node))));
    }
    rewrites
}

/// The numbers of an array that broadcasts to samples of `rank` axes, one a channel along `axis`; `None` if it differs
/// along another axis.
fn per_channel(array: &ArrayD<f64>, axis: usize, rank: usize, channels: usize) -> Option<Array1<f64>> {
    let mut array = array.clone();
    while array.ndim() < rank {
        array.insert_axis_inplace(Axis(0));
    }
    let fits =
        array.ndim() == rank && array.shape().iter().enumerate().all(|(at, &size)| size == 1 || at == axis);
    let values: Vec<f64> = array.iter().copied().collect();
    match values[..] {
        _ if !fits => None,
        [one] => Some(Array1::from_elem(channels, one)),
        _ if values.len() == channels => Some(values.into()),
        _ => None,
    }
}

/// Factor and shift of every channel of a convolution's input or output.
fn of_channels(
    scaling: &Scaling<f64>,
    layout: Channels,
    space: usize,
    channels: usize,
) -> Option<[Array1<f64>; 2]> {
    let axis = if layout == Channels::First { 0 } else { space };
    let each = |array: &ArrayD<f64>| per_channel(array, axis, space + 1, channels);
    Some([each(scaling.factor())?, each(scaling.shift())?])
}

/// Factor and shift along the last axis, whatever the number of axes before.
fn of_features(scaling: &Scaling<f64>, features: usize) -> Option<[Array1<f64>; 2]> {
    let each = |array: &ArrayD<f64>| {
        let rank = array.ndim().max(1);
        per_channel(array, rank - 1, rank, features)
    };
    Some([each(scaling.factor())?, each(scaling.shift())?])
}

/// `f·(x W + b) + t`
fn scaled_convolution(layer: &Convolution<f64>, scaling: &Scaling<f64>) -> Option<Convolution<f64>> {
    let [factor, shift] =
        of_channels(scaling, layer.channels(), layer.window().kernel().len(), layer.bias().len())?;
    let (filters, bias) = (layer.filters() * &factor, layer.bias() * &factor + &shift);
    let folded =
        Convolution::with_window(filters, bias, layer.window().clone(), layer.groups(), layer.channels())
            .ok()?;
    match layer.input_shift() {
        Some(shift) => folded.with_input_shift(shift.clone()).ok(),
        None => Some(folded),
    }
}

fn scaled_transpose(
    layer: &TransposedConvolution<f64>,
    scaling: &Scaling<f64>,
) -> Option<TransposedConvolution<f64>> {
    let space = layer.window().kernel().len();
    let [factor, shift] = of_channels(scaling, layer.channels(), space, layer.bias().len())?;
    let mut filters = layer.filters().clone();
    let (of_group, inputs) = (filters.shape()[space], filters.shape()[space + 1]);
    for (index, weight) in filters.indexed_iter_mut() {
        let group = index[space + 1] / (inputs / layer.groups());
        *weight *= factor[group * of_group + index[space]];
    }
    let bias = layer.bias() * &factor + &shift;
    let (window, behind) = (layer.window().clone(), layer.output_padding());
    TransposedConvolution::new(filters, bias, window, layer.groups(), layer.channels(), behind).ok()
}

fn scaled_linear(layer: &Linear<f64>, scaling: &Scaling<f64>) -> Option<Linear<f64>> {
    let [factor, shift] = of_features(scaling, layer.bias().len())?;
    Linear::new(layer.weights() * &factor, layer.bias() * &factor + &shift).ok()
}

/// `(f·x + t) W + b`
fn linear_of_scaled(layer: &Linear<f64>, scaling: &Scaling<f64>) -> Option<Linear<f64>> {
    let [factor, shift] = of_features(scaling, layer.weights().nrows())?;
    let bias = layer.bias() + &shift.dot(layer.weights());
    Linear::new(layer.weights() * &factor.insert_axis(Axis(1)), bias).ok()
}

/// The padding stays zero, so what is added to the input is not the same for windows at the border: it stays a shift of
/// the input within the padding.
fn convolution_of_scaled(layer: &Convolution<f64>, scaling: &Scaling<f64>) -> Option<Convolution<f64>> {
    let space = layer.window().kernel().len();
    let of_group = layer.filters().shape()[space];
    let [factor, shift] = of_channels(scaling, layer.channels(), space, of_group * layer.groups())?;
    let shift = layer.input_shift().map_or(shift.clone(), |old| shift + old);
    // Nothing is added by a channel that is multiplied by nothing only if nothing is added at all.
    if factor.iter().zip(&shift).any(|(&factor, &shift)| factor == 0.0 && shift != 0.0) {
        return None;
    }
    let outputs = layer.bias().len();
    let mut filters = layer.filters().clone();
    for (index, weight) in filters.indexed_iter_mut() {
        let group = index[space + 1] / (outputs / layer.groups());
        *weight *= factor[group * of_group + index[space]];
    }
    let (window, bias) = (layer.window().clone(), layer.bias().clone());
    let folded = Convolution::with_window(filters, bias, window, layer.groups(), layer.channels()).ok()?;
    if shift.iter().all(|&shift| shift == 0.0) {
        return Some(folded);
    }
    let inner =
        shift.iter().zip(&factor).map(|(&shift, &factor)| if shift == 0.0 { 0.0 } else { shift / factor });
    folded.with_input_shift(inner.collect()).ok()
}
