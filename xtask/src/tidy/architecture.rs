//! Who may know whom.

use super::{File, Tree};

/// A library and the members of this workspace it may depend on.
const DIRECTION: &[(&str, &[&str])] = &[
    ("lrp-core", &[]),
    ("lrp-rules", &["lrp-core"]),
    ("lrp-io", &["lrp-core"]),
    ("lrp-render", &[]),
    ("lrp-train", &["lrp-core"]),
    ("lrp", &["lrp-core", "lrp-rules", "lrp-io", "lrp-render", "lrp-train"]),
    ("lrp-serve", &["lrp", "lrp-data"]),
    ("lrp-cli", &["lrp", "lrp-data", "lrp-serve"]),
];

/// Crates whose code opens files, draws pixels or speaks to a terminal.
const PIXELS_AND_FILES: [&str; 6] = ["image", "colorous", "zip", "flate2", "clap", "indicatif"];

pub(super) fn dependencies(tree: &Tree) -> Vec<String> {
    let mut offences = Vec::new();
    for (krate, allowed) in DIRECTION {
        let path = format!("crates/{krate}/Cargo.toml");
        let Some(manifest) = tree.find(&path) else {
            offences.push(format!("{path} is missing"));
            continue;
        };
        for name in declared(manifest).filter(|name| name.starts_with("lrp")) {
            if !allowed.contains(&name) {
                offences.push(format!("{path}: depends on {name}"));
            }
        }
    }
    offences
}

/// Names in the `[dependencies]` table.
fn declared(manifest: &File) -> impl Iterator<Item = &str> {
    let table = manifest.text.split_once("[dependencies]\n").map_or("", |(_, rest)| rest);
    let table = table.split("\n[").next().unwrap_or_default();
    table.lines().filter_map(|line| line.split(['.', ' ', '=']).next()).filter(|name| !name.is_empty())
}

pub(super) fn unsafe_code(tree: &Tree) -> Vec<String> {
    let kernels = "crates/lrp-core/src/kernels/";
    let offends = |file: &&File| !file.path.starts_with(kernels) && !file.path.starts_with("xtask/src/tidy");
    let mut offences: Vec<String> = tree
        .rust("")
        .filter(offends)
        .flat_map(|file| file.containing(&["unsafe {", "unsafe fn", "unsafe impl"]))
        .collect();
    for (krate, _) in DIRECTION.iter().filter(|(krate, _)| *krate != "lrp-core") {
        let root = format!("crates/{krate}/src/lib.rs");
        if !tree.find(&root).is_some_and(|file| file.text.contains("#![forbid(unsafe_code)]")) {
            offences.push(format!("{root}: lacks #![forbid(unsafe_code)]"));
        }
    }
    offences
}

pub(super) fn reach(tree: &Tree) -> Vec<String> {
    let files = ["fs::", "File::open", "File::create"];
    let opens = ["lrp-io", "lrp-cli"];
    let closed = DIRECTION.iter().filter(|(krate, _)| !opens.contains(krate));
    let folders: Vec<String> = closed.map(|(krate, _)| format!("crates/{krate}/src")).collect();
    let opened = folders.iter().flat_map(|folder| tree.rust(folder)).flat_map(|file| file.containing(&files));
    let manifests =
        ["crates/lrp-core/Cargo.toml", "crates/lrp-rules/Cargo.toml", "crates/lrp-train/Cargo.toml"];
    let known = manifests.iter().filter_map(|path| tree.find(path)).flat_map(|manifest| {
        let foreign = declared(manifest).filter(|name| PIXELS_AND_FILES.contains(name));
        foreign.map(|name| format!("{}: depends on {name}", manifest.path)).collect::<Vec<_>>()
    });
    opened.chain(known).collect()
}

pub(super) fn printing(tree: &Tree) -> Vec<String> {
    let words = ["println!", "eprintln!", "print!(", "eprint!(", "dbg!"];
    let libraries = DIRECTION.iter().filter(|(krate, _)| *krate != "lrp-cli");
    let folders: Vec<String> = libraries.map(|(krate, _)| format!("crates/{krate}/src")).collect();
    folders.iter().flat_map(|folder| tree.rust(folder)).flat_map(|file| file.containing(&words)).collect()
}

pub(super) fn c_compiler(tree: &Tree) -> Vec<String> {
    let Some(lock) = tree.find("Cargo.lock") else { return vec!["Cargo.lock is missing".to_owned()] };
    let builders = ["cc", "cmake", "bindgen", "nasm-rs"];
    let locked = |name: &&&str| lock.text.contains(&format!("name = \"{name}\"\n"));
    builders.iter().filter(locked).map(|name| format!("Cargo.lock: {name} is there to compile C")).collect()
}
