//! The textbook formula of every rule, in loops over units and inputs.
//!
//! They speak of products `x_i w_ij` where the library speaks of the signs of `x` and `w`; no code is shared.

use lrp_core::Ties;
use nalgebra::{DMatrix, DVector};

/// A layer at a point, as a dense matrix: `z_j = Σ_i x_i w_ij + b_j`, with `w_ij` at `weights[(j, i)]`.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) weights: DMatrix<f64>,
    /// `∂y_j/∂x_i` of the layer itself, at the weights' places: not always that of the map that rules see.
    pub(crate) derivative: DMatrix<f64>,
    /// 1 where output `j` can see input `i`, even if the weight there happens to be zero.
    pub(crate) reach: DMatrix<f64>,
    pub(crate) bias: DVector<f64>,
    pub(crate) input: DVector<f64>,
}

impl Point {
    fn units(&self) -> std::ops::Range<usize> {
        0..self.weights.nrows()
    }

    fn inputs(&self) -> std::ops::Range<usize> {
        0..self.weights.ncols()
    }

    fn product(&self, i: usize, j: usize) -> f64 {
        self.input[i] * self.weights[(j, i)]
    }

    fn z(&self, j: usize) -> f64 {
        let mut z = self.bias[j];
        for i in self.inputs() {
            z += self.product(i, j);
        }
        z
    }

    fn nothing(&self) -> DVector<f64> {
        DVector::zeros(self.weights.ncols())
    }
}

/// What a formula is given: the point, the rule's parameters, its stabilizer, and the relevance to hand on.
pub(crate) type Formula = fn(&Point, &[f64], f64, &DVector<f64>) -> DVector<f64>;

/// The formula of a row of the rule table.
pub(crate) struct Textbook {
    pub(crate) name: &'static str,
    /// Parameters to try.
    pub(crate) parameters: &'static [&'static [f64]],
    /// The stabilizer that goes with some parameters.
    pub(crate) stabilizer: fn(&[f64]) -> f64,
    /// Whether the formula never looks at the input.
    pub(crate) blind: bool,
    pub(crate) formula: Formula,
}

/// The weakest stabilizer, of rules that name none.
fn weakest(_: &[f64]) -> f64 {
    1e-16
}

fn none(_: &[f64]) -> f64 {
    0.0
}

pub(crate) const TEXTBOOK: &[Textbook] = &[
    Textbook { name: "simple", parameters: &[&[]], stabilizer: weakest, blind: false, formula: proportional },
    Textbook {
        name: "epsilon",
        parameters: &[&[1e-6], &[0.25], &[0.0]],
        stabilizer: |given| given[0],
        blind: false,
        formula: proportional,
    },
    Textbook {
        name: "gamma",
        parameters: &[&[0.25], &[0.0], &[1.0]],
        stabilizer: weakest,
        blind: false,
        formula: gamma,
    },
    Textbook {
        name: "signedgamma",
        parameters: &[&[0.25], &[0.0], &[1.0]],
        stabilizer: weakest,
        blind: false,
        formula: signed_gamma,
    },
    Textbook { name: "zplus", parameters: &[&[]], stabilizer: weakest, blind: false, formula: z_plus },
    Textbook { name: "zminus", parameters: &[&[]], stabilizer: weakest, blind: false, formula: z_minus },
    Textbook {
        name: "alphabeta",
        parameters: &[&[2.0, 1.0], &[1.0, 0.0], &[1.5, 0.5], &[0.0, -1.0], &[-1.0, -2.0]],
        stabilizer: weakest,
        blind: false,
        formula: alpha_beta,
    },
    Textbook { name: "flat", parameters: &[&[]], stabilizer: none, blind: true, formula: flat },
    Textbook { name: "w2", parameters: &[&[]], stabilizer: none, blind: true, formula: w_square },
    Textbook { name: "zbox", parameters: &[&[-1.0, 1.0]], stabilizer: weakest, blind: false, formula: z_box },
    Textbook { name: "magnitude", parameters: &[&[]], stabilizer: weakest, blind: false, formula: magnitude },
    Textbook { name: "gradient", ..GRADIENT },
    // No layer here is a rectifier; what these do there is written down where a person can check it.
    Textbook { name: "deconvnet", ..GRADIENT },
    Textbook { name: "guided", ..GRADIENT },
    Textbook { name: "betasmooth", parameters: &[&[10.0], &[0.5]], ..GRADIENT },
    Textbook { name: "pass", parameters: &[&[]], stabilizer: none, blind: false, formula: pass },
    Textbook {
        name: "stop",
        parameters: &[&[]],
        stabilizer: none,
        blind: true,
        formula: |point, _, _, _| point.nothing(),
    },
];

