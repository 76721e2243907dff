//! The composites with a name.

use lrp_core::Kind;

use crate::algebra::Rule;
use crate::call::Call;
use crate::composite::{Composite, Select};
use crate::error::{Error, Result};
use crate::formulas::{FORMULAS, formula};
use crate::parameter::{Parameter, brief};
use crate::rules::{
    alpha_beta, bounded, deconvnet, epsilon, flat, gradient, guided, one, signed_gamma, simple, smoothed,
    w_square, z_plus,
};

/// A composite as users name it.
#[derive(Clone, Copy, Debug)]
pub struct CompositeInfo {
    /// Its name.
    pub name: &'static str,
    /// Name and parameters with their defaults.
    pub usage: &'static str,
    /// What it is for, in a line.
    pub summary: &'static str,
    /// Makes it from the parameters given, or says what is wrong with them.
    pub make: fn(&[Parameter]) -> std::result::Result<Composite, &'static str>,
}

/// Every composite with a name.
pub const COMPOSITES: &[CompositeInfo] = &[
    CompositeInfo {
        name: "lrp-0",
        usage: "lrp-0",
        summary: "simple everywhere: gradient × input on rectifier networks",
        make: |given| none(given, || Composite::uniform(simple())),
    },
    CompositeInfo {
        name: "lrp-epsilon",
        usage: "lrp-epsilon(epsilon=1e-6)",
        summary: "epsilon everywhere",
        make: |given| one(given, 1e-6, epsilon).map(Composite::uniform),
    },
    CompositeInfo {
        name: "epsilon-plus",
        usage: "epsilon-plus",
        summary: "zplus for convolutions, epsilon(1e-6) for dense layers and pools",
        make: |given| none(given, || epsilon_with(z_plus())),
    },
    CompositeInfo {
        name: "epsilon-plus-flat",
        usage: "epsilon-plus-flat",
        summary: "epsilon-plus with a flat first layer",
        make: |given| none(given, || epsilon_with(z_plus()).but(Select::First, flat())),
    },
    CompositeInfo {
        name: "epsilon-alpha2-beta1",
        usage: "epsilon-alpha2-beta1",
        summary: "alphabeta(2,1) for convolutions, epsilon(1e-6) for dense layers and pools",
        make: |given| none(given, || epsilon_with(alpha_beta(2.0, 1.0))),
    },
    CompositeInfo {
        name: "epsilon-alpha2-beta1-flat",
        usage: "epsilon-alpha2-beta1-flat",
        summary: "epsilon-alpha2-beta1 with a flat first layer",
        make: |given| none(given, || epsilon_with(alpha_beta(2.0, 1.0)).but(Select::First, flat())),
    },
    CompositeInfo {
        name: "epsilon-gamma-box",
        usage: "epsilon-gamma-box(low, high)",
        summary: "signedgamma(0.25) for convolutions, zbox for the first of them, epsilon(1e-6) elsewhere",
        make: |given| {
            let first = Select::FirstOf(Kind::Convolution);
            Ok(epsilon_with(signed_gamma(0.25)).but(first, bounded(given)?))
        },
    },
    CompositeInfo {
        name: "alpha1-flat",
        usage: "alpha1-flat",
        summary: "the toolbox's recipe: alphabeta(1,0) everywhere, flat for the first layer",
        make: |given| none(given, || Composite::uniform(alpha_beta(1.0, 0.0)).but(Select::First, flat())),
    },
    CompositeInfo {
        name: "alpha1-w2",
        usage: "alpha1-w2",
        summary: "the toolbox's recipe: alphabeta(1,0) everywhere, w2 for the first layer",
        make: |given| none(given, || Composite::uniform(alpha_beta(1.0, 0.0)).but(Select::First, w_square())),
    },
    CompositeInfo {
        name: "deep-taylor",
        usage: "deep-taylor(low, high)",
        summary: "zplus without bias; zbox for the first layer, or w2 if no bounds are given",
        make: |given| {
            let first = if given.is_empty() { w_square() } else { bounded(given)? };
            Ok(Composite::uniform(z_plus().without_bias()).but(Select::First, first))
        },
    },
    CompositeInfo {
        name: "preset-a",
        usage: "preset-a",
        summary: "iNNvestigate's: zplus for convolutions, epsilon(0.1) for dense layers",
        make: |given| none(given, || preset(z_plus())),
    },
    CompositeInfo {
        name: "preset-a-flat",
        usage: "preset-a-flat",
        summary: "preset-a with a flat first layer",
        make: |given| none(given, || preset(z_plus()).but(Select::First, flat())),
    },
    CompositeInfo {
        name: "preset-b",
        usage: "preset-b",
        summary: "iNNvestigate's: alphabeta(2,1) for convolutions, epsilon(0.1) for dense layers",
        make: |given| none(given, || preset(alpha_beta(2.0, 1.0))),
    },
    CompositeInfo {
        name: "preset-b-flat",
        usage: "preset-b-flat",
        summary: "preset-b with a flat first layer",
        make: |given| none(given, || preset(alpha_beta(2.0, 1.0)).but(Select::First, flat())),
    },
    CompositeInfo {
        name: "excitation-backprop",
        usage: "excitation-backprop",
        summary: "zplus for layers with weights, epsilon(1e-6) for sums and means, gradient elsewhere",
        make: |given| none(given, excitation),
    },
    CompositeInfo {
        name: "deconvnet",
        usage: "deconvnet",
        summary: "deconvnet at rectifiers, gradient elsewhere",
        make: |given| none(given, || Composite::uniform(deconvnet())),
    },
    CompositeInfo {
        name: "guided-backprop",
        usage: "guided-backprop",
        summary: "guided at rectifiers, gradient elsewhere",
        make: |given| none(given, || Composite::uniform(guided())),
    },
    CompositeInfo {
        name: "beta-smooth",
        usage: "beta-smooth(beta=10)",
        summary: "betasmooth at rectifiers, gradient elsewhere",
        make: |given| smoothed(given).map(Composite::uniform),
    },
];

