//! Everything a variable may be, as a tree.

use super::frame::MATRIX;
use super::matrix::{CELL, CHAR, I8, I32, OPAQUE, STRUCT, UTF8};
use super::text;
use super::{Matrix, Numbers, Stream};
use crate::error::{Error, ErrorKind, Result, quoted};
use crate::limits::Limits;

/// Containers within containers at which reading stops whatever [`Limits::nesting`] allows: reading
/// a tree, and letting it go, takes stack for each of them.
const DEEPEST: usize = 256;

/// A variable, or a part of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Value {
    /// `[]`, as an element of no bytes.
    #[default]
    Empty,
    Numbers(Box<Numbers>),
    /// A char array of at most one row.
    Text(Box<str>),
    Cells(Box<Cells>),
    Record(Box<Record>),
    Instance(Box<Instance>),
    /// Something that is not read, by the name errors give it.
    Other(&'static str),
}

/// A cell array, its cells in MATLAB's order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Cells {
    pub(crate) shape: Vec<usize>,
    pub(crate) values: Vec<Value>,
}

/// A struct array: element after element, each with the value of every field.
///
/// An array without elements has no fields here.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) shape: Vec<usize>,
    pub(crate) fields: Vec<String>,
    pub(crate) values: Vec<Value>,
}

/// An instance of a class: what MATLAB stores in its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Instance {
    pub(crate) class: String,
    pub(crate) contents: Value,
}

impl Value {
    pub(crate) fn read(matrix: Matrix<'_>, limits: &Limits) -> Result<Self> {
        read(matrix, &Nesting { limits, depth: 0 })
    }

    /// One matrix element, which may have no bytes.
    pub(crate) fn read_next(stream: &mut Stream<'_>, limits: &Limits) -> Result<Self> {
        next(stream, &Nesting { limits, depth: 0 })
    }

    /// What it is, for errors.
    pub(crate) fn what(&self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Numbers(_) => "an array of numbers",
            Self::Text(_) => "a text",
            Self::Cells(_) => "a cell array",
            Self::Record(_) => "a struct",
            Self::Instance(_) => "an instance of a class",
            Self::Other(what) => what,
        }
    }

    /// Whether it is an array without elements, of whatever class.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Numbers(numbers) => numbers.values.is_empty(),
            Self::Text(text) => text.is_empty(),
            Self::Cells(cells) => cells.values.is_empty(),
            Self::Record(record) => record.shape.contains(&0),
            Self::Instance(_) | Self::Other(_) => false,
        }
    }
}

/// How far into containers the reading is.
struct Nesting<'l> {
    limits: &'l Limits,
    depth: usize,
}

impl Nesting<'_> {
    fn deeper(&self) -> Result<Self> {
        let allowed = self.limits.nesting.min(DEEPEST);
        if self.depth >= allowed {
            return Err(Error::limit(format!("more than {allowed} containers within containers")));
        }
        Ok(Self { depth: self.depth + 1, ..*self })
    }
}

fn read(matrix: Matrix<'_>, nesting: &Nesting<'_>) -> Result<Value> {
    match matrix.class {
        CELL => cells(matrix, &nesting.deeper()?),
        STRUCT => record(matrix, &nesting.deeper()?),
        OPAQUE => instance(matrix.contents, &nesting.deeper()?),
        CHAR => text::read(matrix),
        _ if matrix.complex => Ok(Value::Other("a complex array")),
        _ => match matrix.other_than_numbers() {
            Some(what) => Ok(Value::Other(what)),
            None => numbers(matrix, nesting.limits),
        },
    }
}

fn next(stream: &mut Stream<'_>, nesting: &Nesting<'_>) -> Result<Value> {
    let element = stream.expect(&[MATRIX], "a matrix")?;
    if element.payload.is_empty() {
        return Ok(Value::Empty);
    }
    let inside = Stream::new(element.payload, element.offset + 8, stream.order());
    read(Matrix::open(inside, nesting.limits)?, nesting)
}

