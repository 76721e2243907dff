//! What cannot be built or run is refused in one line that names the node and what was allowed.

use std::sync::Arc;

use lrp_core::{
    Add, AveragePool, Channels, Concat, Convolution, Crossing, Embedding, Error, ErrorKind, Flatten, Flow,
    Gather, Identity, Kind, Layer, Linear, LocalResponse, MatMul, MaxPool, Multiply, Network, NetworkBuilder,
    Normalize, Op, ParametricRect, Record, Rect, Reduce, Reduction, Resample, Reshape, Scaling, Site,
    SoftMax, SumPool, Tensor, TensorView, Transpose, TransposedConvolution, Value, Window,
};
use ndarray::{Array1, Array2, arr1, arr2};

#[track_caller]
fn assert_says<T: std::fmt::Debug>(
    result: Result<T, Error>,
    kind: ErrorKind,
    node: Option<&str>,
    part: &str,
) {
    let error = result.expect_err(part);
    let text = error.to_string();
    assert_eq!((error.kind(), error.node()), (kind, node), "{text}");
    assert!(text.contains(part), "'{text}' does not say '{part}'");
    assert!(!text.contains('\n') && !text.ends_with('.'), "'{text}' is not one plain line");
    assert_eq!(text.starts_with(&format!("{}: ", node.unwrap_or("no node"))), node.is_some(), "{text}");
}

fn dense(inputs: usize, outputs: usize) -> Op<f64> {
    Linear::new(Array2::ones((inputs, outputs)), Array1::zeros(outputs)).unwrap().into()
}

fn convolution(filters: &[usize], window: Window, groups: usize) -> lrp_core::Result<Convolution<f64>> {
    let outputs = filters.last().copied().unwrap_or(0);
    Convolution::with_window(Tensor::ones(filters), Array1::zeros(outputs), window, groups, Channels::Last)
}

fn transposed(
    filters: &[usize],
    window: Window,
    groups: usize,
    more: &[usize],
) -> lrp_core::Result<TransposedConvolution<f64>> {
    let bias = Array1::zeros(filters[filters.len() - 2]);
    TransposedConvolution::new(Tensor::ones(filters), bias, window, groups, Channels::Last, more)
}

#[test]
fn layers_that_fit_nothing_cannot_be_made() {
    let ones = |shape: &[usize]| Tensor::<f64>::ones(shape);
    let plain = || Window::new(&[2, 2]);
    let refused: [(lrp_core::Result<()>, &str); 21] = [
        (
            Linear::new(Array2::<f64>::ones((2, 3)), arr1(&[0.0])).map(drop),
            "[2, 3] do not go with a bias of length 1",
        ),
        (Linear::new(Array2::<f64>::ones((0, 3)), Array1::zeros(3)).map(drop), "[0, 3]"),
        (Embedding::new(Array2::<f64>::ones((4, 0))).map(drop), "a table of shape [4, 0] holds no entry"),
        (Convolution::new(ones(&[2, 2, 1, 3]), arr1(&[0.0]), &[1, 1]).map(drop), "bias of length 1"),
        (Convolution::new(ones(&[2, 2, 1, 1]), arr1(&[0.0]), &[1]).map(drop), "differ in length"),
        (Convolution::new(ones(&[2, 1]), arr1(&[0.0]), &[]).map(drop), "1 to 3 spatial axes, not 0"),
        (Convolution::new(ones(&[1; 6]), arr1(&[0.0]), &[1; 4]).map(drop), "1 to 3 spatial axes, not 4"),
        (convolution(&[3, 2, 1, 1], plain(), 1).map(drop), "kernel [2, 2]"),
        (convolution(&[2, 2, 1, 4], plain(), 3).map(drop), "do not divide into 3 groups"),
        (convolution(&[2, 2, 1, 4], plain(), 0).map(drop), "do not divide into 0 groups"),
        (SumPool::new(plain().strided(&[1, 0]), Channels::Last).map(drop), "at least 1"),
        (SumPool::new(Window::new(&[0]), Channels::Last).map(drop), "at least 1"),
        (MaxPool::new(plain().dilated(&[0, 1]), Channels::Last).map(drop), "at least 1"),
        (
            MaxPool::new(plain().padded(&[[0, 0], [0, 2]]), Channels::Last).map(drop),
            "narrower than the window",
        ),
        (AveragePool::new(plain().strided(&[0, 1]), Channels::Last, true).map(drop), "at least 1"),
        (
            AveragePool::new(plain().padded(&[[2, 0], [0, 0]]), Channels::Last, false).map(drop),
            "narrower than the window",
        ),
        (transposed(&[2, 2, 2, 4], plain(), 3, &[0, 0]).map(drop), "4 filters do not divide into 3 groups"),
        (
            transposed(&[2, 2, 3, 4], plain(), 2, &[0, 0]).map(drop),
            "6 outputs do not go with a bias of length 3",
        ),
        (transposed(&[2, 2, 3, 4], plain(), 1, &[0]).map(drop), "output padding differ in length"),
        (transposed(&[2, 2, 3, 4], plain().rounded_up(), 1, &[0, 0]).map(drop), "cannot round up"),
        (
            convolution(&[2, 2, 3, 4], plain(), 1).unwrap().with_input_shift(arr1(&[0.0])).map(drop),
            "3 input channels do not go with 1 shifts",
        ),
    ];
    for (result, part) in refused {
        assert_says(result, ErrorKind::Shape, None, part);
    }
}

