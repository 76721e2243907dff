//! What convolutions read and write: channel planes of one or several arrays, and weights by their place.

use super::parallel::Shared;
use crate::lens::WeightLens;
use crate::tensor::Float;

/// How arrays `[batch, groups · channels, volume]` are divided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Division {
    pub(crate) batch: usize,
    pub(crate) groups: usize,
    /// Channels of one group in one array.
    pub(crate) channels: usize,
    /// Elements of a plane.
    pub(crate) volume: usize,
}

impl Division {
    pub(crate) fn elements(&self) -> usize {
        self.batch * self.groups * self.channels * self.volume
    }

    /// The array and the start in it of plane `index` of a group, counted through all arrays.
    fn locate(&self, sample: usize, group: usize, index: usize) -> (usize, usize) {
        let (array, channel) = (index / self.channels, index % self.channels);
        (array, ((sample * self.groups + group) * self.channels + channel) * self.volume)
    }
}

/// Arrays read together: their channels count on from one to the next.
#[derive(Debug)]
pub(super) struct Planes<'a, T> {
    pub(super) arrays: Vec<&'a [T]>,
    pub(super) division: Division,
}

impl<T> Planes<'_, T> {
    /// Planes of one sample and group.
    pub(super) fn count(&self) -> usize {
        self.arrays.len() * self.division.channels
    }

    pub(super) fn plane(&self, sample: usize, group: usize, index: usize) -> &[T] {
        let (array, start) = self.division.locate(sample, group, index);
        &self.arrays[array][start..start + self.division.volume]
    }

    /// The planes of one sample and group, where one array has them all, and what follows them.
    pub(super) fn planes(&self, sample: usize, group: usize) -> &[T] {
        let (array, start) = self.division.locate(sample, group, 0);
        &self.arrays[array][start..]
    }
}

/// Arrays written together, by several threads.
#[derive(Debug)]
pub(super) struct Targets<T> {
    arrays: Vec<Shared<T>>,
    pub(super) division: Division,
}

impl<T> Targets<T> {
    pub(super) fn new(arrays: &mut [Vec<T>], division: Division) -> Self {
        Self { arrays: arrays.iter_mut().map(|array| Shared::new(array)).collect(), division }
    }

    /// Planes of one sample and group.
    pub(super) fn count(&self) -> usize {
        self.arrays.len() * self.division.channels
    }

    /// What is added to the sums of one output.
    #[inline(always)]
    pub(super) fn bias(&self, finish: Finish<'_, T>, group: usize, index: usize) -> T
    where
        T: Float,
    {
        let Division { groups, channels, .. } = self.division;
        let channel = (index / channels * groups + group) * channels + index % channels;
        finish.bias.get(channel).copied().unwrap_or_else(T::zero)
    }

    /// The same for a block of `rows` outputs from `first` on; rows that it does not have are as its last.
    #[inline(always)]
    pub(super) fn biases<const ROWS: usize>(
        &self,
        finish: Finish<'_, T>,
        group: usize,
        first: usize,
        rows: usize,
    ) -> [T; ROWS]
    where
        T: Float,
    {
        std::array::from_fn(|row| self.bias(finish, group, first + row.min(rows - 1)))
    }

    /// The planes of `count` outputs as one, if they lie behind each other.
    #[inline(always)]
    pub(super) fn planes(
        &self,
        sample: usize,
        group: usize,
        first: usize,
        count: usize,
    ) -> Option<Plane<'_, T>> {
        let Division { channels, volume, .. } = self.division;
        let together = first / channels == (first + count - 1) / channels;
        together.then(|| Plane { volume: count * volume, ..self.plane(sample, group, first) })
    }

    /// The plane of one output.
    #[inline(always)]
    pub(super) fn plane(&self, sample: usize, group: usize, index: usize) -> Plane<'_, T> {
        let (array, start) = self.division.locate(sample, group, index);
        Plane { array: &self.arrays[array], start, volume: self.division.volume }
    }
}

/// A plane that several threads write, each its own elements.
#[derive(Clone, Copy)]
pub(super) struct Plane<'a, T> {
    array: &'a Shared<T>,
    start: usize,
    volume: usize,
}

impl<'a, T> Plane<'a, T> {
    /// Where element `start` lies, with `length` elements from there on.
    #[inline(always)]
    pub(super) fn place(self, start: usize, length: usize) -> *mut T {
        debug_assert!(start + length <= self.volume, "a part lies inside its plane");
        self.array.place(self.start + start, length)
    }

    /// `length` elements from `start`.
    ///
    /// # Safety
    /// As [`Shared::part`].
    #[inline(always)]
    pub(super) unsafe fn part(self, start: usize, length: usize) -> &'a mut [T] {
        debug_assert!(start + length <= self.volume, "a part lies inside its plane");
        // SAFETY: the caller vouches that nobody else uses these elements.
        unsafe { self.array.part(self.start + start, length) }
    }
}

/// Weights asked for a filter at a time, to be packed.
pub(super) struct Bank<'a, T> {
    pub(super) groups: usize,
    /// Of one group, all arrays together.
    pub(super) inputs: usize,
    pub(super) outputs: usize,
    pub(super) filter: &'a FilterAt<'a, T>,
}

/// Writes the weights of `[group, output, input]` at the given taps.
pub(super) type FilterAt<'a, T> = dyn Fn([usize; 3], &[[usize; 3]], &mut [T]) + Sync + 'a;

/// What becomes of a sum before it is written.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Finish<'a, T> {
    /// Added to each output, one entry a channel of every array in turn; nothing where empty.
    pub(crate) bias: &'a [T],
    /// Whether negative values become zero.
    pub(crate) rectify: bool,
}

impl<T: Float> Finish<'_, T> {
    /// Writes what becomes of sums of nothing.
    pub(super) fn fill(&self, arrays: &mut [Vec<T>], division: &Division) {
        let channels = division.groups * division.channels;
        for (index, array) in arrays.iter_mut().enumerate() {
            for (plane, values) in array.chunks_exact_mut(division.volume.max(1)).enumerate() {
                let bias = self.bias.get(index * channels + plane % channels);
                let bias = bias.copied().unwrap_or_else(T::zero);
                values.fill(if self.rectify { WeightLens::Positive.see(bias) } else { bias });
            }
        }
    }
}
