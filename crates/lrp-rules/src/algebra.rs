//! Rules are sums of products: `share(X * W + B)` reads as the numerator in the paper.
//!
//! The denominator is the numerator summed over the inputs, so nobody writes it down.

use std::ops::{Add, Mul, Neg, Sub};

use lrp_core::WeightLens;

use crate::derivative::Derivative;
use crate::name::Label;
use crate::parameter::Parameter;

/// The input of the layer in a formula.
pub const X: InputLens = InputLens::Value;
/// Its weights.
pub const W: Weight = Weight(WeightLens::Value);
/// Its bias.
pub const B: Bias = Bias(WeightLens::Value);

/// The stabilizer of rules that name none: the weakest one that still avoids 0/0, as in the toolbox.
pub const TINY: f64 = 1e-16;

/// How a term looks at the layer's input `x`.
#[derive(Clone, Debug, PartialEq)]
pub enum InputLens {
    /// `x`
    Value,
    /// `x⁺ = max(x, 0)`
    Positive,
    /// `x⁻ = min(x, 0)`
    Negative,
    /// `|x|`
    Magnitude,
    /// `x − c`
    Less(Parameter),
    /// The same number everywhere, whatever the input.
    Fill(f64),
}

/// A weight in a formula, seen through a lens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weight(WeightLens);

/// A bias in a formula, seen through a lens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bias(WeightLens);

/// `x w + x' w' + … + b`: a numerator.
#[derive(Clone, Debug, PartialEq)]
pub struct Sum {
    /// The products.
    pub terms: Vec<(InputLens, WeightLens)>,
    /// The bias, if it takes part in the denominator. It never receives relevance.
    pub bias: Option<WeightLens>,
}

/// Which output units a share answers for, by the sign of their value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// All of them.
    Every,
    /// Those above zero.
    Positive,
    /// Those below zero.
    Negative,
}

/// One fraction: `R_i = scale · Σ_j sum_ij / st(Σ_i sum_ij) · R_j` over the units its gate lets through.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The factor in front.
    pub scale: f64,
    /// The numerator.
    pub sum: Sum,
    /// The units the share answers for.
    pub gate: Gate,
    /// `ε` in `st(z) = z + ε·sgn(z)`, `sgn(0) = 1`. Where `st(z)` is zero nothing is handed on.
    pub stabilizer: f64,
}

impl Share {
    /// Whether the stabilizer is the one of shares that name none.
    pub(crate) fn names_no_stabilizer(&self) -> bool {
        self.stabilizer == self.sum.usual_stabilizer()
    }
}

/// What a rule computes: `pass · R` plus some derivatives plus some shares.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Formula {
    /// The part of the relevance that stays where it is; only a layer with one input of its output's shape
    /// can leave any.
    pub pass: f64,
    /// The derivatives that are added up, each with its factor.
    pub derivatives: Vec<(f64, Derivative)>,
    /// The fractions that are added up.
    pub shares: Vec<Share>,
}

impl Formula {
    /// Whether no share names a stabilizer.
    pub(crate) fn names_no_stabilizer(&self) -> bool {
        self.shares.iter().all(Share::names_no_stabilizer)
    }
}

/// A rule of layer-wise relevance propagation, as data.
///
/// Two rules are equal when their formulas are. `{}` prints the name a rule was made by, or its formula if it
/// has none; `{:#}` always prints the formula.
///
/// ```
/// use lrp_rules::rules::{alpha_beta, z_plus};
/// assert_eq!(alpha_beta(2.0, 1.0).to_string(), "alphabeta(2,1)");
/// assert_eq!(format!("{:#}", alpha_beta(2.0, 1.0)), "2·[x⁺w⁺ + x⁻w⁻ + b⁺] − 1·[x⁺w⁻ + x⁻w⁺ + b⁻]");
/// assert_eq!(alpha_beta(1.0, 0.0), z_plus());
/// ```
#[derive(Clone, Debug)]
pub struct Rule {
    formula: Formula,
    label: Option<Label>,
}

/// An input that is `value` everywhere.
#[must_use]
pub fn fill(value: f64) -> InputLens {
    InputLens::Fill(value)
}

