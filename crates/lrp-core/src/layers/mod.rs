//! The built-in layers, one a file, and the enum that holds them.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::layer::{Layer, Record};
use crate::parameters::{Parameters, ParametersView};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::Channels;

mod activation;
mod add;
mod average_pool;
mod concat;
mod contrast;
mod convolution;
mod correlation;
mod curves;
mod embedding;
mod flatten;
mod gather;
mod halves;
mod identity;
mod instances;
mod linear;
mod lines;
mod local_response;
mod mat_mul;
mod max_pool;
mod multiply;
mod normalize;
mod parametric_rect;
mod pointwise;
mod reduce;
mod resample;
mod reshape;
mod rows;
mod scaling;
mod softmax;
mod spread;
mod sum_pool;
mod ties;
mod transpose;
mod transposed_convolution;

pub use activation::{Activation, Function};
pub use add::Add;
pub use average_pool::AveragePool;
pub use concat::Concat;
pub use convolution::Convolution;
pub use embedding::Embedding;
pub use flatten::Flatten;
pub use gather::Gather;
pub use identity::Identity;
pub(crate) use instances::Layers;
pub use linear::Linear;
pub use local_response::LocalResponse;
pub use mat_mul::MatMul;
pub use max_pool::MaxPool;
pub use multiply::Multiply;
pub use normalize::Normalize;
pub use parametric_rect::ParametricRect;
pub use pointwise::{Pointwise, Rect, Tanh};
pub use reduce::{Reduce, Reduction};
pub use resample::{Blend, Resample};
pub use reshape::Reshape;
pub use scaling::Scaling;
pub use softmax::SoftMax;
pub use sum_pool::SumPool;
pub use ties::Ties;
pub use transpose::Transpose;
pub use transposed_convolution::TransposedConvolution;

pub(crate) use ties::Award;

/// Every layer a network can be made of.
///
/// Writers and trainers match on it exhaustively, so the compiler lists what a new layer owes them.
#[derive(Clone, Debug)]
pub enum Op<T: Float> {
    /// `x W + b`
    Linear(Linear<T>),
    /// Cross-correlation with filters, plus bias.
    Convolution(Convolution<T>),
    /// The transpose of that, plus bias.
    TransposedConvolution(TransposedConvolution<T>),
    /// Rows of a table, looked up by number.
    Embedding(Embedding<T>),
    /// Scaled sum over windows.
    SumPool(SumPool),
    /// Mean over windows.
    AveragePool(AveragePool),
    /// Maximum over windows.
    MaxPool(MaxPool),
    /// Sum, mean or maximum along whole axes.
    Reduce(Reduce),
    /// `max(x, 0)`
    Rect(Rect),
    /// `tanh x`
    Tanh(Tanh),
    /// Any other function of one number.
    Activation(Activation),
    /// A rectifier whose slope below zero was learned.
    ParametricRect(ParametricRect<T>),
    /// `exp x / Σ exp x`, or its logarithm.
    SoftMax(SoftMax),
    /// `factor · x + shift`
    Scaling(Scaling<T>),
    /// Mean zero and variance one along axes.
    Normalize(Normalize),
    /// Division by the energy of neighbouring channels.
    LocalResponse(LocalResponse),
    /// `[n, …]` as `[n, features]`.
    Flatten(Flatten),
    /// Samples in another shape.
    Reshape(Reshape),
    /// Axes in another order.
    Transpose(Transpose),
    /// Entries picked by their position.
    Gather(Gather),
    /// Inputs side by side.
    Concat(Concat),
    /// Interpolation.
    Resample(Resample),
    /// Nothing.
    Identity(Identity),
    /// Sum of all inputs.
    Add(Add),
    /// Product of two inputs.
    Multiply(Multiply),
    /// Matrix product of two inputs.
    MatMul(MatMul),
    /// A layer of the user's own.
    Custom(Arc<dyn Layer<T>>),
}

/// The layers in which nothing is learned here; what was learned elsewhere may well be in them.
macro_rules! unlearned {
    () => {
        Self::SumPool(_)
            | Self::AveragePool(_)
            | Self::MaxPool(_)
            | Self::Reduce(_)
            | Self::Rect(_)
            | Self::Tanh(_)
            | Self::Activation(_)
            | Self::ParametricRect(_)
            | Self::SoftMax(_)
            | Self::Scaling(_)
            | Self::Normalize(_)
            | Self::LocalResponse(_)
            | Self::Flatten(_)
            | Self::Reshape(_)
            | Self::Transpose(_)
            | Self::Gather(_)
            | Self::Concat(_)
            | Self::Resample(_)
            | Self::Identity(_)
            | Self::Add(_)
            | Self::Multiply(_)
            | Self::MatMul(_)
            | Self::Custom(_)
    };
}

