//! What the toolbox's model formats have in common: they hold a sequence of eight kinds of layers.
//!
//! Readers turn what they find into an [`Op`] with the functions below and hand it to [`Assembly`];
//! writers go through the [`Layer`]s of [`sequence`], which refuses what no such format can hold.

use lrp_core::{
    Channels, Convolution, Flatten, Linear, MaxPool, Network, NetworkBuilder, Op, SoftMax, SumPool, Ties,
    Value, Window,
};
use ndarray::{Array1, Array2, ArrayD};

use crate::error::{Error, Result};
use crate::limits::Limits;

/// A layer as the toolbox knows it; windows are `[rows, columns]`.
pub(super) enum Layer<'n> {
    /// Weights `[m, n]`, bias `[n]`.
    Linear {
        weights: &'n Array2<f64>,
        bias: &'n Array1<f64>,
    },
    /// Filters `[h, w, d, n]`, bias `[n]`.
    Convolution {
        filters: &'n ArrayD<f64>,
        bias: &'n Array1<f64>,
        stride: [usize; 2],
    },
    SumPool {
        size: [usize; 2],
        stride: [usize; 2],
    },
    MaxPool {
        size: [usize; 2],
        stride: [usize; 2],
    },
    Rect,
    Tanh,
    SoftMax,
    Flatten(Flatten),
}

/// The layers of a network in order; fails with the first that the toolbox does not have.
pub(super) fn sequence(network: &Network<f64>) -> Result<Vec<(&str, Layer<'_>)>> {
    let nodes = network.nodes().iter().enumerate();
    nodes
        .map(|(index, node)| {
            let layer = match node.inputs() == [Value::at(index)] {
                true => layer(node.op()),
                false => Err("the format holds only sequences: every layer reads the one before it"),
            };
            Ok((node.name(), layer.map_err(|reason| refused(node.name(), reason))?))
        })
        .collect()
}

/// An error that blames a layer.
pub(super) fn refused(node: &str, reason: &str) -> Error {
    Error::unsupported(format!("{node}: {reason}"))
}

/// The toolbox runs a rule stored with a layer where none is asked for; leaving it out would change results.
pub(super) fn stored_rule(rule: &str) -> Error {
    Error::unsupported(format!(
        "carries the rule {rule} in lrp_var, which a network does not hold; \
         set lrp_var to nothing and name the rule when explaining"
    ))
}

/// Why no other layer is written.
const FOREIGN: &str = "the format holds only the toolbox's own layers";

fn layer(op: &Op<f64>) -> Result<Layer<'_>, &'static str> {
    Ok(match op {
        Op::Linear(linear) => Layer::Linear { weights: linear.weights(), bias: linear.bias() },
        Op::Convolution(convolution) if convolution.groups() != 1 => {
            return Err("the format holds no groups");
        }
        Op::Convolution(convolution) if convolution.input_shift().is_some() => {
            return Err("the format holds no shift of a convolution's input");
        }
        Op::Convolution(convolution) => {
            let [_, stride] = plain(convolution.window(), convolution.channels())?;
            Layer::Convolution { filters: convolution.filters(), bias: convolution.bias(), stride }
        }
        Op::SumPool(pool) if pool.is_plain() => {
            return Err("the format holds sum pools with the toolbox's factor only");
        }
        Op::SumPool(pool) => {
            let [size, stride] = plain(pool.window(), pool.channels())?;
            Layer::SumPool { size, stride }
        }
        Op::MaxPool(pool) if pool.ties() != Ties::Share => {
            return Err("in the format all that tie for a maximum share relevance");
        }
        Op::MaxPool(pool) => {
            let [size, stride] = plain(pool.window(), pool.channels())?;
            Layer::MaxPool { size, stride }
        }
        Op::Rect(_) => Layer::Rect,
        Op::Tanh(_) => Layer::Tanh,
        Op::SoftMax(softmax) if *softmax != SoftMax::default() => {
            return Err("the format holds softmax along axis 1 only, and not its logarithm");
        }
        Op::SoftMax(_) => Layer::SoftMax,
        Op::Flatten(flatten) => Layer::Flatten(*flatten),
        Op::Add(_) => return Err("the format has no Add layer"),
        Op::TransposedConvolution(_) | Op::AveragePool(_) | Op::Reduce(_) => return Err(FOREIGN),
        Op::Activation(_) | Op::ParametricRect(_) | Op::Scaling(_) => return Err(FOREIGN),
        Op::Normalize(_) | Op::LocalResponse(_) | Op::Reshape(_) => return Err(FOREIGN),
        Op::Transpose(_) | Op::Gather(_) | Op::Concat(_) | Op::Resample(_) => return Err(FOREIGN),
        Op::Identity(_) | Op::Multiply(_) | Op::MatMul(_) => return Err(FOREIGN),
        Op::Embedding(_) | Op::Custom(_) => return Err(FOREIGN),
    })
}

/// Size and stride of a window the toolbox can describe.
fn plain(window: &Window, channels: Channels) -> Result<[[usize; 2]; 2], &'static str> {
    match (window.kernel(), window.stride()) {
        _ if channels != Channels::Last => Err("the format has its channels last"),
        (&[h, w], &[down, right]) if window.is_plain_2d() => Ok([[h, w], [down, right]]),
        _ => Err("the format holds windows over two axes, neither padded nor dilated nor rounded up"),
    }
}

pub(super) fn linear(weights: Array2<f64>, bias: Array1<f64>) -> Result<Op<f64>> {
    Ok(Linear::new(weights, bias)?.into())
}

pub(super) fn convolution(filters: ArrayD<f64>, bias: Array1<f64>, stride: [usize; 2]) -> Result<Op<f64>> {
    Ok(Convolution::new(filters, bias, &stride)?.into())
}

pub(super) fn sum_pool(size: [usize; 2], stride: [usize; 2]) -> Result<Op<f64>> {
    Ok(SumPool::new(Window::new(&size).strided(&stride), Channels::Last)?.into())
}

pub(super) fn max_pool(size: [usize; 2], stride: [usize; 2]) -> Result<Op<f64>> {
    Ok(MaxPool::new(Window::new(&size).strided(&stride), Channels::Last)?.into())
}

/// A model on its way from a file: layers are pushed in order, within the limits.
pub(super) struct Assembly {
    builder: NetworkBuilder<f64>,
    layers: usize,
    allowed: usize,
}

impl Assembly {
    pub(super) fn new(limits: &Limits) -> Self {
        let builder = NetworkBuilder::new();
        let builder = if limits.allow_not_finite { builder.allow_not_finite() } else { builder };
        Self { builder, layers: 0, allowed: limits.model_layers }
    }

    pub(super) fn push(&mut self, op: Op<f64>) -> Result<()> {
        if self.layers == self.allowed {
            return Err(Error::limit(format!("the model has more than {} layers", self.allowed)));
        }
        self.layers += 1;
        self.builder.push(op);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Network<f64>> {
        Ok(self.builder.build()?)
    }
}
