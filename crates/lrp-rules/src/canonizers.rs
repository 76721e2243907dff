//! Canonizers: networks rewritten into an equal form that rules are made for.
//!
//! Exporters write what is one layer to people as several operators, and trained normalization as a layer of its own.
//! A canonizer is one function from a [`Draft`] to what it rewrote, and a row of [`CANONIZERS`]. They work in double
//! precision, before a network is rounded to what it runs in.

use std::fmt;

use lrp_core::{Network, Tensor};

use crate::error::{Error, Result};
use crate::options::Head;
use crate::plan::head;

mod draft;
mod fold;
mod idioms;

use draft::Draft;

/// A canonizer as users name it.
#[derive(Clone, Copy)]
pub struct CanonizerInfo {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    apply: fn(&mut Draft) -> Vec<Rewrite>,
}

/// Every canonizer, in the order they are applied.
pub const CANONIZERS: &[CanonizerInfo] = &[
    CanonizerInfo {
        name: "drop-identities",
        summary: "takes out layers that do nothing, such as dropout",
        apply: fold::drop_identities,
    },
    CanonizerInfo {
        name: "merge-scalings",
        summary: "makes one of neighbouring factors and shifts",
        apply: fold::merge_scalings,
    },
    CanonizerInfo {
        name: "recognise-normalizations",
        summary: "finds layer normalization written as means, differences and roots",
        apply: idioms::normalizations,
    },
    CanonizerInfo {
        name: "recognise-activations",
        summary: "finds GELU, SiLU, Mish and hard swish written as products",
        apply: idioms::activations,
    },
    CanonizerInfo {
        name: "fold-behind",
        summary: "folds factors and shifts, such as batch normalization, into the layer with weights before them",
        apply: fold::behind,
    },
    CanonizerInfo {
        name: "fold-before",
        summary: "folds them into the layer with weights behind them, exactly also where that pads its input",
        apply: fold::before,
    },
];

/// One change to a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewrite {
    /// The canonizer that made it.
    pub canonizer: &'static str,
    /// The nodes that are gone.
    pub gone: Vec<String>,
    /// The node that now does what they did, if one has to.
    pub node: Option<String>,
}

/// A network in canonical form.
#[derive(Clone, Debug)]
pub struct Canonized {
    /// It computes what the network it was made of does.
    pub network: Network<f64>,
    /// What was changed.
    pub rewrites: Vec<Rewrite>,
}

/// Applies every canonizer.
///
/// ```
/// use lrp_core::{Identity, Linear, Network, Scaling};
/// use lrp_rules::canonize;
/// use ndarray::{arr0, arr1, arr2};
///
/// let dense = Linear::new(arr2(&[[1.0], [2.0]]), arr1(&[3.0]))?;
/// let halving = Scaling::new(arr0(0.5).into_dyn(), arr0(1.0).into_dyn());
/// let network = Network::sequential([dense.into(), Identity.into(), halving.into()])?;
/// let canonized = canonize(&network)?;
/// assert_eq!(canonized.network.nodes().len(), 1);
/// assert_eq!(canonized.rewrites[1].to_string(), "fold-behind: scaling_2 into linear_0");
/// assert!(canonized.difference(&network, &arr2(&[[0.3, -0.7]]).into_dyn())? < 1e-15);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If a weight is no longer finite, which happens where factors are close to the largest number there is.
pub fn canonize(network: &Network<f64>) -> Result<Canonized> {
    let mut draft = Draft::of(network);
    let mut rewrites = Vec::new();
    for canonizer in CANONIZERS {
        let made = (canonizer.apply)(&mut draft);
        rewrites.extend(made.into_iter().map(|rewrite| Rewrite { canonizer: canonizer.name, ..rewrite }));
    }
    Ok(Canonized { network: draft.build(network)?, rewrites })
}

impl Canonized {
    /// `max |f − f'|` over the outputs for a batch, `f` being the network this was made of; NaN if an output is.
    /// Where a softmax ends the network, the logits before it are compared: a saturated softmax hides what becomes
    /// of them.
    ///
    /// # Errors
    /// If the input does not fit the network.
    pub fn difference(&self, original: &Network<f64>, input: &Tensor<f64>) -> Result<f64> {
        let (before, after) = (scores(original, input)?, scores(&self.network, input)?);
        if before.shape() != after.shape() {
            return Err(Error::composite("the canonical network has an output of another shape"));
        }
        let differences = before.iter().zip(&after).map(|(f, g)| if f == g { 0.0 } else { (f - g).abs() });
        Ok(differences.fold(
            0.0,
            |worst, difference| {
                if difference > worst || difference.is_nan() { difference } else { worst }
            },
        ))
    }
}

/// What relevance starts from.
fn scores(network: &Network<f64>, input: &Tensor<f64>) -> Result<Tensor<f64>> {
    Ok(network.trace(input)?.value(head(network, Head::Logits)?).to_owned())
}

impl Rewrite {
    fn new(gone: Vec<String>, node: Option<&str>) -> Self {
        Self { canonizer: "", gone, node: node.map(str::to_owned) }
    }
}

impl fmt::Display for Rewrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.canonizer, self.gone.join(", "))?;
        self.node.as_ref().map_or(Ok(()), |node| write!(f, " into {node}"))
    }
}

impl fmt::Debug for CanonizerInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}