impl<T: Float> Op<T> {
    /// The layer inside.
    #[must_use]
    pub fn layer(&self) -> &dyn Layer<T> {
        T::layer(self)
    }

    fn choose_layer(&self) -> &dyn Layer<T> {
        match self {
            Self::Linear(layer) => layer,
            Self::Convolution(layer) => layer,
            Self::TransposedConvolution(layer) => layer,
            Self::Embedding(layer) => layer,
            Self::SumPool(layer) => layer,
            Self::AveragePool(layer) => layer,
            Self::MaxPool(layer) => layer,
            Self::Reduce(layer) => layer,
            Self::Rect(layer) => layer,
            Self::Tanh(layer) => layer,
            Self::Activation(layer) => layer,
            Self::ParametricRect(layer) => layer,
            Self::SoftMax(layer) => layer,
            Self::Scaling(layer) => layer,
            Self::Normalize(layer) => layer,
            Self::LocalResponse(layer) => layer,
            Self::Flatten(layer) => layer,
            Self::Reshape(layer) => layer,
            Self::Transpose(layer) => layer,
            Self::Gather(layer) => layer,
            Self::Concat(layer) => layer,
            Self::Resample(layer) => layer,
            Self::Identity(layer) => layer,
            Self::Add(layer) => layer,
            Self::Multiply(layer) => layer,
            Self::MatMul(layer) => layer,
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
        T::forward(self, inputs, site, rectify)
    }

    fn choose_forward(&self, inputs: &[TensorView<'_, T>], site: Site<'_, T>, rectify: bool) -> Tensor<T> {
        match self {
            Self::Convolution(layer) => layer.forward_rectified(inputs, site, rectify),
            Self::TransposedConvolution(layer) => layer.forward_rectified(inputs, site, rectify),
            Self::Add(_) => Add::forward_rectified(inputs, rectify),
            op if rectify => op.choose_layer().forward(inputs, site).mapv_into(|x| Rect.value(x)),
            op => op.choose_layer().forward(inputs, site),
        }
    }

    /// Where the layer's input has its channels, if the layer knows.
    #[must_use]
    pub fn channels(&self) -> Option<Channels> {
        match self {
            Self::Convolution(layer) => Some(layer.channels()),
            Self::TransposedConvolution(layer) => Some(layer.channels()),
            Self::SumPool(layer) => Some(layer.channels()),
            Self::AveragePool(layer) => Some(layer.channels()),
            Self::MaxPool(layer) => Some(layer.channels()),
            _ => None,
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
            Self::Linear(layer) => (layer.weights().view().into_dyn(), layer.bias().view()),
            Self::Convolution(layer) => (layer.filters().view(), layer.bias().view()),
            Self::TransposedConvolution(layer) => (layer.filters().view(), layer.bias().view()),
            Self::Embedding(layer) => (layer.table().view().into_dyn(), Embedding::no_bias()),
            unlearned!() => return None,
        };
        Some(ParametersView { weights, bias })
    }

    /// The product of `upstream`, shaped like the output, with the derivative of the output by what the layer
    /// learned; `None` if there is nothing to learn in it.
    #[must_use]
    pub fn parameter_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: TensorView<'_, T>,
    ) -> Option<Parameters<T>> {
        T::parameter_gradient(self, record, upstream)
    }

    fn choose_parameter_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: TensorView<'_, T>,
    ) -> Option<Parameters<T>> {
        match self {
            Self::Linear(_) => Some(Linear::parameter_gradient(record, upstream)),
            Self::Convolution(layer) => Some(layer.parameter_gradient(record, upstream)),
            Self::TransposedConvolution(layer) => Some(layer.parameter_gradient(record, upstream)),
            Self::Embedding(layer) => Some(layer.parameter_gradient(record, &upstream)),
            unlearned!() => None,
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
        T::toolbox_gradient(self, record, upstream)
    }

    fn choose_toolbox_gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        match self {
            Self::Linear(linear) => {
                let (inputs, outputs) = linear.weights().dim();
                #[expect(clippy::cast_precision_loss, reason = "a layer has far fewer than 2^52 inputs")]
                let scale = (inputs as f64).sqrt() / (outputs as f64).sqrt();
                let gradient = linear.gradient(record, upstream);
                gradient.into_iter().map(|g| g * T::of(scale)).collect()
            }
            Self::MaxPool(pool) => vec![pool.to_winners(record, upstream, Award::Each)],
            Self::SoftMax(_) => vec![upstream.to_owned()],
            op => op.choose_layer().gradient(record, upstream),
        }
    }

