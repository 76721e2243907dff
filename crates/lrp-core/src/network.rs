//! Networks: layers wired together, immutable once built.

use std::collections::HashSet;
use std::sync::Arc;

use ndarray::{CowArray, Dimension, IxDyn};

use crate::elementwise::recycle;
use crate::error::{Error, Result};
use crate::kernels::Kernels;
use crate::layer::Kind;
use crate::layers::Op;
use crate::parameters::Parameters;
use crate::site::{Prepared, Site};
use crate::tensor::{Float, Tensor};
use crate::trace::Trace;
use crate::window::Channels;

/// A value that flows through a network: its input, or what one of its nodes writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(usize);

impl Value {
    /// The input of the network.
    pub const INPUT: Self = Self(0);

    /// What node `node` writes.
    #[must_use]
    pub fn of_node(node: usize) -> Self {
        Self(node + 1)
    }

    /// The value at a position among all values: the inverse of [`Value::index`].
    #[must_use]
    pub fn at(index: usize) -> Self {
        Self(index)
    }

    /// The position among all values, the input being 0 and node `i` writing `i + 1`.
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// One layer in its place.
#[derive(Clone, Debug)]
pub struct Node<T: Float> {
    name: String,
    op: Op<T>,
    inputs: Vec<Value>,
}

impl<T: Float> Node<T> {
    /// The name, unique in its network.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The layer.
    #[must_use]
    pub fn op(&self) -> &Op<T> {
        &self.op
    }

    /// What composites select the layer by.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.op.layer().kind()
    }

    /// The values the layer reads.
    #[must_use]
    pub fn inputs(&self) -> &[Value] {
        &self.inputs
    }
}

/// A directed graph of layers in an order they can run in; the last node writes the output.
///
/// A network never changes and holds no activations, so many threads may explain with one.
#[derive(Clone, Debug)]
pub struct Network<T: Float> {
    nodes: Vec<Node<T>>,
    kernels: Kernels,
    /// Shared by clones: it depends on the nodes alone.
    prepared: Arc<Prepared<T>>,
    allow_not_finite: bool,
}

impl<T: Float> Network<T> {
    /// A network whose every layer reads the one before it; nodes are named `linear_0`, `rect_1`, ….
    ///
    /// # Errors
    /// If there is no layer, or a weight is NaN or infinite.
    pub fn sequential(layers: impl IntoIterator<Item = Op<T>>) -> Result<Self> {
        let mut builder = NetworkBuilder::new();
        for op in layers {
            builder.push(op);
        }
        builder.build()
    }

    /// The nodes in the order they run.
    #[must_use]
    pub fn nodes(&self) -> &[Node<T>] {
        &self.nodes
    }

    /// The value the network returns.
    #[must_use]
    pub fn output(&self) -> Value {
        Value(self.nodes.len())
    }

    /// Where the values of a sample have their channels, as the first layer says that knows.
    #[must_use]
    pub fn channels(&self) -> Option<Channels> {
        self.nodes.iter().find_map(|node| node.op().channels())
    }

    /// Whether samples of a batch may run and be explained apart: whatever the other layers do, one of somebody's own may
    /// look at them together.
    #[must_use]
    pub fn takes_samples_apart(&self) -> bool {
        !self.nodes.iter().any(|node| matches!(node.op(), Op::Custom(_)))
    }

    /// The same network running with other kernels.
    #[must_use]
    pub fn with_kernels(self, kernels: Kernels) -> Self {
        Self { kernels, ..self }
    }

    /// The kernels the network runs with.
    #[must_use]
    pub fn kernels(&self) -> Kernels {
        self.kernels
    }

    /// The same network; unless they are kept, weights are prepared anew for every use (see [`Prepared::new`]).
    #[must_use]
    pub fn with_prepared_kept(self, keep: bool) -> Self {
        Self { prepared: Arc::new(Prepared::new(self.nodes.len(), keep)), ..self }
    }

