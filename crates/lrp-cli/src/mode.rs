//! Relevance by itself, or together with the picture it is about.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lrp::io::{Dtype, Limits, read_array};
use lrp::render::{HeatmapOptions, Picture, cover, heatmap, reveal};
use ndarray::{Array2, Axis, IxDyn};

use crate::Outcome;

#[derive(Args)]
#[command(next_help_heading = "Pictures")]
pub(crate) struct ModeOptions {
    /// How relevance is drawn; all but the first need --over
    #[arg(long, value_enum, default_value_t)]
    mode: Mode,
    /// The picture that relevance is about, of its height and width
    #[arg(long, value_name = "PICTURE", required_if_eq_any([("mode", "alpha"), ("mode", "overlay")]))]
    pub(crate) over: Option<PathBuf>,
    /// What power of relevance counts: below 1 the weak shows more, above 1 less [default: 1]
    #[arg(long, value_name = "X", requires = "over", allow_negative_numbers = true)]
    gamma: Option<f64>,
}

/// A way to draw relevance.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Alone, in the colours of the map
    #[default]
    Normal,
    /// As what it speaks for: the picture, times (R / max)^gamma
    Alpha,
    /// Over the picture, which it covers by (|R| / max)^gamma
    Overlay,
}

/// A way to draw relevance, with all it takes.
pub(crate) enum Drawing {
    /// Alone.
    Heatmap,
    /// The picture times a power of relevance.
    Reveal(Picture, f64),
    /// The picture, covered by a power of relevance.
    Cover(Picture, f64),
}

impl ModeOptions {
    /// Refuses what the other options ask for and the mode cannot show.
    pub(crate) fn drawing(&self, outline: bool, color_bar: bool) -> Outcome<Drawing> {
        let gamma = self.gamma.unwrap_or(1.0);
        Ok(match (self.mode, &self.over) {
            (Mode::Alpha, _) if color_bar => {
                return Err("--color-bar explains colours, and --mode alpha has none".into());
            }
            (Mode::Alpha | Mode::Overlay, _) if outline => {
                return Err("--outline goes with --mode normal; the picture shows its contours itself".into());
            }
            (Mode::Alpha, Some(path)) => Drawing::Reveal(photo(path)?, gamma),
            (Mode::Overlay, Some(path)) => Drawing::Cover(photo(path)?, gamma),
            (Mode::Normal, Some(_)) => return Err("--over needs --mode alpha or --mode overlay".into()),
            (_, None) => Drawing::Heatmap,
        })
    }
}

impl Drawing {
    pub(crate) fn draw(&self, relevance: &Array2<f64>, options: &HeatmapOptions<'_>) -> Outcome<Picture> {
        Ok(match self {
            Self::Heatmap => heatmap(relevance.view(), options)?,
            Self::Cover(photo, gamma) => cover(photo, relevance.view(), *gamma, options)?,
            Self::Reveal(photo, gamma) => {
                reveal(photo, relevance.view(), *gamma, options.normalization)?.enlarged(options.scaling)?
            }
        })
    }
}

/// A picture file, its numbers from 0 to 1.
fn photo(path: &Path) -> Outcome<Picture> {
    let array = read_array(path, &Limits::default())?;
    let white = match array.dtype {
        Dtype::U8 => Some(f64::from(u8::MAX)),
        Dtype::U16 => Some(f64::from(u16::MAX)),
        _ => None,
    };
    match (white, array.values.shape()) {
        (Some(white), &[1, height, width, 1 | 3]) => {
            let pixels = array.values.index_axis_move(Axis(0), 0) / white;
            let colors = pixels.broadcast(IxDyn(&[height, width, 3])).unwrap_or(pixels.view());
            Ok(Picture::new(colors.to_owned().into_dimensionality()?)?)
        }
        _ => Err(format!("{}: --over takes one picture, such as a PNG or a JPEG", path.display()).into()),
    }
}
