//! The rules of the literature, each on the line where its formula fits, and the table that names them.
//!
//! A new rule is one function and one row of [`RULES`]; the command line, its help and the property tests
//! read the table.

use crate::algebra::{B, Formula, Gate, Rule, W, X, derivative, fill, share};
use crate::call::numbers;
use crate::derivative::Derivative;
use crate::error::{Error, Result};
use crate::name::Label;
use crate::parameter::Parameter;

/// LRP-0, the toolbox's `simple`: `x w / z`.
#[must_use]
pub fn simple() -> Rule {
    share(X * W + B).named("simple", &[])
}

/// LRP-ε: `x w / (z + ε·sgn z)`; small `z` lose relevance to the stabilizer.
#[must_use]
pub fn epsilon(epsilon: f64) -> Rule {
    share(X * W + B).stabilized(epsilon).named("epsilon", &[epsilon])
}

/// LRP-γ, `x (w + γ w⁺) / z'`, for inputs that are never negative: positive weights count `1 + γ` times
/// (Montavon et al. 2019).
#[must_use]
pub fn gamma(gamma: f64) -> Rule {
    share(X * W.lift(gamma) + B.lift(gamma)).named("gamma", &[gamma])
}

/// LRP-γ for inputs of either sign: units above zero favour positive products,
/// `(x⁺ (w + γ w⁺) + x⁻ (w + γ w⁻)) / z'`, units below zero negative ones.
#[must_use]
pub fn signed_gamma(gamma: f64) -> Rule {
    let above = share(X.pos() * W.lift(gamma) + X.neg() * W.sink(gamma) + B.lift(gamma)).only(Gate::Positive);
    let below = share(X.pos() * W.sink(gamma) + X.neg() * W.lift(gamma) + B.sink(gamma)).only(Gate::Negative);
    (above + below).named("signedgamma", &[gamma])
}

/// z⁺, `(x⁺ w⁺ + x⁻ w⁻) / z⁺`: only positive products receive (Montavon et al. 2017).
#[must_use]
pub fn z_plus() -> Rule {
    share(X.pos() * W.pos() + X.neg() * W.neg() + B.pos()).named("zplus", &[])
}

/// z⁻, `(x⁺ w⁻ + x⁻ w⁺) / z⁻`: only negative products receive.
#[must_use]
pub fn z_minus() -> Rule {
    share(X.pos() * W.neg() + X.neg() * W.pos() + B.neg()).named("zminus", &[])
}

/// LRP-αβ: `α` times z⁺ less `β` times z⁻; conserves where `α − β = 1` and both parts exist (Bach et al. 2015).
#[must_use]
pub fn alpha_beta(alpha: f64, beta: f64) -> Rule {
    (alpha * z_plus() - beta * z_minus()).named("alphabeta", &[alpha, beta])
}

/// w²: `w² / Σ w²`, in proportion to squared weights, whatever the input.
#[must_use]
pub fn w_square() -> Rule {
    share(fill(1.0) * W.squared()).stabilized(0.0).named("w2", &[])
}

/// Flat: `1 / Σ 1`, every input in reach receives the same.
#[must_use]
pub fn flat() -> Rule {
    share(fill(1.0) * W.one()).stabilized(0.0).named("flat", &[])
}

/// zᴮ, for inputs between `low` and `high`, which may differ between channels: `x w − low·w⁺ − high·w⁻`.
///
/// Written so that no product is negative: an input at its bound gives exactly zero, not a difference that
/// cancels.
#[must_use]
pub fn z_box(low: impl Into<Parameter>, high: impl Into<Parameter>) -> Rule {
    let (low, high) = (low.into(), high.into());
    let label = Label::new("zbox", &[low.clone(), high.clone()]);
    share(X.less(low) * W.pos() + X.less(high) * W.neg()).labelled(label)
}

/// `|x w| / Σ |x w|`, the bias being one more product: in proportion to sizes, so that nothing is ever multiplied.
#[must_use]
pub fn magnitude() -> Rule {
    share(X.abs() * W.abs() + B.abs()).named("magnitude", &[])
}

/// Relevance stays where it is.
#[must_use]
pub fn pass() -> Rule {
    Rule::pass().named("pass", &[])
}

/// The way back ends: what is below receives nothing.
#[must_use]
pub fn stop() -> Rule {
    Rule::of(Formula::default()).named("stop", &[])
}

/// The layer's derivative: `R · ∂y/∂x`.
#[must_use]
pub fn gradient() -> Rule {
    derivative(Derivative::Plain).named("gradient", &[])
}

/// `max(R, 0)` at rectifiers, the gradient elsewhere (Zeiler and Fergus 2014).
#[must_use]
pub fn deconvnet() -> Rule {
    derivative(Derivative::Deconvolution).named("deconvnet", &[])
}

