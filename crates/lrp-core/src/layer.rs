//! What a layer is: a forward pass, and the answer to "does it route or mix?".

use std::fmt::{self, Debug};
use std::str::FromStr;

use crate::error::Result;
use crate::lens::{Lenses, WeightLens};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};

/// One step of a network: it turns its inputs into one output and keeps no memory of having done so.
///
/// Built-in layers live in [`Op`](crate::Op); implement this trait for a layer of your own and wrap it in
/// [`Op::Custom`](crate::Op::Custom).
pub trait Layer<T: Float>: Debug + Send + Sync {
    /// What composites select this layer by.
    fn kind(&self) -> Kind;

    /// Which answer [`Layer::flow`] will give.
    fn crossing(&self) -> Crossing;

    /// The shape this layer's output has for inputs of the given shapes.
    ///
    /// # Errors
    /// If the layer cannot take inputs of these shapes; every later call relies on this check.
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>>;

    /// Computes the output from inputs whose shapes [`Layer::output_shape`] has accepted.
    fn forward(&self, inputs: &[TensorView<'_, T>], site: Site<'_, T>) -> Tensor<T>;

    /// How relevance crosses this layer at a recorded point.
    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T>;

    /// The product of `upstream`, shaped like the output, with this layer's derivative at a recorded point: one
    /// array an input, shaped like it.
    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>>;

    /// The first weight that is NaN or infinite, in words; `None` when all are finite.
    fn find_not_finite(&self) -> Option<String> {
        None
    }
}

/// What a trace recorded at one layer.
#[derive(Clone, Debug)]
pub struct Record<'a, T> {
    /// The values the layer read.
    pub inputs: Vec<TensorView<'a, T>>,
    /// The value it wrote.
    pub output: TensorView<'a, T>,
    /// The kernels to run with.
    pub site: Site<'a, T>,
}

/// How relevance crosses a layer at a recorded point: every layer either routes or mixes, if it is known how.
pub enum Flow<'a, T> {
    /// Each output came from one place; its relevance goes back to where it came from.
    Route(Route<'a, T>),
    /// Outputs blend inputs; a rule decides the shares.
    Mix(Mix<'a, T>),
    /// Rules that look at the input follow the route, rules that do not see a blend of everything in reach.
    ///
    /// Max pooling is such a layer: *which* entry won is knowledge of the input.
    Either(Route<'a, T>, Mix<'a, T>),
    /// The layer runs and has a gradient, but nobody has published how relevance should cross it.
    Unknown,
}

/// What relevance meets at a layer, known before anything runs: the variants of [`Flow`] without their content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crossing {
    /// See [`Flow::Route`].
    Route,
    /// See [`Flow::Mix`].
    Mix,
    /// See [`Flow::Either`].
    Either,
    /// See [`Flow::Unknown`].
    Unknown,
}

/// A function that hands relevance of the output back to the inputs, one array an input.
pub type Route<'a, T> = Box<dyn Fn(Tensor<T>) -> Vec<Tensor<T>> + 'a>;

/// The affine map of a mixing layer.
pub struct Mix<'a, T> {
    /// The map itself.
    pub map: Box<dyn Affine<T> + 'a>,
    /// `W x + b` at the recorded point, where the trace already holds it.
    pub z: Option<TensorView<'a, T>>,
}

/// The map `z = W x + b` that every rule works on, its weights seen through a lens.
pub trait Affine<T: Float> {
    /// `W' x`, without bias; takes one array an input of the layer.
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T>;

    /// `W'ᵀ s`, one array an input of the layer.
    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>>;

    /// The bias, in a shape that broadcasts to the output.
    fn bias(&self) -> Option<Tensor<T>> {
        None
    }

    /// Whether the weights are those of the recorded point, so that nothing learned from them is true of another.
    fn is_local(&self) -> bool {
        false
    }

