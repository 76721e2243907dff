//! Models as Matlab's part of the toolbox saves them: instances of its classes.
//!
//! The variable is only a reference. The objects are in a file within the file: a struct whose field
//! `MCOS` is a cell array of the [`Wrapper`]'s table, an unused cell, the values of all properties, and
//! last the defaults of the classes. A value is handed out once, so no file is larger in memory than it
//! says, and no reference can run in a circle.

use std::collections::HashSet;

use lrp_core::{Flatten, Network, Op};

use super::super::toolbox::{Assembly, stored_rule};
use super::properties::{Properties, layer};
use super::wrapper::{Object, Stored, Wrapper};
use crate::array::Dtype;
use crate::bytes::Bytes;
use crate::error::{Error, Result, quoted};
use crate::limits::Limits;
use crate::mat::{Cells, Instance, Numbers, Stream, Value, byte_order};

/// First number of a reference to objects.
const REFERENCE: f64 = 0xDD00_0000u32 as f64;
/// Cells in front of the values.
const CELLS_BEFORE: usize = 2;
/// Defaults of a class, and elements of one, that may be copied to each of its objects.
const SHARED: usize = 64;

pub(super) fn read(
    class: &str,
    reference: &Value,
    subsystem: &[u8],
    limits: &Limits,
) -> Result<Network<f64>> {
    if class != "modules.Sequential" {
        let message = format!("is an instance of {}, modules.Sequential is read", quoted(class));
        return Err(Error::unsupported(message));
    }
    let mut store = Store::read(subsystem, limits).map_err(|error| error.in_file("subsystem"))?;
    let (_, mut model) = store.object(reference)?;
    let mut network = Assembly::new(limits);
    for (index, reference) in model.cells("modules")?.iter().enumerate() {
        let op = store.object(reference).and_then(|(class, mut properties)| op(&class, &mut properties));
        let place = format!("layer {}", index + 1);
        op.and_then(|op| network.push(op)).map_err(|error| error.in_file(&place))?;
    }
    network.finish()
}

fn op(class: &str, properties: &mut Properties) -> Result<Op<f64>> {
    match properties.take("lrp_var") {
        rule if rule.is_empty() => {}
        Value::Text(rule) => return Err(stored_rule(&quoted(&rule))),
        other => return Err(stored_rule(other.what())),
    }
    match class.strip_prefix("modules.") {
        // Matlab's reshape.
        Some("Flatten") => Ok(Flatten::ColumnMajor.into()),
        Some("Sequential") => Err(Error::unsupported("is a sequence within a sequence")),
        Some(kind) => layer(kind, properties),
        None => Err(Error::unsupported(format!("is an instance of {}, no layer", quoted(class)))),
    }
}

/// The objects of a file and their values.
struct Store {
    wrapper: Wrapper,
    values: Vec<Option<Value>>,
    /// For each class the properties that its objects need not name.
    defaults: Vec<Vec<(String, Value)>>,
    seen: HashSet<u32>,
}

impl Store {
    fn read(subsystem: &[u8], limits: &Limits) -> Result<Self> {
        let mut front = Bytes::new(subsystem, 0);
        let [_, _, first, second, ..]: [u8; 8] = front.array("the header of the objects")?;
        let order = byte_order([first, second]).map_err(|error| error.at_byte(2))?;
        let Value::Record(record) = Value::read_next(&mut Stream::new(front.rest(), 8, order), limits)?
        else {
            return Err(Error::format("holds no struct of objects"));
        };
        let mut cells = file_wrapper(Properties::of(*record)?.take("MCOS"))?;
        let Some(Value::Numbers(table)) = cells.first_mut().map(std::mem::take) else {
            return Err(Error::format("the table of objects is missing"));
        };
        let wrapper = Wrapper::read(bytes(*table)?, order, limits)?;
        let behind = cells.len().checked_sub(wrapper.cells_behind()).filter(|&behind| behind >= CELLS_BEFORE);
        let Some(behind) = behind else {
            return Err(Error::format(format!("{} cells hold no values", cells.len())));
        };
        let defaults = match cells.split_off(behind).pop() {
            Some(Value::Cells(defaults)) => defaults.values.into_iter().map(shared).collect(),
            _ => Vec::new(),
        };
        let values = cells.into_iter().skip(CELLS_BEFORE).map(Some).collect();
        Ok(Self { wrapper, values, defaults, seen: HashSet::new() })
    }

