//! Filters over windows as an affine map, in either direction: what convolutions are to rules.

use ndarray::{Array1, Array5, ArrayD, ArrayView5, Axis};
use num_traits::Zero;

use crate::kernels::convolution::{Convolve, Direction};
use crate::kernels::{Filters, Geometry, Kernels, channels};
use crate::layer::Affine;
use crate::lens::{Lenses, WeightLens};
use crate::parameters::Parameters;
use crate::site::{Form, Site};
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::{Channels, from_kernel_order, into_rank, to_kernel_order};

pub(super) struct Correlation<'a, T: Float> {
    /// `[kernel.., c / groups, k]`, where forward is from `c` channels to `k`.
    pub(super) filters: &'a ArrayD<T>,
    pub(super) groups: usize,
    pub(super) channels: Channels,
    pub(super) geometry: Geometry,
    /// Which way the layer runs.
    pub(super) direction: Direction,
    pub(super) bias: &'a Array1<T>,
    /// The result for an input of zeros but for the bias, `[1, …]`, where that is not zero.
    pub(super) offset: Option<Tensor<T>>,
    pub(super) site: Site<'a, T>,
    pub(super) rank: usize,
}

/// Whether values take the way of the layer or its way back.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    There,
    Back,
}

impl<T: Float> Correlation<'_, T> {
    /// `x W + b`, or `max(x W + b, 0)`, in one go.
    pub(super) fn forward(&self, x: &TensorView<'_, T>, rectify: bool) -> Tensor<T> {
        let bias = self.bias.as_standard_layout();
        let finish = (bias.as_slice().unwrap_or_default(), rectify);
        let x = [to_kernel_order(x.view(), self.channels)];
        self.run(Way::There, &Lenses::one(WeightLens::Value), &x, finish).remove(0)
    }

    /// The signal summed against the windows it came from, and by itself for the bias.
    pub(super) fn parameter_gradient(
        &self,
        input: &TensorView<'_, T>,
        upstream: &TensorView<'_, T>,
    ) -> Parameters<T> {
        let [x, s] = [input, upstream].map(|array| to_kernel_order(array.view(), self.channels));
        // The sums over the batch and the space, channels left.
        let bias = [0, 1, 1, 1].iter().fold(s.to_owned().into_dyn(), |sum, &axis| sum.sum_axis(Axis(axis)));
        let (from, to) = match self.direction {
            Direction::Forward => (x, s),
            Direction::Transposed => (s, x),
        };
        let filters = T::correlate(self.site.kernels(), from, to, &self.geometry, self.groups);
        let weights =
            filters.into_shape_with_order(self.filters.raw_dim()).expect("axes of size one were added");
        Parameters { weights, bias: into_rank(bias) }
    }

    /// All sources in one sweep; `finish` is the bias and whether the result is rectified.
    fn run(
        &self,
        way: Way,
        lenses: &Lenses,
        sources: &[ArrayView5<'_, T>],
        (bias, rectify): (&[T], bool),
    ) -> Vec<Tensor<T>> {
        let mut weights = self.filters.view();
        while weights.ndim() < 5 {
            weights.insert_axis_inplace(Axis(0));
        }
        let direction = if way == Way::There { self.direction } else { self.direction.reversed() };
        let lenses = match self.direction {
            Direction::Forward => lenses.clone(),
            // What are shares to the layer are looks to its filters.
            Direction::Transposed => lenses.transposed(),
        };
        let filters = Filters { weights: into_rank(weights), groups: self.groups, lenses: &lenses };
        let call = Convolve { filters, geometry: &self.geometry, direction };
        let kernels = self.site.kernels();
        let results = if self.is_window_sum(&lenses, bias) {
            vec![self.window_sum(direction, sources[0])]
        } else if kernels == Kernels::Naive {
            T::convolve_naive(&call, sources, bias, rectify)
        } else {
            let transforms = call.transforms(kernels);
            let form = Form { lenses: lenses.clone(), direction, transforms };
            let packed = self.site.packed(&form, || T::pack(&call, transforms));
            T::convolve(&call, &packed, sources, bias, rectify)
        };
        results.into_iter().map(|array| from_kernel_order(array, self.channels, self.rank)).collect()
    }

    fn broadcast_bias(&self) -> Tensor<T> {
        let mut shape = vec![1; self.rank];
        shape[if self.channels == Channels::First { 1 } else { self.rank - 1 }] = self.bias.len();
        self.bias.to_shape(shape).expect("axes of size one").into_owned()
    }
}

/// Where every weight is seen as one, all outputs are the same sum over the window and the channels.
impl<T: Float> Correlation<'_, T> {
    fn is_window_sum(&self, lenses: &Lenses, bias: &[T]) -> bool {
        let plain = self.site.kernels() != Kernels::Naive && self.groups == 1;
        plain && *lenses == Lenses::one(WeightLens::One) && bias.iter().all(Zero::is_zero)
    }

    /// Channels summed up first, then windows, then handed to all channels.
    fn window_sum(&self, direction: Direction, source: ArrayView5<'_, T>) -> Array5<T> {
        let lenses = Lenses::one(WeightLens::One);
        let sum = channels::sum(source);
        let taps = Array5::ones(self.geometry.filters(1, 1, 1));
        let filters = Filters { weights: taps.view(), groups: 1, lenses: &lenses };
        let call = Convolve { filters, geometry: &self.geometry, direction };
        let one = T::convolve(&call, &T::pack(&call, false), &[sum.view()], &[], false).remove(0);
        let [.., inputs, outputs] = self.filters.shape() else { unreachable!("filters have channels") };
        channels::repeat(one.view(), if direction == Direction::Forward { *outputs } else { *inputs })
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
        let sources: Vec<_> =
            looks.iter().map(|look| to_kernel_order(look[0].view(), self.channels)).collect();
        let shares = 0..lenses.shares();
        if let (Some(_), Some(bias)) = (&self.offset, self.bias()) {
            let add = |(sum, share): (Tensor<T>, usize)| match lenses.bias(share) {
                Some(lens) => sum + bias.mapv(|b| lens.see(b)),
                None => sum,
            };
            let sums = self.run(Way::There, lenses, &sources, (&[], false));
            return sums.into_iter().zip(shares).map(add).collect();
        }
        let seen = |share| {
            let lens = lenses.bias(share);
            self.bias.iter().map(move |&b| lens.map_or(T::zero(), |lens| lens.see(b)))
        };
        let bias: Vec<T> = shares.flat_map(seen).collect();
        self.run(Way::There, lenses, &sources, (&bias, false))
    }

    fn transpose_all(&self, lenses: &Lenses, signals: &[TensorView<'_, T>]) -> Vec<Vec<Tensor<T>>> {
        let sources: Vec<_> =
            signals.iter().map(|signal| to_kernel_order(signal.view(), self.channels)).collect();
        let results = self.run(Way::Back, lenses, &sources, (&[], false));
        results.into_iter().map(|result| vec![result]).collect()
    }

    fn bias(&self) -> Option<Tensor<T>> {
        let bias = self.broadcast_bias();
        Some(match &self.offset {
            Some(offset) => offset + &bias,
            None => bias,
        })
    }
}
