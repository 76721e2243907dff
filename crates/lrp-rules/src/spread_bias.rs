//! Rules that tell positive from negative products, with the bias a part of every product.

use lrp_core::{Channels, Float, Op, Record, Tensor, TensorView, WeightLens, Window};
use ndarray::{Array2, ArrayView1, ArrayViewMut1, Axis};

use crate::algebra::Rule;
use crate::stand_in::Backward;

/// `R_i = Σ_j (α (x_i w_ij + b_j/K)⁺ / P_j − β (x_i w_ij + b_j/K)⁻ / N_j) R_j`, with `P_j` and `N_j` the sums of the
/// parts above and below zero over the `K` inputs of unit `j`, those in the padding included.
///
/// No product of lenses is this, and so the formula stands here in loops: a dense layer reads one window, a
/// convolution many.
#[derive(Clone, Debug)]
pub(crate) struct SpreadBias<T> {
    /// `[K, outputs / groups]` of each group.
    weights: Vec<Array2<T>>,
    bias: Vec<T>,
    /// Of a convolution.
    window: Option<(Window, Channels)>,
    /// What positive parts are multiplied by.
    alpha: T,
    /// What negative parts are multiplied by.
    beta: T,
}

impl<T: Float> SpreadBias<T> {
    /// Of a layer with weights under a rule whose shares are of positive and of negative products.
    pub(crate) fn of(op: &Op<T>, rule: &Rule) -> Option<Self> {
        let mut factors = [0.0; 2];
        for share in &rule.formula().shares {
            match share.sum.bias {
                Some(WeightLens::Positive) => factors[0] += share.scale,
                Some(WeightLens::Negative) => factors[1] -= share.scale,
                _ => return None,
            }
        }
        let [alpha, beta] = factors.map(T::of);
        if rule.formula().shares.is_empty() {
            return None;
        }
        match op {
            Op::Linear(layer) => Some(Self {
                weights: vec![layer.weights().clone()],
                bias: layer.bias().to_vec(),
                window: None,
                alpha,
                beta,
            }),
            Op::Convolution(layer) if layer.input_shift().is_none() => {
                let filters = layer.filters();
                let outputs = filters.shape()[filters.ndim() - 1];
                let taps = filters.len() / outputs;
                let matrix =
                    filters.to_shape((taps, outputs)).expect("filters end in their outputs").into_owned();
                let group = outputs / layer.groups();
                let weights = matrix.axis_chunks_iter(Axis(1), group).map(|group| group.to_owned()).collect();
                let window = Some((layer.window().clone(), layer.channels()));
                Some(Self { weights, bias: layer.bias().to_vec(), window, alpha, beta })
            }
            _ => None,
        }
    }

    /// Adds to `back` `[K]` what the unit whose window is `x` `[K]` hands on of `r`.
    fn share(
        &self,
        w: ArrayView1<'_, T>,
        bias: T,
        x: ArrayView1<'_, T>,
        r: T,
        mut back: ArrayViewMut1<'_, T>,
    ) {
        #[expect(clippy::cast_precision_loss, reason = "no unit has 2^52 inputs")]
        let part = bias / T::of(x.len() as f64);
        let zero = T::zero();
        let products = x.iter().zip(w).map(|(&x, &w)| x * w + part);
        let (positive, negative) = products.clone().fold((zero, zero), |(positive, negative), product| {
            (positive + product.max(zero), negative + product.min(zero))
        });
        let ratio = |factor: T, sum: T| if sum == zero { zero } else { factor * r / sum };
        let (above, below) = (ratio(self.alpha, positive), ratio(self.beta, negative));
        for (back, product) in back.iter_mut().zip(products) {
            *back += product.max(zero) * above - product.min(zero) * below;
        }
    }

    /// `[.., K]` and `[.., outputs]`.
    fn dense(&self, x: &TensorView<'_, T>, relevance: &Tensor<T>) -> Tensor<T> {
        let mut back = Tensor::zeros(x.raw_dim());
        let last = Axis(x.ndim() - 1);
        for ((x, r), mut back) in
            x.lanes(last).into_iter().zip(relevance.lanes(last)).zip(back.lanes_mut(last))
        {
            for ((&r, &bias), w) in r.iter().zip(&self.bias).zip(self.weights[0].columns()) {
                self.share(w, bias, x, r, back.view_mut());
            }
        }
        back
    }

    fn windows(
        &self,
        window: &Window,
        channels: Channels,
        x: &TensorView<'_, T>,
        relevance: &Tensor<T>,
    ) -> Tensor<T> {
        let mut back = Tensor::zeros(x.raw_dim());
        let (groups, space) = (self.weights.len(), window.kernel().len());
        let axis = if channels == Channels::First { 1 } else { x.ndim() - 1 };
        let first = if channels == Channels::First { 2 } else { 1 };
        let inputs = x.shape()[axis] / groups;
        let outputs = relevance.shape()[axis] / groups;
        for (place, &r) in relevance.indexed_iter() {
            let place = ndarray::Dimension::slice(&place).to_vec();
            let (group, output) = (place[axis] / outputs, place[axis] % outputs);
            // Where each of the window's entries is in the input, or nowhere; the order is that of filters.
            let taps = ndarray::indices([window.kernel(), &[inputs]].concat());
            let entries: Vec<Option<Vec<usize>>> = taps
                .into_iter()
                .map(|tap| {
                    let tap = ndarray::Dimension::slice(&tap).to_vec();
                    let mut at = place.clone();
                    at[axis] = group * inputs + tap[space];
                    for spatial in 0..space {
                        let start = place[first + spatial] * window.stride()[spatial];
                        let at_padded = start + tap[spatial] * window.dilation()[spatial];
                        at[first + spatial] = at_padded.checked_sub(window.padding()[spatial][0])?;
                    }
                    x.get(&at[..]).map(|_| at)
                })
                .collect();
            let seen: Vec<T> =
                entries.iter().map(|at| at.as_ref().map_or(T::zero(), |at| x[&at[..]])).collect();
            let mut shares = vec![T::zero(); seen.len()];
            let w = self.weights[group].column(output);
            self.share(w, self.bias[place[axis]], (&seen).into(), r, (&mut shares[..]).into());
            for (at, share) in
                entries.iter().zip(shares).filter_map(|(at, share)| Some((at.as_ref()?, share)))
            {
                back[&at[..]] += share;
            }
        }
        back
    }
}

impl<T: Float> Backward<T> for SpreadBias<T> {
    fn back(&self, record: &Record<'_, T>, relevance: &Tensor<T>) -> Tensor<T> {
        let x = &record.inputs[0];
        match &self.window {
            None => self.dense(x, relevance),
            Some((window, channels)) => self.windows(window, *channels, x, relevance),
        }
    }

    fn is_in_proportion(&self) -> bool {
        false
    }
}
