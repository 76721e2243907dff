//! Windows sliding over one, two or three spatial axes, and where an array keeps its channels.

use crate::error::{Error, Result};
use crate::kernels::Geometry;
use ndarray::{ArrayBase, Axis, Data, Dimension, Ix5, IxDyn};

/// Which axis of `[n, …]` holds the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Channels {
    /// `[n, h, w, c]`: the toolbox's models.
    #[default]
    Last,
    /// `[n, c, h, w]`: most other systems.
    First,
}

impl Channels {
    /// The spatial sizes of `[n, …]`.
    pub(crate) fn space(self, shape: &[usize]) -> &[usize] {
        match self {
            Self::Last => &shape[1..shape.len() - 1],
            Self::First => &shape[2..],
        }
    }

    /// The shape of `n` samples of these spatial sizes.
    pub(crate) fn shape(self, n: usize, sizes: &[usize], channels: usize) -> Vec<usize> {
        match self {
            Self::Last => [&[n], sizes, &[channels]].concat(),
            Self::First => [&[n, channels], sizes].concat(),
        }
    }
}

/// The shape of a sliding window, one entry a spatial axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    kernel: Vec<usize>,
    stride: Vec<usize>,
    padding: Vec<[usize; 2]>,
    dilation: Vec<usize>,
    rounds_up: bool,
}

impl Window {
    /// A window of the given size that moves by one, neither padded nor dilated.
    #[must_use]
    pub fn new(kernel: &[usize]) -> Self {
        let rank = kernel.len();
        Self {
            kernel: kernel.to_vec(),
            stride: vec![1; rank],
            padding: vec![[0, 0]; rank],
            dilation: vec![1; rank],
            rounds_up: false,
        }
    }

    /// The same window moving by `stride`; a layer made of it refuses one of another length.
    #[must_use]
    pub fn strided(self, stride: &[usize]) -> Self {
        Self { stride: stride.to_vec(), ..self }
    }

    /// The same window over an input with `[before, after]` rows of zeros around it.
    #[must_use]
    pub fn padded(self, padding: &[[usize; 2]]) -> Self {
        Self { padding: padding.to_vec(), ..self }
    }

    /// The same window with its taps `dilation` apart.
    #[must_use]
    pub fn dilated(self, dilation: &[usize]) -> Self {
        Self { dilation: dilation.to_vec(), ..self }
    }

    /// The same window with one more position where a stride leaves a rest, reaching beyond the padding behind;
    /// not where it would start there.
    #[must_use]
    pub fn rounded_up(self) -> Self {
        Self { rounds_up: true, ..self }
    }

    /// Window size, one entry a spatial axis.
    #[must_use]
    pub fn kernel(&self) -> &[usize] {
        &self.kernel
    }

    /// Step between windows.
    #[must_use]
    pub fn stride(&self) -> &[usize] {
        &self.stride
    }

    /// Zeros `[before, after]` each spatial axis.
    #[must_use]
    pub fn padding(&self) -> &[[usize; 2]] {
        &self.padding
    }

    /// Distance between taps.
    #[must_use]
    pub fn dilation(&self) -> &[usize] {
        &self.dilation
    }

    /// Whether a rest that the stride leaves is covered too; see [`Window::rounded_up`].
    #[must_use]
    pub fn rounds_up(&self) -> bool {
        self.rounds_up
    }

    /// How many entries a window has in one channel.
    #[must_use]
    pub fn taps(&self) -> usize {
        self.kernel.iter().product()
    }

    /// Whether the window is the plain kind the toolbox knows: two axes, no padding, no dilation.
    #[must_use]
    pub fn is_plain_2d(&self) -> bool {
        self.kernel.len() == 2
            && !self.rounds_up
            && self.padding.iter().flatten().all(|&p| p == 0)
            && self.dilation.iter().all(|&d| d == 1)
    }

    pub(crate) fn check(&self) -> Result<()> {
        let rank = self.kernel.len();
        if !(1..=3).contains(&rank) {
            return Err(Error::shape(format!("a window has 1 to 3 spatial axes, not {rank}")));
        }
        if self.stride.len() != rank || self.padding.len() != rank || self.dilation.len() != rank {
            return Err(Error::shape("kernel, stride, padding and dilation differ in length"));
        }
        if self.kernel.contains(&0) || self.stride.contains(&0) || self.dilation.contains(&0) {
            return Err(Error::shape("kernel, stride and dilation must be at least 1"));
        }
        Ok(())
    }

