//! What each layer becomes.

use lrp_core::{
    AveragePool, Channels, Convolution, Flatten, Function, Linear, Node, Op, Reduce, Reduction, SumPool,
    Value, Window,
};
use ndarray::{ArrayD, arr0};

use crate::model::onnx::proto::Attribute;

use super::attributes::{integer, integers, real, text};
use super::{Refusal, Turned, Writer};

/// Why some layers are not written.
const UNWRITTEN: Refusal = "is of a kind that is read from ONNX and not written";

/// Whether float holds every number that is written of a layer.
pub(super) fn is_single(op: &Op<f64>) -> bool {
    #[expect(clippy::cast_possible_truncation, reason = "that is the question")]
    let exact = |&value: &f64| f64::from(value as f32).to_bits() == value.to_bits();
    match op {
        Op::Scaling(layer) => layer.factor().iter().chain(layer.shift()).all(exact),
        Op::ParametricRect(layer) => layer.slopes().iter().all(exact),
        Op::SumPool(layer) => exact(&factor(layer)),
        Op::Activation(layer) => match layer.function() {
            Function::Power(power) => exact(&power),
            Function::Clip { low, high } => exact(&low) && exact(&high),
            _ => true,
        },
        op => {
            op.weights_and_bias().is_none_or(|learned| learned.weights.iter().chain(&learned.bias).all(exact))
        }
    }
}

/// Appends what a layer is and says where its output is.
pub(super) fn write(writer: &mut Writer, index: usize, node: &Node<f64>) -> Result<Turned, Refusal> {
    let inputs = node.inputs();
    let input = inputs.first().copied().unwrap_or(Value::INPUT);
    let output = Value::of_node(index);
    let turned = match node.op() {
        Op::Linear(layer) => linear(writer, input, layer),
        Op::Convolution(layer) => convolution(writer, input, layer)?,
        Op::Embedding(layer) => {
            if input != Value::INPUT || writer.input != super::INT64 {
                return Err("looks up numbers that are computed, which are no integers");
            }
            let (table, numbers) = (writer.constant(&layer.table().view().into_dyn()), writer.natural(input));
            Turned::natural(writer.node("Gather", &[&table, &numbers], vec![integer("axis", 0)]))
        }
        Op::SumPool(layer) => sum_pool(writer, input, layer)?,
        Op::AveragePool(layer) => average_pool(writer, input, layer),
        Op::MaxPool(layer) => {
            pool(writer, input, "MaxPool", layer.window(), layer.channels(), window(layer.window()))
        }
        Op::Reduce(layer) => reduce(writer, input, layer),
        Op::Rect(_) => each(writer, input, "Relu", vec![]),
        Op::Tanh(_) => each(writer, input, "Tanh", vec![]),
        Op::Identity(_) => each(writer, input, "Identity", vec![]),
        Op::Activation(layer) => activation(writer, input, layer.function())?,
        Op::ParametricRect(layer) => with_constants(writer, input, &[("PRelu", layer.slopes())]),
        Op::Scaling(layer) => {
            with_constants(writer, input, &[("Mul", layer.factor()), ("Add", layer.shift())])
        }
        Op::SoftMax(layer) => {
            let operator = if layer.is_logarithm() { "LogSoftmax" } else { "Softmax" };
            natural(writer, &[input], operator, vec![integer("axis", layer.axis())])
        }
        Op::Flatten(Flatten::RowMajor) => natural(writer, &[input], "Flatten", vec![integer("axis", 1)]),
        Op::Flatten(Flatten::ColumnMajor) => {
            let order: Vec<usize> = std::iter::once(0).chain((1..writer.rank(input)).rev()).collect();
            let x = writer.natural(input);
            let turned = writer.node("Transpose", &[&x], vec![integers("perm", &order)]);
            Turned::natural(writer.node("Flatten", &[&turned], vec![integer("axis", 1)]))
        }
        Op::Reshape(layer) => {
            // A size of zero stands for that of the input, here the batch's.
            let shape = writer.sizes(&[&[0], layer.sample()].concat());
            let x = writer.natural(input);
            Turned::natural(writer.node("Reshape", &[&x, &shape], vec![]))
        }
        Op::Transpose(layer) => natural(writer, &[input], "Transpose", vec![integers("perm", layer.order())]),
        Op::Concat(layer) => natural(writer, inputs, "Concat", vec![integer("axis", layer.axis())]),
        Op::Add(_) => alike(writer, inputs, "Sum", output)?,
        Op::Multiply(_) => alike(writer, inputs, "Mul", output)?,
        Op::MatMul(_) => alike(writer, inputs, "MatMul", output)?,
        Op::TransposedConvolution(_) | Op::Normalize(_) | Op::LocalResponse(_) => return Err(UNWRITTEN),
        Op::Gather(_) | Op::Resample(_) => return Err(UNWRITTEN),
        Op::Custom(_) => return Err("is a layer of the user's own"),
    };
    writer.named(node.name());
    Ok(turned)
}

