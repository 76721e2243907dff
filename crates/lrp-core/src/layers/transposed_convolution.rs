//! The transpose of a convolution as a layer of its own, also called deconvolution.

use ndarray::{Array1, ArrayD};

use super::convolution::check_filters;
use super::correlation::Correlation;
use super::{not_finite, only};
use crate::error::{Error, Result};
use crate::kernels::convolution::Direction;
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::WeightLens;
use crate::parameters::Parameters;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::{Channels, Window};

/// `y[n, i·stride + tap·dilation − padding, k] = Σ_{tap, c} x[n, i, c] · w[tap, k, c] + b[k]`, summed over all `i` and
/// `tap` that reach a place.
///
/// Filters are those of the convolution it is the transpose of, `[kernel.., outputs / groups, inputs]`: from this
/// layer's output to its input. The output has `(size − 1)·stride + dilation·(kernel − 1) + 1 − padding` places
/// along an axis, and `output_padding` more behind.
#[derive(Clone, Debug, PartialEq)]
pub struct TransposedConvolution<T> {
    filters: ArrayD<T>,
    bias: Array1<T>,
    window: Window,
    groups: usize,
    channels: Channels,
    output_padding: Vec<usize>,
}

impl<T: Float> TransposedConvolution<T> {
    /// The transpose of a convolution, with filters `[kernel.., outputs / groups, inputs]` and bias `[outputs]`.
    ///
    /// # Errors
    /// If filters, bias, window, groups and output padding do not fit each other.
    pub fn new(
        filters: ArrayD<T>,
        bias: Array1<T>,
        window: Window,
        groups: usize,
        channels: Channels,
        output_padding: &[usize],
    ) -> Result<Self> {
        check_filters(&filters, &window, groups)?;
        let space = window.kernel().len();
        let outputs = filters.shape()[space] * groups;
        if bias.len() != outputs {
            let length = bias.len();
            return Err(Error::shape(format!("{outputs} outputs do not go with a bias of length {length}")));
        }
        if output_padding.len() != space {
            return Err(Error::shape("kernel and output padding differ in length"));
        }
        if window.rounds_up() {
            return Err(Error::shape("the window of a transposed convolution cannot round up"));
        }
        let output_padding = output_padding.to_vec();
        Ok(Self { filters, bias, window, groups, channels, output_padding })
    }

    /// Filters `[kernel.., outputs / groups, inputs]`.
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

    /// How many places there are behind those that the window says, an entry an axis.
    #[must_use]
    pub fn output_padding(&self) -> &[usize] {
        &self.output_padding
    }

    /// See [`Convolution`](crate::Convolution).
    pub(super) fn parameter_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: TensorView<'_, T>,
    ) -> Parameters<T> {
        self.map(record.inputs[0].shape(), record.site).parameter_gradient(&record.inputs[0], &upstream)
    }

    pub(super) fn map_parameters(self, f: impl FnOnce(Parameters<T>) -> Parameters<T>) -> Result<Self> {
        let old = Parameters { weights: self.filters, bias: self.bias };
        let Parameters { weights: filters, bias } = old.replaced(f)?;
        Ok(Self { filters, bias, ..self })
    }

    pub(super) fn cast<U: Float>(&self) -> TransposedConvolution<U> {
        let round = |value: T| U::of(value.as_f64());
        TransposedConvolution {
            filters: self.filters.mapv(round),
            bias: self.bias.mapv(round),
            window: self.window.clone(),
            groups: self.groups,
            channels: self.channels,
            output_padding: self.output_padding.clone(),
        }
    }

    fn sizes(&self, input: &[usize]) -> Option<Vec<usize>> {
        self.window.transposed_sizes(self.channels.space(input), &self.output_padding)
    }

    fn map<'a>(&'a self, input: &[usize], site: Site<'a, T>) -> Correlation<'a, T> {
        let sizes = self.channels.space(input);
        let output = self.sizes(input).unwrap_or_else(|| vec![0; sizes.len()]);
        Correlation {
            filters: &self.filters,
            groups: self.groups,
            channels: self.channels,
            geometry: self.window.geometry_between(&output, sizes),
            direction: Direction::Transposed,
            bias: &self.bias,
            offset: None,
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
        self.map(inputs[0].shape(), site).forward(&inputs[0], rectify)
    }
}

impl<T: Float> Layer<T> for TransposedConvolution<T> {
    fn kind(&self) -> Kind {
        Kind::Convolution
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        let expected = self.filters.shape()[self.window.kernel().len() + 1];
        let (n, space, found) = self.window.split(input, self.channels)?;
        if found != expected {
            return Err(Error::shape(format!("input {input:?} has {found} channels, expected {expected}")));
        }
        let sizes = self.sizes(input).ok_or_else(|| {
            Error::shape(format!(
                "window {:?} makes nothing of an input of size {space:?}",
                self.window.kernel()
            ))
        })?;
        Ok(self.channels.shape(n, &sizes, self.bias.len()))
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
