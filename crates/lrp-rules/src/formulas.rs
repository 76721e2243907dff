//! The formula types of the LRP Toolbox's programs for Caffe: composites with a number and, here, a name.

use lrp_core::Kind;

use crate::algebra::Rule;
use crate::call::Call;
use crate::composite::{Composite, Place, Select};
use crate::options::Treatment;
use crate::parameter::{Parameter, brief};
use crate::rules::{alpha_beta, deconvnet, epsilon, flat, gradient, guided, simple, w_square, z_box};

/// A formula type.
#[derive(Clone, Copy, Debug)]
pub struct FormulaType {
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: &'static str,
    /// Other names it is read by, those of the toolbox's Python helpers among them.
    pub aliases: &'static [&'static str],
    /// What it is, in a line.
    pub summary: &'static str,
    parts: Parts,
}

/// What a formula type is made of.
#[derive(Clone, Copy, Debug)]
enum Parts {
    /// Rules for dense layers, for convolutions, for those of both up to a layer, and whether the lowest convolution
    /// knows the bounds of its input.
    Shares { dense: Part, convolution: Part, below: Option<Part>, boxed: bool },
    /// A derivative everywhere, and whether only its lengths count.
    Derivative { rule: fn() -> Rule, lengths: bool },
}

/// A rule with the parameters of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Epsilon,
    AlphaBeta,
    /// α-β with β = 1 up to a layer and β = 0 above it.
    ByDepth,
    Flat,
    WSquare,
}

use Part::{AlphaBeta, ByDepth, Epsilon, Flat, WSquare};

/// The parameters of a formula type.
#[derive(Clone, Debug, PartialEq)]
pub struct FormulaOptions {
    /// `ε`
    pub epsilon: f64,
    /// `β`; `α` is one more.
    pub beta: f64,
    /// The last layer that gets the rule for those below.
    pub switch: Option<Place>,
    /// The last layer with β = 1 where that goes by depth.
    pub depth: Place,
    /// The layer that knows the bounds of its input; the first convolution if none is named.
    pub lowest: Option<Place>,
    /// Those bounds.
    pub bounds: Option<(Parameter, Parameter)>,
    /// How layers are treated whatever their rule.
    pub treatment: Treatment,
}

impl Default for FormulaOptions {
    /// `ε` = 1e-6, `β` = 1, no switch; the depth is where CaffeNet's first dense layer is.
    fn default() -> Self {
        Self {
            epsilon: 1e-6,
            beta: 1.0,
            switch: None,
            depth: Place::Index(15),
            lowest: None,
            bounds: None,
            treatment: Treatment::default(),
        }
    }
}

const fn shares(dense: Part, convolution: Part) -> Parts {
    Parts::Shares { dense, convolution, below: None, boxed: false }
}

const fn below(dense: Part, convolution: Part, below: Part) -> Parts {
    Parts::Shares { dense, convolution, below: Some(below), boxed: false }
}

const fn boxed(dense: Part, convolution: Part) -> Parts {
    Parts::Shares { dense, convolution, below: None, boxed: true }
}

const fn derivative(rule: fn() -> Rule, lengths: bool) -> Parts {
    Parts::Derivative { rule, lengths }
}

/// A row of [`FORMULAS`].
const fn row(
    number: u16,
    name: &'static str,
    aliases: &'static [&'static str],
    summary: &'static str,
    parts: Parts,
) -> FormulaType {
    FormulaType { number, name, aliases, summary, parts }
}

