//! What became of relevance at every node it crossed.

use std::fmt;

use lrp_core::{Float, Tensor, TensorView};
use ndarray::Zip;

use crate::algebra::Share;
use crate::table::write_columns;

/// How much more or less relevance, counted without sign, a node may hand on before that is worth a notice.
const GROWTH: f64 = 10.0;
const SHRINKAGE: f64 = 1e-3;
/// The same for the whole way from the scores to the input.
const WHOLE_GROWTH: f64 = 1e3;
/// A denominator is unstable if it is that small a part of the mean size of its layer's denominators.
const UNSTABLE: f64 = 1e-6;
/// A denominator of less than so many stabilizers is zero but for rounding.
const ALL_STABILIZER: f64 = 1.001;

/// The books of an explanation: an entry for every node that relevance crossed, in the order the nodes run.
///
/// ```
/// use lrp_core::{Linear, Network};
/// use lrp_rules::{Composite, Plan, PlanOptions, Target, rules::epsilon};
/// use ndarray::{arr1, arr2};
///
/// let network = Network::sequential([Linear::new(arr2(&[[1.0], [2.0]]), arr1(&[1.0]))?.into()])?;
/// let options = PlanOptions { keep_ledger: true, ..PlanOptions::default() };
/// let plan = Plan::new(&network, &Composite::uniform(epsilon(0.0)), options)?;
/// let ledger = plan.explain(&arr2(&[[1.0, 1.0]]).into_dyn(), &Target::Top)?.ledger.expect("as asked");
/// let entry = &ledger.entries()[0];
/// assert_eq!((entry.received.sum, entry.handed.sum, entry.lost()), (4.0, 3.0, 1.0)); // the bias has the rest
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    entries: Vec<Entry>,
}

/// One node of a [`Ledger`], over all samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The node's name.
    pub node: String,
    /// How relevance crossed it: a rule, or `-` where it was handed on unchanged.
    pub rule: String,
    /// Whether relevance followed a derivative there, which keeps no total.
    pub derivative: bool,
    /// What arrived at its output.
    pub received: Amount,
    /// What it handed on to its inputs.
    pub handed: Amount,
    /// What its denominators were like.
    pub denominators: Denominators,
}

/// Relevance, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    /// With its sign.
    pub sum: f64,
    /// Without: how much there is of either sign.
    pub size: f64,
}

/// The denominators of a node that shares relevance out, of units that had some.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Denominators {
    /// How many units there were.
    pub units: usize,
    /// How many had a denominator below a millionth of the mean size in their layer.
    pub unstable: usize,
    /// How many handed on nothing: no share was theirs, or nothing was in it.
    pub silent: usize,
}

impl Ledger {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    /// The entries in the order the nodes run, the first being the last that relevance reached.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What a user should know before believing the result, a line each: relevance that explodes or vanishes,
    /// denominators that are hardly there.
    #[must_use]
    pub fn notices(&self) -> Vec<String> {
        let mut notices: Vec<String> = self.entries.iter().flat_map(Entry::notices).collect();
        let shared = self.entries.iter().all(|entry| !entry.derivative);
        if let (Some(input), Some(scores), true) = (self.entries.first(), self.entries.last(), shared) {
            let growth = input.handed.size / scores.received.size;
            if growth > WHOLE_GROWTH {
                notices.push(format!("relevance without sign grows {growth:.3e} times from scores to input"));
            }
        }
        notices
    }

    /// The books of two batches explained by one plan in one.
    #[must_use]
    pub fn merged(self, other: Self) -> Self {
        let merge = |(one, two): (Entry, Entry)| one.merged(two);
        Self { entries: self.entries.into_iter().zip(other.entries).map(merge).collect() }
    }
}

impl Entry {
    /// The entries of two batches at one node in one.
    pub(crate) fn merged(self, other: Self) -> Self {
        Self {
            received: self.received + other.received,
            handed: self.handed + other.handed,
            denominators: self.denominators + other.denominators,
            ..self
        }
    }

