//! The same values in another shape, in parts, or between one another.

use lrp_core::{Flatten, Gather, Op, Resample, Reshape, Transpose, Window};

use crate::error::{Error, Result};
use crate::model::caffe::context::{Context, Flow};

use super::products::window;

pub(super) fn flatten(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("flatten_param");
    let input = context.input(0)?;
    let first = context.axis(parameters.integer("axis")?.unwrap_or(1), &input)?;
    let last = context.axis(parameters.integer("end_axis")?.unwrap_or(-1), &input)?;
    context.layer(joined(&input, first, last)?, &[&input])
}

/// The axes from one to another as one.
pub(super) fn joined(input: &Flow, first: usize, last: usize) -> Result<Op<f64>> {
    let sample = &input.sample;
    if first == 1 && last == sample.len() {
        return Ok(Flatten::RowMajor.into());
    }
    let flat = sample.get(first - 1..last).filter(|flat| !flat.is_empty());
    let (Some(before), Some(flat), Some(behind)) = (sample.get(..first - 1), flat, sample.get(last..)) else {
        return Err(Error::format(format!("flattens the axes {first} to {last}, which are none")));
    };
    Ok(Reshape::new([before, &[flat.iter().product()], behind].concat()).into())
}

/// Sizes of which 0 means the same as before, and −1 what is left.
pub(super) fn reshape(context: &mut Context<'_, '_>) -> Result<Flow> {
    let definition = context.definition;
    let parameters = definition.parameters("reshape_param");
    let input = context.input(0)?;
    let sizes = match parameters.messages("shape").last() {
        Some(shape) => shape.integers("dim")?,
        None => Vec::new(),
    };
    if parameters.integer("axis")?.unwrap_or(0) != 0 || parameters.integer("num_axes")?.unwrap_or(-1) != -1 {
        return Err(Error::unsupported("reshapes some of the axes, expected axis: 0 and num_axes: -1"));
    }
    let Some((0 | -1, sizes)) = sizes.split_first().map(|(batch, sizes)| (*batch, sizes)) else {
        return Err(Error::unsupported("reshapes the batch, expected a shape that begins with 0 or -1"));
    };
    let all: usize = input.sample.iter().product();
    let known = |(place, &size): (usize, &i64)| match size {
        0 => input
            .sample
            .get(place)
            .copied()
            .ok_or_else(|| Error::format(format!("has no size {} to keep", place + 1))),
        -1 => Ok(1),
        size => usize::try_from(size)
            .map_err(|_| Error::format(format!("has the size {size}, expected -1 or more"))),
    };
    let mut shape = sizes.iter().enumerate().map(known).collect::<Result<Vec<usize>>>()?;
    let rest = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let rest = rest.and_then(|product| all.checked_div(product)).unwrap_or_default();
    for (size, &wanted) in shape.iter_mut().zip(sizes) {
        if wanted == -1 {
            *size = rest;
        }
    }
    context.layer(Reshape::new(shape), &[&input])
}

/// Parts of a value along an axis, at given points or of one size.
pub(super) fn slice(context: &mut Context<'_, '_>) -> Result<Vec<Flow>> {
    let parameters = context.definition.parameters("slice_param");
    let input = context.input(0)?;
    let axis = parameters.integer("axis")?.or(parameters.integer("slice_dim")?).unwrap_or(1);
    let axis = context.axis(axis, &input)?;
    let tops = context.definition.tops.clone();
    let size = input.sample.get(axis - 1).copied().unwrap_or_default();
    let mut points = parameters.counts("slice_point")?;
    if points.is_empty() {
        let part = size.checked_div(tops.len()).filter(|part| part * tops.len() == size);
        let part =
            part.ok_or_else(|| Error::format(format!("cuts {size} entries into {} parts", tops.len())))?;
        points = (1..tops.len()).map(|top| top * part).collect();
    }
    let bounds: Vec<usize> = [vec![0], points, vec![size]].concat();
    if bounds.len() != tops.len() + 1 {
        let (found, expected) = (bounds.len() - 2, tops.len() - 1);
        return Err(Error::format(format!("has {found} slice_points, expected {expected}")));
    }
    if !bounds.is_sorted_by(|before, behind| before < behind) {
        let message = format!("has slice_points that do not rise from 1 to below {size}");
        return Err(Error::format(message));
    }
    context.book(&[size])?;
    let mut parts = Vec::new();
    for (top, bounds) in tops.iter().zip(bounds.windows(2)) {
        let &[start, end] = bounds else { continue };
        parts.push(context.step(top, pick(&input, axis, start..end), &[&input])?);
    }
    Ok(parts)
}

