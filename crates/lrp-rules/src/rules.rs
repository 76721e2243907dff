//! The rules of the literature, each on the line where its formula fits, and the table that names them.
//!
//! A new rule is one function and one row of [`RULES`]; the command line, its help and the property tests
//! read the table.

use std::fmt;
use std::str::FromStr;

use crate::algebra::{B, Gate, Rule, W, X, fill, share};
use crate::error::{Error, Result};

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

/// zᴮ, for inputs between `low` and `high`: `x w − low·w⁺ − high·w⁻`.
///
/// Written so that no product is negative: an input at its bound gives exactly zero, not a difference that
/// cancels.
#[must_use]
pub fn z_box(low: f64, high: f64) -> Rule {
    share(X.less(low) * W.pos() + X.less(high) * W.neg()).named("zbox", &[low, high])
}

/// Relevance stays where it is.
#[must_use]
pub fn pass() -> Rule {
    Rule::pass().named("pass", &[])
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
    /// Makes the rule from the parameters given, or says what is wrong with them.
    pub make: fn(&[f64]) -> std::result::Result<Rule, &'static str>,
}

/// Every rule there is.
pub const RULES: &[RuleInfo] = &[
    RuleInfo {
        name: "simple",
        aliases: &["none", "slow", "simple_slow", "lrp0", "zero", "z"],
        usage: "simple",
        summary: "LRP-0: in proportion to x·w; equals gradient × input on rectifier networks",
        make: |given| none(given, simple),
    },
    RuleInfo {
        name: "epsilon",
        aliases: &["eps", "epsilon_slow"],
        usage: "epsilon(epsilon=1e-6)",
        summary: "LRP-0 with a stabilizer that absorbs the relevance of weakly supported units",
        make: |given| one(given, 1e-6, epsilon),
    },
    RuleInfo {
        name: "gamma",
        aliases: &[],
        usage: "gamma(gamma=0.25)",
        summary: "favours positive weights; for layers whose input is never negative",
        make: |given| one(given, 0.25, gamma),
    },
    RuleInfo {
        name: "signedgamma",
        aliases: &["gamma_signed", "generalized_gamma"],
        usage: "signedgamma(gamma=0.25)",
        summary: "gamma for inputs of either sign",
        make: |given| one(given, 0.25, signed_gamma),
    },
    RuleInfo {
        name: "zplus",
        aliases: &["z+", "alpha1beta0"],
        usage: "zplus",
        summary: "only positive products receive relevance",
        make: |given| none(given, z_plus),
    },
    RuleInfo {
        name: "zminus",
        aliases: &["z-"],
        usage: "zminus",
        summary: "only negative products receive relevance",
        make: |given| none(given, z_minus),
    },
    RuleInfo {
        name: "alphabeta",
        aliases: &["alpha", "alphabeta_slow", "alpha_slow"],
        usage: "alphabeta(alpha=2, beta=alpha-1)",
        summary: "alpha times the positive part less beta times the negative part",
        make: |given| {
            let (alpha, beta) = match *given {
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
        make: |given| none(given, flat),
    },
    RuleInfo {
        name: "w2",
        aliases: &["ww", "w^2", "wsquare"],
        usage: "w2",
        summary: "in proportion to squared weights, whatever the input",
        make: |given| none(given, w_square),
    },
    RuleInfo {
        name: "zbox",
        aliases: &["zb", "box"],
        usage: "zbox(low, high)",
        summary: "for the first layer of networks whose inputs lie between low and high",
        make: |given| match *given {
            [low, high] if low <= high => Ok(z_box(low, high)),
            [_, _] => Err("low must not exceed high"),
            _ => Err("takes two parameters"),
        },
    },
    RuleInfo {
        name: "pass",
        aliases: &["identity"],
        usage: "pass",
        summary: "relevance stays where it is",
        make: |given| none(given, pass),
    },
];

fn none(given: &[f64], make: fn() -> Rule) -> std::result::Result<Rule, &'static str> {
    if given.is_empty() { Ok(make()) } else { Err("takes no parameter") }
}

fn one(given: &[f64], default: f64, make: fn(f64) -> Rule) -> std::result::Result<Rule, &'static str> {
    match *given {
        [] => Ok(make(default)),
        [parameter] if parameter >= 0.0 => Ok(make(parameter)),
        [_] => Err("its parameter must not be negative"),
        _ => Err("takes one parameter"),
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

impl FromStr for Rule {
    type Err = Error;

    /// Reads `name`, `name(parameters)` or `name(parameters, stabilizer=ε)`.
    ///
    /// ```
    /// use lrp_rules::{Rule, rules::epsilon};
    /// assert_eq!("Eps(0.01)".parse::<Rule>()?, epsilon(0.01));
    /// let rule: Rule = "zplus(stabilizer=1e-6)".parse()?;
    /// assert_eq!(rule.to_string(), "zplus(stabilizer=1e-6)");
    /// assert!("alphabeta(2,2)".parse::<Rule>().is_err());
    /// # Ok::<(), lrp_rules::Error>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        let (name, arguments) = match text.split_once('(') {
            None => (text, ""),
            Some((name, rest)) => {
                let arguments = rest
                    .strip_suffix(')')
                    .ok_or_else(|| Error::rule(format!("'{text}' lacks a closing parenthesis")))?;
                (name.trim(), arguments)
            }
        };
        let info = find(name)?;
        let usage = |message: &str| Error::rule(format!("rule '{text}': {message}; usage: {}", info.usage));
        let mut parameters = Vec::new();
        let mut stabilizer = None;
        let listed = arguments.split(',').map(str::trim).filter(|_| !arguments.trim().is_empty());
        for argument in listed {
            let (key, number) =
                argument.split_once('=').map_or(("", argument), |(key, number)| (key.trim(), number.trim()));
            let number = number.parse().ok().filter(|number: &f64| number.is_finite());
            let number = number.ok_or_else(|| usage(&format!("'{argument}' is not a number")))?;
            match key {
                "" if stabilizer.is_none() => parameters.push(number),
                "stabilizer" if number < 0.0 => return Err(usage("the stabilizer must not be negative")),
                "stabilizer" if stabilizer.is_none() => stabilizer = Some(number),
                _ => return Err(usage(&format!("'{argument}' is not expected there"))),
            }
        }
        let rule = (info.make)(&parameters).map_err(usage)?;
        Ok(stabilizer.map_or(rule.clone(), |stabilizer| rule.stabilized(stabilizer)))
    }
}

/// The name a rule was made by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Label {
    name: &'static str,
    parameters: Vec<f64>,
    stabilizer: Option<f64>,
}

impl Label {
    pub(crate) fn stabilized(self, stabilizer: f64) -> Self {
        Self { stabilizer: Some(stabilizer), ..self }
    }
}

impl Rule {
    fn named(self, name: &'static str, parameters: &[f64]) -> Self {
        self.labelled(Label { name, parameters: parameters.to_vec(), stabilizer: None })
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stabilizer = self.stabilizer.map(|value| format!("stabilizer={}", brief(value)));
        let arguments: Vec<String> =
            self.parameters.iter().map(|&value| brief(value)).chain(stabilizer).collect();
        match &arguments[..] {
            [] => f.write_str(self.name),
            _ => write!(f, "{}({})", self.name, arguments.join(",")),
        }
    }
}

/// The shortest way to write a number that reads back the same: `2`, `0.25`, `1e-6`.
fn brief(value: f64) -> String {
    let text = format!("{value:?}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
