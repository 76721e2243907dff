//! A bar on standard error while long work goes on; nothing where nobody watches.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar over a number of things, such as samples.
pub(crate) fn bar(count: usize, things: &str) -> ProgressBar {
    let template = format!("{{bar:30}} {{pos}}/{{len}} {things}, {{eta}} left {{msg}}");
    let bar = ProgressBar::new(count as u64);
    match ProgressStyle::with_template(&template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
