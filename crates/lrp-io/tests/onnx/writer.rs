//! What is written is read again and computes the same; what cannot be written is refused by name.

use lrp_core::{
    Activation, Add, AveragePool, Channels, Concat, Convolution, Embedding, Flatten, Function, Gather,
    Identity, Linear, MatMul, MaxPool, Multiply, Network, NetworkBuilder, Normalize, Op, ParametricRect,
    Rect, Reduce, Reduction, Reshape, Scaling, SoftMax, SumPool, Tanh, Tensor, Transpose, Value, Window,
};
use lrp_io::{Limits, MODEL_FORMATS, read_model_bytes};
use ndarray::{Array1, ArrayD, IxDyn};

/// Numbers that float holds, and of which no two neighbours are alike.
fn numbers(shape: &[usize]) -> ArrayD<f64> {
    let mut count = 0_u32;
    ArrayD::from_shape_fn(IxDyn(shape), |_| {
        count += 1;
        f64::from((count * 37) % 101) / 64.0 - 0.75
    })
}

fn linear(inputs: usize, outputs: usize) -> Op<f64> {
    let weights = numbers(&[inputs, outputs]).into_dimensionality().unwrap();
    Linear::new(weights, Array1::from_elem(outputs, 0.25)).unwrap().into()
}

fn convolution(filters: &[usize], window: Window, groups: usize, channels: Channels) -> Op<f64> {
    let bias = Array1::from_elem(filters[filters.len() - 1], -0.125);
    Convolution::with_window(numbers(filters), bias, window, groups, channels).unwrap().into()
}

fn written(network: &Network<f64>, sample: Option<&[usize]>) -> lrp_io::Result<Vec<u8>> {
    let onnx = MODEL_FORMATS.iter().find(|format| format.name == "ONNX").unwrap();
    (onnx.write.unwrap())(network, sample)
}

#[track_caller]
fn check(what: &str, network: &Network<f64>, input: &Tensor<f64>) -> Network<f64> {
    let bytes = written(network, Some(&input.shape()[1..])).unwrap_or_else(|error| panic!("{what}: {error}"));
    let again = read_model_bytes("m.onnx", &bytes, &Limits::default())
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    let (expected, found) = (network.forward(input).unwrap(), again.forward(input).unwrap());
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(off < 1e-12, "{what}: off by {off:e}");
    again
}

