//! Small ONNX files, written field by field as an exporter would.

/// A node: its operator, what it reads, and its name, which is also that of what it writes.
pub struct Node<'a> {
    operator: &'a str,
    inputs: &'a [&'a str],
    name: &'a str,
    attributes: Vec<u8>,
}

/// A constant in single precision: its name, its shape and its numbers.
pub type Constant<'a> = (&'a str, &'a [u64], &'a [f32]);

/// A node without attributes.
#[must_use]
pub fn node<'a>(operator: &'a str, inputs: &'a [&'a str], name: &'a str) -> Node<'a> {
    Node { operator, inputs, name, attributes: Vec::new() }
}

impl Node<'_> {
    /// The same node with an attribute of whole numbers.
    #[must_use]
    pub fn with(mut self, name: &str, numbers: &[u64]) -> Self {
        let numbers: Vec<u8> = numbers.iter().flat_map(|&number| whole(8, number)).collect();
        self.attributes.extend(message(5, &[text(1, name), numbers, whole(20, 7)]));
        self
    }

    fn bytes(&self) -> Vec<u8> {
        let inputs: Vec<u8> = self.inputs.iter().flat_map(|input| text(1, input)).collect();
        let rest = [text(2, self.name), text(3, self.name), text(4, self.operator)].concat();
        message(1, &[inputs, rest, self.attributes.clone()])
    }
}

/// A model in version 17 of the operators, from the input `x` of open batch to what the last node writes.
///
/// # Panics
/// If there is no node.
#[must_use]
pub fn onnx(sample: &[u64], constants: &[Constant<'_>], nodes: &[Node<'_>]) -> Vec<u8> {
    let output = nodes.last().expect("a node").name;
    let nodes: Vec<u8> = nodes.iter().flat_map(Node::bytes).collect();
    let constants: Vec<u8> = constants.iter().flat_map(constant).collect();
    let sizes: Vec<u8> = sample.iter().flat_map(|&size| message(1, &[whole(1, size)])).collect();
    let shape = message(2, &[message(1, &[text(2, "batch")]), sizes]);
    let kind = message(2, &[message(1, &[whole(1, 1), shape])]);
    let input = message(11, &[text(1, "x"), kind]);
    let graph = message(7, &[nodes, text(2, "graph"), constants, input, message(12, &[text(1, output)])]);
    [whole(1, 8), graph, message(8, &[whole(2, 17)])].concat()
}

fn constant((name, shape, numbers): &Constant<'_>) -> Vec<u8> {
    let shape: Vec<u8> = shape.iter().flat_map(|&size| whole(1, size)).collect();
    let raw: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
    message(5, &[shape, whole(2, 1), text(8, name), bytes(9, &raw)])
}

fn message(field: u64, parts: &[Vec<u8>]) -> Vec<u8> {
    bytes(field, &parts.concat())
}

fn text(field: u64, text: &str) -> Vec<u8> {
    bytes(field, text.as_bytes())
}

fn bytes(field: u64, content: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(content.len() as u64), content.to_vec()].concat()
}

fn whole(field: u64, number: u64) -> Vec<u8> {
    [varint(field << 3), varint(number)].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
    bytes
}
