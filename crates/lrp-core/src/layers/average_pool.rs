//! Average pooling.

use ndarray::IxDyn;

use super::only;
use super::sum_pool::WindowSum;
use crate::elementwise::broadcast;
use crate::error::Result;
use crate::kernels::Kernels;
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::{Channels, Window};

/// `y[n, o, c] = 1/count · Σ_window x[n, i, c]`: the mean over a window.
///
/// The count is of the entries of the input in the window or, if asked for, also of those in the padding. To rules
/// every weight is `1/count`. [`SumPool`](crate::SumPool) is the toolbox's pooling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AveragePool {
    window: Window,
    channels: Channels,
    count_padding: bool,
}

impl AveragePool {
    /// Pools over windows of activations `[n, space.., c]` or `[n, c, space..]`.
    ///
    /// # Errors
    /// If the window has no, or more than three, spatial axes, a size or stride of zero, or, unless padding counts,
    /// padding as wide as the window (which could then be empty).
    pub fn new(window: Window, channels: Channels, count_padding: bool) -> Result<Self> {
        window.check()?;
        if !count_padding {
            window.check_padding()?;
        }
        Ok(Self { window, channels, count_padding })
    }

    /// Size, stride, padding and dilation of the window.
    #[must_use]
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// Where the activations keep their channels.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// Whether entries in the padding count.
    #[must_use]
    pub fn counts_padding(&self) -> bool {
        self.count_padding
    }

    fn map<T: Float>(&self, input: &[usize], kernels: Kernels) -> WindowMean<T> {
        let sum = WindowSum::new(&self.window, self.channels, input, kernels);
        let counts = self.window.counts(self.channels.space(input), self.count_padding);
        #[expect(clippy::cast_precision_loss, reason = "a window has far fewer than 2^52 taps")]
        let share = |count: usize| T::of(1.0 / count as f64);
        if counts.iter().all(|axis| axis.iter().all(|count| count == &axis[0])) {
            let count = counts.iter().map(|axis| axis[0]).product();
            return WindowMean { sum, shares: Shares::Even(share(count)) };
        }
        let sizes: Vec<usize> = counts.iter().map(Vec::len).collect();
        let first = if self.channels == Channels::First { 2 } else { 1 };
        let shares = Tensor::from_shape_fn(self.channels.shape(1, &sizes, 1), |at: IxDyn| {
            share(counts.iter().enumerate().map(|(axis, counts)| counts[at[first + axis]]).product())
        });
        WindowMean { sum, shares: Shares::Each(shares) }
    }
}

impl<T: Float> Layer<T> for AveragePool {
    fn kind(&self) -> Kind {
        Kind::AveragePool
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        let (_, sizes, channels) = self.window.split(input, self.channels)?;
        let shape = self.window.output_shape(input, self.channels, channels)?;
        if !self.count_padding {
            self.window.check_meets(sizes)?;
        }
        Ok(shape)
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], site: Site<'_, T>) -> Tensor<T> {
        self.map(inputs[0].shape(), site.kernels()).apply(WeightLens::Value, inputs)
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let map = self.map(record.inputs[0].shape(), record.site.kernels());
        Flow::Mix(Mix { map: Box::new(map), z: Some(record.output.view()) })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.map(record.inputs[0].shape(), record.site.kernels()).transpose(WeightLens::Value, upstream)
    }
}

/// The mean over a window: an affine map whose weights are the same within each window.
struct WindowMean<T> {
    sum: WindowSum,
    shares: Shares<T>,
}

/// One over the count of each window.
enum Shares<T> {
    Even(T),
    /// Shaped like the output of one sample with one channel.
    Each(Tensor<T>),
}

impl<T: Float> WindowMean<T> {
    fn weigh(lens: WeightLens, array: &TensorView<'_, T>, shares: &Tensor<T>) -> Tensor<T> {
        let seen = shares.mapv(|share| lens.see(share));
        broadcast(array, &seen.view(), &seen.view(), |value, share, _| share * value)
    }
}

impl<T: Float> Affine<T> for WindowMean<T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        match &self.shares {
            Shares::Even(share) => self.sum.gather(&inputs[0], lens.see(*share)),
            Shares::Each(shares) => Self::weigh(lens, &self.sum.gather(&inputs[0], T::one()).view(), shares),
        }
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![match &self.shares {
            Shares::Even(share) => self.sum.spread(&signal, lens.see(*share)),
            Shares::Each(shares) => self.sum.spread(&Self::weigh(lens, &signal, shares).view(), T::one()),
        }]
    }
}