#[test]
fn networks_refuse_inputs_that_do_not_fit() {
    let pool = |kernel: &[usize]| MaxPool::new(Window::new(kernel), Channels::Last).unwrap();
    let sum = |kernel: &[usize]| SumPool::new(Window::new(kernel), Channels::First).unwrap();
    let filters = || convolution(&[2, 2, 3, 4], Window::new(&[2, 2]), 1).unwrap();
    let mean = |kernel: &[usize]| AveragePool::new(Window::new(kernel), Channels::Last, true).unwrap();
    let up = || transposed(&[2, 2, 3, 4], Window::new(&[2, 2]), 1, &[0, 0]).unwrap();
    let reduce = |axes: &[usize]| Reduce::new(Reduction::Sum, axes.to_vec(), true);
    let scaling = |shape: &[usize]| Scaling::new(Tensor::ones(shape), Tensor::ones(vec![1]));
    let table: [(Op<f64>, &[usize], &str, &str); 26] = [
        (dense(3, 2), &[2, 4], "linear_0", "[2, 4], expected [batch, .., 3]"),
        (dense(3, 2), &[2, 3, 1], "linear_0", "expected [batch, .., 3]"),
        (filters().into(), &[1, 5, 5, 2], "convolution_0", "has 2 channels, expected 3"),
        (filters().into(), &[1, 5, 5], "convolution_0", "[batch, space.., channels] with 2 spatial axes"),
        (filters().into(), &[1, 5, 1, 3], "convolution_0", "does not fit an input of size [5, 1]"),
        (pool(&[6, 1]).into(), &[1, 5, 5, 1], "maxpool_0", "window [6, 1] does not fit"),
        (sum(&[6]).into(), &[1, 1, 5], "sumpool_0", "window [6] does not fit"),
        (sum(&[2]).into(), &[1, 5], "sumpool_0", "[batch, channels, space..]"),
        (SoftMax::default().into(), &[2], "softmax_0", "expected [batch, classes, ..]"),
        (Add.into(), &[2, 3], "add_0", "takes two or more inputs, not 1"),
        (SoftMax::new(0).into(), &[2, 3], "softmax_0", "axis 0 is none of a sample's"),
        (SoftMax::new(2).into(), &[2, 3], "softmax_0", "axis 2 is none of a sample's"),
        (mean(&[2]).into(), &[1, 5, 5, 1], "averagepool_0", "with 1 spatial axes"),
        (mean(&[6, 1]).into(), &[1, 5, 5, 1], "averagepool_0", "window [6, 1] does not fit"),
        (up().into(), &[1, 2, 2, 3], "convolution_0", "has 3 channels, expected 4"),
        (up().into(), &[1, 0, 2, 4], "convolution_0", "makes nothing of an input of size [0, 2]"),
        (reduce(&[0, 1]).into(), &[2, 3], "reduce_0", "cannot reduce axis 0, the batch"),
        (reduce(&[2]).into(), &[2, 3], "reduce_0", "lacks one of the axes [2]"),
        (reduce(&[1]).into(), &[2, 0], "reduce_0", "nothing to reduce"),
        (scaling(&[3]).into(), &[2, 4], "scaling_0", "factors [3] do not broadcast to a sample of shape [4]"),
        (scaling(&[1, 4]).into(), &[2, 4], "scaling_0", "[1, 4] do not broadcast to a sample of shape [4]"),
        (ParametricRect::new(Tensor::ones(vec![2, 1])).into(), &[2, 3, 4], "activation_0", "slopes [2, 1]"),
        (
            Normalize::new(vec![0], 0.1).into(),
            &[2, 3],
            "normalize_0",
            "cannot normalize over axis 0, the batch",
        ),
        (Normalize::grouped(2, 0.1).into(), &[2, 3, 4], "normalize_0", "with channels in 2 groups"),
        (
            LocalResponse::new(3, 1.0, 1.0, 1.0).into(),
            &[2],
            "localresponse_0",
            "expected [batch, channels, ..]",
        ),
        (Flatten::RowMajor.into(), &[0, 3], "", "holds no sample"),
    ];
    for (op, shape, node, part) in table {
        let network = Network::sequential([op]).unwrap();
        let node = Some(node).filter(|name| !name.is_empty());
        assert_says(network.forward(&Tensor::ones(shape)), ErrorKind::Shape, node, part);
        assert_says(network.shapes(shape), ErrorKind::Shape, node, part);
    }
}

