//! `SmoothGrad`: the noise of a gradient averages out.

use chacha20::ChaCha8Rng;
use lrp_core::{Float, Tensor};
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use super::gradient::Slope;
use super::{count, whole};
use crate::error::Result;
use crate::explanation::Explanation;

/// The mean gradient over copies of the input with normal noise on it (Smilkov et al. 2017).
///
/// All samples of a batch meet the same noise, scaled to each one's range, so that none depends on the others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SmoothGrad {
    /// The noise's deviation, in parts of the range of values in a sample.
    pub noise: f64,
    /// How many copies.
    pub samples: usize,
    /// What the noise is drawn from.
    pub seed: u64,
}

impl Default for SmoothGrad {
    fn default() -> Self {
        Self { noise: 0.1, samples: 20, seed: 0 }
    }
}

impl SmoothGrad {
    pub(super) fn from_numbers(given: &[f64]) -> std::result::Result<Self, &'static str> {
        let usual = Self::default();
        let (noise, rest) = given.split_first().map_or((usual.noise, given), |(&noise, rest)| (noise, rest));
        let (samples, seed) = match *rest {
            [] => (Some(usual.samples), Some(0)),
            [samples] => (count(samples), Some(0)),
            [samples, seed] => (count(samples), whole(seed)),
            _ => return Err("takes three parameters at most"),
        };
        match (samples, seed) {
            _ if noise < 0.0 => Err("the noise must not be negative"),
            (None, _) => Err("samples must be a whole number above zero"),
            (_, None) => Err("the seed must be a whole number"),
            (Some(samples), Some(seed)) => Ok(Self { noise, samples, seed: seed as u64 }),
        }
    }

    pub(super) fn parameters(&self) -> [f64; 3] {
        #[expect(clippy::cast_precision_loss, reason = "they were read as numbers of this type")]
        [self.noise, self.samples as f64, self.seed as f64]
    }

    pub(super) fn relevance<T: Float>(
        &self,
        slope: &Slope<'_, T>,
        input: &Tensor<T>,
        at_input: &Explanation<T>,
    ) -> Result<Tensor<T>> {
        let mut sum = Tensor::zeros(input.raw_dim());
        for copy in 0..self.samples {
            sum += &slope.at(&self.disturbed(input, copy as u64), &at_input.seed)?;
        }
        #[expect(clippy::cast_precision_loss, reason = "nobody takes 2^52 samples")]
        let count = T::of(self.samples as f64);
        Ok(sum / count)
    }

    fn disturbed<T: Float>(&self, input: &Tensor<T>, copy: u64) -> Tensor<T> {
        let mut generator = ChaCha8Rng::seed_from_u64(self.seed);
        generator.set_stream(copy);
        let noise: Vec<f64> =
            StandardNormal.sample_iter(&mut generator).take(input.len() / input.shape()[0]).collect();
        let mut disturbed = input.clone();
        for mut sample in disturbed.outer_iter_mut() {
            let (low, high) = sample
                .iter()
                .fold((T::infinity(), T::neg_infinity()), |(low, high), &x| (low.min(x), high.max(x)));
            let deviation = T::of(self.noise) * (high - low);
            sample.iter_mut().zip(&noise).for_each(|(x, &noise)| *x += deviation * T::of(noise));
        }
        disturbed
    }
}
