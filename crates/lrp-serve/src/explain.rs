//! Explanations: a sample, several classes, several ways, one run of the network.

use lrp::core::{Float, Tensor};
use lrp::render::{Word, words};
use lrp::rules::{Explanation, Plan, Target};
use ndarray::Axis;
use serde::{Deserialize, Serialize};

use crate::fault::Fault;
use crate::input::{Input, Prepared, Text, plane};
use crate::model::Model;
use crate::plans::Kept;
use crate::service::Service;
use crate::settings::Settings;
use crate::way::{Rules, Way};

/// Classes of an answer at most, and ways of a request.
const MOST: usize = 10;
/// Scores listed at least, if there are as many.
const RANKED: usize = 10;

/// What is asked.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    pub(crate) model: String,
    input: Input,
    /// None means the usual one.
    #[serde(default)]
    ways: Vec<Way>,
    /// Which classes to explain; none means the highest scores, as many as `top` says.
    #[serde(default)]
    classes: Vec<usize>,
    top: Option<usize>,
}

/// What is answered.
#[derive(Serialize)]
pub(crate) struct Answer {
    model: String,
    /// What the network saw: a PNG in base 64.
    picture: Option<String>,
    /// The text in pieces, words and what is between them.
    text: Option<Vec<Piece>>,
    /// The highest scores, and those explained.
    scores: Vec<Score>,
    /// Way by way, class by class.
    explanations: Vec<Explained>,
}

#[derive(Clone, Serialize)]
pub(crate) struct Score {
    pub(crate) class: usize,
    pub(crate) name: String,
    pub(crate) score: f32,
}

/// A piece of a text.
#[derive(Serialize)]
struct Piece {
    text: String,
    /// Whether the network knows this word; none for what is no word.
    known: Option<bool>,
}

#[derive(Serialize)]
struct Explained {
    way: usize,
    class: usize,
    rules: String,
    why: Option<String>,
    notices: Vec<String>,
    /// The relevance everything started from, and what of it arrived at the input.
    started: f64,
    arrived: f64,
    relevance: Shown,
}

/// Relevance in the form of what was explained.
#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Plane(Plane),
    /// Of each word of a text.
    Words {
        values: Vec<f32>,
    },
}

/// Relevance with its channels summed, row by row.
#[derive(Serialize)]
pub(crate) struct Plane {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) values: Vec<f32>,
}

/// A question about a model, read and made ready.
pub(crate) struct Ready {
    pub(crate) prepared: Prepared,
    pub(crate) plans: Vec<(Kept, Rules)>,
    pub(crate) classes: Vec<usize>,
    pub(crate) top: usize,
}

impl Question {
    pub(crate) fn ready(self, model: &Model, keep_layers: bool, settings: &Settings) -> Result<Ready, Fault> {
        let top = self.top.unwrap_or(1);
        if self.ways.len() > MOST || self.classes.len() > MOST || !(1..=MOST).contains(&top) {
            return Err(Fault::senseless(format!(
                "ways, classes and top are {MOST} at most, and top at least 1"
            )));
        }
        let ways = if self.ways.is_empty() { vec![Way::default()] } else { self.ways };
        let plans =
            ways.iter().map(|way| model.plan(way, keep_layers, settings.plans)).collect::<Result<_, _>>()?;
        let prepared = self.input.prepare(model, settings)?;
        Ok(Ready { prepared, plans, classes: self.classes, top })
    }
}

pub(crate) fn answer(question: Question, service: &Service) -> Result<Answer, Fault> {
    let (model, settings) = (service.model(&question.model)?, &service.settings);
    let Ready { prepared, plans, classes, top } = question.ready(model, false, settings)?;
    let trace = model.network.trace(&prepared.input)?;
    let ranking = ranking(model, trace.value(plans[0].0.head()));
    let classes = if classes.is_empty() {
        ranking.iter().take(top).map(|score| score.class).collect()
    } else {
        classes
    };
    let mut explanations = Vec::new();
    for (way, (plan, rules)) in plans.iter().enumerate() {
        for &class in &classes {
            let explanation = plan.explain_trace(&trace, &Target::Class(class))?;
            let relevance = shown(model, prepared.text.as_ref(), &explanation)?;
            explanations.push(explained(way, class, plan, rules, &explanation, relevance)?);
        }
    }
    let listed = |(rank, score): &(usize, Score)| *rank < RANKED || classes.contains(&score.class);
    let scores = ranking.into_iter().enumerate().filter(listed).map(|(_, score)| score).collect();
    let text = prepared.text.map(|text| pieces(model, &text));
    Ok(Answer { model: model.name.clone(), picture: prepared.picture, text, scores, explanations })
}

/// Scores from the highest to the lowest.
pub(crate) fn ranking(model: &Model, scores: &Tensor<f32>) -> Vec<Score> {
    let score =
        |(class, &score): (usize, &f32)| Score { class, name: model.class(class).into_owned(), score };
    let mut ranking: Vec<Score> = scores.iter().enumerate().map(score).collect();
    ranking.sort_by(|one, other| other.score.total_cmp(&one.score));
    ranking
}

/// A text as words and what stands between them.
fn pieces(model: &Model, Text { text, tokens }: &Text) -> Vec<Piece> {
    let unknown = model.sidecar.text.as_ref().map(|reader| reader.unknown);
    let mut known = tokens.iter().map(|token| Some(token.id) != unknown);
    let piece = |word: Word<'_>| {
        let known = word.relevance.and_then(|_| known.next());
        Piece { text: word.text.to_owned(), known }
    };
    words(text, tokens.iter().map(|token| (token.range.clone(), 0.0))).into_iter().map(piece).collect()
}

/// The relevance of a sample, as it is shown.
fn shown(model: &Model, text: Option<&Text>, explanation: &Explanation<f32>) -> Result<Shown, Fault> {
    let relevance = explanation.relevance.index_axis(Axis(0), 0);
    if let (Some(text), Some(reader)) = (text, &model.sidecar.text) {
        let row = relevance.into_dimensionality().map_err(|_| Fault::ours())?;
        return Ok(Shown::Words { values: reader.of_words(row, text.tokens.len()).to_vec() });
    }
    let plane = plane(&relevance.mapv(Float::as_f64).view(), model.channels()).ok_or_else(|| {
        Fault::senseless(format!("relevance of shape {:?} is no picture", relevance.shape()))
    })?;
    let (height, width) = plane.dim();
    let values = plane.iter().map(|&value| value as f32).collect();
    Ok(Shown::Plane(Plane { height, width, values }))
}

fn explained(
    way: usize,
    class: usize,
    plan: &Plan<'_, f32>,
    rules: &Rules,
    explanation: &Explanation<f32>,
    relevance: Shown,
) -> Result<Explained, Fault> {
    let arrived = explanation.relevance.mapv(Float::as_f64).sum();
    finite(arrived)?;
    Ok(Explained {
        way,
        class,
        rules: rules.name.clone(),
        why: rules.why.clone(),
        notices: plan.notices(),
        started: explanation.seed.sum().as_f64(),
        arrived,
        relevance,
    })
}

pub(crate) fn finite(sum: f64) -> Result<(), Fault> {
    if sum.is_finite() { Ok(()) } else { Err(Fault::senseless("the relevance overflows; try a milder rule")) }
}
