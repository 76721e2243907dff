//! Networks before they have weights, read from TOML.

use lrp_core::{
    Channels, Convolution, Embedding, Flatten, Float, Linear, MaxPool, Network, NetworkBuilder, Op, Rect,
    Reduce, Reduction, SoftMax, SumPool, Tanh, Tensor, Window,
};
use ndarray::{Array1, Array2};
use rand_distr::{Distribution, Normal};
use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::random::{Use, generator};
use crate::settings::Settings;

/// By name: what the toolbox's scripts `training_test` and `cnn_training_test` train, and networks that read texts.
pub const ARCHITECTURES: [(&str, &str); 6] = [
    ("xor", include_str!("../architectures/xor.toml")),
    ("mnist-mlp", include_str!("../architectures/mnist-mlp.toml")),
    ("lenet5-sumpool", include_str!("../architectures/lenet5-sumpool.toml")),
    ("lenet5-maxpool", include_str!("../architectures/lenet5-maxpool.toml")),
    ("text-r8", include_str!("../architectures/text-r8.toml")),
    ("text-movies", include_str!("../architectures/text-movies.toml")),
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
    /// How texts become words and these numbers, if it reads texts; as `input`, for whoever reads them.
    #[serde(default)]
    pub text: toml::Table,
    /// Which words of the examples it is to know, if it reads texts.
    #[serde(default)]
    pub vocabulary: Words,
    /// How to train it.
    #[serde(default)]
    pub training: Settings,
    /// Its layers, each reading the one before.
    #[serde(rename = "layer")]
    pub layers: Vec<Layer>,
}

/// Which words get an entry in a vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Words {
    /// Those that this many texts hold; by default 2.
    pub least_texts: usize,
    /// Of them at most so many, those in most texts; by default 10 000.
    pub most: usize,
}

impl Default for Words {
    fn default() -> Self {
        Self { least_texts: 2, most: 10_000 }
    }
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
    /// Convolution over one to three axes, channels last.
    Convolution {
        /// A filter's size along each: rows and columns, or words.
        size: Vec<usize>,
        /// How many filters it has.
        filters: usize,
        /// How far it is from one position to the next along each; by default 1.
        stride: Option<Vec<usize>>,
    },
    /// Rows of a table, looked up by whole numbers.
    Embedding {
        /// How many rows it has; those of the vocabulary, if it is not said.
        entries: Option<usize>,
        /// How long they are.
        width: usize,
        /// A row that stays zero, that of padding.
        padding: Option<usize>,
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
    /// Maximum over all of space, of each channel.
    GlobalMaxPool,
    /// Everything but the batch axis in one axis.
    Flatten,
    /// `max(x, 0)`
    Rect,
    /// Hyperbolic tangent.
    Tanh,
    /// Normalised exponential.
    SoftMax,
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

    /// The same with a row for each entry of a vocabulary, in tables that do not say how many they have.
    #[must_use]
    pub fn for_vocabulary(mut self, count: usize) -> Self {
        for layer in &mut self.layers {
            if let Layer::Embedding { entries, .. } = layer {
                entries.get_or_insert(count);
            }
        }
        self
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
        if !self.text.is_empty() {
            table.insert("text".to_owned(), self.text.clone().into());
        }
        table.to_string()
    }

    /// The network for samples of a shape (without the batch axis), its weights normal with deviation
    /// `1 / √(inputs of a unit)`, in tables `1 / √(length of a row)`, its biases 0.
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
        let normal = |shape: &[usize]| weights(shape, shape.iter().rev().skip(1).product(), seed, index);
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
            Self::Convolution { size, filters, stride } => {
                let stride = stride.clone().unwrap_or_else(|| vec![1; size.len()]);
                let weights = normal(&[&size[..], &[last, *filters]].concat())?;
                Convolution::new(weights, Array1::zeros(*filters), &stride).map(Op::from).map_err(failed)
            }
            Self::Embedding { entries, width, padding } => {
                let entries = entries.ok_or("does not say how many entries it has, and nothing else does")?;
                let table = weights(&[entries, *width], *width, seed, index)?;
                embedding(table.into_dimensionality().map_err(|error| error.to_string())?, *padding)
            }
            Self::SumPool { size, stride } => {
                SumPool::new(pool(size, stride), Channels::Last).map(Op::from).map_err(failed)
            }
            Self::MaxPool { size, stride } => {
                MaxPool::new(pool(size, stride), Channels::Last).map(Op::from).map_err(failed)
            }
            Self::GlobalMaxPool => {
                let space = (1..input.len().saturating_sub(1)).collect();
                Ok(Reduce::new(Reduction::Max, space, false).into())
            }
            Self::Flatten => Ok(Flatten::RowMajor.into()),
            Self::Rect => Ok(Rect.into()),
            Self::Tanh => Ok(Tanh.into()),
            Self::SoftMax => Ok(SoftMax::default().into()),
        }
    }
}

/// A table, one row of which may be zero and stay so.
fn embedding<T: Float>(mut table: Array2<T>, padding: Option<usize>) -> Result<Op<T>, String> {
    let rows = table.nrows();
    if let Some(row) = padding {
        let none = || format!("padding is entry {row} of {rows}");
        table.outer_iter_mut().nth(row).ok_or_else(none)?.fill(T::zero());
    }
    let layer = Embedding::new(table).map_err(|error| error.to_string())?;
    Ok(padding.into_iter().fold(layer, Embedding::with_fixed).into())
}

/// Normal numbers with deviation `1 / √spread`.
fn weights<T: Float>(shape: &[usize], spread: usize, seed: u64, layer: usize) -> Result<Tensor<T>, String> {
    let count = shape.iter().try_fold(1_usize, |count, &size| count.checked_mul(size));
    let count = count.filter(|&count| count <= MOST_WEIGHTS);
    let Some(count) = count.filter(|&count| count > 0) else {
        return Err(format!("weights of shape {shape:?}; allowed are 1 to {MOST_WEIGHTS} of them"));
    };
    #[expect(clippy::cast_precision_loss, reason = "a size of a layer")]
    let normal = Normal::new(0.0, 1.0 / (spread as f64).sqrt()).map_err(|error| error.to_string())?;
    let mut chance = generator(seed, Use::Weights(layer));
    let numbers = (0..count).map(|_| T::of(normal.sample(&mut chance))).collect();
    Tensor::from_shape_vec(shape, numbers).map_err(|error| error.to_string())
}
