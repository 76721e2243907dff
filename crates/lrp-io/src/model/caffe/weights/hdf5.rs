//! Weights as HDF5: a group a layer in the group `data`, and in it a dataset a blob, called by its number.

use std::collections::BTreeMap;

use hdf5_pure::Group;

use crate::caffe::blob::Blob;
use crate::error::{Error, Result, quoted};
use crate::hdf5::{self, Reader, damaged};
use crate::limits::Limits;

use super::Layers;

/// Layers have no more blobs than this.
const BLOBS: usize = 16;

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Layers> {
    let root = hdf5::open(bytes)?;
    let groups = root.groups().map_err(|error| damaged(&error))?;
    if !groups.iter().any(|name| name == "data") {
        return Err(Error::format("holds no weights of a Caffe network: it has no group 'data'"));
    }
    let data = root.group("data").map_err(|error| damaged(&error))?;
    let mut walk = Walk { reader: Reader::new(bytes, limits), limits, seen: 0, layers: Layers::new() };
    walk.groups("", &data, 0)?;
    Ok(walk.layers)
}

struct Walk<'l> {
    reader: Reader<'l>,
    limits: &'l Limits,
    /// How many groups and datasets there were so far: links may lead in circles.
    seen: usize,
    layers: Layers,
}

impl Walk<'_> {
    /// A name with `/` in it is a group within a group.
    fn groups(&mut self, around: &str, group: &Group, depth: usize) -> Result<()> {
        if depth > self.limits.nesting {
            let allowed = self.limits.nesting;
            return Err(Error::limit(format!("groups nest deeper than {allowed}, no more is allowed")));
        }
        let groups = group.iter_groups().map_err(|error| damaged(&error))?;
        self.book(groups.len())?;
        for (name, group) in groups {
            let name = if around.is_empty() { name } else { format!("{around}/{name}") };
            let blobs = self.blobs(&group).map_err(|error| error.of(&quoted(&name)))?;
            self.groups(&name, &group, depth + 1)?;
            if !blobs.is_empty() {
                self.layers.insert(name, blobs);
            }
        }
        Ok(())
    }

    fn blobs(&mut self, group: &Group) -> Result<Vec<Option<Blob>>> {
        let datasets = group.iter_datasets().map_err(|error| damaged(&error))?;
        self.book(datasets.len())?;
        let mut blobs = BTreeMap::new();
        for (name, dataset) in datasets {
            let number = name.parse().ok().filter(|&number: &usize| number < BLOBS);
            let number = number.ok_or_else(|| {
                let name = quoted(&name);
                Error::format(format!("has a blob called {name}, expected a number below {BLOBS}"))
            })?;
            let stored = self.reader.read(&dataset).map_err(|error| error.of(&quoted(&name)))?;
            blobs.insert(number, Blob { shape: stored.shape, values: stored.values, legacy: false });
        }
        let count = blobs.keys().next_back().map_or(0, |last| last + 1);
        Ok((0..count).map(|number| blobs.remove(&number)).collect())
    }

    fn book(&mut self, more: usize) -> Result<()> {
        self.seen += more;
        self.limits.check_entries(self.seen)
    }
}
