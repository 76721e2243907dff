//! A case in both number types, and what single precision is allowed.

use std::rc::Rc;

use anyhow::Result;
use lrp::core::{Float, Kernels};

use super::Case;
use super::check::Check;

/// What a case has read, and can compare.
pub(super) trait Compare {
    /// All checks, computed in `T`.
    fn checks<T: Float>(&self, kernels: Kernels) -> Result<Vec<Check>>;
}

/// The case in f64 and in f32.
pub(super) fn both(name: &str, material: impl Compare + 'static, kernels: Kernels) -> [Case; 2] {
    let material = Rc::new(material);
    let twin = Rc::clone(&material);
    let double = Box::new(move || material.checks::<f64>(kernels));
    let single = Box::new(move || single(&*twin, kernels));
    [
        Case { name: name.to_owned(), dtype: f64::NAME, run: double },
        Case { name: name.to_owned(), dtype: f32::NAME, run: single },
    ]
}

/// The ill-conditioned ones are measured by the naive kernels, and those of the naive kernels by the exact ones.
fn single(material: &impl Compare, kernels: Kernels) -> Result<Vec<Check>> {
    let checks = material.checks::<f32>(kernels)?;
    if checks.iter().all(Check::passes) {
        return Ok(checks);
    }
    let other = if kernels == Kernels::Naive { Kernels::Exact } else { Kernels::Naive };
    let measure = material.checks::<f32>(other)?;
    Ok(checks.into_iter().zip(measure).map(|(check, plain)| check.relaxed(&plain, other)).collect())
}
