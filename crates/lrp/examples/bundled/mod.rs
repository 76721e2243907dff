//! What the counterparts of the toolbox's scripts share: a bundled network, its digits, a pair of pictures.
#![allow(dead_code, reason = "each example uses a part")]

pub(crate) mod demo;
pub(crate) mod stopwatch;
pub(crate) mod timing;
pub(crate) mod training;

use std::error::Error;

use lrp::core::TensorView;
use lrp::io::{read_array_bytes, read_model_bytes};
use lrp::prelude::*;
use lrp::render::{Outline, Picture, row, vector_to_plane};
use lrp_data::{BundledModel, DIGIT_LABELS, DIGITS};

/// A network, a hundred prepared digits, and their classes.
pub(crate) struct Material {
    pub(crate) network: Network<f64>,
    pub(crate) inputs: Tensor<f64>,
    pub(crate) labels: Vec<f64>,
}

pub(crate) fn open(model: &BundledModel) -> Result<Material, Box<dyn Error>> {
    let limits = Limits::default();
    let network = read_model_bytes(model.name, model.bytes, &limits)?;
    let digits = read_array_bytes("digits.npy", DIGITS, &limits)?.values;
    let labels = read_array_bytes("labels.npy", DIGIT_LABELS, &limits)?.values.into_iter().collect();
    let inputs = Sidecar::parse(model.name, model.sidecar)?.input.apply(digits)?;
    Ok(Material { network, inputs, labels })
}

/// A digit beside its heatmap in the toolbox's style: scaling 3, jet, outlined.
pub(crate) fn pair(input: TensorView<f64>, relevance: TensorView<f64>) -> Result<Picture, Box<dyn Error>> {
    let image = vector_to_plane(input, None)?.mapv(|x| (x + 1.0) / 2.0);
    let outline = Some(Outline::new(image.view()));
    let options = HeatmapOptions { outline, ..HeatmapOptions::default() };
    let heatmap = heatmap(vector_to_plane(relevance, None)?.view(), &options)?;
    Ok(row(&[digit(image.view(), &DigitOptions::default())?, heatmap], 2)?)
}
