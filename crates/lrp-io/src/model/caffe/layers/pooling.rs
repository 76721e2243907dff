//! Pools, and what is made of all values along some axes.

use lrp_core::{
    Activation, AveragePool, Channels, Concat, Flatten, Function, MaxPool, Op, Reduce, Reduction, Window,
};

use crate::error::{Error, Result, quoted};
use crate::model::caffe::context::{Context, Flow};
use crate::model::caffe::text::Message;

use super::elementwise::scaling;
use super::products::{both_sides, sizes};

/// Windows are one more where a stride leaves a rest; means count the padding that is within the picture's frame.
pub(super) fn pool(context: &mut Context<'_, '_>) -> Result<Flow> {
    let (input, [_, height, width]) = context.picture()?;
    let parameters = context.parameters("pooling_param");
    let window = if parameters.flag_or("global_pooling", false)? {
        Window::new(&[height, width])
    } else {
        Window::new(&sizes(parameters, "kernel_size", "kernel", 2, None)?)
            .strided(&sizes(parameters, "stride", "stride", 2, Some(1))?)
            .padded(&both_sides(&sizes(parameters, "pad", "pad", 2, Some(0))?))
    };
    let rounds_up = match parameters.text("round_mode")? {
        // Where a stride leaves no rest the two are the same, and other formats know the simpler one.
        None | Some("CEIL" | "0") => leaves_rest(&window, [height, width]),
        Some("FLOOR" | "1") => false,
        Some(other) => {
            return Err(Error::format(format!(
                "has the round_mode {}, expected CEIL or FLOOR",
                quoted(other)
            )));
        }
    };
    let window = if rounds_up { window.rounded_up() } else { window };
    let pool = pool_by(parameters, window)?;
    context.layer(pool, &[&input])
}

fn pool_by(parameters: &Message, window: Window) -> Result<Op<f64>> {
    match parameters.text("pool")? {
        None | Some("MAX" | "0") => Ok(MaxPool::new(window, Channels::First)?.into()),
        Some("AVE" | "1") => Ok(AveragePool::new(window, Channels::First, true)?.into()),
        Some(other) => Err(Error::unsupported(format!(
            "pools by {}, which is not read; read are MAX and AVE",
            quoted(other)
        ))),
    }
}

/// A pyramid of pools: the whole picture, its quarters, sixteenths and so on, in one row.
pub(super) fn pyramid(context: &mut Context<'_, '_>) -> Result<Flow> {
    let definition = context.definition;
    let parameters = definition.parameters("spp_param");
    let (input, [_, height, width]) = context.picture()?;
    let levels = parameters.count("pyramid_height")?.filter(|&levels| levels > 0);
    let levels = levels.ok_or_else(|| Error::format("has no pyramid_height of 1 or more"))?;
    let mut parts = Vec::new();
    for level in 0..levels {
        let window = level_of(level, [height, width])?;
        let pool = pool_by(parameters, window)?;
        if levels == 1 {
            return context.layer(pool, &[&input]);
        }
        let pooled = context.step(&format!("level{level}"), pool, &[&input])?;
        parts.push(context.step(&format!("row{level}"), Flatten::RowMajor, &[&pooled])?);
    }
    context.layer(Concat::new(1), &parts.iter().collect::<Vec<_>>())
}

/// Windows that divide each side of a picture into `2^level` parts, with padding where they are too large together.
fn level_of(level: usize, sides: [usize; 2]) -> Result<Window> {
    let parts = u32::try_from(level).ok().and_then(|level| 1_usize.checked_shl(level));
    let parts = parts.filter(|&parts| sides.iter().all(|&side| parts <= side));
    let Some(parts) = parts else {
        let message =
            format!("divides {sides:?} pixels into 2^{level} parts a side, expected no more than pixels");
        return Err(Error::format(message));
    };
    let kernel = sides.map(|side| side.div_ceil(parts));
    let padding = sides.map(|side| (side.div_ceil(parts) * parts - side).div_ceil(2));
    let window = Window::new(&kernel).strided(&kernel).padded(&both_sides(&padding));
    Ok(if leaves_rest(&window, sides) { window.rounded_up() } else { window })
}

fn leaves_rest(window: &Window, sizes: [usize; 2]) -> bool {
    let rest = |(((kernel, stride), padding), size): (((&usize, &usize), &[usize; 2]), usize)| {
        let padded = padding.iter().try_fold(size, |size, &pad| size.checked_add(pad))?;
        padded.checked_sub(*kernel)?.checked_rem(*stride)
    };
    let axes = window.kernel().iter().zip(window.stride()).zip(window.padding()).zip(sizes);
    axes.into_iter().any(|axis| rest(axis) != Some(0))
}

/// Sums, means, sums of sizes and of squares over all axes from one on.
pub(super) fn reduce(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("reduction_param");
    let factor = parameters.number_or("coeff", 1.0)?;
    let operation = parameters.text("operation")?.unwrap_or("SUM").to_owned();
    let axis = parameters.integer("axis")?.unwrap_or(0);
    let mut input = context.input(0)?;
    let first = context.axis(axis, &input)?;
    let (reduction, before) = match operation.as_str() {
        "SUM" | "1" => (Reduction::Sum, None),
        "MEAN" | "4" => (Reduction::Mean, None),
        "ASUM" | "2" => (Reduction::Sum, Some(Function::Absolute)),
        "SUMSQ" | "3" => (Reduction::Sum, Some(Function::Power(2.0))),
        other => {
            let message = format!("reduces by {}, expected SUM, ASUM, SUMSQ or MEAN", quoted(other));
            return Err(Error::format(message));
        }
    };
    if let Some(function) = before {
        input = context.step("each", Activation::new(function), &[&input])?;
    }
    let reduce = Reduce::new(reduction, (first..=input.sample.len()).collect(), false);
    if factor == 1.0 {
        return context.layer(reduce, &[&input]);
    }
    let reduced = context.step("reduce", reduce, &[&input])?;
    context.layer(scaling(factor, 0.0), &[&reduced])
}