    pub(crate) fn site(&self, node: usize) -> Site<'_, T> {
        self.prepared.site(node, self.kernels)
    }

    /// The same wiring with the layer that `f` gives for each node, called with its position.
    ///
    /// # Errors
    /// If `f` fails, or a weight becomes NaN or infinite and the network was not built to allow that.
    pub fn map_ops<E: From<Error>>(
        &self,
        mut f: impl FnMut(usize, &Node<T>) -> Result<Op<T>, E>,
    ) -> Result<Self, E> {
        let map = |(index, node): (usize, &Node<T>)| {
            Ok(Node { op: f(index, node)?, name: node.name.clone(), inputs: node.inputs.clone() })
        };
        let nodes: Vec<_> = self.nodes.iter().enumerate().map(map).collect::<Result<_, E>>()?;
        let network = Self { prepared: fresh(nodes.len()), nodes, ..*self };
        network.check_finite()?;
        Ok(network)
    }

    /// The same network with every weight rounded to another number type.
    ///
    /// # Errors
    /// If it contains a custom layer, or a weight is not finite in the other type.
    pub fn cast<U: Float>(&self) -> Result<Network<U>> {
        let cast = |node: &Node<T>| {
            let op = node.op.cast().map_err(|error| error.at(&node.name))?;
            Ok(Node { name: node.name.clone(), op, inputs: node.inputs.clone() })
        };
        let nodes: Vec<_> = self.nodes.iter().map(cast).collect::<Result<_>>()?;
        let prepared = fresh(nodes.len());
        let network =
            Network { nodes, prepared, kernels: self.kernels, allow_not_finite: self.allow_not_finite };
        network.check_finite()?;
        Ok(network)
    }

    /// The same network with the parameters that `f` makes of those of each node that has some.
    ///
    /// Nothing is copied: weights move out and back, which is how a network that never changes is trained.
    ///
    /// ```
    /// use lrp_core::{Linear, Network, Parameters};
    /// use ndarray::{arr1, arr2};
    ///
    /// let network = Network::sequential([Linear::new(arr2(&[[1.0], [2.0]]), arr1(&[3.0]))?.into()])?;
    /// let halved = network.map_parameters(|_, old| Parameters { weights: old.weights / 2.0, ..old })?;
    /// assert_eq!(halved.forward(&arr2(&[[1.0, 1.0]]).into_dyn())?, arr2(&[[4.5]]).into_dyn());
    /// # Ok::<(), lrp_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// If a shape changes, or a parameter becomes NaN or infinite and the network was not built to allow that.
    pub fn map_parameters(self, mut f: impl FnMut(usize, Parameters<T>) -> Parameters<T>) -> Result<Self> {
        let map = |(index, node): (usize, Node<T>)| {
            let op = node.op.map_parameters(|old| f(index, old)).map_err(|error| error.at(&node.name))?;
            Ok(Node { op, ..node })
        };
        let nodes: Vec<_> = self.nodes.into_iter().enumerate().map(map).collect::<Result<_>>()?;
        let network = Self { prepared: fresh(nodes.len()), nodes, ..self };
        network.check_finite()?;
        Ok(network)
    }

    /// For every node, whether something was learned between it and the network's input.
    pub(crate) fn learned_below(&self) -> Vec<bool> {
        let mut learned = vec![false; self.nodes.len() + 1];
        let below = |learned: &[bool], node: &Node<T>| node.inputs.iter().any(|value| learned[value.0]);
        for (index, node) in self.nodes.iter().enumerate() {
            learned[index + 1] = below(&learned, node) || node.op.weights_and_bias().is_some();
        }
        self.nodes.iter().map(|node| below(&learned, node)).collect()
    }

    /// The shape of every value for an input of the given shape, the input's own first.
    ///
    /// # Errors
    /// Names the first node that cannot take what reaches it.
    pub fn shapes(&self, input: &[usize]) -> Result<Vec<Vec<usize>>> {
        if input.first().is_none_or(|&samples| samples == 0) {
            return Err(Error::shape(format!("input of shape {input:?} holds no sample")));
        }
        check_size(input)?;
        let mut shapes = vec![input.to_vec()];
        for node in &self.nodes {
            let inputs: Vec<&[usize]> = node.inputs.iter().map(|value| &shapes[value.0][..]).collect();
            let shape =
                node.op.layer().output_shape(&inputs).and_then(|shape| check_size(&shape).map(|()| shape));
            shapes.push(shape.map_err(|error| error.at(&node.name))?);
        }
        Ok(shapes)
    }

    /// Runs the network and returns its output, dropping every value as soon as nobody needs it.
    ///
    /// # Errors
    /// As [`Network::trace`].
    pub fn forward(&self, input: &Tensor<T>) -> Result<Tensor<T>> {
        self.check_input(input)?;
        let rectified = self.rectifiable();
        let mut last_reader: Vec<usize> = (0..=self.nodes.len()).collect();
        for (index, node) in self.nodes.iter().enumerate() {
            node.inputs.iter().for_each(|value| last_reader[value.0] = index);
        }
        let mut values: Vec<Option<CowArray<'_, T, IxDyn>>> = vec![Some(input.view().into())];
        for (index, node) in self.nodes.iter().enumerate() {
            let done = node.inputs[0].0.checked_sub(1).is_some_and(|before| rectified[before]);
            let output = if done {
                values[node.inputs[0].0].take().expect("its only reader is this node")
            } else {
                let read = |value: &Value| values[value.0].as_ref().expect("it has readers left").view();
                let inputs: Vec<_> = node.inputs.iter().map(read).collect();
                node.op.forward(&inputs, self.site(index), rectified[index]).into()
            };
            values.push(Some(output));
            for passed in node.inputs.iter().filter(|value| last_reader[value.0] == index) {
                if let Some(passed) = values[passed.0].take().filter(|passed| !passed.is_view()) {
                    recycle(passed.into_owned());
                }
            }
        }
        Ok(values.pop().flatten().expect("the last node has written").into_owned())
    }

    /// Runs the network and keeps every value.
    ///
    /// # Errors
    /// As [`Network::check_input`].
    pub fn trace(&self, input: &Tensor<T>) -> Result<Trace<'_, T>> {
        self.trace_rectified(input, &[])
    }

    /// Runs the network and keeps every value, but where `in_place` holds for a node, its value is kept as the
    /// rectifier behind it leaves it, which saves a pass over memory and the memory itself.
    ///
    /// # Errors
    /// As [`Network::check_input`].
    ///
    /// # Panics
    /// If a node is marked that [`Network::rectifiable`] does not list.
    pub fn trace_rectified(&self, input: &Tensor<T>, in_place: &[bool]) -> Result<Trace<'_, T>> {
        self.check_input(input)?;
        let allowed = self.rectifiable();
        assert!(
            in_place.iter().zip(&allowed).all(|(asked, allowed)| !asked || *allowed),
            "only what a rectifier alone reads can be rectified in place"
        );
        Ok(Trace::record(self, input.clone(), in_place))
    }

    /// For every node, whether a rectifier is the only one to read its value.
    #[must_use]
    pub fn rectifiable(&self) -> Vec<bool> {
        let mut readers = vec![(0, false); self.nodes.len() + 1];
        for node in &self.nodes {
            for value in &node.inputs {
                let (count, rectifier) = &mut readers[value.0];
                *count += 1;
                *rectifier = matches!(node.op, Op::Rect(_));
            }
        }
        readers[1..].iter().map(|&readers| readers == (1, true)).collect()
    }

    /// Says whether the network can take a batch; if it can, nothing else can fail.
    ///
    /// # Errors
    /// If the input's shape does not fit, if it holds NaN or infinity and the network was not built to
    /// allow that, or if an [`Embedding`](crate::Embedding) would look up what is not in its table.
    pub fn check_input(&self, input: &Tensor<T>) -> Result<()> {
        self.shapes(input.shape())?;
        // Without a way out in between, which would keep it from being done in vectors.
        if self.allow_not_finite || input.fold(true, |all, value| all & value.is_finite()) {
            return self.check_lookups(input);
        }
        let (index, value) =
            input.indexed_iter().find(|(_, value)| !value.is_finite()).expect("one of them is not finite");
        Err(Error::not_finite(format!("input holds {value} at {:?}", index.slice())))
    }

    /// Runs what leads to numbers that are looked up, most often nothing, so that nothing can fail later.
    fn check_lookups(&self, input: &Tensor<T>) -> Result<()> {
        let looks_up = |node: &Node<T>| matches!(node.op, Op::Embedding(_));
        let Some(last) = self.nodes.iter().rposition(looks_up) else { return Ok(()) };
        let mut needed = vec![false; last + 2];
        for (index, node) in self.nodes[..=last].iter().enumerate().rev() {
            if needed[index + 1] || looks_up(node) {
                node.inputs.iter().for_each(|value| needed[value.0] = true);
            }
        }
        let mut values: Vec<Option<CowArray<'_, T, IxDyn>>> = vec![Some(input.view().into())];
        for (index, node) in self.nodes[..=last].iter().enumerate() {
            let read = |value: &Value| values[value.0].as_ref().expect("it is needed").view();
            if let Op::Embedding(embedding) = &node.op {
                let numbers = read(&node.inputs[0]);
                embedding.check_numbers(&numbers).map_err(|error| error.at(&node.name))?;
            }
            let run = || {
                let inputs: Vec<_> = node.inputs.iter().map(read).collect();
                node.op.forward(&inputs, self.site(index), false).into()
            };
            let output = needed[index + 1].then(run);
            values.push(output);
        }
        Ok(())
    }

    fn check_finite(&self) -> Result<()> {
        if self.allow_not_finite {
            return Ok(());
        }
        let fault =
            |node: &Node<T>| Some(Error::not_finite(node.op.layer().find_not_finite()?).at(&node.name));
        self.nodes.iter().find_map(fault).map_or(Ok(()), Err)
    }
}