/// An operator that works on each number, in whichever form they are.
fn each(writer: &mut Writer, input: Value, operator: &str, attributes: Vec<Attribute>) -> Turned {
    match writer.values.get(input.index()).cloned().unwrap_or_default() {
        Turned { natural: None, first: Some(x) } => Turned::first(writer.node(operator, &[&x], attributes)),
        _ => natural(writer, &[input], operator, attributes),
    }
}

/// An operator on values whose axes are the network's.
fn natural(writer: &mut Writer, inputs: &[Value], operator: &str, attributes: Vec<Attribute>) -> Turned {
    let names: Vec<String> = inputs.iter().map(|&value| writer.natural(value)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Turned::natural(writer.node(operator, &names, attributes))
}

/// The same where samples broadcast: ONNX would fill in axes before the batch.
fn alike(writer: &mut Writer, inputs: &[Value], operator: &str, output: Value) -> Result<Turned, Refusal> {
    match inputs.iter().all(|&value| writer.rank(value) == writer.rank(output)) {
        true => Ok(natural(writer, inputs, operator, vec![])),
        false => {
            Err("reads values of different numbers of axes, which ONNX would bring together in another way")
        }
    }
}

/// Operators on a value and a constant each, one behind the other.
fn with_constants(writer: &mut Writer, input: Value, steps: &[(&str, &ArrayD<f64>)]) -> Turned {
    let x = writer.natural(input);
    Turned::natural(steps.iter().fold(x, |x, (operator, constant)| {
        let constant = writer.constant(&constant.view());
        writer.node(operator, &[&x, &constant], vec![])
    }))
}

fn linear(writer: &mut Writer, input: Value, layer: &Linear<f64>) -> Turned {
    let x = writer.natural(input);
    let weights = writer.constant(&layer.weights().view().into_dyn());
    let bias = writer.constant(&layer.bias().view().into_dyn());
    if writer.rank(input) == 2 {
        return Turned::natural(writer.node("Gemm", &[&x, &weights, &bias], vec![]));
    }
    let product = writer.node("MatMul", &[&x, &weights], vec![]);
    Turned::natural(writer.node("Add", &[&product, &bias], vec![]))
}

/// Filters are `[outputs, inputs / groups, kernel..]` there.
fn convolution(writer: &mut Writer, input: Value, layer: &Convolution<f64>) -> Result<Turned, Refusal> {
    if layer.input_shift().is_some() {
        return Err("shifts its input, which convolutions of ONNX do not");
    }
    if layer.window().rounds_up() {
        return Err("rounds up, which convolutions of ONNX do not");
    }
    let x = writer.in_layout(input, layer.channels());
    let space = layer.window().kernel().len();
    let order: Vec<usize> = [space + 1, space].into_iter().chain(0..space).collect();
    let filters = writer.constant(&layer.filters().view().permuted_axes(order));
    let bias = writer.constant(&layer.bias().view().into_dyn());
    let attributes = [window(layer.window()), vec![integer("group", layer.groups())]].concat();
    let y = writer.node("Conv", &[&x, &filters, &bias], attributes);
    Ok(Turned::in_layout(y, layer.channels()))
}

/// Size, stride, dilation and padding.
fn window(window: &Window) -> Vec<Attribute> {
    let sides = |side: usize| window.padding().iter().filter_map(move |pads| pads.get(side).copied());
    vec![
        integers("kernel_shape", window.kernel()),
        integers("strides", window.stride()),
        integers("dilations", window.dilation()),
        integers("pads", &sides(0).chain(sides(1)).collect::<Vec<_>>()),
    ]
}

fn pool(
    writer: &mut Writer,
    input: Value,
    operator: &str,
    window: &Window,
    channels: Channels,
    attributes: Vec<Attribute>,
) -> Turned {
    let rounding = integer("ceil_mode", usize::from(window.rounds_up()));
    let x = writer.in_layout(input, channels);
    let y = writer.node(operator, &[&x], [attributes, vec![rounding]].concat());
    Turned::in_layout(y, channels)
}

fn average_pool(writer: &mut Writer, input: Value, layer: &AveragePool) -> Turned {
    let counts = integer("count_include_pad", usize::from(layer.counts_padding()));
    let attributes = [window(layer.window()), vec![counts]].concat();
    pool(writer, input, "AveragePool", layer.window(), layer.channels(), attributes)
}

/// A mean, times the size of the window or, with the toolbox's factor, its root.
fn sum_pool(writer: &mut Writer, input: Value, layer: &SumPool) -> Result<Turned, Refusal> {
    if layer.window().rounds_up() {
        return Err("sums windows that reach beyond the input, of which ONNX has only means");
    }
    let mean = AveragePool::new(layer.window().clone(), layer.channels(), true)
        .map_err(|_| "has padding as wide as its window")?;
    let mean = average_pool(writer, input, &mean);
    let factor = writer.constant(&arr0(factor(layer)).into_dyn().view());
    let x = mean.natural.or(mean.first).unwrap_or_default();
    Ok(Turned::in_layout(writer.node("Mul", &[&x, &factor], vec![]), layer.channels()))
}

/// What makes a sum of a mean.
fn factor(layer: &SumPool) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a window is small")]
    let taps = layer.window().taps() as f64;
    if layer.is_plain() { taps } else { taps.sqrt() }
}