/// The rule that hands each unit's relevance on in proportion to `sum`.
///
/// ```
/// use lrp_rules::{B, W, X, share};
/// let halved = 0.5 * share(X * W + B);
/// assert_eq!(halved.to_string(), "0.5·[xw + b]");
/// assert_eq!(halved.total(), 0.5);
/// ```
#[must_use]
pub fn share(sum: impl Into<Sum>) -> Rule {
    let share = Share { scale: 1.0, sum: sum.into(), gate: Gate::Every, stabilizer: TINY };
    Rule::of(Formula { shares: vec![share], ..Formula::default() })
}

/// The rule that follows a derivative.
#[must_use]
pub fn derivative(derivative: Derivative) -> Rule {
    Rule::of(Formula { derivatives: vec![(1.0, derivative)], ..Formula::default() })
}

impl Rule {
    /// The rule that leaves relevance where it is.
    #[must_use]
    pub fn pass() -> Self {
        Self::of(Formula { pass: 1.0, ..Formula::default() })
    }

    /// The rule that computes a formula.
    #[must_use]
    pub fn of(formula: Formula) -> Self {
        Self { formula, label: None }
    }

    /// What the rule computes.
    #[must_use]
    pub fn formula(&self) -> &Formula {
        &self.formula
    }

    /// The same rule with another `ε`; zero means none: only 0/0 is taken as 0.
    #[must_use]
    pub fn stabilized(self, stabilizer: f64) -> Self {
        let label = self.label.clone().map(|label| label.stabilized(stabilizer));
        Self { label, ..self.map_shares(|share| Share { stabilizer, ..share }) }
    }

    /// The same rule with a bias that takes no part in any denominator.
    #[must_use]
    pub fn without_bias(self) -> Self {
        let label = self.label.clone().map(|label| label.with_bias(false));
        let without = |share: Share| Share { sum: Sum { bias: None, ..share.sum }, ..share };
        Self { label, ..self.map_shares(without) }
    }

    /// The same rule with a bias that counts as one more weight, where a share is of one product and left it out.
    #[must_use]
    pub fn with_bias(self) -> Self {
        let label = self.label.clone().map(|label| label.with_bias(true));
        let with = |share: Share| {
            let bias = match share.sum.terms[..] {
                [(_, lens)] => share.sum.bias.or(Some(lens)),
                _ => share.sum.bias,
            };
            Share { sum: Sum { bias, ..share.sum }, ..share }
        };
        Self { label, ..self.map_shares(with) }
    }

    /// The same rule for some of the units only.
    #[must_use]
    pub fn only(self, gate: Gate) -> Self {
        self.map_shares(|share| Share { gate, ..share })
    }

    /// The factor by which the rule changes the total of relevance, up to bias and stabilizer.
    ///
    /// Gated shares answer for different units, so those below zero do not count again; derivatives keep no
    /// total.
    #[must_use]
    pub fn total(&self) -> f64 {
        let counted = self.formula.shares.iter().filter(|share| share.gate != Gate::Negative);
        self.formula.pass + counted.map(|share| share.scale).sum::<f64>()
    }

    /// Whether the rule needs to know what the layer's input was.
    #[must_use]
    pub fn looks_at_input(&self) -> bool {
        let Formula { pass, derivatives, shares } = &self.formula;
        *pass != 0.0 || !derivatives.is_empty() || shares.iter().any(|share| share.sum.looks_at_input())
    }

    /// Whether the rule is nothing but derivatives: it then takes the place of the way back also where
    /// relevance would be handed on unchanged.
    #[must_use]
    pub fn is_derivative(&self) -> bool {
        let Formula { pass, derivatives, shares } = &self.formula;
        *pass == 0.0 && !derivatives.is_empty() && shares.is_empty()
    }

    /// Whether the rule hands on nothing.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.formula == Formula::default()
    }

    pub(crate) fn label(&self) -> Option<&Label> {
        self.label.as_ref()
    }

    pub(crate) fn labelled(self, label: Label) -> Self {
        Self { label: Some(label), ..self }
    }

    fn map_shares(self, change: impl FnMut(Share) -> Share) -> Self {
        let shares = self.formula.shares.into_iter().map(change).collect();
        Self::of(Formula { shares, ..self.formula })
    }
}

