//! A layer at work: what it reads, what it learned, and the network it adds to.

use std::collections::HashMap;

use lrp_core::{Op, Value};
use ndarray::{ArcArray, ArrayBase, ArrayD, IxDyn};

use crate::caffe::blob::Blob;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;
use crate::model::growing::{Growing, PROBE};

use super::description::{Definition, Shared};
use super::text::Message;
use super::weights::Layers;

/// A value on its way through the network.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) value: Value,
    /// The shape of one sample.
    pub(super) sample: Vec<usize>,
}

/// Where weights come from, how many numbers were made up, and what is shared.
pub(super) struct Weights<'a> {
    from: From<'a>,
    made: usize,
    /// Blobs that several layers have, by the name these share.
    shared: HashMap<String, ArcArray<f64, IxDyn>>,
}

/// Where weights come from.
enum From<'a> {
    /// A file, of which blobs are taken as layers ask for them.
    File(Layers),
    /// Made to measure, for networks whose weights are not at hand.
    Made(&'a dyn Fn(&[usize]) -> ArrayD<f64>),
    /// Nowhere.
    None,
}

impl<'a> Weights<'a> {
    pub(super) fn file(layers: Layers) -> Self {
        Self::from(From::File(layers))
    }

    pub(super) fn made(make: &'a dyn Fn(&[usize]) -> ArrayD<f64>) -> Self {
        Self::from(From::Made(make))
    }

    pub(super) fn none() -> Self {
        Self::from(From::None)
    }

    fn from(from: From<'a>) -> Self {
        Self { from, made: 0, shared: HashMap::new() }
    }

    /// Whether the file has a blob of this number for a layer, not yet taken.
    fn has(&self, layer: &str, index: usize) -> bool {
        let From::File(layers) = &self.from else { return false };
        layers.get(layer).is_some_and(|blobs| matches!(blobs.get(index), Some(Some(_))))
    }

    /// Refuses to make ever more numbers for a few lines of text.
    fn book(&mut self, shape: &[usize], limits: &Limits) -> Result<()> {
        self.made = self.made.saturating_add(limits.elements(shape)?);
        let allowed = limits.array_elements.saturating_mul(2);
        if self.made as u64 > allowed {
            let message = format!("more than {allowed} numbers would be made up, no more are allowed");
            return Err(Error::limit(message));
        }
        Ok(())
    }
}

/// What weights are where no file has them.
#[derive(Clone, Copy)]
pub(super) struct Filler<'m> {
    said: Option<&'m Message>,
    otherwise: f64,
}

impl<'m> Filler<'m> {
    /// What the layer says under a name, or zero.
    pub(super) fn of(parameters: &'m Message, name: &str) -> Self {
        Self { said: parameters.messages(name).last(), otherwise: 0.0 }
    }

    /// Zero.
    pub(super) fn zero() -> Self {
        Self { said: None, otherwise: 0.0 }
    }

    /// The same, with another number where the layer says nothing.
    pub(super) fn or(self, otherwise: f64) -> Self {
        Self { otherwise, ..self }
    }

    /// The number that all weights are.
    fn number(self) -> Result<f64> {
        let Some(said) = self.said else { return Ok(self.otherwise) };
        match said.text("type")? {
            None | Some("constant") => said.number_or("value", 0.0),
            Some(other) => {
                let random = format!("its filler {} is random", quoted(other));
                Err(Error::format(format!("has no weights in the file of weights, and {random}")))
            }
        }
    }
}

/// What the translation of a layer sees.
pub(super) struct Context<'a, 'n> {
    pub(super) definition: &'n Definition,
    pub(super) inputs: Vec<Flow>,
    pub(super) growing: &'n mut Growing<'a>,
    pub(super) weights: &'n mut Weights<'a>,
    pub(super) warnings: &'n mut Vec<String>,
}

impl Context<'_, '_> {
    /// What the layer says under a name.
    pub(super) fn parameters(&self, name: &'static str) -> &Message {
        self.definition.parameters(name)
    }

    /// One of the values it reads.
    pub(super) fn input(&self, index: usize) -> Result<Flow> {
        let found = self.inputs.len();
        let missing = || Error::format(format!("reads {found} values, expected {} or more", index + 1));
        self.inputs.get(index).cloned().ok_or_else(missing)
    }

    /// A value `[n, c, h, w]` that it reads.
    pub(super) fn picture(&self) -> Result<(Flow, [usize; 3])> {
        let flow = self.input(0)?;
        match flow.sample[..] {
            [channels, height, width] => Ok((flow, [channels, height, width])),
            _ => Err(Error::unsupported(format!(
                "reads samples of shape {:?}, expected [c, h, w]",
                flow.sample
            ))),
        }
    }

    /// An axis by its number, from behind if that is below zero; never that of the batch.
    pub(super) fn axis(&self, axis: i64, flow: &Flow) -> Result<usize> {
        let rank = flow.sample.len() + 1;
        let place = if axis < 0 {
            rank.checked_add_signed(isize::try_from(axis).unwrap_or(isize::MIN))
        } else {
            usize::try_from(axis).ok()
        };
        match place {
            Some(0) => Err(Error::unsupported("works along the batch, axis 0, which is left alone")),
            Some(place) if place < rank => Ok(place),
            _ => Err(Error::format(format!("has the axis {axis}, but what it reads has {rank}"))),
        }
    }

