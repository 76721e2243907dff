//! The toolbox's `cnn_training_test`: LeNet-5 with sum and with max pooling.
//!
//! `cargo run --release -p lrp --example cnn_training_test`. The toolbox takes all of MNIST and 100 000 steps;
//! `lrp train --net lenet5-sumpool` does. Here both nets learn a hundred digits by heart.

mod bundled;

use lrp::train::{ARCHITECTURES, Architecture, Settings};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let examples = bundled::training::digits(&lrp_data::LENET5_SUMPOOL)?;
    for ((name, text), rate) in ARCHITECTURES[2..].iter().zip([0.005, 0.05]) {
        let settings = Settings { batch_size: 20, iterations: 400, rate, status: 100, ..Settings::default() };
        bundled::training::run(name, &Architecture::parse(text)?, &examples, &settings)?;
    }
    Ok(())
}
