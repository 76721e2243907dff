//! Values picked from others, along every axis by a list of places: slices, padding, repetition.

use lrp_core::{Embedding, Gather};

use crate::error::{Error, Result, quoted};
use crate::model::onnx::constant::Size;
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand, resolve};

use super::arithmetic::{broadcast_shape, raised};
use super::elementwise::first;
use super::shaping::{reshaped, shaped};

/// What is picked along one axis of the graph; `None` is a place that is filled.
type Places = Vec<Option<usize>>;

/// Picks along axes of the graph, none of them the batch.
pub(super) fn pick(
    context: &mut Context<'_, '_>,
    input: &Operand,
    axes: Vec<(usize, Places)>,
    fill: f64,
) -> Result<Operand> {
    match gather(context, input, axes, fill)? {
        None => Ok(input.clone()),
        Some(layer) => context.layer(layer, &[input]),
    }
}

/// As [`pick`], for an output that is not the only one.
fn pick_as(
    context: &mut Context<'_, '_>,
    name: &str,
    input: &Operand,
    axes: Vec<(usize, Places)>,
) -> Result<Operand> {
    match gather(context, input, axes, 0.0)? {
        None => Ok(input.clone()),
        Some(layer) => context.assembly.apply(name, layer.into(), &[input]),
    }
}

/// The layer that picks; `None` if everything stays where it is.
fn gather(
    context: &mut Context<'_, '_>,
    input: &Operand,
    axes: Vec<(usize, Places)>,
    fill: f64,
) -> Result<Option<Gather>> {
    let mut lists: Vec<Option<Places>> = match input {
        Operand::Constant(_) => vec![None; input.rank() + 1],
        Operand::Flow(_) => vec![None; input.rank()],
    };
    for (axis, places) in axes {
        let size = input.size(axis)?;
        if places.iter().copied().eq((0..size).map(Some)) {
            continue;
        }
        context.assembly.limits().elements(&[places.len()])?;
        if let Some(list) = lists.get_mut(input.place(axis)?) {
            *list = Some(places);
        }
    }
    Ok(lists.iter().any(Option::is_some).then(|| Gather::new(lists, fill)))
}

/// `Slice`: from, to and step along axes, as Python has them.
pub(super) fn slice(context: &mut Context<'_, '_>) -> Result<Operand> {
    let bound = |name, index| {
        let list = context.list(name, index)?;
        list.ok_or_else(|| Error::format(format!("has no {name}")))
    };
    let (starts, ends) = (bound("starts", 1)?, bound("ends", 2)?);
    let axes = context.fixed_list("axes", 3)?;
    let steps = context.fixed_list("steps", 4)?;
    let input = context.take(0)?;
    let count = starts.len();
    let axes = axes.unwrap_or_else(|| (0..).take(count).collect());
    let steps = steps.unwrap_or_else(|| vec![1; count]);
    if [ends.len(), axes.len(), steps.len()] != [count; 3] {
        return Err(Error::format("has starts, ends, axes and steps of different lengths"));
    }
    let mut picked = Vec::new();
    for (((start, end), axis), step) in starts.into_iter().zip(ends).zip(axes).zip(steps) {
        let axis = input.axis(axis)?;
        if input.is_batch(axis) && is_whole(start, end, step, context.declared_batch) {
            continue;
        }
        let (Size::Fixed(start), Size::Fixed(end)) = (start, end) else {
            return Err(Error::unsupported("slices to where the size of the batch says"));
        };
        let size = input.size(axis)?;
        picked.push((axis, sliced(size, start, end, step)?.into_iter().map(Some).collect()));
    }
    pick(context, &input, picked, 0.0)
}

/// Whether a slice of the batch is all of it.
fn is_whole(start: Size, end: Size, step: i64, declared: Option<usize>) -> bool {
    let behind = match end {
        Size::Batch => true,
        Size::Fixed(end) => {
            end >= i64::from(i32::MAX)
                || usize::try_from(end).is_ok_and(|end| Some(end) == declared && end > 1)
        }
        Size::Varying => false,
    };
    start == Size::Fixed(0) && behind && step == 1
}

