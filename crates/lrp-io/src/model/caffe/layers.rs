//! The types of layers, a row each, and what they become.

use crate::error::{Error, Result, quoted};

use super::context::{Context, Flow};

mod elementwise;
mod joining;
mod normalization;
mod pooling;
mod products;
mod shaping;

/// A type of layer.
pub(super) struct Type {
    /// As the file has it.
    pub(super) name: &'static str,
    /// What a layer of the type writes, one flow a top.
    build: Build,
}

/// How a layer is made.
enum Build {
    /// It writes one value.
    One(fn(&mut Context<'_, '_>) -> Result<Flow>),
    /// It writes several.
    Several(fn(&mut Context<'_, '_>) -> Result<Vec<Flow>>),
    /// It matters in training alone, or says what anyone can see in what it reads. That may be what the network
    /// returns; what it writes is not.
    Nothing,
    /// It reads what the network would return otherwise.
    Nowhere,
}

use Build::{Nothing, Nowhere, One, Several};

/// Every type that is read.
const TYPES: &[Type] = &[
    Type { name: "AbsVal", build: One(elementwise::absolute) },
    Type { name: "Accuracy", build: Nothing },
    Type { name: "ArgMax", build: Nothing },
    Type { name: "BatchNorm", build: One(normalization::batch) },
    Type { name: "Bias", build: One(normalization::bias) },
    Type { name: "BNLL", build: One(elementwise::softplus) },
    Type { name: "Concat", build: One(joining::concat) },
    Type { name: "ContrastiveLoss", build: Nothing },
    Type { name: "Convolution", build: One(products::convolution) },
    Type { name: "Crop", build: One(shaping::crop) },
    Type { name: "Deconvolution", build: One(products::deconvolution) },
    Type { name: "Dropout", build: One(elementwise::nothing) },
    Type { name: "Eltwise", build: One(joining::eltwise) },
    Type { name: "ELU", build: One(elementwise::elu) },
    Type { name: "Embed", build: One(products::embed) },
    Type { name: "EuclideanLoss", build: Nothing },
    Type { name: "Exp", build: One(elementwise::exponential) },
    Type { name: "Flatten", build: One(shaping::flatten) },
    Type { name: "HDF5Output", build: Nothing },
    Type { name: "HingeLoss", build: Nothing },
    Type { name: "HingeLossMultiLabel", build: Nothing },
    Type { name: "Im2col", build: One(shaping::windows) },
    Type { name: "InfogainLoss", build: Nothing },
    Type { name: "InnerProduct", build: One(products::inner_product) },
    Type { name: "Interp", build: One(shaping::interpolate) },
    Type { name: "Log", build: One(elementwise::logarithm) },
    Type { name: "LRN", build: One(normalization::local_response) },
    Type { name: "MultinomialLogisticLoss", build: Nothing },
    Type { name: "MVN", build: One(normalization::mean_variance) },
    Type { name: "Pooling", build: One(pooling::pool) },
    Type { name: "Power", build: One(elementwise::power) },
    Type { name: "PReLU", build: One(elementwise::parametric_rect) },
    Type { name: "Reduction", build: One(pooling::reduce) },
    Type { name: "ReLU", build: One(elementwise::rect) },
    Type { name: "Reshape", build: One(shaping::reshape) },
    Type { name: "Scale", build: One(normalization::scale) },
    Type { name: "Sigmoid", build: One(elementwise::sigmoid) },
    Type { name: "SigmoidCrossEntropyLoss", build: Nothing },
    Type { name: "Silence", build: Nowhere },
    Type { name: "Slice", build: Several(shaping::slice) },
    Type { name: "Softmax", build: One(normalization::softmax) },
    Type { name: "SoftmaxWithLoss", build: Nothing },
    Type { name: "Split", build: Several(shaping::split) },
    Type { name: "SPP", build: One(pooling::pyramid) },
    Type { name: "TanH", build: One(elementwise::tanh) },
    Type { name: "Threshold", build: One(elementwise::threshold) },
    Type { name: "Tile", build: One(shaping::tile) },
];

/// Types that bring in data, which descriptions for deployment do not have.
const SOURCES: [&str; 7] =
    ["data", "dummydata", "hdf5data", "imagedata", "imagedatamultilabel", "memorydata", "windowdata"];

/// Types that cannot be read, and why.
const OUT_OF_REACH: [(&str, &str); 2] = [
    ("filter", "drops samples of a batch, of which each is explained for itself here"),
    ("python", "is a program in Python, which is not run"),
];

/// The row of a type, whose name is in lower case without `_`.
pub(super) fn find(kind: &str) -> Result<&'static Type> {
    let found = TYPES.iter().find(|row| row.name.to_lowercase() == kind);
    found.ok_or_else(|| {
        if SOURCES.contains(&kind) {
            let message = "brings in data of its own; give the description for deployment, which has none";
            return Error::unsupported(message);
        }
        if let Some((_, why)) = OUT_OF_REACH.iter().find(|(name, _)| *name == kind) {
            return Error::unsupported(*why);
        }
        let names: Vec<&str> = TYPES.iter().map(|row| row.name).collect();
        let (kind, names) = (quoted(kind), names.join(", "));
        Error::unsupported(format!("is of the type {kind}, which is not read; read are {names}"))
    })
}

impl Type {
    /// Whether layers of the type write anything that is read here.
    pub(super) fn writes(&self) -> bool {
        matches!(self.build, One(_) | Several(_))
    }

    /// Whether what layers of the type read is not what the network returns.
    pub(super) fn uses_up(&self) -> bool {
        !matches!(self.build, Nothing)
    }

    /// Whether all that a layer of the type writes is the value that it reads.
    pub(super) fn splits(&self) -> bool {
        self.name == "Split"
    }

    /// Puts a layer into the network.
    pub(super) fn build(&self, context: &mut Context<'_, '_>) -> Result<Vec<Flow>> {
        match self.build {
            One(build) => build(context).map(|flow| vec![flow]),
            Several(build) => build(context),
            Nothing | Nowhere => Ok(Vec::new()),
        }
    }
}