    /// Class and properties of the object that is referred to; no object is given twice.
    fn object(&mut self, reference: &Value) -> Result<(String, Properties)> {
        let (id, class) = referred(reference)?;
        if !self.seen.insert(id) {
            let message = format!("object {id} is used twice; a layer stands for itself only");
            return Err(Error::unsupported(message));
        }
        let object = self.wrapper.object(id)?;
        if object.class != class {
            let message = format!("object {id} is of class {}, its reference says {class}", object.class);
            return Err(Error::format(message));
        }
        let class_name = object.class_name.clone();
        Ok((class_name, self.properties(object)?))
    }

    fn properties(&mut self, object: Object) -> Result<Properties> {
        let mut properties = Vec::new();
        for (name, stored) in object.properties {
            let value = self.value(stored).map_err(|error| error.in_file(&name))?;
            properties.push((name, value));
        }
        properties.extend(self.defaults.get(object.class as usize).into_iter().flatten().cloned());
        Ok(Properties(properties))
    }

    fn value(&mut self, stored: Stored) -> Result<Value> {
        match stored {
            Stored::Name(name) => Ok(Value::Text(name.into())),
            Stored::Flag(flag) => {
                let values = vec![f64::from(u8::from(flag))];
                Ok(Value::Numbers(Box::new(Numbers { dtype: Dtype::Bool, shape: vec![1, 1], values })))
            }
            Stored::Value(index) => {
                let count = self.values.len();
                let value = self.values.get_mut(index).ok_or_else(|| {
                    Error::format(format!("value {index} is not among the {count} of the file"))
                })?;
                value.take().ok_or_else(|| Error::format(format!("value {index} belongs to two properties")))
            }
        }
    }
}

/// The fields of a struct of defaults that are small enough.
fn shared(defaults: Value) -> Vec<(String, Value)> {
    let fields = match defaults {
        Value::Record(record) => Properties::of(*record).map(|fields| fields.0).unwrap_or_default(),
        _ => Vec::new(),
    };
    let is_small = |value: &Value| matches!(value, Value::Numbers(numbers) if numbers.values.len() <= SHARED);
    fields.into_iter().filter(|(_, value)| is_small(value)).take(SHARED).collect()
}

fn file_wrapper(value: Value) -> Result<Vec<Value>> {
    if let Value::Instance(instance) = value {
        let Instance { class, contents } = *instance;
        if let (Value::Cells(cells), "FileWrapper__") = (contents, &*class) {
            let Cells { values, .. } = *cells;
            return Ok(values);
        }
    }
    Err(Error::format("MCOS is no FileWrapper__ of cells"))
}

fn bytes(table: Numbers) -> Result<Vec<u8>> {
    if table.dtype != Dtype::U8 {
        return Err(Error::format(format!("the table of objects is of {}, not of bytes", table.dtype)));
    }
    Ok(table.values.into_iter().map(|byte| byte as u8).collect())
}

/// The ids of the one object that a reference names, and of its class.
fn referred(reference: &Value) -> Result<(u32, u32)> {
    let numbers = match reference {
        Value::Numbers(numbers) => numbers,
        Value::Instance(instance) => match &instance.contents {
            Value::Numbers(numbers) => numbers,
            other => return Err(Error::format(format!("is {}, no reference to an object", other.what()))),
        },
        other => return Err(Error::format(format!("is {}, no reference to an object", other.what()))),
    };
    match numbers.values[..] {
        [mark, axes, rows, columns, id, class] if (mark, axes, rows * columns) == (REFERENCE, 2.0, 1.0) => {
            Ok((id as u32, class as u32))
        }
        _ => Err(Error::format(format!(
            "is no reference to one object: its dimensions are {:?}",
            numbers.shape
        ))),
    }
}
