//! The toolbox's `training_test`: XOR from noisy corners, and a dense network for digits.
//!
//! `cargo run --release -p lrp --example training_test`. The toolbox trains wide layers on all of MNIST, for hours;
//! `lrp train --net mnist-mlp` does. Here a hundred digits and one narrow layer must do.

mod bundled;

use lrp::train::{ARCHITECTURES, Architecture, Examples, Settings};
use ndarray::Array2;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let corner = |n: usize, axis: usize| (n >> axis) % 2;
    let noise = |n: usize, axis: usize| (n * (7919 + axis * 1733) % 2003) as f64 / 2003.0 * 0.4 - 0.2;
    let points = Array2::from_shape_fn((20_000, 2), |(n, axis)| corner(n, axis) as f64 + noise(n, axis));
    let classes: Vec<usize> = (0..20_000).map(|n| usize::from(corner(n, 0) != corner(n, 1))).collect();
    let xor = Architecture::parse(ARCHITECTURES[0].1)?;
    let settings = Settings { iterations: 4000, rate: 0.05, ..xor.training.clone() };
    let examples = Examples::with_classes(points.into_dyn(), &classes, 2)?;
    bundled::training::run("xor", &xor, &examples, &settings)?;

    let dense = "[[layer]]\nkind = 'linear'\nunits = 96\n[[layer]]\nkind = 'rect'\n\
                 [[layer]]\nkind = 'linear'\nunits = 10\n[[layer]]\nkind = 'softmax'";
    let dense = Architecture::parse(dense)?;
    let settings = Settings { batch_size: 20, iterations: 300, ..Settings::default() };
    bundled::training::run("mlp", &dense, &bundled::training::digits(&lrp_data::MLP_RECT)?, &settings)
}