    pub(crate) fn map_parameters(self, f: impl FnOnce(Parameters<T>) -> Parameters<T>) -> Result<Self> {
        Ok(match self {
            Self::Linear(layer) => Self::Linear(layer.map_parameters(f)?),
            Self::Convolution(layer) => Self::Convolution(layer.map_parameters(f)?),
            Self::TransposedConvolution(layer) => Self::TransposedConvolution(layer.map_parameters(f)?),
            Self::Embedding(layer) => Self::Embedding(layer.map_parameters(f)?),
            op @ unlearned!() => op,
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
            Self::TransposedConvolution(layer) => Op::TransposedConvolution(layer.cast()),
            Self::Embedding(layer) => Op::Embedding(layer.cast()),
            Self::SumPool(layer) => Op::SumPool(layer.clone()),
            Self::AveragePool(layer) => Op::AveragePool(layer.clone()),
            Self::MaxPool(layer) => Op::MaxPool(layer.clone()),
            Self::Reduce(layer) => Op::Reduce(layer.clone()),
            Self::Rect(layer) => Op::Rect(*layer),
            Self::Tanh(layer) => Op::Tanh(*layer),
            Self::Activation(layer) => Op::Activation(*layer),
            Self::ParametricRect(layer) => Op::ParametricRect(layer.cast()),
            Self::SoftMax(layer) => Op::SoftMax(*layer),
            Self::Scaling(layer) => Op::Scaling(layer.cast()),
            Self::Normalize(layer) => Op::Normalize(layer.clone()),
            Self::LocalResponse(layer) => Op::LocalResponse(*layer),
            Self::Flatten(layer) => Op::Flatten(*layer),
            Self::Reshape(layer) => Op::Reshape(layer.clone()),
            Self::Transpose(layer) => Op::Transpose(layer.clone()),
            Self::Gather(layer) => Op::Gather(layer.clone()),
            Self::Concat(layer) => Op::Concat(*layer),
            Self::Resample(layer) => Op::Resample(layer.clone()),
            Self::Identity(layer) => Op::Identity(*layer),
            Self::Add(layer) => Op::Add(*layer),
            Self::Multiply(layer) => Op::Multiply(*layer),
            Self::MatMul(layer) => Op::MatMul(*layer),
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
into_op!(
    Linear<T>,
    Convolution<T>,
    TransposedConvolution<T>,
    Embedding<T>,
    SumPool,
    AveragePool,
    MaxPool,
    Reduce
);
into_op!(Rect, Tanh, Activation, ParametricRect<T>, SoftMax, Scaling<T>, Normalize, LocalResponse);
into_op!(Flatten, Reshape, Transpose, Gather, Concat, Resample, Identity, Add, Multiply, MatMul);

/// The one input shape of a layer that takes one input.
fn only<'s>(inputs: &[&'s [usize]]) -> Result<&'s [usize]> {
    match inputs {
        [shape] => Ok(shape),
        _ => Err(Error::shape(format!("takes one input, not {}", inputs.len()))),
    }
}

/// Refuses to do something along the axis of the batch, since samples must not see each other.
fn not_the_batch(what: &str, mut axes: impl Iterator<Item = usize>) -> Result<()> {
    match axes.any(|axis| axis == 0) {
        true => Err(Error::shape(format!("cannot {what} axis 0, the batch"))),
        false => Ok(()),
    }
}

/// Refuses an array that does not broadcast to one sample of an input, as numpy would.
fn broadcasts(what: &str, shape: &[usize], input: &[usize]) -> Result<()> {
    let sample = input.get(1..).unwrap_or_default();
    let fits = |(&own, &size): (&usize, &usize)| own == size || own == 1;
    if shape.len() <= sample.len() && shape.iter().rev().zip(sample.iter().rev()).all(fits) {
        return Ok(());
    }
    Err(Error::shape(format!("{what} {shape:?} do not broadcast to a sample of shape {sample:?}")))
}

/// The first NaN or infinity of an array, in words.
fn not_finite<'a, T: Float>(what: &str, mut values: impl Iterator<Item = &'a T>) -> Option<String> {
    let index = values.position(|value| !value.is_finite())?;
    Some(format!("{what} holds NaN or infinity at index {index}"))
}
