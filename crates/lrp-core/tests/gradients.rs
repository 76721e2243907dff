//! The gradient of every layer, and of a network that branches, against central differences.

mod numbers;

use lrp_core::{
    Activation, Add, AveragePool, Channels, Concat, Convolution, Embedding, ErrorKind, Flatten, Function,
    Gather, Identity, Kind, Linear, LocalResponse, MatMul, MaxPool, Multiply, Network, NetworkBuilder,
    Normalize, Op, Parameters, ParametricRect, Rect, Reduce, Reduction, Resample, Reshape, Scaling, SoftMax,
    SumPool, Tanh, Tensor, Ties, Transpose, TransposedConvolution, Value, Window,
};
use ndarray::Array1;
use numbers::{distance, tensor};

/// Distinct numbers, none near zero or near another, so that no rectifier or maximum changes its mind
/// within a step.
fn apart(shape: &[usize]) -> Tensor<f64> {
    let count = shape.iter().product::<usize>();
    let steps = (0..count).map(|i| u32::try_from((i * 37) % 101).expect("below 101"));
    let values = steps.map(|step| f64::from(step) / 50.0 - 0.995).collect();
    assert!(count <= 101, "the numbers repeat after 101");
    Tensor::from_shape_vec(shape, values).unwrap()
}

/// `∂ Σ seed·output / ∂ input`, an entry at a time.
fn differences(network: &Network<f64>, input: &Tensor<f64>, seed: &Tensor<f64>) -> Tensor<f64> {
    let step = 1e-6;
    let value = |input: &Tensor<f64>| (&network.forward(input).unwrap() * seed).sum();
    let mut gradient = Tensor::zeros(input.raw_dim());
    for (index, slot) in gradient.indexed_iter_mut() {
        let mut moved = input.clone();
        moved[&index] = input[&index] + step;
        let above = value(&moved);
        moved[&index] = input[&index] - step;
        *slot = (above - value(&moved)) / (2.0 * step);
    }
    gradient
}

fn check(what: &str, network: &Network<f64>, input: &Tensor<f64>) {
    let trace = network.trace(input).unwrap();
    let seed = tensor(3, trace.output().shape());
    let found = trace.gradient(network.output(), &seed);
    let distance = distance(&found, &differences(network, input, &seed));
    assert!(distance < 1e-8, "{what}: the gradient is off by {distance:e}");
    // The same numbers, the first axis fastest in memory.
    let turned = input.t().as_standard_layout().into_owned().reversed_axes();
    let turned = network.trace(&turned).unwrap();
    assert!(self::distance(turned.output(), trace.output()) < 1e-12, "{what}: the order in memory matters");
    let again = turned.gradient(network.output(), &seed);
    assert!(self::distance(&again, &found) < 1e-12, "{what}: the order in memory matters to the gradient");
}

fn linear(seed: u64, inputs: usize, outputs: usize) -> Op<f64> {
    let weights = tensor(seed, &[inputs, outputs]).into_dimensionality().unwrap();
    Linear::new(weights, tensor(seed + 1, &[outputs]).into_dimensionality().unwrap()).unwrap().into()
}

fn convolution(filters: &[usize], window: Window, groups: usize, channels: Channels) -> Op<f64> {
    let bias = tensor(8, &filters[filters.len() - 1..]).into_dimensionality().unwrap();
    Convolution::with_window(tensor(7, filters), bias, window, groups, channels).unwrap().into()
}

fn transposed(filters: &[usize], window: Window, groups: usize, channels: Channels) -> Op<f64> {
    let bias = tensor(8, &[filters[2] * groups]).into_dimensionality().unwrap();
    TransposedConvolution::new(tensor(7, filters), bias, window, groups, channels, &[0, 1]).unwrap().into()
}

/// The same convolution of a shifted input.
fn shifted(op: Op<f64>) -> Op<f64> {
    let Op::Convolution(convolution) = op else { panic!("a convolution") };
    let inputs = convolution.filters().shape()[2] * convolution.groups();
    convolution.with_input_shift(tensor(6, &[inputs]).into_dimensionality().unwrap()).unwrap().into()
}

