//! The toolbox's text format: a line a layer, its numbers in the lines below.
//!
//! `Linear m n` is followed by all `m·n` weights in one line and `n` biases in the next. Models of toolbox
//! 1.1 and before put each of the `m` rows of weights in a line of its own; the number of numbers in the
//! first line tells the layouts apart.

use lrp_core::{Flatten, Network, Op, Rect, SoftMax, Tanh};
use ndarray::{Array1, Array2, ArrayD};

use super::toolbox::{self, Assembly};
use crate::error::{Error, ErrorKind, Result, quoted};
use crate::limits::Limits;

/// Layers as they are written, with their number of parameters.
const LAYERS: [(&str, usize); 8] = [
    ("Linear", 2),
    ("Convolution", 6),
    ("SumPool", 4),
    ("MaxPool", 4),
    ("Flatten", 0),
    ("Rect", 0),
    ("Tanh", 0),
    ("SoftMax", 0),
];

/// What the numbers of a layer are called, one and many.
const WEIGHTS: [&str; 2] = ["weight", "weights"];
const BIASES: [&str; 2] = ["bias", "biases"];

pub(super) fn sniff(bytes: &[u8]) -> bool {
    let head = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let word = head.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    LAYERS.iter().any(|(name, _)| name.as_bytes() == word)
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Network<f64>> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Error::format("is not text: a model starts with a layer such as 'Linear 784 10'")
            .at_byte(error.valid_up_to())
    })?;
    let mut lines = Lines { lines: text.lines(), number: 0, limits };
    let mut model = Assembly::new(limits);
    while let Some(header) = lines.next_header()? {
        let line = lines.number;
        lines.layer(header).and_then(|op| model.push(op)).map_err(|error| error.at_line(line))?;
    }
    model.finish()
}

/// The lines of a model, and the number of the one read last.
struct Lines<'a> {
    lines: std::str::Lines<'a>,
    number: usize,
    limits: &'a Limits,
}

impl<'a> Lines<'a> {
    /// The next layer's line; `None` where the model ends.
    fn next_header(&mut self) -> Result<Option<&'a str>> {
        match self.next() {
            Some(header) if !header.trim().is_empty() => Ok(Some(header)),
            _ => match self.find_next() {
                None => Ok(None),
                Some(line) => {
                    let message = format!("a blank line ends a model, but {} follows", quoted(line));
                    Err(Error::format(message).at_line(self.number))
                }
            },
        }
    }

    fn layer(&mut self, header: &'a str) -> Result<Op<f64>> {
        let mut words = header.split_whitespace();
        let name = words.next().unwrap_or_default();
        let known = LAYERS.iter().find(|(known, _)| *known == name);
        let (_, expected) = known.ok_or_else(|| {
            let names: Vec<&str> = LAYERS.iter().map(|(name, _)| *name).collect();
            Error::format(format!("unknown layer {}; one of {}", quoted(name), names.join(", ")))
        })?;
        let sizes: Vec<usize> = words.map(size).collect::<Result<_>>()?;
        if sizes.len() != *expected {
            return Err(Error::format(format!("{name} takes {expected} numbers, found {}", sizes.len())));
        }
        Ok(match (name, &sizes[..]) {
            ("Linear", &[m, n]) => {
                let weights = self.weights(header, &[m, n])?;
                toolbox::linear(weights, self.bias(header, n)?)?
            }
            ("Convolution", &[h, w, d, n, down, right]) => {
                let filters = self.filters(header, &[h, w, d, n])?;
                toolbox::convolution(filters, self.bias(header, n)?, [down, right])?
            }
            ("SumPool", &[h, w, down, right]) => toolbox::sum_pool([h, w], [down, right])?,
            ("MaxPool", &[h, w, down, right]) => toolbox::max_pool([h, w], [down, right])?,
            ("Flatten", _) => Flatten::RowMajor.into(),
            ("Rect", _) => Rect.into(),
            ("Tanh", _) => Tanh.into(),
            _ => SoftMax::default().into(),
        })
    }

    /// Weights `[m, n]`, in one line or in a line a row.
    fn weights(&mut self, header: &str, shape: &[usize; 2]) -> Result<Array2<f64>> {
        let [m, n] = *shape;
        let all = self.declared(shape)?;
        let mut numbers = self.numbers(header, WEIGHTS, [n, all], " (all of them)")?;
        if numbers.len() == n {
            for _ in 1..m {
                numbers.extend(self.numbers(header, WEIGHTS, [n, n], " (one row)")?);
            }
        }
        Array2::from_shape_vec((m, n), numbers).map_err(|error| Error::format(error.to_string()))
    }

    /// Filters `[h, w, d, n]`, in one line.
    fn filters(&mut self, header: &str, shape: &[usize; 4]) -> Result<ArrayD<f64>> {
        let all = self.declared(shape)?;
        let numbers = self.numbers(header, WEIGHTS, [all, all], " (all of them)")?;
        ArrayD::from_shape_vec(&shape[..], numbers).map_err(|error| Error::format(error.to_string()))
    }

    fn bias(&mut self, header: &str, n: usize) -> Result<Array1<f64>> {
        self.numbers(header, BIASES, [n, n], "").map(Array1::from_vec)
    }

    /// The number of elements a header declares; the line below must have them before anything is allocated.
    fn declared(&self, shape: &[usize]) -> Result<usize> {
        if shape.contains(&0) {
            return Err(Error::format("a layer's sizes must be at least 1"));
        }
        self.limits.elements(shape)
    }

    /// The numbers of the next line, which must be as many as one of two counts; errors name the second.
    ///
    /// They are counted before any is kept: a line may be long and wrong.
    fn numbers(
        &mut self,
        header: &str,
        [one, many]: [&str; 2],
        counts: [usize; 2],
        which: &str,
    ) -> Result<Vec<f64>> {
        let header = header.trim();
        let Some(line) = self.next() else {
            return Err(
                Error::format(format!("the file ends before the numbers of {header}")).at_line(self.number)
            );
        };
        let found = line.split_whitespace().count();
        if !counts.contains(&found) {
            let (what, [_, expected]) = (if found == 1 { one } else { many }, counts);
            let message = format!("{header} has {found} {what} in this line, expected {expected}{which}");
            return Err(Error::format(message).at_line(self.number));
        }
        let number = |(index, word): (usize, &str)| {
            let message = |what: &str| format!("number {} is {}, {what}", index + 1, quoted(word));
            let value: f64 =
                word.parse().map_err(|_| Error::format(message("not a number")).at_line(self.number))?;
            if value.is_finite() || self.limits.allow_not_finite {
                return Ok(value);
            }
            Err(Error::new(ErrorKind::NotFinite, message("weights must be finite")).at_line(self.number))
        };
        line.split_whitespace().enumerate().map(number).collect()
    }

    fn find_next(&mut self) -> Option<&'a str> {
        loop {
            let line = self.next()?;
            if !line.trim().is_empty() {
                return Some(line);
            }
        }
    }

    fn next(&mut self) -> Option<&'a str> {
        self.number += 1;
        self.lines.next()
    }
}

fn size(word: &str) -> Result<usize> {
    word.parse()
        .map_err(|_| Error::format(format!("{} is not a size: a whole number is expected", quoted(word))))
}
