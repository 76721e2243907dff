//! Samples and their relevance as pictures.

use std::path::Path;

use clap::Args;
use lrp::core::Channels;
use lrp::io::write_atomically;
use lrp::render::{
    Aggregate, Colormap, HeatmapOptions, Normalization, Outline, Picture, colormap, encode_png, noted_png,
    sample_plane, shared_scale,
};
use ndarray::{Array2, ArrayViewD, Axis};

use crate::Outcome;
use crate::provenance::Provenance;

/// How heatmaps look.
#[derive(Args)]
#[command(next_help_heading = "Pictures")]
pub(crate) struct PictureOptions {
    /// Colours; `lrp colormaps` lists them
    #[arg(long, value_name = "NAME", default_value = "seismic")]
    pub(crate) colormap: String,
    /// Pixels a value [default: 6, or fewer where one side would pass 480]
    #[arg(long, value_name = "N")]
    scaling: Option<usize>,
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

    /// One sample `[h, w]`, `[h, w, c]` or `[c, h, w]` (channels are summed) or `[features]` as a plane.
    pub(crate) fn plane(&self, sample: &ArrayViewD<'_, f64>, channels: Channels) -> Outcome<Array2<f64>> {
        self.aggregated(sample, channels, Aggregate::Sum)
    }

    /// The same with another way to join channels; what has none is one channel.
    pub(crate) fn aggregated(
        &self,
        sample: &ArrayViewD<'_, f64>,
        channels: Channels,
        how: Aggregate,
    ) -> Outcome<Array2<f64>> {
        let shape = match self.image.as_deref() {
            None => None,
            Some(&[height, width]) => Some([height, width]),
            Some(_) => return Err("--image takes a height and a width, such as 28,28".into()),
        };
        let axis = if channels == Channels::First { Axis(0) } else { Axis(2) };
        Ok(sample_plane(sample, axis, shape, how)?)
    }

    /// The scale of all planes if they are to share one.
    pub(crate) fn normalization(&self, planes: &[Array2<f64>]) -> Normalization {
        match self.shared_scale {
            true => Normalization::Shared(shared_scale(planes.iter().map(|plane| plane.view()))),
            false => Normalization::MaxAbs,
        }
    }

    /// Pixels a value of a plane.
    pub(crate) fn scaling(&self, plane: &Array2<f64>) -> usize {
        let longer = plane.nrows().max(plane.ncols()).max(1);
        self.scaling.unwrap_or((480 / longer).clamp(1, 6))
    }

    pub(crate) fn heatmap_options<'a>(
        &self,
        plane: &Array2<f64>,
        normalization: Normalization,
        outline: Option<Outline<'a>>,
    ) -> Outcome<HeatmapOptions<'a>> {
        Ok(HeatmapOptions {
            scaling: self.scaling(plane),
            colormap: self.colormap()?,
            normalization,
            outline,
        })
    }
}

/// Grey enough not to pass for relevance.
pub(crate) const OUTLINE: [f64; 3] = [0.35; 3];

/// Keeps pale pictures apart from a white page.
pub(crate) const FRAME: Option<[f64; 3]> = Some([0.85; 3]);

/// Writes a picture and where it comes from, whole or not at all.
pub(crate) fn save(picture: &Picture, path: &Path, provenance: &Provenance) -> Outcome {
    save_png(&encode_png(&picture.to_rgb8())?, path, provenance)
}

/// The same with a picture that is a PNG already.
pub(crate) fn save_png(png: &[u8], path: &Path, provenance: &Provenance) -> Outcome {
    let png = noted_png(png, provenance.notes())?;
    Ok(write_atomically(path, |file| std::io::Write::write_all(file, &png))?)
}
