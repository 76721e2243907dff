//! The toolbox's `lrp_timing`, a dense network: `cargo run --release -p lrp --example lrp_timing -- 10`.

mod bundled;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    bundled::timing::run(&lrp_data::MLP_RECT)
}
