//! Pictures of another size, by the separable filters of Pillow.

use ndarray::{Array3, ArrayView3, Axis};
use serde::Deserialize;

use crate::error::Result;
use crate::limits::Limits;
use crate::separable::{Kernel, LANCZOS, Taps, along, taps};

/// How pixels between pixels are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filter {
    /// The pixel at that place.
    Nearest,
    /// The mean of the pixels covered.
    Box,
    /// Linear between neighbours; where a picture shrinks, a triangle over all pixels covered.
    #[default]
    #[serde(alias = "triangle")]
    Bilinear,
    /// A cubic through four neighbours, a = −1/2.
    Bicubic,
    /// A windowed sinc over six neighbours.
    Lanczos,
}

/// What becomes of one side: so many pixels, of which only some are wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    /// Pixels of the whole side after resizing.
    full: usize,
    /// The first that is wanted.
    first: usize,
    /// How many are.
    count: usize,
}

impl Stretch {
    pub(super) fn whole(count: usize) -> Self {
        Self { full: count, first: 0, count }
    }

    /// The middle `count` of `full`; of two middles the one with an even start, as torchvision rounds.
    pub(super) fn middle(full: usize, count: usize) -> Self {
        let count = count.min(full);
        let spare = full - count;
        let first = spare / 2 + usize::from(spare % 4 == 3);
        Self { full, first, count }
    }
}

/// A picture `[h, w, c]` in another size; `whole` keeps its values whole numbers of 0 to 255 in each pass.
pub(super) fn resize(
    picture: ArrayView3<'_, f64>,
    [rows, columns]: [Stretch; 2],
    filter: Filter,
    antialias: bool,
    whole: bool,
) -> Result<Array3<f64>> {
    let (height, width, channels) = picture.dim();
    Limits::default().elements(&[height, columns.count, channels])?;
    let weights = |length, stretch: Stretch| filter.weights(length, stretch, antialias, whole);
    let wide = rounded(along(picture, Axis(1), &weights(width, columns)), whole);
    Ok(rounded(along(wide.view(), Axis(0), &weights(height, rows)), whole))
}

fn rounded(mut picture: Array3<f64>, whole: bool) -> Array3<f64> {
    if whole {
        picture.mapv_inplace(|value| (value + 0.5).floor().clamp(0.0, 255.0));
    }
    picture
}

impl Filter {
    fn kernel(self) -> Kernel {
        match self {
            // Never asked: the nearest pixel is found by its place.
            Self::Nearest | Self::Box => (0.5, |x| if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }),
            Self::Bilinear => (1.0, |x| (1.0 - x.abs()).max(0.0)),
            Self::Bicubic => (2.0, cubic),
            Self::Lanczos => LANCZOS,
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "sides of pictures, far below 2^52; places below zero become the first pixel"
    )]
    fn weights(self, length: usize, stretch: Stretch, antialias: bool, whole: bool) -> Vec<Taps> {
        let scale = length as f64 / stretch.full as f64;
        let places = (stretch.first..stretch.first + stretch.count).map(|pixel| (pixel as f64 + 0.5) * scale);
        if self == Self::Nearest {
            return places.map(|middle| ((middle as usize).min(length - 1), vec![1.0])).collect();
        }
        let wider = if antialias { scale.max(1.0) } else { 1.0 };
        // Pillow's weights for pictures of 8 bits: whole multiples of 2^-22.
        let step = f64::from(1 << 22);
        let kept = |weight: f64| if whole { (weight * step).round() / step } else { weight };
        let taps = |middle| {
            let (first, weights) = taps(middle, wider, self.kernel(), length);
            (first, weights.into_iter().map(kept).collect())
        };
        places.map(taps).collect()
    }
}

fn cubic(x: f64) -> f64 {
    let (a, x) = (-0.5, x.abs());
    if x < 1.0 {
        ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0
    } else if x < 2.0 {
        (((x - 5.0) * x + 8.0) * x - 4.0) * a
    } else {
        0.0
    }
}
