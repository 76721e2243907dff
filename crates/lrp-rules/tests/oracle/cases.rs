//! The layers the rules are checked on, each with its reach counted out.

use std::sync::Arc;

use lrp_core::{
    Affine, AveragePool, Channels, Convolution, Crossing, Float, Flow, Identity, Kind, Layer, Linear,
    MaxPool, Mix, Network, NetworkBuilder, Normalize, Op, Record, Reduce, Reduction, Resample, Scaling, Site,
    SoftMax, SumPool, Tensor, TensorView, Ties, TransposedConvolution, Value, WeightLens,
};
use ndarray::{Axis, Ix1, Ix2};

use crate::blends::{Blend, blended};
use crate::frozen::Local;
use crate::joined::Join;
use crate::numbers::{grid, tensor};
use crate::reach::{Slide, sample_shape, window, windowed};

/// A layer to explain.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// The same at every place of a sample.
    Linear {
        places: Vec<usize>,
        inputs: usize,
        outputs: usize,
    },
    Convolution {
        slides: Vec<Slide>,
        /// Channels `[in, out]`, all groups together.
        channels: [usize; 2],
        groups: usize,
        layout: Channels,
        /// Whether something is added to the input within its padding.
        shifted: bool,
    },
    /// The transpose of a convolution from its output to its input.
    Transposed {
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
        plain: bool,
    },
    AveragePool {
        slides: Vec<Slide>,
        channels: usize,
        layout: Channels,
        count_padding: bool,
    },
    MaxPool {
        slides: Vec<Slide>,
        channels: usize,
        layout: Channels,
        ties: Ties,
    },
    /// Axes of a sample, the first of them being axis 1.
    Reduce {
        reduction: Reduction,
        shape: Vec<usize>,
        axes: Vec<usize>,
        ties: Ties,
    },
    /// A factor a channel, which is axis 1, and a shift everywhere.
    Scaling {
        channels: usize,
        features: usize,
    },
    /// A layer that is affine at a point, over some axes of a sample.
    Local {
        local: Local,
        shape: Vec<usize>,
        axes: Vec<usize>,
    },
    /// Normalization of channels, axis 1, in groups.
    Grouped {
        shape: Vec<usize>,
        groups: usize,
    },
    /// The sum or product of values of these shapes, each a slice of the input.
    Joined {
        join: Join,
        shapes: Vec<Vec<usize>>,
    },
    /// Each place along these axes of a sample, the first being axis 1, a blend of others.
    Resample {
        shape: Vec<usize>,
        axes: Vec<(usize, Blend)>,
    },
    /// A layer of the user's own: a running sum.
    Running {
        features: usize,
    },
}