/// The gradient where `R` is above zero at rectifiers, the gradient elsewhere (Springenberg et al. 2015).
#[must_use]
pub fn guided() -> Rule {
    derivative(Derivative::Guided).named("guided", &[])
}

/// `R · σ(βx)` at rectifiers, the gradient elsewhere (Dombrowski et al. 2019).
#[must_use]
pub fn beta_smooth(beta: f64) -> Rule {
    derivative(Derivative::Smooth(beta)).named("betasmooth", &[beta])
}

/// A rule as users write it.
#[derive(Clone, Copy, Debug)]
pub struct RuleInfo {
    /// The name it prints under.
    pub name: &'static str,
    /// Other names it is read by; those of the toolbox among them.
    pub aliases: &'static [&'static str],
    /// Name and parameters with their defaults.
    pub usage: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// The parameters one would turn, in the order the rule takes them.
    pub dials: &'static [Dial],
    /// Makes the rule from the parameters given, or says what is wrong with them.
    pub make: fn(&[Parameter]) -> std::result::Result<Rule, &'static str>,
}

/// A parameter of a rule, and within which bounds it changes a picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dial {
    /// The parameter's name.
    pub name: &'static str,
    /// What it is if it is not given.
    pub usual: f64,
    /// The least value worth a look.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// Whether its magnitude counts, and not its difference from another value.
    pub logarithmic: bool,
}

/// From nearly nothing to what absorbs nearly everything.
const EPSILON: &[Dial] = &[Dial { name: "epsilon", usual: 1e-6, least: 1e-9, most: 1e3, logarithmic: true }];
const GAMMA: &[Dial] = &[Dial { name: "gamma", usual: 0.25, least: 0.0, most: 2.0, logarithmic: false }];
/// The other parameter follows from it.
const ALPHA: &[Dial] = &[Dial { name: "alpha", usual: 2.0, least: 1.0, most: 5.0, logarithmic: false }];
const BETA: &[Dial] = &[Dial { name: "beta", usual: 10.0, least: 0.1, most: 100.0, logarithmic: true }];

/// Every rule there is.
pub const RULES: &[RuleInfo] = &[
    RuleInfo {
        name: "simple",
        aliases: &["none", "slow", "simple_slow", "lrp0", "zero", "z"],
        usage: "simple",
        summary: "LRP-0: in proportion to x·w; equals gradient × input on rectifier networks",
        dials: &[],
        make: |given| none(given, simple),
    },
    RuleInfo {
        name: "epsilon",
        aliases: &["eps", "norm", "epsilon_slow"],
        usage: "epsilon(epsilon=1e-6)",
        summary: "LRP-0 with a stabilizer that absorbs the relevance of weakly supported units",
        dials: EPSILON,
        make: |given| one(given, 1e-6, epsilon),
    },
    RuleInfo {
        name: "gamma",
        aliases: &[],
        usage: "gamma(gamma=0.25)",
        summary: "favours positive weights; for layers whose input is never negative",
        dials: GAMMA,
        make: |given| one(given, 0.25, gamma),
    },
    RuleInfo {
        name: "signedgamma",
        aliases: &["gamma_signed", "generalized_gamma"],
        usage: "signedgamma(gamma=0.25)",
        summary: "gamma for inputs of either sign",
        dials: GAMMA,
        make: |given| one(given, 0.25, signed_gamma),
    },
    RuleInfo {
        name: "zplus",
        aliases: &["z+", "alpha1beta0"],
        usage: "zplus",
        summary: "only positive products receive relevance",
        dials: &[],
        make: |given| none(given, z_plus),
    },
    RuleInfo {
        name: "zminus",
        aliases: &["z-"],
        usage: "zminus",
        summary: "only negative products receive relevance",
        dials: &[],
        make: |given| none(given, z_minus),
    },
    RuleInfo {
        name: "alphabeta",
        aliases: &["alpha", "alphabeta_slow", "alpha_slow"],
        usage: "alphabeta(alpha=2, beta=alpha-1)",
        summary: "alpha times the positive part less beta times the negative part",
        dials: ALPHA,
        make: |given| {
            let (alpha, beta) = match numbers(given)?[..] {
                [] => (2.0, 1.0),
                [alpha] => (alpha, alpha - 1.0),
                [alpha, beta] => (alpha, beta),
                _ => return Err("takes two parameters at most"),
            };
            let conserves = (alpha - beta - 1.0).abs() <= 1e-9;
            if conserves { Ok(alpha_beta(alpha, beta)) } else { Err("alpha - beta must be 1") }
        },
    },
    RuleInfo {
        name: "flat",
        aliases: &[],
        usage: "flat",
        summary: "every input in reach receives the same",
        dials: &[],
        make: |given| none(given, flat),
    },
    RuleInfo {
        name: "w2",
        aliases: &["ww", "w^2", "wsquare"],
        usage: "w2",
        summary: "in proportion to squared weights, whatever the input",
        dials: &[],
        make: |given| none(given, w_square),
    },
    RuleInfo {
        name: "zbox",
        aliases: &["zb", "box"],
        usage: "zbox(low, high)",
        summary: "for the first layer of networks whose inputs lie between low and high; [a,b,c] is a bound a channel",
        dials: &[],
        make: bounded,
    },
    RuleInfo {
        name: "magnitude",
        aliases: &["abs"],
        usage: "magnitude",
        summary: "in proportion to the sizes of products; a residual sum splits by |a|/(|a|+|b|)",
        dials: &[],
        make: |given| none(given, magnitude),
    },
    RuleInfo {
        name: "pass",
        aliases: &["identity"],
        usage: "pass",
        summary: "relevance stays where it is",
        dials: &[],
        make: |given| none(given, pass),
    },
    RuleInfo {
        name: "stop",
        aliases: &["nothing"],
        usage: "stop",
        summary: "the way back ends there: what is below receives nothing",
        dials: &[],
        make: |given| none(given, stop),
    },
    RuleInfo {
        name: "gradient",
        aliases: &["derivative"],
        usage: "gradient",
        summary: "the layer's derivative, also where other rules hand relevance back unchanged",
        dials: &[],
        make: |given| none(given, gradient),
    },
    RuleInfo {
        name: "deconvnet",
        aliases: &["deconvolution"],
        usage: "deconvnet",
        summary: "at rectifiers what is above zero of the relevance, elsewhere the gradient",
        dials: &[],
        make: |given| none(given, deconvnet),
    },
    RuleInfo {
        name: "guided",
        aliases: &["guidedbackprop", "guided-backprop", "guided_backprop"],
        usage: "guided",
        summary: "at rectifiers the gradient where the relevance is above zero, elsewhere the gradient",
        dials: &[],
        make: |given| none(given, guided),
    },
    RuleInfo {
        name: "betasmooth",
        aliases: &["beta-smooth", "beta_smooth"],
        usage: "betasmooth(beta=10)",
        summary: "at rectifiers the gradient of a softplus in their place, elsewhere the gradient",
        dials: BETA,
        make: smoothed,
    },
];

