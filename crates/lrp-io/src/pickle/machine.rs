//! The stack machine that pickles are programs for.

use std::collections::HashMap;

use super::opcodes::{STOP, Step};
use super::{Content, Global, Made, Node, Pickle, Value};
use crate::bytes::Bytes;
use crate::error::{Error, Result};

/// Instructions in one file: enough for ten thousand layers.
///
/// An instruction of one byte makes a value of some fifty; this keeps a made-up file from taking much more
/// memory than a real one.
const INSTRUCTIONS: usize = 1 << 19;

/// Python's protocols that are read.
const PROTOCOLS: std::ops::RangeInclusive<u8> = 2..=5;

/// Whether the bytes begin as pickles of protocol 2 and later do.
pub(crate) fn sniff(bytes: &[u8]) -> bool {
    matches!(bytes, [0x80, 2..16, ..])
}

/// Runs the program, which must be all of `bytes`; nothing outside of the [`Pickle`] happens.
pub(crate) fn load(bytes: &[u8]) -> Result<Pickle<'_>> {
    let mut machine = Machine::new(bytes);
    machine.protocol()?;
    for _ in 0..INSTRUCTIONS {
        let at = machine.bytes.offset();
        let [code] = machine.bytes.array("an instruction; the pickle has not come to its STOP and")?;
        machine.at = at;
        if code == STOP {
            return machine.stop().map_err(|error| error.at_byte(at));
        }
        machine.instruction(code).map_err(|error| error.at_byte(at))?;
    }
    Err(Error::limit(format!("the pickle has more than {INSTRUCTIONS} instructions, no more are allowed")))
}

/// The state between two instructions.
pub(super) struct Machine<'a> {
    bytes: Bytes<'a>,
    /// Where the instruction that is being carried out stands.
    at: usize,
    stack: Vec<Value<'a>>,
    /// Heights of the stack to come back to.
    marks: Vec<usize>,
    memo: HashMap<u64, Value<'a>>,
    nodes: Vec<Node<'a>>,
}