    /// Splits `[n, …]` into batch, spatial sizes and channels, after checking the rank.
    pub(crate) fn split<'s>(
        &self,
        shape: &'s [usize],
        channels: Channels,
    ) -> Result<(usize, &'s [usize], usize)> {
        let rank = self.kernel.len();
        let layout = if channels == Channels::Last {
            "[batch, space.., channels]"
        } else {
            "[batch, channels, space..]"
        };
        match (channels, shape) {
            (Channels::Last, [n, space @ .., c]) if space.len() == rank => Ok((*n, space, *c)),
            (Channels::First, [n, c, space @ ..]) if space.len() == rank => Ok((*n, space, *c)),
            _ => Err(Error::shape(format!(
                "input has shape {shape:?}, expected {layout} with {rank} spatial axes"
            ))),
        }
    }

    /// `dilation·(kernel − 1) + 1`: how far a window reaches along an axis.
    fn reach(&self, axis: usize) -> Option<usize> {
        self.dilation[axis].checked_mul(self.kernel[axis] - 1)?.checked_add(1)
    }

    /// Output sizes, `floor((size + padding − dilation·(kernel − 1) − 1) / stride) + 1` an axis.
    fn output_sizes(&self, sizes: &[usize]) -> Option<Vec<usize>> {
        let size = |axis: usize| {
            let [before, behind] = self.padding[axis];
            let room = sizes[axis].checked_add(before)?.checked_add(behind)?;
            let last = room.checked_sub(self.reach(axis)?)?;
            let fit = last / self.stride[axis] + 1;
            let starts_inside = fit.checked_mul(self.stride[axis])? < sizes[axis] + before;
            let rest = !last.is_multiple_of(self.stride[axis]);
            Some(if self.rounds_up && rest && starts_inside { fit + 1 } else { fit })
        };
        (0..sizes.len()).map(size).collect()
    }

    /// The sizes whose windows are these outputs, and `extra` more behind: the transpose of the forward pass.
    ///
    /// `(size − 1)·stride + dilation·(kernel − 1) + 1 + extra − padding` an axis.
    pub(crate) fn transposed_sizes(&self, sizes: &[usize], extra: &[usize]) -> Option<Vec<usize>> {
        let size = |axis: usize| {
            let first = sizes[axis].checked_sub(1)?.checked_mul(self.stride[axis])?;
            let whole = first.checked_add(self.reach(axis)?)?.checked_add(extra[axis])?;
            let [before, behind] = self.padding[axis];
            whole.checked_sub(before)?.checked_sub(behind).filter(|&size| size > 0)
        };
        (0..sizes.len()).map(size).collect()
    }

    /// How many taps of each window along each axis are in an input of these sizes, or also in the padding.
    pub(crate) fn counts(&self, sizes: &[usize], with_padding: bool) -> Vec<Vec<usize>> {
        let outputs = self.output_sizes(sizes).unwrap_or_default();
        let count = |axis: usize, output: usize| {
            let [before, behind] = self.padding[axis];
            let counted = match with_padding {
                true => 0..before + sizes[axis] + behind,
                false => before..before + sizes[axis],
            };
            let start = output * self.stride[axis];
            let taps = (0..self.kernel[axis]).map(|tap| start + tap * self.dilation[axis]);
            taps.filter(|place| counted.contains(place)).count()
        };
        let counts = |axis: usize| (0..outputs[axis]).map(|output| count(axis, output)).collect();
        (0..outputs.len()).map(counts).collect()
    }

    /// Refuses padding so wide that a window could hold nothing else.
    pub(crate) fn check_padding(&self) -> Result<()> {
        let too_wide = |(padding, &size): (&[usize; 2], &usize)| padding.iter().any(|&p| p >= size);
        if self.padding.iter().zip(&self.kernel).any(too_wide) {
            return Err(Error::shape(format!(
                "padding {:?} must be narrower than the window {:?}",
                self.padding, self.kernel
            )));
        }
        Ok(())
    }

    /// Refuses an input of which some window sees nothing.
    pub(crate) fn check_meets(&self, sizes: &[usize]) -> Result<()> {
        if self.misses(sizes) {
            return Err(Error::shape(format!(
                "a window over an input of size {sizes:?} holds nothing but padding"
            )));
        }
        Ok(())
    }

    /// Whether some window meets none of an input of these sizes, as dilated ones can between its ends.
    ///
    /// The padding must be narrower than the window, so that one without dilation always meets it.
    fn misses(&self, sizes: &[usize]) -> bool {
        let outputs = self.output_sizes(sizes).unwrap_or_default();
        let meets = |axis: usize, o: usize| {
            let mut taps =
                (0..self.kernel[axis]).map(|tap| o * self.stride[axis] + tap * self.dilation[axis]);
            let before = self.padding[axis][0];
            taps.any(|tap| (before..before + sizes[axis]).contains(&tap))
        };
        let mut dilated = (0..outputs.len()).filter(|&axis| self.dilation[axis] > 1);
        dilated.any(|axis| !(0..outputs[axis]).all(|o| meets(axis, o)))
    }

    /// The full output shape, `outputs` channels wide.
    pub(crate) fn output_shape(
        &self,
        shape: &[usize],
        channels: Channels,
        outputs: usize,
    ) -> Result<Vec<usize>> {
        let (n, sizes, _) = self.split(shape, channels)?;
        let sizes = self.output_sizes(sizes).ok_or_else(|| {
            Error::shape(format!("window {:?} does not fit an input of size {sizes:?}", self.kernel))
        })?;
        Ok(channels.shape(n, &sizes, outputs))
    }

    /// What the kernels need to know, with missing spatial axes filled by ones.
    ///
    /// `shape` must have passed [`Window::output_shape`].
    pub(crate) fn geometry(&self, shape: &[usize], channels: Channels) -> Geometry {
        let sizes = channels.space(shape);
        let output = self.output_sizes(sizes).unwrap_or_else(|| vec![0; sizes.len()]);
        self.geometry_between(sizes, &output)
    }

    /// As [`Window::geometry`], for an output of any size.
    pub(crate) fn geometry_between(&self, input: &[usize], output: &[usize]) -> Geometry {
        let missing = 3 - self.kernel.len();
        let fill = |values: &[usize]| {
            std::array::from_fn(|axis| if axis < missing { 1 } else { values[axis - missing] })
        };
        let padding =
            std::array::from_fn(|axis| if axis < missing { 0 } else { self.padding[axis - missing][0] });
        Geometry {
            input: fill(input),
            output: fill(output),
            kernel: fill(&self.kernel),
            stride: fill(&self.stride),
            dilation: fill(&self.dilation),
            padding,
        }
    }
}