fn none(given: &[Parameter], make: fn() -> Rule) -> std::result::Result<Rule, &'static str> {
    if given.is_empty() { Ok(make()) } else { Err("takes no parameter") }
}

pub(crate) fn one(
    given: &[Parameter],
    default: f64,
    make: fn(f64) -> Rule,
) -> std::result::Result<Rule, &'static str> {
    match numbers(given)?[..] {
        [] => Ok(make(default)),
        [parameter] if parameter >= 0.0 => Ok(make(parameter)),
        [_] => Err("its parameter must not be negative"),
        _ => Err("takes one parameter"),
    }
}

/// The rule of a softened rectifier.
pub(crate) fn smoothed(given: &[Parameter]) -> std::result::Result<Rule, &'static str> {
    one(given, 10.0, beta_smooth)
}

/// The box rule between two bounds.
pub(crate) fn bounded(given: &[Parameter]) -> std::result::Result<Rule, &'static str> {
    match given {
        [low, high] => match low.at_most(high) {
            Some(true) => Ok(z_box(low.clone(), high.clone())),
            Some(false) => Err("low must not exceed high"),
            None => Err("low and high must be of as many channels"),
        },
        _ => Err("takes two parameters"),
    }
}

/// The row of [`RULES`] that `name` means; upper and lower case are the same.
///
/// # Errors
/// Lists the names there are.
pub fn find(name: &str) -> Result<&'static RuleInfo> {
    let means = |info: &&RuleInfo| {
        info.name.eq_ignore_ascii_case(name) || info.aliases.iter().any(|a| a.eq_ignore_ascii_case(name))
    };
    RULES.iter().find(means).ok_or_else(|| {
        let names: Vec<&str> = RULES.iter().map(|info| info.name).collect();
        Error::rule(format!("unknown rule '{name}'; one of {}", names.join(", ")))
    })
}

impl RuleInfo {
    /// Makes the rule from numbers.
    ///
    /// # Errors
    /// Says what is wrong with them.
    pub fn with(&self, numbers: &[f64]) -> std::result::Result<Rule, &'static str> {
        (self.make)(&numbers.iter().copied().map(Parameter::Number).collect::<Vec<_>>())
    }
}

impl Rule {
    fn named(self, name: &'static str, parameters: &[f64]) -> Self {
        let parameters: Vec<Parameter> = parameters.iter().copied().map(Parameter::Number).collect();
        self.labelled(Label::new(name, &parameters))
    }
}