impl Sum {
    /// Whether it depends on the input.
    pub(crate) fn looks_at_input(&self) -> bool {
        self.terms.iter().any(|(input, _)| !matches!(input, InputLens::Fill(_)))
    }

    /// The stabilizer of shares that name none: what never sees the input is zero only where there is nothing to
    /// hand on.
    pub(crate) fn usual_stabilizer(&self) -> f64 {
        if self.looks_at_input() { TINY } else { 0.0 }
    }

    /// Whether it is `x w + b`, what the layer itself computes.
    pub(crate) fn is_the_layer(&self) -> bool {
        self.terms == [(InputLens::Value, WeightLens::Value)] && self.bias == Some(WeightLens::Value)
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.formula == other.formula
    }
}

impl InputLens {
    /// `x⁺`
    #[must_use]
    pub fn pos(self) -> Self {
        Self::Positive
    }

    /// `x⁻`
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a lens has no negative; the name is the pair of pos")]
    pub fn neg(self) -> Self {
        Self::Negative
    }

    /// `|x|`
    #[must_use]
    pub fn abs(self) -> Self {
        Self::Magnitude
    }

    /// Its distance from `bound`, which may differ between channels.
    #[must_use]
    pub fn less(self, bound: impl Into<Parameter>) -> Self {
        Self::Less(bound.into())
    }
}

/// The lenses, for weights and bias alike.
macro_rules! lenses {
    ($symbol:ident) => {
        impl $symbol {
            /// Its positive part.
            #[must_use]
            pub fn pos(self) -> Self {
                Self(WeightLens::Positive)
            }

            /// Its negative part.
            #[must_use]
            #[expect(
                clippy::should_implement_trait,
                reason = "a lens has no negative; the name is the pair of pos"
            )]
            pub fn neg(self) -> Self {
                Self(WeightLens::Negative)
            }

            /// Itself plus `gamma` times its positive part.
            #[must_use]
            pub fn lift(self, gamma: f64) -> Self {
                Self(WeightLens::Lift(gamma))
            }

            /// Itself plus `gamma` times its negative part.
            #[must_use]
            pub fn sink(self, gamma: f64) -> Self {
                Self(WeightLens::Sink(gamma))
            }

            /// Its size without its sign.
            #[must_use]
            pub fn abs(self) -> Self {
                Self(WeightLens::Magnitude)
            }

            /// Its square.
            #[must_use]
            pub fn squared(self) -> Self {
                Self(WeightLens::Square)
            }

            /// One, wherever there is one.
            #[must_use]
            pub fn one(self) -> Self {
                Self(WeightLens::One)
            }
        }
    };
}
lenses!(Weight);
lenses!(Bias);

impl Mul<Weight> for InputLens {
    type Output = Sum;
    fn mul(self, weight: Weight) -> Sum {
        Sum { terms: vec![(self, weight.0)], bias: None }
    }
}

impl Add for Sum {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self { terms: [self.terms, other.terms].concat(), bias: self.bias.or(other.bias) }
    }
}

impl Add<Bias> for Sum {
    type Output = Self;
    fn add(self, bias: Bias) -> Self {
        Self { bias: Some(bias.0), ..self }
    }
}

impl Mul<Rule> for f64 {
    type Output = Rule;
    fn mul(self, rule: Rule) -> Rule {
        let Formula { pass, derivatives, shares } = rule.formula;
        let shares = shares.into_iter().map(|share| Share { scale: self * share.scale, ..share });
        let derivatives = derivatives.into_iter().map(|(scale, derivative)| (self * scale, derivative));
        Rule::of(Formula {
            pass: self * pass,
            derivatives: derivatives.filter(|&(scale, _)| scale != 0.0).collect(),
            shares: shares.filter(|share| share.scale != 0.0).collect(),
        })
    }
}

impl Neg for Rule {
    type Output = Self;
    fn neg(self) -> Self {
        -1.0 * self
    }
}

impl Add for Rule {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        let (one, two) = (self.formula, other.formula);
        Self::of(Formula {
            pass: one.pass + two.pass,
            derivatives: [one.derivatives, two.derivatives].concat(),
            shares: [one.shares, two.shares].concat(),
        })
    }
}

impl Sub for Rule {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}
