//! Explains one digit and writes the picture: `cargo run -p lrp --example first_explanation -- seven.png`.

use lrp::prelude::*;
use lrp::render::{Outline, row};
use ndarray::{Array2, Axis, Slice};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A network, and how its inputs are made.
    let limits = Limits::default();
    let network = lrp::io::read_model_bytes("lenet5.txt", lrp_data::LENET5_SUMPOOL.bytes, &limits)?;
    let sidecar = Sidecar::parse("lenet5.toml", lrp_data::LENET5_SUMPOOL.sidecar)?;
    let digits = lrp::io::read_array_bytes("digits.npy", lrp_data::DIGITS, &limits)?.values;
    let seven = sidecar.input.apply(digits.slice_axis(Axis(0), Slice::from(7..8)).to_owned())?;

    // A rule for every layer, and what the decision owes to each pixel.
    let plan = Plan::new(&network, &Composite::uniform(epsilon(0.01)), PlanOptions::default())?;
    println!("{}", plan.table(Some(seven.shape()))?);
    let explanation = plan.explain(&seven, &Target::Top)?;
    println!("{:.3} of {:.3} arrived", explanation.relevance.sum(), explanation.seed.sum());

    // Both side by side.
    let plane = |batch: &Tensor<f64>| -> Result<Array2<f64>, ndarray::ShapeError> {
        batch.index_axis(Axis(0), 0).sum_axis(Axis(2)).into_dimensionality()
    };
    let image = plane(&seven)?.mapv(|x| (x + 1.0) / 2.0);
    let options = HeatmapOptions { outline: Some(Outline::new(image.view())), ..HeatmapOptions::default() };
    let heatmap = heatmap(plane(&explanation.relevance)?.view(), &options)?;
    let pair = row(&[digit(image.view(), &DigitOptions::default())?, heatmap], 2)?;
    let path = std::env::args().nth(1).unwrap_or("seven.png".into());
    Ok(std::fs::write(path, encode_png(&pair.to_rgb8())?)?)
}