fn numbers(matrix: Matrix<'_>, limits: &Limits) -> Result<Value> {
    match Numbers::read(matrix, limits) {
        // MATLAB keeps texts of its newer kinds as such integers; they are nobody's weights.
        Err(error) if error.kind() == ErrorKind::Inexact => {
            Ok(Value::Other("an array with integers beyond 2^53"))
        }
        numbers => Ok(Value::Numbers(Box::new(numbers?))),
    }
}

fn cells(matrix: Matrix<'_>, nesting: &Nesting<'_>) -> Result<Value> {
    let mut contents = matrix.contents;
    // Grows with the bytes that are there; each cell takes some, whatever the dimensions say.
    let mut values = Vec::new();
    for index in 0..matrix.shape.iter().product() {
        values.push(
            next(&mut contents, nesting).map_err(|error| within(error, &format!("cell {}", index + 1)))?,
        );
    }
    ended(&contents)?;
    Ok(Value::Cells(Box::new(Cells { shape: matrix.shape, values })))
}

fn record(matrix: Matrix<'_>, nesting: &Nesting<'_>) -> Result<Value> {
    let mut contents = matrix.contents;
    let elements: usize = matrix.shape.iter().product();
    let names = field_names(&mut contents)?;
    let mut values = Vec::new();
    for _ in 0..elements {
        for name in &names {
            values.push(next(&mut contents, nesting).map_err(|error| within(error, name))?);
        }
        // An element without fields takes no bytes, so nothing else would end this early.
        if names.is_empty() {
            break;
        }
    }
    ended(&contents)?;
    let fields = if elements == 0 { Vec::new() } else { names.into_iter().map(str::to_owned).collect() };
    Ok(Value::Record(Box::new(Record { shape: matrix.shape, fields, values })))
}

/// Names of equal width, each filled up with zeros.
fn field_names<'a>(contents: &mut Stream<'a>) -> Result<Vec<&'a str>> {
    let order = contents.order();
    let length = contents.expect(&[I32], "the length of field names")?;
    let block = contents.expect(&[I8, UTF8], "the field names")?;
    let wrong = |message: String| Error::format(message).at_byte(block.offset);
    let width = length.payload.first_chunk::<4>().map(|bytes| order.u32(*bytes) as usize);
    let Some(width) = width.filter(|width| *width > 0 || block.payload.is_empty()) else {
        return Err(Error::format("the length of field names is no positive number").at_byte(length.offset));
    };
    if width > 0 && !block.payload.len().is_multiple_of(width) {
        return Err(wrong(format!("{} bytes of field names do not divide by {width}", block.payload.len())));
    }
    let mut names = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for field in block.payload.chunks_exact(width.max(1)) {
        let name = field.split(|&byte| byte == 0).next().unwrap_or_default();
        let name = std::str::from_utf8(name).ok().filter(|name| is_field(name)).ok_or_else(|| {
            wrong(format!("the field name {} is empty or not text", quoted(&String::from_utf8_lossy(name))))
        })?;
        if !seen.insert(name) {
            return Err(wrong(format!("two fields are named {}", quoted(name))));
        }
        names.push(name);
    }
    Ok(names)
}

fn is_field(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_control)
}

/// The system that keeps the instance, its class, and what that system keeps in its place.
fn instance(mut contents: Stream<'_>, nesting: &Nesting<'_>) -> Result<Value> {
    let mut word = |what| {
        let element = contents.expect(&[I8, UTF8], what)?;
        Ok::<_, Error>(String::from_utf8_lossy(element.payload).into_owned())
    };
    let (system, class) = (word("the kind of a class instance")?, word("the class of an instance")?);
    if system != "MCOS" {
        return Ok(Value::Other("an instance of a class outside MATLAB"));
    }
    let contents = next(&mut contents, nesting)?;
    Ok(Value::Instance(Box::new(Instance { class, contents })))
}

fn ended(contents: &Stream<'_>) -> Result<()> {
    match contents.left() {
        0 => Ok(()),
        left => Err(Error::format(format!("{left} bytes follow the contents")).at_byte(contents.offset())),
    }
}

/// Names the part that is wrong; of a long path only the inner end is shown.
fn within(error: Error, part: &str) -> Error {
    const SHOWN: usize = 60;
    if error.file().len() > SHOWN { error } else { error.in_file(part) }
}