    /// The layer's own.
    pub(super) fn layer(&mut self, op: impl Into<Op<f64>>, inputs: &[&Flow]) -> Result<Flow> {
        self.add(&self.definition.name.clone(), op, inputs)
    }

    /// One that it needs besides.
    pub(super) fn step(&mut self, what: &str, op: impl Into<Op<f64>>, inputs: &[&Flow]) -> Result<Flow> {
        self.add(&format!("{}.{what}", self.definition.name), op, inputs)
    }

    fn add(&mut self, name: &str, op: impl Into<Op<f64>>, inputs: &[&Flow]) -> Result<Flow> {
        let stored = |flow: &&Flow| (flow.value, [&[PROBE], &flow.sample[..]].concat());
        let inputs: Vec<_> = inputs.iter().map(stored).collect();
        let (value, sample) = self.growing.add(name, op.into(), &inputs)?;
        Ok(Flow { value, sample })
    }

    /// Refuses numbers beyond what may be made up for this shape and all before it.
    pub(super) fn book(&mut self, shape: &[usize]) -> Result<()> {
        self.weights.book(shape, self.growing.limits())
    }

    /// What the layer learned: its blob of this number, which must have this shape. Where the file has none for the
    /// layer, that of another which shares it, or what the filler says.
    pub(super) fn learned(
        &mut self,
        index: usize,
        shape: &[usize],
        filler: Filler<'_>,
    ) -> Result<ArrayD<f64>> {
        let definition = self.definition;
        let Some(shared) = definition.shared(index)? else { return self.own(index, shape, filler) };
        let known =
            self.weights.shared.get(shared.name).filter(|_| !self.weights.has(&definition.name, index));
        if let Some(known) = known.cloned() {
            self.book(shape)?;
            return common(shared, &known, shape);
        }
        let own = self.own(index, shape, filler)?.into_shared();
        self.weights.shared.insert(shared.name.to_owned(), own.clone());
        Ok(own.into_owned())
    }

    /// What the layer learned, whatever others have.
    fn own(&mut self, index: usize, shape: &[usize], filler: Filler<'_>) -> Result<ArrayD<f64>> {
        let name = &self.definition.name;
        let blobs = match &mut self.weights.from {
            From::File(layers) => layers.get_mut(name),
            From::Made(make) => {
                let make = *make;
                self.book(shape)?;
                return made(make(shape), shape);
            }
            From::None => {
                return Err(Error::format(
                    "needs its weights; give their file, or put it beside the description",
                ));
            }
        };
        if let Some(blobs) = blobs {
            let (found, expected) = (blobs.len(), index + 1);
            let blob = blobs.get_mut(index).and_then(Option::take).ok_or_else(|| {
                Error::format(match index < found {
                    true => format!("has no blob {index} in the file of weights, and shares none"),
                    false => format!("has {found} blobs in the file of weights, expected {expected} or more"),
                })
            });
            return fitted(blob?, shape);
        }
        let value = filler.number()?;
        self.book(shape)?;
        if index == 0 {
            let filled = format!("{}: the file of weights has none for it, all are {value}", quoted(name));
            self.warnings.push(filled);
        }
        Ok(ArrayD::from_elem(IxDyn(shape), value))
    }

    /// Refuses weights that nothing here asks for.
    pub(super) fn finish(&mut self) -> Result<()> {
        let From::File(layers) = &mut self.weights.from else { return Ok(()) };
        let Some(blobs) = layers.remove(&self.definition.name) else { return Ok(()) };
        let left = blobs.iter().flatten().count();
        match left {
            0 => Ok(()),
            _ => {
                let (found, expected) = (blobs.len(), blobs.len() - left);
                Err(Error::format(format!("has {found} blobs in the file of weights, expected {expected}")))
            }
        }
    }
}

/// Who makes weights is asked for a shape, and may be mistaken.
fn made(array: ArrayD<f64>, shape: &[usize]) -> Result<ArrayD<f64>> {
    if array.shape() == shape {
        return Ok(array);
    }
    let found = array.shape();
    Err(Error::format(format!("is given weights of shape {found:?}, expected {shape:?}")))
}

/// What another layer has too, in the shape that is wanted here.
fn common(shared: Shared<'_>, known: &ArcArray<f64, IxDyn>, shape: &[usize]) -> Result<ArrayD<f64>> {
    let (name, found) = (quoted(shared.name), known.shape());
    let wrong = || Error::format(format!("shares {name}, which has the shape {found:?}, expected {shape:?}"));
    if found != shape && !shared.any_shape {
        return Err(wrong());
    }
    known.to_shape(IxDyn(shape)).map(ArrayBase::into_owned).map_err(|_| wrong())
}

/// Blobs of old files have four axes, whatever they hold.
fn fitted(blob: Blob, shape: &[usize]) -> Result<ArrayD<f64>> {
    let essential = |shape: &[usize]| shape.iter().copied().skip_while(|&size| size == 1).collect::<Vec<_>>();
    let fits = blob.shape == shape || (blob.legacy && essential(&blob.shape) == essential(shape));
    let found = blob.shape;
    let wrong =
        || Error::format(format!("has a blob of shape {found:?} in the file of weights, expected {shape:?}"));
    if !fits {
        return Err(wrong());
    }
    ArrayD::from_shape_vec(IxDyn(shape), blob.values).map_err(|_| wrong())
}
