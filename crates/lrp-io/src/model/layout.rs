//! Networks whose channels come first, as ones whose channels come last.

use std::borrow::Cow;

use lrp_core::{AveragePool, Channels, Convolution, MaxPool, Network, Node, Op, SumPool};

use super::convention::{Order, reordered};
use super::toolbox::refused;
use crate::error::{Error, Result};

/// The same function of inputs `[n, h, w, c]` instead of `[n, c, h, w]`, or with one or three axes of space: what a
/// flatten layer writes comes in another order, and so do the weights behind it. Formats of the LRP Toolbox hold no
/// other layout.
///
/// `sample` is the shape of one input as it was, without the batch axis. A network that has its channels last already
/// comes back as it is.
///
/// ```
/// use lrp_core::{Channels, Flatten, Linear, MaxPool, Network, Window};
/// use lrp_io::channels_last;
/// use ndarray::{Array, arr1};
///
/// let pool = MaxPool::new(Window::new(&[1, 2]), Channels::First)?;
/// let dense = Linear::new(Array::from_shape_fn((16, 1), |(row, _)| row as f64), arr1(&[0.0]))?;
/// let first = Network::sequential([pool.into(), Flatten::RowMajor.into(), dense.into()])?;
/// let last = channels_last(&first, &[2, 4, 3])?;
///
/// let photo = Array::from_shape_fn((1, 2, 4, 3), |(_, c, y, x)| (c * 12 + y * 3 + x) as f64);
/// let turned = photo.clone().permuted_axes([0, 2, 3, 1]);
/// assert_eq!(first.forward(&photo.into_dyn())?, last.forward(&turned.into_dyn())?);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If the network cannot take such a sample, or has a layer that knows where its channels are and is no convolution
/// or pool.
pub fn channels_last<'n>(network: &'n Network<f64>, sample: &[usize]) -> Result<Cow<'n, Network<f64>>> {
    if !network.nodes().iter().any(|node| has_channels_first(node.op())) {
        return Ok(Cow::Borrowed(network));
    }
    let shapes = network.shapes(&[&[1], sample].concat())?;
    let mut orders: Vec<Option<Order>> = vec![None; shapes.len()];
    let turned = network.map_ops(|index, node| {
        let read = node
            .inputs()
            .iter()
            .map(|value| orders.get(value.index()).cloned().flatten())
            .collect::<Vec<_>>();
        let shape = node.inputs().first().and_then(|value| shapes.get(value.index()));
        let (op, order) = turned(node, &read, shape.map_or(&[][..], Vec::as_slice))?;
        if let Some(slot) = orders.get_mut(index + 1) {
            *slot = order;
        }
        Ok::<_, Error>(op)
    })?;
    match (orders.pop().flatten(), shapes.last()) {
        (None, Some(output)) if output.len() == 2 => Ok(Cow::Owned(turned)),
        _ => Err(Error::unsupported("the network's outputs would come in another order")),
    }
}

fn has_channels_first(op: &Op<f64>) -> bool {
    op.channels() == Some(Channels::First)
}

/// A layer with its channels last, and the order in which it writes features.
fn turned(node: &Node<f64>, read: &[Option<Order>], shape: &[usize]) -> Result<(Op<f64>, Option<Order>)> {
    let last = Channels::Last;
    let op: Op<f64> = match node.op() {
        Op::Convolution(layer) => {
            let (filters, bias, window) =
                (layer.filters().clone(), layer.bias().clone(), layer.window().clone());
            Convolution::with_window(filters, bias, window, layer.groups(), last)?.into()
        }
        Op::MaxPool(layer) => MaxPool::new(layer.window().clone(), last)?.with_ties(layer.ties()).into(),
        Op::AveragePool(layer) => {
            AveragePool::new(layer.window().clone(), last, layer.counts_padding())?.into()
        }
        Op::SumPool(layer) if layer.is_plain() => SumPool::plain(layer.window().clone(), last)?.into(),
        Op::SumPool(layer) => SumPool::new(layer.window().clone(), last)?.into(),
        Op::Flatten(flatten) if shape.len() > 2 => {
            return Ok((Op::Flatten(*flatten), Some(flattened(shape))));
        }
        Op::Rect(_) | Op::Tanh(_) | Op::Activation(_) | Op::Identity(_) if shape.len() > 2 => {
            node.op().clone()
        }
        _ if shape.len() == 2 => return reordered(node, read, shape, lrp_core::Flatten::RowMajor),
        _ => return Err(refused(node.name(), "knows where its channels are, and cannot have them last")),
    };
    Ok((op, None))
}

/// For each feature of `[h, w, c]` the place it had in `[c, h, w]`.
fn flattened(shape: &[usize]) -> Order {
    let [_, channels, space @ ..] = shape else { return Vec::new().into() };
    let pixels: usize = space.iter().product();
    (0..pixels).flat_map(|pixel| (0..*channels).map(move |channel| channel * pixels + pixel)).collect()
}
