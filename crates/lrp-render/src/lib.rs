//! Relevance as pictures.
//!
//! An explanation of a prediction is an array of numbers, one per input. To see what it says, it is painted:
//! a colour per number, enlarged, with the contour of the input drawn over it, and set beside other
//! explanations on one scale. This crate does that, and its pictures of digits are, byte for byte, those of
//! the LRP Toolbox with matplotlib's colormaps and scikit-image's edge detector.
//!
//! # The pieces
//!
//! [`Picture`] is the canvas: `[h, w, 3]` with values in `[0, 1]`, by construction. Everything makes one or
//! takes some:
//!
//! - [`heatmap`] paints a plane of relevance, [`digit`] the input beside it. [`HeatmapOptions`] holds the
//!   choices: a [`Colormap`], a [`Normalization`] and perhaps an [`Outline`].
//! - [`overlay`] paints relevance over the photo it is about, [`blend`] mixes the two evenly, [`cover`] leaves the
//!   photo its colours, and [`reveal`] shows of the photo what relevance speaks for.
//! - [`caffe_heatmap`] is the picture that the programs of LRP for Caffe write.
//! - [`colormap`] looks a map up by its matplotlib name; [`COLORMAPS`] is the one table of them, [`colormap_chart`] shows them all. A map is
//!   added by adding a row there.
//! - [`row`] sets pictures side by side, [`montage`] arranges a labelled [`Grid`], [`color_bar`] explains
//!   the colours, [`draw_text`] writes.
//! - [`Picture::to_rgb8`] and [`encode_png`] make bytes of it, [`noted_png`] writes on the back of them where they come
//!   from, and [`show`] gives what a terminal draws as the picture.
//!
//! [`aggregate`], [`vector_to_plane`], [`blur`], [`enlarge`] and [`canny`] are the steps in between, for use by
//! themselves.
//!
//! # Zero is the middle
//!
//! Relevance is for or against a decision, and zero says neither. So relevance is divided by its largest
//! absolute value, never stretched from its minimum to its maximum: zero gets the middle of the map whatever
//! the numbers around it, and a heatmap of nothing but zeros is all middle. To compare pictures, give them
//! one scale: [`shared_scale`] with [`Normalization::Shared`].
//!
//! # Example
//!
//! ```
//! use lrp_render::{DigitOptions, HeatmapOptions, Outline, digit, encode_png, heatmap, row};
//! use ndarray::Array2;
//!
//! let image = Array2::from_shape_fn((16, 16), |(y, x)| if y.abs_diff(x) < 3 { 1.0 } else { 0.0 });
//! let relevance = &image * 0.5 - 0.1;
//!
//! let options = HeatmapOptions { outline: Some(Outline::new(image.view())), ..HeatmapOptions::default() };
//! let pair = [digit(image.view(), &DigitOptions::default())?, heatmap(relevance.view(), &options)?];
//! let png = encode_png(&row(&pair, 2)?.to_rgb8())?;
//! assert!(png.len() > 100);
//! # Ok::<(), lrp_render::Error>(())
//! ```
//!
//! # What it refuses
//!
//! It opens no files and shows no windows: bytes go to the caller. It sums over no channels unasked and chooses
//! no sample. It paints no value that is not finite, draws no outline of another shape and reshapes no vector
//! that is not square unless told how; each is an [`Error`] that says where and what was allowed.

#![forbid(unsafe_code)]

pub use caffe::caffe_heatmap;
pub use chart::colormap_chart;
pub use color_bar::{ColorBar, Orientation, Span, color_bar};
pub use colormap::{COLORMAPS, Colormap, Entry, Kind, colormap};
pub use error::{Error, ErrorKind};
pub use heatmap::{DigitOptions, HeatmapOptions, Normalization, Outline, digit, heatmap};
/// The bytes of a picture, `[height, width, 3]`.
pub use image::RgbImage;
pub use montage::{Grid, montage, row};
pub use outline::canny;
pub use overlay::{blend, cover, overlay, reveal};
pub use picture::{BLACK, MAX_PIXELS, Picture, Rgb, WHITE};
pub use plane::{Aggregate, aggregate, enlarge, sample_plane, shared_scale, stretch, vector_to_plane};
pub use png::{Note, Rgb16Image, encode_png, encode_png_indexed, encode_png16, noted_png};
pub use smooth::blur;
pub use terminal::{Graphics, Ink, show};
pub use text::{Align, Extent, Place, TextStyle, Typeface, draw_text, measure_text};
pub use words::{Word, WordsOptions, ansi_words, draw_words, html_words, plain_words, words};

mod heatmap;
mod overlay;
mod caffe;

mod colormap;
mod outline;
mod picture;
mod plane;
mod smooth;

mod color_bar;
mod montage;
mod text;
mod words;
mod chart;

mod png;
mod indexed;
mod terminal;

mod error;

/// Runs the example of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
