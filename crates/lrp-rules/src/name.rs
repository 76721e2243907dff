//! Rules by name: how they print, and how they are read.

use std::fmt;
use std::str::FromStr;

use crate::algebra::Rule;
use crate::call::{Call, numbers};
use crate::error::{Error, Result};
use crate::notation;
use crate::parameter::{Parameter, brief};
use crate::rules::find;

/// The name a rule was made by.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Label {
    pub(crate) name: &'static str,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether the bias takes part, where that is not as the rule has it.
    pub(crate) bias: Option<bool>,
    pub(crate) stabilizer: Option<f64>,
}

impl Label {
    pub(crate) fn new(name: &'static str, parameters: &[Parameter]) -> Self {
        Self { name, parameters: parameters.to_vec(), bias: None, stabilizer: None }
    }

    pub(crate) fn stabilized(self, stabilizer: f64) -> Self {
        Self { stabilizer: Some(stabilizer), ..self }
    }

    pub(crate) fn with_bias(self, bias: bool) -> Self {
        Self { bias: Some(bias), ..self }
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bias = self.bias.map(|bias| format!("bias={}", u8::from(bias)));
        let stabilizer = self.stabilizer.map(|value| format!("stabilizer={}", brief(value)));
        let parameters = self.parameters.iter().map(Parameter::to_string);
        let arguments: Vec<String> = parameters.chain(bias).chain(stabilizer).collect();
        match &arguments[..] {
            [] => f.write_str(self.name),
            _ => write!(f, "{}({})", self.name, arguments.join(",")),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.label() {
            Some(label) if !f.alternate() => f.pad(&label.to_string()),
            _ => f.pad(&self.formula().to_string()),
        }
    }
}

impl FromStr for Rule {
    type Err = Error;

    /// Reads `name`, `name(parameters)`, `name(parameters, bias=0, stabilizer=ε)` or a formula.
    ///
    /// `bias=0` keeps the bias out of denominators, `bias=1` lets it in where a rule leaves it out.
    ///
    /// ```
    /// use lrp_rules::{Rule, rules::epsilon};
    /// assert_eq!("Eps(0.01)".parse::<Rule>()?, epsilon(0.01));
    /// let rule: Rule = "zplus(stabilizer=1e-6)".parse()?;
    /// assert_eq!(rule.to_string(), "zplus(stabilizer=1e-6)");
    /// assert_eq!("[xw]{ε=0.5}".parse::<Rule>()?, "epsilon(0.5, bias=0)".parse()?);
    /// assert!("alphabeta(2,2)".parse::<Rule>().is_err());
    /// # Ok::<(), lrp_rules::Error>(())
    /// ```
    fn from_str(text: &str) -> Result<Self> {
        if notation::is_formula(text) {
            let formula = notation::parse(text);
            return formula.map(Self::of).map_err(|what| Error::rule(format!("formula '{text}': {what}")));
        }
        let call = Call::parse(text).map_err(Error::rule)?;
        let info = find(call.name)?;
        let usage = |message: &str| Error::rule(format!("rule '{call}': {message}; usage: {}", info.usage));
        let mut parameters = Vec::new();
        let (mut bias, mut stabilizer) = (None, None);
        for argument in call.arguments().map_err(|message| usage(&message))? {
            let number = |parameter| numbers(&[parameter]).map_err(&usage).map(|numbers| numbers[0]);
            match argument.key {
                "" if bias.is_none() && stabilizer.is_none() => parameters.push(argument.value),
                "stabilizer" if stabilizer.is_none() => match number(argument.value)? {
                    value if value < 0.0 => return Err(usage("the stabilizer must not be negative")),
                    value => stabilizer = Some(value),
                },
                "bias" if bias.is_none() => match number(argument.value)? {
                    0.0 => bias = Some(false),
                    1.0 => bias = Some(true),
                    _ => return Err(usage("the bias is 0 or 1")),
                },
                _ => return Err(usage(&argument.unexpected())),
            }
        }
        let rule = (info.make)(&parameters).map_err(usage)?;
        let rule = match bias {
            Some(true) => rule.with_bias(),
            Some(false) => rule.without_bias(),
            None => rule,
        };
        Ok(stabilizer.map_or(rule.clone(), |stabilizer| rule.stabilized(stabilizer)))
    }
}
