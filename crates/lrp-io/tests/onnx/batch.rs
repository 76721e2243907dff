//! What becomes of the batch: shapes computed within a graph, written down for one sample, or moved.

use lrp_core::Network;
use lrp_io::{Limits, Result, read_model_bytes};
use ndarray::{Array, ArrayD, IxDyn};

use crate::build::{bytes, floats, integer, integers, longs, model, node};
use crate::proto::{Node, Tensor};

fn read(sample: &[i64], constants: Vec<Tensor>, nodes: Vec<Node>) -> Result<Network<f64>> {
    read_model_bytes("m.onnx", &bytes(&model(sample, constants, nodes)), &Limits::default())
}

/// 0, 1, 2, … in a shape.
fn counted(shape: &[usize]) -> ArrayD<f64> {
    let count: usize = shape.iter().product();
    Array::from_iter((0..count).map(|value| value as f64)).into_shape_with_order(IxDyn(shape)).unwrap()
}

/// The shape of the output for three samples.
fn shape_for_three(network: &Network<f64>, sample: &[usize]) -> Vec<usize> {
    network.shapes(&[&[3], sample].concat()).unwrap().pop().unwrap()
}

#[test]
fn targets_that_keep_the_batch() {
    for target in [[-1, 8], [0, -1], [1, 8], [1, -1], [0, 8]] {
        let network =
            read(&[2, 4], vec![longs("t", &target)], vec![node("Reshape", &["x", "t"], &["y"], vec![])]);
        assert_eq!(shape_for_three(&network.unwrap(), &[2, 4]), [3, 8], "{target:?}");
    }
}

#[test]
fn targets_that_mix_samples() {
    for target in [vec![-1, 4], vec![8, -1], vec![-1], vec![2, 4], vec![4, -1, 2], vec![1, 9]] {
        let nodes = vec![node("Reshape", &["x", "t"], &["y"], vec![])];
        let error = read(&[2, 4], vec![longs("t", &target)], nodes).unwrap_err().to_string();
        assert!(
            error.contains("Reshape 'n_Reshape'") && error.contains("no entry can be the batch"),
            "{error}"
        );
    }
}

/// `x.view(x.size(0), -1)` as exporters of old wrote it: the size goes through six nodes.
#[test]
fn a_size_that_is_computed() {
    let constants = vec![longs("zero", &[0]), longs("rest", &[-1]), longs("two", &[2]), longs("axis", &[0])];
    let nodes = vec![
        node("Shape", &["x"], &["shape"], vec![]),
        node("Gather", &["shape", "zero"], &["n"], vec![integer("axis", 0)]),
        node("Mul", &["n", "two"], &["n2"], vec![]),
        node("Div", &["n2", "two"], &["n1"], vec![]),
        node("Squeeze", &["n1", "axis"], &["scalar"], vec![]),
        node("Unsqueeze", &["scalar", "axis"], &["list"], vec![]),
        node("Concat", &["list", "rest"], &["target"], vec![integer("axis", 0)]),
        node("Reshape", &["x", "target"], &["y"], vec![]),
    ];
    let network = read(&[2, 3], constants, nodes).unwrap();
    assert_eq!(network.nodes().len(), 1, "all else is known");
    assert_eq!(network.forward(&counted(&[2, 2, 3])).unwrap(), counted(&[2, 6]));
}

/// Attention of exporters: query, key and value in front, the batch behind them.
#[test]
fn a_batch_that_moves() {
    let nodes = vec![
        node("Reshape", &["x", "t"], &["split"], vec![]),
        node("Transpose", &["split"], &["front"], vec![integers("perm", &[2, 0, 1, 3])]),
        node("Gather", &["front", "one"], &["y"], vec![integer("axis", 0)]),
    ];
    let constants = vec![longs("t", &[0, 5, 3, 4]), Tensor { dims: vec![], ..longs("one", &[1]) }];
    let network = read(&[5, 12], constants, nodes).unwrap();
    let input = counted(&[2, 5, 12]);
    let output = network.forward(&input).unwrap();
    assert_eq!(
        output,
        input.slice_each_axis(|axis| match axis.axis.index() {
            2 => (4..8).into(),
            _ => (..).into(),
        })
    );
}

/// A token in front of all others, the same for every sample.
#[test]
fn a_constant_beside_samples() {
    let nodes = vec![
        node("Shape", &["x"], &["shape"], vec![]),
        node("Slice", &["shape", "zero", "one"], &["n"], vec![]),
        node("Concat", &["n", "token_shape"], &["target"], vec![integer("axis", 0)]),
        node("Expand", &["token", "target"], &["tokens"], vec![]),
        node("Concat", &["tokens", "x"], &["y"], vec![integer("axis", 1)]),
    ];
    let constants = vec![
        longs("zero", &[0]),
        longs("one", &[1]),
        longs("token_shape", &[1, 2]),
        floats("token", &[1, 1, 2], &[7.0, 8.0]),
    ];
    let network = read(&[2, 2], constants, nodes).unwrap();
    let output = network.forward(&counted(&[2, 2, 2])).unwrap();
    assert_eq!(
        output.into_raw_vec_and_offset().0,
        [7.0, 8.0, 0.0, 1.0, 2.0, 3.0, 7.0, 8.0, 4.0, 5.0, 6.0, 7.0]
    );
}

#[test]
fn what_would_work_across_samples() {
    let refused = |nodes, constants, words: &str| {
        let error = read(&[4], constants, nodes).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    };
    let split = vec![node("Split", &["x"], &["y", "z"], vec![integer("axis", 0)])];
    refused(split, vec![], "Split 'n_Split': works along axis 0, which is the batch");
    let mean = vec![node("ReduceMean", &["x"], &["y"], vec![])];
    refused(mean, vec![], "works along axis 0, which is the batch");
    let turned = vec![node("Transpose", &["x"], &["y"], vec![])];
    refused(turned, vec![], "the output 'y': reads a value whose axis 1 is the batch");
    let shift = vec![node("Add", &["x", "c"], &["y"], vec![])];
    refused(shift, vec![floats("c", &[2, 1], &[1.0, 2.0])], "has other numbers for every sample");
}
