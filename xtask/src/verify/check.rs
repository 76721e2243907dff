//! One array of ours against one of the reference.

use lrp::core::Kernels;
use ndarray::ArrayD;

/// Times the error of plain f32 arithmetic that an ill-conditioned check may have.
const F32_SLACK: f64 = 4.0;

/// An error beyond which kernels that agree are wrong together.
const F32_LIMIT: f64 = 0.1;

/// A comparison and its verdict.
pub(crate) struct Check {
    /// The array's name in the reference.
    pub(crate) name: String,
    /// Ours.
    pub(crate) actual: ArrayD<f64>,
    /// The reference's.
    pub(crate) expected: ArrayD<f64>,
    /// The largest error allowed, relative to `max|expected|`.
    pub(crate) tolerance: f64,
    /// What to know about it: a deviation, or why the tolerance is another.
    pub(crate) note: Option<String>,
}

impl Check {
    pub(crate) fn new(
        name: impl Into<String>,
        actual: ArrayD<f64>,
        expected: ArrayD<f64>,
        tolerance: f64,
    ) -> Self {
        Self { name: name.into(), actual, expected, tolerance, note: None }
    }

    pub(crate) fn noted(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// `max|actual − expected| / max|expected|`; infinite where shapes differ or something is not finite.
    pub(crate) fn error(&self) -> f64 {
        relative_error(&self.actual, &self.expected)
    }

    /// The same check in single precision, allowed a few times the error that `plain`, the same computed with other
    /// kernels, makes: where a rule divides by almost nothing, no arithmetic in f32 does better.
    pub(crate) fn relaxed(self, plain: &Self, kernels: Kernels) -> Self {
        let allowed = F32_SLACK * plain.error();
        if self.passes() || !(self.tolerance..F32_LIMIT).contains(&allowed) {
            return self;
        }
        let note = format!("ill-conditioned: {F32_SLACK} times the error of the {} kernels", kernels.name());
        Self { tolerance: allowed, ..self }.noted(note)
    }

    pub(crate) fn passes(&self) -> bool {
        self.error() <= self.tolerance
    }

    /// The elements that differ most: index, ours, the reference's.
    pub(crate) fn worst(&self, count: usize) -> Vec<(Vec<usize>, f64, f64)> {
        if self.actual.shape() != self.expected.shape() {
            return Vec::new();
        }
        let pairs = self.actual.indexed_iter().zip(self.expected.iter());
        let mut elements: Vec<_> = pairs
            .map(|((index, &actual), &expected)| {
                (ndarray::Dimension::slice(&index).to_vec(), actual, expected)
            })
            .collect();
        let badness = |&(_, actual, expected): &(Vec<usize>, f64, f64)| {
            let difference = (actual - expected).abs();
            if difference.is_nan() { f64::INFINITY } else { difference }
        };
        elements.sort_by(|one, two| badness(two).total_cmp(&badness(one)));
        elements.truncate(count);
        elements
    }
}

pub(crate) fn relative_error(actual: &ArrayD<f64>, expected: &ArrayD<f64>) -> f64 {
    if actual.shape() != expected.shape() {
        return f64::INFINITY;
    }
    let scale = expected.iter().fold(0.0_f64, |scale, value| scale.max(value.abs()));
    let worst = actual.iter().zip(expected).fold(0.0_f64, |worst, (a, e)| {
        let difference = (a - e).abs();
        if difference.is_nan() { f64::INFINITY } else { worst.max(difference) }
    });
    if worst == 0.0 { 0.0 } else { worst / if scale == 0.0 { 1.0 } else { scale } }
}