fn sliced(size: usize, start: i64, end: i64, step: i64) -> Result<Vec<usize>> {
    let size = i64::try_from(size).map_err(|_| Error::format("is too large to slice"))?;
    let from_front = |place: i64| if place < 0 { place.saturating_add(size) } else { place };
    let (start, end) = (from_front(start), from_front(end));
    let mut places = Vec::new();
    let (mut place, end) = match step {
        1.. => (start.clamp(0, size), end.clamp(0, size)),
        ..=-1 => (start.clamp(-1, size - 1), end.clamp(-1, size - 1)),
        0 => return Err(Error::format("has a step of 0")),
    };
    while (step > 0 && place < end) || (step < 0 && place > end) {
        places.extend(usize::try_from(place).ok());
        place = place.saturating_add(step);
    }
    Ok(places)
}

/// `Gather` by known places: along one axis, which becomes the axes of the list of places; by computed places, in a
/// table that is known.
pub(super) fn look_up(context: &mut Context<'_, '_>) -> Result<Operand> {
    let axis = context.attributes.integer_or("axis", 0)?;
    if let (Some(Operand::Constant(_)), Some(Operand::Flow(_))) = (context.optional(0), context.optional(1)) {
        return rows_of_table(context, axis);
    }
    let indices = context.constant(1, "places")?;
    let shape = indices.shape().to_vec();
    let list = indices.view().map_err(|error| error.of("places"))?;
    let input = context.take(0)?;
    let axis = input.axis(axis)?;
    let size = input.size(axis)?;
    let place = |&index: &f64| {
        #[expect(clippy::cast_possible_truncation, reason = "what is not within the axis fails below")]
        let whole = index as i64;
        let counted =
            if whole < 0 { i64::try_from(size).unwrap_or(i64::MAX).saturating_add(whole) } else { whole };
        let found = usize::try_from(counted).ok().filter(|&place| place < size && index.fract() == 0.0);
        found.map(Some).ok_or_else(|| Error::format(format!("looks up place {index} of {size}")))
    };
    let places = list.iter().map(place).collect::<Result<Places>>()?;
    if shape.len() == 1 {
        return pick(context, &input, vec![(axis, places)], 0.0);
    }
    let name = format!("{}.pick", context.name);
    let picked = pick_as(context, &name, &input, vec![(axis, places)])?;
    match picked {
        Operand::Constant(constant) => context.fold(&[&constant], constant.is_integer(), |arrays| {
            let array = first(arrays)?;
            let (before, behind) = array.shape().split_at_checked(axis).unwrap_or_default();
            shaped(array, &[before, &shape, behind.get(1..).unwrap_or_default()].concat())
        }),
        Operand::Flow(flow) => {
            let place = input.place(axis)? - 1;
            let (before, behind) = flow.sample.split_at_checked(place).unwrap_or_default();
            let sample = [before, &shape, behind.get(1..).unwrap_or_default()].concat();
            let batch =
                if axis < flow.batch { (flow.batch + shape.len()).saturating_sub(1) } else { flow.batch };
            reshaped(context, flow, sample, batch)
        }
    }
}

/// Rows of a constant by places that flow, in the order of which they come out.
fn rows_of_table(context: &mut Context<'_, '_>, axis: i64) -> Result<Operand> {
    let table = context.numbers(0, "table")?;
    if resolve(axis, table.ndim())? != 0 {
        return Err(Error::unsupported(format!(
            "looks up places along axis {axis} of a table, expected axis 0"
        )));
    }
    let (entries, row) = table.shape().split_first().map_or((0, &[][..]), |(entries, row)| (*entries, row));
    let (row, width) = (row.to_vec(), row.iter().product::<usize>());
    let table = table
        .into_shape_with_order((entries, width))
        .map_err(|error| Error::format(format!("has a table that is none: {error}")))?;
    let places = context.take(1)?;
    let embedding = Embedding::new(table)?;
    let looked_up = match row[..] {
        [_] => return context.layer(embedding, &[&places]),
        _ => context.step("rows", embedding, &[&places])?,
    };
    let Operand::Flow(flow) = looked_up else { return Ok(looked_up) };
    let (_, places) = flow.sample.split_last().unwrap_or((&0, &[]));
    let (sample, batch) = ([places, &row].concat(), flow.batch);
    reshaped(context, flow, sample, batch)
}

