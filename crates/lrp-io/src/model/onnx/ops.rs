//! Operators, a row each: how a node becomes layers, or numbers.

use crate::error::{Error, Result};

use super::context::Context;
use super::operand::Operand;

mod arithmetic;
mod blocks;
mod convolution;
mod elementwise;
mod joining;
mod logic;
mod normalization;
mod picking;
mod pooling;
mod products;
mod reductions;
mod resizing;
mod shaping;
mod sources;

/// How nodes of an operator are translated.
#[derive(Clone, Copy)]
enum Translate {
    /// To the first output; others, which only training reads, are not computed.
    One(fn(&mut Context<'_, '_>) -> Result<Operand>),
    /// To all outputs.
    Many(fn(&mut Context<'_, '_>) -> Result<Vec<Operand>>),
}
use Translate::{Many, One};

/// Every operator that is read.
const OPERATORS: &[(&str, Translate)] = &[
    // Layers with weights
    ("Conv", One(convolution::convolution)),
    ("ConvTranspose", One(convolution::transposed)),
    ("Gemm", One(products::gemm)),
    ("MatMul", One(products::matmul)),
    // Windows
    ("MaxPool", One(pooling::maximum)),
    ("AveragePool", One(pooling::average)),
    ("LpPool", One(pooling::norm)),
    ("GlobalMaxPool", One(pooling::global_maximum)),
    ("GlobalAveragePool", One(pooling::global_average)),
    ("GlobalLpPool", One(pooling::global_norm)),
    // Axes as a whole
    ("ReduceSum", One(reductions::sum)),
    ("ReduceMean", One(reductions::mean)),
    ("ReduceMax", One(reductions::maximum)),
    ("ReduceProd", One(reductions::product)),
    ("Softmax", One(reductions::softmax)),
    ("LogSoftmax", One(reductions::logarithm_of_softmax)),
    ("BatchNormalization", One(normalization::batch)),
    ("InstanceNormalization", One(normalization::instance)),
    ("GroupNormalization", One(normalization::group)),
    ("LayerNormalization", One(normalization::layer)),
    ("LRN", One(normalization::local_response)),
    // Functions of one number
    ("Relu", One(elementwise::rect)),
    ("Tanh", One(elementwise::tanh)),
    ("LeakyRelu", One(elementwise::function)),
    ("Elu", One(elementwise::function)),
    ("Selu", One(elementwise::function)),
    ("Celu", One(elementwise::function)),
    ("Sigmoid", One(elementwise::function)),
    ("HardSigmoid", One(elementwise::function)),
    ("HardSwish", One(elementwise::function)),
    ("Softplus", One(elementwise::function)),
    ("Softsign", One(elementwise::function)),
    ("Gelu", One(elementwise::function)),
    ("Mish", One(elementwise::function)),
    ("Erf", One(elementwise::function)),
    ("Exp", One(elementwise::function)),
    ("Log", One(elementwise::function)),
    ("Sqrt", One(elementwise::function)),
    ("Abs", One(elementwise::function)),
    ("Reciprocal", One(elementwise::function)),
    ("PRelu", One(elementwise::parametric)),
    ("Clip", One(elementwise::clip)),
    ("Identity", One(elementwise::identity)),
    ("Dropout", One(elementwise::dropout)),
    ("Cast", One(elementwise::cast)),
    ("Neg", One(arithmetic::negative)),
    // Arithmetic
    ("Add", One(arithmetic::add)),
    ("Sub", One(arithmetic::subtract)),
    ("Mul", One(arithmetic::multiply)),
    ("Div", One(arithmetic::divide)),
    ("Pow", One(arithmetic::power)),
    ("Sum", One(arithmetic::sum)),
    ("Mean", One(arithmetic::mean)),
    ("Min", One(arithmetic::minimum)),
    ("Max", One(arithmetic::maximum)),
    // Shapes
    ("Reshape", One(shaping::reshape)),
    ("Flatten", One(shaping::flatten)),
    ("Squeeze", One(shaping::squeeze)),
    ("Unsqueeze", One(shaping::unsqueeze)),
    ("Transpose", One(shaping::transpose)),
    ("Expand", One(picking::expand)),
    ("Tile", One(picking::tile)),
    ("Slice", One(picking::slice)),
    ("Gather", One(picking::look_up)),
    ("Split", Many(picking::split)),
    ("Pad", One(picking::pad)),
    ("Concat", One(joining::concat)),
    ("DepthToSpace", One(blocks::to_space)),
    ("SpaceToDepth", One(blocks::to_depth)),
    ("Resize", One(resizing::resize)),
    ("Upsample", One(resizing::upsample)),
    // What is known without any input, or of shapes
    ("Constant", One(sources::constant)),
    ("ConstantOfShape", One(sources::constant_of_shape)),
    ("Range", One(sources::range)),
    ("Shape", One(sources::shape)),
    ("Size", One(sources::size)),
    // On what is known only
    ("Where", One(logic::choose)),
    ("Equal", One(logic::compare)),
    ("Greater", One(logic::compare)),
    ("GreaterOrEqual", One(logic::compare)),
    ("Less", One(logic::compare)),
    ("LessOrEqual", One(logic::compare)),
    ("And", One(logic::compare)),
    ("Or", One(logic::compare)),
    ("Mod", One(logic::compare)),
    ("Not", One(logic::round)),
    ("Floor", One(logic::round)),
    ("Ceil", One(logic::round)),
    ("Round", One(logic::round)),
    ("Sign", One(logic::round)),
    ("Sin", One(logic::round)),
    ("Cos", One(logic::round)),
];

/// Operators that are known and refused, and why.
const REFUSED: &[(&str, &str)] = &[
    ("ArgMax", "an index within a network cannot be explained; at its end it is dropped"),
    ("If", "control flow is not read"),
    ("Loop", "control flow is not read"),
    ("Scan", "control flow is not read"),
    ("QLinearConv", "quantised weights are not read"),
    ("QLinearMatMul", "quantised weights are not read"),
    ("DequantizeLinear", "quantised weights are not read"),
    ("QuantizeLinear", "quantised weights are not read"),
    ("LSTM", "recurrent layers are not read"),
    ("GRU", "recurrent layers are not read"),
    ("RNN", "recurrent layers are not read"),
];

/// Whether a domain is the one of the standard operators.
pub(super) fn is_standard(domain: &str) -> bool {
    matches!(domain, "" | "ai.onnx")
}

/// Why an operator is not read; `None` if it is.
pub(super) fn reason_against(domain: &str, operator: &str) -> Option<&'static str> {
    if !is_standard(domain) {
        return Some("only standard operators are read");
    }
    if OPERATORS.iter().any(|(name, _)| *name == operator) {
        return None;
    }
    let refused = REFUSED.iter().find(|(name, _)| *name == operator);
    Some(refused.map_or("it is not one of those that are read", |(_, reason)| reason))
}

/// What a node writes.
pub(super) fn translate(mut context: Context<'_, '_>) -> Result<Vec<Operand>> {
    let row = OPERATORS.iter().find(|(name, _)| *name == context.operator);
    match row.map(|(_, translate)| translate) {
        Some(One(translate)) => Ok(vec![translate(&mut context)?]),
        Some(Many(translate)) => translate(&mut context),
        None => Err(Error::unsupported("is not read")),
    }
}