    /// What did not arrive at the node's inputs: it went to biases, stabilizers and units without a share.
    #[must_use]
    pub fn lost(&self) -> f64 {
        self.received.sum - self.handed.sum
    }

    /// How many times as much relevance was handed on as received, counted without sign; one where there was
    /// none.
    #[must_use]
    pub fn growth(&self) -> f64 {
        if self.received.size == 0.0 { 1.0 } else { self.handed.size / self.received.size }
    }

    fn notices(&self) -> Vec<String> {
        let Self { node, denominators, .. } = self;
        let mut notices = Vec::new();
        let growth = self.growth();
        if growth > GROWTH && !self.derivative {
            notices.push(format!("{node}: relevance explodes, {growth:.3e} times as much of either sign"));
        }
        if growth < SHRINKAGE && !self.derivative {
            notices.push(format!("{node}: relevance vanishes, {growth:.1e} times as much of either sign"));
        }
        if denominators.unstable > 0 {
            let Denominators { units, unstable, .. } = denominators;
            notices.push(format!("{node}: {unstable} of {units} denominators are unstable: nearly zero"));
        }
        notices
    }
}

impl Amount {
    pub(crate) fn of<'a, T: Float>(tensors: impl IntoIterator<Item = &'a Tensor<T>>) -> Self {
        let add = |Self { sum, size }: Self, value: &T| {
            let value = value.as_f64();
            Self { sum: sum + value, size: size + value.abs() }
        };
        tensors.into_iter().fold(Self::default(), |amount, tensor| tensor.iter().fold(amount, add))
    }
}

impl std::ops::Add for Amount {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, size: self.size + other.size }
    }
}

impl std::ops::Add for Denominators {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            units: self.units + other.units,
            unstable: self.unstable + other.unstable,
            silent: self.silent + other.silent,
        }
    }
}

impl Denominators {
    /// What the signals `scale · R / st(z)` of some shares say about their denominators.
    pub(crate) fn of<T: Float>(
        shares: &[Share],
        signals: &[Tensor<T>],
        relevance: &TensorView<'_, T>,
    ) -> Self {
        let mut silent = relevance.mapv(|r| !r.is_zero());
        let units = silent.iter().filter(|&&asked| asked).count();
        let mut unstable = 0;
        for (share, signal) in shares.iter().zip(signals) {
            let mut sizes = Vec::new();
            Zip::from(&mut silent).and(signal).and(relevance).for_each(|silent, s, r| {
                let size = (share.scale * r.as_f64() / s.as_f64()).abs();
                // All stabilizer and nothing else: there was nothing to divide.
                if size.is_finite() && size > share.stabilizer * ALL_STABILIZER {
                    *silent = false;
                    sizes.push(size);
                }
            });
            #[expect(clippy::cast_precision_loss, reason = "a layer has far fewer than 2^52 units")]
            let mean = sizes.iter().sum::<f64>() / sizes.len() as f64;
            unstable += sizes.iter().filter(|&&size| size < UNSTABLE * mean).count();
        }
        Self { units, unstable, silent: silent.iter().filter(|&&silent| silent).count() }
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["node", "rule", "received", "handed on", "lost", "growth", "unstable", "silent"];
        let number = |value: f64| format!("{value:.4}");
        let cells = |entry: &Entry| {
            let Denominators { unstable, silent, .. } = entry.denominators;
            let count = |count: usize| if count == 0 { "-".to_owned() } else { count.to_string() };
            let [received, handed, lost] = [entry.received.sum, entry.handed.sum, entry.lost()].map(number);
            let growth = format!("{:.3}", entry.growth());
            let (node, rule) = (entry.node.clone(), entry.rule.clone());
            [node, rule, received, handed, lost, growth, count(unstable), count(silent)]
        };
        write_columns(
            f,
            std::iter::once(head.map(str::to_owned)).chain(self.entries.iter().map(cells)).collect(),
        )
    }
}
