//! Layers from their properties, which have the toolbox's names in both kinds of models.

use lrp_core::{Flatten, Op, Rect, SoftMax, Tanh};
use ndarray::{Array1, ArrayD, Ix2, ShapeBuilder};

use super::super::toolbox;
use crate::array::array_from_memory_order;
use crate::error::{Error, Result, quoted};
use crate::mat::{Numbers, Record, Value};

pub(super) const COLUMN_MAJOR: &str = "column-major";
pub(super) const ROW_MAJOR: &str = "row-major";

/// Named values, each of which is taken once; one that is missing counts as empty.
pub(super) struct Properties(pub(super) Vec<(String, Value)>);

impl Properties {
    /// The fields of a single struct.
    pub(super) fn of(record: Record) -> Result<Self> {
        if record.shape.iter().any(|&axis| axis != 1) {
            let shape = record.shape;
            return Err(Error::format(format!("is a struct array {shape:?}, one struct is needed")));
        }
        Ok(Self(record.fields.into_iter().zip(record.values).collect()))
    }

    pub(super) fn take(&mut self, name: &str) -> Value {
        let named = self.0.iter_mut().find(|(known, _)| known == name);
        named.map(|(_, value)| std::mem::take(value)).unwrap_or_default()
    }

    pub(super) fn text(&mut self, name: &str) -> Result<Box<str>> {
        match self.take(name) {
            Value::Text(text) => Ok(text),
            other => Err(unexpected(&other, "a text").in_file(name)),
        }
    }

    pub(super) fn cells(&mut self, name: &str) -> Result<Vec<Value>> {
        match self.take(name) {
            Value::Cells(cells) => Ok(cells.values),
            other => Err(unexpected(&other, "a cell array").in_file(name)),
        }
    }

    /// Whole numbers, exactly as many as are asked for.
    pub(super) fn sizes<const N: usize>(&mut self, name: &str) -> Result<[usize; N]> {
        self.numbers(name).and_then(|numbers| sizes(&numbers)).map_err(|error| error.in_file(name))
    }

    fn optional_sizes<const N: usize>(&mut self, name: &str) -> Result<Option<[usize; N]>> {
        match self.take(name) {
            value if value.is_empty() => Ok(None),
            Value::Numbers(numbers) => sizes(&numbers).map(Some),
            other => Err(unexpected(&other, "an array of numbers")),
        }
        .map_err(|error| error.in_file(name))
    }

    /// An array of so many axes, of which MATLAB leaves out those of length one at the end.
    fn array(&mut self, name: &str, axes: usize) -> Result<ArrayD<f64>> {
        self.numbers(name).and_then(|numbers| array(numbers, axes)).map_err(|error| error.in_file(name))
    }

    fn numbers(&mut self, name: &str) -> Result<Numbers> {
        match self.take(name) {
            Value::Numbers(numbers) if !numbers.values.is_empty() => Ok(*numbers),
            value if value.is_empty() => Err(Error::format("is missing or empty, numbers are needed")),
            other => Err(unexpected(&other, "an array of numbers")),
        }
    }
}

fn unexpected(value: &Value, needed: &str) -> Error {
    match value {
        Value::Empty => Error::format(format!("is missing or empty, {needed} is needed")),
        other => Error::format(format!("is {}, {needed} is needed", other.what())),
    }
}

fn sizes<const N: usize>(numbers: &Numbers) -> Result<[usize; N]> {
    let size = |&value: &f64| {
        let whole = value.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&value);
        whole.then_some(value as usize).ok_or_else(|| Error::format(format!("{value} is no size")))
    };
    let sizes: Vec<usize> = numbers.values.iter().take(N + 1).map(size).collect::<Result<_>>()?;
    sizes
        .try_into()
        .map_err(|_| Error::format(format!("has the dimensions {:?}, {N} numbers are needed", numbers.shape)))
}

fn array(numbers: Numbers, axes: usize) -> Result<ArrayD<f64>> {
    let Numbers { mut shape, values, .. } = numbers;
    if shape.len() > axes {
        return Err(Error::format(format!("has the dimensions {shape:?}, at most {axes} are needed")));
    }
    shape.resize(axes, 1);
    array_from_memory_order(shape.f(), values)
}

/// The layer of that name in the toolbox.
pub(super) fn layer(kind: &str, properties: &mut Properties) -> Result<Op<f64>> {
    match kind {
        "Linear" => linear(properties),
        "Convolution" => convolution(properties),
        "SumPool" => toolbox::sum_pool(properties.sizes("pool")?, properties.sizes("stride")?),
        "MaxPool" => toolbox::max_pool(properties.sizes("pool")?, properties.sizes("stride")?),
        "Flatten" => match &*properties.text("order")? {
            COLUMN_MAJOR => Ok(Flatten::ColumnMajor.into()),
            ROW_MAJOR => Ok(Flatten::RowMajor.into()),
            other => {
                let message = format!("is {}, '{COLUMN_MAJOR}' and '{ROW_MAJOR}' are known", quoted(other));
                Err(Error::format(message).in_file("order"))
            }
        },
        "Rect" => Ok(Rect.into()),
        "Tanh" => Ok(Tanh.into()),
        "SoftMax" => Ok(SoftMax::default().into()),
        other => {
            let known = "Linear, Convolution, SumPool, MaxPool, Flatten, Rect, Tanh, SoftMax";
            Err(Error::unsupported(format!("unknown layer {}; one of {known}", quoted(other))))
        }
    }
}

fn linear(properties: &mut Properties) -> Result<Op<f64>> {
    let weights = properties.array("W", 2)?.into_dimensionality::<Ix2>().map_err(shape_fault)?;
    for (name, size) in ["m", "n"].into_iter().zip(weights.shape()) {
        same(name, properties.optional_sizes::<1>(name)?, [*size], weights.shape())?;
    }
    toolbox::linear(weights, bias(properties)?)
}

fn convolution(properties: &mut Properties) -> Result<Op<f64>> {
    let filters = properties.array("W", 4)?;
    let declared = properties.optional_sizes::<4>("filtersize")?;
    if let &[h, w, d, n] = filters.shape() {
        same("filtersize", declared, [h, w, d, n], filters.shape())?;
    }
    let stride = properties.sizes("stride")?;
    toolbox::convolution(filters, bias(properties)?, stride)
}

/// A row or a column.
fn bias(properties: &mut Properties) -> Result<Array1<f64>> {
    let bias = properties.numbers("B").and_then(|numbers| {
        if numbers.shape.iter().filter(|&&axis| axis != 1).count() > 1 {
            return Err(Error::format(format!("has the dimensions {:?}, a row is needed", numbers.shape)));
        }
        Ok(numbers.values.into())
    });
    bias.map_err(|error| error.in_file("B"))
}

fn same<const N: usize>(
    name: &str,
    declared: Option<[usize; N]>,
    found: [usize; N],
    shape: &[usize],
) -> Result<()> {
    match declared {
        Some(declared) if declared != found => {
            Err(Error::format(format!("is {declared:?}, but W is {shape:?}")).in_file(name))
        }
        _ => Ok(()),
    }
}

fn shape_fault(error: ndarray::ShapeError) -> Error {
    Error::format(error.to_string())
}
