//! Parameters of a node by their names.

use crate::error::{Error, Result, quoted};

use super::proto::{Attribute, Node, Tensor};

/// The attributes of a node.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(&'a [Attribute]);

/// The codes of types that an attribute may say it has.
const TYPES: [(i32, &str); 6] =
    [(1, "a number"), (2, "an integer"), (3, "a text"), (4, "a tensor"), (6, "numbers"), (7, "integers")];

impl<'a> Attributes<'a> {
    pub(super) fn of(node: &'a Node) -> Self {
        Self(&node.attribute)
    }

    /// The attribute of a name, of which it must be the only one, and of this type if it says which it has.
    fn get(self, name: &str, kind: i32) -> Result<Option<&'a Attribute>> {
        let mut found = self.0.iter().filter(|attribute| attribute.name == name);
        let Some(attribute) = found.next() else { return Ok(None) };
        if found.next().is_some() {
            return Err(Error::format(format!("has the attribute {} twice", quoted(name))));
        }
        let expected = TYPES.iter().find(|(code, _)| *code == kind).map_or("another", |(_, words)| words);
        // Old exporters left the type out.
        if attribute.r#type != kind && attribute.r#type != 0 {
            let message = format!(
                "has an attribute {} of type {}, expected {expected}",
                quoted(name),
                attribute.r#type
            );
            return Err(Error::format(message));
        }
        Ok(Some(attribute))
    }

    /// Any graph within the node, and any reference to an attribute of a function around it, is refused.
    pub(super) fn check(self) -> Result<()> {
        for attribute in self.0 {
            let name = quoted(&attribute.name);
            if attribute.g.is_some() || !attribute.graphs.is_empty() {
                return Err(Error::unsupported(format!(
                    "has a graph of its own in {name}, which is not read"
                )));
            }
            if !attribute.ref_attr_name.is_empty() {
                return Err(Error::unsupported(format!(
                    "takes {name} from a function around it, which is not read"
                )));
            }
        }
        Ok(())
    }

    pub(super) fn integer(self, name: &str) -> Result<Option<i64>> {
        Ok(self.get(name, 2)?.map(|attribute| attribute.i.unwrap_or(0)))
    }

    pub(super) fn integer_or(self, name: &str, otherwise: i64) -> Result<i64> {
        Ok(self.integer(name)?.unwrap_or(otherwise))
    }

    /// Whether an integer that says yes or no says yes.
    pub(super) fn flag(self, name: &str, otherwise: bool) -> Result<bool> {
        Ok(self.integer(name)?.map_or(otherwise, |value| value != 0))
    }

    pub(super) fn integers(self, name: &str) -> Result<Option<&'a [i64]>> {
        Ok(self.get(name, 7)?.map(|attribute| attribute.ints.as_slice()))
    }

    /// A list of sizes or steps.
    pub(super) fn sizes(self, name: &str) -> Result<Option<Vec<usize>>> {
        let Some(values) = self.integers(name)? else { return Ok(None) };
        let size = |&value: &i64| {
            let wrong =
                || Error::format(format!("has {} {values:?}, expected no negative number", quoted(name)));
            usize::try_from(value).map_err(|_| wrong())
        };
        values.iter().map(size).collect::<Result<_>>().map(Some)
    }

    pub(super) fn real(self, name: &str) -> Result<Option<f64>> {
        Ok(self.get(name, 1)?.map(|attribute| decimal(attribute.f.unwrap_or(0.0))))
    }

    pub(super) fn real_or(self, name: &str, otherwise: f64) -> Result<f64> {
        Ok(self.real(name)?.unwrap_or(otherwise))
    }

    pub(super) fn reals(self, name: &str) -> Result<Option<Vec<f64>>> {
        Ok(self.get(name, 6)?.map(|attribute| attribute.floats.iter().copied().map(decimal).collect()))
    }

    pub(super) fn text_or(self, name: &str, otherwise: &'a str) -> Result<&'a str> {
        let Some(attribute) = self.get(name, 3)? else { return Ok(otherwise) };
        std::str::from_utf8(attribute.s.as_deref().unwrap_or_default())
            .map_err(|_| Error::format(format!("has an attribute {} that is no text", quoted(name))))
    }

    pub(super) fn tensor(self, name: &str) -> Result<Option<&'a Tensor>> {
        Ok(self.get(name, 4)?.and_then(|attribute| attribute.t.as_ref()))
    }
}

/// The f64 of the decimal that an attribute was written as: its author said 0.1, and f32 keeps only the nearest
/// number to that.
fn decimal(value: f32) -> f64 {
    value.to_string().parse().unwrap_or(f64::from(value))
}
