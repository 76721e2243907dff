//! Samples and their relevance as pictures, one drawn at a time.

use lrp::core::{Float, cast};
use lrp::render::{Normalization, Picture, row};
use ndarray::{Array2, ArrayD, Axis};

use super::explained::Explained;
use super::results::OutputOptions;
use crate::Outcome;
use crate::model::{Batch, Model};
use crate::style::{Motif, StyleOptions};

/// A batch that can be drawn.
pub(super) struct Drawing<'a, T: Float> {
    style: &'a StyleOptions,
    model: &'a Model<T>,
    batch: &'a Batch<T>,
}

/// Its relevance for one target, as planes on their scale.
pub(super) struct Maps<'a, T: Float> {
    drawing: &'a Drawing<'a, T>,
    planes: Vec<Array2<f64>>,
    titles: Vec<String>,
    normalization: Normalization,
}

impl<'a, T: Float> Drawing<'a, T> {
    /// `None` if no pictures are wanted, or nobody insists and the samples are no images; texts never are.
    pub(super) fn of(
        style: &'a StyleOptions,
        output: &OutputOptions,
        model: &'a Model<T>,
        batch: &'a Batch<T>,
    ) -> Outcome<Option<Self>> {
        if !output.draws() {
            return Ok(None);
        }
        if batch.texts.is_some() {
            let name = batch.path.display();
            let refused = || format!("{name}: a text is no picture; its words are printed in colours");
            return if output.png { Err(refused().into()) } else { Ok(None) };
        }
        let drawing = Self { style, model, batch };
        match drawing.plane(&cast(&batch.inputs), 0) {
            Ok(_) => Ok(Some(drawing)),
            Err(error) if output.insists() || style.pictures.image.is_some() => {
                Err(format!("{}: cannot be drawn: {error}", batch.path.display()).into())
            }
            Err(_) => Ok(None),
        }
    }

    pub(super) fn maps(&'a self, explained: &Explained<T>) -> Outcome<Maps<'a, T>> {
        let planes: Vec<Array2<f64>> = (0..self.batch.positions.len())
            .map(|sample| self.plane(&explained.relevance, sample))
            .collect::<Outcome<_>>()?;
        let titles = explained.records.iter().map(|record| record.aim.describe(self.model)).collect();
        let normalization = self.style.pictures.normalization(&planes);
        Ok(Maps { drawing: self, planes, titles, normalization })
    }

    fn plane(&self, values: &ArrayD<f64>, sample: usize) -> Outcome<Array2<f64>> {
        self.style.pictures.plane(&values.index_axis(Axis(0), sample), self.model.channels())
    }

    /// The sample as it looks: the photo it was made from, or its numbers.
    pub(super) fn motif(&self, sample: usize) -> Outcome<Motif> {
        let input = cast(&self.batch.inputs.index_axis(Axis(0), sample).to_owned());
        match self.model.preparation.picture_of(&input.view()) {
            Some(photo) => Ok(Motif::Photo(Picture::new(photo)?)),
            None => Ok(Motif::Numbers(self.style.pictures.plane(&input.view(), self.model.channels())?)),
        }
    }
}

impl<T: Float> Maps<'_, T> {
    pub(super) fn draw(&self, sample: usize) -> Outcome<Picture> {
        let motif = self.drawing.motif(sample)?;
        self.drawing.style.draw(&motif, &self.planes[sample], self.normalization, &self.titles[sample])
    }

    /// The pictures of a sample side by side, a pixel a value, for screens that have few.
    pub(super) fn draw_coarsely(&self, sample: usize) -> Outcome<Picture> {
        let motif = self.drawing.motif(sample)?;
        let style = self.drawing.style;
        let columns =
            style.columns(&motif, &self.planes[sample], self.normalization, &self.titles[sample], 1)?;
        let pictures: Vec<Picture> = columns.into_iter().map(|column| column.picture).collect();
        Ok(row(&pictures, 1)?)
    }

    pub(super) fn plane(&self, sample: usize) -> &Array2<f64> {
        &self.planes[sample]
    }
}
