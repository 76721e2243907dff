//! The classes a sample scores highest in.

use lrp::core::Float;
use ndarray::ArrayViewD;
use serde_json::{Value, json};

use crate::model::Model;

/// Classes with their scores, the best first.
pub(crate) struct Ranking(Vec<(usize, f64)>);

impl Ranking {
    pub(crate) fn new<T: Float>(scores: &ArrayViewD<'_, T>, top: usize) -> Self {
        Self::of(scores.iter().map(|score| score.as_f64()), top)
    }

    /// Of logits, as the softmax behind them would see them.
    pub(crate) fn of_logits<T: Float>(scores: &ArrayViewD<'_, T>, top: usize) -> Self {
        let largest = scores.iter().fold(f64::NEG_INFINITY, |largest, score| largest.max(score.as_f64()));
        let powers: Vec<f64> = scores.iter().map(|score| (score.as_f64() - largest).exp()).collect();
        let sum: f64 = powers.iter().sum();
        Self::of(powers.into_iter().map(|power| power / sum), top)
    }

    fn of(scores: impl Iterator<Item = f64>, top: usize) -> Self {
        let mut ranked: Vec<(usize, f64)> = scores.enumerate().collect();
        ranked.sort_by(|one, two| two.1.total_cmp(&one.1));
        ranked.truncate(top);
        Self(ranked)
    }

    pub(crate) fn describe<T: Float>(&self, model: &Model<T>) -> String {
        let entry = |&(class, score): &(usize, f64)| format!("{} {score:.4}", model.class(class));
        self.0.iter().map(entry).collect::<Vec<_>>().join(", ")
    }

    /// Classes by name, with their scores.
    pub(crate) fn named<T: Float>(&self, model: &Model<T>) -> Vec<(String, f64)> {
        self.0.iter().map(|&(class, score)| (model.class(class), score)).collect()
    }

    pub(crate) fn json<T: Float>(&self, model: &Model<T>) -> Value {
        let entry = |&(class, score): &(usize, f64)| json!({ "class": class, "name": model.class(class), "score": score });
        self.0.iter().map(entry).collect()
    }
}