#[test]
fn layers_that_move_and_blend_refuse_inputs_that_do_not_fit() {
    let pick = |axes: &[Option<usize>]| {
        Gather::new(axes.iter().map(|entry| entry.map(|entry| vec![Some(entry), None])).collect(), 0.0)
    };
    let blend = |axis| Resample::new(vec![(axis, 3, vec![vec![(2, 1.0)]])]).unwrap();
    let table: [(Op<f64>, &[usize], &str, &str); 17] = [
        (pick(&[None, Some(3)]).into(), &[2, 3], "gather_0", "no entry 3 on axis 1 of [2, 3]"),
        (pick(&[None, Some(0)]).into(), &[2, 3, 1], "gather_0", "[2, 3, 1], expected 2 axes"),
        (pick(&[Some(0), None]).into(), &[2, 3], "gather_0", "cannot pick along axis 0, the batch"),
        (Concat::new(0).into(), &[2, 3], "concat_0", "cannot join along axis 0, the batch"),
        (Concat::new(2).into(), &[2, 3], "concat_0", "[[2, 3]] do not fit together along axis 2"),
        (Reshape::new(vec![2, 2]).into(), &[1, 2, 3], "reshape_0", "cannot have the shape [2, 2]"),
        (Reshape::new(vec![usize::MAX, 2]).into(), &[1, 3], "reshape_0", "cannot have the shape"),
        // None at all, if their number is cut off where it overflows.
        (Reshape::new(vec![1 << 63, 2, 3]).into(), &[2, 0], "reshape_0", "cannot have the shape"),
        (Transpose::new(vec![0, 2, 2]).into(), &[1, 2, 3], "transpose_0", "[0, 2, 2] is no order"),
        (Transpose::new(vec![0, 1]).into(), &[1, 2, 3], "transpose_0", "[0, 1] is no order"),
        (Transpose::new(vec![1, 0]).into(), &[3, 3], "transpose_0", "with the batch, axis 0, in front"),
        (blend(0).into(), &[3, 3], "resample_0", "cannot resample axis 0, the batch"),
        (blend(1).into(), &[3, 4], "resample_0", "input has shape [3, 4], expected 3 on axis 1"),
        (blend(2).into(), &[3, 3], "resample_0", "input has shape [3, 3], expected 3 on axis 2"),
        (Multiply.into(), &[2, 3], "multiply_0", "takes two inputs, not 1"),
        (MatMul.into(), &[2, 3, 3], "matmul_0", "[batch, .., m, k] and [batch, .., k, q]"),
        (dense(3, 2), &[3], "linear_0", "input has shape [3], expected [batch, .., 3]"),
    ];
    for (op, shape, node, part) in table {
        let network = Network::sequential([op]).unwrap();
        assert_says(network.forward(&Tensor::ones(shape)), ErrorKind::Shape, Some(node), part);
    }
}

