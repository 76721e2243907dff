//! What a command is about to write, checked before it writes the first of it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::Outcome;

/// Refuses targets that would fall on each other, on a file that was read, or on something that is no file.
pub(crate) fn check(targets: &[PathBuf], sources: &[&Path]) -> Outcome {
    let read: HashSet<PathBuf> = sources.iter().filter_map(|path| path.canonicalize().ok()).collect();
    let mut seen = HashSet::new();
    for target in targets {
        let name = target.display();
        if target.canonicalize().is_ok_and(|target| read.contains(&target)) {
            return Err(format!("{name}: is read by this call, it will not be overwritten").into());
        }
        if target.exists() && !target.is_file() {
            return Err(format!("{name}: cannot write: something that is not a regular file is there").into());
        }
        // Some file systems do not tell upper from lower case.
        if !seen.insert(target.to_string_lossy().to_lowercase()) {
            return Err(
                format!("{name}: two results would be written there; give the inputs other names").into()
            );
        }
    }
    Ok(())
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
