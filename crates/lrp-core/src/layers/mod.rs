//! The built-in layers, one a file, and the enum that holds them.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::layer::{Layer, Record};
use crate::parameters::{Parameters, ParametersView};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

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

    /// The forward pass, followed by a rectifier if asked for.
    pub(crate) fn forward(
        &self,
        inputs: &[TensorView<'_, T>],
        site: Site<'_, T>,
        rectify: bool,
    ) -> Tensor<T> {
        match self {
            Self::Convolution(layer) => layer.forward_rectified(inputs, site, rectify),
            op if rectify => op.layer().forward(inputs, site).mapv_into(|x| Rect.value(x)),
            op => op.layer().forward(inputs, site),
        }
    }

    /// How many numbers were trained.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.weights_and_bias().map_or(0, |learned| learned.weights.len() + learned.bias.len())
    }

    /// What the layer learned; `None` if there is nothing to learn in it.
    #[must_use]
    pub fn weights_and_bias(&self) -> Option<ParametersView<'_, T>> {
        let (weights, bias) = match self {
            Self::Linear(layer) => (layer.weights().view().into_dyn(), layer.bias()),
            Self::Convolution(layer) => (layer.filters().view(), layer.bias()),
            Self::SumPool(_) | Self::MaxPool(_) | Self::Rect(_) | Self::Tanh(_) => return None,
            Self::SoftMax(_) | Self::Flatten(_) | Self::Add(_) | Self::Custom(_) => return None,
        };
        Some(ParametersView { weights, bias: bias.view() })
    }

    /// The product of `upstream`, shaped like the output, with the derivative of the output by what the layer
    /// learned; `None` if there is nothing to learn in it.
    #[must_use]
    pub fn parameter_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: TensorView<'_, T>,
    ) -> Option<Parameters<T>> {
        match self {
            Self::Linear(_) => Some(Linear::parameter_gradient(record, upstream)),
            Self::Convolution(layer) => Some(layer.parameter_gradient(record, upstream)),
            Self::SumPool(_) | Self::MaxPool(_) | Self::Rect(_) | Self::Tanh(_) => None,
            Self::SoftMax(_) | Self::Flatten(_) | Self::Add(_) | Self::Custom(_) => None,
        }
    }

    /// What the toolbox's `backward` hands to the layer below; see [`Trace::toolbox_backward`].
    ///
    /// [`Trace::toolbox_backward`]: crate::Trace::toolbox_backward
    pub(crate) fn toolbox_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: TensorView<'_, T>,
    ) -> Vec<Tensor<T>> {
        match self {
            Self::Linear(linear) => {
                let (inputs, outputs) = linear.weights().dim();
                #[expect(clippy::cast_precision_loss, reason = "a layer has far fewer than 2^52 inputs")]
                let scale = (inputs as f64).sqrt() / (outputs as f64).sqrt();
                let gradient = linear.gradient(record, upstream);
                gradient.into_iter().map(|g| g * T::of(scale)).collect()
            }
            Self::MaxPool(pool) => vec![pool.to_winners(record, upstream, false)],
            Self::SoftMax(_) => vec![upstream.to_owned()],
            op => op.layer().gradient(record, upstream),
        }
    }

    pub(crate) fn map_parameters(self, f: impl FnOnce(Parameters<T>) -> Parameters<T>) -> Result<Self> {
        Ok(match self {
            Self::Linear(layer) => Self::Linear(layer.map_parameters(f)?),
            Self::Convolution(layer) => Self::Convolution(layer.map_parameters(f)?),
            op @ (Self::SumPool(_) | Self::MaxPool(_) | Self::Rect(_) | Self::Tanh(_)) => op,
            op @ (Self::SoftMax(_) | Self::Flatten(_) | Self::Add(_) | Self::Custom(_)) => op,
        })
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
