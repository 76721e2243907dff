//! Convolution and its transpose: which kernel serves which filters, and weights packed for it.

use ndarray::{Array5, ArrayView1, ArrayView5};

use super::direct::{self, Pass};
use super::panels::Panels;
use super::planes::{Bank, Division, Finish, Planes, Targets};
use super::unrolled::Unrolled;
use super::winograd;
use super::{Filters, Geometry, Kernels, memory, naive};
use crate::lens::WeightLens;
use crate::tensor::Float;

/// Whether values go from input to output or back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Forward,
    Transposed,
}

impl Direction {
    /// The other one.
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Forward => Self::Transposed,
            Self::Transposed => Self::Forward,
        }
    }
}

/// Filters in the order a kernel reads them.
#[derive(Debug)]
pub enum Packed<T> {
    Direct(Vec<Panels<T>>),
    Unrolled(Panels<T>),
    Winograd(winograd::Filters<T>),
}

/// One call: filters over windows of some geometry, in one direction.
#[derive(Clone, Copy, Debug)]
pub struct Convolve<'a, T> {
    pub(crate) filters: Filters<'a, T>,
    pub(crate) geometry: &'a Geometry,
    pub(crate) direction: Direction,
}

impl<T: Float> Convolve<'_, T> {
    /// Whether the transform of three by three windows serves this call.
    pub(crate) fn transforms(&self, kernels: Kernels) -> bool {
        let [channels, outputs] = self.channels();
        // Twice the precision is asked for where the last digits matter.
        kernels == Kernels::Fast
            && size_of::<T>() == size_of::<f32>()
            && self.filters.groups == 1
            && winograd::pays(&self.same_size(), channels, outputs)
    }

    /// Packs the filters.
    pub(crate) fn pack(&self, transforms: bool) -> Packed<T> {
        let Filters { weights, groups, lenses } = self.filters;
        let [channels, outputs] = self.channels();
        // Channels of one group.
        let (_, _, _, from, all) = weights.dim();
        let to = all / groups;
        let mirror = self.direction == Direction::Transposed && transforms;
        let filter = |[group, output, input]: [usize; 3], taps: &[[usize; 3]], filter: &mut [T]| {
            let (share, k, look, c) = match self.direction {
                Direction::Forward => (output / to, output % to, input / from, input % from),
                Direction::Transposed => (input / to, input % to, output / from, output % from),
            };
            let Some(lens) = lenses.get(share, look) else {
                filter.fill(T::zero());
                return;
            };
            for (&[d, h, w], seen) in taps.iter().zip(filter) {
                let [h, w] = if mirror { [2 - h, 2 - w] } else { [h, w] };
                *seen = lens.see(weights[[d, h, w, c, group * to + k]]);
            }
        };
        let bank = Bank { groups, inputs: channels, outputs, filter: &filter };
        if transforms {
            return Packed::Winograd(winograd::Filters::new(&bank));
        }
        let (passes, unrolled) = (self.passes(), Unrolled::new(self.geometry, self.direction));
        if unrolled.pays(&passes, channels, outputs) {
            return Packed::Unrolled(unrolled.pack(&bank));
        }
        let panels =
            |pass: &Pass| Panels::new(&pass.taps().collect::<Vec<_>>(), &bank, pass.along(channels, outputs));
        Packed::Direct(passes.iter().map(panels).collect())
    }

    /// `Σ` over the filters, of all `sources` at once; one array a target. The bias has one entry an output
    /// channel of every target.
    pub(crate) fn run(
        &self,
        packed: &Packed<T>,
        sources: &[ArrayView5<'_, T>],
        bias: &[T],
        rectify: bool,
    ) -> Vec<Array5<T>> {
        let Filters { weights, groups, lenses } = self.filters;
        let channels = [weights.shape()[3], weights.shape()[4] / groups];
        let (from, to, count) = match self.direction {
            Direction::Forward => (self.geometry.input, self.geometry.output, lenses.shares()),
            Direction::Transposed => (self.geometry.output, self.geometry.input, lenses.looks()),
        };
        let [source, target] = match self.direction {
            Direction::Forward => channels,
            Direction::Transposed => [channels[1], channels[0]],
        };
        let batch = sources[0].shape()[0];
        let division =
            |channels, size: [usize; 3]| Division { batch, groups, channels, volume: size.iter().product() };
        let standard: Vec<_> = sources.iter().map(|source| source.as_standard_layout()).collect();
        let arrays = standard.iter().map(|array| array.as_slice().unwrap_or_default()).collect();
        let planes = Planes { arrays, division: division(source, from) };
        let division = division(target, to);
        let mut results: Vec<Vec<T>> = (0..count).map(|_| memory::take(division.elements())).collect();
        let finish = Finish { bias, rectify };
        // What no tap reaches is written by nobody.
        if self.passes().iter().any(Pass::is_empty) {
            finish.fill(&mut results, &division);
        }
        let targets = Targets::new(&mut results, division);
        match packed {
            Packed::Winograd(filters) => {
                winograd::run(&self.same_size(), filters, &planes, &targets, finish);
            }
            Packed::Unrolled(panels) => {
                Unrolled::new(self.geometry, self.direction).run(panels, &planes, &targets, finish);
            }
            Packed::Direct(panels) => {
                for (pass, panels) in self.passes().iter().zip(panels) {
                    direct::run(pass, panels, &planes, &targets, finish);
                }
            }
        }
        let shape = (batch, groups * target, to[0], to[1], to[2]);
        let array = |values| Array5::from_shape_vec(shape, values).expect("as many as the division says");
        results.into_iter().map(array).collect()
    }

    /// The same by its definition.
    pub(crate) fn run_naive(
        &self,
        sources: &[ArrayView5<'_, T>],
        bias: &[T],
        rectify: bool,
    ) -> Vec<Array5<T>> {
        let Filters { weights, groups, lenses } = self.filters;
        let size = |[d, h, w]: [usize; 3], channels| (sources[0].shape()[0], channels, d, h, w);
        let (count, shape) = match self.direction {
            Direction::Forward => (lenses.shares(), size(self.geometry.output, weights.shape()[4])),
            Direction::Transposed => (lenses.looks(), size(self.geometry.input, weights.shape()[3] * groups)),
        };
        let part = |read: usize, written: usize| {
            let (share, look) = match self.direction {
                Direction::Forward => (written, read),
                Direction::Transposed => (read, written),
            };
            let seen = lenses.get(share, look).map(|lens| weights.mapv(|w| lens.see(w)))?;
            let naive = match self.direction {
                Direction::Forward => naive::convolve,
                Direction::Transposed => naive::convolve_transposed,
            };
            Some(naive(sources[read].view(), seen.view(), self.geometry, groups))
        };
        let parts = |written: usize| (0..sources.len()).filter_map(move |read| part(read, written));
        let finish = |written: usize, mut array: Array5<T>| {
            if let Some(bias) = bias.chunks_exact(shape.1).nth(written) {
                let bias = ArrayView1::from(bias);
                array += &bias.to_shape((1, shape.1, 1, 1, 1)).expect("one entry a channel");
            }
            if rectify { array.mapv(|value| WeightLens::Positive.see(value)) } else { array }
        };
        let add = |sum: Array5<T>, part: Array5<T>| sum + part;
        (0..count).map(|written| finish(written, parts(written).fold(Array5::zeros(shape), add))).collect()
    }

    /// Channels `[read, written]` of one group, all arrays together.
    fn channels(&self) -> [usize; 2] {
        let Filters { weights, groups, lenses } = self.filters;
        let (from, to) = (weights.shape()[3] * lenses.looks(), weights.shape()[4] / groups * lenses.shares());
        match self.direction {
            Direction::Forward => [from, to],
            Direction::Transposed => [to, from],
        }
    }

    fn passes(&self) -> Vec<Pass> {
        match self.direction {
            Direction::Forward => vec![Pass::forward(self.geometry)],
            Direction::Transposed => Pass::transposed(self.geometry),
        }
    }

    /// At stride one the transpose is a convolution itself, with mirrored filters and the rest of the padding.
    fn same_size(&self) -> Geometry {
        let Geometry { input, output, kernel, padding, .. } = *self.geometry;
        match self.direction {
            Direction::Forward => *self.geometry,
            Direction::Transposed => Geometry {
                input: output,
                output: input,
                padding: std::array::from_fn(|axis| (kernel[axis] - 1).saturating_sub(padding[axis])),
                ..*self.geometry
            },
        }
    }
}
