//! Entries picked by their position.

use ndarray::CowArray;

use super::lines::along;
use super::{not_finite, not_the_batch, only};
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y[i, j, …] = x[a(i), b(j), …]`, or a constant where there is no such entry: slices, parts, padding,
/// repetition and enlarging without interpolation are all this.
///
/// Relevance goes back to the entry each value came from, and adds up there; what reaches the constant is gone.
#[derive(Clone, Debug, PartialEq)]
pub struct Gather {
    axes: Vec<Option<Vec<Option<usize>>>>,
    fill: f64,
}

/// Neighbouring entries that come from neighbours.
struct Run {
    to: usize,
    from: usize,
    count: usize,
}

impl Gather {
    /// For each axis, the batch included, the entries its places show, nothing where they show `fill`; an axis
    /// without a list stays as it is, which that of the batch has to.
    #[must_use]
    pub fn new(axes: Vec<Option<Vec<Option<usize>>>>, fill: f64) -> Self {
        Self { axes, fill }
    }

    /// The entries shown, an axis each.
    #[must_use]
    pub fn axes(&self) -> &[Option<Vec<Option<usize>>>] {
        &self.axes
    }

    /// What is shown where no entry is.
    #[must_use]
    pub fn fill(&self) -> f64 {
        self.fill
    }

    /// Axes that change, with what they show.
    fn changed(&self) -> impl DoubleEndedIterator<Item = (usize, &[Option<usize>])> {
        self.axes.iter().enumerate().filter_map(|(axis, list)| Some((axis, list.as_deref()?)))
    }

    fn back<T: Float>(&self, signal: TensorView<'_, T>, input: &[usize]) -> Tensor<T> {
        let back = |signal: CowArray<'_, T, _>, (axis, list)| {
            let runs = runs(list);
            let add = |from: &[T], to: &mut [T], step: usize| {
                for run in &runs {
                    let to = &mut to[run.from * step..][..run.count * step];
                    to.iter_mut().zip(&from[run.to * step..]).for_each(|(to, &from)| *to += from);
                }
            };
            along(&signal.view(), axis, input[axis], T::zero(), add).into()
        };
        self.changed().rev().fold(signal.into(), back).into_owned()
    }
}

/// Entries in order that come from entries in order are moved together.
fn runs(list: &[Option<usize>]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (to, from) in list.iter().enumerate().filter_map(|(to, from)| Some((to, (*from)?))) {
        match runs.last_mut() {
            Some(run) if run.to + run.count == to && run.from + run.count == from => run.count += 1,
            _ => runs.push(Run { to, from, count: 1 }),
        }
    }
    runs
}

impl<T: Float> Layer<T> for Gather {
    fn kind(&self) -> Kind {
        Kind::Gather
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        if input.len() != self.axes.len() {
            let (shape, axes) = (input, self.axes.len());
            return Err(Error::shape(format!("input has shape {shape:?}, expected {axes} axes")));
        }
        not_the_batch("pick along", self.changed().map(|(axis, _)| axis))?;
        let mut shape = input.to_vec();
        for (axis, list) in self.changed() {
            let size = input[axis];
            if let Some(entry) = list.iter().flatten().find(|&&entry| entry >= size) {
                return Err(Error::shape(format!("there is no entry {entry} on axis {axis} of {input:?}")));
            }
            shape[axis] = list.len();
        }
        Ok(shape)
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let pick = |x: CowArray<'_, T, _>, (axis, list): (usize, &[Option<usize>])| {
            let runs = runs(list);
            let copy = |from: &[T], to: &mut [T], step: usize| {
                for run in &runs {
                    let from = &from[run.from * step..][..run.count * step];
                    to[run.to * step..][..run.count * step].copy_from_slice(from);
                }
            };
            along(&x.view(), axis, list.len(), T::of(self.fill), copy).into()
        };
        self.changed().fold(inputs[0].view().into(), pick).into_owned()
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![self.back(relevance.view(), record.inputs[0].shape())]))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.back(upstream, record.inputs[0].shape())]
    }

    fn find_not_finite(&self) -> Option<String> {
        not_finite("fill", [T::of(self.fill)].iter())
    }
}
