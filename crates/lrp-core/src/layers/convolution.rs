//! Convolution over one, two or three spatial axes.

use ndarray::{Array1, ArrayD, ArrayView5, Axis};

use super::{not_finite, only};
use crate::error::{Error, Result};
use crate::kernels::convolution::{Convolve, Direction};
use crate::kernels::{Filters, Geometry, Kernels, naive};
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::{Lenses, WeightLens};
use crate::parameters::Parameters;
use crate::site::{Form, Site};
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
        // The sums over the batch and the space, channels left.
        let bias = [0, 1, 1, 1].iter().fold(s.to_owned().into_dyn(), |sum, &axis| sum.sum_axis(Axis(axis)));
        let correlate = if record.site.kernels() == Kernels::Naive { naive::correlate } else { T::correlate };
        let filters = correlate(x, s, &geometry, self.groups);
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

    fn map<'a>(&'a self, input: &[usize], site: Site<'a, T>) -> Correlation<'a, T> {
        Correlation {
            layer: self,
            geometry: self.window.geometry(input, self.channels),
            site,
            rank: input.len(),
        }
    }

    /// `max(x W + b, 0)`, or without the maximum, in one go.
    pub(super) fn forward_rectified(
        &self,
        inputs: &[TensorView<'_, T>],
        site: Site<'_, T>,
        rectify: bool,
    ) -> Tensor<T> {
        let map = self.map(inputs[0].shape(), site);
        let bias = self.bias.as_standard_layout();
        let finish = (bias.as_slice().unwrap_or_default(), rectify);
        let x = [to_kernel_order(inputs[0].view(), self.channels)];
        map.run(Direction::Forward, &Lenses::one(WeightLens::Value), &x, finish).remove(0)
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

    fn forward(&self, inputs: &[TensorView<'_, T>], site: Site<'_, T>) -> Tensor<T> {
        self.forward_rectified(inputs, site, false)
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let map = Box::new(self.map(record.inputs[0].shape(), record.site));
        Flow::Mix(Mix { map, z: Some(record.output.view()) })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.map(record.inputs[0].shape(), record.site).transpose(WeightLens::Value, upstream)
    }

    fn find_not_finite(&self) -> Option<String> {
        not_finite("filters", self.filters.iter()).or_else(|| not_finite("bias", self.bias.iter()))
    }
}

struct Correlation<'a, T: Float> {
    layer: &'a Convolution<T>,
    geometry: Geometry,
    site: Site<'a, T>,
    rank: usize,
}

impl<T: Float> Correlation<'_, T> {
    /// All sources in one sweep; `finish` is the bias and whether the result is rectified.
    fn run(
        &self,
        direction: Direction,
        lenses: &Lenses,
        sources: &[ArrayView5<'_, T>],
        (bias, rectify): (&[T], bool),
    ) -> Vec<Tensor<T>> {
        let mut weights = self.layer.filters.view();
        while weights.ndim() < 5 {
            weights.insert_axis_inplace(Axis(0));
        }
        let filters = Filters { weights: into_rank(weights), groups: self.layer.groups, lenses };
        let call = Convolve { filters, geometry: &self.geometry, direction };
        let kernels = self.site.kernels();
        let results = if kernels == Kernels::Naive {
            call.run_naive(sources, bias, rectify)
        } else {
            let transforms = call.transforms(kernels);
            let form = Form { lenses: lenses.clone(), direction, transforms };
            let packed = self.site.packed(&form, || T::pack(&call, transforms));
            T::convolve(&call, &packed, sources, bias, rectify)
        };
        results.into_iter().map(|array| from_kernel_order(array, self.layer.channels, self.rank)).collect()
    }
}

impl<T: Float> Affine<T> for Correlation<'_, T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        self.apply_all(&Lenses::one(lens), &[vec![inputs[0].view()]]).remove(0)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.transpose_all(&Lenses::one(lens), &[signal]).remove(0)
    }

    fn apply_all(&self, lenses: &Lenses, looks: &[Vec<TensorView<'_, T>>]) -> Vec<Tensor<T>> {
        let channels = self.layer.channels;
        let sources: Vec<_> = looks.iter().map(|look| to_kernel_order(look[0].view(), channels)).collect();
        let seen = |share| {
            let lens = lenses.bias(share);
            self.layer.bias.iter().map(move |&b| lens.map_or(T::zero(), |lens| lens.see(b)))
        };
        let bias: Vec<T> = (0..lenses.shares()).flat_map(seen).collect();
        self.run(Direction::Forward, lenses, &sources, (&bias, false))
    }

    fn transpose_all(&self, lenses: &Lenses, signals: &[TensorView<'_, T>]) -> Vec<Vec<Tensor<T>>> {
        let channels = self.layer.channels;
        let sources: Vec<_> = signals.iter().map(|signal| to_kernel_order(signal.view(), channels)).collect();
        let results = self.run(Direction::Transposed, lenses, &sources, (&[], false));
        results.into_iter().map(|result| vec![result]).collect()
    }

    fn bias(&self) -> Option<Tensor<T>> {
        Some(self.layer.broadcast_bias())
    }
}
