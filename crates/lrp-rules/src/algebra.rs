//! Rules are sums of products: `share(X * W + B)` reads as the numerator in the paper.
//!
//! The denominator is the numerator summed over the inputs, so nobody writes it down.

use std::fmt;
use std::ops::{Add, Mul, Neg, Sub};

use lrp_core::{Float, WeightLens};
use ndarray::CowArray;

use crate::rules::Label;

/// The input of the layer in a formula.
pub const X: InputLens = InputLens::Value;
/// Its weights.
pub const W: Weight = Weight(WeightLens::Value);
/// Its bias.
pub const B: Bias = Bias(WeightLens::Value);

/// The stabilizer of rules that name none: the weakest one that still avoids 0/0, as in the toolbox.
pub const TINY: f64 = 1e-16;

/// How a term looks at the layer's input `x`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum InputLens {
    /// `x`
    Value,
    /// `x⁺ = max(x, 0)`
    Positive,
    /// `x⁻ = min(x, 0)`
    Negative,
    /// `x − c`
    Less(f64),
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

/// What a rule computes: `pass · R` plus some shares.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// The part of the relevance that stays where it is; only a layer with one input of its output's shape
    /// can leave any.
    pub pass: f64,
    /// The fractions that are added up.
    pub shares: Vec<Share>,
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
    Rule { formula: Formula { pass: 0.0, shares: vec![share] }, label: None }
}

impl Rule {
    /// The rule that leaves relevance where it is.
    #[must_use]
    pub fn pass() -> Self {
        Self { formula: Formula { pass: 1.0, shares: Vec::new() }, label: None }
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

    /// The same rule for some of the units only.
    #[must_use]
    pub fn only(self, gate: Gate) -> Self {
        self.map_shares(|share| Share { gate, ..share })
    }

    /// The factor by which the rule changes the total of relevance, up to bias and stabilizer.
    ///
    /// Gated shares answer for different units, so those below zero do not count again.
    #[must_use]
    pub fn total(&self) -> f64 {
        let counted = self.formula.shares.iter().filter(|share| share.gate != Gate::Negative);
        self.formula.pass + counted.map(|share| share.scale).sum::<f64>()
    }

    /// Whether the rule needs to know what the layer's input was.
    #[must_use]
    pub fn looks_at_input(&self) -> bool {
        self.formula.pass != 0.0 || self.formula.shares.iter().any(|share| share.sum.looks_at_input())
    }

    pub(crate) fn labelled(self, label: Label) -> Self {
        Self { label: Some(label), ..self }
    }

    fn map_shares(self, change: impl FnMut(Share) -> Share) -> Self {
        let shares = self.formula.shares.into_iter().map(change).collect();
        Self { formula: Formula { shares, ..self.formula }, label: None }
    }
}

impl Sum {
    /// Whether it depends on the input.
    pub(crate) fn looks_at_input(&self) -> bool {
        self.terms.iter().any(|(input, _)| !matches!(input, InputLens::Fill(_)))
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

    /// Its distance from `value`.
    #[must_use]
    pub fn less(self, value: f64) -> Self {
        Self::Less(value)
    }

    /// Looks at one value.
    pub(crate) fn see_one<T: Float>(self, x: T) -> T {
        match self {
            Self::Value => x,
            Self::Positive => WeightLens::Positive.see(x),
            Self::Negative => WeightLens::Negative.see(x),
            Self::Less(value) => x - T::of(value),
            Self::Fill(value) => T::of(value),
        }
    }

    /// Whether what it sees is zero where the input is.
    pub(crate) fn vanishes(self) -> bool {
        match self {
            Self::Value | Self::Positive | Self::Negative => true,
            Self::Less(value) | Self::Fill(value) => value == 0.0,
        }
    }

    /// Looks at a whole input.
    pub(crate) fn see<'a, T: Float>(
        self,
        x: &'a lrp_core::TensorView<'_, T>,
    ) -> CowArray<'a, T, ndarray::IxDyn> {
        match self {
            Self::Value => x.view().into(),
            lens => x.mapv(|x| lens.see_one(x)).into(),
        }
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
        let scaled =
            rule.formula.shares.into_iter().map(|share| Share { scale: self * share.scale, ..share });
        let shares = scaled.filter(|share| share.scale != 0.0).collect();
        Rule { formula: Formula { pass: self * rule.formula.pass, shares }, label: None }
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
        let formula = Formula { pass: one.pass + two.pass, shares: [one.shares, two.shares].concat() };
        Self { formula, label: None }
    }
}

impl Sub for Rule {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.label {
            Some(label) if !f.alternate() => f.pad(&label.to_string()),
            _ => f.pad(&self.formula.to_string()),
        }
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pass = (self.pass != 0.0).then(|| (self.pass, "R".to_owned()));
        let parts = pass.into_iter().chain(self.shares.iter().map(|share| (share.scale, share.to_string())));
        let mut empty = true;
        for (index, (scale, part)) in parts.enumerate() {
            match (index, scale) {
                (0, 1.0) => write!(f, "{part}"),
                (0, scale) => write!(f, "{scale}·{part}"),
                (_, 1.0) => write!(f, " + {part}"),
                (_, scale) if scale < 0.0 => write!(f, " − {}·{part}", -scale),
                (_, scale) => write!(f, " + {scale}·{part}"),
            }?;
            empty = false;
        }
        if empty { f.write_str("0") } else { Ok(()) }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = |&(input, weight): &(InputLens, WeightLens)| match (input, weight) {
            (InputLens::Fill(1.0), _) => spell(weight, "w"),
            _ => format!("{input}{}", spell(weight, "w")),
        };
        let parts: Vec<String> =
            self.sum.terms.iter().map(product).chain(self.sum.bias.map(|bias| spell(bias, "b"))).collect();
        write!(f, "[{}]", parts.join(" + "))?;
        match self.gate {
            Gate::Every => Ok(()),
            Gate::Positive => f.write_str("{z>0}"),
            Gate::Negative => f.write_str("{z<0}"),
        }
    }
}

impl fmt::Display for InputLens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => f.write_str("x"),
            Self::Positive => f.write_str("x⁺"),
            Self::Negative => f.write_str("x⁻"),
            Self::Less(value) if *value < 0.0 => write!(f, "(x+{})", -value),
            Self::Less(value) => write!(f, "(x−{value})"),
            Self::Fill(value) => write!(f, "({value})"),
        }
    }
}

fn spell(lens: WeightLens, symbol: &str) -> String {
    match lens {
        WeightLens::Value => symbol.to_owned(),
        WeightLens::Positive => format!("{symbol}⁺"),
        WeightLens::Negative => format!("{symbol}⁻"),
        WeightLens::One => "1".to_owned(),
        WeightLens::Square => format!("{symbol}²"),
        WeightLens::Lift(gamma) => format!("({symbol}+{gamma}{symbol}⁺)"),
        WeightLens::Sink(gamma) => format!("({symbol}+{gamma}{symbol}⁻)"),
    }
}
