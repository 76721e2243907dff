//! How relevance crosses local response normalization.

use lrp_core::{Float, LocalResponse, Record, Tensor, combine};

use crate::stand_in::Backward;

/// `R_i · x_i (k + α/n x_i²)^−β − 2 α/n β x_i² Σ s^(−β−1) x R`, the sum over the neighbours without `i` itself and `s`
/// their denominators before they are raised to a power. It keeps no total.
#[derive(Clone, Copy, Debug)]
pub(super) struct Response(pub(super) LocalResponse);

impl<T: Float> Backward<T> for Response {
    fn back(&self, record: &Record<'_, T>, relevance: &Tensor<T>) -> Tensor<T> {
        let Self(layer) = self;
        let (x, y) = (&record.inputs[0], &record.output);
        let (share, k, power) = (layer.share::<T>(), T::of(layer.k()), T::of(-layer.beta()));
        let factor = T::of(2.0 * layer.beta()) * share;
        let blamed = relevance * y / &layer.energy(x);
        let others = layer.gathered(&blamed) - &blamed;
        let own = combine(&relevance.view(), x, x, |r, x, _| r * x * (k + share * x * x).powf(power));
        combine(&own.view(), x, &others.view(), |own, x, others| own - factor * x * x * others)
    }

    fn is_in_proportion(&self) -> bool {
        true
    }
}
