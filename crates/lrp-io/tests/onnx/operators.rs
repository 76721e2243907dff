//! What a graph may look like, one demand a test, and how single operators are read.

use lrp_core::{Kind, Node};
use lrp_io::{ErrorKind, Limits, Onnx, Source, read_model_bytes};
use ndarray::{ArrayD, IxDyn, arr2};

use crate::build::{bytes, floats, integer, integers, longs, model, node, real, text};
use crate::proto;
use crate::proto::{Model, Tensor};

fn output(model: &Model, input: &ArrayD<f64>) -> Vec<f64> {
    let network = read_model_bytes("m.onnx", &bytes(model), &Limits::default()).unwrap();
    network.forward(input).unwrap().into_iter().collect()
}

fn refusal(model: &Model) -> String {
    read_model_bytes("m.onnx", &bytes(model), &Limits::default()).unwrap_err().to_string()
}

fn row(values: &[f64]) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(&[1, values.len()]), values.to_vec()).unwrap()
}

fn relu() -> Vec<proto::Node> {
    vec![node("Relu", &["x"], &["y"], vec![])]
}

#[test]
fn everything_missing_is_named_at_once() {
    let nodes = vec![
        node("NonMaxSuppression", &["x"], &["a"], vec![]),
        proto::Node { domain: "com.microsoft".into(), ..node("FusedGelu", &["a"], &["b"], vec![]) },
        node("LSTM", &["b"], &["c"], vec![]),
        node("Relu", &["c"], &["y"], vec![]),
        node("Unheard", &["y"], &["unread"], vec![]),
    ];
    let file = bytes(&model(&[2], vec![], nodes));
    let limits = Limits::default();
    let onnx = Onnx::parse(&Source::from(file.as_slice()), &limits).unwrap();
    let missing = onnx.missing_operators().unwrap();
    let names: Vec<_> = missing.iter().map(|missing| missing.operator.as_str()).collect();
    assert_eq!(names, ["NonMaxSuppression", "com.microsoft.FusedGelu", "LSTM"]);
    let error = onnx.network().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        error.to_string(),
        "3 nodes are not supported: NonMaxSuppression at 'n_NonMaxSuppression' (it is not one of those that are \
         read), com.microsoft.FusedGelu at 'n_FusedGelu' (only standard operators are read), LSTM at 'n_LSTM' \
         (recurrent layers are not read)"
    );
}

#[test]
fn nodes_in_any_order_with_any_names() {
    let nodes = vec![
        node("Relu", &["b"], &["y"], vec![]),
        node("Relu", &["x"], &["a"], vec![]),
        proto::Node { name: String::new(), ..node("Neg", &["a"], &["b"], vec![]) },
    ];
    let network =
        read_model_bytes("m.onnx", &bytes(&model(&[2], vec![], nodes)), &Limits::default()).unwrap();
    let names: Vec<_> = network.nodes().iter().map(Node::name).collect();
    assert_eq!(names, ["n_Relu", "b", "n_Relu_2"]);
}

#[test]
fn the_index_of_the_best_is_dropped() {
    let nodes = vec![
        node("Softmax", &["x"], &["scores"], vec![integer("axis", 1)]),
        node("ArgMax", &["scores"], &["index"], vec![integer("axis", 1)]),
        node("Squeeze", &["index"], &["y"], vec![]),
    ];
    let network =
        read_model_bytes("m.onnx", &bytes(&model(&[2], vec![], nodes)), &Limits::default()).unwrap();
    assert_eq!(network.nodes().last().unwrap().kind(), Kind::SoftMax);
}

#[test]
fn gemm_with_all_its_parameters() {
    let constants = vec![floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0]), floats("c", &[1], &[10.0])];
    let parameters = vec![real("alpha", 0.5), real("beta", 2.0), integer("transB", 1)];
    let gemm = node("Gemm", &["x", "w", "c"], &["y"], parameters);
    assert_eq!(output(&model(&[2], constants, vec![gemm]), &row(&[1.0, 1.0])), [21.5, 23.5]);
}

