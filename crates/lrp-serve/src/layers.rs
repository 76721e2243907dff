//! The way back, layer by layer, from the scores to the input.

use lrp::core::{Channels, Float, Tensor};
use lrp::rules::Target;
use ndarray::{Array2, Axis};
use serde::Serialize;

use crate::explain::{Plane, Question, Ready, Score, finite, ranking};
use crate::fault::Fault;
use crate::input::plane;
use crate::service::Service;

/// Sides and lengths up to which relevance is shown value by value.
const SIDE: usize = 64;
const BARS: usize = 200;

#[derive(Serialize)]
pub(crate) struct Answer {
    model: String,
    picture: Option<String>,
    scores: Vec<Score>,
    class: usize,
    rules: String,
    why: Option<String>,
    notices: Vec<String>,
    /// From the scores to the input.
    steps: Vec<Step>,
}

/// The relevance of one value, and how it went on from there.
#[derive(Serialize)]
struct Step {
    /// Who wrote the value; the input was written by nobody.
    node: String,
    kind: Option<String>,
    /// The rule by which relevance crosses it, and what decided that.
    rule: Option<String>,
    why: Option<String>,
    shape: Vec<usize>,
    sum: f64,
    positive: f64,
    negative: f64,
    /// Channels are summed, and so are neighbours where there are many.
    relevance: Shown,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Shown {
    Plane(Plane),
    Bars(Vec<f32>),
}

pub(crate) fn answer(question: Question, service: &Service) -> Result<Answer, Fault> {
    let (model, settings) = (service.model(&question.model)?, &service.settings);
    let Ready { prepared, plans, classes, top } = question.ready(model, true, settings)?;
    let [(plan, rules)] = &plans[..] else {
        return Err(Fault::senseless(format!("found {} ways, one is allowed", plans.len())));
    };
    if top > 1 || classes.len() > 1 {
        return Err(Fault::senseless("found several classes, one is allowed"));
    }
    let trace = model.network.trace(&prepared.input)?;
    let scores = ranking(model, trace.value(plan.head()));
    let class = classes.first().or(scores.first().map(|score| &score.class)).copied().unwrap_or_default();
    let explanation = plan.explain_and_drop(trace, &Target::Class(class))?;
    let table = plan.table(None)?;
    let kept = explanation.layers.unwrap_or_default();
    let input = step("input".to_owned(), &kept[0], model.channels())?;
    let crossed = kept[1..].iter().zip(&table.rows).map(|(relevance, row)| {
        let found = step(row.node.clone(), relevance, model.channels())?;
        let (kind, rule, why) = (row.kind.to_string(), row.rule.clone(), row.why.clone());
        Ok(Step { kind: Some(kind), rule: Some(rule), why: Some(why), ..found })
    });
    let mut steps = std::iter::once(Ok(input)).chain(crossed).collect::<Result<Vec<_>, Fault>>()?;
    steps.reverse();
    Ok(Answer {
        model: model.name.clone(),
        picture: prepared.picture,
        scores: scores.into_iter().take(10).collect(),
        class,
        rules: rules.name.clone(),
        why: rules.why.clone(),
        notices: plan.notices(),
        steps,
    })
}

fn step(node: String, relevance: &Tensor<f32>, channels: Channels) -> Result<Step, Fault> {
    let values = relevance.index_axis(Axis(0), 0).mapv(Float::as_f64);
    let positive: f64 = values.iter().filter(|value| **value > 0.0).sum();
    let negative: f64 = values.iter().filter(|value| **value < 0.0).sum();
    let sum = values.sum();
    finite(sum)?;
    let wide = values.shape().iter().filter(|&&size| size > 1).count() > 1;
    let shown = match plane(&values.view(), channels) {
        Some(plane) if wide && values.ndim() > 1 && plane.len() > 1 => Shown::Plane(small(&plane)),
        _ => Shown::Bars(bars(&values.iter().copied().collect::<Vec<_>>())),
    };
    let shape = relevance.shape()[1..].to_vec();
    Ok(Step { node, kind: None, rule: None, why: None, shape, sum, positive, negative, relevance: shown })
}

/// A plane whose sides are short enough; blocks of values are summed, so that nothing is lost.
fn small(plane: &Array2<f64>) -> Plane {
    let block = plane.nrows().max(plane.ncols()).div_ceil(SIDE);
    let (height, width) = (plane.nrows().div_ceil(block), plane.ncols().div_ceil(block));
    let mut sums = Array2::<f64>::zeros((height, width));
    plane.indexed_iter().for_each(|((row, column), value)| sums[[row / block, column / block]] += value);
    Plane { height, width, values: sums.iter().map(|&value| value as f32).collect() }
}

/// The same for vectors.
fn bars(values: &[f64]) -> Vec<f32> {
    let block = values.len().div_ceil(BARS).max(1);
    values.chunks(block).map(|block| block.iter().sum::<f64>() as f32).collect()
}