/// Sees `[n, space.., c]` or `[n, c, space..]` as `[n, c, d, h, w]`, the one order kernels know.
///
/// Axes are only permuted and inserted; nothing is copied.
pub(crate) fn to_kernel_order<S: Data>(array: ArrayBase<S, IxDyn>, channels: Channels) -> ArrayBase<S, Ix5> {
    let rank = array.ndim();
    let mut array = match channels {
        Channels::First => array,
        Channels::Last => {
            let order: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
            array.permuted_axes(order)
        }
    };
    while array.ndim() < 5 {
        array = array.insert_axis(Axis(2));
    }
    into_rank(array)
}

/// The inverse of [`to_kernel_order`] for an array of logical rank `rank`.
pub(crate) fn from_kernel_order<S: Data>(
    array: ArrayBase<S, Ix5>,
    channels: Channels,
    rank: usize,
) -> ArrayBase<S, IxDyn> {
    let mut array = array.into_dyn();
    while array.ndim() > rank {
        array = array.index_axis_move(Axis(2), 0);
    }
    match channels {
        Channels::First => array,
        Channels::Last => {
            let order: Vec<usize> = std::iter::once(0).chain(2..rank).chain(std::iter::once(1)).collect();
            array.permuted_axes(order)
        }
    }
}

/// Fixes the rank of an array that is known to have it.
pub(crate) fn into_rank<S: Data, D: Dimension>(array: ArrayBase<S, IxDyn>) -> ArrayBase<S, D> {
    array.into_dimensionality::<D>().expect("the rank was checked when shapes were")
}
