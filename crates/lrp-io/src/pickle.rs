//! Python's pickles, read as data.
//!
//! A pickle is a program for a stack machine; Python runs it, and with it whatever the file's author wants.
//! Here nothing runs: where the program says *call* or *construct*, the machine notes what would have been
//! called with what, as a [`Made`], and the readers above decide what that means. What may be named at all
//! is the list in `global.rs`.
//!
//! Values live in one list and refer to each other by position, so a pickle that shares, nests or contains
//! itself costs what its bytes cost, and nothing here recurses.

use crate::error::{Error, Result, quoted};

mod machine;
mod opcodes;
mod global;
mod numpy;

pub(crate) use global::Global;
pub(crate) use machine::{load, sniff};
pub(crate) use numpy::Payloads;

/// Everything that a pickle's program left behind.
#[derive(Debug)]
pub(crate) struct Pickle<'a> {
    nodes: Vec<Node<'a>>,
    root: Value<'a>,
}

/// A value; compound ones are positions in the list of nodes.
#[derive(Clone, Copy, Debug)]
enum Value<'a> {
    None,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(&'a str),
    /// Bytes of Python 3, or a text of Python 2.
    Bytes(&'a [u8]),
    Global(Global),
    Node(usize),
}

/// A compound value, and the byte of the instruction that began it.
#[derive(Debug)]
struct Node<'a> {
    at: usize,
    content: Content<'a>,
}

