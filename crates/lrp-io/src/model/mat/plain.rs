//! Models as one struct of plain values, which scipy, Octave and Matlab open without any code of ours.
//!
//! The layout is described in `docs/formats.md`.

use lrp_core::{Flatten, Network};

use super::super::toolbox::{Assembly, Layer, sequence};
use super::properties::{COLUMN_MAJOR, Properties, ROW_MAJOR, layer};
use crate::array::Dtype;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::mat::{Cells, Numbers, Record, Value};

const FORMAT: &str = "lrp-model";
const VERSION: usize = 1;

pub(super) fn read(record: Record, limits: &Limits) -> Result<Network<f64>> {
    let mut model = Properties::of(record)?;
    if model.take("format") != Value::Text(FORMAT.into()) {
        return Err(Error::unsupported(format!("is a struct, but its field 'format' is not '{FORMAT}'")));
    }
    let [version] = model.sizes("version")?;
    if version != VERSION {
        let message = format!("is of version {version} of {FORMAT}, version {VERSION} is read");
        return Err(Error::unsupported(message));
    }
    let mut network = Assembly::new(limits);
    for (index, value) in model.cells("layers")?.into_iter().enumerate() {
        let op = match value {
            Value::Record(record) => Properties::of(*record).and_then(|mut properties| {
                let kind = properties.text("type")?;
                layer(&kind, &mut properties)
            }),
            other => Err(Error::format(format!("is {}, a struct is needed", other.what()))),
        };
        let place = format!("layer {}", index + 1);
        op.and_then(|op| network.push(op)).map_err(|error| error.in_file(&place))?;
    }
    network.finish()
}

pub(super) fn write(network: &Network<f64>) -> Result<Value> {
    let layers: Vec<Value> = sequence(network)?.iter().map(|(_, layer)| described(layer)).collect();
    Ok(record(vec![
        ("format", text(FORMAT)),
        ("version", row(&[VERSION])),
        ("layers", Value::Cells(Box::new(Cells { shape: vec![1, layers.len()], values: layers }))),
    ]))
}

fn described(layer: &Layer<'_>) -> Value {
    match layer {
        Layer::Linear { weights, bias } => record(vec![
            ("type", text("Linear")),
            ("m", row(&[weights.nrows()])),
            ("n", row(&[weights.ncols()])),
            ("W", numbers(weights.shape(), weights.t().iter())),
            ("B", numbers(&[1, bias.len()], bias.iter())),
        ]),
        Layer::Convolution { filters, bias, stride } => record(vec![
            ("type", text("Convolution")),
            ("filtersize", row(filters.shape())),
            ("stride", row(stride)),
            ("W", numbers(filters.shape(), filters.t().iter())),
            ("B", numbers(&[1, bias.len()], bias.iter())),
        ]),
        Layer::SumPool { size, stride } => pool("SumPool", size, stride),
        Layer::MaxPool { size, stride } => pool("MaxPool", size, stride),
        Layer::Rect => record(vec![("type", text("Rect"))]),
        Layer::Tanh => record(vec![("type", text("Tanh"))]),
        Layer::SoftMax => record(vec![("type", text("SoftMax"))]),
        Layer::Flatten(order) => {
            let order = match order {
                Flatten::ColumnMajor => COLUMN_MAJOR,
                Flatten::RowMajor => ROW_MAJOR,
            };
            record(vec![("type", text("Flatten")), ("order", text(order))])
        }
    }
}

fn pool(kind: &str, size: &[usize], stride: &[usize]) -> Value {
    record(vec![("type", text(kind)), ("pool", row(size)), ("stride", row(stride))])
}

fn record(fields: Vec<(&str, Value)>) -> Value {
    let (fields, values) = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).unzip();
    Value::Record(Box::new(Record { shape: vec![1, 1], fields, values }))
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn row(sizes: &[usize]) -> Value {
    let values = sizes.iter().map(|&size| size as f64).collect();
    Value::Numbers(Box::new(Numbers { dtype: Dtype::F64, shape: vec![1, sizes.len()], values }))
}

/// An array from its values in MATLAB's order.
fn numbers<'a>(shape: &[usize], values: impl Iterator<Item = &'a f64>) -> Value {
    let values = values.copied().collect();
    Value::Numbers(Box::new(Numbers { dtype: Dtype::F64, shape: shape.to_vec(), values }))
}
