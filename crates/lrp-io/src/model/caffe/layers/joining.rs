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
    let definition = context.definition;
    let parameters = definition.parameters("eltwise_param");
    let mut inputs = context.inputs.clone();
    if inputs.len() < 2 || inputs.iter().any(|input| input.sample != context.inputs[0].sample) {
        let shapes: Vec<_> = inputs.iter().map(|input| &input.sample).collect();
        return Err(Error::format(format!(
            "joins values of shapes {shapes:?}, expected two or more of one shape"
        )));
    }
    match parameters.text("operation")?.unwrap_or("SUM") {
        "SUM" | "1" => {
            let factors = parameters.numbers("coeff")?;
            if !factors.is_empty() && factors.len() != inputs.len() {
                return Err(Error::format(format!(
                    "has {} factors for {} values",
                    factors.len(),
                    inputs.len()
                )));
            }
            for (place, (input, factor)) in inputs.iter_mut().zip(factors).enumerate() {
                if factor != 1.0 {
                    *input = context.step(&format!("factor{place}"), scaling(factor, 0.0), &[&*input])?;
                }
            }
            context.layer(Add, &inputs.iter().collect::<Vec<_>>())
        }
        "PROD" | "0" => product(context, &inputs),
        "MAX" | "2" => maximum(context, inputs),
        other => Err(Error::format(format!("joins values by {}, expected SUM, PROD or MAX", quoted(other)))),
    }
}

fn product(context: &mut Context<'_, '_>, inputs: &[Flow]) -> Result<Flow> {
    let Some(([first, middle @ ..], last)) = inputs.split_last().map(|(last, rest)| (rest, last)) else {
        return Err(Error::format("joins nothing"));
    };
    let mut so_far = first.clone();
    for (place, input) in middle.iter().enumerate() {
        so_far = context.step(&format!("product{place}"), Multiply, &[&so_far, input])?;
    }
    context.layer(Multiply, &[&so_far, last])
}

/// Values on top of each other, of which the largest is kept.
fn maximum(context: &mut Context<'_, '_>, inputs: Vec<Flow>) -> Result<Flow> {
    let mut stacked = Vec::new();
    for (place, input) in inputs.iter().enumerate() {
        let raised = Reshape::new([&[1], &input.sample[..]].concat());
        stacked.push(context.step(&format!("layer{place}"), raised, &[input])?);
    }
    let stack = context.step("stack", Concat::new(1), &stacked.iter().collect::<Vec<_>>())?;
    context.layer(Reduce::new(Reduction::Max, vec![1], false), &[&stack])
}