fn fresh<T: Float>(nodes: usize) -> Arc<Prepared<T>> {
    Arc::new(Prepared::new(nodes, true))
}

/// No array can have more elements than this; layers may multiply sizes without fear after it.
fn check_size(shape: &[usize]) -> Result<()> {
    let elements =
        shape.iter().try_fold(1_isize, |elements, &size| elements.checked_mul(size.try_into().ok()?));
    match elements {
        Some(_) => Ok(()),
        None => Err(Error::shape(format!("a value of shape {shape:?} has too many elements"))),
    }
}

/// Collects nodes for a [`Network`].
///
/// ```
/// use lrp_core::{Add, Linear, NetworkBuilder, Rect, Value};
/// use ndarray::{arr1, arr2};
///
/// // y = x + relu(x W)
/// let mut builder = NetworkBuilder::<f64>::new();
/// let weights = Linear::new(arr2(&[[1.0, -1.0], [0.0, 2.0]]), arr1(&[0.0, 0.0]))?;
/// let dense = builder.add("dense", weights, &[Value::INPUT]);
/// let rect = builder.add("rect", Rect, &[dense]);
/// builder.add("join", Add, &[Value::INPUT, rect]);
/// let network = builder.build()?;
/// assert_eq!(network.forward(&arr2(&[[1.0, 1.0]]).into_dyn())?, arr2(&[[2.0, 2.0]]).into_dyn());
/// # Ok::<(), lrp_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct NetworkBuilder<T: Float> {
    nodes: Vec<Node<T>>,
    allow_not_finite: bool,
}

