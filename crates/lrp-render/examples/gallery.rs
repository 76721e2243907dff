//! Draws every colormap with its name: `cargo run -p lrp-render --example gallery -- gallery.png`.

use lrp_render::*;
use ndarray::Array2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let ramp = Array2::from_shape_fn((14, 180), |(_, x)| x as f64 / 89.5 - 1.0);
    let mut columns = Vec::new();
    for chunk in COLORMAPS.chunks(COLORMAPS.len().div_ceil(4)) {
        let mut rows = Vec::new();
        for entry in chunk {
            let options =
                HeatmapOptions { scaling: 1, colormap: colormap(entry.name)?, ..Default::default() };
            rows.push(vec![heatmap(ramp.view(), &options)?]);
        }
        let row_labels = chunk.iter().map(|entry| entry.name.to_owned()).collect();
        columns.push(montage(&Grid { rows, row_labels, gap: 4, ..Grid::default() })?);
    }
    let figure = montage(&Grid { rows: vec![columns], gap: 0, vertical: Align::Start, ..Grid::default() })?;
    let path = std::env::args().nth(1).unwrap_or_else(|| "gallery.png".to_owned());
    Ok(std::fs::write(path, encode_png(&figure.to_rgb8())?)?)
}
