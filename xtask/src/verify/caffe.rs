//! Suites of the LRP Toolbox's programs for Caffe: whole runs from configuration to files, and relevance layer by layer.
//!
//! `manifest.json` lists runs of the programs, `probe/manifest.json` runs of the library beneath them.

use std::path::Path;

use anyhow::Result;
use lrp::core::Kernels;

use super::Case;

mod probes;
mod runs;

/// `max|ours − reference| / max|reference|` allowed: the reference computed in f32, in another order.
const TOLERANCE: f64 = 5e-5;

/// The cases of a suite, in f64 and f32; `None` for a suite of another kind.
pub(super) fn cases(folder: &Path, kernels: Kernels) -> Result<Option<Vec<Case>>> {
    if !folder.join("probe/manifest.json").is_file() {
        return Ok(None);
    }
    let mut cases = runs::cases(folder, kernels)?;
    cases.extend(probes::cases(folder, kernels)?);
    Ok(Some(cases))
}
