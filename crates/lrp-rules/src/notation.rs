//! Formulas as people write them: `2·[x⁺w⁺ + x⁻w⁻ + b⁺] − 1·[x⁺w⁻ + x⁻w⁺ + b⁻]`.
//!
//! What is printed reads back as the same formula. Where a keyboard has no `⁺ ⁻ ² ⁰ · −`, `^+ ^- ^2 ^0 * -` are read
//! as well.

use std::fmt;

use lrp_core::WeightLens;

use crate::algebra::{Formula, Gate, InputLens, Share, Sum};
use crate::derivative::Derivative;
use crate::parameter::{Parameter, brief};

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pass = (self.pass != 0.0).then(|| (self.pass, "R".to_owned()));
        let derivatives = self.derivatives.iter().map(|(scale, derivative)| (*scale, derivative.to_string()));
        let shares = self.shares.iter().map(|share| (share.scale, share.to_string()));
        let mut empty = true;
        for (index, (scale, part)) in pass.into_iter().chain(derivatives).chain(shares).enumerate() {
            match (index, scale) {
                (0, 1.0) => write!(f, "{part}"),
                (0, scale) => write!(f, "{}·{part}", brief(scale)),
                (_, 1.0) => write!(f, " + {part}"),
                (_, scale) if scale.is_sign_negative() => write!(f, " − {}·{part}", brief(-scale)),
                (_, scale) => write!(f, " + {}·{part}", brief(scale)),
            }?;
            empty = false;
        }
        if empty { f.write_str("0") } else { Ok(()) }
    }
}

impl fmt::Display for Derivative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("gradient"),
            Self::Deconvolution => f.write_str("deconvnet"),
            Self::Guided => f.write_str("guided"),
            Self::Smooth(beta) => write!(f, "betasmooth({})", brief(*beta)),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let product = |(input, weight): &(InputLens, WeightLens)| match input {
            InputLens::Fill(1.0) => spell(*weight, "w"),
            _ => format!("{input}{}", spell(*weight, "w")),
        };
        let parts: Vec<String> =
            self.sum.terms.iter().map(product).chain(self.sum.bias.map(|bias| spell(bias, "b"))).collect();
        write!(f, "[{}]", parts.join(" + "))?;
        let gate = match self.gate {
            Gate::Every => None,
            Gate::Positive => Some("z>0".to_owned()),
            Gate::Negative => Some("z<0".to_owned()),
        };
        let stabilizer = (!self.names_no_stabilizer()).then(|| format!("ε={}", brief(self.stabilizer)));
        let conditions: Vec<String> = gate.into_iter().chain(stabilizer).collect();
        if conditions.is_empty() { Ok(()) } else { write!(f, "{{{}}}", conditions.join(", ")) }
    }
}

impl fmt::Display for InputLens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value => f.write_str("x"),
            Self::Positive => f.write_str("x⁺"),
            Self::Negative => f.write_str("x⁻"),
            Self::Magnitude => f.write_str("|x|"),
            Self::Less(Parameter::Number(value)) if *value < 0.0 => write!(f, "(x+{})", brief(-value)),
            Self::Less(bound) => write!(f, "(x−{bound})"),
            Self::Fill(value) => write!(f, "({})", brief(*value)),
        }
    }
}

/// A weight `w` or a bias `b` seen through a lens; the zeroth power of a bias is 1 wherever there is one.
fn spell(lens: WeightLens, symbol: &str) -> String {
    match lens {
        WeightLens::Value => symbol.to_owned(),
        WeightLens::Positive => format!("{symbol}⁺"),
        WeightLens::Negative => format!("{symbol}⁻"),
        WeightLens::One if symbol == "w" => "1".to_owned(),
        WeightLens::One => format!("{symbol}⁰"),
        WeightLens::Square => format!("{symbol}²"),
        WeightLens::Magnitude => format!("|{symbol}|"),
        WeightLens::Lift(gamma) => format!("({symbol}+{}{symbol}⁺)", brief(gamma)),
        WeightLens::Sink(gamma) => format!("({symbol}+{}{symbol}⁻)", brief(gamma)),
    }
}

