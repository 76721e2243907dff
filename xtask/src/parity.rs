//! `cargo xtask parity`: the inventory of the LRP Toolbox, feature by feature, as `docs/toolbox-parity.md`.

use std::fmt::Write as _;

use anyhow::Result;

use crate::verify::workspace;

mod table;

/// Number, feature, how it is in the Python and in the Matlab part, what stands for it here, tests.
struct Row(&'static str, &'static str, Status, Status, &'static str, &'static [&'static str]);

/// How a feature is in a part of the toolbox.
#[derive(Clone, Copy)]
enum Status {
    Works,
    /// There, but broken or not what was meant.
    Faulty,
    Missing,
}

pub(crate) const PATH: &str = "docs/toolbox-parity.md";

const HEAD: &str = "\
# The toolbox, feature by feature

Everything the LRP Toolbox 1.3.1 could do in Python and Matlab, what stands for it here, and the tests that show it:
`crate: name` is a test function, `verify: case` a case that `cargo xtask verify` compares with recorded outputs, and
`example: name` a program under `crates/lrp/examples`. Rows with an M are of the Matlab part alone. What is done
otherwise on purpose is in [deviations](deviations.md).

`cargo xtask parity` writes this page; `cargo xtask tidy` checks that it is current and that every test exists.

| # | feature | Python | Matlab | here | shown by |
|---|---|---|---|---|---|
";

/// Writes the page.
pub(crate) fn run() -> Result<bool> {
    std::fs::write(workspace().join(PATH), page())?;
    println!("wrote {PATH}: {} rows", table::ROWS.len());
    Ok(true)
}

/// The page as it should be.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for Row(number, feature, python, matlab, here, tests) in table::ROWS {
        let tests: Vec<String> = tests.iter().map(|test| format!("`{test}`")).collect();
        let (python, matlab, tests) = (python.word(), matlab.word(), tests.join(", "));
        // Writing to a string does not fail.
        let _ = writeln!(page, "| {number} | {feature} | {python} | {matlab} | {here} | {tests} |");
    }
    page
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Works => "yes",
            Self::Faulty => "faulty",
            Self::Missing => "–",
        }
    }
}