#[test]
fn interpolation_is_between_entries_there_are() {
    let blend = |axis, size, weight| (axis, size, vec![vec![(2, weight)]]);
    let table = [
        (vec![blend(3, 2, 1.0)], "no entry 2 among 2 of axis 3"),
        (vec![blend(1, 3, 1.0), blend(2, 3, 1.0), blend(1, 4, 1.0)], "axis 1 is resampled twice"),
    ];
    for (axes, part) in table {
        assert_says(Resample::new(axes), ErrorKind::Shape, None, part);
    }
    let blended = |weight| Resample::new(vec![(1, 3, vec![vec![(2, weight)]])]).unwrap().into();
    let filled = |fill| Gather::new(vec![None], fill).into();
    type Make = fn(f64) -> Op<f64>;
    let table: [(Make, &str, &str); 2] = [(blended, "resample_0", "weights"), (filled, "gather_0", "fill")];
    for (op, node, part) in table {
        assert_says(Network::sequential([op(f64::NAN)]), ErrorKind::NotFinite, Some(node), part);
        let large = Network::sequential([op(1e300)]).unwrap();
        assert_says(large.cast::<f32>(), ErrorKind::NotFinite, Some(node), part);
    }
}

#[test]
fn inputs_that_do_not_go_together_are_refused() {
    type Row = (Op<f64>, &'static [usize], &'static [usize], &'static str);
    let table: [Row; 6] = [
        (Add.into(), &[2, 3], &[3, 2], "[[1, 2, 3], [1, 3, 2]] do not broadcast to one shape"),
        (Multiply.into(), &[6], &[2], "[[1, 6], [1, 2]] do not broadcast to one shape"),
        (Concat::new(1).into(), &[2, 3], &[2, 2], "do not fit together along axis 1"),
        (Concat::new(1).into(), &[2, 3], &[6], "do not fit together along axis 1"),
        (MatMul.into(), &[2, 3], &[2, 3], "not [[1, 2, 3], [1, 2, 3]]"),
        (MatMul.into(), &[2, 3, 1], &[3, 1, 2], "[[1, 2], [1, 3]] do not broadcast to one shape"),
    ];
    for (op, one, two, part) in table {
        let mut builder = NetworkBuilder::new();
        let inputs = [("one", one), ("two", two)].map(|(name, shape)| {
            let count = shape.iter().product();
            let values = builder.add(format!("{name} values"), dense(1, count), &[Value::INPUT]);
            builder.add(name, Reshape::new(shape.to_vec()), &[values])
        });
        builder.add("both", op, &inputs);
        let network = builder.build().unwrap();
        assert_says(network.forward(&Tensor::ones(vec![1, 1])), ErrorKind::Shape, Some("both"), part);
    }
}

/// Each part could be an array, all of them together could not be counted.
#[test]
fn parts_too_large_to_count_are_refused() {
    let mut builder = NetworkBuilder::<f64>::new();
    builder.add("join", Concat::new(1), &[Value::INPUT; 3]);
    let network = builder.build().unwrap();
    let largest = isize::MAX.unsigned_abs();
    assert_says(network.shapes(&[1, largest]), ErrorKind::Shape, Some("join"), "do not fit together");
}

#[test]
fn layers_of_one_input_take_no_more() {
    let resample = Resample::new(vec![]).unwrap();
    let table: [Op<f64>; 6] = [
        Identity.into(),
        Embedding::new(Array2::ones((2, 1))).unwrap().into(),
        Gather::new(vec![None], 0.0).into(),
        Reshape::new(vec![1]).into(),
        Transpose::new(vec![0]).into(),
        resample.into(),
    ];
    for op in table {
        let mut builder = NetworkBuilder::new();
        builder.add("both", op, &[Value::INPUT, Value::INPUT]);
        let network = builder.build().unwrap();
        assert_says(network.shapes(&[1, 1]), ErrorKind::Shape, Some("both"), "takes one input, not 2");
    }
}

/// A padded, dilated window can fall between the ends of a short input and meet none of it.
#[test]
fn max_pool_refuses_windows_that_hold_nothing_but_padding() {
    let window = Window::new(&[2]).padded(&[[1, 1]]).dilated(&[3]);
    let network = Network::<f64>::sequential([MaxPool::new(window, Channels::Last).unwrap().into()]).unwrap();
    assert_says(
        network.forward(&Tensor::ones(vec![1, 2, 1])),
        ErrorKind::Shape,
        Some("maxpool_0"),
        "nothing but padding",
    );
    assert!(network.forward(&Tensor::ones(vec![1, 3, 1])).unwrap().iter().all(|&top| top == 1.0));
}

#[test]
fn the_fault_is_reported_at_the_layer_it_reaches() {
    let network = Network::sequential([dense(3, 4), Rect.into(), dense(5, 2)]).unwrap();
    assert_says(
        network.forward(&Tensor::ones(vec![1, 3])),
        ErrorKind::Shape,
        Some("linear_2"),
        "[1, 4], expected [batch, .., 5]",
    );
}

#[test]
fn bad_wiring_is_refused() {
    let build = |nodes: &[(&str, &[Value])]| {
        let mut builder = NetworkBuilder::<f64>::new();
        for (name, inputs) in nodes {
            builder.add(*name, Rect, inputs);
        }
        builder.build()
    };
    let (input, ahead) = (Value::INPUT, Value::of_node(1));
    let unwritten = "no earlier node writes";
    let graph = ErrorKind::Graph;
    assert_says(build(&[]), graph, None, "at least one layer");
    assert_says(Network::<f64>::sequential([]), graph, None, "at least one layer");
    assert_says(build(&[("a", &[input]), ("a", &[input])]), graph, Some("a"), "has this name already");
    assert_says(build(&[("a", &[ahead]), ("b", &[input])]), graph, Some("a"), unwritten);
    assert_says(build(&[("a", &[input]), ("b", &[ahead])]), graph, Some("b"), unwritten);
    assert_says(build(&[("a", &[])]), graph, Some("a"), unwritten);
    let two = build(&[("both", &[input, input])]).unwrap();
    assert_says(
        two.forward(&Tensor::ones(vec![1, 1])),
        ErrorKind::Shape,
        Some("both"),
        "takes one input, not 2",
    );
}

#[test]
fn nan_and_infinity_are_refused_wherever_they_are() {
    let (nan, infinity) = (f64::NAN, f64::INFINITY);
    let build =
        |w: f64, b: f64| Network::sequential([Linear::new(arr2(&[[1.0, w]]), arr1(&[b, 0.0]))?.into()]);
    let here = Some("linear_0");
    assert_says(build(nan, 0.0), ErrorKind::NotFinite, here, "weights holds NaN or infinity at index 1");
    assert_says(build(0.0, infinity), ErrorKind::NotFinite, here, "bias holds NaN or infinity at index 0");
    let filters = Tensor::from_elem(vec![1, 1, 1], infinity);
    let layer = Convolution::new(filters, arr1(&[0.0]), &[1]).unwrap();
    assert_says(Network::sequential([layer.into()]), ErrorKind::NotFinite, Some("convolution_0"), "filters");
    let network = build(0.0, 0.0).unwrap();
    let input = arr2(&[[1.0], [nan]]).into_dyn();
    assert_says(network.forward(&input), ErrorKind::NotFinite, None, "input holds NaN at [1, 0]");
    let large = Network::sequential([Linear::new(arr2(&[[1e300]]), arr1(&[0.0])).unwrap().into()]).unwrap();
    assert_says(large.cast::<f32>(), ErrorKind::NotFinite, here, "weights");
    let table = Embedding::new(arr2(&[[0.0, nan]])).unwrap().into();
    assert_says(Network::sequential([table]), ErrorKind::NotFinite, Some("embedding_0"), "table");
}

/// Who allows NaN sees it come out, not vanish in a rectifier or a maximum.
#[test]
fn nan_passes_where_it_is_allowed() {
    let pool = MaxPool::new(Window::new(&[2]), Channels::Last).unwrap();
    for op in [Op::from(Rect), pool.into()] {
        let mut builder = NetworkBuilder::<f64>::new().allow_not_finite();
        builder.add("layer", op, &[Value::INPUT]);
        let network = builder.build().unwrap();
        let input = Tensor::from_shape_vec(vec![1, 3, 1], vec![f64::NAN, 1.0, 2.0]).unwrap();
        let output = network.forward(&input).unwrap();
        assert!(output[[0, 0, 0]].is_nan(), "{output}");
        assert_eq!(output[[0, 1, 0]], if output.len() == 3 { 1.0 } else { 2.0 });
    }
}

/// The second way to the table leads through a rectifier and a shift, the first through nothing.
#[test]
fn numbers_that_are_not_in_a_table_are_refused_before_anything_runs() {
    let table = || Embedding::new(Array2::ones((5, 2))).unwrap();
    let mut builder = NetworkBuilder::<f64>::new();
    let shift = Scaling::new(Tensor::ones(vec![1]), Tensor::ones(vec![1]));
    builder.add("words", table(), &[Value::INPUT]);
    let rect = builder.add("rect", Rect, &[Value::INPUT]);
    let next = builder.add("next", shift, &[rect]);
    builder.add("next words", table(), &[next]);
    let network = builder.build().unwrap();
    let table: [(f64, Option<&str>, &str); 6] = [
        (3.0, None, ""),
        (4.0, Some("next words"), "sample 1 holds 5 at [2], expected a whole number from 0 to 4"),
        (5.0, Some("words"), "sample 1 holds 5 at [2], expected a whole number from 0 to 4"),
        (-1.0, Some("words"), "holds -1 at [2]"),
        (0.5, Some("words"), "holds 0.5 at [2]"),
        (1e300, Some("words"), "expected a whole number"),
    ];
    for (number, node, part) in table {
        let input = arr2(&[[0.0, 1.0, 2.0], [3.0, 1.0, number]]).into_dyn();
        let Some(node) = node else {
            assert_eq!(network.forward(&input).unwrap(), Tensor::ones(vec![2, 3, 2]));
            continue;
        };
        assert_says(network.forward(&input), ErrorKind::Lookup, Some(node), part);
        assert_says(network.trace(&input), ErrorKind::Lookup, Some(node), part);
    }
    let mut builder = NetworkBuilder::<f64>::new().allow_not_finite();
    builder.add("words", Embedding::new(Array2::from_elem((5, 2), f64::NAN)).unwrap(), &[Value::INPUT]);
    let network = builder.build().unwrap();
    let input = arr2(&[[f64::NAN]]).into_dyn();
    assert_says(network.forward(&input), ErrorKind::Lookup, Some("words"), "sample 0 holds NaN at [0]");
}

#[derive(Debug)]
struct Silent;

impl Layer<f64> for Silent {
    fn kind(&self) -> Kind {
        Kind::Custom
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> lrp_core::Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, f64>], _: Site<'_, f64>) -> Tensor<f64> {
        inputs[0].to_owned()
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, f64>) -> Flow<'a, f64> {
        Flow::Route(Box::new(|relevance| vec![relevance]))
    }

    fn gradient(&self, _: &Record<'_, f64>, upstream: TensorView<'_, f64>) -> Vec<Tensor<f64>> {
        vec![upstream.to_owned()]
    }
}

#[test]
fn custom_layers_have_no_other_precision() {
    let mut builder = NetworkBuilder::new();
    builder.add("mine", Op::Custom(Arc::new(Silent)), &[Value::INPUT]);
    let network = builder.build().unwrap();
    assert_says(network.cast::<f32>(), ErrorKind::Cast, Some("mine"), "custom f64 layer has no f32 form");
}
