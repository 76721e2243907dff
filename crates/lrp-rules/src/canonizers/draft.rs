//! A network while it is rewritten.

use lrp_core::{Network, NetworkBuilder, Op, Value};

use crate::error::Result;

/// Nodes that can be changed, taken out, or read from elsewhere.
pub(super) struct Draft {
    nodes: Vec<Node>,
}

struct Node {
    name: String,
    op: Op<f64>,
    inputs: Vec<Value>,
    /// The value that stands for this node's since it was taken out.
    instead: Option<Value>,
}

impl Draft {
    pub(super) fn of(network: &Network<f64>) -> Self {
        let node = |node: &lrp_core::Node<f64>| Node {
            name: node.name().to_owned(),
            op: node.op().clone(),
            inputs: node.inputs().to_vec(),
            instead: None,
        };
        Self { nodes: network.nodes().iter().map(node).collect() }
    }

    /// Positions of the nodes still there.
    pub(super) fn positions(&self) -> Vec<usize> {
        (0..self.nodes.len()).filter(|&node| self.nodes[node].instead.is_none()).collect()
    }

    pub(super) fn name(&self, node: usize) -> &str {
        &self.nodes[node].name
    }

    pub(super) fn op(&self, node: usize) -> &Op<f64> {
        &self.nodes[node].op
    }

    /// The value a node reads as its `input`th.
    pub(super) fn reads(&self, node: usize, input: usize) -> Option<Value> {
        self.nodes[node].inputs.get(input).map(|&value| self.resolve(value))
    }

    /// The node that writes a value.
    pub(super) fn writer(value: Value) -> Option<usize> {
        value.index().checked_sub(1)
    }

    /// The node that writes what a node reads as its `input`th.
    pub(super) fn before(&self, node: usize, input: usize) -> Option<usize> {
        Self::writer(self.reads(node, input)?)
    }

    /// The one node that reads what a node writes; `None` if there are several, or none but the caller of the network.
    pub(super) fn only_reader(&self, node: usize) -> Option<usize> {
        let value = Value::of_node(node);
        let reads = |&reader: &usize| self.nodes[reader].inputs.iter().any(|&v| self.resolve(v) == value);
        let readers: Vec<usize> = self.positions().into_iter().filter(reads).collect();
        let last = self.resolve(Value::of_node(self.nodes.len() - 1));
        match readers[..] {
            [reader] if last != value => Some(reader),
            _ => None,
        }
    }

    /// Gives a node another layer that reads these values.
    pub(super) fn replace(&mut self, node: usize, op: impl Into<Op<f64>>, inputs: &[Value]) {
        self.nodes[node].op = op.into();
        self.nodes[node].inputs = inputs.to_vec();
    }

    /// Takes a node out; who read it reads `instead`. Returns its name.
    pub(super) fn remove(&mut self, node: usize, instead: Value) -> String {
        self.nodes[node].instead = Some(self.resolve(instead));
        self.nodes[node].name.clone()
    }

    /// Takes nodes out that nobody reads any more, and returns their names.
    pub(super) fn remove_unread(&mut self, candidates: &[usize]) -> Vec<String> {
        let mut gone = Vec::new();
        // Later nodes first, for they read the earlier ones.
        let mut candidates = candidates.to_vec();
        candidates.sort_unstable();
        for node in candidates.into_iter().rev() {
            let value = Value::of_node(node);
            let reads = |&other: &usize| self.nodes[other].inputs.iter().any(|&v| self.resolve(v) == value);
            if self.nodes[node].instead.is_none() && !self.positions().iter().any(reads) {
                let input = self.nodes[node].inputs[0];
                gone.push(self.remove(node, input));
            }
        }
        gone.reverse();
        gone
    }

    fn resolve(&self, value: Value) -> Value {
        let instead = Self::writer(value).and_then(|node| self.nodes[node].instead);
        instead.map_or(value, |value| self.resolve(value))
    }

    pub(super) fn build(&self, original: &Network<f64>) -> Result<Network<f64>> {
        let mut builder = NetworkBuilder::like(original);
        let mut values = vec![Value::INPUT; self.nodes.len() + 1];
        for node in self.positions() {
            let Node { name, op, inputs, .. } = &self.nodes[node];
            let inputs: Vec<Value> =
                inputs.iter().map(|&value| values[self.resolve(value).index()]).collect();
            values[node + 1] = builder.add(name.clone(), op.clone(), &inputs);
        }
        Ok(builder.build()?.with_kernels(original.kernels()))
    }
}
