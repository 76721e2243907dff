//! Who is meant to read a model: the toolbox's Python or its Matlab part.

use std::fmt::{self, Display};
use std::rc::Rc;
use std::str::FromStr;

use lrp_core::{Flatten, Linear, Network, Node, Op, Tensor};
use ndarray::Axis;

use super::toolbox::refused;
use crate::error::{Error, Result, quoted};

/// Whose meaning the layers of a file have.
///
/// Both parts of the toolbox write the same words, and nothing in a text model says which part wrote
/// it. One word differs in meaning: [`Flatten`] runs through the last axis first in Python and
/// through the first axis first in Matlab. Where it flattens maps of one pixel the two agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Convention {
    /// `[h, w, c]` is flattened with `c` fastest.
    #[default]
    Python,
    /// `[h, w, c]` is flattened with `h` fastest.
    Matlab,
}

impl Convention {
    /// Every convention.
    pub const ALL: [Self; 2] = [Self::Python, Self::Matlab];

    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Matlab => "matlab",
        }
    }

    /// How this part of the toolbox flattens.
    #[must_use]
    pub fn flatten(self) -> Flatten {
        match self {
            Self::Python => Flatten::RowMajor,
            Self::Matlab => Flatten::ColumnMajor,
        }
    }
}

impl Display for Convention {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for Convention {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|convention| convention.name() == text);
        found.ok_or_else(|| format!("unknown convention {}; one of python, matlab", quoted(text)))
    }
}

/// The network with its flatten layers meaning what a convention says: another function, if they
/// meant something else before.
///
/// For a model whose format does not say who wrote it, such as a text from Matlab, which
/// [`read_model`](crate::read_model) takes for Python's:
///
/// ```
/// use lrp_io::{Convention, Limits, read_model_bytes, reread_flatten};
///
/// let text = b"Flatten\nLinear 4 1\n1 2 3 4\n0\n";
/// let matlab = reread_flatten(&read_model_bytes("m.txt", text, &Limits::default())?, Convention::Matlab)?;
/// let corner = ndarray::Array::from_shape_fn((1, 2, 2, 1), |(_, y, x, _)| [[0.0, 1.0], [0.0, 0.0]][y][x]);
/// assert_eq!(matlab.forward(&corner.into_dyn()).unwrap()[[0, 0]], 3.0);
/// # Ok::<_, lrp_io::Error>(())
/// ```
///
/// # Errors
/// None for a network that was read or built.
pub fn reread_flatten(network: &Network<f64>, convention: Convention) -> Result<Network<f64>> {
    network.map_ops(|_, node| match node.op() {
        Op::Flatten(_) => Ok(convention.flatten().into()),
        op => Ok(op.clone()),
    })
}

/// The same function with its flatten layers in a convention's order: the weights of the dense layers
/// behind them are put in that order too.
///
/// `sample` is the shape of one input, without the batch axis: how much is flattened depends on it.
///
/// ```
/// use lrp_io::{Convention, Limits, read_model_bytes, reorder_flatten};
///
/// let python = read_model_bytes("m.txt", b"Flatten\nLinear 4 1\n1 2 3 4\n0\n", &Limits::default())?;
/// let matlab = reorder_flatten(&python, Convention::Matlab, &[2, 2, 1])?;
/// let image = ndarray::Array::from_shape_fn((1, 2, 2, 1), |(_, y, x, _)| [[1.0, 0.0], [0.0, -1.0]][y][x]).into_dyn();
/// assert_eq!(python.forward(&image).unwrap(), matlab.forward(&image).unwrap());
/// # Ok::<_, lrp_io::Error>(())
/// ```
///
/// # Errors
/// If the network cannot take such a sample, or the order reaches the output or a layer that cannot be
/// put in another order.
pub fn reorder_flatten(
    network: &Network<f64>,
    convention: Convention,
    sample: &[usize],
) -> Result<Network<f64>> {
    let shapes = network.shapes(&[&[1], sample].concat())?;
    let mut orders: Vec<Option<Order>> = vec![None; shapes.len()];
    let reordered = network.map_ops(|index, node| {
        let read = node.inputs().iter().map(|value| orders.get(value.index()).cloned().flatten());
        let read: Vec<Option<Order>> = read.collect();
        let shape = node.inputs().first().and_then(|value| shapes.get(value.index()));
        let shape = shape.map_or(&[][..], Vec::as_slice);
        let (op, order) = reordered(node, &read, shape, convention.flatten())?;
        if let Some(slot) = orders.get_mut(index + 1) {
            *slot = order;
        }
        Ok::<_, Error>(op)
    })?;
    match orders.pop().flatten() {
        None => Ok(reordered),
        Some(_) => Err(Error::unsupported("the network's outputs would come in another order")),
    }
}

/// For each feature of a value, in its new place, the place it had before.
pub(super) type Order = Rc<[usize]>;

/// A layer that reads values in new orders, and the order in which it writes.
pub(super) fn reordered(
    node: &Node<f64>,
    read: &[Option<Order>],
    shape: &[usize],
    wanted: Flatten,
) -> Result<(Op<f64>, Option<Order>)> {
    let op = node.op();
    match (op, read) {
        (Op::Flatten(flatten), [None]) => Ok((wanted.into(), change(*flatten, wanted, shape))),
        (_, unchanged) if unchanged.iter().all(Option::is_none) => Ok((op.clone(), None)),
        (Op::Linear(linear), [Some(order)]) => {
            let weights = linear.weights().select(Axis(0), order);
            Ok((Linear::new(weights, linear.bias().clone())?.into(), None))
        }
        (Op::Rect(_) | Op::Tanh(_) | Op::Activation(_), [order]) => Ok((op.clone(), order.clone())),
        (Op::SoftMax(_) | Op::Flatten(_), [order]) => Ok((op.clone(), order.clone())),
        (Op::Add(_), [first, rest @ ..]) if rest.iter().all(|other| other == first) => {
            Ok((op.clone(), first.clone()))
        }
        _ => Err(refused(node.name(), "reads flattened values, and cannot be put in another order")),
    }
}

/// What changes when a value of this shape, batch axis included, is flattened otherwise.
fn change(before: Flatten, after: Flatten, shape: &[usize]) -> Option<Order> {
    let [from, to] = [before, after].map(|flatten| places(flatten, shape));
    let mut place_of = vec![0; from.len()];
    for (place, &feature) in from.iter().enumerate() {
        if let Some(slot) = place_of.get_mut(feature) {
            *slot = place;
        }
    }
    let order: Order = to.iter().filter_map(|&feature| place_of.get(feature).copied()).collect();
    (from != to).then_some(order)
}

/// The features of a value, counted through the last axis first, in the order they are flattened in.
fn places(flatten: Flatten, shape: &[usize]) -> Vec<usize> {
    let count: usize = shape.iter().product();
    #[expect(clippy::cast_precision_loss, reason = "the features of one sample, far below 2^52")]
    let features = (0..count).map(|feature| feature as f64).collect();
    let flat = Tensor::from_shape_vec(shape, features)
        .ok()
        .zip(Network::sequential([flatten.into()]).ok())
        .and_then(|(features, network)| network.forward(&features).ok());
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "they were usize before")]
    flat.into_iter().flatten().map(|feature| feature as usize).collect()
}
