//! Every file cut at every byte, and with every byte changed: an error or other numbers, no panic.

use lrp_io::{ErrorKind, Limits, read_arrays_bytes};
use zip::CompressionMethod;

use crate::bytes::{compressed, element, f64s, mat, matrix, npy};
use crate::common::Chance;
use crate::idx::{gzip, idx};
use crate::npz::{archive, one};

/// Small bounds, so that a file that claims much is refused and one that gets through is small.
fn limits() -> Limits {
    Limits { array_elements: 1000, inflated_total_bytes: 10_000, ..Limits::default() }
}

fn files() -> Vec<(&'static str, Vec<u8>)> {
    let double = |name| matrix(6, &[2, 2], name, &element(9, &f64s(&[1.0, 2.0, 3.0, 4.0])));
    let bytes = |name| matrix(6, &[2, 2], name, &element(2, &[1, 2, 3, 4]));
    let (first, second) = (one(1.0), one(2.0));
    let entries: [(&str, &[u8]); 2] = [("a.npy", &first), ("b.npy", &second)];
    vec![
        ("a.npy", npy(">f4", true, "(2L, 3)", &[0x3f; 24])),
        ("b.npy", npy("<i8", false, "(2,)", &[0; 16])),
        ("a.npz", archive(&entries, CompressionMethod::Stored)),
        ("b.npz", archive(&entries, CompressionMethod::Deflated)),
        ("a.mat", mat(&[double("a"), bytes("b")])),
        ("b.mat", mat(&[compressed(&double("a")), compressed(&bytes("b"))])),
        ("a.idx", idx(0x0d, &[2, 1, 3], &[0x3f; 24])),
        ("a.idx.gz", gzip(&idx(0x08, &[2, 3], &[7; 6]))),
        ("a.png", include_bytes!("../fixtures/pictures/palette.png").to_vec()),
        ("b.png", include_bytes!("../fixtures/pictures/deep.png").to_vec()),
        ("a.jpg", include_bytes!("../fixtures/pictures/grey.jpg").to_vec()),
        ("b.jpg", include_bytes!("../fixtures/pictures/progressive.jpg").to_vec()),
        ("c.mat", include_bytes!("../fixtures/data_int32.mat").to_vec()),
    ]
}

#[test]
fn sound_to_begin_with() {
    for (name, bytes) in files() {
        read_arrays_bytes(name, &bytes, &limits()).unwrap();
    }
}

#[test]
fn cut_at_every_byte() {
    for (name, bytes) in files() {
        for length in 0..bytes.len() {
            match read_arrays_bytes(name, &bytes[..length], &limits()) {
                Err(error) => {
                    assert!(error.to_string().starts_with(name), "{error}");
                    assert!(!matches!(error.kind(), ErrorKind::Open | ErrorKind::Write), "{error}");
                }
                // A MAT file has no end mark: cut between two variables it is a shorter file.
                Ok(arrays) => assert!(name.ends_with(".mat") && arrays.len() == 1, "{name} cut at {length}"),
            }
        }
    }
}

#[test]
fn every_byte_changed() {
    for (name, bytes) in files() {
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80, bytes[at].wrapping_add(1)]
            {
                let mut mutant = bytes.clone();
                mutant[at] = value;
                if let Err(error) = read_arrays_bytes(name, &mutant, &limits()) {
                    assert!(error.to_string().starts_with(name), "{error}");
                }
            }
        }
    }
}

#[test]
fn every_four_bytes_made_huge() {
    for (name, bytes) in files() {
        for at in 0..bytes.len() - 4 {
            for value in [u32::MAX, i32::MAX as u32, 1 << 31, 1 << 20] {
                let mut mutant = bytes.clone();
                mutant[at..at + 4].copy_from_slice(&value.to_le_bytes());
                drop(read_arrays_bytes(name, &mutant, &limits()));
            }
        }
    }
}

#[test]
fn seeded_mutants_of_several_bytes() {
    let mut chance = Chance::new();
    for (name, bytes) in files() {
        for _ in 0..2000 {
            drop(read_arrays_bytes(name, &chance.mutant(&bytes), &limits()));
        }
    }
}