impl Subject {
    /// The shape of one sample.
    pub(crate) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Linear { places, inputs, .. } => [&places[..], &[*inputs]].concat(),
            Self::Convolution { slides, channels, layout, .. } => sized(slides, channels[0], *layout),
            Self::SumPool { slides, channels, layout, .. }
            | Self::AveragePool { slides, channels, layout, .. }
            | Self::MaxPool { slides, channels, layout, .. } => sized(slides, *channels, *layout),
            Self::Transposed { slides, channels, layout, .. } => {
                let space: Vec<usize> = slides.iter().map(|slide| slide.outputs()).collect();
                sample_shape(&space, channels[0], *layout)
            }
            Self::Reduce { shape, .. }
            | Self::Local { shape, .. }
            | Self::Grouped { shape, .. }
            | Self::Resample { shape, .. } => shape.clone(),
            Self::Scaling { channels, features } => vec![*channels, *features],
            Self::Joined { shapes, .. } => {
                vec![shapes.iter().map(|shape| shape.iter().product::<usize>()).sum()]
            }
            Self::Running { features } => vec![*features],
        }
    }

    /// The inputs each output sees, both flattened.
    pub(crate) fn reach(&self) -> Vec<Vec<usize>> {
        match self {
            Self::Linear { places, inputs, outputs } => {
                let place = |place: usize| vec![(place * inputs..(place + 1) * inputs).collect(); *outputs];
                (0..places.iter().product()).flat_map(place).collect()
            }
            Self::Convolution { slides, channels, groups, layout, .. } => {
                let [per_in, per_out] = channels.map(|count| count / groups);
                windowed(slides, *channels, *layout, |k, c| k / per_out == c / per_in)
            }
            Self::Transposed { slides, channels, groups, layout } => {
                let [per_in, per_out] = channels.map(|count| count / groups);
                let there =
                    windowed(slides, [channels[1], channels[0]], *layout, |k, c| k / per_in == c / per_out);
                let outputs = sized(slides, channels[1], *layout).iter().product();
                let sees = |output| (0..there.len()).filter(|&i| there[i].contains(&output)).collect();
                (0..outputs).map(sees).collect()
            }
            Self::SumPool { slides, channels, layout, .. }
            | Self::AveragePool { slides, channels, layout, .. }
            | Self::MaxPool { slides, channels, layout, .. } => {
                windowed(slides, [*channels; 2], *layout, |k, c| k == c)
            }
            Self::Reduce { shape, axes, .. } => {
                let groups = same_but_for(shape, axes).into_iter().enumerate();
                // One output for each group, in the order of their first places.
                groups.filter(|(place, group)| group[0] == *place).map(|(_, group)| group).collect()
            }
            Self::Scaling { channels, features } => (0..channels * features).map(|j| vec![j]).collect(),
            Self::Local { shape, axes, .. } => same_but_for(shape, axes),
            Self::Grouped { shape, groups } => {
                let split = [&[*groups, shape[0] / groups], &shape[1..]].concat();
                same_but_for(&split, &(2..=split.len()).collect::<Vec<_>>())
            }
            Self::Joined { join, shapes } => join.reach(shapes),
            Self::Resample { shape, axes } => blended(shape, axes),
            Self::Running { features } => (0..*features).map(|j| (0..=j).collect()).collect(),
        }
    }

    /// What the layer multiplies its output by after the map that rules see.
    pub(crate) fn factor(&self) -> f64 {
        match self {
            Self::SumPool { slides, plain: false, .. } => {
                let taps: f64 =
                    slides.iter().map(|slide| f64::from(u32::try_from(slide.kernel).unwrap())).product();
                1.0 / taps.sqrt()
            }
            _ => 1.0,
        }
    }

    pub(crate) fn takes_maximum(&self) -> bool {
        matches!(self, Self::MaxPool { .. } | Self::Reduce { reduction: Reduction::Max, .. })
    }

    pub(crate) fn ties(&self) -> Ties {
        match self {
            Self::MaxPool { ties, .. } | Self::Reduce { ties, .. } => *ties,
            _ => Ties::Share,
        }
    }

    /// What the layer is at a point, if it is another map at every one.
    pub(crate) fn local(&self) -> Option<Local> {
        match self {
            Self::Local { local, .. } => Some(*local),
            Self::Grouped { .. } => Some(Local::Normalize(0.25)),
            Self::Joined { join, .. } if *join != Join::Sum => Some(Local::Product),
            _ => None,
        }
    }

    pub(crate) fn takes_one_input(&self) -> bool {
        !matches!(self, Self::Joined { .. })
    }

    /// A batch within `[-1, 1]`: halves with zeros and ties among them where the layer has weights or a
    /// maximum; shifted where it only sums, so that no sum can vanish.
    pub(crate) fn input<T: Float>(&self, batch: usize) -> Tensor<T> {
        let shape = [&[batch], &self.shape()[..]].concat();
        match self {
            Self::Linear { .. }
            | Self::Convolution { .. }
            | Self::Transposed { .. }
            | Self::Scaling { .. } => grid(31, &shape, -2, 2, 0.5),
            _ if self.takes_maximum() => grid(31, &shape, -2, 2, 0.5),
            // Not two of them alike, so that none is its group's mean.
            Self::Local { .. } | Self::Grouped { .. } => tensor(37, &shape),
            _ => grid::<T>(31, &shape, -2, 1, 0.5).mapv(|value| value + T::of(1.0 / 64.0)),
        }
    }

    /// The layer, alone but for what cuts the input into the values it joins.
    pub(crate) fn network<T: Float>(&self) -> Network<T> {
        let mut builder = NetworkBuilder::new();
        let mut inputs = vec![Value::INPUT];
        if let Self::Joined { shapes, .. } = self {
            let mut from = 0;
            let cut = |shape: &Vec<usize>| {
                let slice = Slice { from, shape: shape.clone() };
                from += slice.features();
                builder.add(format!("slice_{from}"), custom(slice), &[Value::INPUT])
            };
            inputs = shapes.iter().map(cut).collect();
        }
        let subject = builder.add("subject", self.op(), &inputs);
        if matches!(self, Self::Local { .. }) {
            // A softmax at the very end would not be explained.
            builder.add("behind", Identity, &[subject]);
        }
        builder.build().unwrap()
    }

    fn op<T: Float>(&self) -> Op<T> {
        match self {
            Self::Linear { inputs, outputs, .. } => {
                let weights = weights(&[*inputs, *outputs]).into_dimensionality::<Ix2>().unwrap();
                Linear::new(weights, bias(*outputs)).unwrap().into()
            }
            Self::Convolution { slides, channels, groups, layout, shifted } => {
                let mut shape: Vec<usize> = slides.iter().map(|slide| slide.kernel).collect();
                shape.extend([channels[0] / groups, channels[1]]);
                let (filters, bias) = (weights(&shape), bias(channels[1]));
                let layer =
                    Convolution::with_window(filters, bias, window(slides), *groups, *layout).unwrap();
                match shifted {
                    true => layer.with_input_shift(self::bias(channels[0])).unwrap().into(),
                    false => layer.into(),
                }
            }
            Self::Transposed { slides, channels, groups, layout } => {
                let mut shape: Vec<usize> = slides.iter().map(|slide| slide.kernel).collect();
                shape.extend([channels[1] / groups, channels[0]]);
                let (filters, bias, window) = (weights(&shape), bias(channels[1]), window(slides));
                let behind: Vec<usize> = slides.iter().map(|slide| slide.rest()).collect();
                TransposedConvolution::new(filters, bias, window, *groups, *layout, &behind).unwrap().into()
            }
            Self::AveragePool { slides, layout, count_padding, .. } => {
                AveragePool::new(window(slides), *layout, *count_padding).unwrap().into()
            }
            Self::Reduce { reduction, axes, ties, .. } => {
                Reduce::new(*reduction, axes.clone(), false).with_ties(*ties).into()
            }
            Self::Scaling { channels, features } => {
                let shift = bias(channels * features).into_shape_with_order(vec![*channels, *features]);
                Scaling::new(weights(&[*channels, 1]), shift.unwrap()).into()
            }
            Self::Local { local: Local::SoftMax, axes, .. } => SoftMax::new(axes[0]).into(),
            Self::Local { local: Local::LogSoftMax, axes, .. } => SoftMax::logarithm(axes[0]).into(),
            Self::Local { local: Local::Normalize(epsilon), axes, .. } => {
                Normalize::new(axes.clone(), *epsilon).into()
            }
            Self::Local { local: Local::Centring, axes, .. } => Normalize::centring(axes.clone()).into(),
            Self::Local { local: Local::Product, .. } => unreachable!("products are joined"),
            Self::Grouped { groups, .. } => Normalize::grouped(*groups, 0.25).into(),
            Self::SumPool { slides, layout, plain, .. } => {
                let make = if *plain { SumPool::plain } else { SumPool::new };
                make(window(slides), *layout).unwrap().into()
            }
            Self::MaxPool { slides, layout, ties, .. } => {
                MaxPool::new(window(slides), *layout).unwrap().with_ties(*ties).into()
            }
            Self::Joined { join, .. } => join.op(),
            Self::Resample { shape, axes } => {
                let sized = axes.iter().map(|(axis, blend)| (*axis, shape[axis - 1], blend.clone()));
                Resample::new(sized.collect()).unwrap().into()
            }
            Self::Running { .. } => custom(Running),
        }
    }
}

