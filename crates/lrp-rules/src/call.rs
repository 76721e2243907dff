//! `name(parameters, key=number)`: how rules, composites and attributors are written.

use std::fmt;

use crate::parameter::Parameter;

/// A name with what stands in parentheses behind it.
pub(crate) struct Call<'t> {
    text: &'t str,
    pub(crate) name: &'t str,
    arguments: &'t str,
}

/// One argument of a [`Call`].
pub(crate) struct Argument<'t> {
    /// As it was written.
    pub(crate) text: &'t str,
    /// What stands before an equals sign; empty if there is none.
    pub(crate) key: &'t str,
    pub(crate) value: Parameter,
}

impl<'t> Call<'t> {
    /// Splits the name from its arguments, which are read later: what is wrong with them is better said by who
    /// knows the name.
    pub(crate) fn parse(text: &'t str) -> Result<Self, String> {
        let text = text.trim();
        let Some((name, rest)) = text.split_once('(') else {
            return Ok(Self { text, name: text, arguments: "" });
        };
        let arguments =
            rest.strip_suffix(')').ok_or_else(|| format!("'{text}' lacks a closing parenthesis"))?;
        Ok(Self { text, name: name.trim(), arguments })
    }

    /// The arguments in their order.
    pub(crate) fn arguments(&self) -> Result<Vec<Argument<'t>>, String> {
        let listed = split(self.arguments).into_iter().filter(|_| !self.arguments.trim().is_empty());
        listed.map(Argument::parse).collect()
    }

    /// The arguments as they were written: what stands before an equals sign, if there is one, and what behind it.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&'t str, &'t str)> {
        let listed = split(self.arguments).into_iter().filter(|_| !self.arguments.trim().is_empty());
        listed.map(|text| text.split_once('=').map_or(("", text), |(key, value)| (key.trim(), value.trim())))
    }

    /// A number, or a list of them in brackets.
    pub(crate) fn parameter(text: &str) -> Result<Parameter, String> {
        Argument::parse(text).map(|argument| argument.value)
    }

    /// The values of arguments none of which has a key.
    pub(crate) fn plain(&self) -> Result<Vec<Parameter>, String> {
        let plain = |argument: Argument<'_>| match argument.key {
            "" => Ok(argument.value),
            _ => Err(argument.unexpected()),
        };
        self.arguments()?.into_iter().map(plain).collect()
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl<'t> Argument<'t> {
    fn parse(text: &'t str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').map_or(("", text), |(key, value)| (key.trim(), value.trim()));
        let number = |part: &str| {
            let number = part.trim().parse().ok().filter(|number: &f64| number.is_finite());
            number.ok_or_else(|| format!("'{}' is not a number", part.trim()))
        };
        let listed = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let value = match listed {
            None => Parameter::Number(number(value).map_err(|_| format!("'{text}' is not a number"))?),
            Some(list) => list.split(',').map(number).collect::<Result<Vec<f64>, _>>()?.into(),
        };
        Ok(Self { text, key, value })
    }

    pub(crate) fn unexpected(&self) -> String {
        format!("'{}' is not expected there", self.text)
    }
}

/// The parts between commas that stand in no brackets.
fn split(list: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let between = |letter: char| {
        match letter {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ',' && depth == 0
    };
    list.split(between).map(str::trim).collect()
}

/// Numbers where no list is allowed.
pub(crate) fn numbers(given: &[Parameter]) -> Result<Vec<f64>, &'static str> {
    let number = |parameter: &Parameter| match parameter {
        Parameter::Number(value) => Ok(*value),
        Parameter::Channels(_) | Parameter::Pixels(_) => Err("takes no list"),
    };
    given.iter().map(number).collect()
}
