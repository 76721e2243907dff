//! Layers that are affine at a point only, in loops.

use nalgebra::{DMatrix, DVector};

/// A layer whose weights depend on its input.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Local {
    SoftMax,
    LogSoftMax,
    /// With its `ε`.
    Normalize(f64),
    /// The mean is subtracted, and that is all.
    Centring,
    /// Half of a sum of products, a factor the weight of the other; first all of one side, then their partners.
    Product,
}

/// Weights and bias at an input, `groups[j]` being the inputs that output `j` sees.
pub(crate) fn at_point(
    local: Local,
    groups: &[Vec<usize>],
    input: &DVector<f64>,
) -> (DMatrix<f64>, DVector<f64>) {
    let mut weights = DMatrix::zeros(groups.len(), input.len());
    let mut bias = DVector::zeros(groups.len());
    for (j, group) in groups.iter().enumerate() {
        let count: f64 = group.iter().map(|_| 1.0).sum();
        let total: f64 = group.iter().map(|&i| input[i].exp()).sum();
        let mean = group.iter().map(|&i| input[i]).sum::<f64>() / count;
        let variance = group.iter().map(|&i| (input[i] - mean).powi(2)).sum::<f64>() / count;
        let share = |i: usize| input[i].exp() / total;
        for (place, &i) in group.iter().enumerate() {
            let partner = group[(place + group.len() / 2) % group.len()];
            let same = if i == j { 1.0 } else { 0.0 };
            weights[(j, i)] = match local {
                Local::SoftMax => share(j) * (same - share(i)),
                Local::LogSoftMax => same - share(i),
                Local::Normalize(epsilon) => (same - 1.0 / count) / (variance + epsilon).sqrt(),
                Local::Centring => same - 1.0 / count,
                Local::Product => input[partner] / 2.0,
            };
        }
        let linear: f64 = group.iter().map(|&i| weights[(j, i)] * input[i]).sum();
        bias[j] = match local {
            Local::SoftMax => share(j) - linear,
            Local::LogSoftMax => share(j).ln() - linear,
            // The mean is subtracted, and nothing else is.
            Local::Normalize(_) | Local::Centring | Local::Product => 0.0,
        };
    }
    (weights, bias)
}

/// `∂y_j/∂x_i` at an input, where a scale that the map above freezes and the other factor move too.
pub(crate) fn derivative_at_point(local: Local, groups: &[Vec<usize>], input: &DVector<f64>) -> DMatrix<f64> {
    let (mut derivative, _) = at_point(local, groups, input);
    match local {
        Local::SoftMax | Local::LogSoftMax | Local::Centring => {}
        Local::Product => derivative *= 2.0,
        Local::Normalize(epsilon) => {
            for (j, group) in groups.iter().enumerate() {
                let count: f64 = group.iter().map(|_| 1.0).sum();
                let mean = group.iter().map(|&i| input[i]).sum::<f64>() / count;
                let variance = group.iter().map(|&i| (input[i] - mean).powi(2)).sum::<f64>() / count;
                for &i in group {
                    let moved = (input[j] - mean) * (input[i] - mean) / count;
                    derivative[(j, i)] -= moved / (variance + epsilon).powf(1.5);
                }
            }
        }
    }
    derivative
}
