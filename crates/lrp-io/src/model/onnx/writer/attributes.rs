//! Attributes of operators.

use crate::model::onnx::proto::Attribute;

use super::whole;

/// How the format counts its types of attributes.
const FLOAT: i32 = 1;
const INTEGER: i32 = 2;
const TEXT: i32 = 3;
const INTEGERS: i32 = 7;

pub(super) fn integer(name: &str, value: usize) -> Attribute {
    Attribute { name: name.to_owned(), i: Some(whole(value)), r#type: INTEGER, ..Attribute::default() }
}

pub(super) fn integers(name: &str, values: &[usize]) -> Attribute {
    let ints = values.iter().map(|&value| whole(value)).collect();
    Attribute { name: name.to_owned(), ints, r#type: INTEGERS, ..Attribute::default() }
}

/// The format has no attributes of double precision.
pub(super) fn real(name: &str, value: f64) -> Attribute {
    #[expect(clippy::cast_possible_truncation, reason = "rounded, as there is nothing wider")]
    let f = Some(value as f32);
    Attribute { name: name.to_owned(), f, r#type: FLOAT, ..Attribute::default() }
}

pub(super) fn text(name: &str, value: &str) -> Attribute {
    let s = Some(value.to_owned().into());
    Attribute { name: name.to_owned(), s, r#type: TEXT, ..Attribute::default() }
}
