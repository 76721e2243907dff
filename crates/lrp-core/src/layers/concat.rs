//! Values side by side.

use super::not_the_batch;
use crate::error::{Error, Result};
use crate::kernels::memory;
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// All inputs one after the other along an axis; relevance goes back to whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concat {
    axis: usize,
}

impl Concat {
    /// Along an axis; axis 0, the batch, cannot be it.
    #[must_use]
    pub fn new(axis: usize) -> Self {
        Self { axis }
    }

    /// The axis along which inputs are put together.
    #[must_use]
    pub fn axis(&self) -> usize {
        self.axis
    }

    fn parts<T: Float>(&self, record: &Record<'_, T>, whole: &TensorView<'_, T>) -> Vec<Tensor<T>> {
        let whole = whole.as_standard_layout();
        let whole = whole.as_slice().expect("a standard layout");
        let rows = self.rows(&record.inputs);
        let total = whole.len().checked_div(rows).unwrap_or(0);
        let mut start = 0;
        let part = |x: &TensorView<'_, T>| {
            let mut part = memory::take(x.len());
            let size = x.len().checked_div(rows).unwrap_or(0);
            for row in 0..rows {
                part[row * size..][..size].copy_from_slice(&whole[row * total + start..][..size]);
            }
            start += size;
            Tensor::from_shape_vec(x.raw_dim(), part).expect("a part has an input's shape")
        };
        record.inputs.iter().map(part).collect()
    }

    /// How often the inputs take turns in memory.
    fn rows<T>(&self, inputs: &[TensorView<'_, T>]) -> usize {
        inputs[0].shape()[..self.axis].iter().product()
    }
}

impl<T: Float> Layer<T> for Concat {
    fn kind(&self) -> Kind {
        Kind::Concat
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let axis = self.axis;
        not_the_batch("join along", std::iter::once(axis))?;
        let others = |shape: &[usize]| {
            let mut shape = shape.to_vec();
            (axis < shape.len()).then(|| shape.remove(axis)).map(|size| (size, shape))
        };
        let parts: Option<Vec<_>> = inputs.iter().map(|shape| others(shape)).collect();
        let fitting = parts.as_deref().filter(|parts| parts.iter().all(|(_, shape)| *shape == parts[0].1));
        // Sizes can be too large to add, as no array of them has been made yet.
        let total = fitting.and_then(|parts| {
            parts.iter().try_fold(0_usize, |total, (size, _)| total.checked_add(*size)).zip(parts.first())
        });
        match total {
            Some((total, (_, first))) => {
                let mut shape = first.clone();
                shape.insert(axis, total);
                Ok(shape)
            }
            None => Err(Error::shape(format!("inputs {inputs:?} do not fit together along axis {axis}"))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let standard: Vec<_> = inputs.iter().map(|x| x.as_standard_layout()).collect();
        let slices: Vec<&[T]> = standard.iter().map(|x| x.as_slice().expect("a standard layout")).collect();
        let rows = self.rows(inputs);
        let mut joined = memory::take(slices.iter().map(|slice| slice.len()).sum());
        let mut rest = &mut joined[..];
        for row in 0..rows {
            for slice in &slices {
                let size = slice.len() / rows;
                let (here, behind) = rest.split_at_mut(size);
                here.copy_from_slice(&slice[row * size..][..size]);
                rest = behind;
            }
        }
        let mut shape = inputs[0].shape().to_vec();
        shape[self.axis] = inputs.iter().map(|x| x.shape()[self.axis]).sum();
        Tensor::from_shape_vec(shape, joined).expect("rows of all inputs")
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| self.parts(record, &relevance.view())))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.parts(record, &upstream)
    }
}
