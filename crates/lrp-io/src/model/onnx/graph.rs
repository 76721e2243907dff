//! The graph of a file: who writes what, what is needed for the output, and in which order.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use crate::error::{Error, Result, quoted};

use super::attributes::Attributes;
use super::proto::{self, Node};

/// Operators that leave what an `ArgMax` found as it is.
const PASS_AN_INDEX: [&str; 6] = ["Cast", "Identity", "Squeeze", "Unsqueeze", "Flatten", "Reshape"];

/// The nodes that the output needs, in an order in which they can run.
pub(super) struct Order<'g> {
    pub(super) nodes: Vec<&'g Node>,
    /// The value that is the network's output.
    pub(super) output: &'g str,
}

/// How far the search for what a node needs has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Unseen,
    /// What it needs is being looked for.
    Open,
    Done,
}

/// The name of a node, or of what it writes if it has none.
pub(super) fn name(node: &Node) -> &str {
    match node.name.as_str() {
        "" => node.output.first().map_or("", String::as_str),
        name => name,
    }
}

/// A node for messages.
pub(super) fn label(node: &Node) -> String {
    format!("{} {}", node.op_type, quoted(name(node)))
}

/// Checks the wiring and orders what the first output needs. Files should have their nodes in such an order, and not
/// all have.
pub(super) fn order(graph: &proto::Graph) -> Result<Order<'_>> {
    let writers = writers(graph)?;
    let first = graph.output.first().ok_or_else(|| Error::format("the graph has no output"))?;
    let output = without_index(&first.name, &writers);
    let mut order = Vec::new();
    let mut progress: HashMap<*const Node, Progress> = HashMap::new();
    // A node is looked at twice: when it is found, and when all that it needs is in order.
    let mut path: Vec<&Node> = writers.get(output).copied().flatten().into_iter().collect();
    if !writers.contains_key(output) {
        return Err(Error::format(format!("the output {} is written by no node", quoted(output))));
    }
    while let Some(&node) = path.last() {
        let seen = progress.get(&std::ptr::from_ref(node)).copied().unwrap_or(Progress::Unseen);
        if seen != Progress::Unseen {
            path.pop();
            if seen == Progress::Open {
                order.push(node);
            }
            progress.insert(std::ptr::from_ref(node), Progress::Done);
            continue;
        }
        progress.insert(std::ptr::from_ref(node), Progress::Open);
        Attributes::of(node).check().map_err(|error| error.of(&label(node)))?;
        for read in node.input.iter().filter(|read| !read.is_empty()) {
            let Some(writer) = writers.get(read.as_str()) else {
                let message = format!("reads {}, which nothing writes", quoted(read));
                return Err(Error::format(message).of(&label(node)));
            };
            let Some(writer) = writer else { continue };
            match progress.get(&std::ptr::from_ref(*writer)) {
                Some(Progress::Open) => {
                    return Err(
                        Error::format("needs its own output: the graph has a cycle").of(&label(writer))
                    );
                }
                Some(Progress::Done) => {}
                _ => path.push(writer),
            }
        }
    }
    Ok(Order { nodes: order, output })
}

/// The node that writes each value; none for inputs and initializers.
fn writers(graph: &proto::Graph) -> Result<HashMap<&str, Option<&Node>>> {
    let mut writers: HashMap<&str, Option<&Node>> = HashMap::new();
    for tensor in &graph.initializer {
        if writers.insert(&tensor.name, None).is_some() {
            return Err(Error::format(format!("two initializers are called {}", quoted(&tensor.name))));
        }
    }
    // Old files list initializers among the inputs too.
    writers.extend(graph.input.iter().map(|input| (input.name.as_str(), None)));
    for node in &graph.node {
        for written in node.output.iter().filter(|written| !written.is_empty()) {
            match writers.entry(written) {
                Entry::Vacant(vacant) => vacant.insert(Some(node)),
                Entry::Occupied(_) => {
                    let message = format!("writes {}, which is there already", quoted(written));
                    return Err(Error::format(message).of(&label(node)));
                }
            };
        }
    }
    Ok(writers)
}

/// The scores behind an output that is the index of the largest of them: of an index there is nothing to explain.
fn without_index<'g>(output: &'g str, writers: &HashMap<&'g str, Option<&'g Node>>) -> &'g str {
    let mut value = output;
    // No chain without a cycle is longer than there are values.
    for _ in 0..writers.len() {
        let Some(Some(node)) = writers.get(value) else { break };
        let Some(read) = node.input.first() else { break };
        match node.op_type.as_str() {
            "ArgMax" => return read,
            operator if PASS_AN_INDEX.contains(&operator) => value = read,
            _ => break,
        }
    }
    output
}
