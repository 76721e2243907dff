//! Networks before they have weights, read from TOML.

use lrp_core::{
    Channels, Convolution, Flatten, Float, Linear, MaxPool, Network, NetworkBuilder, Op, Rect, SoftMax,
};
use lrp_core::{SumPool, Tanh, Tensor, Window};
use ndarray::Array1;
use rand_distr::{Distribution, Normal};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::random::{Use, generator};
use crate::settings::Settings;

/// The toolbox's own, by name: what its scripts `training_test` and `cnn_training_test` train.
pub const ARCHITECTURES: [(&str, &str); 4] = [
    ("xor", include_str!("../architectures/xor.toml")),
    ("mnist-mlp", include_str!("../architectures/mnist-mlp.toml")),
    ("lenet5-sumpool", include_str!("../architectures/lenet5-sumpool.toml")),
    ("lenet5-maxpool", include_str!("../architectures/lenet5-maxpool.toml")),
];

/// No layer may have more weights.
const MOST_WEIGHTS: usize = 1 << 27;

/// The layers of a network, how to train it, and what is known about its inputs and outputs.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// The model, in a sentence.
    pub about: Option<String>,
    /// The names of its classes, in order.
    #[serde(default)]
    pub classes: Vec<String>,
    /// How data become inputs: for whoever reads data, nothing here looks at it.
    #[serde(default)]
    pub input: toml::Table,
    /// How to train it.
    #[serde(default)]
    pub training: Settings,
    /// Its layers, each reading the one before.
    #[serde(rename = "layer")]
    pub layers: Vec<Layer>,
}

/// A layer without weights; how many it has follows from what it reads.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Layer {
    /// Dense.
    Linear {
        /// How many outputs it has.
        units: usize,
    },
    /// Convolution over two axes, channels last.
    Convolution {
        /// Rows and columns of a filter.
        size: [usize; 2],
        /// How many filters it has.
        filters: usize,
        /// Rows and columns from one position to the next; by default 1 and 1.
        #[serde(default = "one_by_one")]
        stride: [usize; 2],
    },
    /// Sum over windows.
    SumPool {
        /// Rows and columns of a window.
        size: [usize; 2],
        /// Rows and columns from one window to the next; by default its size.
        stride: Option<[usize; 2]>,
    },
    /// Maximum over windows.
    MaxPool {
        /// Rows and columns of a window.
        size: [usize; 2],
        /// Rows and columns from one window to the next; by default its size.
        stride: Option<[usize; 2]>,
    },
    /// Everything but the batch axis in one axis.
    Flatten,
    /// `max(x, 0)`
    Rect,
    /// Hyperbolic tangent.
    Tanh,
    /// Normalised exponential.
    SoftMax,
}

fn one_by_one() -> [usize; 2] {
    [1, 1]
}

impl Architecture {
    /// Reads an architecture:
    ///
    /// ```
    /// let text = "
    ///     layer = [
    ///         { kind = 'convolution', size = [5, 5], filters = 10 },
    ///         { kind = 'rect' },
    ///         { kind = 'maxpool', size = [2, 2] },
    ///         { kind = 'flatten' },
    ///         { kind = 'linear', units = 10 },
    ///     ]
    ///     [training]
    ///     batch-size = 50
    ///     iterations = 2000
    /// ";
    /// let network = lrp_train::Architecture::parse(text)?.build::<f32>(&[28, 28, 1], 7)?;
    /// assert_eq!(network.nodes()[4].op().parameters(), 12 * 12 * 10 * 10 + 10);
    /// # Ok::<(), lrp_train::Error>(())
    /// ```
    ///
    /// # Errors
    /// One line with the place in the text.
    pub fn parse(text: &str) -> Result<Self> {
        let architecture: Self = toml::from_str(text).map_err(|error| {
            let line =
                error.span().map(|span| 1 + text.bytes().take(span.start).filter(|&b| b == b'\n').count());
            let place = line.map_or_else(String::new, |line| format!("line {line}: "));
            let message = error.message().lines().collect::<Vec<_>>().join(" ");
            Error::new(ErrorKind::Architecture, format!("{place}{message}"))
        })?;
        if architecture.layers.is_empty() {
            return Err(Error::new(ErrorKind::Architecture, "needs at least one layer"));
        }
        Ok(architecture)
    }

