//! The built-in layers, one a file, and the enum that holds them.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::layer::Layer;
use crate::tensor::Float;

mod add;
mod convolution;
mod flatten;
mod linear;
mod max_pool;
mod pointwise;
mod softmax;
mod sum_pool;

pub use add::Add;
pub use convolution::Convolution;
pub use flatten::Flatten;
pub use linear::Linear;
pub use max_pool::MaxPool;
pub use pointwise::{Pointwise, Rect, Tanh};
pub use softmax::SoftMax;
pub use sum_pool::SumPool;

/// Every layer a network can be made of.
///
/// Writers and trainers match on it exhaustively, so the compiler lists what a new layer owes them.
#[derive(Clone, Debug)]
pub enum Op<T: Float> {
    /// `x W + b`
    Linear(Linear<T>),
    /// Cross-correlation with filters, plus bias.
    Convolution(Convolution<T>),
    /// Scaled sum over windows.
    SumPool(SumPool),
    /// Maximum over windows.
    MaxPool(MaxPool),
    /// `max(x, 0)`
    Rect(Rect),
    /// `tanh x`
    Tanh(Tanh),
    /// `exp x / Σ exp x`
    SoftMax(SoftMax),
    /// `[n, …]` as `[n, features]`.
    Flatten(Flatten),
    /// Sum of all inputs.
    Add(Add),
    /// A layer of the user's own.
    Custom(Arc<dyn Layer<T>>),
}

impl<T: Float> Op<T> {
    /// The layer inside.
    #[must_use]
    pub fn layer(&self) -> &dyn Layer<T> {
        match self {
            Self::Linear(layer) => layer,
            Self::Convolution(layer) => layer,
            Self::SumPool(layer) => layer,
            Self::MaxPool(layer) => layer,
            Self::Rect(layer) => layer,
            Self::Tanh(layer) => layer,
            Self::SoftMax(layer) => layer,
            Self::Flatten(layer) => layer,
            Self::Add(layer) => layer,
            Self::Custom(layer) => &**layer,
        }
    }

    /// How many numbers were trained.
    #[must_use]
    pub fn parameters(&self) -> usize {
        match self {
            Self::Linear(layer) => layer.weights().len() + layer.bias().len(),
            Self::Convolution(layer) => layer.filters().len() + layer.bias().len(),
            Self::SumPool(_) | Self::MaxPool(_) | Self::Rect(_) | Self::Tanh(_) => 0,
            Self::SoftMax(_) | Self::Flatten(_) | Self::Add(_) | Self::Custom(_) => 0,
        }
    }

    /// The same layer with its weights rounded to another number type.
    ///
    /// # Errors
    /// A custom layer exists in one number type only.
    pub fn cast<U: Float>(&self) -> Result<Op<U>> {
        Ok(match self {
            Self::Linear(layer) => Op::Linear(layer.cast()),
            Self::Convolution(layer) => Op::Convolution(layer.cast()),
            Self::SumPool(layer) => Op::SumPool(layer.clone()),
            Self::MaxPool(layer) => Op::MaxPool(layer.clone()),
            Self::Rect(layer) => Op::Rect(*layer),
            Self::Tanh(layer) => Op::Tanh(*layer),
            Self::SoftMax(layer) => Op::SoftMax(*layer),
            Self::Flatten(layer) => Op::Flatten(*layer),
            Self::Add(layer) => Op::Add(*layer),
            Self::Custom(_) => {
                return Err(Error::cast(format!("a custom {} layer has no {} form", T::NAME, U::NAME)));
            }
        })
    }
}

/// Wraps a built-in layer, so that `Rect.into()` is a node's worth of network.
macro_rules! into_op {
    ($($layer:ident $(<$t:ident>)?),* $(,)?) => {$(
        impl<T: Float> From<$layer $(<$t>)?> for Op<T> {
            fn from(layer: $layer $(<$t>)?) -> Self {
                Op::$layer(layer)
            }
        }
    )*};
}
into_op!(Linear<T>, Convolution<T>, SumPool, MaxPool, Rect, Tanh, SoftMax, Flatten, Add);

/// The one input shape of a layer that takes one input.
fn only<'s>(inputs: &[&'s [usize]]) -> Result<&'s [usize]> {
    match inputs {
        [shape] => Ok(shape),
        _ => Err(Error::shape(format!("takes one input, not {}", inputs.len()))),
    }
}

/// The first NaN or infinity of an array, in words.
fn not_finite<'a, T: Float>(what: &str, mut values: impl Iterator<Item = &'a T>) -> Option<String> {
    let index = values.position(|value| !value.is_finite())?;
    Some(format!("{what} holds NaN or infinity at index {index}"))
}