/// Whether a text is a formula and not a name.
pub(crate) fn is_formula(text: &str) -> bool {
    let text = text.trim();
    text == "R"
        || text.starts_with(|first: char| first == '[' || first.is_ascii_digit() || "-−+.".contains(first))
        || [" + ", " − ", " - ", "·", "*"].iter().any(|mark| text.contains(mark))
}

/// Reads a formula, or says what is wrong and where.
pub(crate) fn parse(text: &str) -> Result<Formula, String> {
    let replaced = [("^+", "⁺"), ("^-", "⁻"), ("^2", "²"), ("^0", "⁰"), ("*", "·")];
    let text = replaced.iter().fold(text.trim().to_owned(), |text, (from, to)| text.replace(from, to));
    if text == "0" {
        return Ok(Formula::default());
    }
    let mut reader = Reader { rest: &text };
    let mut formula = Formula::default();
    let mut sign = if reader.minus() { -1.0 } else { 1.0 };
    loop {
        reader.term(sign, &mut formula)?;
        sign = match (reader.take("+"), reader.minus()) {
            (true, _) => 1.0,
            (_, true) => -1.0,
            _ if reader.at_end() => return Ok(formula),
            _ => return Err(reader.expected("'+', '−' or the end")),
        };
    }
}

/// What has not been read yet.
struct Reader<'t> {
    rest: &'t str,
}

