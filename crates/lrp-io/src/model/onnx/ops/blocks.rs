//! Channels that become squares of space, and back.

use lrp_core::{Reshape, Transpose};

use crate::error::{Error, Result, quoted};
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::{Flow, Operand};

/// `DepthToSpace`: `b²` channels become a square of `b × b`. In the mode `DCR` channels of a square lie `C/b²` apart, in
/// `CRD` beside each other.
pub(super) fn to_space(context: &mut Context<'_, '_>) -> Result<Operand> {
    let beside = match context.attributes.text_or("mode", "DCR")? {
        "DCR" => false,
        "CRD" => true,
        mode => return Err(Error::format(format!("has the mode {}, known are DCR and CRD", quoted(mode)))),
    };
    let (flow, [channels, height, width], block) = squares(context)?;
    let square = block.checked_mul(block).filter(|&square| channels.is_multiple_of(square));
    let square = square.ok_or_else(|| {
        Error::format(format!(
            "makes squares of {block} x {block} from {channels} channels, which do not fill them"
        ))
    })?;
    let kept = channels / square;
    let (split, order) = match beside {
        true => ([kept, block, block, height, width], [0, 1, 4, 2, 5, 3]),
        false => ([block, block, kept, height, width], [0, 3, 4, 1, 5, 2]),
    };
    rearranged(context, flow, &split, &order, [kept, height * block, width * block])
}

/// `SpaceToDepth`: squares of `b × b` become `b²` channels, `C` apart.
pub(super) fn to_depth(context: &mut Context<'_, '_>) -> Result<Operand> {
    let (flow, [channels, height, width], block) = squares(context)?;
    if !height.is_multiple_of(block) || !width.is_multiple_of(block) {
        return Err(Error::format(format!(
            "cuts squares of {block} x {block} from {height} x {width}, which leaves a rest"
        )));
    }
    let (rows, columns) = (height / block, width / block);
    let split = [channels, rows, block, columns, block];
    rearranged(context, flow, &split, &[0, 3, 5, 1, 2, 4], [channels * block * block, rows, columns])
}

/// The input `[n, channels, height, width]`, its sizes, and the side of a square.
fn squares(context: &mut Context<'_, '_>) -> Result<(Flow, [usize; 3], usize)> {
    let flow = context.flow(0)?;
    flow.batch_first()?;
    let &[channels, height, width] = flow.sample.as_slice() else {
        return Err(Error::format(format!(
            "reads samples {:?}, expected channels, height and width",
            flow.sample
        )));
    };
    let side = context.attributes.integer_or("blocksize", 0)?;
    let block = usize::try_from(side).ok().filter(|&block| block > 0);
    let block =
        block.ok_or_else(|| Error::format(format!("has the blocksize {side}, it must be above zero")))?;
    Ok((flow, [channels, height, width], block))
}

fn rearranged(
    context: &mut Context<'_, '_>,
    flow: Flow,
    split: &[usize],
    order: &[usize],
    sample: [usize; 3],
) -> Result<Operand> {
    let split = context.step("split", Reshape::new(split.to_vec()), &[&Operand::Flow(flow)])?;
    let ordered = context.step("order", Transpose::new(order.to_vec()), &[&split])?;
    context.layer(Reshape::new(sample.to_vec()), &[&ordered])
}