#[test]
fn arithmetic_with_constants() {
    for (operator, left, right) in
        [("Add", 3.0, 3.0), ("Sub", -1.0, 1.0), ("Mul", 2.0, 2.0), ("Div", 0.5, 2.0)]
    {
        let constants = || vec![floats("c", &[], &[2.0])];
        let on_the_left = node(operator, &["x", "c"], &["y"], vec![]);
        assert_eq!(output(&model(&[1], constants(), vec![on_the_left]), &row(&[1.0])), [left], "{operator}");
        let on_the_right = node(operator, &["c", "x"], &["y"], vec![]);
        assert_eq!(
            output(&model(&[1], constants(), vec![on_the_right]), &row(&[1.0])),
            [right],
            "{operator}"
        );
    }
    let cube = vec![node("Pow", &["x", "c"], &["y"], vec![])];
    assert_eq!(output(&model(&[1], vec![floats("c", &[1], &[3.0])], cube), &row(&[2.0])), [8.0]);
}

#[test]
fn values_grow_where_constants_are_larger() {
    let product = vec![node("Mul", &["x", "c"], &["y"], vec![])];
    let constants = vec![floats("c", &[1, 3], &[1.0, 2.0, 3.0])];
    assert_eq!(output(&model(&[1], constants, product), &row(&[2.0])), [2.0, 4.0, 6.0]);
}

#[test]
fn attributes_mean_their_decimals() {
    let leaky = vec![node("LeakyRelu", &["x"], &["y"], vec![real("alpha", 0.1)])];
    assert_eq!(output(&model(&[1], vec![], leaky), &row(&[-1.0])), [-0.1]);
}

/// Eight channels of one pixel become two of 2 × 2, in either order, and come back.
#[test]
fn depth_and_space() {
    let eight = ArrayD::from_shape_fn(IxDyn(&[1, 8, 1, 1]), |place| place[1] as f64);
    let to_space = |mode: &str, input: &str, output: &str| {
        node("DepthToSpace", &[input], &[output], vec![integer("blocksize", 2), text("mode", mode)])
    };
    let to_depth = |input: &str| node("SpaceToDepth", &[input], &["y"], vec![integer("blocksize", 2)]);
    let run = |nodes| output(&model(&[8, 1, 1], vec![], nodes), &eight);
    assert_eq!(run(vec![to_space("DCR", "x", "y")]), [0.0, 2.0, 4.0, 6.0, 1.0, 3.0, 5.0, 7.0]);
    assert_eq!(run(vec![to_space("CRD", "x", "y")]), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]);
    assert_eq!(
        run(vec![to_space("DCR", "x", "s"), to_depth("s")]),
        eight.clone().into_raw_vec_and_offset().0
    );
    let tell = |sample: &[i64], node| refusal(&model(sample, vec![], vec![node]));
    assert!(tell(&[6, 1, 1], to_space("DCR", "x", "y")).ends_with("from 6 channels, which do not fill them"));
    assert!(
        tell(&[8, 1, 1], to_space("RGB", "x", "y")).ends_with("has the mode 'RGB', known are DCR and CRD")
    );
    assert!(
        tell(&[8, 1, 3], to_depth("x")).ends_with("cuts squares of 2 x 2 from 1 x 3, which leaves a rest")
    );
    assert!(tell(&[8, 1], to_depth("x")).contains("expected channels, height and width"));
    let none = node("SpaceToDepth", &["x"], &["y"], vec![]);
    assert!(tell(&[8, 2, 2], none).ends_with("has the blocksize 0, it must be above zero"));
    let huge = node("DepthToSpace", &["x"], &["y"], vec![integer("blocksize", 1 << 40)]);
    assert!(tell(&[8, 2, 2], huge).contains("do not fill them"));
}

