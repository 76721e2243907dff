//! Layers that are crossed in place of a node's own: a plan may have a layer otherwise than the network runs it.

use std::fmt::Debug;
use std::sync::Arc;

use lrp_core::{AveragePool, Channels, Float, Layer, Op, Record, SumPool, Tensor, TensorView};
use ndarray::{Axis, Slice};

use crate::algebra::Rule;
use crate::dialect::Dialect;
use crate::options::{BiasShare, Maxima, Treatment};
use crate::spread_bias::SpreadBias;

/// What is crossed in a layer's place.
#[derive(Clone, Debug)]
pub(crate) struct StandIn<T: Float> {
    pub(crate) crossed: Crossed<T>,
    /// What it is for, in a few words.
    pub(crate) why: &'static str,
}

/// What is crossed in a layer's place.
#[derive(Clone, Debug)]
pub(crate) enum Crossed<T: Float> {
    /// Another layer, by the rule.
    Layer(Op<T>),
    /// Another layer over an input with zeros `[before, after]` each spatial axis, which count as input.
    Padded(Op<T>, Vec<[usize; 2]>, Channels),
    /// A formula that no rule is.
    Formula(Arc<dyn Backward<T>>),
}

/// A way across a layer that no product of lenses describes.
pub(crate) trait Backward<T: Float>: Debug + Send + Sync {
    /// Takes relevance of the layer's output back to its one input.
    fn back(&self, record: &Record<'_, T>, relevance: &Tensor<T>) -> Tensor<T>;

    /// Whether nothing goes back to an input that is zero.
    fn is_in_proportion(&self) -> bool;
}

impl<T: Float> StandIn<T> {
    pub(crate) fn layer(op: impl Into<Op<T>>, why: &'static str) -> Self {
        Self { crossed: Crossed::Layer(op.into()), why }
    }

    /// A layer that counts zeros around its input as input.
    pub(crate) fn padded(
        op: impl Into<Op<T>>,
        padding: &[[usize; 2]],
        channels: Channels,
        why: &'static str,
    ) -> Self {
        Self { crossed: Crossed::Padded(op.into(), padding.to_vec(), channels), why }
    }

    pub(crate) fn formula(formula: impl Backward<T> + 'static, why: &'static str) -> Self {
        Self { crossed: Crossed::Formula(Arc::new(formula)), why }
    }

    /// The layer that a rule is applied to, if there is one.
    pub(crate) fn op(&self) -> Option<&Op<T>> {
        match &self.crossed {
            Crossed::Layer(op) | Crossed::Padded(op, ..) => Some(op),
            Crossed::Formula(_) => None,
        }
    }

    /// Whether nothing goes back to an input that is zero, as far as the rule sees to it.
    pub(crate) fn is_in_proportion(&self) -> bool {
        match &self.crossed {
            Crossed::Formula(formula) => formula.is_in_proportion(),
            Crossed::Layer(_) | Crossed::Padded(..) => true,
        }
    }

    /// What stands in for a layer that gets a rule, if anything does.
    pub(crate) fn of(op: &Op<T>, rule: &Rule, dialect: Dialect, treatment: Treatment) -> Option<Self> {
        if let Op::MaxPool(pool) = op
            && treatment.maxima == Maxima::Mean
            && !rule.is_derivative()
        {
            let mean = AveragePool::new(pool.window().clone(), pool.channels(), true).ok()?.into();
            // A plain sum shares as a mean does, and does not take the recorded maximum for its own value.
            let sum = || SumPool::plain(pool.window().clone(), pool.channels()).ok();
            let sum = || Some(Self::layer(sum()?, "a maximum crossed as a mean"));
            return dialect.stand_in(&mean, rule, treatment).or_else(sum);
        }
        let stand_in = dialect.stand_in(op, rule, treatment);
        let op = stand_in.as_ref().and_then(Self::op).unwrap_or(op);
        if treatment.bias == BiasShare::Spread
            && let Some(spread) = SpreadBias::of(op, rule)
        {
            return Some(Self::formula(spread, "the bias spread over the products"));
        }
        stand_in
    }

    /// Takes relevance across; where that is by the rule, as `cross` does it.
    pub(crate) fn cross(
        &self,
        record: &Record<'_, T>,
        relevance: Tensor<T>,
        cross: impl FnOnce(&dyn Layer<T>, &Record<'_, T>, Tensor<T>) -> Vec<Tensor<T>>,
    ) -> Vec<Tensor<T>> {
        let (op, padding, channels) = match &self.crossed {
            Crossed::Formula(formula) => return vec![formula.back(record, &relevance)],
            Crossed::Layer(op) => return cross(op.layer(), record, relevance),
            Crossed::Padded(op, padding, channels) => (op, padding, channels),
        };
        let first = if *channels == Channels::First { 2 } else { 1 };
        let padded: Vec<Tensor<T>> = record.inputs.iter().map(|x| with_zeros(x, padding, first)).collect();
        let wider = Record { inputs: padded.iter().map(|x| x.view()).collect(), ..record.clone() };
        let back = cross(op.layer(), &wider, relevance);
        back.into_iter()
            .zip(&record.inputs)
            .map(|(back, x)| middle(back, x.shape(), padding, first))
            .collect()
    }
}

/// Zeros around the axes from `first` on.
pub(crate) fn with_zeros<T: Float>(x: &TensorView<'_, T>, padding: &[[usize; 2]], first: usize) -> Tensor<T> {
    let mut shape = x.shape().to_vec();
    shape.iter_mut().skip(first).zip(padding).for_each(|(size, [before, after])| *size += before + after);
    let mut wider = Tensor::zeros(shape);
    inner(&mut wider, x.shape(), padding, first).assign(x);
    wider
}

fn middle<T: Float>(
    mut wider: Tensor<T>,
    shape: &[usize],
    padding: &[[usize; 2]],
    first: usize,
) -> Tensor<T> {
    inner(&mut wider, shape, padding, first).to_owned()
}

/// What lies within the padding.
fn inner<'a, T: Float>(
    wider: &'a mut Tensor<T>,
    shape: &[usize],
    padding: &[[usize; 2]],
    first: usize,
) -> ndarray::ArrayViewMutD<'a, T> {
    let mut inner = wider.view_mut();
    for (axis, [before, _]) in padding.iter().enumerate() {
        inner.slice_axis_inplace(Axis(first + axis), Slice::from(*before..before + shape[first + axis]));
    }
    inner
}