/// The same value for several readers.
pub(super) fn split(context: &mut Context<'_, '_>) -> Result<Vec<Flow>> {
    let input = context.input(0)?;
    Ok(vec![input; context.definition.tops.len()])
}

/// The first value cut to the size of the second.
pub(super) fn crop(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.definition.parameters("crop_param");
    let (input, like) = (context.input(0)?, context.input(1)?);
    if input.sample.len() != like.sample.len() {
        let message =
            format!("cuts {:?} to the size of {:?}, expected as many axes", input.sample, like.sample);
        return Err(Error::format(message));
    }
    let first = context.axis(parameters.integer("axis")?.unwrap_or(2), &input)?;
    let offsets = parameters.counts("offset")?;
    let mut axes = vec![None; input.sample.len() + 1];
    for (place, axis) in (first..=input.sample.len()).enumerate() {
        let offset = offsets.get(place).or(offsets.last()).copied().unwrap_or(0);
        let size = like.sample.get(axis - 1).copied().unwrap_or_default();
        let end = offset.saturating_add(size);
        context.book(&[size])?;
        if input.sample.get(axis - 1).is_none_or(|&found| end > found) {
            return Err(Error::format(format!("cuts {offset} to {end} out of {:?}", input.sample)));
        }
        if let Some(list) = axes.get_mut(axis) {
            *list = Some((offset..end).map(Some).collect());
        }
    }
    context.layer(Gather::new(axes, 0.0), &[&input])
}

/// Copies along an axis.
pub(super) fn tile(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.definition.parameters("tile_param");
    let input = context.input(0)?;
    let axis = context.axis(parameters.integer("axis")?.unwrap_or(1), &input)?;
    let tiles = parameters.count("tiles")?.ok_or_else(|| Error::format("has no tiles"))?;
    let size = input.sample.get(axis - 1).copied().unwrap_or_default();
    context.book(&[size, tiles])?;
    let entries = (0..tiles).flat_map(|_| (0..size).map(Some)).collect();
    let mut axes = vec![None; input.sample.len() + 1];
    if let Some(list) = axes.get_mut(axis) {
        *list = Some(entries);
    }
    context.layer(Gather::new(axes, 0.0), &[&input])
}

/// The windows of a picture side by side: `[c, h, w]` becomes `[c · kernel, rows, columns]`, zero where a window
/// reaches beyond the picture.
pub(super) fn windows(context: &mut Context<'_, '_>) -> Result<Flow> {
    let (input, [channels, height, width]) = context.picture()?;
    let window = window(context.parameters("convolution_param"), 2)?;
    let (mut axes, mut split) = (vec![None, None], vec![channels]);
    for (axis, size) in [height, width].into_iter().enumerate() {
        let along = Along::of(&window, axis, size)?;
        context.book(&[along.kernel, along.positions])?;
        split.extend([along.kernel, along.positions]);
        axes.push(Some(along.entries()));
    }
    let &[channels, tall, rows, wide, columns] = &split[..] else {
        return Err(Error::format("has no windows"));
    };
    let picked = context.step("windows", Gather::new(axes, 0.0), &[&input])?;
    let split = context.step("split", Reshape::new(split), &[&picked])?;
    let turned = context.step("turned", Transpose::new(vec![0, 1, 2, 4, 3, 5]), &[&split])?;
    let kernel = channels.checked_mul(tall).and_then(|channels| channels.checked_mul(wide));
    let kernel = kernel.ok_or_else(|| Error::limit("has more windows than can be counted"))?;
    context.layer(Reshape::new(vec![kernel, rows, columns]), &[&turned])
}

