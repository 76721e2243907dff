//! Small models, put together as an exporter would.

use prost::Message;

use crate::proto::{self, Attribute, Dimension, Graph, Model, Node, OperatorSet, Tensor, TensorType};

/// A model in version 17 of the operators with the input `x` and the output `y`; the batch is open.
pub(crate) fn model(sample: &[i64], constants: Vec<Tensor>, nodes: Vec<Node>) -> Model {
    let sizes = sample.iter().map(|&size| Dimension { dim_value: Some(size) });
    let dim = std::iter::once(Dimension { dim_value: None }).chain(sizes).collect();
    let tensor_type = Some(TensorType { elem_type: 1, shape: Some(proto::Shape { dim }) });
    let input = proto::ValueInfo { name: "x".into(), r#type: Some(proto::Type { tensor_type }) };
    let output = proto::ValueInfo { name: "y".into(), r#type: None };
    let graph = Graph {
        node: nodes,
        initializer: constants,
        input: vec![input],
        output: vec![output],
        ..Graph::default()
    };
    let opset_import = vec![OperatorSet { domain: String::new(), version: 17 }];
    Model { graph: Some(graph), opset_import, functions: Vec::new() }
}

/// The bytes of a file.
pub(crate) fn bytes(model: &Model) -> Vec<u8> {
    // The version of the format comes first; the reader has no use for it but to know the file by.
    [&[8, 8], model.encode_to_vec().as_slice()].concat()
}

/// A node called `n_` and its operator.
pub(crate) fn node(operator: &str, input: &[&str], output: &[&str], attribute: Vec<Attribute>) -> Node {
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Node {
        input: owned(input),
        output: owned(output),
        name: format!("n_{operator}"),
        op_type: operator.into(),
        attribute,
        domain: String::new(),
    }
}

pub(crate) fn integer(name: &str, i: i64) -> Attribute {
    Attribute { name: name.into(), i: Some(i), r#type: 2, ..Attribute::default() }
}

pub(crate) fn integers(name: &str, ints: &[i64]) -> Attribute {
    Attribute { name: name.into(), ints: ints.to_vec(), r#type: 7, ..Attribute::default() }
}

pub(crate) fn real(name: &str, f: f32) -> Attribute {
    Attribute { name: name.into(), f: Some(f), r#type: 1, ..Attribute::default() }
}

pub(crate) fn text(name: &str, s: &str) -> Attribute {
    Attribute { name: name.into(), s: Some(s.to_owned().into()), r#type: 3, ..Attribute::default() }
}

/// An initializer of f32.
pub(crate) fn floats(name: &str, dims: &[i64], values: &[f32]) -> Tensor {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    raw_tensor(name, 1, dims, raw)
}

/// An initializer of i64.
pub(crate) fn longs(name: &str, values: &[i64]) -> Tensor {
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    raw_tensor(name, 7, &[values.len() as i64], raw)
}

/// An initializer of any type.
pub(crate) fn raw_tensor(name: &str, data_type: i32, dims: &[i64], raw: Vec<u8>) -> Tensor {
    Tensor {
        dims: dims.to_vec(),
        data_type,
        name: name.into(),
        raw_data: Some(raw.into()),
        ..Tensor::default()
    }
}
