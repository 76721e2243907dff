//! Files made to do harm: an error in one line, no panic, no memory for what is only claimed.

use lrp_io::{ErrorKind, Limits, MODEL_FORMATS, read_model_bytes};

use crate::build::{bytes, floats, integer, integers, longs, model, node, raw_tensor};
use crate::common::Chance;
use crate::proto::{Model, Node, Tensor};

/// Small bounds, so that a file that claims much is refused.
fn limits() -> Limits {
    Limits { array_elements: 10_000, model_layers: 1000, ..Limits::default() }
}

fn refused(model: &Model) -> lrp_io::Error {
    read_model_bytes("m.onnx", &bytes(model), &limits()).unwrap_err()
}

/// A bit of everything.
fn sound() -> Vec<u8> {
    let constants = vec![
        floats("w", &[2, 1, 2, 2], &[0.5; 8]),
        longs("t", &[0, -1]),
        floats("m", &[8, 2], &[0.25; 16]),
        raw_tensor("h", 10, &[2], vec![0, 0x3c, 0, 0x40]),
    ];
    let nodes = vec![
        node("Conv", &["x", "w"], &["a"], vec![integers("kernel_shape", &[2, 2])]),
        node("Relu", &["a"], &["b"], vec![]),
        node("Reshape", &["b", "t"], &["c"], vec![]),
        node("Gemm", &["c", "m", "h"], &["d"], vec![integer("transB", 0)]),
        node("Softmax", &["d"], &["y"], vec![]),
    ];
    bytes(&model(&[1, 3, 3], constants, nodes))
}

#[test]
fn cut_at_every_byte() {
    let sound = sound();
    read_model_bytes("m.onnx", &sound, &limits()).unwrap();
    for length in 0..sound.len() {
        // Cut between the last fields it may still be a model.
        if let Err(error) = read_model_bytes("m.onnx", &sound[..length], &limits()) {
            assert!(error.to_string().starts_with("m.onnx"), "{error}");
        }
    }
}

#[test]
fn every_byte_changed() {
    let sound = sound();
    for at in 0..sound.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, sound[at] ^ 1, sound[at].wrapping_add(1)] {
            let mut mutant = sound.clone();
            mutant[at] = value;
            drop(read_model_bytes("m.onnx", &mutant, &limits()));
        }
    }
    let mut chance = Chance::new();
    for _ in 0..3000 {
        drop(read_model_bytes("m.onnx", &chance.mutant(&sound), &limits()));
    }
}

#[test]
fn known_by_its_first_bytes() {
    let sound = sound();
    let names: Vec<_> =
        MODEL_FORMATS.iter().filter(|format| (format.sniff)(&sound)).map(|format| format.name).collect();
    assert_eq!(names, ["ONNX"]);
    assert!(read_model_bytes("without an extension", &sound, &limits()).is_ok());
}

#[test]
fn more_nodes_than_memory_should_go_to() {
    // Two bytes a node; a million of them in a graph, which is field 7.
    let nodes = [0x0a, 0x00].repeat(1_000_000);
    let mut file = vec![8, 8, 0x3a];
    file.extend([0x80, 0x89, 0x7a]);
    file.extend(nodes);
    let error = read_model_bytes("m.onnx", &file, &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.to_string().ends_with("more than 100000 nodes, no more are allowed"), "{error}");
    // Names of nothing, 24 bytes of memory each, in one node.
    let names = [0x0a, 0x00].repeat(8_000_000);
    let mut node = vec![0x0a, 0x80, 0xc8, 0xd0, 0x07];
    node.extend(names);
    let mut file = vec![8, 8, 0x3a, 0x85, 0xc8, 0xd0, 0x07];
    file.extend(node);
    let error = read_model_bytes("m.onnx", &file, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("bytes of memory before its weights"), "{error}");
}

#[test]
fn shapes_that_lie() {
    let tell = |tensor: Tensor, words: &str| {
        let nodes = vec![node("Add", &["x", "c"], &["y"], vec![])];
        let error = refused(&model(&[2], vec![tensor], nodes)).to_string();
        assert!(error.contains("tensor 'c'") && error.contains(words), "{error}");
    };
    let raw = |dims: &[i64], bytes: usize| raw_tensor("c", 1, dims, vec![0; bytes]);
    tell(raw(&[-2], 8), "expected no negative size");
    tell(raw(&[i64::MAX, 4], 8), "overflows");
    tell(raw(&[1 << 20], 8), "at most 10000 are allowed");
    tell(raw(&[2], 7), "has 7 bytes, expected 2 numbers of type float");
    tell(raw(&[0, 3], 8), "has 8 bytes, expected 0 numbers");
    tell(raw(&[1; 40], 4), "40 axes");
    tell(Tensor { raw_data: None, ..raw(&[2], 0) }, "has 0 numbers, expected 2");
    tell(Tensor { data_type: 99, ..raw(&[2], 8) }, "holds type 99; read are float");
    tell(Tensor { data_location: 3, ..raw(&[2], 8) }, "is at location 3");
    tell(raw_tensor("c", 7, &[1], (1_i64 << 60).to_le_bytes().to_vec()), "integer beyond 2^53");
}