#[test]
fn resizing() {
    let resized = |attributes, scales: &[f32]| {
        let nodes = vec![node("Resize", &["x", "", "s"], &["y"], attributes)];
        let constants = vec![floats("s", &[scales.len() as i64], scales)];
        let input = ArrayD::from_shape_vec(IxDyn(&[1, 1, 4]), vec![1.0, 2.0, 3.0, 4.0]).unwrap();
        output(&model(&[1, 4], constants, nodes), &input)
    };
    let nearest = |nearest_mode, coordinates| {
        vec![text("nearest_mode", nearest_mode), text("coordinate_transformation_mode", coordinates)]
    };
    let doubled = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0];
    assert_eq!(resized(nearest("floor", "asymmetric"), &[1.0, 1.0, 2.0]), doubled);
    assert_eq!(resized(vec![], &[1.0, 1.0, 2.0]), doubled);
    assert_eq!(resized(nearest("ceil", "half_pixel"), &[1.0, 1.0, 0.5]), [2.0, 4.0]);
    let linear =
        |coordinates| vec![text("mode", "linear"), text("coordinate_transformation_mode", coordinates)];
    assert_eq!(resized(linear("align_corners"), &[1.0, 1.0, 1.75]), [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0]);
    assert_eq!(
        resized(linear("half_pixel"), &[1.0, 1.0, 2.0]),
        [1.0, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4.0]
    );
    // As ONNX's own reference evaluator has it.
    let expected = [
        0.894_531_25,
        1.191_406_25,
        1.667_968_75,
        2.296_875,
        2.703_125,
        3.332_031_25,
        3.808_593_75,
        4.105_468_75,
    ];
    assert_eq!(resized(vec![text("mode", "cubic")], &[1.0, 1.0, 2.0]), expected);
}

#[test]
fn where_flattening_begins() {
    let flattened = |axis| {
        let nodes = vec![node("Flatten", &["x"], &["y"], vec![integer("axis", axis)])];
        let read = read_model_bytes("m.onnx", &bytes(&model(&[2, 3], vec![], nodes)), &Limits::default());
        read.map(|network| network.shapes(&[5, 2, 3]).unwrap().pop().unwrap())
    };
    assert_eq!(flattened(1).unwrap(), [5, 6]);
    assert_eq!(flattened(-2).unwrap(), [5, 6]);
    assert!([-3, -1, 0, 2, 3, 4].into_iter().all(|axis| flattened(axis).is_err()));
}

#[test]
fn a_graph_that_does_nothing() {
    let nothing = vec![node("Cast", &["x"], &["y"], vec![integer("to", 1)])];
    assert_eq!(output(&model(&[2], vec![], nothing), &row(&[1.0, 2.0])), [1.0, 2.0]);
}

#[test]
fn padding_by_itself() {
    let padded = |mode, pads: &[i64]| {
        let nodes = vec![node("Pad", &["x", "p"], &["y"], vec![text("mode", mode)])];
        output(&model(&[3], vec![longs("p", pads)], nodes), &row(&[1.0, 2.0, 3.0]))
    };
    assert_eq!(padded("constant", &[0, 1, 0, 1]), [0.0, 1.0, 2.0, 3.0, 0.0]);
    assert_eq!(padded("edge", &[0, 1, 0, 2]), [1.0, 1.0, 2.0, 3.0, 3.0, 3.0]);
    assert_eq!(padded("reflect", &[0, 2, 0, 1]), [3.0, 2.0, 1.0, 2.0, 3.0, 2.0]);
    assert_eq!(padded("wrap", &[0, 1, 0, 1]), [3.0, 1.0, 2.0, 3.0, 1.0]);
    assert_eq!(padded("constant", &[0, -1, 0, 0]), [2.0, 3.0]);
}

