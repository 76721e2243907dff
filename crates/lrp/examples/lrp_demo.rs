//! The toolbox's `lrp_demo`: a dense network, epsilon 0.01: `cargo run -p lrp --example lrp_demo -- heatmap.png`.

mod bundled;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    bundled::demo::run(&lrp_data::MLP_TANH, lrp::prelude::epsilon(0.01))
}
