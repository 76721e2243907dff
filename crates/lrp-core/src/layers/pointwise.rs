//! Activations: functions of one number, applied everywhere.

use std::fmt::Debug;

use super::only;
use crate::elementwise::{combine, map};
use crate::error::Result;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// A function of one number; with it comes a [`Layer`] that applies it to every value.
///
/// Each output came from one place, so relevance passes such a layer unchanged.
pub trait Pointwise: Debug + Send + Sync {
    /// What composites select the layer by.
    fn kind(&self) -> Kind {
        Kind::Custom
    }

    /// `y = f(x)`
    fn value<T: Float>(&self, x: T) -> T;

    /// `f'(x)`, given `x` and `y = f(x)`.
    fn slope<T: Float>(&self, x: T, y: T) -> T;
}

/// `y = max(x, 0)`, the rectifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rect;

impl Pointwise for Rect {
    fn kind(&self) -> Kind {
        Kind::Rect
    }

    fn value<T: Float>(&self, x: T) -> T {
        // `max` would turn NaN, where it is allowed, into zero.
        if x <= T::zero() { T::zero() } else { x }
    }

    fn slope<T: Float>(&self, x: T, _: T) -> T {
        if x > T::zero() { T::one() } else { T::zero() }
    }
}

/// `y = tanh x`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tanh;

impl Pointwise for Tanh {
    fn kind(&self) -> Kind {
        Kind::Tanh
    }

    fn value<T: Float>(&self, x: T) -> T {
        x.tanh()
    }

    fn slope<T: Float>(&self, _: T, y: T) -> T {
        T::one() - y * y
    }
}

impl<T: Float, P: Pointwise> Layer<T> for P {
    fn kind(&self) -> Kind {
        Pointwise::kind(self)
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(only(inputs)?.to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        map(&inputs[0], |x| self.value(x))
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![relevance]))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let slope = |g, x, y| g * self.slope(x, y);
        vec![combine(&upstream, &record.inputs[0], &record.output, slope)]
    }
}
