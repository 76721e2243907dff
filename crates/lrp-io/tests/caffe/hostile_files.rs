//! Every kind of file cut short and changed: an error in one line or other numbers, no panic.

use lrp_io::caffe::{Config, ImageInput, MeanFormat, parse_list, read_mean};
use lrp_io::{Limits, Result};
use ndarray::Array3;

use crate::common::Chance;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/caffe/", $name))
    };
}

fn limits() -> Limits {
    Limits { array_elements: 20_000, inflated_total_bytes: 100_000, ..Limits::default() }
}

fn mean(bytes: &[u8], format: MeanFormat) -> Result<()> {
    read_mean("file", bytes, format, true, &limits()).map(drop)
}

fn photo(bytes: &[u8]) -> Result<()> {
    let input = ImageInput { side: 8, base: 12, mean: Array3::zeros((3, 8, 9)) };
    input.prepare("file", bytes, &limits()).map(drop)
}

type Read = fn(&[u8]) -> Result<()>;

fn files() -> Vec<(&'static [u8], Read)> {
    vec![
        (fixture!("config.txt"), |bytes| Config::parse("file", bytes).map(drop)),
        (fixture!("list.txt"), |bytes| parse_list("file", bytes, &limits()).map(drop)),
        (fixture!("mean_bgr.binaryproto"), |bytes| mean(bytes, MeanFormat::BlueGreenRed)),
        (b"3\n2 2\n1 2 3 4\n1 2 3 4\n1 2 3 -4.5e1\n", |bytes| mean(bytes, MeanFormat::Text)),
        (fixture!("grey40.png"), photo),
        (fixture!("resized/colour_alpha.png"), photo),
        (include_bytes!("../fixtures/pictures/palette.png"), photo),
        (include_bytes!("../fixtures/pictures/transparent.png"), photo),
        (include_bytes!("../fixtures/pictures/deep.png"), photo),
        (include_bytes!("../fixtures/pictures/progressive.jpg"), photo),
    ]
}

fn try_to(read: Read, bytes: &[u8]) {
    if let Err(error) = read(bytes) {
        let line = error.to_string();
        assert!(line.starts_with("file:") && !line.contains('\n'), "{line}");
    }
}

#[test]
fn sound_to_begin_with() {
    for (bytes, read) in files() {
        read(bytes).unwrap();
    }
}

#[test]
fn cut_at_many_bytes() {
    for (bytes, read) in files() {
        let step = bytes.len() / 500 + 1;
        (0..bytes.len()).step_by(step).for_each(|length| try_to(read, &bytes[..length]));
    }
}

#[test]
fn seeded_mutants_of_several_bytes() {
    let mut chance = Chance::new();
    for (bytes, read) in files() {
        for _ in 0..1000 {
            try_to(read, &chance.mutant(bytes));
        }
    }
}

#[test]
fn the_front_made_huge() {
    for (bytes, read) in files() {
        for at in 0..bytes.len().min(64) - 4 {
            for value in [u32::MAX, i32::MAX as u32, 1 << 31, 1 << 20] {
                let mut mutant = bytes.to_vec();
                mutant[at..at + 4].copy_from_slice(&value.to_le_bytes());
                try_to(read, &mutant);
            }
        }
    }
}
