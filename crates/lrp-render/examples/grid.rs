//! Draws digits against rules on one scale: `cargo run -p lrp-render --example grid -- grid.png`.

use lrp_render::*;
use ndarray::Array2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let digits: Vec<_> = (0..5).map(|k| zero(5.0 + f64::from(k))).collect();
    let maps: Vec<_> = digits.iter().map(|digit| [0, 1, 2, 3, 4].map(|k| relevance(digit, k))).collect();
    let scale = shared_scale(maps.iter().flatten().map(|map| map.view()));
    let (colormap, normalization) = (colormap("seismic")?, Normalization::Shared(scale));
    let mut rows = Vec::new();
    for (image, maps) in digits.iter().zip(&maps) {
        let outline = Some(Outline { color: [0.35; 3], ..Outline::new(image.view()) });
        let options = HeatmapOptions { colormap: colormap.clone(), normalization, outline, scaling: 3 };
        let mut row = vec![digit(image.view(), &DigitOptions::default())?];
        for map in maps {
            row.push(heatmap(map.view(), &options)?);
        }
        rows.push(row);
    }
    let row_labels = (0..5).map(|k| format!("true {k}\npredicted {k}")).collect();
    let column_labels = ["input", "simple", "epsilon", "α 2, β 1", "z⁺", "w²"].map(String::from).into();
    let (frame, span) = (Some([0.85; 3]), Span::Symmetric(scale));
    let body = montage(&Grid { rows, row_labels, column_labels, frame, ..Grid::default() })?;
    let bar = color_bar(&ColorBar { colormap, span, length: 300, ..ColorBar::default() })?;
    let figure = montage(&Grid { rows: vec![vec![body, bar]], gap: 0, ..Grid::default() })?;
    let path = std::env::args().nth(1).unwrap_or("grid.png".into());
    Ok(std::fs::write(path, encode_png(&figure.to_rgb8())?)?)
}

fn zero(radius: f64) -> Array2<f64> {
    let distance = |y: usize, x: usize| (y as f64 - 13.5).hypot((x as f64 - 13.5) * 1.4) - radius;
    Array2::from_shape_fn((28, 28), |(y, x)| (1.0 - (distance(y, x) / 2.3).powi(2)).max(0.0))
}

fn relevance(digit: &Array2<f64>, rule: i32) -> Array2<f64> {
    let phase = |y: usize, x: usize| (x as f64 - y as f64) / 9.0 + f64::from(rule);
    Array2::from_shape_fn(digit.dim(), |(y, x)| digit[[y, x]] * phase(y, x).cos() * f64::from(2 + rule))
}
