//! Numbers that nodes bring along, and the shapes of values as numbers.

use ndarray::{Array1, ArrayD, IxDyn, arr0};

use crate::error::{Error, Result};
use crate::model::onnx::constant::Constant;
use crate::model::onnx::context::Context;
use crate::model::onnx::operand::Operand;
use crate::model::onnx::tensor;

/// `Constant`
pub(super) fn constant(context: &mut Context<'_, '_>) -> Result<Operand> {
    #[expect(clippy::cast_precision_loss, reason = "an integer beyond 2^53 stands for as far as it goes")]
    let whole = |value: i64| value as f64;
    let attributes = context.attributes;
    let constant = if let Some(tensor) = attributes.tensor("value")? {
        tensor::read(tensor, context.folder, context.assembly.limits())?
    } else if let Some(value) = attributes.real("value_float")? {
        Constant::new(arr0(value).into_dyn(), false)
    } else if let Some(value) = attributes.integer("value_int")? {
        Constant::new(arr0(whole(value)).into_dyn(), true)
    } else if let Some(values) = attributes.reals("value_floats")? {
        Constant::new(Array1::from(values).into_dyn(), false)
    } else if let Some(values) = attributes.integers("value_ints")? {
        Constant::new(values.iter().copied().map(whole).collect::<Array1<f64>>().into_dyn(), true)
    } else {
        return Err(Error::unsupported("holds no numbers, expected a tensor, a number or a list of numbers"));
    };
    Ok(Operand::Constant(constant))
}

/// `ConstantOfShape`
pub(super) fn constant_of_shape(context: &mut Context<'_, '_>) -> Result<Operand> {
    let limits = context.assembly.limits();
    let value = match context.attributes.tensor("value")? {
        None => Constant::new(arr0(0.0).into_dyn(), false),
        Some(value) => tensor::read(value, context.folder, limits)?,
    };
    let number = value.scalar()?;
    let shape = context.constant(0, "shape")?;
    let filled = Constant::combine(&[&shape], value.is_integer(), |arrays| {
        let shape = super::elementwise::first(arrays)?;
        let shape = shape.iter().map(|&size| natural(size)).collect::<Result<Vec<_>>>()?;
        // Counted before the memory is there, of which many such nodes could ask much with few bytes.
        context.assembly.reserve(limits.elements(&shape)?)?;
        Ok(ArrayD::from_elem(IxDyn(&shape), number))
    })?;
    Ok(Operand::Constant(filled))
}

/// A size.
pub(super) fn natural(size: f64) -> Result<usize> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was compared first")]
    match size {
        size if size >= 0.0 && size < 2.0_f64.powi(53) && size.fract() == 0.0 => Ok(size as usize),
        size => Err(Error::format(format!("has a size {size}, expected an integer from 0"))),
    }
}

/// `Range`
pub(super) fn range(context: &mut Context<'_, '_>) -> Result<Operand> {
    let [start, limit, delta] =
        [(0, "start"), (1, "limit"), (2, "delta")].map(|(index, what)| context.constant(index, what));
    let (start, limit, delta) = (start?, limit?, delta?);
    let limits = context.assembly.limits();
    context.fold(&[&start, &limit, &delta], start.is_integer(), |arrays| {
        let numbers: Vec<f64> = arrays.iter().filter_map(|array| array.first().copied()).collect();
        let [start, limit, delta] = numbers[..] else { return Err(Error::format("has not three numbers")) };
        let count = ((limit - start) / delta).ceil().max(0.0);
        if count.is_nan() {
            return Err(Error::format(format!("goes from {start} to {limit} in steps of {delta}")));
        }
        let count = natural(count)?;
        limits.elements(&[count])?;
        #[expect(clippy::cast_precision_loss, reason = "no array has 2^52 elements")]
        Ok((0..count).map(|index| start + index as f64 * delta).collect::<Array1<f64>>().into_dyn())
    })
}

/// `Shape`, or a part of it.
pub(super) fn shape(context: &mut Context<'_, '_>) -> Result<Operand> {
    let [one, two] = shapes(context)?;
    let rank = i64::try_from(one.len()).unwrap_or(i64::MAX);
    let bound = |name, otherwise| {
        let bound = context.attributes.integer_or(name, otherwise)?;
        let counted = if bound < 0 { bound.saturating_add(rank) } else { bound };
        Ok::<_, Error>(usize::try_from(counted.clamp(0, rank)).unwrap_or_default())
    };
    let (start, end) = (bound("start", 0)?, bound("end", rank)?);
    let part = |shape: &[usize]| shape.get(start..end).unwrap_or_default().to_vec();
    Ok(Operand::Constant(Constant::sizes(&part(&one), &part(&two))))
}

/// `Size`: how many elements there are.
pub(super) fn size(context: &mut Context<'_, '_>) -> Result<Operand> {
    let [one, two] = shapes(context)?.map(|shape| vec![shape.iter().product()]);
    let count = Constant::sizes(&one, &two);
    context.fold(&[&count], true, |arrays| {
        let count = super::elementwise::first(arrays)?.first().copied().unwrap_or_default();
        Ok(arr0(count).into_dyn())
    })
}

/// The shapes of an input in a batch of one and in a batch of two.
fn shapes(context: &mut Context<'_, '_>) -> Result<[Vec<usize>; 2]> {
    Ok(match context.take(0)? {
        Operand::Flow(flow) => [flow.shape(1), flow.shape(2)],
        Operand::Constant(constant) => constant.shapes().map(<[usize]>::to_vec),
    })
}
