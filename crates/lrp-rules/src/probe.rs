//! Inputs to try a network on where nobody has given one.

use chacha20::ChaCha8Rng;
use lrp_core::Tensor;
use ndarray::IxDyn;
use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal, Uniform};

/// One sample `[1, …]` of random numbers, the same for the same seed: as likely one as another between the bounds, or
/// normal where none are known.
///
/// ```
/// let input = lrp_rules::random_sample(&[2, 3], &[(-1.0, 0.0), (0.0, 1.0)], 7);
/// assert_eq!(input.shape(), [1, 2, 3]);
/// assert!(input.iter().all(|x| (-1.0..=1.0).contains(x)));
/// assert_eq!(input, lrp_rules::random_sample(&[2, 3], &[(-1.0, 1.0)], 7));
/// ```
#[must_use]
pub fn random_sample(sample: &[usize], bounds: &[(f64, f64)], seed: u64) -> Tensor<f64> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    let low = bounds.iter().map(|bound| bound.0).reduce(f64::min);
    let high = bounds.iter().map(|bound| bound.1).reduce(f64::max);
    let between = low.zip(high).and_then(|(low, high)| Uniform::new_inclusive(low, high).ok());
    let shape = IxDyn(&[&[1], sample].concat());
    Tensor::from_shape_simple_fn(shape, || match &between {
        Some(between) => between.sample(&mut generator),
        None => StandardNormal.sample(&mut generator),
    })
}