/// Every formula type.
pub const FORMULAS: &[FormulaType] = &[
    row(0, "epsilon", &["eps"], "epsilon for layers with weights", shares(Epsilon, Epsilon)),
    row(2, "alphabeta", &["ab"], "alphabeta for layers with weights", shares(AlphaBeta, AlphaBeta)),
    row(
        6,
        "depth-ab-box",
        &[],
        "as 100 with alphabeta by depth for dense layers, and a box",
        boxed(ByDepth, AlphaBeta),
    ),
    row(
        8,
        "depth-eps-box",
        &[],
        "as 0 with alphabeta by depth for dense layers, and a box",
        boxed(ByDepth, Epsilon),
    ),
    row(11, "gradient", &[], "score times gradient", derivative(gradient, false)),
    row(18, "depth-box", &[], "alphabeta by depth, and a box", boxed(ByDepth, ByDepth)),
    row(
        22,
        "depth",
        &[],
        "alphabeta by depth: beta is 1 up to a layer, 0 above it",
        shares(ByDepth, ByDepth),
    ),
    row(26, "deconv", &["deconvolution"], "deconvnet", derivative(deconvnet, false)),
    row(54, "eps-n-flat", &[], "epsilon, flat up to the switch layer", below(Epsilon, Epsilon, Flat)),
    row(56, "eps-n-wsquare", &[], "epsilon, w2 up to the switch layer", below(Epsilon, Epsilon, WSquare)),
    row(58, "ab-n-flat", &[], "alphabeta, flat up to the switch layer", below(AlphaBeta, AlphaBeta, Flat)),
    row(
        60,
        "ab-n-wsquare",
        &[],
        "alphabeta, w2 up to the switch layer",
        below(AlphaBeta, AlphaBeta, WSquare),
    ),
    row(
        99,
        "sensitivity",
        &[],
        "score times gradient, and of each pixel its length",
        derivative(gradient, true),
    ),
    row(
        100,
        "layer-dep",
        &[],
        "epsilon for dense layers, alphabeta for convolutions",
        shares(Epsilon, AlphaBeta),
    ),
    row(
        102,
        "layer-dep-n-flat",
        &[],
        "layer-dep, flat up to the switch layer",
        below(Epsilon, AlphaBeta, Flat),
    ),
    row(
        104,
        "layer-dep-n-wsquare",
        &[],
        "layer-dep, w2 up to the switch layer",
        below(Epsilon, AlphaBeta, WSquare),
    ),
    row(
        114,
        "eps-n-ab",
        &[],
        "epsilon, alphabeta up to the switch layer",
        below(Epsilon, Epsilon, AlphaBeta),
    ),
    row(166, "guided-backprop", &["guided"], "guided backpropagation", derivative(guided, false)),
];

/// The formula type of a name or a number; `_` counts as `-`.
#[must_use]
pub fn formula(text: &str) -> Option<&'static FormulaType> {
    let wanted = text.replace('_', "-");
    let named = |name: &str| name.eq_ignore_ascii_case(&wanted);
    let means = |row: &&FormulaType| {
        named(row.name) || row.number.to_string() == wanted || row.aliases.iter().any(|name| named(name))
    };
    FORMULAS.iter().find(means)
}

impl FormulaType {
    /// The rules for each layer.
    ///
    /// # Errors
    /// If a parameter is out of range, or one is missing that the type needs.
    pub fn composite(&self, options: &FormulaOptions) -> Result<Composite, String> {
        let (dense, convolution, lower, boxed) = match self.parts {
            Parts::Derivative { rule, lengths } => {
                let treatment = Treatment { lengths, ..options.treatment };
                return Ok(Composite::uniform(rule()).treated(treatment));
            }
            Parts::Shares { dense, convolution, below, boxed } => (dense, convolution, below, boxed),
        };
        let signs = self.uses(AlphaBeta) || self.uses(WSquare) || boxed;
        for (name, value, asked) in [("epsilon", options.epsilon, true), ("beta", options.beta, signs)] {
            if asked && !(value.is_finite() && value >= 0.0) {
                return Err(format!("{name} is {}, it must not be negative", brief(value)));
            }
        }
        let mut composite = Composite::uniform(simple()).treated(options.treatment);
        if boxed {
            let (low, high) = options.bounds.clone().ok_or("needs the bounds of the input, low and high")?;
            let lowest = match &options.lowest {
                None => Select::FirstOf(Kind::Convolution),
                Some(Place::Index(index)) => Select::Index(*index),
                Some(Place::Name(name)) => Select::Name(name.clone()),
            };
            composite = composite.then(lowest, z_box(low, high));
        }
        if let Some(lower) = lower {
            let switch = options.switch.clone().ok_or("needs a switch layer, by number or name")?;
            composite = composite.then(Select::WeightsUpTo(switch), lower.rule(options));
        }
        let kinds = [(Kind::Convolution, convolution), (Kind::Linear, dense)];
        for (kind, part) in kinds.into_iter().filter(|(_, part)| *part != ByDepth) {
            composite = composite.then(Select::Kind(kind), part.rule(options));
        }
        if kinds.iter().any(|(_, part)| *part == ByDepth) {
            let (low, high) = (alpha_beta(2.0, 1.0), alpha_beta(1.0, 0.0));
            composite = composite.then(Select::WeightsUpTo(options.depth.clone()), low);
            for (kind, _) in kinds.into_iter().filter(|(_, part)| *part == ByDepth) {
                composite = composite.then(Select::Kind(kind), high.clone());
            }
        }
        Ok(composite)
    }

