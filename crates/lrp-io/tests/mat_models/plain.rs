//! Models as plain structs: round trips to the bit, and what is refused.

use lrp_core::{
    Add, Channels, Convolution, Flatten, Linear, MaxPool, Network, NetworkBuilder, Op, Rect, SoftMax,
    SumPool, Tanh, Value, Window,
};
use lrp_io::{ErrorKind, Limits, read_model, read_model_bytes, write_model};
use ndarray::{Array, Array1, Array2};
use proptest::prelude::*;

use crate::bytes::{element, f64s, mat, matrix};
use crate::mcos::{cell, double, named_record, record};

pub(crate) fn written(network: &Network<f64>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.mat");
    write_model(&path, network).unwrap();
    std::fs::read(path).unwrap()
}

fn read(bytes: &[u8]) -> Network<f64> {
    read_model_bytes("m.mat", bytes, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn refusal(bytes: &[u8]) -> String {
    read_model_bytes("m.mat", bytes, &Limits::default()).unwrap_err().to_string()
}

/// Everything that a layer is, numbers as bits.
pub(crate) fn described(network: &Network<f64>) -> Vec<String> {
    let bits = |numbers: &mut dyn Iterator<Item = &f64>| {
        format!("{:x?}", numbers.map(|x| x.to_bits()).collect::<Vec<_>>())
    };
    let describe = |op: &Op<f64>| match op {
        Op::Linear(layer) => {
            format!(
                "{:?} {} {}",
                layer.weights().shape(),
                bits(&mut layer.weights().iter()),
                bits(&mut layer.bias().iter())
            )
        }
        Op::Convolution(layer) => format!(
            "{:?} {:?} {} {}",
            layer.filters().shape(),
            layer.window(),
            bits(&mut layer.filters().iter()),
            bits(&mut layer.bias().iter())
        ),
        other => format!("{other:?}"),
    };
    network.nodes().iter().map(|node| format!("{:?} {}", node.kind(), describe(node.op()))).collect()
}

/// One layer of each kind, with numbers that are easily lost.
pub(crate) fn every_layer() -> Network<f64> {
    let filters =
        Array::from_iter((0..12).map(|i| f64::from(i) * 0.1)).into_shape_with_order(vec![1, 2, 2, 3]);
    let filters = Convolution::new(filters.unwrap(), Array1::from_vec(vec![-0.0, 5e-324, f64::MAX]), &[2, 1]);
    let window = || Window::new(&[1, 2]).strided(&[2, 1]);
    let weights = Array2::from_shape_fn((3, 2), |(i, j)| 1.0 / (1.0 + i as f64 + 3.0 * j as f64));
    Network::sequential([
        filters.unwrap().into(),
        Rect.into(),
        SumPool::new(window(), Channels::Last).unwrap().into(),
        MaxPool::new(window(), Channels::Last).unwrap().into(),
        Flatten::RowMajor.into(),
        Linear::new(weights, Array1::from_vec(vec![1e-320, -1.5])).unwrap().into(),
        Tanh.into(),
        SoftMax::default().into(),
        Op::from(Flatten::ColumnMajor),
    ])
    .unwrap()
}

#[test]
fn every_layer_is_written_and_read_to_the_bit() {
    let network = every_layer();
    let bytes = written(&network);
    assert_eq!(described(&read(&bytes)), described(&network));
    assert_eq!(written(&read(&bytes)), bytes);
    assert!(bytes.starts_with(b"MATLAB 5.0 MAT-file, Platform: any, Created by: lrp-io  "));
}

#[test]
fn the_first_variable_is_the_model_whatever_its_name() {
    let model = |name: &str| {
        let layers = cell(&[1, 1], &[record(&[("type", text("Tanh"))])]);
        named_record(
            name,
            &[("format", text("lrp-model")), ("version", double(&[1, 1], &[1.0])), ("layers", layers)],
        )
    };
    let number = |name| matrix(6, &[10, 1, 3], name, &element(9, &f64s(&[0.0; 30])));
    assert_eq!(read(&mat(&[number(""), model("net"), number("x")])).nodes().len(), 1);
    assert_eq!(
        refusal(&mat(&[number("x"), model("net")])),
        "m.mat: holds the array 'x' [10, 1, 3], not a model"
    );
    assert_eq!(refusal(&mat(&[])), "m.mat: holds no variables, so no model");
}

#[test]
fn what_is_no_model_is_said() {
    let one = || double(&[1, 1], &[1.0]);
    let with = |version: Vec<u8>, layers: Vec<u8>| {
        refusal(&mat(&[named_record(
            "m",
            &[("format", text("lrp-model")), ("version", version), ("layers", layers)],
        )]))
    };
    let layer = |fields: &[(&str, Vec<u8>)]| with(one(), cell(&[1, 1], &[record(fields)]));
    let rows = [
        (refusal(&mat(&[matrix(1, &[0, 0], "c", &[])])), "m.mat: holds a cell array 'c', not a model"),
        (
            refusal(&mat(&[named_record("s", &[("a", one())])])),
            "m.mat[s]: is a struct, but its field 'format' is not 'lrp-model'",
        ),
        (with(double(&[1, 1], &[2.0]), one()), "m.mat[m]: is of version 2 of lrp-model, version 1 is read"),
        (with(one(), one()), "m.mat[m[layers]]: is an array of numbers, a cell array is needed"),
        (
            with(one(), cell(&[1, 1], &[one()])),
            "m.mat[m[layer 1]]: is an array of numbers, a struct is needed",
        ),
        (layer(&[("kind", text("Tanh"))]), "m.mat[m[layer 1[type]]]: is missing or empty, a text is needed"),
        (
            layer(&[("type", text("Flatten"))]),
            "m.mat[m[layer 1[order]]]: is missing or empty, a text is needed",
        ),
        (
            layer(&[("type", text("Flatten")), ("order", text("C"))]),
            "m.mat[m[layer 1[order]]]: is 'C', 'column-major' and 'row-major' are known",
        ),
        (
            layer(&[("type", text("MaxPool")), ("pool", double(&[1, 3], &[2.0; 3]))]),
            "m.mat[m[layer 1[pool]]]: has the dimensions [1, 3], 2 numbers are needed",
        ),
    ];
    for (line, expected) in rows {
        assert_eq!(line, expected);
    }
}

#[test]
fn bounds_on_layers_hold() {
    let limits = Limits { model_layers: 3, ..Limits::default() };
    let error = read_model_bytes("m.mat", &written(&every_layer()), &limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert_eq!(error.to_string(), "m.mat[model[layer 4]]: the model has more than 3 layers");
}

#[test]
fn networks_that_are_no_sequence_are_refused_by_name() {
    let mut builder = NetworkBuilder::new();
    let first = builder.add("one", Tanh, &[Value::INPUT]);
    builder.add("join", Add, &[first, Value::INPUT]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.mat");
    let error = write_model(&path, &builder.build().unwrap()).unwrap_err();
    assert!(error.to_string().contains("join: the format holds only sequences"), "{error}");
    assert!(!path.exists());
    assert_eq!(read_model(&path, &Limits::default()).unwrap_err().kind(), ErrorKind::Open);
}

pub(crate) fn text(text: &str) -> Vec<u8> {
    matrix(4, &[1, text.len() as i32], "", &element(16, text.as_bytes()))
}

fn layers() -> impl Strategy<Value = Op<f64>> {
    let number = any::<f64>().prop_map(|x| if x.is_finite() { x } else { -0.0 });
    let size = 1usize..4;
    prop_oneof![
        (size.clone(), size.clone(), prop::collection::vec(number.clone(), 16)).prop_map(
            |(m, n, numbers)| {
                let weights = Array2::from_shape_fn((m, n), |(i, j)| numbers[i * n + j]);
                Linear::new(weights, Array1::from_iter(numbers[10..10 + n].iter().copied())).unwrap().into()
            }
        ),
        (size.clone(), size.clone(), size.clone(), size.clone(), prop::collection::vec(number, 81)).prop_map(
            |(h, w, d, n, numbers)| {
                let filters = Array::from_iter(numbers.into_iter().take(h * w * d * n));
                let filters = filters.into_shape_with_order(vec![h, w, d, n]).unwrap();
                Convolution::new(filters, Array1::zeros(n), &[n, h]).unwrap().into()
            }
        ),
        (size.clone(), size).prop_map(|(h, w)| {
            MaxPool::new(Window::new(&[h, w]).strided(&[w, h]), Channels::Last).unwrap().into()
        }),
        Just(Op::from(Flatten::RowMajor)),
        Just(Op::from(Flatten::ColumnMajor)),
        Just(Op::from(Tanh)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn models_come_back_to_the_bit(ops in prop::collection::vec(layers(), 1..6)) {
        let network = Network::sequential(ops).unwrap();
        let bytes = written(&network);
        prop_assert_eq!(described(&read(&bytes)), described(&network));
    }
}
