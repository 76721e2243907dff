//! Values that several layers read: each goes through a split of its own, which counts as a layer.

use std::collections::HashMap;

use super::description::Definition;

/// Who wrote a value, as (layer, place among what it wrote); of the input nobody did.
type Writer = (Option<usize>, usize);

/// The layers with splits behind those whose values have several readers, named and ordered as Caffe does.
pub(super) fn with_splits(input: &str, layers: Vec<Definition>) -> Vec<Definition> {
    let reading = Reading::of(input, &layers);
    let names: Vec<String> = layers.iter().map(|layer| layer.name.clone()).collect();
    let name = |(layer, place): Writer, blob: &str| {
        let writer = layer.and_then(|layer| names.get(layer)).map_or("input", String::as_str);
        format!("{blob}_{writer}_{place}_split")
    };
    let behind = |layer: Option<usize>, tops: &[String]| {
        let split = |(place, blob): (usize, &String)| {
            let readers = reading.several((layer, place))?;
            Some(Definition::split(name((layer, place), blob), blob, readers))
        };
        tops.iter().enumerate().filter_map(split).collect::<Vec<_>>()
    };
    let mut taken: HashMap<Writer, usize> = HashMap::new();
    let mut all = behind(None, &[input.to_owned()]);
    for (index, (mut layer, writers)) in layers.into_iter().zip(&reading.writers).enumerate() {
        for (bottom, writer) in layer.bottoms.iter_mut().zip(writers) {
            let Some(writer) = writer.filter(|&writer| reading.several(writer).is_some()) else { continue };
            let place = taken.entry(writer).or_default();
            *bottom = format!("{}_{place}", name(writer, bottom));
            *place += 1;
        }
        let splits = behind(Some(index), &layer.tops);
        all.push(layer);
        all.extend(splits);
    }
    all
}

/// Who reads what.
struct Reading {
    /// For each layer, who wrote what it reads; nobody where that is not known.
    writers: Vec<Vec<Option<Writer>>>,
    readers: HashMap<Writer, usize>,
}

impl Reading {
    fn of(input: &str, layers: &[Definition]) -> Self {
        let mut latest: HashMap<&str, Writer> = HashMap::from([(input, (None, 0))]);
        let mut reading = Self { writers: Vec::new(), readers: HashMap::new() };
        for (index, layer) in layers.iter().enumerate() {
            let writer = |bottom: &String| latest.get(bottom.as_str()).copied();
            let writers: Vec<Option<Writer>> = layer.bottoms.iter().map(writer).collect();
            for writer in writers.iter().flatten() {
                *reading.readers.entry(*writer).or_default() += 1;
            }
            reading.writers.push(writers);
            let tops = layer.tops.iter().enumerate();
            latest.extend(tops.map(|(place, top)| (top.as_str(), (Some(index), place))));
        }
        reading
    }

    /// How many read a value, if it is more than one.
    fn several(&self, writer: Writer) -> Option<usize> {
        self.readers.get(&writer).copied().filter(|&readers| readers > 1)
    }
}
