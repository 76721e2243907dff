//! Ways to show a sample and its relevance in one picture.

use clap::{Args, ValueEnum};
use lrp::render::{
    ColorBar, Colormap, DigitOptions, Grid, HeatmapOptions, Normalization, Outline, Picture, Span, blend,
    color_bar, digit, heatmap, montage, overlay, shared_scale, stretch,
};
use ndarray::Array2;

use crate::Outcome;
use crate::picture::{FRAME, OUTLINE, PictureOptions};

#[derive(Args)]
#[command(next_help_heading = "Pictures")]
pub(crate) struct StyleOptions {
    /// How a sample and its relevance are shown
    #[arg(long, value_enum, default_value_t)]
    style: Style,
    #[command(flatten)]
    pub(crate) pictures: PictureOptions,
}

/// A way to show them.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Style {
    /// The relevance alone
    Heatmap,
    /// The sample beside its relevance, with titles and a colour bar
    #[default]
    Pair,
    /// The sample without its colours, covered where relevance is
    Overlay,
    /// The same, covered evenly
    Blend,
    /// Sample, overlay and heatmap beside each other
    Panel,
}

/// A sample as it looks.
pub(crate) enum Motif {
    /// The photo it was made from.
    Photo(Picture),
    /// Its numbers, dark where they are large.
    Numbers(Array2<f64>),
}

impl StyleOptions {
    /// Draws a sample and its relevance, whose target gives the title.
    pub(crate) fn draw(
        &self,
        motif: &Motif,
        relevance: &Array2<f64>,
        normalization: Normalization,
        title: &str,
    ) -> Outcome<Picture> {
        let scaling = self.pictures.scaling(relevance);
        let mut columns = self.columns(motif, relevance, normalization, title, scaling)?;
        if !matches!(self.style, Style::Pair | Style::Panel) {
            return Ok(columns.remove(0).picture);
        }
        let scale = match normalization {
            Normalization::Shared(scale) => scale,
            _ => shared_scale([relevance.view()]),
        };
        beside(columns, self.pictures.colormap()?, scale)
    }

    /// The pictures that the style sets beside each other, so many pixels a value.
    pub(crate) fn columns(
        &self,
        motif: &Motif,
        relevance: &Array2<f64>,
        normalization: Normalization,
        title: &str,
        scaling: usize,
    ) -> Outcome<Vec<Column>> {
        // Digits are recognised by their contours; photos have too many, and single pixels none.
        let lines = match motif {
            Motif::Numbers(numbers) if scaling > 1 => Some(stretch(numbers.view())),
            _ => None,
        };
        let outline = lines.as_ref().map(|lines| Outline { color: OUTLINE, ..Outline::new(lines.view()) });
        let colormap = self.pictures.colormap()?;
        let plain = HeatmapOptions { scaling, colormap, normalization, outline: None };
        let map = || heatmap(relevance.view(), &HeatmapOptions { outline: outline.clone(), ..plain.clone() });
        let over = || overlay(&motif.shown()?, relevance.view(), &plain);
        let input = || Ok::<_, lrp::render::Error>(Column::new("input", motif.shown()?.enlarged(scaling)?));
        Ok(match self.style {
            Style::Heatmap => vec![Column::new(title, map()?)],
            Style::Overlay => vec![Column::new(title, over()?)],
            Style::Blend => {
                vec![Column::new(title, blend(&motif.shown()?, relevance.view(), 0.5, &plain)?)]
            }
            Style::Pair => vec![input()?, Column::new(title, map()?)],
            Style::Panel => vec![input()?, Column::new("overlay", over()?), Column::new(title, map()?)],
        })
    }
}

/// A picture and what stands above it.
pub(crate) struct Column {
    pub(crate) title: String,
    pub(crate) picture: Picture,
}

impl Column {
    fn new(title: &str, picture: Picture) -> Self {
        Self { title: title.to_owned(), picture }
    }
}

impl Motif {
    /// The sample, a pixel a value.
    pub(crate) fn shown(&self) -> Result<Picture, lrp::render::Error> {
        match self {
            Self::Photo(photo) => Ok(photo.clone()),
            Self::Numbers(numbers) => {
                digit(stretch(numbers.view()).view(), &DigitOptions { scaling: 1, ..DigitOptions::default() })
            }
        }
    }
}

/// Pictures under their titles, with a bar that explains the colours.
fn beside(columns: Vec<Column>, colormap: Colormap, scale: f64) -> Outcome<Picture> {
    let length = columns.iter().map(|column| column.picture.height()).max().unwrap_or(0).max(2);
    let (column_labels, pictures) = columns.into_iter().map(|column| (column.title, column.picture)).unzip();
    let bar = ColorBar { colormap, span: Span::Symmetric(scale), length, ..ColorBar::default() };
    let pictures = Grid { rows: vec![pictures], column_labels, frame: FRAME, ..Grid::default() };
    let rows = vec![vec![montage(&pictures)?, color_bar(&bar)?]];
    Ok(montage(&Grid { rows, gap: 0, margin: 0, ..Grid::default() })?)
}
