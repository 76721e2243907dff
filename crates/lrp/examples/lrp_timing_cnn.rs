//! The toolbox's `lrp_timing_cnn`, LeNet-5: `cargo run --release -p lrp --example lrp_timing_cnn -- 10`.

mod bundled;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    bundled::timing::run(&lrp_data::LENET5_SUMPOOL)
}
