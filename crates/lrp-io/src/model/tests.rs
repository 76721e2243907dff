//! Round trips and refusals of the text format.

use lrp_core::{
    Activation, Add, AveragePool, Channels, Concat, Convolution, Flatten, Function, Gather, Identity, Linear,
    LocalResponse, MatMul, MaxPool, Multiply, Normalize, Op, ParametricRect, Reduce, Reduction, Resample,
    Reshape, Scaling, SoftMax, SumPool, Tanh, Ties, Transpose, TransposedConvolution, Window,
};
use ndarray::{Array, Array1, Array2, ArrayD};
use proptest::prelude::*;

use super::*;
use crate::python_float::python_float;

fn read(text: &str) -> Result<Network<f64>> {
    read_model_bytes("m.txt", text.as_bytes(), &Limits::default())
}

fn refusal(text: &str) -> String {
    let message = read(text).expect_err("this model is broken").to_string();
    assert!(!message.contains('\n'), "one line: {message}");
    message
}

fn written(network: &Network<f64>) -> String {
    String::from_utf8(text_writer::write(network).expect("writable")).expect("ASCII")
}

#[test]
fn numbers_look_like_pythons() {
    let cases = [
        (1e-5, "1e-05"),
        (-0.0, "-0.0"),
        (1e16, "1e+16"),
        (123_456_789.125, "123456789.125"),
        (5.0, "5.0"),
        (0.0001, "0.0001"),
        (9_999_999_999_999_998.0, "9999999999999998.0"),
        (1.5e-300, "1.5e-300"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN, "nan"),
    ];
    for (value, expected) in cases {
        assert_eq!(python_float(value), expected);
    }
}

#[test]
fn both_layouts_of_a_dense_layer_read_the_same() {
    let modern = read("Linear 2 3\n1 2 3 4 5 6\n0.5 0 -0.000\nSoftMax\n").expect("modern");
    let legacy = read("Linear 2 3\n1 2 3\n4 5 6\n0.5 0 -0.000\nSoftMax").expect("legacy, no final newline");
    assert_eq!(written(&modern), written(&legacy));
    assert_eq!(written(&modern), "Linear 2 3\n1.0 2.0 3.0 4.0 5.0 6.0\n0.5 0.0 -0.0\nSoftMax\n");
    let old = text_writer::write_legacy(&modern).expect("writable");
    assert_eq!(
        String::from_utf8_lossy(&old),
        "Linear 2 3\n1.0 2.0 3.0\n4.0 5.0 6.0\n0.5 0.0 -0.0\nSoftMax\n"
    );
    assert_eq!(
        written(&read_model_bytes("old.txt", &old, &Limits::default()).expect("our own")),
        written(&modern)
    );
    let newer = read("Flatten\n").expect("a model");
    assert!(text_writer::write_legacy(&newer).is_err());
}

#[test]
fn line_ends_marks_and_trailing_blanks_do_not_matter() {
    let plain = written(&read("Linear 1 1\n2\n3\nRect\n").expect("plain"));
    for text in [
        "Linear 1 1\r\n2\r\n3\r\nRect\r\n",
        "\u{feff}Linear 1 1\n2\n3\nRect\n",
        "Linear 1 1\n2\n3\nRect\n\n \n",
    ] {
        assert_eq!(written(&read(text).expect(text)), plain);
    }
}

#[test]
fn every_refusal_names_its_line() {
    let cases = [
        ("Linear 2 2\n1 2 3 4\n1\n", "m.txt:3: Linear 2 2 has 1 bias in this line, expected 2"),
        ("Linear 2 2\n1 2 3 4\n1 x\n", "m.txt:3: number 2 is 'x', not a number"),
        ("Linear 2 2\n1 2 3 nan\n1 1\n", "m.txt:2: number 4 is 'nan', weights must be finite"),
        ("Linear 2 2\n1 2 3 1e999\n1 1\n", "m.txt:2: number 4 is '1e999', weights must be finite"),
        ("Linear 2\n", "m.txt:1: Linear takes 2 numbers, found 1"),
        ("Linear 2 -2\n", "m.txt:1: '-2' is not a size: a whole number is expected"),
        ("Linear 0 2\n\n1 1\n", "m.txt:1: a layer's sizes must be at least 1"),
        ("Linear 2 2\n1 2 3 4\n", "m.txt:3: the file ends before the numbers of Linear 2 2"),
        ("Linear 99999999999 99999999999\n1\n1\n", "m.txt:1: the shape [99999999999, 99999999999] overflows"),
        ("SumPool 2 2 0 2\n", "m.txt:1: kernel, stride and dilation must be at least 1"),
        ("Rect\n\nRect\n", "m.txt:3: a blank line ends a model, but 'Rect' follows"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), expected);
    }
    assert!(refusal("Rect\nRectangle\n").starts_with("m.txt:2: unknown layer 'Rectangle'; one of Linear, "));
    assert!(refusal("").contains("at least one layer"));
    assert!(read_model_bytes("m.txt", b"Rect\0\xff", &Limits::default()).is_err());
}

