//! Convolution over one, two or three spatial axes.

use ndarray::{Array1, Array5, ArrayD, ArrayView5, Axis};

use super::{not_finite, only};
use crate::error::{Error, Result};
use crate::kernels::{self, Geometry, Kernels};
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::parameters::Parameters;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::{Channels, Window, from_kernel_order, into_rank, to_kernel_order};

/// Cross-correlation `y[n, o, k] = Σ_{tap, c} x[n, o·stride + tap·dilation − padding, c] · w[tap, c, k] + b[k]`.
///
/// Filters are `[kernel.., inputs / groups, outputs]` whatever the layout of the activations; with several
/// groups, output `k` reads the inputs of group `k / (outputs / groups)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution<T> {
    filters: ArrayD<T>,
    bias: Array1<T>,
    window: Window,
    groups: usize,
    channels: Channels,
}

impl<T: Float> Convolution<T> {
    /// A convolution without padding, dilation or groups whose activations are `[n, space.., c]`.
    ///
    /// # Errors
    /// If `filters` is not `[kernel.., inputs, outputs]` with one to three spatial axes, or if stride or
    /// bias do not fit it.
    pub fn new(filters: ArrayD<T>, bias: Array1<T>, stride: &[usize]) -> Result<Self> {
        let space = filters.ndim().saturating_sub(2);
        let window = Window::new(&filters.shape()[..space]).strided(stride);
        Self::with_window(filters, bias, window, 1, Channels::Last)
    }

    /// A convolution with everything spelled out.
    ///
    /// # Errors
    /// If filters, bias, window and groups do not fit each other.
    pub fn with_window(
        filters: ArrayD<T>,
        bias: Array1<T>,
        window: Window,
        groups: usize,
        channels: Channels,
    ) -> Result<Self> {
        window.check()?;
        let space = window.kernel().len();
        let shape = filters.shape();
        if shape.len() != space + 2 || &shape[..space] != window.kernel() || filters.is_empty() {
            let kernel = window.kernel();
            return Err(Error::shape(format!(
                "filters {shape:?} are not [kernel.., inputs, outputs] with kernel {kernel:?}"
            )));
        }
        let outputs = shape[space + 1];
        if bias.len() != outputs {
            return Err(Error::shape(format!(
                "{outputs} filters do not go with a bias of length {}",
                bias.len()
            )));
        }
        if groups == 0 || !outputs.is_multiple_of(groups) {
            return Err(Error::shape(format!("{outputs} filters do not divide into {groups} groups")));
        }
        Ok(Self { filters, bias, window, groups, channels })
    }

    /// Filters `[kernel.., inputs / groups, outputs]`.
    #[must_use]
    pub fn filters(&self) -> &ArrayD<T> {
        &self.filters
    }

    /// Bias `[outputs]`.
    #[must_use]
    pub fn bias(&self) -> &Array1<T> {
        &self.bias
    }

    /// Size, stride, padding and dilation of the window.
    #[must_use]
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// How many groups the channels divide into.
    #[must_use]
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Where the activations keep their channels.
    #[must_use]
    pub fn channels(&self) -> Channels {
        self.channels
    }

