//! Several values that become one.

use lrp_core::{Add, Concat, Multiply, Reduce, Reduction, Reshape};

use crate::error::{Error, Result, quoted};
use crate::model::caffe::context::{Context, Flow};

use super::elementwise::scaling;

pub(super) fn concat(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.parameters("concat_param");
    let axis = parameters.integer("axis")?.or(parameters.integer("concat_dim")?).unwrap_or(1);
    let inputs = context.inputs.clone();
    let axis = context.axis(axis, &context.input(0)?)?;
    context.layer(Concat::new(axis), &inputs.iter().collect::<Vec<_>>())
}

/// A sum with factors, a product or a maximum, place by place.
pub(super) fn eltwise(context: &mut Context<'_, '_>) -> Result<Flow> {
    let parameters = context.definition.parameters("eltwise_param");
    let mut inputs = context.inputs.clone();
    let (first, count) = (context.input(0)?, inputs.len());
    let other = inputs.iter().find(|input| input.sample != first.sample);
    if let Some(Flow { sample, .. }) = other {
        let message =
            format!("joins samples of shapes {:?} and {sample:?}, expected one shape", first.sample);
        return Err(Error::format(message));
    }
    if count < 2 {
        return Err(Error::format(format!("joins {count} values, expected two or more")));
    }
    match parameters.text("operation")?.unwrap_or("SUM") {
        "SUM" | "1" => {
            scale_each(context, &mut inputs, &parameters.numbers("coeff")?)?;
            context.layer(Add, &inputs.iter().collect::<Vec<_>>())
        }
        "PROD" | "0" => product(context, &inputs),
        "MAX" | "2" => maximum(context, &inputs),
        other => Err(Error::format(format!("joins values by {}, expected SUM, PROD or MAX", quoted(other)))),
    }
}

/// Each value by its factor, where there are factors.
fn scale_each(context: &mut Context<'_, '_>, inputs: &mut [Flow], factors: &[f64]) -> Result<()> {
    if !factors.is_empty() && factors.len() != inputs.len() {
        let (found, expected) = (factors.len(), inputs.len());
        return Err(Error::format(format!("has {found} factors, expected {expected}, one a value")));
    }
    for (place, (input, &factor)) in inputs.iter_mut().zip(factors).enumerate() {
        if factor != 1.0 {
            *input = context.step(&format!("factor{place}"), scaling(factor, 0.0), &[&*input])?;
        }
    }
    Ok(())
}

fn product(context: &mut Context<'_, '_>, inputs: &[Flow]) -> Result<Flow> {
    let [first, middle @ .., last] = inputs else { return Err(Error::format("joins nothing")) };
    let mut so_far = first.clone();
    for (place, input) in middle.iter().enumerate() {
        so_far = context.step(&format!("product{place}"), Multiply, &[&so_far, input])?;
    }
    context.layer(Multiply, &[&so_far, last])
}

/// Values on top of each other, of which the largest is kept.
fn maximum(context: &mut Context<'_, '_>, inputs: &[Flow]) -> Result<Flow> {
    let mut stacked = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        let raised = Reshape::new([&[1], &input.sample[..]].concat());
        stacked.push(context.step(&format!("layer{place}"), raised, &[input])?);
    }
    let stack = context.step("stack", Concat::new(1), &stacked.iter().collect::<Vec<_>>())?;
    context.layer(Reduce::new(Reduction::Max, vec![1], false), &[&stack])
}