/// Windows along one axis.
struct Along {
    size: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    padding: usize,
    positions: usize,
}

impl Along {
    fn of(window: &Window, axis: usize, size: usize) -> Result<Self> {
        let of = |sizes: &[usize]| sizes.get(axis).copied().unwrap_or(1);
        let (kernel, stride, dilation) = (of(window.kernel()), of(window.stride()), of(window.dilation()));
        let [padding, behind] = window.padding().get(axis).copied().unwrap_or_default();
        let reach = kernel.checked_sub(1).and_then(|steps| steps.checked_mul(dilation)?.checked_add(1));
        let padded = size.checked_add(padding).and_then(|size| size.checked_add(behind));
        let rest = padded.zip(reach).and_then(|(padded, reach)| padded.checked_sub(reach));
        let positions = rest.and_then(|rest| rest.checked_div(stride)).map(|steps| steps + 1);
        let none = || Error::format(format!("has no window of {kernel} in {size} with padding {padding}"));
        Ok(Self { size, kernel, stride, dilation, padding, positions: positions.ok_or_else(none)? })
    }

    /// What each tap sees at each position; nothing in the padding.
    fn entries(&self) -> Vec<Option<usize>> {
        let seen = |tap: usize, position: usize| {
            let place = position * self.stride + tap * self.dilation;
            place.checked_sub(self.padding).filter(|&place| place < self.size)
        };
        (0..self.kernel)
            .flat_map(|tap| (0..self.positions).map(move |position| seen(tap, position)))
            .collect()
    }
}

/// Another height and width by bilinear interpolation, corners on corners.
pub(super) fn interpolate(context: &mut Context<'_, '_>) -> Result<Flow> {
    let (input, [_, height, width]) = context.picture()?;
    let parameters = context.definition.parameters("interp_param");
    for name in ["pad_beg", "pad_end"] {
        if parameters.integer(name)?.unwrap_or(0) != 0 {
            return Err(Error::unsupported(format!("has a {name}, expected none")));
        }
    }
    let factors = [parameters.count("shrink_factor")?, parameters.count("zoom_factor")?];
    let side = |size: usize, name: &str| {
        let [shrink, zoom] = factors.map(|factor| factor.unwrap_or(1));
        let scaled = || {
            let shrunk = size.saturating_sub(1).checked_div(shrink)? + 1;
            shrunk.checked_add((shrunk - 1).checked_mul(zoom.checked_sub(1)?)?)
        };
        let wanted = match parameters.count(name)? {
            Some(size) => Some(size),
            None if factors.iter().any(Option::is_some) => scaled(),
            None => None,
        };
        wanted
            .filter(|&size| size > 0)
            .ok_or_else(|| Error::format(format!("says no {name} that can be had")))
    };
    let (rows, columns) = (side(height, "height")?, side(width, "width")?);
    // Two neighbours each, a place and a share.
    context.book(&[4, rows])?;
    context.book(&[4, columns])?;
    let axes = vec![(2, height, between(height, rows)), (3, width, between(width, columns))];
    context.layer(Resample::new(axes)?, &[&input])
}

/// For each of `wanted` places the neighbours among `size` with their shares.
fn between(size: usize, wanted: usize) -> Vec<Vec<(usize, f64)>> {
    #[expect(clippy::cast_precision_loss, reason = "no axis has 2^52 values")]
    let step = if wanted > 1 { size.saturating_sub(1) as f64 / (wanted - 1) as f64 } else { 0.0 };
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "places within the axis"
    )]
    let place = |place: usize| {
        let at = place as f64 * step;
        let before = (at.floor() as usize).min(size.saturating_sub(1));
        let share = at - before as f64;
        let behind = (before + 1).min(size.saturating_sub(1));
        vec![(before, 1.0 - share), (behind, share)]
    };
    (0..wanted).map(place).collect()
}

fn pick(input: &Flow, axis: usize, entries: std::ops::Range<usize>) -> Gather {
    let mut axes = vec![None; input.sample.len() + 1];
    if let Some(list) = axes.get_mut(axis) {
        *list = Some(entries.map(Some).collect());
    }
    Gather::new(axes, 0.0)
}
