//! What is learned from: inputs, and what they should become.

use lrp_core::{Float, Tensor};
use ndarray::{Array2, Axis, Slice};

use crate::error::{Error, ErrorKind, Result};
use crate::random::{Use, choose, generator};

/// Inputs `[n, …]` and targets `[n, c]`, a row for each input.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples<T> {
    inputs: Tensor<T>,
    targets: Array2<T>,
}

impl<T: Float> Examples<T> {
    /// Inputs with any targets.
    ///
    /// # Errors
    /// If there are none, or not one row of targets for each input.
    pub fn new(inputs: Tensor<T>, targets: Array2<T>) -> Result<Self> {
        let count = inputs.shape().first().copied().unwrap_or_default();
        if count == 0 || count != targets.nrows() || targets.ncols() == 0 {
            let (inputs, targets) = (inputs.shape(), targets.shape());
            let message =
                format!("inputs {inputs:?} and targets {targets:?} are not [n, ...] and [n, classes]");
            return Err(Error::new(ErrorKind::Examples, message));
        }
        Ok(Self { inputs, targets })
    }

    /// Inputs of known classes: the target is 1 for the class and 0 elsewhere.
    ///
    /// # Errors
    /// If there are none, not one class for each input, or a class beyond `count`.
    pub fn with_classes(inputs: Tensor<T>, classes: &[usize], count: usize) -> Result<Self> {
        if let Some(position) = classes.iter().position(|&class| class >= count) {
            let class = classes[position];
            let message =
                format!("example {position} is of class {class}; classes are 0 to {}", count.max(1) - 1);
            return Err(Error::new(ErrorKind::Examples, message));
        }
        let one_hot = |(example, class)| if classes[example] == class { T::one() } else { T::zero() };
        Self::new(inputs, Array2::from_shape_fn((classes.len(), count), one_hot))
    }

    /// How many there are, at least one.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is at least one")]
    pub fn len(&self) -> usize {
        self.targets.nrows()
    }

    /// Inputs `[n, …]`.
    #[must_use]
    pub fn inputs(&self) -> &Tensor<T> {
        &self.inputs
    }

    /// Targets `[n, c]`.
    #[must_use]
    pub fn targets(&self) -> &Array2<T> {
        &self.targets
    }

    /// Two parts, the second a random `fraction` of the whole, both in their old order.
    ///
    /// # Errors
    /// If one part would be empty.
    pub fn split(self, fraction: f64, seed: u64) -> Result<(Self, Self)> {
        let count = self.len();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of examples; not-a-number becomes 0"
        )]
        let held_out = (fraction * count as f64).round() as usize;
        if held_out == 0 || held_out >= count {
            let message =
                format!("cannot hold out {fraction} of {count} examples; both parts need one at least");
            return Err(Error::new(ErrorKind::Settings, message));
        }
        let chosen = choose(&mut generator(seed, Use::HeldOut), count, held_out);
        let rest: Vec<usize> = (0..count).filter(|index| chosen.binary_search(index).is_err()).collect();
        Ok((self.select(&rest), self.select(&chosen)))
    }

    pub(crate) fn select(&self, positions: &[usize]) -> Self {
        Self {
            inputs: self.inputs.select(Axis(0), positions),
            targets: self.targets.select(Axis(0), positions),
        }
    }

    /// Pieces of `size` examples; the last may be shorter.
    pub(crate) fn pieces(&self, size: usize) -> Vec<(Tensor<T>, Array2<T>)> {
        let starts = (0..self.len()).step_by(size);
        starts
            .map(|start| {
                let rows = Slice::from(start..(start + size).min(self.len()));
                let inputs = self.inputs.slice_axis(Axis(0), rows).to_owned();
                (inputs, self.targets.slice_axis(Axis(0), rows).to_owned())
            })
            .collect()
    }

    pub(crate) fn with_inputs(self, inputs: Tensor<T>) -> Result<Self> {
        Self::new(inputs, self.targets)
    }
}
