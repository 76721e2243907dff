//! Samples and their relevance as pictures.

use std::path::Path;

use clap::Args;
use lrp::io::write_atomically;
use lrp::render::{
    ColorBar, Colormap, DigitOptions, Grid, HeatmapOptions, Normalization, Outline, Picture, Span, color_bar,
    colormap, digit, encode_png, heatmap, montage, shared_scale, vector_to_plane,
};
use ndarray::{Array2, ArrayViewD, Axis};

use crate::Outcome;

/// How heatmaps look.
#[derive(Args)]
#[command(next_help_heading = "Pictures")]
pub(crate) struct PictureOptions {
    /// Colours; `lrp colormaps` lists them
    #[arg(long, value_name = "NAME", default_value = "seismic")]
    pub(crate) colormap: String,
    /// Pixels a value
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub(crate) scaling: usize,
    /// Height and width of samples that come as vectors [default: square]
    #[arg(long, value_name = "H,W", value_delimiter = ',', num_args = 1)]
    pub(crate) image: Option<Vec<usize>>,
    /// One colour scale for all pictures of a file instead of one each
    #[arg(long)]
    pub(crate) shared_scale: bool,
}

impl PictureOptions {
    pub(crate) fn colormap(&self) -> Outcome<Colormap> {
        Ok(colormap(&self.colormap)?)
    }

    /// One sample `[h, w]`, `[h, w, c]` (channels are summed) or `[features]` as a plane.
    pub(crate) fn plane(&self, sample: &ArrayViewD<'_, f64>) -> Outcome<Array2<f64>> {
        let shape = match self.image.as_deref() {
            None => None,
            Some(&[height, width]) => Some([height, width]),
            Some(_) => return Err("--image takes a height and a width, such as 28,28".into()),
        };
        Ok(match (sample.ndim(), shape) {
            (3, None) => sample.sum_axis(Axis(2)).into_dimensionality()?,
            (2, None) => sample.to_owned().into_dimensionality()?,
            _ => vector_to_plane(sample.view(), shape)?,
        })
    }

    /// The scale of all planes if they are to share one.
    pub(crate) fn normalization(&self, planes: &[Array2<f64>]) -> Normalization {
        match self.shared_scale {
            true => Normalization::Shared(shared_scale(planes.iter().map(|plane| plane.view()))),
            false => Normalization::MaxAbs,
        }
    }

    pub(crate) fn heatmap_options<'a>(
        &self,
        normalization: Normalization,
        outline: Option<Outline<'a>>,
    ) -> Outcome<HeatmapOptions<'a>> {
        Ok(HeatmapOptions { scaling: self.scaling, colormap: self.colormap()?, normalization, outline })
    }

    /// Input and relevance side by side under their titles, with a colour bar.
    pub(crate) fn pair(
        &self,
        input: &Array2<f64>,
        relevance: &Array2<f64>,
        normalization: Normalization,
        titles: [String; 2],
    ) -> Outcome<Picture> {
        let scale = match normalization {
            Normalization::Shared(scale) => scale,
            _ => shared_scale([relevance.view()]),
        };
        let outline = Outline { color: OUTLINE, ..Outline::new(input.view()) };
        let shown = digit(input.view(), &DigitOptions { scaling: self.scaling, ..DigitOptions::default() })?;
        let mapped = heatmap(relevance.view(), &self.heatmap_options(normalization, Some(outline))?)?;
        let length = mapped.height().max(2);
        let bar = ColorBar {
            colormap: self.colormap()?,
            span: Span::Symmetric(scale),
            length,
            ..ColorBar::default()
        };
        let pictures = Grid {
            rows: vec![vec![shown, mapped]],
            column_labels: titles.into(),
            frame: FRAME,
            ..Grid::default()
        };
        let rows = vec![vec![montage(&pictures)?, color_bar(&bar)?]];
        Ok(montage(&Grid { rows, gap: 0, margin: 0, ..Grid::default() })?)
    }
}

/// Grey enough not to pass for relevance.
pub(crate) const OUTLINE: [f64; 3] = [0.35; 3];

/// Keeps pale pictures apart from a white page.
pub(crate) const FRAME: Option<[f64; 3]> = Some([0.85; 3]);

/// Writes a picture, whole or not at all.
pub(crate) fn save(picture: &Picture, path: &Path) -> Outcome {
    let png = encode_png(&picture.to_rgb8())?;
    Ok(write_atomically(path, |file| std::io::Write::write_all(file, &png))?)
}
