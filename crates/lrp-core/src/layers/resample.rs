//! Enlarging and shrinking with interpolation.

use ndarray::CowArray;

use super::lines::along;
use super::{not_finite, not_the_batch, only};
use crate::error::{Error, Result};
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// Each output a weighted sum of neighbouring inputs, one axis after the other: linear and cubic interpolation.
#[derive(Clone, Debug, PartialEq)]
pub struct Resample {
    axes: Vec<Blend>,
}

/// What [`Resample`] does along an axis: its number, its size, and for each place of the output `(entry, weight)`.
pub type Blend = (usize, usize, Vec<Vec<(usize, f64)>>);

impl Resample {
    /// Blends along each of these axes; axis 0, the batch, cannot be one of them.
    ///
    /// An entry that a place names twice, as at a border, has the sum of both weights; one of weight zero is not
    /// seen from there.
    ///
    /// # Errors
    /// If an entry is beyond the size of its axis, or an axis comes twice.
    pub fn new(axes: Vec<Blend>) -> Result<Self> {
        for (index, (axis, size, places)) in axes.iter().enumerate() {
            if let Some((entry, _)) = places.iter().flatten().find(|(entry, _)| entry >= size) {
                return Err(Error::shape(format!("there is no entry {entry} among {size} of axis {axis}")));
            }
            if axes[..index].iter().any(|(other, ..)| other == axis) {
                return Err(Error::shape(format!("axis {axis} is resampled twice")));
            }
        }
        let distinct = |(axis, size, places): Blend| (axis, size, places.into_iter().map(distinct).collect());
        Ok(Self { axes: axes.into_iter().map(distinct).collect() })
    }

    /// What each axis blends.
    #[must_use]
    pub fn axes(&self) -> &[Blend] {
        &self.axes
    }

    /// The sum with every weight of every axis changed by `see`.
    fn sweep<T: Float>(&self, x: &TensorView<'_, T>, way: Way, see: fn(f64) -> f64) -> Tensor<T> {
        let next = |x: CowArray<'_, T, _>, axis| blended(&x.view(), axis, way, see).into();
        self.axes.iter().fold(x.view().into(), next).into_owned()
    }

    /// The sums over the weights above and those below zero; a weight is the product of those of its axes.
    fn signs<T: Float>(&self, x: &TensorView<'_, T>, way: Way) -> [Tensor<T>; 2] {
        let start = [x.to_owned(), Tensor::zeros(x.raw_dim())];
        self.axes.iter().fold(start, |[above, below], axis| {
            let positive = |x: &Tensor<T>| blended(&x.view(), axis, way, |w| w.max(0.0));
            let negative = |x: &Tensor<T>| blended(&x.view(), axis, way, |w| w.min(0.0));
            [positive(&above) + negative(&below), negative(&above) + positive(&below)]
        })
    }

    fn through<T: Float>(&self, lens: WeightLens, x: &TensorView<'_, T>, way: Way) -> Tensor<T> {
        let add = |sum: Tensor<T>, factor: f64, part: Tensor<T>| sum + part * T::of(factor);
        match lens {
            WeightLens::Value => self.sweep(x, way, |w| w),
            WeightLens::One => self.sweep(x, way, |_| 1.0),
            WeightLens::Square => self.sweep(x, way, |w| w * w),
            WeightLens::Magnitude => self.sweep(x, way, f64::abs),
            WeightLens::Positive => {
                let [above, _] = self.signs(x, way);
                above
            }
            WeightLens::Negative => {
                let [_, below] = self.signs(x, way);
                below
            }
            WeightLens::Lift(gamma) => {
                let [above, below] = self.signs(x, way);
                add(below, 1.0 + gamma, above)
            }
            WeightLens::Sink(gamma) => {
                let [above, below] = self.signs(x, way);
                add(above, 1.0 + gamma, below)
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

/// Every entry once, in order, without those of weight zero.
fn distinct(mut entries: Vec<(usize, f64)>) -> Vec<(usize, f64)> {
    entries.sort_by_key(|&(entry, _)| entry);
    entries.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 += next.1;
        }
        same
    });
    entries.retain(|&(_, weight)| weight != 0.0);
    entries
}

/// The sums along one axis, or what their transpose makes of a signal.
fn blended<T: Float>(
    x: &TensorView<'_, T>,
    (axis, size, places): &Blend,
    way: Way,
    see: impl Fn(f64) -> f64,
) -> Tensor<T> {
    let pairs: Vec<(usize, usize, T)> = (0..)
        .zip(places)
        .flat_map(|(place, entries)| {
            let see = &see;
            entries.iter().map(move |&(entry, weight)| match way {
                Way::There => (entry, place, T::of(see(weight))),
                Way::Back => (place, entry, T::of(see(weight))),
            })
        })
        .collect();
    let size = if way == Way::There { places.len() } else { *size };
    along(x, *axis, size, T::zero(), |x, y, step| {
        for &(from, to, weight) in &pairs {
            let places = y[to * step..][..step].iter_mut().zip(&x[from * step..]);
            places.for_each(|(y, &x)| *y += weight * x);
        }
    })
}

impl<T: Float> Layer<T> for Resample {
    fn kind(&self) -> Kind {
        Kind::Resample
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        not_the_batch("resample", self.axes.iter().map(|(axis, ..)| *axis))?;
        let mut shape = input.to_vec();
        for (axis, size, places) in &self.axes {
            if input.get(*axis) != Some(size) {
                return Err(Error::shape(format!(
                    "input has shape {input:?}, expected {size} on axis {axis}"
                )));
            }
            shape[*axis] = places.len();
        }
        Ok(shape)
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        self.through(WeightLens::Value, &inputs[0], Way::There)
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Mix(Mix { map: Box::new(Seen(self)), z: Some(record.output.view()) })
    }

    fn gradient(&self, _: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.through(WeightLens::Value, &upstream, Way::Back)]
    }

    fn find_not_finite(&self) -> Option<String> {
        let weights = self.axes.iter().flat_map(|(_, _, places)| places.iter().flatten());
        let weights: Vec<T> = weights.map(|&(_, weight)| T::of(weight)).collect();
        not_finite("weights", weights.iter())
    }
}

struct Seen<'a>(&'a Resample);

impl<T: Float> Affine<T> for Seen<'_> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        self.0.through(lens, &inputs[0], Way::There)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.0.through(lens, &signal, Way::Back)]
    }
}
