//! Models as the toolbox's Python part pickles them: a `Sequential` with its list of layers.
//!
//! Of each object the attributes are read that its forward pass uses. Others are left alone: what a class of
//! the toolbox computes does not depend on them, and what was cached in a forward pass is of no use here.
//! The exception is a rule stored with a layer, which is refused, since a network holds none.

use lrp_core::{Flatten, Network, Op, Rect, SoftMax, Tanh};
use ndarray::{Array, Dimension, IntoDimension};

use super::toolbox::{self, Assembly, stored_rule};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::pickle::{Global, Item, Payloads, load};

pub(super) use crate::pickle::sniff;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Network<f64>> {
    let pickle = load(bytes)?;
    let root = pickle.root();
    if root.global() != Some(Global::Sequential) {
        return Err(root.expected("a Sequential of the toolbox"));
    }
    refuse_rule(root)?;
    let mut payloads = Payloads::new(bytes, limits);
    let mut model = Assembly::new(limits);
    for (index, item) in root.required("modules")?.elements()?.enumerate() {
        layer(item, &mut payloads)
            .and_then(|op| model.push(op))
            .map_err(|error| error.of(&format!("modules[{index}]")).at_byte(item.at()))?;
    }
    model.finish()
}

fn layer(item: Item<'_, '_>, payloads: &mut Payloads<'_>) -> Result<Op<f64>> {
    let Some(class) = item.global() else { return Err(item.expected("a layer of the toolbox")) };
    if item.arguments()?.elements()?.len() > 0 {
        return Err(item.arguments()?.expected("an object without arguments"));
    }
    refuse_rule(item)?;
    let op = match class {
        Global::Linear => linear(item, payloads),
        Global::Convolution => convolution(item, payloads),
        Global::SumPool => window(item, payloads).and_then(|[size, stride]| toolbox::sum_pool(size, stride)),
        Global::MaxPool => window(item, payloads).and_then(|[size, stride]| toolbox::max_pool(size, stride)),
        Global::Flatten => Ok(Flatten::RowMajor.into()),
        Global::Rect => Ok(Rect.into()),
        Global::Tanh => Ok(Tanh.into()),
        Global::SoftMax => Ok(SoftMax::default().into()),
        Global::Sequential => {
            Err(Error::unsupported("is a Sequential in a Sequential; a model is one list of layers"))
        }
        _ => Err(item.expected("a layer of the toolbox")),
    };
    op.map_err(|error| error.of(class.path().1))
}

fn linear(item: Item<'_, '_>, payloads: &mut Payloads<'_>) -> Result<Op<f64>> {
    let [m, n] = sizes(item, ["m", "n"], payloads)?;
    let weights = array(item, "W", [m, n], payloads)?;
    toolbox::linear(weights, array(item, "B", [n], payloads)?)
}

fn convolution(item: Item<'_, '_>, payloads: &mut Payloads<'_>) -> Result<Op<f64>> {
    let shape = sizes(item, ["fh", "fw", "fd", "n"], payloads)?;
    let stride = pair(item, "stride", payloads)?;
    let filters = array(item, "W", shape, payloads)?.into_dyn();
    let [.., n] = shape;
    toolbox::convolution(filters, array(item, "B", [n], payloads)?, stride)
}

/// Size and stride of a pool.
fn window(item: Item<'_, '_>, payloads: &mut Payloads<'_>) -> Result<[[usize; 2]; 2]> {
    Ok([pair(item, "pool", payloads)?, pair(item, "stride", payloads)?])
}

fn refuse_rule(item: Item<'_, '_>) -> Result<()> {
    match item.attribute("lrp_var")? {
        Some(rule) if !rule.is_none() => Err(stored_rule(&rule.described()).at_byte(item.at())),
        _ => Ok(()),
    }
}

fn sizes<const N: usize>(
    item: Item<'_, '_>,
    names: [&str; N],
    payloads: &mut Payloads<'_>,
) -> Result<[usize; N]> {
    let mut sizes = [0; N];
    for (size, name) in sizes.iter_mut().zip(names) {
        *size = payloads.size(item.required(name)?).map_err(|error| error.of(name))?;
    }
    Ok(sizes)
}

fn pair(item: Item<'_, '_>, name: &str, payloads: &mut Payloads<'_>) -> Result<[usize; 2]> {
    let [first, second] = item.required(name)?.exactly().map_err(|error| error.of(name))?;
    let mut size = |item| payloads.size(item).map_err(|error: Error| error.of(name));
    Ok([size(first)?, size(second)?])
}

fn array<S: IntoDimension<Dim = D>, D: Dimension>(
    item: Item<'_, '_>,
    name: &str,
    shape: S,
    payloads: &mut Payloads<'_>,
) -> Result<Array<f64, D>> {
    let item = item.required(name)?;
    let shape = shape.into_dimension();
    let array = payloads.array(item).map_err(|error| error.of(name))?;
    if array.shape() != shape.slice() {
        let message = format!("{name} has the shape {:?}, expected {:?}", array.shape(), shape.slice());
        return Err(Error::format(message).at_byte(item.at()));
    }
    array.into_dimensionality().map_err(|error| Error::format(error.to_string()))
}
