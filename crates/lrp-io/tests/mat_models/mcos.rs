//! Builds files with class instances as MATLAB lays them out.

use crate::bytes::{compressed, element, f64s, mat, matrix};

/// A file with one `modules.Sequential` of layers; tests break its parts.
pub(crate) struct Mcos {
    pub(crate) version: u32,
    pub(crate) compressed: bool,
    pub(crate) layers: Vec<Object>,
    /// Object and class that the cells of `modules` refer to, if not each to its layer.
    pub(crate) references: Option<Vec<[u32; 2]>>,
    /// Number of the value that each property names, if not each its own.
    pub(crate) value_of: fn(u32) -> u32,
    /// Defaults of each class, by its name: a struct element.
    pub(crate) defaults: Vec<(&'static str, Vec<u8>)>,
    pub(crate) class: &'static str,
}

/// An instance: its class in `modules`, and its properties, each a matrix element without name.
pub(crate) type Object = (&'static str, Vec<(&'static str, Vec<u8>)>);

impl Mcos {
    pub(crate) fn new(layers: Vec<Object>) -> Self {
        Self {
            version: 2,
            compressed: true,
            layers,
            references: None,
            value_of: |index| index,
            defaults: Vec::new(),
            class: "modules.Sequential",
        }
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        let classes = self.classes();
        let variable = element(14, &opaque("model", self.class, &reference(1, classes.len() as u32)));
        let preamble = b"\x00\x01IM\0\0\0\0".to_vec();
        let inside =
            [preamble, record(&[("MCOS", element(14, &opaque("", "FileWrapper__", &self.cells())))])];
        let inside = inside.concat();
        let subsystem = matrix(9, &[1, inside.len() as i32], "", &element(2, &inside));
        let pack = |element: Vec<u8>| if self.compressed { compressed(&element) } else { element };
        let (variable, subsystem) = (pack(variable), pack(subsystem));
        let place = 128 + variable.len() as u64;
        let mut file = mat(&[variable, subsystem]);
        file[116..124].copy_from_slice(&place.to_le_bytes());
        file
    }

    /// Classes in the order of their numbers; the sequence is the last.
    fn classes(&self) -> Vec<&'static str> {
        let mut classes = Vec::new();
        for (class, _) in &self.layers {
            if !classes.contains(class) {
                classes.push(*class);
            }
        }
        classes.retain(|class| *class != "Sequential");
        classes.push("Sequential");
        classes
    }

    fn cells(&self) -> Vec<u8> {
        let classes = self.classes();
        let number = |class: &str| 1 + classes.iter().position(|known| *known == class).unwrap() as u32;
        let own = self.layers.iter().enumerate().map(|(index, (class, _))| [index as u32 + 2, number(class)]);
        let references = self.references.clone().unwrap_or_else(|| own.collect());
        let references: Vec<Vec<u8>> = references.iter().map(|[id, class]| reference(*id, *class)).collect();
        let modules = cell(&[1, references.len() as i32], &references);

        let objects = [vec![("Sequential", vec![("modules", modules)])], self.layers.clone()].concat();
        let mut names: Vec<String> = vec!["modules".to_owned()];
        let (mut class_rows, mut object_rows) = (vec![[0u32; 4]], vec![[0u32; 6]]);
        for class in &classes {
            class_rows.push([1, intern(&mut names, class), 0, 0]);
        }
        let (mut blocks, mut values) = (vec![0u8; 8], Vec::new());
        for (index, (class, properties)) in objects.iter().enumerate() {
            let id = index as u32 + 1;
            object_rows.push([number(class), 0, 0, 0, id, id]);
            let mut block = vec![properties.len() as u32];
            for (name, value) in properties {
                block.extend([intern(&mut names, name), 1, (self.value_of)(values.len() as u32)]);
                values.push(value.clone());
            }
            blocks.extend(words(&block));
            blocks.resize(blocks.len().next_multiple_of(8), 0);
        }

        let table = self.table(&names, &words(&class_rows.concat()), &words(&object_rows.concat()), &blocks);
        let table = matrix(9, &[table.len() as i32, 1], "", &element(2, &table));
        let mut cells = vec![table, element(14, &[])];
        cells.extend(values);
        cells.extend((2..self.version.min(4)).map(|_| matrix(12, &[1, 1], "", &element(5, &[0; 4]))));
        cells.push(self.default_cells(&classes));
        cell(&[cells.len() as i32, 1], &cells)
    }

    fn table(&self, names: &[String], classes: &[u8], objects: &[u8], blocks: &[u8]) -> Vec<u8> {
        let mut text: Vec<u8> = names.iter().flat_map(|name| [name.as_bytes(), b"\0"].concat()).collect();
        text.resize(text.len().next_multiple_of(8), 0);
        let parts: [&[u8]; 6] = [&text, classes, &[], objects, blocks, &[0; 8]];
        let mut at = 40;
        let mut offsets = [0u32; 8];
        for (offset, part) in offsets.iter_mut().zip(parts) {
            at += part.len() as u32;
            *offset = at;
        }
        [words(&[self.version, names.len() as u32]), words(&offsets), parts.concat()].concat()
    }

    fn default_cells(&self, classes: &[&str]) -> Vec<u8> {
        let empty = || matrix(2, &[1, 0], "", &[element(5, &words(&[1])), element(1, &[])].concat());
        let mut cells = vec![empty()];
        for class in classes {
            let own = self.defaults.iter().find(|(name, _)| name == class);
            cells.push(own.map_or_else(empty, |(_, defaults)| defaults.clone()));
        }
        cell(&[cells.len() as i32, 1], &cells)
    }
}

/// Doubles in MATLAB's order.
pub(crate) fn double(dims: &[i32], values: &[f64]) -> Vec<u8> {
    matrix(6, dims, "", &element(9, &f64s(values)))
}

pub(crate) fn cell(dims: &[i32], cells: &[Vec<u8>]) -> Vec<u8> {
    matrix(1, dims, "", &cells.concat())
}

/// A struct of one element.
pub(crate) fn record(fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    named_record("", fields)
}

pub(crate) fn named_record(name: &str, fields: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut names = Vec::new();
    for (index, (field, _)) in fields.iter().enumerate() {
        names.extend(field.as_bytes());
        names.resize(32 * (index + 1), 0);
    }
    let values: Vec<u8> = fields.iter().flat_map(|(_, value)| value.clone()).collect();
    matrix(2, &[1, 1], name, &[element(5, &words(&[32])), element(1, &names), values].concat())
}

pub(crate) fn reference(object: u32, class: u32) -> Vec<u8> {
    matrix(13, &[6, 1], "", &element(6, &words(&[0xDD00_0000, 2, 1, 1, object, class])))
}

/// The inside of an instance's element.
pub(crate) fn opaque(name: &str, class: &str, contents: &[u8]) -> Vec<u8> {
    let words = [name, "MCOS", class].map(|word| element(1, word.as_bytes()));
    [element(6, &[17, 0, 0, 0, 0, 0, 0, 0]), words.concat(), contents.to_vec()].concat()
}

pub(crate) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

fn intern(names: &mut Vec<String>, name: &str) -> u32 {
    let place = names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    });
    place as u32 + 1
}