const GRADIENT: Textbook =
    Textbook { name: "gradient", parameters: &[&[]], stabilizer: none, blind: false, formula: gradient };

/// `z + ε sgn z` with `sgn 0 = 1`.
fn stabilized(z: f64, stabilizer: f64) -> f64 {
    if z >= 0.0 { z + stabilizer } else { z - stabilizer }
}

/// `R_i = Σ_j x_i w_ij / (z_j + ε sgn z_j) R_j`
fn proportional(point: &Point, _: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let denominator = stabilized(point.z(j), stabilizer);
        for i in point.inputs() {
            back[i] += point.product(i, j) / denominator * r[j];
        }
    }
    back
}

/// `R_i = Σ_j x_i (w_ij + γ w_ij⁺) / (Σ_i x_i (w_ij + γ w_ij⁺) + b_j + γ b_j⁺) R_j`
fn gamma(point: &Point, given: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let lifted = |w: f64| if w > 0.0 { w + given[0] * w } else { w };
    let mut back = point.nothing();
    for j in point.units() {
        let mut z = lifted(point.bias[j]);
        for i in point.inputs() {
            z += point.input[i] * lifted(point.weights[(j, i)]);
        }
        for i in point.inputs() {
            back[i] += point.input[i] * lifted(point.weights[(j, i)]) / stabilized(z, stabilizer) * r[j];
        }
    }
    back
}

/// As if units above zero had their positive products `1 + γ` times, and units below zero their negative
/// ones.
fn signed_gamma(point: &Point, given: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let side = if point.z(j) > 0.0 { 1.0 } else { -1.0 };
        let favoured = |part: f64| if part * side > 0.0 { part * (1.0 + given[0]) } else { part };
        let mut z = favoured(point.bias[j]);
        for i in point.inputs() {
            z += favoured(point.product(i, j));
        }
        for i in point.inputs() {
            back[i] += favoured(point.product(i, j)) / stabilized(z, stabilizer) * r[j];
        }
    }
    back
}

/// `R_i = Σ_j (x_i w_ij)⁺ / (Σ_i (x_i w_ij)⁺ + b_j⁺) R_j`
fn z_plus(point: &Point, _: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let mut positive = point.bias[j].max(0.0);
        for i in point.inputs() {
            positive += point.product(i, j).max(0.0);
        }
        for i in point.inputs() {
            back[i] += point.product(i, j).max(0.0) / (positive + stabilizer) * r[j];
        }
    }
    back
}

/// `R_i = Σ_j (x_i w_ij)⁻ / (Σ_i (x_i w_ij)⁻ + b_j⁻) R_j`
fn z_minus(point: &Point, _: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let mut negative = point.bias[j].min(0.0);
        for i in point.inputs() {
            negative += point.product(i, j).min(0.0);
        }
        for i in point.inputs() {
            back[i] += point.product(i, j).min(0.0) / (negative - stabilizer) * r[j];
        }
    }
    back
}

