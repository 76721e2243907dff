//! Max pooling.

use super::only;
use super::sum_pool::WindowSum;
use super::ties::{Award, Ties};
use crate::elementwise::recycle;
use crate::error::Result;
use crate::layer::{Crossing, Flow, Kind, Layer, Mix, Record};
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::{Channels, Window, from_kernel_order, to_kernel_order};

/// `y[n, o, c] = max_window x[n, i, c]`.
///
/// Relevance and gradient of a window go to the entry that won it; for entries that tie see [`Ties`]. Rules
/// that do not look at the input cannot know a winner and see a plain sum over the window instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaxPool {
    window: Window,
    channels: Channels,
    ties: Ties,
}

impl MaxPool {
    /// Pools over windows of activations `[n, space.., c]` or `[n, c, space..]`.
    ///
    /// # Errors
    /// If the window has no, or more than three, spatial axes, a size or stride of zero, or padding as wide
    /// as the window (which could then be empty).
    pub fn new(window: Window, channels: Channels) -> Result<Self> {
        window.check()?;
        window.check_padding()?;
        Ok(Self { window, channels, ties: Ties::default() })
    }

    /// The same layer with another winner where entries tie.
    #[must_use]
    pub fn with_ties(self, ties: Ties) -> Self {
        Self { ties, ..self }
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

    /// Who wins where entries tie.
    #[must_use]
    pub fn ties(&self) -> Ties {
        self.ties
    }

    /// `signal` handed to the winners of each window.
    pub(crate) fn to_winners<T: Float>(
        &self,
        record: &Record<'_, T>,
        signal: TensorView<'_, T>,
        award: Award,
    ) -> Tensor<T> {
        let geometry = self.window.geometry(record.inputs[0].shape(), self.channels);
        let x = to_kernel_order(record.inputs[0].view(), self.channels);
        let y = to_kernel_order(record.output.view(), self.channels);
        let signal = to_kernel_order(signal, self.channels);
        let r = T::pool_to_winners(record.site.kernels(), [x, y, signal], &geometry, award);
        from_kernel_order(r, self.channels, record.inputs[0].ndim())
    }
}

impl<T: Float> Layer<T> for MaxPool {
    fn kind(&self) -> Kind {
        Kind::MaxPool
    }

    fn crossing(&self) -> Crossing {
        Crossing::Either
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        let input = only(inputs)?;
        let (_, sizes, channels) = self.window.split(input, self.channels)?;
        let shape = self.window.output_shape(input, self.channels, channels)?;
        self.window.check_meets(sizes)?;
        Ok(shape)
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], site: Site<'_, T>) -> Tensor<T> {
        let geometry = self.window.geometry(inputs[0].shape(), self.channels);
        let x = to_kernel_order(inputs[0].view(), self.channels);
        from_kernel_order(T::pool_max(site.kernels(), x, &geometry), self.channels, inputs[0].ndim())
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let (input, kernels) = (record.inputs[0].shape(), record.site.kernels());
        let map = Box::new(WindowSum::new(&self.window, self.channels, input, kernels));
        let award = Award::Ties(self.ties);
        let route = Box::new(move |relevance: Tensor<T>| {
            let winners = self.to_winners(record, relevance.view(), award);
            recycle(relevance);
            vec![winners]
        });
        Flow::Either(route, Mix { map, z: None })
    }

    fn gradient(&self, record: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.to_winners(record, upstream, Award::Ties(self.ties))]
    }
}
