//! Occlusion: covering parts of the input one after the other.

use lrp_core::{Channels, Float, Network, Node, Op, Tensor, Value};
use ndarray::Slice;

use super::count;
use super::gradient::Slope;
use crate::error::Result;
use crate::explanation::Explanation;

/// What the score loses when a window is covered, in equal parts to the values in it; where windows overlap, the
/// mean (Zeiler and Fergus 2014).
///
/// A window goes over all channels at once. The axes of space are known from the layer that reads the input; if
/// that has no channels, they are all axes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Occlusion {
    /// The window's size along each axis of space.
    pub window: usize,
    /// How far apart windows begin.
    pub stride: usize,
    /// What the window is covered with.
    pub fill: f64,
}

impl Default for Occlusion {
    fn default() -> Self {
        Self { window: 8, stride: 8, fill: 0.0 }
    }
}

impl Occlusion {
    pub(super) fn from_numbers(given: &[f64]) -> std::result::Result<Self, &'static str> {
        let (window, stride, fill) = match *given {
            [] => return Ok(Self::default()),
            [window] => (window, window, 0.0),
            [window, stride] => (window, stride, 0.0),
            [window, stride, fill] => (window, stride, fill),
            _ => return Err("takes three parameters at most"),
        };
        match (count(window), count(stride)) {
            (Some(window), Some(stride)) => Ok(Self { window, stride, fill }),
            _ => Err("window and stride must be whole numbers above zero"),
        }
    }

    pub(super) fn parameters(&self) -> [f64; 3] {
        #[expect(clippy::cast_precision_loss, reason = "they were read as numbers of this type")]
        [self.window as f64, self.stride as f64, self.fill]
    }

    pub(super) fn relevance<T: Float>(
        &self,
        slope: &Slope<'_, T>,
        input: &Tensor<T>,
        at_input: &Explanation<T>,
    ) -> Result<Tensor<T>> {
        let mut sum: Tensor<T> = Tensor::zeros(input.raw_dim());
        let mut covered: Tensor<T> = Tensor::zeros(input.raw_dim());
        for window in self.windows(&input.shape()[1..], channel_axis(slope.network())) {
            let slice = |axis: ndarray::AxisDescription| match axis.axis.index() {
                0 => Slice::from(..),
                axis => window[axis - 1],
            };
            let mut changed = input.clone();
            changed.slice_each_axis_mut(slice).fill(T::of(self.fill));
            let loss = (&at_input.scores - &slope.scores(&changed)?) * &at_input.seed;
            let mut part = sum.slice_each_axis_mut(slice);
            #[expect(clippy::cast_precision_loss, reason = "a window has far fewer than 2^52 values")]
            let size = T::of((part.len() / input.shape()[0]) as f64);
            for (mut part, loss) in part.outer_iter_mut().zip(loss.outer_iter()) {
                let share = loss.sum() / size;
                part.mapv_inplace(|sum| sum + share);
            }
            covered.slice_each_axis_mut(slice).mapv_inplace(|count| count + T::one());
        }
        Ok(sum / covered.mapv(|count| count.max(T::one())))
    }

    /// Every window, as a slice an axis of one sample.
    fn windows(&self, sample: &[usize], channels: Option<Channels>) -> Vec<Vec<Slice>> {
        let axes = sample.len();
        let whole = |axis: usize| match channels {
            Some(Channels::First) => axis == 0,
            Some(Channels::Last) => axis + 1 == axes,
            None => false,
        };
        let slices = |axis: usize| -> Vec<Slice> {
            if whole(axis) {
                return vec![Slice::from(..)];
            }
            let end = |start: usize| sample[axis].min(start + self.window);
            (0..sample[axis]).step_by(self.stride).map(|start| Slice::from(start..end(start))).collect()
        };
        (0..axes).fold(vec![Vec::new()], |windows, axis| {
            let grown = |window: &Vec<Slice>| {
                let window = window.clone();
                slices(axis).into_iter().map(move |slice| [&window[..], &[slice]].concat())
            };
            windows.iter().flat_map(grown).collect()
        })
    }
}

/// Where the input keeps its channels, if a layer that reads it knows.
fn channel_axis<T: Float>(network: &Network<T>) -> Option<Channels> {
    let readers = network.nodes().iter().filter(|node| node.inputs().contains(&Value::INPUT));
    readers.map(Node::op).find_map(Op::channels)
}
