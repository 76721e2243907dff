//! Rows of a table, looked up by their number: how words become vectors.

use ndarray::{Array1, Array2, ArrayView1, Axis, Dimension};

use super::{not_finite, only};
use crate::error::{Error, Result};
use crate::layer::{Crossing, Flow, Kind, Layer, Record};
use crate::parameters::Parameters;
use crate::site::Site;
use crate::tensor::{Float, Tensor, TensorView};
use crate::window::into_rank;

/// `y[n, ..] = table[x[n, ..]]` with `x` `[n, ..]` whole numbers, `table` `[entries, width]`, `y` `[n, .., width]`.
///
/// Relevance of a row goes back to the number it was looked up by, as a sum. The derivative by that number is zero:
/// entry 3 is not between entries 2 and 4.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding<T> {
    table: Array2<T>,
    fixed: Option<usize>,
}

impl<T: Float> Embedding<T> {
    /// A layer that looks things up in a table `[entries, width]`.
    ///
    /// # Errors
    /// If there is nothing in the table.
    pub fn new(table: Array2<T>) -> Result<Self> {
        match table.is_empty() {
            true => Err(Error::shape(format!("a table of shape {:?} holds no entry", table.shape()))),
            false => Ok(Self { table, fixed: None }),
        }
    }

    /// The same layer with an entry that is not learned, such as the zeros that pad a text.
    #[must_use]
    pub fn with_fixed(self, entry: usize) -> Self {
        Self { fixed: Some(entry), ..self }
    }

    /// The table `[entries, width]`.
    #[must_use]
    pub fn table(&self) -> &Array2<T> {
        &self.table
    }

    /// The entry that is not learned.
    #[must_use]
    pub fn fixed(&self) -> Option<usize> {
        self.fixed
    }

    /// The entry that a number means, if it is the number of one.
    fn entry(&self, number: T) -> Option<usize> {
        number.to_usize().filter(|&entry| entry < self.table.nrows() && number.fract() == T::zero())
    }

    /// Refuses numbers that are not those of entries.
    pub(crate) fn check_numbers(&self, numbers: &TensorView<'_, T>) -> Result<()> {
        let Some((place, number)) = numbers.indexed_iter().find(|(_, number)| self.entry(**number).is_none())
        else {
            return Ok(());
        };
        let (place, last) = (place.slice(), self.table.nrows() - 1);
        let (sample, place) = (place[0], &place[1..]);
        Err(Error::lookup(format!(
            "sample {sample} holds {number} at {place:?}, expected a whole number from 0 to {last}"
        )))
    }

    /// The entries that checked numbers mean, in order.
    fn entries(&self, numbers: &TensorView<'_, T>) -> impl Iterator<Item = usize> {
        numbers.iter().map(|&number| self.entry(number).expect("the input was checked"))
    }

    /// `Σ g` over the places that look an entry up, for every entry that is learned.
    pub(super) fn parameter_gradient(
        &self,
        record: &Record<'_, T>,
        upstream: &TensorView<'_, T>,
    ) -> Parameters<T> {
        let mut table = Array2::zeros(self.table.raw_dim());
        let rows = upstream.rows();
        let looked_up = self.entries(&record.inputs[0]).zip(rows);
        for (entry, row) in looked_up.filter(|(entry, _)| self.fixed != Some(*entry)) {
            let mut sum = table.row_mut(entry);
            sum += &row;
        }
        Parameters { weights: table.into_dyn(), bias: Array1::zeros(0) }
    }

    pub(super) fn map_parameters(self, f: impl FnOnce(Parameters<T>) -> Parameters<T>) -> Result<Self> {
        let old = Parameters { weights: self.table.into_dyn(), bias: Array1::zeros(0) };
        Ok(Self { table: into_rank(old.replaced(f)?.weights), fixed: self.fixed })
    }

    /// The bias that it does not have.
    pub(super) fn no_bias<'a>() -> ArrayView1<'a, T> {
        ArrayView1::from(&[])
    }

    pub(super) fn cast<U: Float>(&self) -> Embedding<U> {
        Embedding { table: self.table.mapv(|value| U::of(value.as_f64())), fixed: self.fixed }
    }
}

impl<T: Float> Layer<T> for Embedding<T> {
    fn kind(&self) -> Kind {
        Kind::Embedding
    }

    fn crossing(&self) -> Crossing {
        Crossing::Route
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        match only(inputs)? {
            [] => Err(Error::shape("input has no batch axis")),
            shape => Ok([shape, &[self.table.ncols()]].concat()),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        let entries: Vec<usize> = self.entries(&inputs[0]).collect();
        let shape = [inputs[0].shape(), &[self.table.ncols()]].concat();
        self.table.select(Axis(0), &entries).into_shape_with_order(shape).expect("a row each")
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let last = Axis(record.output.ndim() - 1);
        Flow::Route(Box::new(move |relevance| vec![relevance.sum_axis(last)]))
    }

    fn gradient(&self, record: &Record<'_, T>, _: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![Tensor::zeros(record.inputs[0].raw_dim())]
    }

    fn find_not_finite(&self) -> Option<String> {
        not_finite("table", self.table.iter())
    }
}
