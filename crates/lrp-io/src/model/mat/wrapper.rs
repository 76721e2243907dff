//! The table of objects that MATLAB keeps beside their values: `FileWrapper__`, versions 2 to 4.
//!
//! The table is a row of 32 bit numbers: the version, the number of names, and the offsets of eight
//! regions; then the names, each ended by a zero, and the regions. Region 1 has a row of 4 numbers for
//! each class: the names of its package and of itself. Region 3 has a row of 6 for each object: its
//! class, two zeros, its block in region 2 or else in region 4, and the order of its making. A block of
//! these regions is a count, then so many triples of name, kind and value of a property, filled up to 8
//! bytes. Names, classes, objects and blocks count from 1; 0 is none.

use std::ops::Range;

use crate::array::ByteOrder;
use crate::error::{Error, Result};
use crate::limits::Limits;

const VERSIONS: Range<u32> = 2..5;
const NAMES_AT: usize = 40;

pub(super) struct Wrapper {
    bytes: Vec<u8>,
    order: ByteOrder,
    version: u32,
    names: Vec<String>,
    classes: Range<usize>,
    objects: Range<usize>,
    /// Where the blocks of region 2 start, until they are read: what objects made of themselves to be saved.
    saved: Vec<Option<usize>>,
    /// Where the blocks of region 4 start: properties as they are.
    plain: Vec<Option<usize>>,
}

/// An object as its row and its block describe it.
pub(super) struct Object {
    pub(super) class: u32,
    /// With its package, as in `modules.Linear`.
    pub(super) class_name: String,
    pub(super) properties: Vec<(String, Stored)>,
}

/// Where the value of a property is.
pub(super) enum Stored {
    /// Among the values, counted from 0.
    Value(usize),
    Flag(bool),
    Name(String),
}

impl Wrapper {
    pub(super) fn read(bytes: Vec<u8>, order: ByteOrder, limits: &Limits) -> Result<Self> {
        let front = [0, 4].map(|at| words(&bytes, order, at));
        let [Some([version]), Some([names])] = front else {
            return Err(Error::format(format!("the table of objects has only {} bytes", bytes.len())));
        };
        if !VERSIONS.contains(&version) {
            let message =
                format!("keeps class instances in version {version} of FileWrapper__, 2 to 4 are read");
            return Err(Error::unsupported(message));
        }
        let [classes, saved, objects, plain] = [0, 1, 2, 3].map(|index| region(&bytes, order, index));
        let (saved, plain) = (blocks(&bytes, order, saved?)?, blocks(&bytes, order, plain?)?);
        let names = self::names(&bytes, names as usize, limits)?;
        Ok(Self { classes: classes?, objects: objects?, saved, plain, names, version, order, bytes })
    }

    /// Cells behind the values; the last of them holds the defaults of classes.
    pub(super) fn cells_behind(&self) -> usize {
        self.version as usize - 1
    }

    /// Describes an object; no two objects have the same properties.
    pub(super) fn object(&mut self, id: u32) -> Result<Object> {
        let [class, _, _, saved, plain, _] = self.row(&self.objects, id, "object")?;
        let [package, name, ..]: [u32; 4] = self.row(&self.classes, class, "class")?;
        let class_name = match package {
            0 => self.name(name)?.to_owned(),
            _ => format!("{}.{}", self.name(package)?, self.name(name)?),
        };
        let (blocks, block) = if saved == 0 { (&mut self.plain, plain) } else { (&mut self.saved, saved) };
        let start = blocks.get_mut(block as usize).map(Option::take);
        let properties = match start {
            _ if block == 0 => Vec::new(),
            Some(Some(start)) => self.properties(start)?,
            Some(None) => return Err(Error::format(format!("properties {block} belong to two objects"))),
            None => return Err(Error::format(format!("properties {block} are not in the file"))),
        };
        Ok(Object { class, class_name, properties })
    }

