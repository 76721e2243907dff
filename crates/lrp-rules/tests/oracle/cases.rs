//! The layers the rules are checked on, each with its reach counted out.

use std::sync::Arc;

use lrp_core::{
    Add, Affine, Channels, Convolution, Crossing, Float, Flow, Kind, Layer, Linear, MaxPool, Mix, Network,
    NetworkBuilder, Op, Record, Site, SumPool, Tensor, TensorView, Value, WeightLens,
};
use ndarray::{Axis, Ix1, Ix2};

use crate::numbers::grid;
use crate::reach::{Slide, sample_shape, window, windowed};

/// A layer to explain.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    Linear {
        inputs: usize,
        outputs: usize,
    },
    Convolution {
        slides: Vec<Slide>,
        /// Channels `[in, out]`, all groups together.
        channels: [usize; 2],
        groups: usize,
        layout: Channels,
    },
    SumPool {
        slides: Vec<Slide>,
        channels: usize,
        layout: Channels,
    },
    MaxPool {
        slides: Vec<Slide>,
        channels: usize,
        layout: Channels,
    },
    /// The sum of `parts` slices of the input.
    Add {
        parts: usize,
        features: usize,
    },
    /// A layer of the user's own: a running sum.
    Running {
        features: usize,
    },
}

pub(crate) fn subjects() -> Vec<(&'static str, Subject)> {
    use Channels::{First, Last};
    let at = Slide::new;
    let convolution = |slides: &[Slide], channels, groups, layout| Subject::Convolution {
        slides: slides.to_vec(),
        channels,
        groups,
        layout,
    };
    let sum =
        |slides: &[Slide], channels, layout| Subject::SumPool { slides: slides.to_vec(), channels, layout };
    let max =
        |slides: &[Slide], channels, layout| Subject::MaxPool { slides: slides.to_vec(), channels, layout };
    let uneven = [at(5, 3).stride(2).padding(0, 1), at(4, 2).padding(1, 0)];
    vec![
        ("linear", Subject::Linear { inputs: 6, outputs: 4 }),
        ("square linear", Subject::Linear { inputs: 5, outputs: 5 }),
        ("convolution", convolution(&[at(4, 2), at(3, 2)], [2, 3], 1, Last)),
        ("channels first", convolution(&[at(4, 2), at(3, 2)], [2, 3], 1, First)),
        ("stride leaves a rest", convolution(&[at(6, 2).stride(3), at(5, 3).stride(2)], [1, 2], 1, Last)),
        ("uneven padding", convolution(&uneven, [2, 2], 1, First)),
        ("dilation", convolution(&[at(5, 2).dilation(3), at(5, 3).dilation(2)], [1, 2], 1, Last)),
        (
            "dilation, padding, stride",
            convolution(
                &[at(6, 3).dilation(2).padding(2, 1).stride(2), at(3, 2).padding(1, 1)],
                [1, 2],
                1,
                First,
            ),
        ),
        ("same shape", convolution(&[at(3, 3).padding(1, 1), at(3, 3).padding(1, 1)], [2, 2], 1, Last)),
        ("two groups", convolution(&[at(3, 2), at(3, 2)], [4, 2], 2, First)),
        ("depthwise", convolution(&[at(3, 2), at(3, 2).stride(2).padding(0, 1)], [3, 6], 3, Last)),
        ("1-d convolution", convolution(&[at(8, 3).stride(2).padding(2, 0)], [2, 2], 1, Last)),
        ("1-d groups", convolution(&[at(6, 2).dilation(2)], [2, 4], 2, First)),
        (
            "3-d convolution",
            convolution(&[at(3, 2), at(2, 1), at(4, 2).stride(2).padding(1, 1)], [1, 2], 1, First),
        ),
        ("sum pool", sum(&[at(4, 2).stride(2), at(4, 2).stride(2)], 2, Last)),
        ("overlapping sum pool", sum(&[at(4, 3), at(5, 2).stride(2)], 2, First)),
        ("padded sum pool", sum(&[at(4, 2).padding(1, 0), at(3, 3).padding(1, 1).dilation(2)], 1, Last)),
        ("1-d sum pool", sum(&[at(5, 3).padding(1, 1)], 2, Last)),
        ("3-d sum pool", sum(&[at(3, 2), at(2, 2), at(2, 2)], 1, First)),
        ("max pool", max(&[at(4, 2).stride(2), at(4, 2).stride(2)], 2, Last)),
        ("overlapping max pool", max(&[at(4, 3), at(5, 2)], 2, First)),
        ("padded max pool", max(&[at(4, 2).padding(1, 0), at(5, 3).padding(1, 2).stride(2)], 1, Last)),
        ("dilated max pool", max(&[at(6, 2).dilation(3)], 2, First)),
        ("3-d max pool", max(&[at(3, 2), at(2, 2), at(3, 1)], 1, First)),
        ("sum of two", Subject::Add { parts: 2, features: 4 }),
        ("sum of three", Subject::Add { parts: 3, features: 3 }),
        ("custom layer", Subject::Running { features: 6 }),
    ]
}