#[test]
fn every_layer_that_is_written_is_read_again() {
    let odd = || Window::new(&[3, 2]).strided(&[2, 1]).padded(&[[2, 0], [0, 1]]).dilated(&[1, 2]);
    let wide = || Window::new(&[3, 2]).strided(&[2, 1]).padded(&[[2, 0], [0, 1]]);
    let (last, first) = (Channels::Last, Channels::First);
    type Row = (&'static str, Vec<Op<f64>>, &'static [usize]);
    let table: Vec<Row> = vec![
        ("linear", vec![linear(5, 3)], &[2, 5]),
        ("linear of rows", vec![linear(5, 3)], &[2, 4, 5]),
        ("convolution", vec![convolution(&[3, 2, 2, 3], odd(), 1, last)], &[2, 4, 5, 2]),
        ("channels first, groups", vec![convolution(&[3, 2, 1, 4], odd(), 2, first)], &[2, 2, 4, 5]),
        (
            "1-d convolution",
            vec![convolution(&[3, 2, 4], Window::new(&[3]), 1, last), Rect.into()],
            &[2, 6, 2],
        ),
        ("sum pool", vec![SumPool::new(wide(), last).unwrap().into()], &[2, 4, 5, 2]),
        ("plain sum pool", vec![SumPool::plain(wide(), first).unwrap().into()], &[2, 2, 4, 5]),
        ("average pool", vec![AveragePool::new(wide(), last, false).unwrap().into()], &[2, 4, 5, 2]),
        ("max pool of a rest", vec![MaxPool::new(wide().rounded_up(), last).unwrap().into()], &[2, 4, 5, 2]),
        ("sum of axes", vec![Reduce::new(Reduction::Sum, vec![1, 3], false).into()], &[2, 3, 2, 4]),
        ("mean of axes", vec![Reduce::new(Reduction::Mean, vec![2], true).into()], &[2, 3, 2]),
        ("maximum of axes", vec![Reduce::new(Reduction::Max, vec![1, 2], false).into()], &[2, 3, 2, 2]),
        ("softmax", vec![SoftMax::default().into()], &[2, 5]),
        ("logarithm of softmax", vec![SoftMax::logarithm(2).into()], &[2, 3, 4]),
        ("slopes", vec![ParametricRect::new(numbers(&[3, 1])).into()], &[2, 3, 4]),
        ("scaling", vec![Scaling::new(numbers(&[3, 1]), numbers(&[4])).into()], &[2, 3, 4]),
        ("flatten", vec![Flatten::RowMajor.into()], &[2, 3, 2, 2]),
        ("flatten by columns", vec![Flatten::ColumnMajor.into()], &[2, 3, 2, 4]),
        ("reshape", vec![Reshape::new(vec![4, 3]).into()], &[2, 3, 4]),
        ("transpose", vec![Transpose::new(vec![0, 2, 1]).into()], &[2, 3, 4]),
        ("identity and tanh", vec![Identity.into(), Tanh.into()], &[2, 3]),
        (
            "a network of the toolbox",
            vec![
                convolution(&[2, 2, 1, 3], Window::new(&[2, 2]), 1, last),
                Rect.into(),
                SumPool::new(Window::new(&[2, 2]), last).unwrap().into(),
                Flatten::RowMajor.into(),
                linear(27, 4),
            ],
            &[2, 5, 5, 1],
        ),
    ];
    for (what, layers, shape) in table {
        check(what, &Network::sequential(layers).unwrap(), &numbers(shape));
    }
}

#[test]
fn every_function_is_read_again() {
    let functions = [
        Function::LeakyRect(0.1),
        Function::Elu(1.5),
        Function::Selu { alpha: 1.6, gamma: 1.05 },
        Function::Celu(0.5),
        Function::Sigmoid,
        Function::HardSigmoid { alpha: 0.2, beta: 0.5 },
        Function::HardSwish,
        Function::Softplus,
        Function::Softsign,
        Function::Gelu,
        Function::GeluTanh,
        Function::Silu,
        Function::Mish,
        Function::Clip { low: -0.5, high: 0.5 },
        Function::Clip { low: f64::NEG_INFINITY, high: f64::INFINITY },
        Function::Erf,
        Function::Exp,
        Function::Power(2.0),
        Function::Absolute,
    ];
    for function in functions {
        let network = Network::sequential([Activation::new(function).into()]).unwrap();
        check(&format!("{function:?}"), &network, &numbers(&[2, 9]));
    }
    for function in [Function::Log, Function::Sqrt, Function::Reciprocal, Function::Power(-0.5)] {
        let network = Network::sequential([Activation::new(function).into()]).unwrap();
        check(&format!("{function:?}"), &network, &(numbers(&[2, 9]) + 1.0));
    }
}

/// Values that are joined, one of which is turned at the time.
#[test]
fn branches_are_read_again() {
    for (what, op) in
        [("sum", Op::from(Add)), ("product", Multiply.into()), ("side by side", Concat::new(2).into())]
    {
        let mut builder = NetworkBuilder::new();
        let window = Window::new(&[3]).padded(&[[1, 1]]);
        let turned =
            builder.add("turned", convolution(&[3, 2, 2], window, 1, Channels::Last), &[Value::INPUT]);
        builder.add("join", op, &[Value::INPUT, turned]);
        check(what, &builder.build().unwrap(), &numbers(&[2, 4, 2]));
    }
    let mut builder = NetworkBuilder::new();
    let other = builder.add("other", Transpose::new(vec![0, 2, 1]), &[Value::INPUT]);
    builder.add("product", MatMul, &[Value::INPUT, other]);
    check("matrices", &builder.build().unwrap(), &numbers(&[2, 4, 2]));
}