/// For every place of a sample, the places that differ from it along these axes only, the first being axis 1.
fn same_but_for(shape: &[usize], axes: &[usize]) -> Vec<Vec<usize>> {
    let count = shape.iter().product();
    let kept = |place: usize| {
        let mut rest = place;
        let mut kept = Vec::new();
        for axis in (0..shape.len()).rev() {
            kept.push(if axes.contains(&(axis + 1)) { 0 } else { rest % shape[axis] });
            rest /= shape[axis];
        }
        kept
    };
    (0..count).map(|j| (0..count).filter(|&i| kept(i) == kept(j)).collect()).collect()
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

/// Some of the features in a shape of their own; what comes back goes to where they were.
#[derive(Debug)]
struct Slice {
    from: usize,
    shape: Vec<usize>,
}

impl Slice {
    fn features(&self) -> usize {
        self.shape.iter().product()
    }

    fn range(&self) -> ndarray::Slice {
        (self.from..self.from + self.features()).into()
    }

    fn place<T: Float>(&self, record: &Record<'_, T>, part: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let mut whole = Tensor::zeros(record.inputs[0].raw_dim());
        let part = part.to_shape(vec![part.shape()[0], self.features()]).unwrap();
        whole.slice_axis_mut(Axis(1), self.range()).assign(&part);
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
        Ok([&inputs[0][..1], &self.shape].concat())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let part = inputs[0].slice_axis(Axis(1), self.range());
        part.to_shape([&inputs[0].shape()[..1], &self.shape].concat()).unwrap().into_owned()
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