#[test]
fn a_model_cut_off_anywhere_is_refused_or_shorter() {
    let whole =
        "Convolution 1 2 1 2 1 1\n1 2 3 4\n0 1\nMaxPool 1 2 1 2\nFlatten\nLinear 2 1\n0.5 0.25\n1\nTanh\n";
    for end in 0..whole.len() {
        if let Ok(network) = read(&whole[..end]) {
            assert!(network.nodes().len() <= 5);
        }
    }
}

#[test]
fn what_the_format_cannot_hold_is_refused() {
    let mut builder = lrp_core::NetworkBuilder::new();
    let first = builder.add("one", Tanh, &[Value::INPUT]);
    builder.add("join", Add, &[first, Value::INPUT]);
    let error = text_writer::write(&builder.build().expect("a network")).expect_err("not a sequence");
    assert!(error.to_string().contains("join: the format holds only sequences"), "{error}");

    let padded = Window::new(&[2, 2]).padded(&[[1, 1], [0, 0]]);
    let pool = SumPool::new(padded, Channels::Last).expect("a pool");
    let network = Network::sequential([pool.into()]).expect("a network");
    assert!(text_writer::write(&network).is_err());
}

#[test]
fn layers_of_other_systems_are_refused() {
    let one = || ArrayD::ones(vec![1]);
    let window = || Window::new(&[2, 2]);
    let max = |window| MaxPool::new(window, Channels::Last).expect("a pool");
    let filters = || ArrayD::ones(vec![2, 2, 1, 1]);
    let shifted = Convolution::new(filters(), Array1::ones(1), &[1, 1]).expect("fits");
    let shifted = shifted.with_input_shift(Array1::ones(1)).expect("fits");
    let transposed =
        TransposedConvolution::new(filters(), Array1::ones(1), window(), 1, Channels::Last, &[0, 0]);
    let own_formats = MODEL_FORMATS.iter().filter(|format| !format.exported);
    let writers: Vec<WriteModel> = own_formats.filter_map(|format| format.write).collect();
    assert_eq!(writers.len(), 3);
    let own = "the format holds only the toolbox's own layers";
    let table: [(Op<f64>, &str); 22] = [
        (Activation::new(Function::Gelu).into(), own),
        (ParametricRect::new(one()).into(), own),
        (Scaling::new(one(), one()).into(), own),
        (AveragePool::new(window(), Channels::Last, true).expect("a pool").into(), own),
        (Reduce::new(Reduction::Mean, vec![1], false).into(), own),
        (Normalize::new(vec![1], 1e-5).into(), own),
        (LocalResponse::new(5, 1e-4, 0.75, 1.0).into(), own),
        (transposed.expect("fits").into(), own),
        (Identity.into(), own),
        (Gather::new(vec![None, Some(vec![Some(0)])], 0.0).into(), own),
        (Concat::new(1).into(), own),
        (Reshape::new(vec![1]).into(), own),
        (Transpose::new(vec![0, 1]).into(), own),
        (Resample::new(vec![]).expect("fits").into(), own),
        (Multiply.into(), own),
        (MatMul.into(), own),
        (SumPool::plain(window(), Channels::Last).expect("a pool").into(), "the toolbox's factor only"),
        (shifted.into(), "no shift of a convolution's input"),
        (max(window()).with_ties(Ties::First).into(), "all that tie for a maximum share"),
        (max(window().rounded_up()).into(), "neither padded nor dilated"),
        (SoftMax::new(2).into(), "softmax along axis 1 only"),
        (SoftMax::logarithm(1).into(), "not its logarithm"),
    ];
    for (op, reason) in table {
        let network = Network::sequential([op]).expect("a network");
        for write in &writers {
            let error = write(&network, None).expect_err(reason).to_string();
            assert!(error.starts_with(network.nodes()[0].name()) && error.contains(reason), "{error}");
        }
    }
}

const FLATTENED: &str = "Rect\nFlatten\nRect\nLinear 12 2\n1 9 3 4 -5 6 7 8 2 10 11 -12 1 14 3 16 17 -8 19 20 4 22 -2 24\n0 1\nSoftMax\n";

