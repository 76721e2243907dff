//! Documents that must not lie: deviations, links, and the sources of data.

use super::Tree;
use crate::{gallery, parity};

/// Bytes of everything under `data`.
const DATA_CAP: u64 = 32_000_000;

/// Bytes of the pictures of the gallery.
const GALLERY_CAP: u64 = 2_500_000;

/// Every row of a table of claims ends in backquoted tests: `crate: name`, `verify: case` or `example: name`.
pub(super) fn claims(tree: &Tree) -> Vec<String> {
    ["docs/deviations.md", parity::PATH].into_iter().flat_map(|path| unproven(tree, path)).collect()
}

fn unproven(tree: &Tree, path: &str) -> Vec<String> {
    let Some(document) = tree.find(path) else { return vec![format!("{path} is missing")] };
    let mut offences = Vec::new();
    let rows = document.text.lines().enumerate();
    for (index, row) in rows
        .filter(|(_, line)| line.starts_with("| ") && !line.starts_with("| id") && !line.starts_with("| #"))
    {
        let last = row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default();
        let tests: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        let number = index + 1;
        if tests.is_empty() {
            offences.push(format!("{path}:{number}: names no test"));
        }
        let missing = tests.into_iter().filter(|test| !exists(tree, test));
        offences.extend(missing.map(|test| format!("{path}:{number}: there is no test '{test}'")));
    }
    offences
}

/// The inventory of the toolbox is what its table says.
pub(super) fn inventory(tree: &Tree) -> Vec<String> {
    let current = tree.find(parity::PATH).is_some_and(|file| file.text == parity::page());
    if current { Vec::new() } else { vec![format!("{}: run cargo xtask parity", parity::PATH)] }
}

/// The gallery lists what the libraries have, and its pictures keep within their cap.
pub(super) fn gallery(tree: &Tree) -> Vec<String> {
    let current = tree.find(gallery::PATH).is_some_and(|file| file.text == gallery::page());
    let bytes: u64 = tree
        .files
        .iter()
        .filter(|file| file.path.starts_with("docs/images/gallery/"))
        .map(|file| file.bytes)
        .sum();
    let stale = (!current).then(|| format!("{}: run cargo xtask gallery", gallery::PATH));
    let large = (bytes > GALLERY_CAP)
        .then(|| format!("docs/images/gallery/ has {bytes} bytes, at most {GALLERY_CAP}"));
    stale.into_iter().chain(large).collect()
}

fn exists(tree: &Tree, test: &str) -> bool {
    match test.split_once(": ") {
        Some(("verify", case)) => tree
            .files
            .iter()
            .any(|file| file.path.ends_with("manifest.json") && file.text.contains(&format!("\"{case}\""))),
        Some(("example", name)) => tree.find(&format!("crates/lrp/examples/{name}.rs")).is_some(),
        Some((krate, name)) => {
            let package = if krate == "lrp-tests" { "tests" } else { krate };
            let folders = [format!("crates/{package}/"), format!("{package}/")];
            let function = format!("fn {name}(");
            tree.rust("").any(|file| {
                folders.iter().any(|folder| file.path.starts_with(folder)) && file.text.contains(&function)
            })
        }
        None => false,
    }
}

/// Relative links of every Markdown file.
pub(super) fn links(tree: &Tree) -> Vec<String> {
    let mut offences = Vec::new();
    for file in tree.files.iter().filter(|file| file.path.ends_with(".md")) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for target in file.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !elsewhere && target.contains(['.', '/']) && !tree.root.join(folder).join(target).exists() {
                offences.push(format!("{}: no such file: {target}", file.path));
            }
        }
    }
    offences
}

/// `data` stays small, and its README or a suite's own document names what is in it.
pub(super) fn data(tree: &Tree) -> Vec<String> {
    let files = || tree.files.iter().filter(|file| file.path.starts_with("data/"));
    let bytes: u64 = files().map(|file| file.bytes).sum();
    let mut offences = Vec::new();
    if bytes > DATA_CAP {
        offences.push(format!("data/ has {bytes} bytes, at most {DATA_CAP}"));
    }
    let document = |path: &str| tree.find(path).map_or("", |file| file.text.as_str());
    let (shown, golden) = (document("data/README.md"), document("data/golden/PROVENANCE.md"));
    for file in files()
        .filter(|file| ["data/models/", "data/samples/"].iter().any(|folder| file.path.starts_with(folder)))
    {
        let name = file.path.rsplit('/').next().unwrap_or_default();
        if !shown.contains(name) {
            offences.push(format!("data/README.md: says nothing of {}", file.path));
        }
    }
    let mut suites: Vec<&str> = files()
        .filter_map(|file| file.path.strip_prefix("data/golden/")?.split_once('/'))
        .map(|(suite, _)| suite)
        .collect();
    suites.dedup();
    let unnamed = suites.into_iter().filter(|suite| !golden.contains(&format!("`{suite}")));
    offences.extend(unnamed.map(|suite| format!("data/golden/PROVENANCE.md: says nothing of {suite}")));
    offences
}