    /// The signal summed against the windows it came from, and by itself for the bias.
    pub(super) fn parameter_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: TensorView<'_, T>,
    ) -> Parameters<T> {
        let input = &record.inputs[0];
        let geometry = self.window.geometry(input.shape(), self.channels);
        let x = to_kernel_order(input.view(), self.channels);
        let s = to_kernel_order(upstream, self.channels);
        let bias = (0..4).fold(s.into_dyn().into_owned(), |sum, _| sum.sum_axis(Axis(0)));
        let filters = kernels::correlate(record.kernels, x, s, &geometry, self.groups);
        let weights =
            filters.into_shape_with_order(self.filters.raw_dim()).expect("axes of size one were added");
        Parameters { weights, bias: into_rank(bias) }
    }

    pub(super) fn map_parameters(self, f: impl FnOnce(Parameters<T>) -> Parameters<T>) -> Result<Self> {
        let old = Parameters { weights: self.filters, bias: self.bias };
        let Parameters { weights: filters, bias } = old.replaced(f)?;
        Ok(Self { filters, bias, ..self })
    }

    pub(super) fn cast<U: Float>(&self) -> Convolution<U> {
        let round = |value: T| U::of(value.as_f64());
        Convolution {
            filters: self.filters.mapv(round),
            bias: self.bias.mapv(round),
            window: self.window.clone(),
            groups: self.groups,
            channels: self.channels,
        }
    }

    fn map(&self, input: &[usize], kernels: Kernels) -> Correlation<'_, T> {
        Correlation {
            layer: self,
            geometry: self.window.geometry(input, self.channels),
            kernels,
            rank: input.len(),
        }
    }

    fn broadcast_bias(&self) -> Tensor<T> {
        let mut bias = self.bias.clone().into_dyn();
        let (front, back) = match self.channels {
            Channels::Last => (self.window.kernel().len() + 1, 0),
            Channels::First => (1, self.window.kernel().len()),
        };
        for _ in 0..front {
            bias = bias.insert_axis(Axis(0));
        }
        for _ in 0..back {
            bias = {
                let rank = bias.ndim();
                bias.insert_axis(Axis(rank))
            };
        }
        bias
    }
}

impl<T: Float> Layer<T> for Convolution<T> {
    fn kind(&self) -> Kind {
        Kind::Convolution
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        let space = self.window.kernel().len();
        let (expected, outputs) =
            (self.filters.shape()[space] * self.groups, self.filters.shape()[space + 1]);
        let (_, _, found) = self.window.split(input, self.channels)?;
        if found != expected {
            return Err(Error::shape(format!("input {input:?} has {found} channels, expected {expected}")));
        }
        self.window.output_shape(input, self.channels, outputs)
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], kernels: Kernels) -> Tensor<T> {
        self.map(inputs[0].shape(), kernels).apply(WeightLens::Value, inputs) + &self.broadcast_bias()
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let map = Box::new(self.map(record.inputs[0].shape(), record.kernels));
        Flow::Mix(Mix { map, z: Some(record.output.view()) })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.map(record.inputs[0].shape(), record.kernels).transpose(WeightLens::Value, upstream)
    }

    fn find_not_finite(&self) -> Option<String> {
        not_finite("filters", self.filters.iter()).or_else(|| not_finite("bias", self.bias.iter()))
    }
}

struct Correlation<'a, T: Float> {
    layer: &'a Convolution<T>,
    geometry: Geometry,
    kernels: Kernels,
    rank: usize,
}

impl<T: Float> Correlation<'_, T> {
    fn with_filters<R>(&self, lens: WeightLens, run: impl FnOnce(ArrayView5<'_, T>) -> R) -> R {
        let mut filters = self.layer.filters.view();
        while filters.ndim() < 5 {
            filters.insert_axis_inplace(Axis(0));
        }
        let filters: ArrayView5<'_, T> = into_rank(filters);
        match lens {
            WeightLens::Value => run(filters),
            _ => run(filters.mapv(|w| lens.see(w)).view()),
        }
    }

    fn finish(&self, array: Array5<T>) -> Tensor<T> {
        from_kernel_order(array, self.layer.channels, self.rank)
    }
}

impl<T: Float> Affine<T> for Correlation<'_, T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        let x = to_kernel_order(inputs[0].view(), self.layer.channels);
        self.finish(
            self.with_filters(lens, |w| {
                kernels::convolve(self.kernels, x, w, &self.geometry, self.layer.groups)
            }),
        )
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        let s = to_kernel_order(signal, self.layer.channels);
        vec![self.finish(self.with_filters(lens, |w| {
            kernels::convolve_transposed(self.kernels, s, w, &self.geometry, self.layer.groups)
        }))]
    }

    fn bias(&self) -> Option<Tensor<T>> {
        Some(self.layer.broadcast_bias())
    }
}
