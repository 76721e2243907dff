//! A composite in code and as text, layer by layer: `cargo run -p lrp --example own_composite`.

use lrp::core::Kind;
use lrp::prelude::*;
use ndarray::{Axis, Slice};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::default();
    let network = lrp::io::read_model_bytes("lenet5.txt", lrp_data::LENET5_SUMPOOL.bytes, &limits)?;
    let sidecar = Sidecar::parse("lenet5.toml", lrp_data::LENET5_SUMPOOL.sidecar)?;
    let digits = lrp::io::read_array_bytes("digits.npy", lrp_data::DIGITS, &limits)?.values;
    let three = sidecar.input.apply(digits.slice_axis(Axis(0), Slice::from(3..4)).to_owned())?;

    let composite = Composite::uniform(epsilon(1e-6))
        .then(Select::First, z_box(-1.0, 1.0))
        .then(Select::Kind(Kind::Convolution), gamma(0.25));
    println!("{}", composite.to_toml());
    assert_eq!(composite.to_toml().parse::<Composite>()?, composite);

    let options = PlanOptions { keep_layers: true, ..PlanOptions::default() };
    let plan = Plan::new(&network, &composite, options)?;
    println!("{}", plan.table(Some(three.shape()))?);
    let layers = plan.explain(&three, &Target::Top)?.layers.unwrap_or_default();
    for (node, relevance) in network.nodes().iter().zip(layers.iter().skip(1)) {
        println!("{:<16} {:>8.4} in {:?}", node.name(), relevance.sum(), relevance.shape());
    }
    Ok(())
}