impl<T: Float> Default for NetworkBuilder<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), allow_not_finite: false }
    }
}

impl<T: Float> NetworkBuilder<T> {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, and as strict about numbers that are not finite as another network.
    #[must_use]
    pub fn like(network: &Network<T>) -> Self {
        Self { nodes: Vec::new(), allow_not_finite: network.allow_not_finite }
    }

    /// Accepts NaN and infinity in weights and inputs.
    #[must_use]
    pub fn allow_not_finite(self) -> Self {
        Self { allow_not_finite: true, ..self }
    }

    /// Appends a layer that reads `inputs` and returns the value it writes.
    pub fn add(&mut self, name: impl Into<String>, op: impl Into<Op<T>>, inputs: &[Value]) -> Value {
        self.nodes.push(Node { name: name.into(), op: op.into(), inputs: inputs.to_vec() });
        Value(self.nodes.len())
    }

    /// Appends a layer that reads the one before it, named by its kind and position: `linear_0`.
    pub fn push(&mut self, op: impl Into<Op<T>>) -> Value {
        let (op, position) = (op.into(), self.nodes.len());
        let name = format!("{}_{position}", op.layer().kind().name().to_lowercase());
        self.add(name, op, &[Value(position)])
    }

    /// Checks the wiring and makes the network.
    ///
    /// # Errors
    /// If there is no node, two share a name, one reads a value not written before it, or a weight is NaN
    /// or infinite.
    pub fn build(self) -> Result<Network<T>> {
        if self.nodes.is_empty() {
            return Err(Error::graph("a network needs at least one layer"));
        }
        let mut names = HashSet::new();
        for (index, node) in self.nodes.iter().enumerate() {
            if !names.insert(node.name.as_str()) {
                return Err(Error::graph("another node has this name already").at(&node.name));
            }
            if node.inputs.is_empty() || node.inputs.iter().any(|value| value.0 > index) {
                return Err(Error::graph("reads a value that no earlier node writes").at(&node.name));
            }
        }
        let network = Network {
            prepared: fresh(self.nodes.len()),
            nodes: self.nodes,
            kernels: Kernels::default(),
            allow_not_finite: self.allow_not_finite,
        };
        network.check_finite()?;
        Ok(network)
    }
}