#[test]
fn every_layer_has_the_gradient_its_forward_pass_has() {
    let plain = || Window::new(&[2, 2]);
    let odd = || Window::new(&[3, 2]).strided(&[2, 1]).padded(&[[2, 0], [0, 1]]).dilated(&[1, 2]);
    let wide = || Window::new(&[3, 2]).strided(&[2, 1]).padded(&[[2, 0], [0, 1]]);
    let gaps = || Window::new(&[2, 2]).strided(&[1, 3]).padded(&[[1, 0], [0, 0]]);
    let rest = || Window::new(&[3, 2]).strided(&[2, 3]).padded(&[[1, 0], [0, 1]]).rounded_up();
    let (last, first) = (Channels::Last, Channels::First);
    let table: [(&str, Op<f64>, &[usize]); 37] = [
        ("linear", linear(1, 5, 3), &[2, 5]),
        ("convolution", convolution(&[2, 2, 2, 3], plain(), 1, last), &[2, 4, 3, 2]),
        ("odd convolution", convolution(&[3, 2, 2, 3], odd(), 1, first), &[2, 2, 4, 5]),
        ("grouped convolution", convolution(&[2, 2, 1, 4], plain(), 2, last), &[2, 3, 3, 2]),
        ("1-d convolution", convolution(&[3, 2, 1], Window::new(&[3]), 1, last), &[1, 6, 2]),
        (
            "3-d convolution",
            convolution(&[2, 1, 2, 1, 2], Window::new(&[2, 1, 2]), 1, first),
            &[2, 1, 3, 2, 3],
        ),
        ("sum pool", SumPool::new(plain(), last).unwrap().into(), &[2, 4, 3, 2]),
        ("odd sum pool", SumPool::new(odd(), first).unwrap().into(), &[2, 2, 4, 5]),
        ("max pool", MaxPool::new(plain(), last).unwrap().into(), &[2, 4, 3, 2]),
        ("odd max pool", MaxPool::new(wide(), first).unwrap().into(), &[2, 2, 4, 5]),
        ("rect", Rect.into(), &[2, 7]),
        ("tanh", Tanh.into(), &[2, 7]),
        ("softmax", SoftMax::default().into(), &[2, 7]),
        ("softmax of pixels", SoftMax::default().into(), &[2, 3, 2, 2]),
        ("softmax of rows", SoftMax::new(3).into(), &[2, 3, 2, 4]),
        ("logarithm of softmax", SoftMax::logarithm(2).into(), &[2, 3, 4]),
        ("shifted convolution", shifted(convolution(&[3, 2, 2, 3], odd(), 1, first)), &[2, 2, 4, 5]),
        ("transposed convolution", transposed(&[2, 2, 3, 2], plain(), 1, last), &[2, 3, 2, 2]),
        ("odd transposed convolution", transposed(&[3, 2, 2, 3], odd(), 1, first), &[2, 3, 4, 3]),
        ("grouped transposed convolution", transposed(&[2, 2, 1, 4], gaps(), 2, first), &[2, 4, 3, 2]),
        ("average pool", AveragePool::new(plain(), last, true).unwrap().into(), &[2, 4, 3, 2]),
        ("odd average pool", AveragePool::new(wide(), first, false).unwrap().into(), &[2, 2, 4, 5]),
        ("average of a rest", AveragePool::new(rest(), first, true).unwrap().into(), &[2, 2, 4, 5]),
        ("max pool of a rest", MaxPool::new(rest(), first).unwrap().into(), &[2, 2, 4, 5]),
        ("first max pool", MaxPool::new(wide(), last).unwrap().with_ties(Ties::First).into(), &[2, 4, 5, 2]),
        ("sum of axes", Reduce::new(Reduction::Sum, vec![1, 3], false).into(), &[2, 3, 2, 4]),
        ("mean of axes", Reduce::new(Reduction::Mean, vec![2, 3], true).into(), &[2, 3, 2, 4]),
        ("maximum of axes", Reduce::new(Reduction::Max, vec![1, 3], false).into(), &[2, 3, 2, 4]),
        ("learned slopes", ParametricRect::new(tensor(9, &[3, 1])).into(), &[2, 3, 7]),
        ("scaling", Scaling::new(tensor(9, &[3, 1]), tensor(10, &[7])).into(), &[2, 3, 7]),
        ("layer normalization", Normalize::new(vec![2], 0.1).into(), &[2, 3, 7]),
        ("centring", Normalize::centring(vec![2, 3]).into(), &[2, 2, 3, 4]),
        ("instance normalization", Normalize::new(vec![2, 3], 0.1).into(), &[2, 2, 3, 4]),
        ("group normalization", Normalize::grouped(2, 0.1).into(), &[2, 4, 3, 2]),
        ("local response", LocalResponse::new(4, 2.0, 0.75, 1.5).into(), &[2, 7, 3]),
        ("flatten", Flatten::RowMajor.into(), &[2, 3, 2, 2]),
        ("flatten by columns", Flatten::ColumnMajor.into(), &[2, 3, 2, 4]),
    ];
    for (what, op, shape) in table {
        check(what, &Network::sequential([op]).unwrap(), &apart(shape));
    }
}