/// `Split`
pub(super) fn split(context: &mut Context<'_, '_>) -> Result<Vec<Operand>> {
    let sizes = context.fixed_list("split", 1)?;
    let input = context.take(0)?;
    let axis = input.axis(context.attributes.integer_or("axis", 0)?)?;
    let size = input.size(axis)?;
    let count = context.wanted.len();
    let sizes = match sizes {
        Some(sizes) => {
            let size = |&size: &i64| usize::try_from(size).map_err(|_| Error::format("has a negative size"));
            sizes.iter().map(size).collect::<Result<Vec<_>>>()?
        }
        // All of one size but the last, which may be smaller.
        None => {
            let part = size.div_ceil(count.max(1));
            (0..count).map(|index| part.min(size.saturating_sub(index * part))).collect()
        }
    };
    let total = sizes.iter().try_fold(0_usize, |total, &size| total.checked_add(size));
    if total != Some(size) || sizes.len() != count {
        return Err(Error::format(format!("splits {size} into {sizes:?} for {count} outputs")));
    }
    let mut start = 0;
    let mut outputs = Vec::new();
    for (index, size) in sizes.into_iter().enumerate() {
        let places: Places = (start..start + size).map(Some).collect();
        start += size;
        // What nobody reads would be a dead end of the network.
        outputs.push(match context.wanted.get(index) {
            Some(true) => {
                let name = format!("{}.{index}", context.name);
                pick_as(context, &name, &input, vec![(axis, places)])?
            }
            _ => input.clone(),
        });
    }
    Ok(outputs)
}

/// `Pad`: by a constant, or by what is in the array already.
pub(super) fn pad(context: &mut Context<'_, '_>) -> Result<Operand> {
    let pads = context.fixed_list("pads", 1)?.ok_or_else(|| Error::format("has no pads"))?;
    let fill = match context.attributes.real("value")? {
        Some(value) => value,
        None => context.scalar(2, "value")?.unwrap_or(0.0),
    };
    let mode = context.attributes.text_or("mode", "constant")?;
    let axes = context.fixed_list("axes", 3)?;
    let input = context.take(0)?;
    let axes = axes.unwrap_or_else(|| (0..).take(input.rank()).collect());
    let (before, behind) = pads.split_at_checked(axes.len()).unwrap_or_default();
    if pads.len() != 2 * axes.len() {
        return Err(Error::format(format!("has {} pads, expected {}", pads.len(), 2 * axes.len())));
    }
    let mut picked = Vec::new();
    for ((&before, &behind), &axis) in before.iter().zip(behind).zip(&axes) {
        let axis = input.axis(axis)?;
        if before == 0 && behind == 0 {
            continue;
        }
        let size = i64::try_from(input.size(axis)?).map_err(|_| Error::format("is too large to pad"))?;
        let end = size.saturating_add(behind);
        let length = usize::try_from(end.saturating_add(before)).unwrap_or_default();
        context.assembly.limits().elements(&[length])?;
        let places =
            (before.saturating_neg()..end).map(|place| padded(place, size, mode)).collect::<Result<_>>()?;
        picked.push((axis, places));
    }
    pick(context, &input, picked, fill)
}

/// What stands at a place that may be outside.
fn padded(place: i64, size: i64, mode: &str) -> Result<Option<usize>> {
    if size == 0 && mode != "constant" {
        return Err(Error::format("pads nothing by itself"));
    }
    let inside = (0..size).contains(&place);
    let found = match mode {
        "constant" => return Ok(inside.then(|| usize::try_from(place).unwrap_or_default())),
        "edge" => place.clamp(0, size - 1),
        "wrap" => place.rem_euclid(size),
        "reflect" if size == 1 => 0,
        "reflect" => {
            let period = 2 * (size - 1);
            let within = place.rem_euclid(period);
            within.min(period - within)
        }
        other => return Err(Error::unsupported(format!("pads by {}, which is not read", quoted(other)))),
    };
    Ok(usize::try_from(found).ok())
}

