//! Caps on length, and marks of unfinished work.

use super::{File, Tree};

/// Lines of a file that is not a table.
const FILE_CAP: usize = 600;
/// Lines of an example.
const EXAMPLE_CAP: usize = 40;
/// Lines of a function.
const FUNCTION_CAP: usize = 80;

pub(super) fn caps(tree: &Tree) -> Vec<String> {
    let mut offences = Vec::new();
    for file in tree.rust("") {
        let lines = file.text.lines().count();
        let cap = if file.path.contains("/examples/") { EXAMPLE_CAP } else { FILE_CAP };
        if lines > cap {
            offences.push(format!("{}: {lines} lines, at most {cap}", file.path));
        }
        offences.extend(long_functions(file));
    }
    offences
}

/// Functions are found by layout, which rustfmt guarantees: the body ends at a brace as deep as its head.
fn long_functions(file: &File) -> Vec<String> {
    let mut offences = Vec::new();
    let lines: Vec<&str> = file.text.lines().collect();
    for (start, line) in lines.iter().enumerate() {
        let head = line.trim_start();
        let qualifiers = ["pub", "pub(crate)", "pub(super)", "const", "unsafe", "async"];
        if head.split(' ').find(|word| !qualifiers.contains(word)) != Some("fn") {
            continue;
        }
        let end = format!("{}}}", &line[..line.len() - head.len()]);
        let length = lines[start..].iter().position(|line| **line == end).map_or(1, |length| length + 1);
        if length > FUNCTION_CAP {
            offences.push(format!(
                "{}:{}: a function of {length} lines, at most {FUNCTION_CAP}",
                file.path,
                start + 1
            ));
        }
    }
    offences
}

pub(super) fn unfinished(tree: &Tree) -> Vec<String> {
    let words = ["todo!(", "unimplemented!(", "FIXME", "XXX", "#[ignore", "should_panic", "thread::sleep"];
    let ours = tree.rust("").filter(|file| !file.path.starts_with("xtask/src/tidy"));
    let marks = ours.flat_map(|file| file.containing(&words));
    // Outside data must never be able to panic a reader.
    let readers = tree.rust("crates/lrp-io/src").filter(|file| !file.path.ends_with("tests.rs"));
    marks.chain(readers.flat_map(|file| file.containing(&[".unwrap()", ".expect(\"", "panic!("]))).collect()
}

pub(super) fn essays(tree: &Tree) -> Vec<String> {
    let opens = |file: &&File| !file.text.starts_with("//!") && !file.text.starts_with("#![doc");
    let silent = tree.rust("").filter(opens);
    silent.map(|file| format!("{}: does not open with what it is for", file.path)).collect()
}
