//! End-to-end tests: the command as users call it, whole networks, and the examples of the README and of the page on texts.

#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};

pub mod exporter;
pub mod fuzz;

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(doctest)]
#[doc = include_str!("../../docs/text.md")]
struct Texts;

/// A file of this workspace.
#[must_use]
pub fn workspace(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

/// A file beside the workspace that may not be there; says so if it is not.
#[must_use]
pub fn beside(path: &str) -> Option<PathBuf> {
    let path = workspace("../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}