/// `Expand`: as numpy broadcasts, in both directions.
pub(super) fn expand(context: &mut Context<'_, '_>) -> Result<Operand> {
    let target = context.sizes(1, "shape")?.ok_or_else(|| Error::format("has no shape"))?;
    match context.take(0)? {
        Operand::Flow(flow) => {
            let flow = raised(context, flow, target.len())?;
            let offset = flow.rank() - target.len();
            let mut sample = Vec::new();
            for (axis, size) in target.iter().enumerate() {
                let wanted = match size {
                    Size::Fixed(size) => usize::try_from(*size).ok(),
                    Size::Batch | Size::Varying => None,
                };
                let is_batch = axis + offset == flow.batch;
                match (is_batch, wanted) {
                    (true, None) if *size == Size::Batch => {}
                    (true, Some(size)) if size == 1 || Some(size) == context.declared_batch => {}
                    (false, Some(size)) => sample.push(size),
                    _ => return Err(Error::unsupported("expands along the batch")),
                }
            }
            let sample = broadcast_shape(&flow.sample, &sample)?;
            spread(context, Operand::Flow(flow), &sample)
        }
        Operand::Constant(constant) => {
            let target = context.constant(1, "shape")?;
            let limits = context.assembly.limits();
            context.fold(&[&constant, &target], constant.is_integer(), |arrays| {
                let [array, target] = arrays else { return Err(Error::format("has no shape")) };
                let size = |&size: &f64| super::sources::natural(size);
                let target = target.iter().map(size).collect::<Result<Vec<_>>>()?;
                let shape = broadcast_shape(array.shape(), &target)?;
                limits.elements(&shape)?;
                let expanded = array.broadcast(shape).ok_or_else(|| Error::format("does not broadcast"))?;
                Ok(expanded.to_owned())
            })
        }
    }
}

/// A flow whose axes of size one are repeated to a shape that it broadcasts to.
pub(super) fn spread(context: &mut Context<'_, '_>, input: Operand, sample: &[usize]) -> Result<Operand> {
    let Operand::Flow(flow) = &input else { return Ok(input) };
    if flow.sample == sample {
        return Ok(input);
    }
    context.assembly.limits().elements(sample)?;
    let list = |(&own, &size): (&usize, &usize)| (own != size).then(|| vec![Some(0); size]);
    let lists = std::iter::once(None).chain(flow.sample.iter().zip(sample).map(list)).collect();
    context.step("expand", Gather::new(lists, 0.0), &[&input])
}

/// `Tile`
pub(super) fn tile(context: &mut Context<'_, '_>) -> Result<Operand> {
    let repeats = context.fixed_list("repeats", 1)?.ok_or_else(|| Error::format("has no repeats"))?;
    let input = context.take(0)?;
    if repeats.len() != input.rank() {
        return Err(Error::format(format!("has {} repeats for {} axes", repeats.len(), input.rank())));
    }
    let mut picked = Vec::new();
    for (axis, &count) in repeats.iter().enumerate().filter(|(_, count)| **count != 1) {
        let size = input.size(axis)?;
        let count = usize::try_from(count).map_err(|_| Error::format("has a negative number of repeats"))?;
        context.assembly.limits().elements(&[size, count])?;
        picked.push((axis, (0..count).flat_map(|_| (0..size).map(Some)).collect()));
    }
    pick(context, &input, picked, 0.0)
}

/// A flow with more places along one axis of the graph than it has values, those left out being zero.
pub(super) fn stretched(
    context: &mut Context<'_, '_>,
    flow: Flow,
    axis: usize,
    places: Places,
) -> Result<Operand> {
    let input = Operand::Flow(flow);
    match gather(context, &input, vec![(axis, places)], 0.0)? {
        None => Ok(input),
        Some(layer) => context.step("places", layer, &[&input]),
    }
}
