//! What a request brings, made into a network's input.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lrp::core::{Channels, Tensor, cast};
use lrp::io::{Limits, Token, is_picture, read_array_bytes};
use lrp::render::{Aggregate, Picture, encode_png, sample_plane, stretch};
use ndarray::{Array2, ArrayD, ArrayViewD, Axis};
use serde::Deserialize;

use crate::catalogue::{digits, photo};
use crate::drawing::digit;
use crate::fault::Fault;
use crate::model::{Model, Takes};
use crate::settings::Settings;

/// One sample, in one of the forms there are.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Input {
    /// Numbers as arrays hold them, before they are prepared.
    Values(Vec<f64>),
    /// A drawing.
    Strokes(Vec<Vec<[f64; 2]>>),
    /// One of the hundred digits, by number.
    Digit(usize),
    /// A bundled photo, by name.
    Photo(String),
    /// A file of a picture, in base 64.
    Picture(String),
    /// A text.
    Text(String),
}

/// An input and what it looks like.
pub(crate) struct Prepared {
    pub(crate) input: Tensor<f32>,
    /// A PNG in base 64.
    pub(crate) picture: Option<String>,
    /// The text, if it is one.
    pub(crate) text: Option<Text>,
}

/// A text and the words of it that the network reads.
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
}

impl Input {
    pub(crate) fn prepare(self, model: &Model, settings: &Settings) -> Result<Prepared, Fault> {
        let preparation = &model.sidecar.input;
        let mut read = None;
        let batch = match self {
            Self::Text(text) => {
                demand(model, Takes::Texts)?;
                let reader = model.sidecar.text.as_ref().ok_or_else(Fault::ours)?;
                let tokens = reader.tokens(&text);
                let batch = reader.input(std::slice::from_ref(&tokens))?;
                read = Some(Text { text, tokens });
                batch
            }
            Self::Values(values) => preparation.apply(shaped(values, model)?)?,
            Self::Strokes(strokes) => {
                demand(model, Takes::Digits)?;
                let points = strokes.iter().map(Vec::len).sum::<usize>();
                let most = settings.points;
                if points > most || strokes.len() > most {
                    return Err(Fault::senseless(format!(
                        "the drawing has {points} points, at most {most} are allowed"
                    )));
                }
                if strokes.iter().flatten().flatten().any(|place| !(-1.0..=2.0).contains(place)) {
                    return Err(Fault::senseless("the points of a drawing lie between -1 and 2"));
                }
                let pixels = digit(&strokes).ok_or_else(|| Fault::senseless("nothing is drawn"))?;
                preparation
                    .apply(pixels.into_shape_with_order(28 * 28).map_err(|_| Fault::ours())?.into_dyn())?
            }
            Self::Digit(number) => {
                demand(model, Takes::Digits)?;
                let digits = digits();
                let count = digits.len_of(Axis(0));
                if number >= count {
                    return Err(Fault::missing(format!(
                        "there is no digit {number}, 0 to {} are there",
                        count - 1
                    )));
                }
                preparation.apply(digits.index_axis(Axis(0), number).to_owned())?
            }
            Self::Photo(name) => {
                let photo = photo(&name)?;
                pictured(model, photo.name, photo.bytes, settings)?
            }
            Self::Picture(text) => {
                let bytes = STANDARD.decode(text.trim());
                let bytes = bytes.map_err(|error| {
                    Fault::senseless(format!("the picture is not base 64: {error}").to_lowercase())
                })?;
                pictured(model, "picture", &bytes, settings)?
            }
        };
        if batch.shape().first() != Some(&1) {
            return Err(Fault::senseless(format!(
                "found data of shape {:?}, one sample is allowed",
                batch.shape()
            )));
        }
        let input: Tensor<f32> = cast(&batch);
        model.network.check_input(&input)?;
        let picture = if read.is_none() { picture(model, &batch) } else { None };
        let picture = picture.map(|picture| encode_png(&picture.to_rgb8())).transpose()?;
        Ok(Prepared { input, picture: picture.map(|png| STANDARD.encode(png)), text: read })
    }
}

fn demand(model: &Model, takes: Takes) -> Result<(), Fault> {
    if model.takes == takes {
        return Ok(());
    }
    let (name, found) = (&model.name, model.takes);
    Err(Fault::senseless(format!("{name} takes {found:?}, the input is one of {takes:?}").to_lowercase()))
}

fn shaped(values: Vec<f64>, model: &Model) -> Result<ArrayD<f64>, Fault> {
    let count = values.len();
    let data = ArrayD::from_shape_vec(vec![count], values).map_err(|_| Fault::ours())?;
    match (&model.sidecar.input.shape, &model.sample) {
        (None, Some(sample)) => {
            let shape = [&[1], &sample[..]].concat();
            let wrong =
                |_| Fault::senseless(format!("found {count} values, expected a sample of shape {sample:?}"));
            data.into_shape_with_order(shape).map_err(wrong)
        }
        (None, None) => Ok(data.insert_axis(Axis(0))),
        (Some(_), _) => Ok(data),
    }
}

fn pictured(model: &Model, name: &str, bytes: &[u8], settings: &Settings) -> Result<ArrayD<f64>, Fault> {
    demand(model, Takes::Pictures)?;
    if !is_picture(bytes) {
        return Err(Fault::senseless("the picture is neither a PNG nor a JPEG"));
    }
    let limits = Limits {
        array_elements: settings.pixels.saturating_mul(3),
        inflated_entry_bytes: settings.pixels.saturating_mul(8),
        ..Limits::default()
    };
    Ok(model.sidecar.input.apply_pictures(read_array_bytes(name, bytes, &limits)?)?)
}

/// What the network saw.
fn picture(model: &Model, batch: &ArrayD<f64>) -> Option<Picture> {
    let sample = batch.index_axis(Axis(0), 0);
    if let Some(photo) = model.sidecar.input.picture_of(&sample) {
        return Picture::new(photo).ok();
    }
    let grey = stretch(plane(&sample, model.channels())?.view());
    let (height, width) = grey.dim();
    let grey = grey.insert_axis(Axis(2));
    Picture::new(grey.broadcast((height, width, 3))?.to_owned()).ok()
}

/// A sample `[h, w]`, `[h, w, c]`, `[c, h, w]` or a square `[features]` as a plane, channels summed.
pub(crate) fn plane(sample: &ArrayViewD<'_, f64>, channels: Channels) -> Option<Array2<f64>> {
    let axis = if channels == Channels::First { Axis(0) } else { Axis(2) };
    let drawable = (1..=3).contains(&sample.ndim());
    drawable.then(|| sample_plane(sample, axis, None, Aggregate::Sum).ok()).flatten()
}
