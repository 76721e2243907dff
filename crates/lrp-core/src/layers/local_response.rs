//! Local response normalization.

use ndarray::{Axis, Slice, Zip};

use super::only;
use crate::elementwise::combine;
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// `y_c = x_c / (k + α/size · Σ_near x²)^β`, the sum over the `size` channels around `c`; channels are axis 1.
///
/// Of an even number of channels around, the one more is behind. Relevance passes unchanged: the denominator is
/// taken as the constant it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LocalResponse {
    size: usize,
    alpha: f64,
    beta: f64,
    k: f64,
}

impl LocalResponse {
    /// Normalization by so many channels around each.
    #[must_use]
    pub fn new(size: usize, alpha: f64, beta: f64, k: f64) -> Self {
        Self { size, alpha, beta, k }
    }

    /// How many channels are around each, itself counted.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// `α`
    #[must_use]
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// `β`
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// `k`
    #[must_use]
    pub fn k(&self) -> f64 {
        self.k
    }

    /// `α/size`
    #[must_use]
    pub fn share<T: Float>(&self) -> T {
        #[expect(clippy::cast_precision_loss, reason = "there are far fewer than 2^52 channels")]
        T::of(self.alpha / self.size as f64)
    }

    /// The denominators `k + α/size · Σ_near x²`, before they are raised to a power.
    #[must_use]
    pub fn energy<T: Float>(&self, x: &TensorView<'_, T>) -> Tensor<T> {
        let (k, share) = (T::of(self.k), self.share::<T>());
        let before = (self.size - 1) / 2;
        let mut energy = Tensor::from_elem(x.raw_dim(), k);
        // Channel by channel, so that what is added up stays near the processor.
        for (mut energy, x) in energy.outer_iter_mut().zip(x.outer_iter()) {
            for (channel, mut energy) in energy.outer_iter_mut().enumerate() {
                let around = channel.saturating_sub(before)..x.shape()[0].min(channel + self.size - before);
                for neighbour in around {
                    let x = x.index_axis(Axis(0), neighbour);
                    Zip::from(&mut energy).and(&x).for_each(|sum, &x| *sum += share * x * x);
                }
            }
        }
        energy
    }

    /// For each channel the sum over all that have it around them, itself among them.
    #[must_use]
    pub fn gathered<T: Float>(&self, array: &Tensor<T>) -> Tensor<T> {
        let before = (self.size - 1) / 2;
        near(array, self.size - 1 - before, before)
    }
}

/// The sum over the channels around each, up to so many before it and behind it.
fn near<T: Float>(array: &Tensor<T>, before: usize, behind: usize) -> Tensor<T> {
    let channels = array.shape()[1];
    let mut sum = array.clone();
    let mut add = |to: Slice, from: Slice| {
        Zip::from(sum.slice_axis_mut(Axis(1), to))
            .and(array.slice_axis(Axis(1), from))
            .for_each(|sum, &x| *sum += x);
    };
    for step in 1..channels.min(before + 1) {
        add(Slice::from(step..), Slice::from(..channels - step));
    }
    for step in 1..channels.min(behind + 1) {
        add(Slice::from(..channels - step), Slice::from(step..));
    }
    sum
}

impl<T: Float> Layer<T> for LocalResponse {
    fn kind(&self) -> Kind {
        Kind::LocalResponse
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match only(inputs)? {
            _ if self.size == 0 => Err(Error::shape("needs at least one channel to normalize by")),
            shape @ [_, _, ..] => Ok(shape.to_vec()),
            shape => Err(Error::shape(format!("input has shape {shape:?}, expected [batch, channels, ..]"))),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let (x, power) = (&inputs[0], T::of(-self.beta));
        let energy = self.energy(x);
        // The usual exponent is two roots, which machines take many of at a time.
        if self.beta == 0.75 {
            return combine(x, &energy.view(), &energy.view(), |x, energy, _| {
                let root = energy.sqrt();
                x / (root * root.sqrt())
            });
        }
        combine(x, &energy.view(), &energy.view(), |x, energy, _| x * energy.powf(power))
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| vec![relevance]))
    }

    /// `g_c d_c^−β − 2αβ/size · x_c Σ g y / d`, the sum over all channels that have `c` around them.
    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let (x, y, power) = (&record.inputs[0], &record.output, T::of(-self.beta));
        let energy = self.energy(x);
        let blamed = self.gathered(&(&upstream * y / &energy));
        let factor = T::of(2.0 * self.beta) * self.share::<T>();
        let direct = combine(&upstream, &energy.view(), &energy.view(), |g, d, _| g * d.powf(power));
        vec![combine(&direct.view(), x, &blamed.view(), |direct, x, blamed| direct - factor * x * blamed)]
    }

    fn find_not_finite(&self) -> Option<String> {
        let bad = [self.alpha, self.beta, self.k].iter().any(|parameter| !parameter.is_finite());
        bad.then(|| "alpha, beta or k is NaN or infinite".to_owned())
    }
}
