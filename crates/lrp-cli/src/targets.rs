//! What a command is about to write, checked before it writes the first of it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// Refuses targets that would fall on each other, on a file that was read, or on something that is no file.
pub(crate) fn check(targets: &[PathBuf], sources: &[&Path]) -> Outcome {
    Guard::new(sources.iter().copied()).check(targets)
}

/// Keeps the targets of a call apart from each other and from what it reads.
pub(crate) struct Guard {
    read: HashSet<PathBuf>,
    seen: HashSet<String>,
}

impl Guard {
    pub(crate) fn new<'a>(sources: impl Iterator<Item = &'a Path>) -> Self {
        Self { read: sources.filter_map(|path| path.canonicalize().ok()).collect(), seen: HashSet::new() }
    }

    /// Refuses targets as [`check`] does, and those that would fall on one that was checked before.
    pub(crate) fn check(&mut self, targets: &[PathBuf]) -> Outcome {
        for target in targets {
            let name = target.display();
            if target.canonicalize().is_ok_and(|target| self.read.contains(&target)) {
                return Err(format!("{name}: is read by this call, it will not be overwritten").into());
            }
            if target.exists() && !target.is_file() {
                return Err(
                    format!("{name}: cannot write: something that is not a regular file is there").into()
                );
            }
            // Some file systems do not tell upper from lower case.
            if !self.seen.insert(target.to_string_lossy().to_lowercase()) {
                return Err(format!(
                    "{name}: two results would be written there; give the inputs other names"
                )
                .into());
            }
        }
        Ok(())
    }
}

/// Refuses targets in folders that are not there.
pub(crate) fn check_folders(targets: &[PathBuf]) -> Outcome {
    let missing = |path: &&PathBuf| {
        path.parent().is_some_and(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
    };
    match targets.iter().find(missing) {
        Some(path) => Err(format!("{}: cannot write: there is no such folder", path.display()).into()),
        None => Ok(()),
    }
}