/// `R_i = Σ_j (α (x_i w_ij)⁺ / z_j⁺ − β (x_i w_ij)⁻ / z_j⁻) R_j`
fn alpha_beta(point: &Point, given: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let (alpha, beta) = (given[0], given[1]);
    let mut back = point.nothing();
    for j in point.units() {
        let (mut positive, mut negative) = (point.bias[j].max(0.0), point.bias[j].min(0.0));
        for i in point.inputs() {
            positive += point.product(i, j).max(0.0);
            negative += point.product(i, j).min(0.0);
        }
        for i in point.inputs() {
            let up = point.product(i, j).max(0.0) / (positive + stabilizer);
            let down = point.product(i, j).min(0.0) / (negative - stabilizer);
            back[i] += (alpha * up - beta * down) * r[j];
        }
    }
    back
}

/// `R_i = Σ_j R_j / (inputs in reach of j)`
fn flat(point: &Point, _: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let count: f64 = point.inputs().map(|i| point.reach[(j, i)]).sum();
        for i in point.inputs() {
            if point.reach[(j, i)] == 1.0 {
                back[i] += r[j] / (count + stabilizer);
            }
        }
    }
    back
}

/// `R_i = Σ_j w_ij² / Σ_i w_ij² R_j`, nothing for a unit without weights
fn w_square(point: &Point, _: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let mut total = stabilizer;
        for i in point.inputs() {
            total += point.weights[(j, i)].powi(2);
        }
        for i in point.inputs() {
            back[i] += if total == 0.0 { 0.0 } else { point.weights[(j, i)].powi(2) / total * r[j] };
        }
    }
    back
}

/// `R_i = Σ_j (x_i w_ij − l w_ij⁺ − h w_ij⁻) / Σ_i (…) R_j`
fn z_box(point: &Point, given: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let (low, high) = (given[0], given[1]);
    let part = |i: usize, j: usize| {
        let w = point.weights[(j, i)];
        point.input[i] * w - low * w.max(0.0) - high * w.min(0.0)
    };
    let mut back = point.nothing();
    for j in point.units() {
        let mut z = 0.0;
        for i in point.inputs() {
            z += part(i, j);
        }
        for i in point.inputs() {
            back[i] += part(i, j) / stabilized(z, stabilizer) * r[j];
        }
    }
    back
}

/// `R_i = Σ_j |x_i w_ij| / (Σ_i |x_i w_ij| + |b_j|) R_j`
fn magnitude(point: &Point, _: &[f64], stabilizer: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let mut total = point.bias[j].abs() + stabilizer;
        for i in point.inputs() {
            total += point.product(i, j).abs();
        }
        for i in point.inputs() {
            back[i] += point.product(i, j).abs() / total * r[j];
        }
    }
    back
}

/// `R_i = Σ_j ∂y_j/∂x_i R_j`
fn gradient(point: &Point, _: &[f64], _: f64, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        for i in point.inputs() {
            back[i] += point.derivative[(j, i)] * r[j];
        }
    }
    back
}

/// `R_i = R_i`
fn pass(_: &Point, _: &[f64], _: f64, r: &DVector<f64>) -> DVector<f64> {
    r.clone()
}

/// What a maximum hands back to rules that look at the input: each unit's relevance to the largest inputs in its
/// reach, in equal parts if there are several, or all of it to the first of them.
pub(crate) fn winners(point: &Point, ties: Ties, r: &DVector<f64>) -> DVector<f64> {
    let mut back = point.nothing();
    for j in point.units() {
        let within: Vec<usize> = point.inputs().filter(|&i| point.reach[(j, i)] == 1.0).collect();
        let top = within.iter().fold(f64::NEG_INFINITY, |top, &i| top.max(point.input[i]));
        let mut best: Vec<usize> = within.into_iter().filter(|&i| point.input[i] == top).collect();
        if ties == Ties::First {
            best.truncate(1);
        }
        let count: f64 = best.iter().map(|_| 1.0).sum();
        for i in best {
            back[i] += r[j] / count;
        }
    }
    back
}
