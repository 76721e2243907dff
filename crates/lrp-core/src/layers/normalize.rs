//! Mean zero and variance one, within each sample.

use ndarray::CowArray;

use super::contrast::{Contrast, sum};
use super::only;
use crate::elementwise::broadcast;
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Mix, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y = (x − mean) / √(variance + ε)` over some axes of a sample: layer, instance and group normalization; or the
/// centring `y = x − mean` alone.
///
/// Gain and bias are a [`Scaling`](crate::Scaling) behind it. To rules this is the centring of values divided by a
/// constant, the deviation as it was recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalize {
    over: Over,
    /// Nothing where deviations stay as they are.
    epsilon: Option<f64>,
}

/// What shares a mean.
#[derive(Clone, Debug, PartialEq)]
enum Over {
    Axes(Vec<usize>),
    Groups(usize),
}

impl Over {
    fn axes(mut axes: Vec<usize>) -> Self {
        axes.sort_unstable();
        axes.dedup();
        Self::Axes(axes)
    }
}

/// Mean and one over the deviation, with axes of size one where they were taken.
struct Moments<T> {
    mean: Tensor<T>,
    scale: Tensor<T>,
}

impl Normalize {
    /// Over these axes, the batch being axis 0, which cannot be among them.
    #[must_use]
    pub fn new(axes: Vec<usize>, epsilon: f64) -> Self {
        Self { over: Over::axes(axes), epsilon: Some(epsilon) }
    }

    /// Mean zero and nothing else, over these axes.
    #[must_use]
    pub fn centring(axes: Vec<usize>) -> Self {
        Self { over: Over::axes(axes), epsilon: None }
    }

    /// Over all of space and over the channels, axis 1, in so many groups.
    #[must_use]
    pub fn grouped(groups: usize, epsilon: f64) -> Self {
        Self { over: Over::Groups(groups), epsilon: Some(epsilon) }
    }

    /// The axes that share a mean; `None` if channels are divided into groups.
    #[must_use]
    pub fn axes(&self) -> Option<&[usize]> {
        match &self.over {
            Over::Axes(axes) => Some(axes),
            Over::Groups(_) => None,
        }
    }

    /// Into how many groups the channels are divided; `None` if they are not.
    #[must_use]
    pub fn groups(&self) -> Option<usize> {
        match self.over {
            Over::Axes(_) => None,
            Over::Groups(groups) => Some(groups),
        }
    }

    /// What is added to the variance; `None` where that stays as it is.
    #[must_use]
    pub fn epsilon(&self) -> Option<f64> {
        self.epsilon
    }

    /// A shape in which what shares a mean lies along whole axes, and these axes.
    fn split(&self, shape: &[usize]) -> (Vec<usize>, Vec<usize>) {
        match &self.over {
            Over::Axes(axes) => (shape.to_vec(), axes.clone()),
            Over::Groups(groups) => {
                let split = [&[shape[0], *groups, shape[1] / groups], &shape[2..]].concat();
                let axes = (2..split.len()).collect();
                (split, axes)
            }
        }
    }

    fn moments<T: Float>(&self, x: &TensorView<'_, T>, axes: &[usize]) -> Moments<T> {
        let share = share::<T>(x.shape(), axes);
        let mean = sum(&x.to_owned(), axes) * share;
        let Some(epsilon) = self.epsilon.map(T::of) else {
            return Moments { scale: Tensor::ones(mean.raw_dim()), mean };
        };
        let squares = broadcast(x, &mean.view(), &mean.view(), |x, mean, _| (x - mean) * (x - mean));
        let variance = sum(&squares, axes) * share;
        Moments { mean, scale: variance.mapv(|v| T::one() / (v + epsilon).sqrt()) }
    }
}

/// One over the number of values along some axes.
fn share<T: Float>(shape: &[usize], axes: &[usize]) -> T {
    let count: usize = axes.iter().map(|&axis| shape[axis]).product();
    #[expect(clippy::cast_precision_loss, reason = "a sample has far fewer than 2^52 values")]
    T::of(1.0 / count as f64)
}

fn shaped<'a, T: Float>(array: &'a TensorView<'_, T>, shape: &[usize]) -> CowArray<'a, T, ndarray::IxDyn> {
    array.to_shape(shape).expect("one axis is split, or put together again")
}

impl<T: Float> Layer<T> for Normalize {
    fn kind(&self) -> Kind {
        Kind::Normalize
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        match &self.over {
            Over::Axes(axes) if axes.is_empty() => Err(Error::shape("normalizes over no axis")),
            Over::Axes(axes) if axes[0] == 0 => Err(Error::shape("cannot normalize over axis 0, the batch")),
            Over::Axes(axes) if axes.iter().any(|&axis| axis >= input.len()) => {
                Err(Error::shape(format!("input has shape {input:?}, which lacks one of the axes {axes:?}")))
            }
            Over::Groups(groups) => match input {
                [_, channels, ..] if *groups > 0 && channels.is_multiple_of(*groups) => Ok(input.to_vec()),
                _ => Err(Error::shape(format!(
                    "input has shape {input:?}, expected [batch, channels, ..] with channels in {groups} groups"
                ))),
            },
            Over::Axes(_) => Ok(input.to_vec()),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let (shape, axes) = self.split(inputs[0].shape());
        let x = shaped(&inputs[0], &shape);
        let Moments { mean, scale } = self.moments(&x.view(), &axes);
        let y = broadcast(&x.view(), &mean.view(), &scale.view(), |x, mean, scale| (x - mean) * scale);
        shaped(&y.view(), inputs[0].shape()).into_owned()
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let (shape, axes) = self.split(record.inputs[0].shape());
        let share = share::<T>(&shape, &axes);
        let scale = self.moments(&shaped(&record.inputs[0], &shape).view(), &axes).scale;
        let diagonal = scale.mapv(|scale| (T::one() - share) * scale);
        let right = Tensor::from_elem(vec![1; shape.len()], share);
        let map = Contrast { diagonal, left: scale, right, bias: None, shape, axes };
        Flow::Mix(Mix { map: Box::new(map), z: Some(record.output.view()) })
    }

    /// `(g − mean g − y mean(g y)) · scale`; the last term comes from the deviation, where there is one.
    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let (shape, axes) = self.split(record.inputs[0].shape());
        let share = share::<T>(&shape, &axes);
        let scale = self.moments(&shaped(&record.inputs[0], &shape).view(), &axes).scale;
        let (y, g) = (shaped(&record.output, &shape), shaped(&upstream, &shape));
        let mean = sum(&g.to_owned(), &axes) * share;
        let mut back = &g - &mean;
        if self.epsilon.is_some() {
            let along = sum(&(&g * &y), &axes) * share;
            back -= &(&y * &along);
        }
        back *= &scale;
        vec![shaped(&back.view(), record.inputs[0].shape()).into_owned()]
    }

    fn find_not_finite(&self) -> Option<String> {
        let bad = self.epsilon.is_some_and(|epsilon| !epsilon.is_finite());
        bad.then(|| "epsilon is NaN or infinite".to_owned())
    }
}
