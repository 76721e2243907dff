//! How relevance crosses means.

use lrp_core::{AveragePool, Channels, Float, Layer, Record, SumPool, Tensor, combine};

use crate::stand_in::Backward;

/// Below this a sum counts as zero.
const ZERO: f64 = 1e-6;

/// `R_i = Σ_j x_i R_j / Σ x`, and `x_i` where the sum is as good as zero.
#[derive(Clone, Debug)]
pub(super) struct Mean(SumPool);

impl Mean {
    /// The windows of a pool; nothing if they are none.
    pub(super) fn new(pool: &AveragePool) -> Option<Self> {
        let channels: Channels = pool.channels();
        SumPool::plain(pool.window().clone(), channels).ok().map(Self)
    }
}

impl<T: Float> Backward<T> for Mean {
    fn back(&self, record: &Record<'_, T>, relevance: &Tensor<T>) -> Tensor<T> {
        let x = &record.inputs[0];
        let sums = self.0.forward(&record.inputs, record.site);
        let zero = T::of(ZERO);
        let ratio = |r: T, sum: T, _: T| if sum.abs() < zero { T::one() } else { r / sum };
        let signal = combine(&relevance.view(), &sums.view(), &sums.view(), ratio);
        let spread = self.0.gradient(record, signal.view()).remove(0);
        spread * x
    }

    fn is_in_proportion(&self) -> bool {
        true
    }
}