    fn row<const N: usize>(&self, region: &Range<usize>, id: u32, what: &str) -> Result<[u32; N]> {
        let count = region.len() / (4 * N);
        let place = Some(id as usize).filter(|&id| id > 0 && id < count).map(|id| region.start + 4 * N * id);
        place.and_then(|place| words(&self.bytes, self.order, place)).ok_or_else(|| {
            Error::format(format!("{what} {id} is not among the {} of the file", count.saturating_sub(1)))
        })
    }

    fn properties(&self, start: usize) -> Result<Vec<(String, Stored)>> {
        let cut = || Error::format("properties are cut short");
        let [count] = words(&self.bytes, self.order, start).ok_or_else(cut)?;
        let triple = |index: usize| {
            let [name, kind, value] =
                words(&self.bytes, self.order, start + 4 + 12 * index).ok_or_else(cut)?;
            Ok((self.name(name)?.to_owned(), self.stored(kind, value)?))
        };
        (0..count as usize).map(triple).collect()
    }

    fn stored(&self, kind: u32, value: u32) -> Result<Stored> {
        match kind {
            0 => self.name(value).map(|name| Stored::Name(name.to_owned())),
            1 => Ok(Stored::Value(value as usize)),
            2 => Ok(Stored::Flag(value != 0)),
            _ => Err(Error::format(format!("a property is of kind {kind}, 0 to 2 are known"))),
        }
    }

    fn name(&self, id: u32) -> Result<&str> {
        let name = (id as usize).checked_sub(1).and_then(|index| self.names.get(index));
        name.map(String::as_str).ok_or_else(|| {
            Error::format(format!("name {id} is not among the {} of the file", self.names.len()))
        })
    }
}

fn words<const N: usize>(bytes: &[u8], order: ByteOrder, at: usize) -> Option<[u32; N]> {
    let (words, _) = bytes.get(at..at.checked_add(4 * N)?)?.as_chunks::<4>();
    words.iter().map(|word| order.u32(*word)).collect::<Vec<_>>().try_into().ok()
}

/// The place of a region, counted from 0; the next one starts where it ends.
fn region(bytes: &[u8], order: ByteOrder, index: usize) -> Result<Range<usize>> {
    let offsets = words(bytes, order, 8 + 4 * index).map(|offsets: [u32; 2]| offsets.map(|at| at as usize));
    let range = offsets.map(|[start, end]| start..end);
    range.filter(|range| range.start <= range.end && range.end <= bytes.len()).ok_or_else(|| {
        let size = bytes.len();
        Error::format(format!("region {} of the table of objects is not within its {size} bytes", index + 1))
    })
}

fn names(bytes: &[u8], count: usize, limits: &Limits) -> Result<Vec<String>> {
    limits.check_entries(count)?;
    let text = bytes.get(NAMES_AT..).unwrap_or_default();
    let names: Vec<String> = text
        .split_inclusive(|&byte| byte == 0)
        .take(count)
        .filter_map(|name| name.strip_suffix(b"\0"))
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect();
    if names.len() != count {
        let message = format!("the table of objects declares {count} names, it has {}", names.len());
        return Err(Error::format(message));
    }
    Ok(names)
}

/// Where each block of a region starts.
fn blocks(bytes: &[u8], order: ByteOrder, region: Range<usize>) -> Result<Vec<Option<usize>>> {
    let mut starts = Vec::new();
    let mut at = region.start;
    while at < region.end {
        starts.push(Some(at));
        let size = words(bytes, order, at).and_then(|[count]: [u32; 1]| {
            (count as usize).checked_mul(12)?.checked_add(4).map(|size| size.next_multiple_of(8))
        });
        at =
            size.and_then(|size| at.checked_add(size)).filter(|&end| end <= region.end).ok_or_else(|| {
                Error::format(format!(
                    "properties {} of the table of objects are cut short",
                    starts.len() - 1
                ))
            })?;
    }
    Ok(starts)
}