#[test]
fn layers_that_move_and_blend_have_their_gradient() {
    let all = |list: &[usize]| Some(list.iter().copied().map(Some).collect::<Vec<_>>());
    let padded = Some(vec![None, Some(2), Some(2), Some(0), None]);
    let blends = vec![
        (3, 4, vec![vec![(0, 0.3), (1, 0.7)], vec![(3, 1.2), (2, -0.2)], vec![(2, 1.0)]]),
        (1, 2, vec![vec![(1, 0.5), (0, 0.5)], vec![], vec![(0, -1.0)]]),
    ];
    let table: [(&str, Op<f64>, &[usize]); 7] = [
        ("linear of rows", linear(1, 5, 3), &[2, 2, 3, 5]),
        ("plain sum pool", SumPool::plain(Window::new(&[2]), Channels::First).unwrap().into(), &[2, 2, 5]),
        ("gather", Gather::new(vec![None, all(&[2, 0, 1, 1]), None, padded], 2.0).into(), &[2, 3, 2, 3]),
        ("reshape", Reshape::new(vec![4, 3]).into(), &[2, 3, 2, 2]),
        ("transpose", Transpose::new(vec![0, 3, 1, 2]).into(), &[2, 3, 2, 4]),
        ("resample", Resample::new(blends).unwrap().into(), &[2, 2, 3, 4]),
        ("identity", Identity.into(), &[2, 7]),
    ];
    for (what, op, shape) in table {
        check(what, &Network::sequential([op]).unwrap(), &apart(shape));
    }
}

/// Samples of a shape, made of twelve numbers each, which come again where there are more places.
fn shaped(builder: &mut NetworkBuilder<f64>, from: Value, name: &str, shape: &[usize]) -> Value {
    let entries = (0..shape.iter().product()).map(|place| Some(place % 12)).collect();
    let entries =
        builder.add(format!("{name} entries"), Gather::new(vec![None, Some(entries)], 0.0), &[from]);
    builder.add(name, Reshape::new(shape.to_vec()), &[entries])
}

