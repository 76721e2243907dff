//! What this workspace demands of itself and a compiler cannot check: architecture, caps, and honest docs.
//!
//! A rule is a function from the [`Tree`] to complaints, and a row of [`RULES`].

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::verify::workspace;

mod architecture;
mod docs;
mod style;

/// One demand: its name and what finds offences against it.
struct Rule {
    name: &'static str,
    find: fn(&Tree) -> Vec<String>,
}

const RULES: &[Rule] = &[
    Rule {
        name: "crates depend only in the direction of the architecture",
        find: architecture::dependencies,
    },
    Rule { name: "unsafe only in kernels", find: architecture::unsafe_code },
    Rule { name: "core knows no rules, files or pixels; only lrp-io opens files", find: architecture::reach },
    Rule { name: "libraries do not print", find: architecture::printing },
    Rule { name: "the default build needs no C compiler", find: architecture::c_compiler },
    Rule { name: "files and functions are short", find: style::caps },
    Rule { name: "nothing unfinished, ignored or asleep", find: style::unfinished },
    Rule { name: "every file says what it is for", find: style::essays },
    Rule { name: "every claim names a test that exists", find: docs::claims },
    Rule { name: "the inventory of the toolbox is current", find: docs::inventory },
    Rule { name: "the gallery shows everything there is, and is small", find: docs::gallery },
    Rule { name: "links lead somewhere", find: docs::links },
    Rule { name: "data is small and every file has a source", find: docs::data },
];

/// The text of the workspace.
struct Tree {
    root: PathBuf,
    files: Vec<File>,
}

/// One file; `text` is empty for what is not text.
struct File {
    /// Relative to the root, with `/`.
    path: String,
    text: String,
    bytes: u64,
}

/// Checks every rule; `false` if something offends.
pub(crate) fn run() -> Result<bool> {
    let tree = Tree::read(workspace())?;
    let mut offences = 0;
    for rule in RULES {
        let found = (rule.find)(&tree);
        println!("{} {}", if found.is_empty() { "ok  " } else { "FAIL" }, rule.name);
        found.iter().for_each(|offence| println!("       {offence}"));
        offences += found.len();
    }
    println!("{} rules, {offences} offences", RULES.len());
    Ok(offences == 0)
}

impl Tree {
    fn read(root: PathBuf) -> Result<Self> {
        let mut files = Vec::new();
        collect(&root, &root, &mut files)?;
        files.sort_by(|one, two| one.path.cmp(&two.path));
        Ok(Self { root, files })
    }

    /// Rust sources under a folder.
    fn rust<'t>(&'t self, folder: &'t str) -> impl Iterator<Item = &'t File> {
        self.files.iter().filter(move |file| file.path.starts_with(folder) && file.path.ends_with(".rs"))
    }

    fn find(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// Lines that are code, with their numbers; comments and what follows `#[cfg(test)]` are left out.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        let lines = self.text[..tests].lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    /// Code lines that contain any of some words, as offences.
    fn containing(&self, words: &[&str]) -> Vec<String> {
        let offends = |(_, line): &(usize, &str)| words.iter().any(|word| line.contains(word));
        self.code()
            .filter(offends)
            .map(|(number, line)| format!("{}:{number}: {}", self.path, line.trim()))
            .collect()
    }
}

/// Folders that hold nothing of ours.
const FOREIGN: [&str; 2] = ["target", ".git"];

fn collect(root: &Path, folder: &Path, files: &mut Vec<File>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            if !FOREIGN.contains(&entry.file_name().to_string_lossy().as_ref()) {
                collect(root, &path, files)?;
            }
            continue;
        }
        let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        let content = std::fs::read(&path).with_context(|| name.clone())?;
        let bytes = content.len() as u64;
        files.push(File { path: name, text: String::from_utf8(content).unwrap_or_default(), bytes });
    }
    Ok(())
}
