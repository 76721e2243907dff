//! Values side by side.

use lrp_core::{Concat, Scaling};
use ndarray::{ArrayD, Axis, IxDyn, Slice, arr0};

use crate::error::{Error, Result};
use crate::model::onnx::constant::Constant;
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand, resolve};

use super::arithmetic::beside;
use super::picking::stretched;

/// `Concat`
pub(super) fn concat(context: &mut Context<'_, '_>) -> Result<Operand> {
    let axis =
        context.attributes.integer("axis")?.ok_or_else(|| Error::format("does not say along which axis"))?;
    let parts: Vec<Operand> = context.inputs.drain(..).flatten().collect();
    let Some(rank) = parts.first().map(Operand::rank) else { return Err(Error::format("has no input")) };
    let axis = resolve(axis, rank)?;
    if parts.iter().any(|part| part.rank() != rank) {
        return Err(Error::format("joins values of different numbers of axes"));
    }
    let flows: Vec<&Flow> = parts.iter().filter_map(flow).collect();
    let Some(first) = flows.first() else { return constants(context, axis, &parts) };
    if flows.iter().any(|flow| flow.batch != first.batch) {
        return Err(Error::unsupported("joins values of which different axes are the batch"));
    }
    let place = parts.iter().find(|part| flow(part).is_some()).map_or(Ok(0), |part| part.place(axis))?;
    match flows.len() == parts.len() {
        true => context.layer(Concat::new(place), &parts.iter().collect::<Vec<_>>()),
        false => mixed(context, axis, place, &parts),
    }
}

fn flow(operand: &Operand) -> Option<&Flow> {
    match operand {
        Operand::Flow(flow) => Some(flow),
        Operand::Constant(_) => None,
    }
}

fn constants(context: &mut Context<'_, '_>, axis: usize, parts: &[Operand]) -> Result<Operand> {
    let constants: Vec<&Constant> = parts
        .iter()
        .filter_map(|part| match part {
            Operand::Constant(constant) => Some(constant),
            Operand::Flow(_) => None,
        })
        .collect();
    let integer = constants.iter().all(|constant| constant.is_integer());
    context.fold(&constants, integer, |arrays| {
        ndarray::concatenate(Axis(axis), arrays)
            .map_err(|_| Error::format(format!("joins arrays along axis {axis} that differ along another")))
    })
}

/// Flows and constants: the flows with room between them, and the constants added there as one shift.
///
/// So a token that is put before all others, the same for every sample, is a bias.
fn mixed(context: &mut Context<'_, '_>, axis: usize, place: usize, parts: &[Operand]) -> Result<Operand> {
    let flows: Vec<&Operand> = parts.iter().filter(|part| flow(part).is_some()).collect();
    let joined = match flows.as_slice() {
        [only] => (*only).clone(),
        several => context.step("flows", Concat::new(place), several)?,
    };
    let Operand::Flow(joined) = joined else { return Err(Error::format("has no input")) };
    let along = Axis(place - 1);
    let mut places = Vec::new();
    let mut constants: Vec<(usize, ArrayD<f64>)> = Vec::new();
    let mut taken = 0;
    for part in parts {
        match part {
            Operand::Flow(_) => {
                let size = part.size(axis)?;
                places.extend((taken..taken + size).map(Some));
                taken += size;
            }
            Operand::Constant(constant) => {
                let array = beside(constant, &joined)?;
                let size = array.shape().get(along.index()).copied().unwrap_or_default();
                constants.push((places.len(), array));
                places.extend(std::iter::repeat_n(None, size));
            }
        }
    }
    let mut shape = joined.sample.clone();
    if let Some(size) = shape.get_mut(along.index()) {
        *size = places.len();
    }
    context.assembly.limits().elements(&shape)?;
    let mut shift = ArrayD::zeros(IxDyn(&shape));
    for (start, array) in constants {
        let end = start + array.shape().get(along.index()).copied().unwrap_or_default();
        let mut room = shift.slice_axis_mut(along, Slice::from(start..end));
        if room.shape() != array.shape() {
            return Err(Error::format(format!(
                "joins {:?} to samples of {:?}",
                array.shape(),
                joined.sample
            )));
        }
        room.assign(&array);
    }
    let spaced = stretched(context, joined, axis, places)?;
    context.layer(Scaling::new(arr0(1.0).into_dyn(), shift), &[&spaced])
}