/// What a network for texts is made of; its words are integers, its length is open once it is read.
#[test]
fn texts_are_read_by_what_is_read_again() {
    let table = Embedding::new(numbers(&[7, 4]).into_dimensionality().unwrap()).unwrap();
    let network = Network::sequential([
        table.into(),
        convolution(&[2, 4, 3], Window::new(&[2]), 1, Channels::Last),
        Rect.into(),
        Reduce::new(Reduction::Max, vec![1], false).into(),
        linear(3, 2),
    ])
    .unwrap();
    let words = ArrayD::from_shape_vec(IxDyn(&[2, 3]), vec![6.0, 0.0, 1.0, 5.0, 5.0, 2.0]).unwrap();
    let again = check("text", &network, &words);
    let kinds: Vec<String> = again.nodes().iter().map(|node| node.kind().to_string()).collect();
    assert_eq!(kinds, ["Embedding", "Transpose", "Convolution", "Rect", "Reduce", "Linear"]);
    assert_eq!(again.nodes()[0].name(), network.nodes()[0].name());
    let longer = ArrayD::from_shape_vec(IxDyn(&[1, 5]), vec![6.0, 0.0, 1.0, 5.0, 3.0]).unwrap();
    assert_eq!(again.forward(&longer).unwrap().shape(), [1, 2]);
}

/// A third has no float, so everything is double; halves have, so everything is single.
#[test]
fn numbers_are_as_wide_as_they_must_be() {
    let of = |value: f64| {
        let layer = Linear::new(ndarray::Array2::from_elem((100, 100), value), Array1::zeros(100)).unwrap();
        written(&Network::sequential([layer.into()]).unwrap(), Some(&[100])).unwrap().len()
    };
    assert!((40_000..42_000).contains(&of(0.5)) && (80_000..82_000).contains(&of(1.0 / 3.0)));
    let third =
        Network::sequential([Scaling::new(ArrayD::from_elem(vec![1], 1.0 / 3.0), numbers(&[1])).into()]);
    check("thirds", &third.unwrap(), &numbers(&[1, 3]));
}

#[test]
fn what_is_not_written_is_refused_by_name() {
    let wide = || Window::new(&[2, 2]).rounded_up();
    let shifted = Convolution::new(numbers(&[1, 1, 1]), Array1::ones(1), &[1]).unwrap();
    let shifted = shifted.with_input_shift(Array1::ones(1)).unwrap();
    let table: [(Op<f64>, &[usize], &str); 5] = [
        (
            Normalize::new(vec![1], 0.1).into(),
            &[3],
            "normalize_0: is of a kind that is read from ONNX and not written",
        ),
        (Gather::new(vec![None, None], 0.0).into(), &[3], "gather_0: is of a kind"),
        (shifted.into(), &[3, 1], "convolution_0: shifts its input"),
        (
            SumPool::plain(wide(), Channels::Last).unwrap().into(),
            &[3, 3, 1],
            "sumpool_0: sums windows that reach",
        ),
        (linear(2, 2), &[3], "linear_0: input has shape [1, 3]"),
    ];
    for (op, sample, part) in table {
        let error = written(&Network::sequential([op]).unwrap(), Some(sample)).unwrap_err().to_string();
        assert!(error.starts_with(part) && !error.contains('\n'), "{error}");
    }
    let network = Network::sequential([linear(2, 2)]).unwrap();
    assert!(
        written(&network, None).unwrap_err().to_string().ends_with("needs to know the shape of a sample")
    );
    let table = Embedding::new(ndarray::Array2::ones((4, 2))).unwrap();
    let computed = Network::sequential([Rect.into(), table.into()]).unwrap();
    let error = written(&computed, Some(&[3])).unwrap_err().to_string();
    assert!(error.starts_with("embedding_1: looks up numbers that are computed"), "{error}");
}