fn reduce(writer: &mut Writer, input: Value, layer: &Reduce) -> Turned {
    let operator = match layer.reduction() {
        Reduction::Sum => "ReduceSum",
        Reduction::Mean => "ReduceMean",
        Reduction::Max => "ReduceMax",
    };
    let rank = writer.rank(input);
    let turned = writer.values.get(input.index()).is_some_and(|turned| turned.natural.is_none());
    // All of space and nothing else: the channels that are left need not be turned back.
    let global = turned && !layer.keeps_axes() && layer.axes().iter().copied().eq(1..rank - 1);
    let (x, axes) = match global {
        true => (writer.first(input), (2..rank).collect()),
        false => (writer.natural(input), layer.axes().to_vec()),
    };
    let axes = writer.sizes(&axes);
    let keep = integer("keepdims", usize::from(layer.keeps_axes()));
    Turned::natural(writer.node(operator, &[&x, &axes], vec![keep]))
}

fn activation(writer: &mut Writer, input: Value, function: Function) -> Result<Turned, Refusal> {
    let (operator, attributes) = match function {
        Function::LeakyRect(alpha) => ("LeakyRelu", vec![real("alpha", alpha)]),
        Function::Elu(alpha) => ("Elu", vec![real("alpha", alpha)]),
        Function::Selu { alpha, gamma } => ("Selu", vec![real("alpha", alpha), real("gamma", gamma)]),
        Function::Celu(alpha) => ("Celu", vec![real("alpha", alpha)]),
        Function::HardSigmoid { alpha, beta } => {
            ("HardSigmoid", vec![real("alpha", alpha), real("beta", beta)])
        }
        Function::Sigmoid => ("Sigmoid", vec![]),
        Function::HardSwish => ("HardSwish", vec![]),
        Function::Softplus => ("Softplus", vec![]),
        Function::Softsign => ("Softsign", vec![]),
        Function::Gelu => ("Gelu", vec![]),
        Function::GeluTanh => ("Gelu", vec![text("approximate", "tanh")]),
        Function::Mish => ("Mish", vec![]),
        Function::Erf => ("Erf", vec![]),
        Function::Exp => ("Exp", vec![]),
        Function::Log => ("Log", vec![]),
        Function::Sqrt => ("Sqrt", vec![]),
        Function::Absolute => ("Abs", vec![]),
        Function::Reciprocal => ("Reciprocal", vec![]),
        Function::Step(_) => return Err("is a step, which no operator is that is read here"),
        Function::Power(power) => {
            return Ok(with_constants(writer, input, &[("Pow", &arr0(power).into_dyn())]));
        }
        Function::Clip { low, high } => {
            let bounds =
                [("Max", low), ("Min", high)].map(|(operator, bound)| (operator, arr0(bound).into_dyn()));
            let finite = bounds.iter().filter(|(_, bound)| bound.iter().all(|bound| bound.is_finite()));
            let steps: Vec<(&str, &ArrayD<f64>)> =
                finite.map(|(operator, bound)| (*operator, bound)).collect();
            return Ok(match steps.is_empty() {
                true => each(writer, input, "Identity", vec![]),
                false => with_constants(writer, input, &steps),
            });
        }
        Function::Silu => {
            let x = writer.natural(input);
            let gate = writer.node("Sigmoid", &[&x], vec![]);
            return Ok(Turned::natural(writer.node("Mul", &[&x, &gate], vec![])));
        }
    };
    Ok(each(writer, input, operator, attributes))
}
