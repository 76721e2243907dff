//! Ways to show a sample and its relevance in one picture.

use clap::{Args, ValueEnum};
use lrp::render::{
    ColorBar, DigitOptions, Grid, HeatmapOptions, Normalization, Outline, Picture, Span, blend, color_bar,
    digit, heatmap, montage, overlay, shared_scale, stretch,
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
        // Digits are recognised by their contours; photos have too many.
        let lines = match motif {
            Motif::Photo(_) => None,
            Motif::Numbers(numbers) => Some(stretch(numbers.view())),
        };
        let outline = lines.as_ref().map(|lines| Outline { color: OUTLINE, ..Outline::new(lines.view()) });
        let plain = self.pictures.heatmap_options(relevance, normalization, None)?;
        let options = HeatmapOptions { outline, ..plain.clone() };
        let map = || heatmap(relevance.view(), &options);
        let over = || overlay(&motif.shown()?, relevance.view(), &plain);
        Ok(match self.style {
            Style::Heatmap => map()?,
            Style::Overlay => over()?,
            Style::Blend => blend(&motif.shown()?, relevance.view(), 0.5, &plain)?,
            Style::Pair | Style::Panel => {
                let mut columns = vec![("input", motif.shown()?.enlarged(plain.scaling)?)];
                if self.style == Style::Panel {
                    columns.push(("overlay", over()?));
                }
                columns.push((title, map()?));
                let scale = match normalization {
                    Normalization::Shared(scale) => scale,
                    _ => shared_scale([relevance.view()]),
                };
                beside(columns, &plain, scale)?
            }
        })
    }
}

impl Motif {
    /// The sample, a pixel a value.
    fn shown(&self) -> Result<Picture, lrp::render::Error> {
        match self {
            Self::Photo(photo) => Ok(photo.clone()),
            Self::Numbers(numbers) => {
                digit(stretch(numbers.view()).view(), &DigitOptions { scaling: 1, ..DigitOptions::default() })
            }
        }
    }
}

/// Pictures under their titles, with a bar that explains the colours.
fn beside(columns: Vec<(&str, Picture)>, options: &HeatmapOptions<'_>, scale: f64) -> Outcome<Picture> {
    let length = columns.iter().map(|(_, picture)| picture.height()).max().unwrap_or(0).max(2);
    let (titles, pictures): (Vec<&str>, Vec<Picture>) = columns.into_iter().unzip();
    let bar = ColorBar {
        colormap: options.colormap.clone(),
        span: Span::Symmetric(scale),
        length,
        ..ColorBar::default()
    };
    let pictures = Grid {
        rows: vec![pictures],
        column_labels: titles.into_iter().map(str::to_owned).collect(),
        frame: FRAME,
        ..Grid::default()
    };
    let rows = vec![vec![montage(&pictures)?, color_bar(&bar)?]];
    Ok(montage(&Grid { rows, gap: 0, margin: 0, ..Grid::default() })?)
}
