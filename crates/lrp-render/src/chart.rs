//! Colormaps to choose from.

use ndarray::Array2;

use crate::colormap::{COLORMAPS, Kind, colormap};
use crate::error::Error;
use crate::heatmap::{HeatmapOptions, Normalization, heatmap};
use crate::montage::{Grid, montage};
use crate::picture::{Picture, WHITE};
use crate::text::{Align, Place, TextStyle, draw_text};

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
        rows.push(vec![words(title, [28, COLUMNS * (NAME + STRIP)], Align::Start, 15.0)?]);
        rows.push(vec![strips(&names)?]);
    }
    montage(&Grid { rows, gap: 6, horizontal: Align::Start, ..Grid::default() })
}

/// Columns of names and strips.
const COLUMNS: usize = 4;
/// Pixels that a name takes, and a strip.
const NAME: usize = 124;
const STRIP: usize = 112;
const HEIGHT: usize = 14;

/// Names with their strips, down the columns.
fn strips(names: &[&str]) -> Result<Picture, Error> {
    let ramp = Array2::from_shape_fn((HEIGHT, STRIP), |(_, column)| {
        (column as f64 + 0.5) / (STRIP as f64 / 2.0) - 1.0
    });
    let height = names.len().div_ceil(COLUMNS);
    let mut rows = vec![Vec::new(); height];
    for (index, name) in names.iter().enumerate() {
        let (colormap, normalization) = (colormap(name)?, Normalization::Shared(1.0));
        let options = HeatmapOptions { scaling: 1, colormap, normalization, outline: None };
        rows[index % height].push(words(name, [HEIGHT, NAME], Align::End, 13.0)?);
        rows[index % height].push(heatmap(ramp.view(), &options)?);
    }
    montage(&Grid { rows, gap: 5, margin: 0, ..Grid::default() })
}

/// A line of text in a room of its own.
fn words(text: &str, [height, width]: [usize; 2], horizontal: Align, size: f64) -> Result<Picture, Error> {
    let mut picture = Picture::filled(height, width, WHITE)?;
    let column = if horizontal == Align::End { width as f64 } else { 0.0 };
    let place = Place { row: height as f64 / 2.0, column, vertical: Align::Center, horizontal };
    draw_text(&mut picture, text, place, &TextStyle { size, ..TextStyle::default() })?;
    Ok(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colormap_is_of_a_kind_that_is_shown() {
        assert!(COLORMAPS.iter().all(|entry| KINDS.iter().any(|(kind, _)| *kind == entry.kind)));
    }
}