/// Two inputs made of one, in shapes that broadcast.
#[test]
fn layers_of_two_inputs_have_their_gradient() {
    type Row = (&'static str, Op<f64>, &'static [usize], &'static [usize]);
    let table: [Row; 8] = [
        ("product", Multiply.into(), &[2, 6], &[2, 6]),
        ("broadcast product", Multiply.into(), &[2, 1, 6], &[2, 4, 1]),
        ("product of ranks", Multiply.into(), &[4], &[2, 6, 1]),
        ("matrices", MatMul.into(), &[3, 4], &[4, 3]),
        ("stacked matrices", MatMul.into(), &[2, 1, 3, 2], &[1, 3, 2, 2]),
        ("matrices of ranks", MatMul.into(), &[6, 2], &[3, 2, 2]),
        ("broadcast sum", Add.into(), &[12, 1], &[3, 1, 4]),
        ("side by side", Concat::new(2).into(), &[3, 1, 4], &[3, 2, 4]),
    ];
    for (what, op, one, two) in table {
        let mut builder = NetworkBuilder::new();
        let curve = builder.add("curve", Tanh, &[Value::INPUT]);
        let one = shaped(&mut builder, curve, "one", one);
        let two = shaped(&mut builder, Value::INPUT, "two", two);
        builder.add("layer", op, &[one, two]);
        check(what, &builder.build().unwrap(), &apart(&[3, 12]));
    }
}

#[test]
fn every_function_has_its_slope() {
    let table: [(Function, f64); 26] = [
        (Function::LeakyRect(0.1), 0.0),
        (Function::Elu(1.5), 0.0),
        (Function::Selu { alpha: 1.6, gamma: 1.05 }, 0.0),
        (Function::Celu(0.5), 0.0),
        (Function::Sigmoid, 0.0),
        (Function::HardSigmoid { alpha: 1.0, beta: 0.5 }, 0.003),
        (Function::HardSwish, 0.0),
        (Function::HardSwish, 3.007),
        (Function::HardSwish, -3.007),
        (Function::Softplus, 0.0),
        (Function::Softsign, 0.0),
        (Function::Gelu, 0.0),
        (Function::GeluTanh, 0.0),
        (Function::Silu, 0.0),
        (Function::Mish, 0.0),
        (Function::Clip { low: -0.5, high: 0.4 }, 0.003),
        (Function::Step(0.25), 0.003),
        (Function::Erf, 0.0),
        (Function::Exp, 0.0),
        (Function::Log, 1.5),
        (Function::Sqrt, 1.5),
        (Function::Power(2.0), 0.0),
        (Function::Power(3.0), 0.0),
        (Function::Power(-0.5), 1.5),
        (Function::Absolute, 0.0),
        (Function::Reciprocal, -1.5),
    ];
    for (function, shift) in table {
        let network = Network::sequential([Activation::new(function).into()]).unwrap();
        check(&format!("{function:?}"), &network, &(apart(&[2, 50]) + shift));
    }
}

/// `tanh(x) + x W + x`, flattened by nothing and read twice: three ways back to one input.
#[test]
fn gradients_of_branches_add_up() {
    let mut builder = NetworkBuilder::new();
    let curve = builder.add("curve", Tanh, &[Value::INPUT]);
    let dense = builder.add("dense", linear(4, 4, 4), &[Value::INPUT]);
    let join = builder.add("join", Add, &[curve, dense, Value::INPUT]);
    builder.add("double", Add, &[join, join]);
    check("branches", &builder.build().unwrap(), &apart(&[3, 4]));
}

#[test]
fn gradients_chain_through_a_whole_network() {
    let window = Window::new(&[2, 2]).padded(&[[1, 0], [0, 1]]);
    let network = Network::sequential([
        convolution(&[2, 2, 1, 3], window, 1, Channels::Last),
        Tanh.into(),
        SumPool::new(Window::new(&[2, 2]), Channels::Last).unwrap().into(),
        Rect.into(),
        Flatten::RowMajor.into(),
        linear(5, 27, 4),
        SoftMax::default().into(),
    ]);
    check("network", &network.unwrap(), &apart(&[2, 4, 4, 1]));
}

/// `∂ Σ seed·output / ∂` every weight and bias of a node, an entry at a time.
fn parameter_differences(
    network: &Network<f64>,
    node: usize,
    input: &Tensor<f64>,
    seed: &Tensor<f64>,
) -> Parameters<f64> {
    let step = 1e-6;
    let value = |change: &dyn Fn(&mut Parameters<f64>)| {
        let moved = network.clone().map_parameters(|index, mut old| {
            if index == node {
                change(&mut old);
            }
            old
        });
        (&moved.unwrap().forward(input).unwrap() * seed).sum()
    };
    let known = network.nodes()[node].op().weights_and_bias().expect("the node learns");
    let weights = Tensor::from_shape_fn(known.weights.raw_dim(), |at| {
        (value(&|p| p.weights[&at] += step) - value(&|p| p.weights[&at] -= step)) / (2.0 * step)
    });
    let bias = Array1::from_shape_fn(known.bias.len(), |at| {
        (value(&|p| p.bias[at] += step) - value(&|p| p.bias[at] -= step)) / (2.0 * step)
    });
    Parameters { weights, bias }
}

fn check_parameters(what: &str, network: &Network<f64>, input: &Tensor<f64>) {
    let trace = network.trace(input).unwrap();
    let seed = tensor(3, trace.output().shape());
    for (node, found) in trace.parameter_gradients(network.output(), &seed).into_iter().enumerate() {
        let name = network.nodes()[node].name();
        let kind = network.nodes()[node].kind();
        assert_eq!(found.is_some(), kind.has_weights() || kind == Kind::Embedding, "{what}: {name}");
        let Some(found) = found else { continue };
        let expected = parameter_differences(network, node, input, &seed);
        for (part, found, expected) in [
            ("weights", found.weights, expected.weights),
            ("bias", found.bias.into_dyn(), expected.bias.into_dyn()),
        ] {
            let distance = distance(&found, &expected);
            assert!(distance < 1e-7, "{what}: {part} of {name} are off by {distance:e}");
        }
    }
}

#[test]
fn parameters_have_the_gradient_the_forward_pass_has() {
    let odd = || Window::new(&[3, 2]).strided(&[2, 1]).padded(&[[2, 0], [0, 1]]).dilated(&[1, 2]);
    let (last, first) = (Channels::Last, Channels::First);
    let table: [(&str, Op<f64>, &[usize]); 10] = [
        ("linear", linear(1, 5, 3), &[2, 5]),
        ("linear of rows", linear(1, 5, 3), &[2, 4, 5]),
        ("convolution", convolution(&[2, 2, 2, 3], Window::new(&[2, 2]), 1, last), &[2, 4, 3, 2]),
        ("odd convolution", convolution(&[3, 2, 2, 3], odd(), 1, first), &[2, 2, 4, 5]),
        ("grouped", convolution(&[2, 2, 1, 4], Window::new(&[2, 2]), 2, last), &[2, 3, 3, 2]),
        ("1-d convolution", convolution(&[3, 2, 1], Window::new(&[3]), 1, last), &[1, 6, 2]),
        ("shifted", shifted(convolution(&[3, 2, 2, 3], odd(), 1, first)), &[2, 2, 4, 5]),
        ("transposed", transposed(&[3, 2, 2, 3], odd(), 1, first), &[2, 3, 4, 3]),
        ("grouped transposed", transposed(&[2, 2, 1, 4], Window::new(&[2, 2]), 2, last), &[2, 3, 3, 4]),
        ("3-d", convolution(&[2, 1, 2, 1, 2], Window::new(&[2, 1, 2]), 1, first), &[2, 1, 3, 2, 3]),
    ];
    for (what, op, shape) in table {
        check_parameters(what, &Network::sequential([op]).unwrap(), &apart(shape));
    }
}

/// A text of five words, the second of which comes again, in two samples.
#[test]
fn tables_have_the_gradient_the_forward_pass_has() {
    let words = Tensor::from_shape_vec(vec![2, 5], vec![0.0, 3.0, 1.0, 3.0, 4.0, 4.0, 4.0, 0.0, 2.0, 3.0]);
    let network = Network::sequential([
        Embedding::new(tensor(9, &[6, 3]).into_dimensionality().unwrap()).unwrap().into(),
        convolution(&[2, 3, 4], Window::new(&[2]), 1, Channels::Last),
        Tanh.into(),
        Reduce::new(Reduction::Max, vec![1], false).into(),
        linear(5, 4, 2),
    ]);
    check_parameters("text", &network.unwrap(), &words.unwrap());
}

/// Everything a network can consist of, with skips, around layers that learn.
#[test]
fn parameters_of_whole_networks_have_their_gradient() {
    let window = Window::new(&[2, 2]).padded(&[[1, 0], [0, 1]]);
    let network = Network::sequential([
        Tanh.into(),
        convolution(&[2, 2, 1, 3], window, 1, Channels::Last),
        Tanh.into(),
        MaxPool::new(Window::new(&[2, 2]).strided(&[2, 2]), Channels::Last).unwrap().into(),
        Flatten::RowMajor.into(),
        linear(5, 12, 4),
        SoftMax::default().into(),
    ]);
    check_parameters("sequence", &network.unwrap(), &apart(&[2, 4, 4, 1]));
    let mut builder = NetworkBuilder::new();
    let low = builder.add("low", linear(2, 4, 4), &[Value::INPUT]);
    let curve = builder.add("curve", Tanh, &[low]);
    let high = builder.add("high", linear(4, 4, 4), &[curve]);
    builder.add("join", Add, &[high, low, Value::INPUT]);
    check_parameters("branches", &builder.build().unwrap(), &apart(&[3, 4]));
}

#[test]
fn new_parameters_must_fit_and_be_finite() {
    let network = || Network::sequential([linear(1, 3, 2), Rect.into()]).unwrap();
    let doubled = network().map_parameters(|_, old| Parameters { weights: old.weights * 2.0, ..old });
    let weights = |network: &Network<f64>| {
        network.nodes()[0].op().weights_and_bias().expect("a dense layer").weights.to_owned()
    };
    assert_eq!(weights(&doubled.unwrap()), weights(&network()) * 2.0);
    let grown = network().map_parameters(|_, old| Parameters { bias: Array1::zeros(3), ..old });
    assert_eq!(
        grown.unwrap_err().to_string(),
        "linear_0: weights [3, 2] and 3 biases cannot take the place of [3, 2] and 2"
    );
    let infinite = network().map_parameters(|_, old| Parameters { bias: old.bias / 0.0, ..old });
    assert_eq!(infinite.unwrap_err().kind(), ErrorKind::NotFinite);
}

/// The seed may start at any value; what does not lead to it gets nothing.
#[test]
fn gradients_start_at_any_value() {
    let mut builder = NetworkBuilder::new();
    let rect = builder.add("rect", Rect, &[Value::INPUT]);
    builder.add("dense", linear(6, 3, 2), &[rect]);
    let network = builder.build().unwrap();
    let input = ndarray::arr2(&[[1.0, -2.0, 3.0]]).into_dyn();
    let seed = ndarray::arr2(&[[10.0, 20.0, 30.0]]).into_dyn();
    let trace = network.trace(&input).unwrap();
    assert_eq!(trace.gradient(rect, &seed), ndarray::arr2(&[[10.0, 0.0, 30.0]]).into_dyn());
    assert_eq!(trace.gradient(Value::INPUT, &seed), seed);
}