#[test]
fn graphs_that_are_none() {
    let tell = |nodes: Vec<Node>, words: &str| {
        let error = refused(&model(&[2], vec![], nodes)).to_string();
        assert!(error.contains(words), "{error}");
    };
    let relu = |from, to| node("Relu", &[from], &[to], vec![]);
    tell(vec![relu("b", "a"), relu("a", "b"), relu("b", "y")], "the graph has a cycle");
    tell(vec![relu("y", "y")], "the graph has a cycle");
    tell(vec![relu("x", "y"), relu("x", "y")], "writes 'y', which is there already");
    tell(vec![relu("x", "x"), relu("x", "y")], "writes 'x', which is there already");
    tell(vec![], "the output 'y' is written by no node");
    tell(vec![node("Constant", &[], &["y"], vec![])], "does not depend on any input");
    let argmax = |from, to| node("ArgMax", &[from], &[to], vec![]);
    tell(vec![node("Cast", &["b"], &["y"], vec![]), node("Cast", &["y"], &["b"], vec![])], "cycle");
    tell(vec![argmax("y", "y")], "cycle");
    let branch = crate::proto::Attribute {
        name: "then_branch".into(),
        g: Some(vec![].into()),
        r#type: 5,
        ..Default::default()
    };
    tell(vec![node("If", &["x"], &["y"], vec![branch])], "has a graph of its own in 'then_branch'");
}

#[test]
fn a_long_chain() {
    let mut nodes = vec![node("Relu", &["x"], &["0"], vec![])];
    for index in 0..900 {
        nodes.insert(0, node("Relu", &[&index.to_string()], &[&(index + 1).to_string()], vec![]));
    }
    nodes.push(node("Relu", &["900"], &["y"], vec![]));
    let network = read_model_bytes("m.onnx", &bytes(&model(&[2], vec![], nodes)), &limits()).unwrap();
    assert_eq!(network.nodes().len(), 902);
}

#[test]
fn numbers_beyond_all_bounds() {
    let tell = |operator, list: &[i64], attributes, words: &str| {
        let nodes = vec![node(operator, &["x", "l"], &["y"], attributes)];
        let error = refused(&model(&[2, 4], vec![longs("l", list)], nodes)).to_string();
        assert!(error.contains(words), "{error}");
    };
    tell("Tile", &[1, 1, i64::MAX], vec![], "");
    tell("Tile", &[1, 1, 1 << 40], vec![], "allowed");
    tell("Pad", &[0, 0, 1 << 50, 0, 0, 0], vec![], "allowed");
    tell("Expand", &[1 << 40, 1, 2, 4], vec![], "allowed");
    tell("Unsqueeze", &[0; 40], vec![], "allowed");
    tell("Reshape", &[i64::MIN, 1 << 52, 4, 4], vec![], "no entry can be the batch");
    let shape =
        vec![node("ConstantOfShape", &["l"], &["c"], vec![]), node("Add", &["x", "c"], &["y"], vec![])];
    let error = refused(&model(&[2], vec![longs("l", &[1 << 40])], shape)).to_string();
    assert!(error.contains("allowed"), "{error}");
    let pool = |name, values: &[i64]| vec![integers("kernel_shape", &[2]), integers(name, values)];
    for attributes in [pool("pads", &[i64::MAX, 0]), pool("strides", &[0]), pool("dilations", &[i64::MAX])] {
        tell("MaxPool", &[], attributes, "MaxPool 'n_MaxPool'");
    }
}

#[test]
fn many_constants_from_few_bytes() {
    let mut nodes = Vec::new();
    for index in 0..10 {
        nodes.push(node("ConstantOfShape", &["l"], &[&format!("c{index}")], vec![]));
    }
    let names: Vec<String> =
        std::iter::once("x".to_owned()).chain((0..10).map(|i| format!("c{i}"))).collect();
    nodes.push(node("Sum", &names.iter().map(String::as_str).collect::<Vec<_>>(), &["y"], vec![]));
    let error = refused(&model(&[2], vec![longs("l", &[1, 5000])], nodes)).to_string();
    assert!(error.contains("constants of more than 20000 elements would be computed"), "{error}");
}