#[derive(Debug)]
enum Content<'a> {
    Tuple(Vec<Value<'a>>),
    List(Vec<Value<'a>>),
    Dict(Vec<(Value<'a>, Value<'a>)>),
    Made(Made<'a>),
}

/// What Python would make by calling `global(*arguments)` and then give `state`.
#[derive(Clone, Copy, Debug)]
struct Made<'a> {
    global: Global,
    arguments: Value<'a>,
    state: Option<Value<'a>>,
}

impl<'a> Pickle<'a> {
    pub(crate) fn root(&self) -> Item<'_, 'a> {
        Item { pickle: self, value: self.root, at: 0 }
    }
}

/// A value in its pickle, with questions that have one answer or an error naming a byte.
#[derive(Clone, Copy)]
pub(crate) struct Item<'p, 'a> {
    pickle: &'p Pickle<'a>,
    value: Value<'a>,
    /// Where it, or the nearest compound value around it, begins.
    at: usize,
}

impl<'p, 'a> Item<'p, 'a> {
    /// The byte that an error about this value should blame.
    pub(crate) fn at(&self) -> usize {
        self.node().map_or(self.at, |node| node.at)
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self.value, Value::None)
    }

    pub(crate) fn integer(&self) -> Result<i64> {
        match self.value {
            Value::Integer(integer) => Ok(integer),
            Value::Bool(value) => Ok(value.into()),
            _ => Err(self.expected("an integer")),
        }
    }

    pub(crate) fn boolean(&self) -> Result<bool> {
        match self.value {
            Value::Bool(value) => Ok(value),
            Value::Integer(integer @ (0 | 1)) => Ok(integer == 1),
            _ => Err(self.expected("True or False")),
        }
    }

    pub(crate) fn bytes(&self) -> Result<&'a [u8]> {
        match self.value {
            Value::Bytes(bytes) => Ok(bytes),
            _ => Err(self.expected("bytes")),
        }
    }

    /// A text of either Python.
    pub(crate) fn text(&self) -> Result<&'a str> {
        match self.value {
            Value::Text(text) => Ok(text),
            Value::Bytes(bytes) => std::str::from_utf8(bytes).map_err(|_| self.expected("a text")),
            _ => Err(self.expected("a text")),
        }
    }

    /// The elements of a list or tuple.
    pub(crate) fn elements(&self) -> Result<impl ExactSizeIterator<Item = Item<'p, 'a>> + use<'p, 'a>> {
        match self.node().map(|node| &node.content) {
            Some(Content::List(elements) | Content::Tuple(elements)) => {
                let (pickle, at) = (self.pickle, self.at());
                Ok(elements.iter().map(move |&value| Item { pickle, value, at }))
            }
            _ => Err(self.expected("a list or tuple")),
        }
    }

    /// The elements of a list or tuple that must have `N` of them.
    pub(crate) fn exactly<const N: usize>(&self) -> Result<[Item<'p, 'a>; N]> {
        let elements = self.elements()?;
        let count = elements.len();
        let wrong = || Error::format(format!("expected {N} elements, found {count}")).at_byte(self.at());
        if count != N {
            return Err(wrong());
        }
        elements.collect::<Vec<_>>().try_into().map_err(|_| wrong())
    }

    /// What would have been called to make this value, if it would have been made by a call.
    pub(crate) fn global(&self) -> Option<Global> {
        self.made().map(|made| made.global)
    }

    /// What it would have been called with.
    pub(crate) fn arguments(&self) -> Result<Item<'p, 'a>> {
        let made = self.made().ok_or_else(|| self.expected("an object"))?;
        Ok(self.within(made.arguments))
    }

    /// What the object was given after that.
    pub(crate) fn state(&self) -> Result<Item<'p, 'a>> {
        let state = self.made().and_then(|made| made.state);
        let state = state.ok_or_else(|| self.expected("an object with its state"))?;
        Ok(self.within(state))
    }

    /// The attribute of an object, if it has it; the last one counts, as in Python.
    pub(crate) fn attribute(&self, name: &str) -> Result<Option<Item<'p, 'a>>> {
        let state = self.state()?;
        let Some(Content::Dict(entries)) = state.node().map(|node| &node.content) else {
            return Err(state.expected("a dictionary of attributes"));
        };
        // Looking up is linear, and a pickle may name one object very often.
        const ATTRIBUTES: usize = 64;
        if entries.len() > ATTRIBUTES {
            let message =
                format!("the object has {} attributes, at most {ATTRIBUTES} are allowed", entries.len());
            return Err(Error::limit(message).at_byte(self.at()));
        }
        let named = |key: &Value<'a>| {
            matches!(key, Value::Text(text) if *text == name)
                || matches!(key, Value::Bytes(bytes) if *bytes == name.as_bytes())
        };
        let found = entries.iter().rev().find(|(key, _)| named(key));
        Ok(found.map(|&(_, value)| state.within(value)))
    }

    /// The attribute that an object must have.
    pub(crate) fn required(&self, name: &str) -> Result<Item<'p, 'a>> {
        let missing = || Error::format(format!("the attribute {name} is missing")).at_byte(self.at());
        self.attribute(name)?.ok_or_else(missing)
    }

    /// The error for a value that is not what it should be.
    pub(crate) fn expected(&self, what: &str) -> Error {
        Error::format(format!("expected {what}, found {}", self.described())).at_byte(self.at())
    }

    pub(crate) fn described(&self) -> String {
        match self.value {
            Value::None => "None".to_owned(),
            Value::Bool(value) => if value { "True" } else { "False" }.to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Float(value) => value.to_string(),
            Value::Text(text) => quoted(text),
            Value::Bytes(bytes) => quoted(&String::from_utf8_lossy(bytes.get(..64).unwrap_or(bytes))),
            Value::Global(global) => global.to_string(),
            Value::Node(_) => match self.node().map(|node| &node.content) {
                Some(Content::Tuple(elements)) => format!("a tuple of {}", elements.len()),
                Some(Content::List(elements)) => format!("a list of {}", elements.len()),
                Some(Content::Dict(_)) => "a dictionary".to_owned(),
                Some(Content::Made(made)) => format!("what {} makes", made.global),
                None => "nothing".to_owned(),
            },
        }
    }

    fn within(&self, value: Value<'a>) -> Item<'p, 'a> {
        Item { pickle: self.pickle, value, at: self.at() }
    }

    fn made(&self) -> Option<&'p Made<'a>> {
        match &self.node()?.content {
            Content::Made(made) => Some(made),
            _ => None,
        }
    }

    fn node(&self) -> Option<&'p Node<'a>> {
        match self.value {
            Value::Node(index) => self.pickle.nodes.get(index),
            _ => None,
        }
    }
}
