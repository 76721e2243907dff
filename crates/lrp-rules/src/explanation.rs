//! What an explanation consists of.

use lrp_core::{Float, Tensor, joined};

use crate::ledger::Ledger;

/// What a network's decision on a batch owes to each input value.
#[derive(Clone, Debug)]
pub struct Explanation<T> {
    /// Relevance of every input value, shaped like the input.
    pub relevance: Tensor<T>,
    /// The scores explained, `[n, classes]`: the logits, or the probabilities if the softmax was kept.
    pub scores: Tensor<T>,
    /// The relevance everything started from, shaped like the scores.
    pub seed: Tensor<T>,
    /// If asked for, the relevance of every value: the input, then what each node wrote, up to the scores.
    pub layers: Option<Vec<Tensor<T>>>,
    /// If asked for, what became of relevance at every node it crossed, over all samples.
    pub ledger: Option<Ledger>,
}

impl<T: Float> Explanation<T> {
    /// One explanation of a batch from those of its pieces.
    pub(crate) fn concatenate(mut pieces: Vec<Self>) -> Self {
        if pieces.len() == 1 {
            return pieces.remove(0);
        }
        let join = |of: &dyn Fn(&Self) -> &Tensor<T>| joined(pieces.iter().map(of));
        let count = pieces[0].layers.as_ref().map(Vec::len);
        let layer =
            |index: usize| join(&|piece| &piece.layers.as_ref().expect("all pieces keep layers")[index]);
        Self {
            relevance: join(&|piece| &piece.relevance),
            scores: join(&|piece| &piece.scores),
            seed: join(&|piece| &piece.seed),
            layers: count.map(|count| (0..count).map(layer).collect()),
            ledger: pieces.iter().filter_map(|piece| piece.ledger.clone()).reduce(Ledger::merged),
        }
    }
}