#[test]
fn slices_as_in_python() {
    let sliced = |start, end, step| {
        let nodes = vec![node("Slice", &["x", "s", "e", "a", "t"], &["y"], vec![])];
        let constants =
            vec![longs("s", &[start]), longs("e", &[end]), longs("a", &[-1]), longs("t", &[step])];
        output(&model(&[4], constants, nodes), &row(&[0.0, 1.0, 2.0, 3.0]))
    };
    assert_eq!(sliced(1, i64::MAX, 1), [1.0, 2.0, 3.0]);
    assert_eq!(sliced(-1, i64::MIN, -2), [3.0, 1.0]);
    assert_eq!(sliced(0, -1, 1), [0.0, 1.0, 2.0]);
}

#[test]
fn padding_of_windows_that_keeps_sizes() {
    let pool = |side| {
        let attributes = vec![integers("kernel_shape", &[2]), text("auto_pad", side)];
        let nodes = vec![node("AveragePool", &["x"], &["y"], attributes)];
        let input = ArrayD::from_shape_vec(IxDyn(&[1, 1, 2]), vec![1.0, 3.0]).unwrap();
        output(&model(&[1, 2], vec![], nodes), &input)
    };
    assert_eq!(pool("SAME_UPPER"), [2.0, 3.0]);
    assert_eq!(pool("SAME_LOWER"), [1.0, 2.0]);
    assert_eq!(pool("VALID"), [2.0]);
}

#[test]
fn matrices_on_either_side() {
    let constants = || vec![floats("w", &[2, 2], &[1.0, 2.0, 3.0, 4.0])];
    let input = ArrayD::from_shape_vec(IxDyn(&[1, 2, 2]), vec![1.0, 0.0, 1.0, 1.0]).unwrap();
    let (w, x) = (arr2(&[[1.0, 2.0], [3.0, 4.0]]), arr2(&[[1.0, 0.0], [1.0, 1.0]]));
    let product = |inputs: [&str; 2]| {
        let nodes = vec![node("MatMul", &inputs, &["y"], vec![])];
        output(&model(&[2, 2], constants(), nodes), &input)
    };
    assert_eq!(product(["x", "w"]), x.dot(&w).into_iter().collect::<Vec<_>>());
    assert_eq!(product(["w", "x"]), w.dot(&x).into_iter().collect::<Vec<_>>());
    assert_eq!(product(["x", "x"]), x.dot(&x).into_iter().collect::<Vec<_>>());
}

/// Two rows of a table of two by two, of three, and of single numbers, by numbers that are the input.
#[test]
fn rows_of_a_table_by_computed_places() {
    let values: Vec<f32> = (0..12_u8).map(f32::from).collect();
    let looked_up = |dims: &[i64], sample: &[i64], places: &[f64]| {
        let count: i64 = dims.iter().product();
        let table = floats("t", dims, &values[..usize::try_from(count).unwrap()]);
        let nodes = vec![node("Gather", &["t", "x"], &["y"], vec![])];
        let shape: Vec<usize> =
            std::iter::once(&1).chain(sample).map(|&size| usize::try_from(size).unwrap()).collect();
        output(&model(sample, vec![table], nodes), &ArrayD::from_shape_vec(shape, places.to_vec()).unwrap())
    };
    assert_eq!(looked_up(&[4, 3], &[2], &[3.0, 0.0]), [9.0, 10.0, 11.0, 0.0, 1.0, 2.0]);
    assert_eq!(looked_up(&[3, 2, 2], &[1, 2], &[2.0, 0.0]), [8.0, 9.0, 10.0, 11.0, 0.0, 1.0, 2.0, 3.0]);
    assert_eq!(looked_up(&[5], &[2, 1], &[4.0, 1.0]), [4.0, 1.0]);
    let nodes = || vec![node("Gather", &["t", "x"], &["y"], vec![integer("axis", 1)])];
    let error = refusal(&model(&[2], vec![floats("t", &[4, 3], &values)], nodes()));
    assert!(error.contains("looks up places along axis 1 of a table, expected axis 0"), "{error}");
    let nodes = vec![node("Gather", &["t", "x"], &["y"], vec![])];
    let file = bytes(&model(&[2], vec![floats("t", &[4, 3], &values)], nodes));
    let network = read_model_bytes("m.onnx", &file, &Limits::default()).unwrap();
    let error = network.forward(&row(&[-1.0, 0.0])).unwrap_err().to_string();
    assert_eq!(error, "n_Gather: sample 0 holds -1 at [0], expected a whole number from 0 to 3");
}