    /// Whether it needs a switch layer.
    #[must_use]
    pub fn switches(&self) -> bool {
        matches!(self.parts, Parts::Shares { below: Some(_), .. })
    }

    /// Whether its lowest convolution needs the bounds of the input.
    #[must_use]
    pub fn is_boxed(&self) -> bool {
        matches!(self.parts, Parts::Shares { boxed: true, .. })
    }

    /// Whether it follows the plain derivative everywhere, as the network's own gradient does.
    #[must_use]
    pub fn is_gradient(&self) -> bool {
        matches!(self.parts, Parts::Derivative { rule, .. } if rule() == gradient())
    }

    fn uses(&self, wanted: Part) -> bool {
        match self.parts {
            Parts::Shares { dense, convolution, below, .. } => {
                [Some(dense), Some(convolution), below].contains(&Some(wanted))
            }
            Parts::Derivative { .. } => false,
        }
    }

    /// Its name with its parameters and their defaults, as users write them.
    #[must_use]
    pub fn usage(&self) -> String {
        let options = [
            (self.is_boxed(), "low, high"),
            (self.uses(Epsilon), "epsilon=1e-6"),
            (self.uses(AlphaBeta), "beta=1"),
            (self.switches(), "switch=LAYER"),
            (self.uses(ByDepth), "depth=15"),
        ];
        let named: Vec<&str> = options.iter().filter(|(used, _)| *used).map(|(_, text)| *text).collect();
        if named.is_empty() { self.name.to_owned() } else { format!("{}({})", self.name, named.join(", ")) }
    }

    /// The composite of a call such as `layer-dep(1e-6, 1, switch=conv3)`.
    pub(crate) fn of_call(&self, call: &Call<'_>) -> Result<Composite, String> {
        let mut options = FormulaOptions::default();
        let (mut low, mut high) = (None, None);
        let numbers: Vec<&str> = match (self.is_boxed(), self.uses(Epsilon), self.uses(AlphaBeta)) {
            (true, ..) => vec!["low", "high"],
            (_, true, true) => vec!["epsilon", "beta"],
            (_, true, false) => vec!["epsilon"],
            (_, false, true) => vec!["beta"],
            (_, false, false) => Vec::new(),
        };
        let mut unnamed = numbers.into_iter();
        for (key, text) in call.texts() {
            let key = match key {
                "" => unnamed.next().ok_or_else(|| format!("'{text}' is not expected there"))?,
                key => key,
            };
            match key {
                "epsilon" | "eps" if self.uses(Epsilon) => options.epsilon = number(text)?,
                "beta" if self.uses(AlphaBeta) => options.beta = number(text)?,
                "switch" if self.switches() => options.switch = Some(place(text)),
                "depth" if self.uses(ByDepth) => options.depth = place(text),
                "low" if self.is_boxed() => low = Some(Call::parameter(text)?),
                "high" if self.is_boxed() => high = Some(Call::parameter(text)?),
                "maxima" => options.treatment.maxima = choice(text)?,
                "bias" => options.treatment.bias = choice(text)?,
                "responses" => options.treatment.responses = choice(text)?,
                _ => return Err(format!("'{key}' is not expected there")),
            }
        }
        options.bounds = low.zip(high);
        if options.bounds.as_ref().is_some_and(|(low, high)| low.at_most(high) != Some(true)) {
            return Err("low must not exceed high, and both must be of as many channels".to_owned());
        }
        self.composite(&options)
    }
}

impl Part {
    fn rule(self, options: &FormulaOptions) -> Rule {
        match self {
            Epsilon => epsilon(options.epsilon),
            AlphaBeta => alpha_beta(1.0 + options.beta, options.beta),
            ByDepth => alpha_beta(1.0, 0.0),
            Flat => flat(),
            WSquare => w_square(),
        }
    }
}

fn number(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
        .ok_or_else(|| format!("'{text}' is not a number"))
}

/// A layer by its number, or else by its name.
fn place(text: &str) -> Place {
    let Ok(place) = text.parse();
    place
}

fn choice<C: std::str::FromStr<Err = crate::error::Error>>(text: &str) -> Result<C, String> {
    text.parse().map_err(|error: crate::error::Error| error.to_string())
}