impl Subject {
    /// The shape of one sample.
    pub(crate) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Linear { inputs, .. } => vec![*inputs],
            Self::Convolution { slides, channels, layout, .. } => sized(slides, channels[0], *layout),
            Self::SumPool { slides, channels, layout } | Self::MaxPool { slides, channels, layout } => {
                sized(slides, *channels, *layout)
            }
            Self::Add { parts, features } => vec![parts * features],
            Self::Running { features } => vec![*features],
        }
    }

    /// The inputs each output sees, both flattened.
    pub(crate) fn reach(&self) -> Vec<Vec<usize>> {
        match self {
            Self::Linear { inputs, outputs } => vec![(0..*inputs).collect(); *outputs],
            Self::Convolution { slides, channels, groups, layout } => {
                let [per_in, per_out] = channels.map(|count| count / groups);
                windowed(slides, *channels, *layout, |k, c| k / per_out == c / per_in)
            }
            Self::SumPool { slides, channels, layout } | Self::MaxPool { slides, channels, layout } => {
                windowed(slides, [*channels; 2], *layout, |k, c| k == c)
            }
            Self::Add { parts, features } => {
                (0..*features).map(|j| (0..*parts).map(|part| part * features + j).collect()).collect()
            }
            Self::Running { features } => (0..*features).map(|j| (0..=j).collect()).collect(),
        }
    }

    /// What the layer multiplies its output by after the map that rules see.
    pub(crate) fn factor(&self) -> f64 {
        match self {
            Self::SumPool { slides, .. } => {
                let taps: f64 =
                    slides.iter().map(|slide| f64::from(u32::try_from(slide.kernel).unwrap())).product();
                1.0 / taps.sqrt()
            }
            _ => 1.0,
        }
    }

    pub(crate) fn takes_maximum(&self) -> bool {
        matches!(self, Self::MaxPool { .. })
    }

    pub(crate) fn takes_one_input(&self) -> bool {
        !matches!(self, Self::Add { .. })
    }

    /// A batch within `[-1, 1]`: halves with zeros and ties among them where the layer has weights or a
    /// maximum; shifted where it only sums, so that no sum can vanish.
    pub(crate) fn input<T: Float>(&self, batch: usize) -> Tensor<T> {
        let shape = [&[batch], &self.shape()[..]].concat();
        match self {
            Self::Linear { .. } | Self::Convolution { .. } | Self::MaxPool { .. } => {
                grid(31, &shape, -2, 2, 0.5)
            }
            _ => grid::<T>(31, &shape, -2, 1, 0.5).mapv(|value| value + T::of(1.0 / 64.0)),
        }
    }

    /// The layer, alone but for what cuts the input into the parts of a sum.
    pub(crate) fn network<T: Float>(&self) -> Network<T> {
        let mut builder = NetworkBuilder::new();
        let mut inputs = vec![Value::INPUT];
        if let Self::Add { parts, features } = self {
            let slice = |part| Slice { from: part * features, features: *features };
            let add = |part| builder.add(format!("slice_{part}"), custom(slice(part)), &[Value::INPUT]);
            inputs = (0..*parts).map(add).collect();
        }
        builder.add("subject", self.op(), &inputs);
        builder.build().unwrap()
    }

    fn op<T: Float>(&self) -> Op<T> {
        match self {
            Self::Linear { inputs, outputs } => {
                let weights = weights(&[*inputs, *outputs]).into_dimensionality::<Ix2>().unwrap();
                Linear::new(weights, bias(*outputs)).unwrap().into()
            }
            Self::Convolution { slides, channels, groups, layout } => {
                let mut shape: Vec<usize> = slides.iter().map(|slide| slide.kernel).collect();
                shape.extend([channels[0] / groups, channels[1]]);
                let (filters, bias) = (weights(&shape), bias(channels[1]));
                Convolution::with_window(filters, bias, window(slides), *groups, *layout).unwrap().into()
            }
            Self::SumPool { slides, layout, .. } => SumPool::new(window(slides), *layout).unwrap().into(),
            Self::MaxPool { slides, layout, .. } => MaxPool::new(window(slides), *layout).unwrap().into(),
            Self::Add { .. } => Add.into(),
            Self::Running { .. } => custom(Running),
        }
    }
}