/// Makes the composite that `text` names, with parameters in parentheses where it takes some; `_` counts as `-`.
///
/// The formula types of Caffe's programs, [`FORMULAS`], are composites as well, by name and by number.
///
/// ```
/// use lrp_rules::composite;
/// assert_eq!(composite("beta_smooth")?, composite("beta-smooth(10)")?);
/// assert_eq!(composite("layer_dep(1e-9, 0)")?, composite("100(beta=0, epsilon=1e-9)")?);
/// assert!(composite("epsilon-gamma-box([-2.1,-2,-1.8], [2.2,2.4,2.6])").is_ok());
/// # Ok::<(), lrp_rules::Error>(())
/// ```
///
/// # Errors
/// Lists the names there are, or says how the one given is used.
pub fn composite(text: &str) -> Result<Composite> {
    let call = Call::parse(text).map_err(Error::composite)?;
    let name = call.name.replace('_', "-");
    let wrong = |message: &str, usage: &str| {
        Error::composite(format!("composite '{call}': {message}; usage: {usage}"))
    };
    let Some(info) = COMPOSITES.iter().find(|info| info.name.eq_ignore_ascii_case(&name)) else {
        let formula = formula(&name).ok_or_else(|| {
            let names = COMPOSITES.iter().map(|info| info.name).chain(FORMULAS.iter().map(|row| row.name));
            let names: Vec<&str> = names.collect();
            Error::composite(format!("unknown composite '{}'; one of {}", call.name, names.join(", ")))
        })?;
        return formula.of_call(&call).map_err(|message| wrong(&message, &formula.usage()));
    };
    let usage = |message: &str| wrong(message, info.usage);
    let parameters = call.plain().map_err(|message| usage(&message))?;
    (info.make)(&parameters).map_err(usage)
}

/// As [`composite`]; one that asks for bounds of the input and names none has those given, a pair a channel or one for
/// all. Returns what it was made of beside it.
///
/// ```
/// use lrp_rules::composite_within;
/// assert_eq!(composite_within("epsilon-gamma-box", &[(-1.0, 0.1 + 0.2)])?.1, "epsilon-gamma-box(-1,0.3)");
/// assert_eq!(composite_within("epsilon-plus", &[(-1.0, 1.0)])?.1, "epsilon-plus");
/// # Ok::<(), lrp_rules::Error>(())
/// ```
///
/// # Errors
/// As [`composite`].
pub fn composite_within(text: &str, bounds: &[(f64, f64)]) -> Result<(Composite, String)> {
    let found = composite(text);
    if found.is_ok() || text.contains('(') || bounds.is_empty() {
        return Ok((found?, text.to_owned()));
    }
    // Bounds were computed; what rounding left behind the twelfth digit is not worth reading.
    let rounded = |number: f64| brief(format!("{number:.11e}").parse().unwrap_or(number));
    let list = |numbers: Vec<f64>| match &numbers[..] {
        [one] => rounded(*one),
        several => format!("[{}]", several.iter().copied().map(rounded).collect::<Vec<_>>().join(",")),
    };
    let (low, high) = bounds.iter().copied().unzip();
    let bounded = format!("{text}({},{})", list(low), list(high));
    composite(&bounded).or(found).map(|composite| (composite, bounded))
}

fn none(given: &[Parameter], make: fn() -> Composite) -> std::result::Result<Composite, &'static str> {
    if given.is_empty() { Ok(make()) } else { Err("takes no parameter") }
}

/// `convolutions` for convolutions and ε for everything else that mixes.
fn epsilon_with(convolutions: Rule) -> Composite {
    Composite::uniform(epsilon(1e-6)).then(Select::Kind(Kind::Convolution), convolutions)
}

fn preset(convolutions: Rule) -> Composite {
    Composite::uniform(simple())
        .then(Select::Kind(Kind::Linear), epsilon(0.1))
        .then(Select::Kind(Kind::Convolution), convolutions)
}

fn excitation() -> Composite {
    let proportional = [Kind::Add, Kind::SumPool, Kind::AveragePool, Kind::Reduce];
    let weighted = [Kind::Linear, Kind::Convolution].map(|kind| (kind, z_plus()));
    let rules = weighted.into_iter().chain(proportional.map(|kind| (kind, epsilon(1e-6))));
    rules.fold(Composite::uniform(gradient()), |composite, (kind, rule)| {
        composite.then(Select::Kind(kind), rule)
    })
}
