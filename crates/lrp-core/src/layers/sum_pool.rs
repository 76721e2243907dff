//! Sum pooling.

use super::only;
use crate::error::Result;
use crate::kernels::{Geometry, Kernels};
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::{Channels, Window, from_kernel_order, to_kernel_order};

/// `y[n, o, c] = g · Σ_window x[n, i, c]` with `g = 1 / √taps`, the toolbox's pooling: neither sum nor mean.
///
/// To rules the layer is a plain sum followed by a factor: they see weights of one and `z = Σ x`, so that a
/// stabilizer means the same whatever the window's size.
///
/// A [plain](SumPool::plain) one has `g = 1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumPool {
    window: Window,
    channels: Channels,
    plain: bool,
}

impl SumPool {
    /// Pools over windows of activations `[n, space.., c]` or `[n, c, space..]`.
    ///
    /// # Errors
    /// If the window has no, or more than three, spatial axes, or a size or stride of zero.
    pub fn new(window: Window, channels: Channels) -> Result<Self> {
        window.check()?;
        Ok(Self { window, channels, plain: false })
    }

    /// The sum without a factor.
    ///
    /// # Errors
    /// As [`SumPool::new`].
    pub fn plain(window: Window, channels: Channels) -> Result<Self> {
        Ok(Self { plain: true, ..Self::new(window, channels)? })
    }

    /// Whether there is no factor.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.plain
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

    fn scale<T: Float>(&self) -> T {
        #[expect(clippy::cast_precision_loss, reason = "a window has far fewer than 2^52 taps")]
        let taps = self.window.taps() as f64;
        if self.plain { T::one() } else { T::of(1.0 / taps.sqrt()) }
    }

    fn map(&self, input: &[usize], kernels: Kernels) -> WindowSum {
        WindowSum::new(&self.window, self.channels, input, kernels)
    }
}

impl<T: Float> Layer<T> for SumPool {
    fn kind(&self) -> Kind {
        Kind::SumPool
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        let (_, _, channels) = self.window.split(input, self.channels)?;
        self.window.output_shape(input, self.channels, channels)
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], site: Site<'_, T>) -> Tensor<T> {
        self.map(inputs[0].shape(), site.kernels()).apply(WeightLens::Value, inputs) * self.scale::<T>()
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Mix(Mix { map: Box::new(self.map(record.inputs[0].shape(), record.site.kernels())), z: None })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let scaled = upstream.mapv(|value| value * self.scale::<T>());
        self.map(record.inputs[0].shape(), record.site.kernels()).transpose(WeightLens::Value, scaled.view())
    }
}

/// The sum over a window: an affine map whose every weight is one.
pub(super) struct WindowSum {
    geometry: Geometry,
    channels: Channels,
    rank: usize,
    kernels: Kernels,
}

impl WindowSum {
    pub(super) fn new(window: &Window, channels: Channels, input: &[usize], kernels: Kernels) -> Self {
        Self { geometry: window.geometry(input, channels), channels, rank: input.len(), kernels }
    }
    /// Every window's sum times `tap`.
    pub(super) fn gather<T: Float>(&self, x: &TensorView<'_, T>, tap: T) -> Tensor<T> {
        let x = to_kernel_order(x.view(), self.channels);
        from_kernel_order(T::pool_sum(self.kernels, x, &self.geometry, tap), self.channels, self.rank)
    }

    /// The transpose of [`WindowSum::gather`].
    pub(super) fn spread<T: Float>(&self, signal: &TensorView<'_, T>, tap: T) -> Tensor<T> {
        let s = to_kernel_order(signal.view(), self.channels);
        from_kernel_order(T::pool_spread(self.kernels, s, &self.geometry, tap), self.channels, self.rank)
    }
}

impl<T: Float> Affine<T> for WindowSum {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        self.gather(&inputs[0], lens.see(T::one()))
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.spread(&signal, lens.see(T::one()))]
    }
}
