//! `lrp render`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lrp::core::Channels;
use lrp::io::{Limits, read_array};
use lrp::render::{
    Aggregate, ColorBar, Grid, HeatmapOptions, Outline, Picture, Span, blur, color_bar, montage, row,
    shared_scale, stretch,
};
use ndarray::{Array2, ArrayD, Axis};

use crate::Outcome;
use crate::mode::ModeOptions;
use crate::options::Samples;
use crate::picture::{PictureOptions, save};
use crate::provenance::Provenance;
use crate::show::ShowOptions;
use crate::targets;

#[derive(Args)]
pub(crate) struct Options {
    /// Relevance [h, w], [n, h, w], [n, h, w, c] (channels are summed, or see --aggregate), or vectors
    /// [n, features] with --image
    relevance: PathBuf,
    /// Where to write [default: the file's name with .png, in this folder; with --show nowhere]
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Only these samples, such as 0,3,5-9
    #[arg(long)]
    samples: Option<Samples>,
    /// Channels come before height and width: [n, c, h, w]
    #[arg(long)]
    channels_first: bool,
    /// How the channels of a pixel become one number
    #[arg(long, value_enum, default_value_t)]
    aggregate: Joined,
    /// Smooth the relevance by a Gaussian of this width, in values
    #[arg(long, value_name = "SIGMA", allow_negative_numbers = true)]
    blur: Option<f64>,
    /// Draw the contour of the samples in this file over the heatmaps
    #[arg(long, value_name = "FILE")]
    outline: Option<PathBuf>,
    /// Smoothing of the contour, in pixels
    #[arg(long, value_name = "X", default_value_t = 2.0, requires = "outline")]
    sigma: f64,
    /// Black columns between pictures
    #[arg(long, value_name = "N", default_value_t = 2)]
    gap: usize,
    /// Add a colour bar with numbers
    #[arg(long)]
    color_bar: bool,
    #[command(flatten)]
    mode: ModeOptions,
    #[command(flatten)]
    pictures: PictureOptions,
    #[command(flatten)]
    show: ShowOptions,
}

/// A choice of [`Aggregate`].
#[derive(Clone, Copy, Default, ValueEnum)]
enum Joined {
    /// Their sum
    #[default]
    Sum,
    /// The root of the sum of their squares
    L2,
    /// The largest of their absolute values
    Linf,
}

impl From<Joined> for Aggregate {
    fn from(joined: Joined) -> Self {
        match joined {
            Joined::Sum => Self::Sum,
            Joined::L2 => Self::L2,
            Joined::Linf => Self::LInf,
        }
    }
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    let drawing = options.mode.drawing(options.outline.is_some(), options.color_bar)?;
    let relevance = relevance(options)?;
    let outlines = match &options.outline {
        Some(path) => planes(path, options, Aggregate::Sum)?
            .iter()
            .map(|plane| stretch(plane.view()))
            .map(Some)
            .collect(),
        None => vec![None; relevance.len()],
    };
    if outlines.len() != relevance.len() {
        return Err(format!("{} outlines do not go with {} heatmaps", outlines.len(), relevance.len()).into());
    }
    let normalization = options.pictures.normalization(&relevance);
    let mut pictures = Vec::new();
    for (plane, image) in relevance.iter().zip(&outlines) {
        let outline =
            image.as_ref().map(|image| Outline { sigma: options.sigma, ..Outline::new(image.view()) });
        let look = options.pictures.heatmap_options(plane, normalization, outline)?;
        pictures.push(drawing.draw(plane, &look)?);
    }
    let mut picture = row(&pictures, options.gap)?;
    if options.color_bar {
        picture = with_bar(picture, &relevance, options)?;
    }
    if let Some(screen) = options.show.screen() {
        let coarse = || {
            let draw = |plane: &Array2<f64>| {
                let look = options.pictures.heatmap_options(plane, normalization, None)?;
                drawing.draw(plane, &HeatmapOptions { scaling: 1, ..look })
            };
            let pictures = relevance.iter().map(draw).collect::<Outcome<Vec<_>>>()?;
            Ok(row(&pictures, 1)?)
        };
        screen.draw(out, coarse, || Ok(picture.clone()))?;
        if options.out.is_none() {
            return Ok(());
        }
    }
    let name = options.relevance.with_extension("png");
    let default = name.file_name().map_or_else(|| PathBuf::from("heatmap.png"), PathBuf::from);
    let path = options.out.as_ref().unwrap_or(&default);
    let sources = [Some(&options.relevance), options.outline.as_ref(), options.mode.over.as_ref()];
    let sources: Vec<&Path> = sources.into_iter().flatten().map(PathBuf::as_path).collect();
    targets::check(std::slice::from_ref(path), &sources)?;
    let input = options.relevance.file_name().unwrap_or_default().to_string_lossy();
    let provenance = Provenance::of_call().with("input", &input).titled(format!("relevance of {input}"));
    save(&picture, path, &provenance)?;
    Ok(writeln!(out, "wrote {}", path.display())?)
}

/// A bar can speak for several heatmaps only if they share their scale.
fn with_bar(picture: Picture, relevance: &[Array2<f64>], options: &Options) -> Outcome<Picture> {
    if relevance.len() > 1 && !options.pictures.shared_scale {
        return Err("--color-bar for several heatmaps needs --shared-scale".into());
    }
    let span = Span::Symmetric(shared_scale(relevance.iter().map(|plane| plane.view())));
    let length = picture.height().max(2);
    let bar =
        color_bar(&ColorBar { colormap: options.pictures.colormap()?, span, length, ..ColorBar::default() })?;
    Ok(montage(&Grid { rows: vec![vec![picture, bar]], ..Grid::default() })?)
}

/// The planes to draw, smoothed if that is wanted.
fn relevance(options: &Options) -> Outcome<Vec<Array2<f64>>> {
    let planes = planes(&options.relevance, options, options.aggregate.into())?;
    match options.blur {
        Some(sigma) => Ok(planes.iter().map(|plane| blur(plane.view(), sigma)).collect::<Result<_, _>>()?),
        None => Ok(planes),
    }
}

fn planes(path: &Path, options: &Options, how: Aggregate) -> Outcome<Vec<Array2<f64>>> {
    let name = path.display();
    let samples = as_samples(read_array(path, &Limits::default())?.values, options.pictures.image.is_some());
    let chosen = match &options.samples {
        Some(chosen) => chosen.of(samples.shape()[0]).map_err(|error| format!("{name}: {error}"))?,
        None => (0..samples.shape()[0]).collect(),
    };
    let channels = if options.channels_first { Channels::First } else { Channels::Last };
    let plane =
        |&sample: &usize| options.pictures.aggregated(&samples.index_axis(Axis(0), sample), channels, how);
    let planes: Outcome<Vec<_>> = chosen.iter().map(plane).collect();
    planes.map_err(|error| format!("{name}: {error}").into())
}

/// A plane counts as one sample, and so does a vector; `[1, features]` and `--image` mean vectors.
fn as_samples(array: ArrayD<f64>, vectors: bool) -> ArrayD<f64> {
    match array.shape() {
        [_] | [] => array.insert_axis(Axis(0)),
        [rows, _] if *rows != 1 && !vectors => array.insert_axis(Axis(0)),
        _ => array,
    }
}
