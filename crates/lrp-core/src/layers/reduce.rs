//! Sums, means and maxima along whole axes, global pooling among them.

use ndarray::{ArrayView1, Axis, IxDyn};

use super::only;
use super::rows::{from_rows, rows};
use super::ties::Ties;
use crate::error::{Error, Result};
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// What is made of the values along some axes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// `Σ x`; to rules, weights of one.
    Sum,
    /// `1/count · Σ x`; to rules, weights of `1/count`.
    Mean,
    /// `max x`, of which rules see what they see of [`MaxPool`](crate::MaxPool).
    Max,
}

/// One value for all those along some axes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reduce {
    reduction: Reduction,
    axes: Vec<usize>,
    keep: bool,
    ties: Ties,
}

impl Reduce {
    /// Reduces these axes, the batch being axis 0, which cannot be among them. With `keep` they stay, with size one.
    #[must_use]
    pub fn new(reduction: Reduction, mut axes: Vec<usize>, keep: bool) -> Self {
        axes.sort_unstable();
        axes.dedup();
        Self { reduction, axes, keep, ties: Ties::default() }
    }

    /// The same layer with another winner where entries tie for a maximum.
    #[must_use]
    pub fn with_ties(self, ties: Ties) -> Self {
        Self { ties, ..self }
    }

    /// What is made of the values.
    #[must_use]
    pub fn reduction(&self) -> Reduction {
        self.reduction
    }

    /// The axes that are reduced, in order.
    #[must_use]
    pub fn axes(&self) -> &[usize] {
        &self.axes
    }

    /// Whether they stay, with size one.
    #[must_use]
    pub fn keeps_axes(&self) -> bool {
        self.keep
    }

    /// Who wins where entries tie for a maximum.
    #[must_use]
    pub fn ties(&self) -> Ties {
        self.ties
    }

    fn reduced(&self, shape: &[usize], keep: bool) -> Vec<usize> {
        let axes = shape.iter().enumerate();
        let size = |(axis, &size): (usize, &usize)| match self.axes.contains(&axis) {
            true => keep.then_some(1),
            false => Some(size),
        };
        axes.filter_map(size).collect()
    }

    fn map<T: Float>(&self, shape: &[usize]) -> Total<'_, T> {
        let count: usize = self.axes.iter().map(|&axis| shape[axis]).product();
        #[expect(clippy::cast_precision_loss, reason = "a sample has far fewer than 2^52 values")]
        let weight = match self.reduction {
            Reduction::Mean => T::of(1.0 / count as f64),
            Reduction::Sum | Reduction::Max => T::one(),
        };
        Total { layer: self, shape: shape.to_vec(), weight }
    }

    fn maximum<T: Float>(&self, x: &TensorView<'_, T>) -> Tensor<T> {
        // NaN, where it is allowed, always wins.
        let larger = |top: T, &x: &T| if x > top || x.is_nan() { x } else { top };
        let tops = rows(x, &self.axes).map_axis(Axis(1), |row| row.fold(T::neg_infinity(), larger));
        let shape = self.reduced(x.shape(), self.keep);
        tops.into_shape_with_order(shape).expect("one maximum a row")
    }

    /// `signal` handed to the winner of each maximum.
    fn to_winners<T: Float>(&self, record: &Record<'_, T>, signal: &TensorView<'_, T>) -> Tensor<T> {
        let x = &record.inputs[0];
        let mut rows = rows(x, &self.axes);
        for ((mut row, &top), &signal) in rows.rows_mut().into_iter().zip(&record.output).zip(signal) {
            let part = match self.ties {
                Ties::Share => signal / T::of(count(row.view(), top)),
                Ties::First => signal,
            };
            let mut left = true;
            for value in &mut row {
                let wins = left && *value == top;
                left &= !(wins && self.ties == Ties::First);
                *value = if wins { part } else { T::zero() };
            }
        }
        from_rows(rows, x.shape(), &self.axes)
    }
}

fn count<T: Float>(row: ArrayView1<'_, T>, top: T) -> f64 {
    row.iter().filter(|&&value| value == top).map(|_| 1.0).sum()
}

impl<T: Float> Layer<T> for Reduce {
    fn kind(&self) -> Kind {
        Kind::Reduce
    }

    fn crossing(&self) -> Crossing {
        match self.reduction {
            Reduction::Sum | Reduction::Mean => Crossing::Mix,
            Reduction::Max => Crossing::Either,
        }
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        if self.axes.first() == Some(&0) {
            return Err(Error::shape("cannot reduce axis 0, the batch"));
        }
        if self.axes.last().is_some_and(|&axis| axis >= input.len()) {
            let axes = &self.axes;
            return Err(Error::shape(format!(
                "input has shape {input:?}, which lacks one of the axes {axes:?}"
            )));
        }
        if self.axes.iter().any(|&axis| input[axis] == 0) {
            return Err(Error::shape(format!("input has shape {input:?}, with nothing to reduce")));
        }
        Ok(self.reduced(input, self.keep))
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        match self.reduction {
            Reduction::Max => self.maximum(&inputs[0]),
            Reduction::Sum | Reduction::Mean => self.map(inputs[0].shape()).apply(WeightLens::Value, inputs),
        }
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let map = Box::new(self.map(record.inputs[0].shape()));
        match self.reduction {
            Reduction::Sum | Reduction::Mean => Flow::Mix(Mix { map, z: Some(record.output.view()) }),
            Reduction::Max => {
                let route = Box::new(|relevance: Tensor<T>| vec![self.to_winners(record, &relevance.view())]);
                Flow::Either(route, Mix { map, z: None })
            }
        }
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        match self.reduction {
            Reduction::Max => vec![self.to_winners(record, &upstream)],
            Reduction::Sum | Reduction::Mean => {
                self.map(record.inputs[0].shape()).transpose(WeightLens::Value, upstream)
            }
        }
    }
}

/// The sum along axes, times a weight.
struct Total<'a, T> {
    layer: &'a Reduce,
    shape: Vec<usize>,
    weight: T,
}

impl<T: Float> Affine<T> for Total<'_, T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        let weight = lens.see(self.weight);
        let Reduce { axes, keep, .. } = self.layer;
        let last_first = axes.iter().rev();
        let sum = last_first.fold(None, |sum: Option<Tensor<T>>, &axis| {
            let sum = sum.map_or_else(|| inputs[0].sum_axis(Axis(axis)), |sum| sum.sum_axis(Axis(axis)));
            Some(if *keep { sum.insert_axis(Axis(axis)) } else { sum })
        });
        sum.unwrap_or_else(|| inputs[0].to_owned()).mapv_into(|sum| weight * sum)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let weight = lens.see(self.weight);
        let seen = signal.mapv(|s| weight * s);
        let kept = seen.to_shape(self.layer.reduced(&self.shape, true)).expect("axes of size one");
        let whole = kept.broadcast(IxDyn(&self.shape)).expect("axes of size one");
        vec![whole.to_owned()]
    }
}