impl<'a> Machine<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: Bytes::new(bytes, 0),
            at: 0,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            nodes: Vec::new(),
        }
    }

    fn protocol(&mut self) -> Result<()> {
        let [start, protocol] = self.bytes.array("the head of a pickle")?;
        if start == 0x80 && PROTOCOLS.contains(&protocol) {
            return Ok(());
        }
        let message = match start {
            0x80 => format!("is a pickle of protocol {protocol}, read are protocols 2 to 5"),
            _ => "does not begin as pickles of protocol 2 and later do".to_owned(),
        };
        Err(Error::unsupported(message).at_byte(0))
    }

    fn instruction(&mut self, code: u8) -> Result<()> {
        let Some((_, name, step)) = Self::OPCODES.iter().find(|row| row.0 == code) else {
            return Err(Error::format(format!("there is no instruction {code:#04x} in pickles")));
        };
        self.step(*step, name)
    }

    fn step(&mut self, step: Step<'a>, name: &str) -> Result<()> {
        match step {
            Step::Constant(value) => self.push(value),
            Step::Unsigned(width) => {
                let number = self.number(width)?;
                self.push(Value::Integer(number.try_into().map_err(|_| too_wide())?))
            }
            Step::Long(width) => {
                let value = long(self.counted(width, name)?)?;
                self.push(Value::Integer(value))
            }
            Step::Bytes(width) => {
                let value = self.counted(width, name)?;
                self.push(Value::Bytes(value))
            }
            Step::Text(width) => {
                let text = std::str::from_utf8(self.counted(width, name)?)
                    .map_err(|_| Error::format("the text is not in UTF-8"))?;
                self.push(Value::Text(text))
            }
            Step::Tuple(count) => {
                let elements = self.pop_many(count)?;
                self.make(Content::Tuple(elements))
            }
            Step::Remember(width) => {
                let index = self.number(width)?;
                self.remember(index)
            }
            Step::Recall(width) => {
                let index = self.number(width)?;
                let missing = || Error::format(format!("the memo has no entry {index}"));
                let value = self.memo.get(&index).copied().ok_or_else(missing)?;
                self.push(value)
            }
            Step::Refuse(why) => Err(Error::unsupported(format!("the instruction {name} {why}"))),
            Step::Run(run) => run(self),
        }
    }

    /// The result, which must be all there is.
    fn stop(mut self) -> Result<Pickle<'a>> {
        let root = self.pop()?;
        let (values, bytes) = (self.stack.len() + self.marks.len(), self.bytes.rest().len());
        if values > 0 {
            return Err(Error::format(format!("{values} values are left over at the STOP of the pickle")));
        }
        if bytes > 0 {
            return Err(Error::format(format!("{bytes} bytes follow the STOP of the pickle")));
        }
        Ok(Pickle { nodes: self.nodes, root })
    }

    /// Announces the bytes up to the next frame; Python reads ahead so far.
    pub(super) fn frame(&mut self) -> Result<()> {
        let length = self.number(8)?;
        let left = self.bytes.rest().len();
        if length > left as u64 {
            return Err(Error::format(format!("FRAME takes {length} bytes, {left} are left")));
        }
        Ok(())
    }

    pub(super) fn signed(&mut self) -> Result<()> {
        let number = i32::from_le_bytes(self.bytes.array("BININT")?);
        self.push(Value::Integer(number.into()))
    }

    pub(super) fn float(&mut self) -> Result<()> {
        let number = f64::from_be_bytes(self.bytes.array("BINFLOAT")?);
        self.push(Value::Float(number))
    }

    pub(super) fn mark(&mut self) -> Result<()> {
        self.marks.push(self.stack.len());
        Ok(())
    }

    pub(super) fn pop_one(&mut self) -> Result<()> {
        // Python's own machine lets POP take a mark, too.
        if self.marks.last() == Some(&self.stack.len()) {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(drop)
    }

    pub(super) fn pop_mark(&mut self) -> Result<()> {
        self.pop_marked().map(drop)
    }

    pub(super) fn duplicate(&mut self) -> Result<()> {
        let value = self.top()?;
        self.push(value)
    }

    pub(super) fn tuple(&mut self) -> Result<()> {
        let elements = self.pop_marked()?;
        self.make(Content::Tuple(elements))
    }

    pub(super) fn empty_list(&mut self) -> Result<()> {
        self.make(Content::List(Vec::new()))
    }

    pub(super) fn list(&mut self) -> Result<()> {
        let elements = self.pop_marked()?;
        self.make(Content::List(elements))
    }

    pub(super) fn append(&mut self) -> Result<()> {
        let element = self.pop()?;
        self.extend(vec![element])
    }

    pub(super) fn appends(&mut self) -> Result<()> {
        let elements = self.pop_marked()?;
        self.extend(elements)
    }

    pub(super) fn empty_dict(&mut self) -> Result<()> {
        self.make(Content::Dict(Vec::new()))
    }

    pub(super) fn dict(&mut self) -> Result<()> {
        let entries = pairs(&self.pop_marked()?)?;
        self.make(Content::Dict(entries))
    }

    pub(super) fn set_item(&mut self) -> Result<()> {
        let entry = self.pop_many(2)?;
        self.insert(&entry)
    }

    pub(super) fn set_items(&mut self) -> Result<()> {
        let entries = self.pop_marked()?;
        self.insert(&entries)
    }

    pub(super) fn memoize(&mut self) -> Result<()> {
        self.remember(self.memo.len() as u64)
    }

    /// Module and name as two lines.
    pub(super) fn global(&mut self) -> Result<()> {
        let global = self.named()?;
        self.push(Value::Global(global))
    }

    /// Module and name from the stack.
    pub(super) fn stack_global(&mut self) -> Result<()> {
        let names = self.pop_many(2)?;
        let [Value::Text(module), Value::Text(name)] = names[..] else {
            return Err(Error::format("STACK_GLOBAL needs two texts"));
        };
        self.push(Value::Global(Global::find(module, name)?))
    }

    /// An object of Python 2: its class in two lines, its arguments up to the mark.
    pub(super) fn inst(&mut self) -> Result<()> {
        let global = Value::Global(self.named()?);
        let arguments = self.pop_marked()?;
        self.construct(global, arguments)
    }

    /// An object of Python 2: class and arguments up to the mark.
    pub(super) fn obj(&mut self) -> Result<()> {
        let mut values = self.pop_marked()?.into_iter();
        let global = values.next().ok_or_else(empty)?;
        self.construct(global, values.collect())
    }

    /// Notes a call, or an object of a class: `callable`, then a tuple of arguments.
    pub(super) fn call(&mut self) -> Result<()> {
        let (arguments, global) = (self.pop()?, self.pop()?);
        self.note(global, arguments)
    }

    /// Gives an object its state.
    pub(super) fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        match self.content()? {
            Content::Made(Made { state: Some(_), .. }) => {
                Err(Error::format("the object has its state already"))
            }
            Content::Made(made) => {
                made.state = Some(state);
                Ok(())
            }
            _ => Err(Error::format("BUILD needs an object")),
        }
    }

    fn construct(&mut self, global: Value<'a>, arguments: Vec<Value<'a>>) -> Result<()> {
        self.make(Content::Tuple(arguments))?;
        let arguments = self.pop()?;
        self.note(global, arguments)
    }

    fn note(&mut self, global: Value<'a>, arguments: Value<'a>) -> Result<()> {
        let Value::Global(global) = global else {
            return Err(Error::format("only what the pickle names can be called, and this is a value"));
        };
        self.make(Content::Made(Made { global, arguments, state: None }))
    }

    fn named(&mut self) -> Result<Global> {
        let (module, name) = (self.line()?, self.line()?);
        Global::find(module, name)
    }

    fn line(&mut self) -> Result<&'a str> {
        let length = self.bytes.rest().iter().position(|&byte| byte == b'\n');
        let length = length.ok_or_else(|| Error::format("a name does not end"))?;
        let line = self.bytes.take(length, "a name")?;
        self.bytes.take(1, "the end of a name")?;
        std::str::from_utf8(line).map_err(|_| Error::format("a name is not in UTF-8"))
    }

    fn remember(&mut self, index: u64) -> Result<()> {
        let value = self.top()?;
        self.memo.insert(index, value);
        Ok(())
    }

    fn extend(&mut self, elements: Vec<Value<'a>>) -> Result<()> {
        match self.content()? {
            Content::List(list) => list.extend(elements),
            _ => return Err(Error::format("elements are appended to something that is not a list")),
        }
        Ok(())
    }

    fn insert(&mut self, entries: &[Value<'a>]) -> Result<()> {
        let entries = pairs(entries)?;
        match self.content()? {
            Content::Dict(dict) => dict.extend(entries),
            _ => return Err(Error::format("entries are set in something that is not a dictionary")),
        }
        Ok(())
    }

    fn make(&mut self, content: Content<'a>) -> Result<()> {
        self.nodes.push(Node { at: self.at, content });
        self.push(Value::Node(self.nodes.len() - 1))
    }

    /// The compound value on top of the stack.
    fn content(&mut self) -> Result<&mut Content<'a>> {
        let Value::Node(index) = self.top()? else {
            return Err(Error::format("a simple value holds nothing"));
        };
        self.nodes.get_mut(index).map(|node| &mut node.content).ok_or_else(empty)
    }

    fn push(&mut self, value: Value<'a>) -> Result<()> {
        self.stack.push(value);
        Ok(())
    }

    /// The values above the newest mark; those below are out of reach.
    fn reachable(&self) -> usize {
        self.stack.len() - self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Value<'a>> {
        self.stack.last().copied().filter(|_| self.reachable() > 0).ok_or_else(empty)
    }

    fn pop(&mut self) -> Result<Value<'a>> {
        let value = self.top()?;
        self.stack.pop();
        Ok(value)
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value<'a>>> {
        if count > self.reachable() {
            return Err(empty());
        }
        Ok(self.stack.split_off(self.stack.len() - count))
    }

    fn pop_marked(&mut self) -> Result<Vec<Value<'a>>> {
        let mark = self.marks.pop().ok_or_else(|| Error::format("there is no MARK to go back to"))?;
        Ok(self.stack.split_off(mark))
    }

    /// The bytes behind a length of `width` bytes.
    fn counted(&mut self, width: usize, name: &str) -> Result<&'a [u8]> {
        let length = self.number(width)?;
        self.bytes.take(usize::try_from(length).unwrap_or(usize::MAX), name)
    }

    /// An unsigned number of up to eight bytes.
    fn number(&mut self, width: usize) -> Result<u64> {
        let bytes = self.bytes.take(width, "a number")?;
        Ok(bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }
}

/// Python's integers in two's complement, as long as they fit.
fn long(bytes: &[u8]) -> Result<i64> {
    let fill = if bytes.last().is_some_and(|&last| last >= 0x80) { 0xff } else { 0 };
    let mut wide = [fill; 8];
    let (low, high) = bytes.split_at(bytes.len().min(wide.len()));
    wide.iter_mut().zip(low).for_each(|(to, from)| *to = *from);
    let number = i64::from_le_bytes(wide);
    let fits = high.iter().all(|&byte| byte == fill) && (number < 0) == (fill == 0xff);
    if fits { Ok(number) } else { Err(too_wide()) }
}

fn pairs<'a>(values: &[Value<'a>]) -> Result<Vec<(Value<'a>, Value<'a>)>> {
    match values.as_chunks() {
        (pairs, []) => Ok(pairs.iter().map(|&[key, value]| (key, value)).collect()),
        _ => Err(Error::format("a key has no value")),
    }
}

fn too_wide() -> Error {
    Error::unsupported("an integer takes more than 64 bits")
}

fn empty() -> Error {
    Error::format("the stack has too few values for this instruction")
}
