//! Convolution over one, two or three spatial axes.

use ndarray::{Array1, ArrayD, CowArray, IxDyn};

use super::correlation::Correlation;
use super::{not_finite, only};
use crate::elementwise::broadcast;
use crate::error::{Error, Result};
use crate::kernels::convolution::Direction;
use crate::layer::{Affine, Crossing, Flow, Kind, Layer, Mix, Record};
use crate::lens::{Lenses, WeightLens};
use crate::parameters::Parameters;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::{Channels, Window};

/// Cross-correlation `y[n, o, k] = Σ_{tap, c} x[n, o·stride + tap·dilation − padding, c] · w[tap, c, k] + b[k]`.
///
/// Filters are `[kernel.., inputs / groups, outputs]` whatever the layout of the activations; with several
/// groups, output `k` reads the inputs of group `k / (outputs / groups)`. For the transpose see
/// [`TransposedConvolution`](crate::TransposedConvolution).
#[derive(Clone, Debug, PartialEq)]
pub struct Convolution<T> {
    filters: ArrayD<T>,
    bias: Array1<T>,
    window: Window,
    groups: usize,
    channels: Channels,
    input_shift: Option<Array1<T>>,
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
        check_filters(&filters, &window, groups)?;
        let outputs = filters.shape()[window.kernel().len() + 1];
        if bias.len() != outputs {
            return Err(Error::shape(format!(
                "{outputs} filters do not go with a bias of length {}",
                bias.len()
            )));
        }
        Ok(Self { filters, bias, window, groups, channels, input_shift: None })
    }

    /// The same convolution of `x + t` instead of `x`, with `t` `[inputs]`, where the padding stays zero.
    ///
    /// This is what a shift folded into a padded convolution behind it leaves: to rules the bias is then one for
    /// every output position, `t W + b`.
    ///
    /// # Errors
    /// If there is not one shift an input channel.
    pub fn with_input_shift(self, shift: Array1<T>) -> Result<Self> {
        if shift.len() != self.inputs() {
            let (inputs, length) = (self.inputs(), shift.len());
            return Err(Error::shape(format!("{inputs} input channels do not go with {length} shifts")));
        }
        Ok(Self { input_shift: Some(shift), ..self })
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

    /// What is added to the input, an entry a channel; `None` for nothing.
    #[must_use]
    pub fn input_shift(&self) -> Option<&Array1<T>> {
        self.input_shift.as_ref()
    }

    /// How many input channels, all groups together.
    fn inputs(&self) -> usize {
        self.filters.shape()[self.window.kernel().len()] * self.groups
    }

    /// The signal summed against the windows it came from, and by itself for the bias.
    pub(super) fn parameter_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: TensorView<'_, T>,
    ) -> Parameters<T> {
        let input = self.shifted(&record.inputs[0]);
        self.map(input.shape(), record.site).parameter_gradient(&input.view(), &upstream)
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
            input_shift: self.input_shift.as_ref().map(|shift| shift.mapv(round)),
        }
    }

    fn map<'a>(&'a self, input: &[usize], site: Site<'a, T>) -> Correlation<'a, T> {
        Correlation {
            filters: &self.filters,
            groups: self.groups,
            channels: self.channels,
            geometry: self.window.geometry(input, self.channels),
            direction: Direction::Forward,
            bias: &self.bias,
            offset: None,
            site,
            rank: input.len(),
        }
    }

    /// As [`Convolution::map`], with what the input's shift makes of the bias.
    fn map_to_rules<'a>(&'a self, input: &[usize], site: Site<'a, T>) -> Correlation<'a, T> {
        let map = self.map(input, site);
        let plain = Lenses::one(WeightLens::Value);
        let one = [&[1], &input[1..]].concat();
        let offset = self.input_shift.as_ref().map(|_| {
            let shift = self.shifted(&Tensor::zeros(one).view()).into_owned();
            map.apply_all(&plain, &[vec![shift.view()]]).remove(0)
        });
        Correlation { offset, ..map }
    }

    /// `x + t`
    fn shifted<'a>(&self, x: &'a TensorView<'_, T>) -> CowArray<'a, T, IxDyn> {
        let Some(shift) = &self.input_shift else {
            return x.view().into();
        };
        let mut shape = vec![1; x.ndim() - 1];
        shape[if self.channels == Channels::First { 0 } else { x.ndim() - 2 }] = shift.len();
        let shift = shift.to_shape(shape).expect("axes of size one");
        broadcast(x, &shift.view(), &shift.view(), |x, shift, _| x + shift).into()
    }

    /// `max(x W + b, 0)`, or without the maximum, in one go.
    pub(super) fn forward_rectified(
        &self,
        inputs: &[TensorView<'_, T>],
        site: Site<'_, T>,
        rectify: bool,
    ) -> Tensor<T> {
        let x = self.shifted(&inputs[0]);
        self.map(x.shape(), site).forward(&x.view(), rectify)
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
        let (expected, outputs) = (self.inputs(), self.bias.len());
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
        let map = Box::new(self.map_to_rules(record.inputs[0].shape(), record.site));
        Flow::Mix(Mix { map, z: Some(record.output.view()) })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.map(record.inputs[0].shape(), record.site).transpose(WeightLens::Value, upstream)
    }

    fn find_not_finite(&self) -> Option<String> {
        let shift = || not_finite("input shift", self.input_shift.iter().flatten());
        let bias = || not_finite("bias", self.bias.iter());
        not_finite("filters", self.filters.iter()).or_else(bias).or_else(shift)
    }
}

/// Refuses filters that are not `[kernel.., c, k]` with `k` divided into groups.
pub(super) fn check_filters<T: Float>(filters: &ArrayD<T>, window: &Window, groups: usize) -> Result<()> {
    window.check()?;
    let (shape, kernel) = (filters.shape(), window.kernel());
    let space = kernel.len();
    if shape.len() != space + 2 || &shape[..space] != kernel || filters.is_empty() {
        return Err(Error::shape(format!(
            "filters {shape:?} are not [kernel.., inputs, outputs] with kernel {kernel:?}"
        )));
    }
    let outputs = shape[space + 1];
    if groups == 0 || !outputs.is_multiple_of(groups) {
        return Err(Error::shape(format!("{outputs} filters do not divide into {groups} groups")));
    }
    Ok(())
}
