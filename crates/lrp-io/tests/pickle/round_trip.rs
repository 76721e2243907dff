//! What is written reads back bit for bit, and what pickles cannot hold is refused.

use lrp_core::{
    Add, Channels, Convolution, Flatten, Linear, MaxPool, Network, NetworkBuilder, Op, Rect, SoftMax,
    SumPool, Tanh, Value, Window,
};
use lrp_io::{Limits, read_model, write_model};
use ndarray::{Array, Array1, Array2};
use proptest::prelude::*;

use crate::program::contents;

fn written(network: &Network<f64>) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.nn");
    write_model(&path, network).expect("writable");
    let back = read_model(&path, &Limits::default()).expect("our own pickle");
    assert_eq!(contents(&back), contents(network));
    std::fs::read(path).expect("a file")
}

fn refusal(network: &Network<f64>) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("m.nn");
    let error = write_model(&path, network).expect_err("not for pickles");
    assert!(!path.exists());
    error.message().to_owned()
}

#[test]
fn the_same_network_gives_the_same_bytes() {
    let network = Network::sequential([Op::from(Tanh), Flatten::RowMajor.into()]).expect("a network");
    assert_eq!(written(&network), written(&network));
    assert!(
        written(&network).starts_with(b"\x80\x04\x8c\x12modules.sequential\x8c\x0aSequential\x93)\x81}(")
    );
}

#[test]
fn what_a_pickle_cannot_hold_is_refused() {
    let matlab = Network::sequential([Op::from(Flatten::ColumnMajor)]).expect("a network");
    assert!(refusal(&matlab).ends_with("this Flatten runs in Matlab's order, which Python's does not"));

    let mut builder = NetworkBuilder::new();
    let first = builder.add("one", Tanh, &[Value::INPUT]);
    builder.add("join", Add, &[first, Value::INPUT]);
    assert!(
        refusal(&builder.build().expect("a network")).starts_with("join: the format holds only sequences")
    );
}

fn numbers(count: usize) -> impl Strategy<Value = Vec<f64>> {
    let number = prop_oneof![
        proptest::num::f64::NORMAL,
        proptest::num::f64::SUBNORMAL,
        proptest::num::f64::ZERO,
        Just(-0.0),
    ];
    proptest::collection::vec(number, count)
}

fn layers() -> impl Strategy<Value = Op<f64>> {
    let size = || 1usize..4;
    prop_oneof![
        (1usize..300, size(), numbers(900)).prop_map(|(m, n, numbers)| {
            let weights = Array2::from_shape_fn((m, n), |(i, j)| numbers[i * n + j]);
            let bias = Array1::from_iter(numbers.iter().rev().take(n).copied());
            Op::from(Linear::new(weights, bias).expect("fits"))
        }),
        (size(), size(), size(), size(), numbers(81)).prop_map(|(h, w, d, n, numbers)| {
            let filters = Array::from_iter(numbers[..h * w * d * n].iter().copied());
            let filters = filters.into_shape_with_order(vec![h, w, d, n]).expect("fits");
            let bias = Array1::from_iter(numbers.iter().rev().take(n).copied());
            Op::from(Convolution::new(filters, bias, &[n, h]).expect("fits"))
        }),
        (size(), 1usize..70_000, any::<bool>()).prop_map(|(h, w, sum)| {
            let window = Window::new(&[h, w]).strided(&[w, h]);
            match sum {
                true => Op::from(SumPool::new(window, Channels::Last).expect("fits")),
                false => Op::from(MaxPool::new(window, Channels::Last).expect("fits")),
            }
        }),
        Just(Op::from(Flatten::RowMajor)),
        Just(Op::from(Rect)),
        Just(Op::from(Tanh)),
        Just(Op::from(SoftMax::default())),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_pickled_model_is_the_same_model(ops in proptest::collection::vec(layers(), 1..8)) {
        written(&Network::sequential(ops).expect("a network"));
    }
}