#[test]
fn what_is_refused_says_where() {
    let tell = |nodes, constants: Vec<Tensor>, words: &str| {
        let error = refusal(&model(&[2, 4], constants, nodes));
        assert!(error.starts_with("m.onnx: ") && error.contains(words), "{error}");
    };
    let one = |operator, inputs: &[&str], attributes| vec![node(operator, inputs, &["y"], attributes)];
    tell(one("Relu", &["nobody"], vec![]), vec![], "Relu 'n_Relu': reads 'nobody', which nothing writes");
    tell(one("Cast", &["x"], vec![integer("to", 7)]), vec![], "casts what depends on the input to integers");
    tell(one("Pow", &["x", "x"], vec![]), vec![], "computes its exponent from the input");
    tell(one("Gather", &["x", "x"], vec![integer("axis", 1)]), vec![], "computes its places from the input");
    let strings = vec![crate::build::raw_tensor("c", 8, &[1], vec![])];
    tell(one("Add", &["x", "c"], vec![]), strings, "tensor 'c': holds strings");
    tell(one("BatchNormalization", &["x"], vec![integer("training_mode", 1)]), vec![], "is in training mode");
    tell(one("MaxPool", &["x"], vec![]), vec![], "has no kernel_shape");
    tell(
        one("Elu", &["x"], vec![integer("alpha", 1)]),
        vec![],
        "an attribute 'alpha' of type 2, expected a number",
    );
}

#[test]
fn versions_and_inputs() {
    let mut old = model(&[2], vec![], relu());
    old.opset_import[0].version = 5;
    assert!(refusal(&old).ends_with("is in version 5 of the operators, read are 6 to 22"));
    old.opset_import.clear();
    assert!(refusal(&old).contains("does not say which version"));

    let mut two = model(&[2], vec![], vec![node("Add", &["x", "z"], &["y"], vec![])]);
    let graph = two.graph.as_mut().unwrap();
    graph.input.push(proto::ValueInfo { name: "z".into(), r#type: None });
    assert!(refusal(&two).ends_with("has the inputs 'x', 'z', expected one that is not a constant"));
    let (limits, file) = (Limits::default(), bytes(&two));
    let onnx = Onnx::parse(&Source::from(file.as_slice()), &limits).unwrap();
    assert_eq!(onnx.inputs(), ["x", "z"]);
    let network = onnx.with_input("z", ndarray::arr1(&[1.0, 2.0]).into_dyn()).network().unwrap();
    assert_eq!(network.forward(&row(&[0.0, 0.0])).unwrap(), row(&[1.0, 2.0]));

    let open = model(&[-1], vec![], relu());
    assert!(refusal(&open).ends_with("input 'x': axis 1 has no size; give the shape of a sample"));
    let file = bytes(&open);
    let source = Source::from(file.as_slice()).with_sample(&[2]);
    let onnx = Onnx::parse(&source, &limits).unwrap();
    assert!(onnx.network().is_ok());
    assert_eq!(onnx.declared_sample(), None);
    let file = bytes(&model(&[2, 3], vec![], relu()));
    let onnx = Onnx::parse(&Source::from(file.as_slice()), &limits).unwrap();
    assert_eq!(onnx.declared_sample(), Some(vec![2, 3]));
}
