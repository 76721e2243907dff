#![doc = include_str!("../README.md")]

mod tensor;
mod elementwise;
mod lens;
mod site;
mod layer;
mod layers;
mod window;
mod parameters;
mod network;
mod trace;
mod error;
#[expect(unsafe_code, reason = "vector registers and threads; nowhere else")]
mod kernels;
#[cfg(feature = "nalgebra")]
pub mod nalgebra;

pub use elementwise::{blank, broadcast, combine, joined, map, recycle, update, write};
pub use error::{Error, ErrorKind, Result};
pub use kernels::{Kernels, peak_rate};
pub use layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record, Route};
pub use layers::{
    Activation, Add, AveragePool, Blend, Concat, Convolution, Embedding, Flatten, Function, Gather, Identity,
    Linear, LocalResponse, MatMul, MaxPool, Multiply, Normalize, Op, ParametricRect, Pointwise, Rect, Reduce,
    Reduction, Resample, Reshape, Scaling, SoftMax, SumPool, Tanh, Ties, Transpose, TransposedConvolution,
};
pub use lens::{Lenses, WeightLens};
pub use network::{Network, NetworkBuilder, Node, Value};
pub use parameters::{Parameters, ParametersView};
pub use site::{Memo, Prepared, Site};
pub use tensor::{Float, Tensor, TensorView, cast};
pub use trace::Trace;
pub use window::{Channels, Window};
