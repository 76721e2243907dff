//! A layer at work: what it reads, what it learned, and the network it adds to.

use std::collections::HashMap;

use lrp_core::{Op, Value};
use ndarray::{ArrayD, IxDyn};

use crate::caffe::blob::Blob;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;
use crate::model::growing::{Growing, PROBE};

use super::description::Definition;
use super::text::Message;

/// A value on its way through the network.
#[derive(Clone, Debug)]
pub(super) struct Flow {
    pub(super) value: Value,
    /// The shape of one sample.
    pub(super) sample: Vec<usize>,
}

/// Where weights come from, and how many were made up.
pub(super) struct Weights<'a> {
    from: From<'a>,
    made: usize,
}

/// Where weights come from.
enum From<'a> {
    /// A file: blobs by the name of their layer.
    File(HashMap<String, Vec<Option<Blob>>>),
    /// Made to measure, for networks whose weights are not at hand.
    Made(&'a dyn Fn(&[usize]) -> ArrayD<f64>),
    /// Nowhere.
    None,
}

impl<'a> Weights<'a> {
    pub(super) fn file(layers: HashMap<String, Vec<Blob>>) -> Self {
        let open = |(name, blobs): (String, Vec<Blob>)| (name, blobs.into_iter().map(Some).collect());
        Self { from: From::File(layers.into_iter().map(open).collect()), made: 0 }
    }

    pub(super) fn made(make: &'a dyn Fn(&[usize]) -> ArrayD<f64>) -> Self {
        Self { from: From::Made(make), made: 0 }
    }

    pub(super) fn none() -> Self {
        Self { from: From::None, made: 0 }
    }

    /// Refuses to make ever more weights for a few lines of text.
    fn make(&mut self, shape: &[usize], limits: &Limits) -> Result<()> {
        self.made = self.made.saturating_add(limits.elements(shape)?);
        limits.check_elements(self.made)
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

    /// What the layer learned: its blob of this number, which must have this shape. Where the file has none, what
    /// the filler says, which is zero if nothing is said.
    pub(super) fn learned(
        &mut self,
        index: usize,
        shape: &[usize],
        filler: Option<&Message>,
    ) -> Result<ArrayD<f64>> {
        let limits = self.growing.limits();
        let name = &self.definition.name;
        let blobs = match &mut self.weights.from {
            From::File(layers) => layers.get_mut(name),
            From::Made(make) => {
                let make = *make;
                self.weights.make(shape, limits)?;
                return Ok(make(shape));
            }
            From::None => {
                return Err(Error::format(
                    "needs its weights; give their file, or put it beside the description",
                ));
            }
        };
        if let Some(blobs) = blobs {
            let found = blobs.len();
            let blob = blobs.get_mut(index).and_then(Option::take).ok_or_else(|| {
                Error::format(format!(
                    "has {found} blobs in the file of weights, expected {} or more",
                    index + 1
                ))
            });
            return fitted(blob?, shape);
        }
        let value = constant(filler)?;
        self.weights.make(shape, limits)?;
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

/// The number that a filler gives to all weights.
fn constant(filler: Option<&Message>) -> Result<f64> {
    let Some(filler) = filler else { return Ok(0.0) };
    match filler.text("type")? {
        None | Some("constant") => filler.number_or("value", 0.0),
        Some(other) => {
            let message =
                format!("has no weights in the file of weights, and its filler {} is random", quoted(other));
            Err(Error::format(message))
        }
    }
}
