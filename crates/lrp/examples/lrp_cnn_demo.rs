//! The toolbox's `lrp_cnn_demo`: LeNet-5, epsilon 1: `cargo run -p lrp --example lrp_cnn_demo -- heatmap.png`.

mod bundled;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    bundled::demo::run(&lrp_data::LENET5_SUMPOOL, lrp::prelude::epsilon(1.0))
}
