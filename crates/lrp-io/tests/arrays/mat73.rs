//! MATLAB 7.3 files: what is read, what is not, and files made to hurt.

use lrp_io::{Dtype, ErrorKind, Limits, read_array_bytes, read_arrays_bytes, read_named_array_bytes};
use ndarray::{Array, ArrayD, IxDyn, array};

use crate::bytes::{error_within, read};
use crate::common::Chance;

const PLAIN: &[u8] = include_bytes!("../fixtures/v73.mat");
const COMPRESSED: &[u8] = include_bytes!("../fixtures/v73_compressed.mat");

fn named(name: &str) -> lrp_io::Result<lrp_io::Array> {
    read_named_array_bytes("a.mat", PLAIN, name, &Limits::default())
}

#[test]
fn variables_of_version_7_3() {
    let counting = Array::from_iter((0..24).map(|i| f64::from(i) - 7.25));
    let data = counting.into_shape_with_order((2, 3, 4)).unwrap().into_dyn();
    for bytes in [PLAIN, COMPRESSED] {
        let array = read("a.mat", bytes);
        assert_eq!((&array.values, array.dtype), (&data, Dtype::F64));
        assert!(array.values.is_standard_layout());
    }
    let expected = [
        ("single", Dtype::F32, array![[1.5, -2.0]].into_dyn()),
        ("int32", Dtype::I32, array![[-2147483648.0], [2147483647.0]].into_dyn()),
        ("flags", Dtype::Bool, array![[1.0, 0.0, 1.0]].into_dyn()),
        ("none", Dtype::F64, ArrayD::zeros(IxDyn(&[0, 3]))),
    ];
    for (name, dtype, values) in expected {
        let array = named(name).unwrap();
        assert_eq!((array.values, array.dtype), (values, dtype), "{name}");
    }
}

#[test]
fn variables_of_version_7_3_that_are_not_read() {
    let inexact = "element 0 is 9007199254740993, which f64 cannot hold exactly";
    let rows = [
        ("text", ErrorKind::Unsupported, "is of the class 'char', only numbers are read"),
        ("complex", ErrorKind::Unsupported, "is complex; save real(…) and imag(…) of it"),
        ("record", ErrorKind::Unsupported, "is a struct, only numbers are read"),
        ("toolong", ErrorKind::Inexact, inexact),
    ];
    for (name, kind, message) in rows {
        let error = named(name).unwrap_err();
        assert_eq!(error.to_string(), format!("a.mat[{name}]: {message}"));
        assert_eq!(error.kind(), kind);
    }
}

#[test]
fn limits_of_version_7_3() {
    for bytes in [PLAIN, COMPRESSED] {
        for limits in [
            Limits { array_elements: 23, ..Limits::default() },
            Limits { array_axes: 2, ..Limits::default() },
            Limits { inflated_entry_bytes: 191, ..Limits::default() },
            Limits { archive_entries: 1, ..Limits::default() },
        ] {
            assert_eq!(error_within("a.mat", bytes, &limits).kind(), ErrorKind::Limit);
        }
    }
}

/// A chunk that claims a gigabyte must be refused before room is made for it, and one that lies nowhere in its array
/// before a place is computed for it.
#[test]
fn chunks_that_are_not_there_in_version_7_3() {
    // A tree of chunks is a node of type 1, and its first key begins with the size of the first chunk, a mask, and
    // where the chunk begins in the array.
    let nodes = COMPRESSED.windows(5).enumerate().filter(|(_, window)| window == b"TREE\x01");
    let keys: Vec<usize> = nodes.map(|(at, _)| at + 24).collect();
    assert!(!keys.is_empty(), "the fixture has chunks");
    let refused = |place: usize, number: &[u8], message: &str| {
        let mut bytes = COMPRESSED.to_vec();
        for key in &keys {
            bytes[key + place..][..number.len()].copy_from_slice(number);
        }
        let error = read_array_bytes("a.mat", &bytes, &Limits::default()).unwrap_err();
        assert!(error.to_string().ends_with(message), "{error}");
    };
    refused(0, &(1_u32 << 30).to_le_bytes(), "HDF5: a chunk reaches beyond the end of the file");
    refused(8, &(u64::MAX - 1).to_le_bytes(), "HDF5: a chunk begins beyond the end of its array");
}

#[test]
fn mutants_of_version_7_3() {
    let limits = Limits { array_elements: 1000, inflation_free_bytes: 1 << 16, ..Limits::default() };
    let mut chance = Chance::new();
    for bytes in [PLAIN, COMPRESSED] {
        for length in (0..bytes.len()).step_by(7) {
            drop(read_array_bytes("a.mat", &bytes[..length], &limits));
        }
        for _ in 0..10_000 {
            let mut mutant = bytes.to_vec();
            for _ in 0..1 + chance.below(4) {
                let at = chance.below(mutant.len() - 4);
                match chance.below(3) {
                    0 => mutant[at] = chance.below(256) as u8,
                    1 => mutant[at] = 0xff,
                    _ => {
                        let huge = [0, 1, 1 << 20, 1 << 28, 1 << 31, u32::MAX][chance.below(6)];
                        mutant[at..at + 4].copy_from_slice(&huge.to_le_bytes());
                    }
                }
            }
            if let Err(error) = read_arrays_bytes("a.mat", &mutant, &limits) {
                let line = error.to_string();
                assert!(line.starts_with("a.mat") && !line.contains('\n') && line.len() < 400, "{line}");
            }
        }
    }
}
