//! Resizing: every value of the result is one value of the input, or a mixture of its neighbours.

use lrp_core::Resample;

use crate::error::{Error, Result, quoted};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::Operand;

use super::picking::pick;

/// How values lie along one axis of input and output.
struct Grid<'a> {
    input: usize,
    output: usize,
    /// Outputs an input.
    scale: f64,
    /// Name of the formula that finds a place of the output in the input.
    transform: &'a str,
}

/// How a place between values becomes values.
enum Mode<'a> {
    /// The nearest; the name says which of two.
    Nearest(&'a str),
    Linear,
    /// With the coefficient `a`; and whether neighbours outside count as nothing, not as the one at the edge.
    Cubic(f64, bool),
}

/// Which inputs an output is made of, with their shares.
type Shares = Vec<(usize, f64)>;

/// `Resize`; before version 11 it was as `Upsample`.
pub(super) fn resize(context: &mut Context<'_, '_>) -> Result<Operand> {
    if context.version < 11 {
        return upsample(context);
    }
    let attributes = context.attributes;
    let policy = attributes.text_or("keep_aspect_ratio_policy", "stretch")?;
    if policy != "stretch" {
        return Err(Error::unsupported(format!(
            "keeps the aspect ratio by {}, which is not read",
            quoted(policy)
        )));
    }
    if attributes.flag("antialias", false)? {
        return Err(Error::unsupported("filters against aliasing, which is not read"));
    }
    let mode = match attributes.text_or("mode", "nearest")? {
        "nearest" => Mode::Nearest(attributes.text_or("nearest_mode", "round_prefer_floor")?),
        "linear" => Mode::Linear,
        "cubic" => Mode::Cubic(
            attributes.real_or("cubic_coeff_a", -0.75)?,
            attributes.flag("exclude_outside", false)?,
        ),
        other => {
            return Err(Error::unsupported(format!("has the mode {}, which is not read", quoted(other))));
        }
    };
    let transform = attributes.text_or("coordinate_transformation_mode", "half_pixel")?;
    let axes = context.attributes.integers("axes")?.map(<[i64]>::to_vec);
    let scales = context.optional_numbers(2, "scales")?.filter(|scales| !scales.is_empty());
    let scales = scales.map(|scales| scales.iter().copied().collect::<Vec<_>>());
    let sizes = context.fixed_sizes(3)?;
    resized(context, axes, scales, sizes, transform, &mode)
}

/// `Upsample`, whose coordinates are plain multiples.
pub(super) fn upsample(context: &mut Context<'_, '_>) -> Result<Operand> {
    let mode = match context.attributes.text_or("mode", "nearest")? {
        "nearest" => Mode::Nearest("floor"),
        "linear" | "bilinear" => Mode::Linear,
        other => {
            return Err(Error::unsupported(format!("has the mode {}, which is not read", quoted(other))));
        }
    };
    let scales = match context.attributes.reals("scales")? {
        Some(scales) => Some(scales),
        None => context.optional_numbers(1, "scales")?.map(|scales| scales.iter().copied().collect()),
    };
    resized(context, None, scales, None, "asymmetric", &mode)
}

fn resized(
    context: &mut Context<'_, '_>,
    axes: Option<Vec<i64>>,
    scales: Option<Vec<f64>>,
    sizes: Option<Vec<Option<usize>>>,
    transform: &str,
    mode: &Mode<'_>,
) -> Result<Operand> {
    let input = context.take(0)?;
    let axes = axes.unwrap_or_else(|| (0..).take(input.rank()).collect());
    let count = scales.as_ref().map(Vec::len).or(sizes.as_ref().map(Vec::len));
    if count != Some(axes.len()) {
        return Err(Error::format(format!("has neither scales nor sizes for {} axes", axes.len())));
    }
    let mut picked = Vec::new();
    let mut mixed = Vec::new();
    for (index, &axis) in axes.iter().enumerate() {
        let axis = input.axis(axis)?;
        let scale = scales.as_ref().and_then(|scales| scales.get(index).copied());
        let size = sizes.as_ref().and_then(|sizes| sizes.get(index).copied()).flatten();
        if input.is_batch(axis) && scale.is_none_or(|scale| scale == 1.0) {
            continue;
        }
        let grid = Grid::new(input.size(axis)?, scale, size, transform)?;
        if grid.input == grid.output && grid.scale == 1.0 {
            continue;
        }
        context.assembly.limits().elements(&[grid.output])?;
        match mode {
            Mode::Nearest(side) => {
                let places = (0..grid.output).map(|place| grid.nearest(place, side).map(Some));
                picked.push((axis, places.collect::<Result<_>>()?));
            }
            Mode::Linear => {
                let rows = (0..grid.output).map(|place| grid.linear(place)).collect::<Result<Vec<_>>>()?;
                mixed.push((input.place(axis)?, grid.input, rows));
            }
            Mode::Cubic(a, exclude) => {
                let rows = (0..grid.output).map(|place| grid.cubic(place, *a, *exclude));
                mixed.push((input.place(axis)?, grid.input, rows.collect::<Result<Vec<_>>>()?));
            }
        }
    }
    if mixed.is_empty() {
        return pick(context, &input, picked, 0.0);
    }
    let layer = Resample::new(mixed)?;
    context.layer(layer, &[&input])
}