impl Reader<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn at_end(&mut self) -> bool {
        self.skip_blanks();
        self.rest.is_empty()
    }

    /// Reads `token` if it comes next.
    fn take(&mut self, token: &str) -> bool {
        self.skip_blanks();
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn minus(&mut self) -> bool {
        self.take("−") || self.take("-")
    }

    fn need(&mut self, token: &str) -> Result<(), String> {
        if self.take(token) { Ok(()) } else { Err(self.expected(&format!("'{token}'"))) }
    }

    fn expected(&self, what: &str) -> String {
        match self.rest {
            "" => format!("expected {what} at its end"),
            rest => format!("expected {what} at '{}'", rest.chars().take(16).collect::<String>()),
        }
    }

    /// A number without a sign, if one comes next.
    fn number(&mut self) -> Option<f64> {
        self.skip_blanks();
        let bytes = self.rest.as_bytes();
        let belongs = |index: &usize| match bytes[*index] {
            b'0'..=b'9' | b'.' => true,
            b'e' | b'E' => *index > 0,
            b'-' | b'+' => *index > 0 && matches!(bytes[index - 1], b'e' | b'E'),
            _ => false,
        };
        let length = (0..bytes.len()).take_while(belongs).count();
        let number = self.rest[..length].parse().ok().filter(|number: &f64| number.is_finite())?;
        self.rest = &self.rest[length..];
        Some(number)
    }

    fn signed(&mut self) -> Result<f64, String> {
        let sign = if self.minus() { -1.0 } else { 1.0 };
        self.number().map(|number| sign * number).ok_or_else(|| self.expected("a number"))
    }

    /// A number, or one number a channel in brackets.
    fn parameter(&mut self) -> Result<Parameter, String> {
        if !self.take("[") {
            return Ok(self.signed()?.into());
        }
        let mut values = vec![self.signed()?];
        while self.take(",") {
            values.push(self.signed()?);
        }
        self.need("]")?;
        Ok(values.into())
    }

    /// `factor·part`, added to a formula.
    fn term(&mut self, sign: f64, formula: &mut Formula) -> Result<(), String> {
        let scale = match self.number() {
            Some(number) => {
                self.need("·")?;
                sign * number
            }
            None => sign,
        };
        if self.take("[") {
            formula.shares.push(Share { scale, ..self.share()? });
        } else if self.take("R") {
            formula.pass += scale;
        } else {
            formula.derivatives.push((scale, self.derivative()?));
        }
        Ok(())
    }

    fn derivative(&mut self) -> Result<Derivative, String> {
        let plain = [Derivative::Plain, Derivative::Deconvolution, Derivative::Guided];
        if let Some(found) = plain.into_iter().find(|derivative| self.take(&derivative.to_string())) {
            return Ok(found);
        }
        if !self.take("betasmooth(") {
            return Err(self.expected("'[', 'R', gradient, guided, deconvnet or betasmooth"));
        }
        let beta = self.number().ok_or_else(|| self.expected("a number"))?;
        self.need(")")?;
        Ok(Derivative::Smooth(beta))
    }

    /// What stands behind an opening bracket.
    fn share(&mut self) -> Result<Share, String> {
        let mut sum = Sum { terms: Vec::new(), bias: None };
        loop {
            match self.lens("b")? {
                Some(bias) if sum.bias.is_none() => sum.bias = Some(bias),
                Some(_) => return Err(self.expected("no second bias before what is left")),
                None => {
                    let look = self.look()?;
                    let weight = self.lens("w")?.ok_or_else(|| self.expected("a weight"))?;
                    sum.terms.push((look.unwrap_or(InputLens::Fill(1.0)), weight));
                }
            }
            if !self.take("+") {
                break;
            }
        }
        self.need("]")?;
        let stabilizer = sum.usual_stabilizer();
        self.conditions(Share { scale: 1.0, sum, gate: Gate::Every, stabilizer })
    }

    /// `{z>0, ε=0.5}`, each and all of it optional.
    fn conditions(&mut self, mut share: Share) -> Result<Share, String> {
        if !self.take("{") {
            return Ok(share);
        }
        loop {
            if self.take("z>0") {
                share.gate = Gate::Positive;
            } else if self.take("z<0") {
                share.gate = Gate::Negative;
            } else if self.take("ε=") || self.take("eps=") {
                share.stabilizer = self.number().ok_or_else(|| self.expected("a number"))?;
            } else {
                return Err(self.expected("z>0, z<0 or ε="));
            }
            if !self.take(",") {
                break;
            }
        }
        self.need("}")?;
        Ok(share)
    }

    /// How a product looks at the input; `None` if it does not.
    fn look(&mut self) -> Result<Option<InputLens>, String> {
        let plain = [InputLens::Magnitude, InputLens::Positive, InputLens::Negative, InputLens::Value];
        if let Some(found) = plain.into_iter().find(|lens| self.take(&lens.to_string())) {
            return Ok(Some(found));
        }
        // A parenthesis may also belong to the weight.
        let opens_weight = self.rest.strip_prefix('(').is_some_and(|rest| rest.trim_start().starts_with('w'));
        if opens_weight || !self.take("(") {
            return Ok(None);
        }
        let lens = if !self.take("x") {
            InputLens::Fill(self.signed()?)
        } else if self.take("+") {
            InputLens::Less((-self.signed()?).into())
        } else if self.minus() {
            InputLens::Less(self.parameter()?)
        } else {
            return Err(self.expected("'+' or '−'"));
        };
        self.need(")")?;
        Ok(Some(lens))
    }

    /// A weight or bias called `symbol` seen through a lens, if one comes next.
    fn lens(&mut self, symbol: &str) -> Result<Option<WeightLens>, String> {
        // Longer spellings first: each begins with the plain symbol.
        let plain = [WeightLens::Positive, WeightLens::Negative, WeightLens::Square, WeightLens::Magnitude];
        let plain = plain.into_iter().chain([WeightLens::One, WeightLens::Value]);
        let found = plain.into_iter().find(|&lens| self.take(&spell(lens, symbol)));
        if found.is_some() || !self.take(&format!("({symbol}+")) {
            return Ok(found);
        }
        let gamma = self.number().ok_or_else(|| self.expected("a number"))?;
        let lift = self.take(&format!("{symbol}⁺"));
        if !lift {
            self.need(&format!("{symbol}⁻"))?;
        }
        self.need(")")?;
        Ok(Some(if lift { WeightLens::Lift(gamma) } else { WeightLens::Sink(gamma) }))
    }
}