fn image() -> lrp_core::Tensor<f64> {
    Array::from_iter((0..24).map(|value| f64::from(value) / 100.0))
        .into_shape_with_order(vec![2, 2, 3, 2])
        .expect("24 values")
}

#[test]
fn q40_flatten_order_is_an_option_of_the_reader() {
    let python = read(FLATTENED).expect("a model");
    let matlab = reread_flatten(&python, Convention::Matlab).expect("the same layers");
    let scores = |network: &Network<f64>| network.forward(&image()).expect("scores");
    assert_ne!(scores(&python), scores(&matlab));
    // What Matlab flattens is, for Python, the image with its axes turned round.
    let turned = image().permuted_axes(vec![0, 3, 2, 1]);
    assert_eq!(scores(&matlab), python.forward(&turned).expect("scores"));
}

#[test]
fn reordered_networks_compute_the_same() {
    let python = read(FLATTENED).expect("a model");
    let matlab = reorder_flatten(&python, Convention::Matlab, &[2, 3, 2]).expect("reordered");
    let scores = |network: &Network<f64>| network.forward(&image()).expect("scores");
    let difference = (scores(&python) - scores(&matlab)).mapv(f64::abs).sum();
    assert!(difference < 1e-12, "off by {difference}");
    let again = reorder_flatten(&matlab, Convention::Python, &[2, 3, 2]).expect("reordered back");
    assert_eq!(written(&again), written(&python));

    let error = text_writer::write(&matlab).expect_err("Python would flatten otherwise").to_string();
    assert_eq!(error, "flatten_1: flattens in another order than python takes the text to mean");
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.txt");
    write_matlab_model(&path, &matlab).expect("written");
    assert!(write_matlab_model(&path, &python).is_err());
    let back = read_model(&path, &Limits::default()).expect("a model");
    let back = reread_flatten(&back, Convention::Matlab).expect("the same layers");
    assert_eq!(scores(&back), scores(&matlab));
}

#[test]
fn an_order_that_shows_in_the_output_is_refused() {
    for (text, blamed) in
        [("Flatten\n", "outputs would come in another order"), ("Flatten\nSoftMax\n", "outputs")]
    {
        let network = read(text).expect("a model");
        let error = reorder_flatten(&network, Convention::Matlab, &[2, 3, 2]).expect_err("shows");
        assert!(error.to_string().contains(blamed), "{error}");
        // Maps of one pixel have one order only.
        assert!(reorder_flatten(&network, Convention::Matlab, &[1, 1, 7]).is_ok());
    }
}

use lrp_core::Value;

fn layers() -> impl Strategy<Value = Op<f64>> {
    let number = prop_oneof![
        proptest::num::f64::NORMAL,
        proptest::num::f64::SUBNORMAL,
        proptest::num::f64::ZERO,
        -1.0..1.0
    ];
    let size = 1usize..4;
    prop_oneof![
        (size.clone(), size.clone(), proptest::collection::vec(number, 256)).prop_map(|(m, n, numbers)| {
            let weights = Array2::from_shape_fn((m, n), |(i, j)| numbers[i * n + j]);
            let bias = Array1::from_iter(numbers.iter().rev().take(n).copied());
            Op::from(Linear::new(weights, bias).expect("fits"))
        }),
        (size.clone(), size.clone(), size.clone(), size.clone()).prop_map(|(h, w, d, n)| {
            let filters = Array::from_iter((0..h * w * d * n).map(|i| 1.0 / (1.0 + i as f64)));
            let filters = filters.into_shape_with_order(vec![h, w, d, n]).expect("fits");
            Op::from(Convolution::new(filters, Array1::zeros(n), &[n, h]).expect("fits"))
        }),
        (size.clone(), size).prop_map(|(h, w)| {
            let window = Window::new(&[h, w]).strided(&[w, h]);
            Op::from(MaxPool::new(window, Channels::Last).expect("fits"))
        }),
        Just(Op::from(Flatten::RowMajor)),
        Just(Op::from(Tanh)),
        Just(Op::from(SoftMax::default())),
    ]
}

proptest! {
    #[test]
    fn reading_what_was_written_gives_the_same_text(ops in proptest::collection::vec(layers(), 1..6)) {
        let text = written(&Network::sequential(ops).expect("a network"));
        prop_assert_eq!(written(&read(&text).expect("our own text")), text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "((Linear|Convolution|MaxPool|Rect|Tanh)( [0-9-]{1,3}){0,6}\n([0-9.e -]{0,12}\n){0,2}){0,4}") {
        let _ = read(&text);
    }
}