    /// What is known beside the weights, as TOML: what it is, its classes, how its inputs are made.
    #[must_use]
    pub fn sidecar(&self) -> String {
        let mut table = toml::Table::new();
        if let Some(about) = &self.about {
            table.insert("about".to_owned(), about.clone().into());
        }
        if !self.classes.is_empty() {
            table.insert("classes".to_owned(), self.classes.clone().into());
        }
        if !self.input.is_empty() {
            table.insert("input".to_owned(), self.input.clone().into());
        }
        table.to_string()
    }

    /// The network for samples of a shape (without the batch axis), its weights normal with deviation
    /// `1 / √(inputs of a unit)`, its biases 0.
    ///
    /// # Errors
    /// Names the first layer that cannot take what reaches it.
    pub fn build<T: Float>(&self, sample: &[usize], seed: u64) -> Result<Network<T>> {
        let mut builder = NetworkBuilder::new();
        let mut shape = [&[1], sample].concat();
        for (index, layer) in self.layers.iter().enumerate() {
            let op = layer.op::<T>(&shape, seed, index);
            let output = op.and_then(|op| {
                let output = op.layer().output_shape(&[&shape]).map_err(|error| error.to_string())?;
                builder.push(op);
                Ok(output)
            });
            shape = output.map_err(|error| {
                Error::new(ErrorKind::Architecture, format!("layer {}: {error}", index + 1))
            })?;
        }
        builder.build().map_err(|error| Error::new(ErrorKind::Architecture, error.to_string()))
    }
}

impl Layer {
    /// The layer for inputs of a shape, batch axis included.
    fn op<T: Float>(&self, input: &[usize], seed: u64, index: usize) -> Result<Op<T>, String> {
        let normal = |shape: &[usize]| weights(shape, seed, index);
        let failed = |error: lrp_core::Error| error.to_string();
        let pool = |size: &[usize; 2], stride: &Option<[usize; 2]>| {
            Window::new(size).strided(&stride.unwrap_or(*size))
        };
        let last = input.last().copied().unwrap_or_default();
        match self {
            Self::Linear { units } => {
                let weights =
                    normal(&[last, *units])?.into_dimensionality().map_err(|error| error.to_string())?;
                Linear::new(weights, Array1::zeros(*units)).map(Op::from).map_err(failed)
            }
            Self::Convolution { size: [h, w], filters, stride } => {
                let weights = normal(&[*h, *w, last, *filters])?;
                Convolution::new(weights, Array1::zeros(*filters), stride).map(Op::from).map_err(failed)
            }
            Self::SumPool { size, stride } => {
                SumPool::new(pool(size, stride), Channels::Last).map(Op::from).map_err(failed)
            }
            Self::MaxPool { size, stride } => {
                MaxPool::new(pool(size, stride), Channels::Last).map(Op::from).map_err(failed)
            }
            Self::Flatten => Ok(Flatten::RowMajor.into()),
            Self::Rect => Ok(Rect.into()),
            Self::Tanh => Ok(Tanh.into()),
            Self::SoftMax => Ok(SoftMax::default().into()),
        }
    }
}

/// Normal numbers with deviation `1 / √fan-in`, of a shape whose last axis counts outputs.
fn weights<T: Float>(shape: &[usize], seed: u64, layer: usize) -> Result<Tensor<T>, String> {
    let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    let count = count.filter(|&count| count <= MOST_WEIGHTS);
    let Some(count) = count.filter(|&count| count > 0) else {
        return Err(format!("weights of shape {shape:?}; allowed are 1 to {MOST_WEIGHTS} of them"));
    };
    let fan_in: usize = shape.iter().rev().skip(1).product();
    #[expect(clippy::cast_precision_loss, reason = "a size of a layer")]
    let normal = Normal::new(0.0, 1.0 / (fan_in as f64).sqrt()).map_err(|error| error.to_string())?;
    let mut chance = generator(seed, Use::Weights(layer));
    let numbers = (0..count).map(|_| T::of(normal.sample(&mut chance))).collect();
    Tensor::from_shape_vec(shape, numbers).map_err(|error| error.to_string())
}
