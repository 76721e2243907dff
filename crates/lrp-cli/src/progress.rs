//! A bar on standard error while long work goes on; nothing where nobody watches.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over `samples`.
pub(crate) fn bar(samples: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} samples, {eta} left");
    let bar = ProgressBar::new(samples as u64);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
