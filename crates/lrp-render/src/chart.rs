//! Colormaps to choose from.

use ndarray::Array2;

use crate::colormap::{COLORMAPS, Kind, colormap};
use crate::error::Error;
use crate::heatmap::{HeatmapOptions, Normalization, heatmap};
use crate::montage::{Grid, montage};
use crate::picture::Picture;
use crate::text::{Align, TextStyle};

/// The kinds in the order they are of use for relevance, and what stands above them.
const KINDS: [(Kind, &str); 6] = [
    (Kind::Diverging, "diverging: for relevance"),
    (Kind::Custom, "the LRP Toolbox's"),
    (Kind::Sequential, "sequential: for sizes"),
    (Kind::Miscellaneous, "miscellaneous"),
    (Kind::Cyclic, "cyclic"),
    (Kind::Qualitative, "qualitative"),
];

/// Every row of [`COLORMAPS`] as a strip from -1 to 1 with its name, by kind.
///
/// # Errors
/// None that a caller could cause.
///
/// ```
/// use lrp_render::colormap_chart;
///
/// assert!(colormap_chart()?.width() > 600);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn colormap_chart() -> Result<Picture, Error> {
    let mut rows = Vec::new();
    for (kind, title) in KINDS {
        let names: Vec<&str> =
            COLORMAPS.iter().filter(|entry| entry.kind == kind).map(|entry| entry.name).collect();
        rows.push(vec![titled(&names, title)?]);
    }
    montage(&Grid { rows, gap: 0, horizontal: Align::Start, ..Grid::default() })
}

/// Strips in columns of equal length, under a title.
fn titled(names: &[&str], title: &str) -> Result<Picture, Error> {
    const COLUMNS: usize = 4;
    let columns = names.chunks(names.len().div_ceil(COLUMNS).max(1)).map(column).collect::<Result<_, _>>()?;
    let body = Grid { rows: vec![columns], gap: 12, margin: 0, vertical: Align::Start, ..Grid::default() };
    montage(&Grid {
        rows: vec![vec![montage(&body)?]],
        column_labels: vec![title.to_owned()],
        margin: 6,
        ..Grid::default()
    })
}

/// Strips below each other, their names on the left; names of all columns take the same room.
fn column(names: &[&str]) -> Result<Picture, Error> {
    let ramp = Array2::from_shape_fn((14, 120), |(_, column)| (column as f64 + 0.5) / 60.0 - 1.0);
    let mut rows = Vec::new();
    for name in names {
        let (colormap, normalization) = (colormap(name)?, Normalization::Shared(1.0));
        let options = HeatmapOptions { scaling: 1, colormap, normalization, outline: None };
        rows.push(vec![heatmap(ramp.view(), &options)?]);
    }
    let row_labels = names.iter().map(|&name| name.to_owned()).collect();
    let text = TextStyle { size: 13.0, ..TextStyle::default() };
    montage(&Grid { rows, row_labels, gap: 5, margin: 0, text, ..Grid::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colormap_is_of_a_kind_that_is_shown() {
        assert!(COLORMAPS.iter().all(|entry| KINDS.iter().any(|(kind, _)| *kind == entry.kind)));
    }
}
