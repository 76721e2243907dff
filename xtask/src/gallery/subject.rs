//! A network, a sample, and what the one says of the other.

use anyhow::{Context, Result};
use lrp::core::{Channels, Kernels, Network, Tensor};
use lrp::io::{Limits, Sidecar, read_array, read_model};
use lrp::render::{
    DigitOptions, HeatmapOptions, Normalization, Outline, Picture, aggregate, colormap, digit, heatmap,
    stretch,
};
use lrp::rules::{Attributor, Composite, Explanation, Plan, PlanOptions, Target, canonize};
use ndarray::{Array2, Axis, Slice};

use crate::verify::workspace;

/// What is explained.
pub(super) struct Subject {
    network: Network<f64>,
    pub(super) sidecar: Sidecar,
    input: Tensor<f64>,
    channels: Channels,
    /// Pixels a value.
    scaling: usize,
}

impl Subject {
    /// A three, as LeNet-5 sees it.
    pub(super) fn digit() -> Result<Self> {
        let path = workspace().join("data/models/mnist-lenet5-sumpool.txt");
        let sidecar = Sidecar::of_model(&path, &Limits::default())?;
        let digits = read_array(workspace().join("data/samples/digits.npy"), &Limits::default())?.values;
        let three = digits.slice_axis(Axis(0), Slice::from(3..4)).to_owned();
        let input = sidecar.input.apply(three)?;
        let network = read_model(&path, &Limits::default())?.with_kernels(Kernels::Exact);
        Ok(Self { network, sidecar, input, channels: Channels::Last, scaling: 4 })
    }

    /// A cup of coffee, as SqueezeNet sees it.
    pub(super) fn photo() -> Result<Self> {
        let path = workspace().join("data/models/squeezenet1.1.onnx");
        let sidecar = Sidecar::of_model(&path, &Limits::default())?;
        let coffee = read_array(workspace().join("data/samples/coffee.png"), &Limits::default())?;
        let input = sidecar.input.apply_pictures(coffee)?;
        let network = canonize(&read_model(&path, &Limits::default())?)?.network.with_kernels(Kernels::Exact);
        Ok(Self { network, sidecar, input, channels: Channels::First, scaling: 1 })
    }

    /// What its best class owes to its values.
    pub(super) fn explained(&self, composite: &Composite, options: PlanOptions) -> Result<Explanation<f64>> {
        Ok(Plan::new(&self.network, composite, options)?.explain(&self.input, &Target::Top)?)
    }

    /// The same without rules.
    pub(super) fn attributed(&self, attributor: &Attributor) -> Result<Explanation<f64>> {
        Ok(attributor.explain(&self.network, &self.input, &Target::Top, PlanOptions::default())?)
    }

    /// A batch of one as a plane, its channels summed; what has no rows is one.
    pub(super) fn plane(&self, values: &Tensor<f64>) -> Result<Array2<f64>> {
        let sample = values.index_axis(Axis(0), 0);
        if sample.ndim() == 1 {
            return Ok(sample.insert_axis(Axis(0)).to_owned().into_dimensionality()?);
        }
        let axis = if self.channels == Channels::First { Axis(0) } else { Axis(2) };
        let image = sample.into_dimensionality().context("a sample is an image")?;
        Ok(aggregate(image, axis, lrp::render::Aggregate::Sum))
    }

    /// The sample as it looks.
    pub(super) fn shown(&self) -> Result<Picture> {
        let sample = self.input.index_axis(Axis(0), 0);
        match self.sidecar.input.picture_of(&sample.view()) {
            Some(photo) => Ok(Picture::new(photo)?.enlarged(self.scaling)?),
            None => {
                let numbers = stretch(self.plane(&self.input)?.view());
                let options = DigitOptions { scaling: self.scaling, ..DigitOptions::default() };
                Ok(digit(numbers.view(), &options)?)
            }
        }
    }

    /// Relevance of the input as a picture; a digit has its contour.
    pub(super) fn map(&self, relevance: &Tensor<f64>, palette: &str) -> Result<Picture> {
        let numbers = stretch(self.plane(&self.input)?.view());
        let outline = Outline { color: [0.35; 3], ..Outline::new(numbers.view()) };
        let options = HeatmapOptions {
            scaling: self.scaling,
            colormap: colormap(palette)?,
            normalization: Normalization::MaxAbs,
            outline: (self.scaling > 1).then_some(outline),
        };
        Ok(heatmap(self.plane(relevance)?.view(), &options)?)
    }

    pub(super) fn network(&self) -> &Network<f64> {
        &self.network
    }
}
