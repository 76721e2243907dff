//! The toolbox's own model, which is not part of the repository; the tests say so when they skip.

use lrp_core::Op;
use lrp_io::{Limits, read_arrays, read_model};

use crate::common::shared;
use crate::program::contents;

#[test]
fn lenet5_as_pickle_is_lenet5_as_text() {
    let Some(folder) = shared("toolbox-data") else { return };
    let read = |name: &str| read_model(folder.join(name), &Limits::default()).expect(name);
    let (pickle, text) = (read("LeNet-5.nn"), read("LeNet-5.txt"));
    assert_eq!(contents(&pickle), contents(&text));
}

#[test]
fn lenet5_has_the_weights_that_python_sees() {
    let (Some(model), Some(arrays)) =
        (shared("toolbox-data/LeNet-5.nn"), shared("reference/io/lenet5_weights.npz"))
    else {
        return;
    };
    let network = read_model(model, &Limits::default()).expect("a model");
    let parameters: Vec<_> = network
        .nodes()
        .iter()
        .flat_map(|node| match node.op() {
            Op::Linear(linear) => vec![linear.weights().clone().into_dyn(), linear.bias().clone().into_dyn()],
            Op::Convolution(layer) => vec![layer.filters().clone(), layer.bias().clone().into_dyn()],
            _ => vec![],
        })
        .collect();
    assert_eq!(parameters.len(), 8);
    let arrays = read_arrays(arrays, &Limits::default()).expect("arrays");
    let arrays: Vec<_> = arrays.iter().filter(|(name, _)| name.starts_with("nn_")).collect();
    assert_eq!(arrays.len(), 8);
    for (found, (name, expected)) in parameters.into_iter().zip(arrays) {
        assert_eq!(found, expected.values, "{name}");
    }
}