    /// `Σ_look W_share,look x_look + b_share` for every share; each look has one array an input of the layer.
    fn apply_all(&self, lenses: &Lenses, looks: &[Vec<TensorView<'_, T>>]) -> Vec<Tensor<T>> {
        let part = |share: usize, look: usize| Some(self.apply(lenses.get(share, look)?, &looks[look]));
        let parts = |share| (0..looks.len()).filter_map(move |look| part(share, look));
        // A share that no look takes part in is nothing but its bias.
        let none = || self.apply(WeightLens::Value, &looks[0]) * T::zero();
        let add = |sum: Tensor<T>, part: Tensor<T>| sum + part;
        let all = |share| {
            let sum = parts(share).reduce(add).unwrap_or_else(none);
            match (lenses.bias(share), self.bias()) {
                (Some(lens), Some(bias)) => sum + bias.mapv(|b| lens.see(b)),
                _ => sum,
            }
        };
        (0..lenses.shares()).map(all).collect()
    }

    /// `Σ_share W_share,lookᵀ s_share` for every look, each one array an input of the layer: the transpose of
    /// [`Affine::apply_all`].
    fn transpose_all(&self, lenses: &Lenses, signals: &[TensorView<'_, T>]) -> Vec<Vec<Tensor<T>>> {
        let part = |share: usize, look| Some(self.transpose(lenses.get(share, look)?, signals[share].view()));
        let parts = |look| (0..signals.len()).filter_map(move |share| part(share, look));
        let add = |sums: Vec<Tensor<T>>, parts: Vec<Tensor<T>>| {
            sums.into_iter().zip(parts).map(|(sum, part)| sum + part).collect()
        };
        let none = || {
            let back = self.transpose(WeightLens::Value, signals[0].view());
            back.into_iter().map(|back| back * T::zero()).collect()
        };
        (0..lenses.looks()).map(|look| parts(look).reduce(add).unwrap_or_else(none)).collect()
    }
}

/// What composites select layers by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// Dense layer `x W + b`.
    Linear,
    /// Convolution in one, two or three dimensions.
    Convolution,
    /// Rows of a table, looked up by number: how words become vectors.
    Embedding,
    /// Sum or average over windows.
    SumPool,
    /// Mean over windows.
    AveragePool,
    /// Maximum over windows.
    MaxPool,
    /// Sum, mean or maximum along whole axes.
    Reduce,
    /// Rectifier `max(x, 0)`.
    Rect,
    /// Hyperbolic tangent.
    Tanh,
    /// Any other function of one number.
    Activation,
    /// Normalised exponential.
    SoftMax,
    /// A factor and a shift for every value, such as batch normalization.
    Scaling,
    /// Mean zero and variance one along axes, as in layer normalization.
    Normalize,
    /// Division by the energy of neighbouring channels.
    LocalResponse,
    /// Everything but the batch axis in one axis.
    Flatten,
    /// Samples in another shape.
    Reshape,
    /// Axes in another order.
    Transpose,
    /// Entries picked by their position: slices, padding, repetition.
    Gather,
    /// Values side by side.
    Concat,
    /// Interpolation.
    Resample,
    /// Nothing, such as dropout.
    Identity,
    /// Sum of two or more values: a residual connection.
    Add,
    /// Product of two values, place by place: a gate.
    Multiply,
    /// Matrix product of two values.
    MatMul,
    /// A layer of the user's own that is like none of the others.
    Custom,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 25] = [
        Self::Linear,
        Self::Convolution,
        Self::Embedding,
        Self::SumPool,
        Self::AveragePool,
        Self::MaxPool,
        Self::Reduce,
        Self::Rect,
        Self::Tanh,
        Self::Activation,
        Self::SoftMax,
        Self::Scaling,
        Self::Normalize,
        Self::LocalResponse,
        Self::Flatten,
        Self::Reshape,
        Self::Transpose,
        Self::Gather,
        Self::Concat,
        Self::Resample,
        Self::Identity,
        Self::Add,
        Self::Multiply,
        Self::MatMul,
        Self::Custom,
    ];

    /// The name users write.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "Linear",
            Self::Convolution => "Convolution",
            Self::Embedding => "Embedding",
            Self::SumPool => "SumPool",
            Self::AveragePool => "AveragePool",
            Self::MaxPool => "MaxPool",
            Self::Reduce => "Reduce",
            Self::Rect => "Rect",
            Self::Tanh => "Tanh",
            Self::Activation => "Activation",
            Self::SoftMax => "SoftMax",
            Self::Scaling => "Scaling",
            Self::Normalize => "Normalize",
            Self::LocalResponse => "LocalResponse",
            Self::Flatten => "Flatten",
            Self::Reshape => "Reshape",
            Self::Transpose => "Transpose",
            Self::Gather => "Gather",
            Self::Concat => "Concat",
            Self::Resample => "Resample",
            Self::Identity => "Identity",
            Self::Add => "Add",
            Self::Multiply => "Multiply",
            Self::MatMul => "MatMul",
            Self::Custom => "Custom",
        }
    }

    /// Whether layers of this kind hold trained weights that a rule looks at.
    #[must_use]
    pub fn has_weights(self) -> bool {
        matches!(self, Self::Linear | Self::Convolution)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    /// Reads a kind's name, upper or lower case.
    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown layer kind '{text}'; one of {names}")
        })
    }
}
