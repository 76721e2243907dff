//! A plan as something to read.

use std::fmt;

use lrp_core::Kind;

/// One line a node: what it is, which rule it gets, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The nodes in the order they run.
    pub rows: Vec<Row>,
    /// What a user should know before believing the result.
    pub notices: Vec<String>,
}

/// One node of a [`Table`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The node's name.
    pub node: String,
    /// Its kind.
    pub kind: Kind,
    /// The shape of its output, where an input's shape is known.
    pub shape: Option<Vec<usize>>,
    /// Its rule; `-` where relevance passes, `winner` where it follows the maximum.
    pub rule: String,
    /// What decided the rule.
    pub why: String,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["node", "kind", "shape", "rule", "why"].map(str::to_owned);
        let cells = |row: &Row| {
            let shape = row.shape.as_ref().map_or("?".to_owned(), |shape| format!("{shape:?}"));
            [row.node.clone(), row.kind.to_string(), shape, row.rule.clone(), row.why.clone()]
        };
        write_columns(f, std::iter::once(head).chain(self.rows.iter().map(cells)).collect())?;
        self.notices.iter().try_for_each(|notice| writeln!(f, "note: {notice}"))
    }
}

/// Lines of cells, each column as wide as its widest cell.
pub(crate) fn write_columns<const N: usize>(
    f: &mut fmt::Formatter<'_>,
    lines: Vec<[String; N]>,
) -> fmt::Result {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..N - 1).map(width).collect();
    for line in &lines {
        for (cell, width) in line.iter().zip(&widths) {
            write!(f, "{cell:<width$}  ")?;
        }
        writeln!(f, "{}", line[N - 1])?;
    }
    Ok(())
}