impl<'a> Grid<'a> {
    fn new(input: usize, scale: Option<f64>, size: Option<usize>, transform: &'a str) -> Result<Self> {
        #[expect(clippy::cast_precision_loss, reason = "no axis has 2^52 values")]
        let real = |size: usize| size as f64;
        let (output, scale) = match (scale, size) {
            (Some(scale), _) if scale > 0.0 && scale.is_finite() => {
                (super::sources::natural((real(input) * scale).floor())?, scale)
            }
            (None, Some(size)) if input > 0 => (size, real(size) / real(input)),
            _ => return Err(Error::format("has a scale that is no positive number")),
        };
        match input {
            0 => Err(Error::format("resizes what is empty")),
            _ => Ok(Self { input, output, scale, transform }),
        }
    }

    /// Where a place of the output is in the input.
    fn coordinate(&self, place: usize) -> Result<f64> {
        #[expect(clippy::cast_precision_loss, reason = "no axis has 2^52 values")]
        let [x, input, output] = [place, self.input, self.output].map(|size| size as f64);
        let half_pixel = (x + 0.5) / self.scale - 0.5;
        Ok(match self.transform {
            "half_pixel" => half_pixel,
            "pytorch_half_pixel" => {
                if self.output > 1 {
                    half_pixel
                } else {
                    0.0
                }
            }
            "half_pixel_symmetric" => input / 2.0 * (1.0 - output / (self.scale * input)) + half_pixel,
            "align_corners" => {
                if self.output > 1 {
                    x * (input - 1.0) / (output - 1.0)
                } else {
                    0.0
                }
            }
            "asymmetric" => x / self.scale,
            "tf_half_pixel_for_nn" => (x + 0.5) / self.scale,
            other => {
                return Err(Error::unsupported(format!(
                    "finds places by {}, which is not read",
                    quoted(other)
                )));
            }
        })
    }

    /// A place of the input, or the one at the edge that is nearest to it.
    fn within(&self, place: f64) -> usize {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 0 it becomes 0")]
        let place = place as usize;
        place.min(self.input - 1)
    }

    fn nearest(&self, place: usize, side: &str) -> Result<usize> {
        let x = self.coordinate(place)?;
        let rounded = match side {
            "round_prefer_floor" => (x - 0.5).ceil(),
            "round_prefer_ceil" => (x + 0.5).floor(),
            "floor" => x.floor(),
            "ceil" => x.ceil(),
            other => {
                return Err(Error::unsupported(format!("rounds by {}, which is not read", quoted(other))));
            }
        };
        Ok(self.within(rounded))
    }

    fn linear(&self, place: usize) -> Result<Shares> {
        let x = self.coordinate(place)?;
        let share = x - x.floor();
        Ok(self.shares(x.floor(), &[1.0 - share, share]))
    }

    /// Keys' kernel over four neighbours.
    fn cubic(&self, place: usize, a: f64, exclude: bool) -> Result<Shares> {
        let x = self.coordinate(place)?;
        let (start, s) = (x.floor() - 1.0, x - x.floor());
        let near = |d: f64| ((a + 2.0) * d - (a + 3.0)) * d * d + 1.0;
        let far = |d: f64| ((a * d - 5.0 * a) * d + 8.0 * a) * d - 4.0 * a;
        let mut shares = [far(1.0 + s), near(s), near(1.0 - s), far(2.0 - s)];
        if exclude {
            #[expect(clippy::cast_precision_loss, reason = "no axis has 2^52 values")]
            let inside = 0.0..self.input as f64;
            let mut place = start;
            for share in &mut shares {
                *share = if inside.contains(&place) { *share } else { 0.0 };
                place += 1.0;
            }
            let total: f64 = shares.iter().sum();
            shares = shares.map(|share| share / total);
        }
        Ok(self.shares(start, &shares))
    }

    /// Shares of neighbouring places, those beyond the edge given to it.
    fn shares(&self, start: f64, shares: &[f64]) -> Shares {
        let mut merged: Shares = Vec::new();
        let mut place = start;
        for &share in shares {
            let within = self.within(place);
            place += 1.0;
            match merged.last_mut() {
                Some((last, sum)) if *last == within => *sum += share,
                _ => merged.push((within, share)),
            }
        }
        merged.retain(|&(_, share)| share != 0.0);
        merged
    }
}
