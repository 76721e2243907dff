//! The toolbox's `mini`: one digit, one rule, one picture: `cargo run -p lrp --example mini -- hm.png`.

mod bundled;

use lrp::prelude::*;
use ndarray::{Axis, Slice};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bundled::Material { network, inputs, .. } = bundled::open(&lrp_data::MLP_RECT)?;
    let digit = inputs.slice_axis(Axis(0), Slice::from(7..8)).to_owned();
    // The softmax stays, and its output is what is handed back.
    let options = PlanOptions { head: lrp::rules::Head::Output, ..PlanOptions::default() };
    let explanation =
        Plan::new(&network, &Composite::uniform(simple()), options)?.explain(&digit, &Target::All)?;
    let sample = |batch: &Tensor<f64>| batch.index_axis(Axis(0), 0).to_owned();
    let picture = bundled::pair(sample(&digit).view(), sample(&explanation.relevance).view())?;
    let path = std::env::args().nth(1).unwrap_or("hm.png".into());
    Ok(std::fs::write(path, encode_png(&picture.to_rgb8())?)?)
}
