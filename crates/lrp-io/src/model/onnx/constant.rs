//! Values that do not depend on what is fed to a network; on the size of the batch they may.

use ndarray::{ArcArray, ArrayD, ArrayViewD, IxDyn};

use crate::error::{Error, Result};

/// An array known when a model is read.
///
/// Exporters compute shapes within the graph, so the size of the batch goes through sums, products and slices
/// before it arrives in a `Reshape`. What depends on it is therefore computed twice, for a batch of one sample and
/// for a batch of two: an element that was 1 and became 2 *is* the size of the batch, one that stayed has nothing
/// to do with it, and all arithmetic works in between. No array computed so is larger than twice what one sample
/// needs.
#[derive(Clone, Debug)]
pub(super) struct Constant {
    one: Numbers,
    /// Only if it differs.
    two: Option<Numbers>,
    integer: bool,
}

/// Shared, since several nodes may read an array; whoever is the last gets it without a copy.
type Numbers = ArcArray<f64, IxDyn>;

/// An integer that may depend on the size of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Size {
    /// The same for every batch.
    Fixed(i64),
    /// The size of the batch.
    Batch,
    /// Any other function of it.
    Varying,
}

impl Constant {
    /// What does not depend on the batch.
    pub(super) fn new(values: ArrayD<f64>, integer: bool) -> Self {
        Self { one: values.into_shared(), two: None, integer }
    }

    /// A list of integers, which for a batch of two is another.
    pub(super) fn sizes(one: &[usize], two: &[usize]) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "no array has 2^52 elements")]
        let list = |sizes: &[usize]| {
            sizes.iter().map(|&size| size as f64).collect::<ndarray::Array1<_>>().into_dyn()
        };
        Self::of_batches(list(one), Some(list(two)), true)
    }

    /// What `one` is for a batch of one and `two`, if it depends on that, for a batch of two.
    fn of_batches(one: ArrayD<f64>, two: Option<ArrayD<f64>>, integer: bool) -> Self {
        let two = two.filter(|two| *two != one).map(ArrayD::into_shared);
        Self { one: one.into_shared(), two, integer }
    }

    /// Whether the numbers are integers or truth values, so that division truncates.
    pub(super) fn is_integer(&self) -> bool {
        self.integer
    }

    /// The same numbers as integers or not.
    pub(super) fn typed(self, integer: bool) -> Self {
        Self { integer, ..self }
    }

    /// The shape for a batch of one.
    pub(super) fn shape(&self) -> &[usize] {
        self.one.shape()
    }

    /// The shapes for batches of one and two.
    pub(super) fn shapes(&self) -> [&[usize]; 2] {
        [self.one.shape(), self.two.as_ref().unwrap_or(&self.one).shape()]
    }

    /// How many numbers there are.
    pub(super) fn elements(&self) -> usize {
        self.one.len() + self.two.as_ref().map_or(0, ArcArray::len)
    }

    /// What `f` makes of constants, for every size of the batch that matters.
    pub(super) fn combine(
        constants: &[&Self],
        integer: bool,
        mut f: impl FnMut(&[ArrayViewD<'_, f64>]) -> Result<ArrayD<f64>>,
    ) -> Result<Self> {
        let one: Vec<_> = constants.iter().map(|constant| constant.one.view()).collect();
        let one = f(&one)?;
        if constants.iter().all(|constant| constant.two.is_none()) {
            return Ok(Self::new(one, integer));
        }
        let two: Vec<_> =
            constants.iter().map(|constant| constant.two.as_ref().unwrap_or(&constant.one).view()).collect();
        let two = f(&two)?;
        Ok(Self::of_batches(one, Some(two), integer))
    }

    /// The array, if it is the same for every batch.
    pub(super) fn fixed(self) -> Result<ArrayD<f64>> {
        match self.two {
            None => Ok(self.one.into_owned()),
            Some(_) => {
                Err(Error::unsupported("depends on the size of the batch, expected one that does not"))
            }
        }
    }

    /// As [`Constant::fixed`], without giving it away.
    pub(super) fn view(&self) -> Result<ArrayViewD<'_, f64>> {
        match self.two {
            None => Ok(self.one.view()),
            Some(_) => {
                Err(Error::unsupported("depends on the size of the batch, expected one that does not"))
            }
        }
    }

    /// The array without the axis along which it is repeated for every sample; it may have size one instead.
    pub(super) fn of_a_sample(&self, batch: usize) -> Result<ArrayD<f64>> {
        let axis = ndarray::Axis(batch);
        let empty = || Error::format("has no elements");
        let first = self.one.axis_iter(axis).next().ok_or_else(empty)?;
        let repeats = |all: &Numbers| all.axis_iter(axis).all(|sample| sample == first);
        match repeats(&self.one) && self.two.as_ref().is_none_or(repeats) {
            true => Ok(first.to_owned()),
            false => Err(Error::unsupported("has other numbers for every sample of the batch")),
        }
    }

    /// The one number of an array of one element.
    pub(super) fn scalar(&self) -> Result<f64> {
        let view = self.view()?;
        match (view.first(), view.len()) {
            (Some(&value), 1) => Ok(value),
            (_, count) => Err(Error::format(format!("has {count} elements, expected one"))),
        }
    }

    /// A list of integers; one integer counts as a list.
    pub(super) fn integers(&self) -> Result<Vec<Size>> {
        let two = self.two.as_ref().unwrap_or(&self.one);
        if self.one.ndim() > 1 || two.len() != self.one.len() {
            return Err(Error::format(format!("has shape {:?}, expected a list of integers", self.shape())));
        }
        self.one.iter().zip(two).map(|(&one, &two)| size(one, two)).collect()
    }
}

fn size(one: f64, two: f64) -> Result<Size> {
    if one.fract() != 0.0 || !one.is_finite() {
        return Err(Error::format(format!("holds {one}, expected an integer")));
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "it is an integer, and the largest ones may saturate"
    )]
    Ok(match (one, two) {
        (1.0, 2.0) => Size::Batch,
        (one, two) if one == two => Size::Fixed(one as i64),
        _ => Size::Varying,
    })
}