fn sized(slides: &[Slide], channels: usize, layout: Channels) -> Vec<usize> {
    let space: Vec<usize> = slides.iter().map(|slide| slide.size).collect();
    sample_shape(&space, channels, layout)
}

fn weights<T: Float>(shape: &[usize]) -> Tensor<T> {
    grid(17, shape, -4, 4, 0.5)
}

/// Odd multiples of 1/32, which no sum of products of halves cancels.
fn bias<T: Float>(length: usize) -> ndarray::Array1<T> {
    let even = grid::<T>(23, &[length], -16, 15, 1.0 / 16.0).into_dimensionality::<Ix1>().unwrap();
    even.mapv(|value| value + T::of(1.0 / 32.0))
}

fn custom<T: Float>(layer: impl Layer<T> + 'static) -> Op<T> {
    Op::Custom(Arc::new(layer))
}

/// Some of the features; what comes back goes to where they were.
#[derive(Debug)]
struct Slice {
    from: usize,
    features: usize,
}

impl Slice {
    fn place<T: Float>(&self, record: &Record<'_, T>, part: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let mut whole = Tensor::zeros(record.inputs[0].raw_dim());
        let range = self.from..self.from + self.features;
        whole.slice_axis_mut(Axis(1), range.into()).assign(&part);
        vec![whole]
    }
}

impl<T: Float> Layer<T> for Slice {
    fn kind(&self) -> Kind {
        Kind::Custom
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> lrp_core::Result<Vec<usize>> {
        Ok(vec![inputs[0][0], self.features])
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        inputs[0].slice_axis(Axis(1), (self.from..self.from + self.features).into()).to_owned()
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Route(Box::new(|relevance| self.place(record, relevance.view())))
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.place(record, upstream)
    }
}

/// `y_j = x₀ + … + x_j`, in loops.
#[derive(Debug)]
struct Running;

impl<T: Float> Layer<T> for Running {
    fn kind(&self) -> Kind {
        Kind::Custom
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> lrp_core::Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        Running.apply(WeightLens::Value, inputs)
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Mix(Mix { map: Box::new(Running), z: None })
    }

    fn gradient(&self, _: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        Running.transpose(WeightLens::Value, upstream)
    }
}

impl<T: Float> Affine<T> for Running {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        let mut y = Tensor::zeros(inputs[0].raw_dim());
        for (index, &x) in inputs[0].indexed_iter() {
            for j in index[1]..inputs[0].shape()[1] {
                y[[index[0], j]] += lens.see(T::one()) * x;
            }
        }
        y
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let mut back = Tensor::zeros(signal.raw_dim());
        for (index, &s) in signal.indexed_iter() {
            for i in 0..=index[1] {
                back[[index[0], i]] += lens.see(T::one()) * s;
            }
        }
        vec![back]
    }
}
