//! Archives: names, selection, and what is refused.

use std::io::{Cursor, Write};

use lrp_io::{Dtype, ErrorKind, Limits, read_array_bytes, read_arrays_bytes, read_named_array_bytes};
use ndarray::{Array, array};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

use crate::bytes::{error, error_within, f64s, npy, read, refused};

/// An archive of these entries, deflated or stored.
pub(crate) fn archive(entries: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        writer.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

pub(crate) fn one(value: f64) -> Vec<u8> {
    npy("<f8", false, "(1,)", &f64s(&[value]))
}

/// Replaces every occurrence of a name by another of the same length.
fn renamed(mut bytes: Vec<u8>, from: &str, to: &str) -> Vec<u8> {
    for at in 0..bytes.len() - from.len() {
        if bytes[at..].starts_with(from.as_bytes()) {
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

/// Where the directory entry of the first file starts.
fn directory(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|window| window == b"PK\x01\x02").unwrap()
}

#[test]
fn an_archive_by_numpy() {
    let bytes = include_bytes!("../fixtures/mixed.npz");
    let arrays = read_arrays_bytes("mixed.npz", bytes, &Limits::default()).unwrap();
    let summary: Vec<_> = arrays.iter().map(|(name, array)| (name.as_str(), array.dtype)).collect();
    assert_eq!(
        summary,
        [
            ("half", Dtype::F16),
            ("flags", Dtype::Bool),
            ("big", Dtype::I32),
            ("columns", Dtype::F64),
            ("scalar", Dtype::F64)
        ]
    );
    let values = |index: usize| arrays[index].1.values.clone();
    assert_eq!(values(0), array![1.5, -65504.0, 5.960464477539063e-08, f64::INFINITY].into_dyn());
    assert_eq!(values(1), array![[1.0], [0.0]].into_dyn());
    assert_eq!(values(2), array![1.0, -2.0, 3.0].into_dyn());
    let counting = Array::from_iter((0..24).map(f64::from)).into_shape_with_order((2, 3, 4)).unwrap();
    assert_eq!(values(3), counting.into_dyn());
    assert_eq!(values(4), ndarray::arr0(2.5).into_dyn());

    let error = read_named_array_bytes("mixed.npz", bytes, "objects", &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(
        error.to_string().starts_with("mixed.npz[objects]: byte 20: the array '|O' holds Python objects"),
        "{error}"
    );
    refused(
        "mixed.npz",
        bytes,
        ErrorKind::Selection,
        "mixed.npz: 5 arrays, and none is named 'data': 'half', 'flags', 'big', 'columns', 'scalar'",
    );
}

#[test]
fn which_array_is_meant() {
    let (first, second) = (one(1.0), one(2.0));
    let stored = CompressionMethod::Stored;
    let several = archive(&[("a.npy", &first), ("data.npy", &second)], stored);
    assert_eq!(read("a.npz", &several).values[0], 2.0);
    let single = archive(&[("readme.txt", b"no numbers"), ("only.npy", &first)], stored);
    assert_eq!(read("a.npz", &single).values[0], 1.0);
    refused("a.npz", &archive(&[], stored), ErrorKind::Selection, "a.npz: holds no arrays");
    let none = archive(&[("readme.txt", b"no numbers")], stored);
    refused("a.npz", &none, ErrorKind::Unsupported, "a.npz[readme.txt]: is not an .npy file");
}

#[test]
fn names_are_never_paths() {
    let names = ["../../etc/passwd.npy", "/root/x.npy", "C:\\x.npy", "a/../b.npy"];
    let bytes = one(1.0);
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (*name, &bytes[..])).collect();
    let back =
        read_arrays_bytes("a.npz", &archive(&entries, CompressionMethod::Deflated), &Limits::default())
            .unwrap();
    let back: Vec<String> = back.into_iter().map(|(name, _)| name + ".npy").collect();
    assert_eq!(back, names);
}

#[test]
fn a_name_given_twice_is_refused() {
    let bytes = one(1.0);
    let twins = renamed(
        archive(&[("a.npy", &bytes), ("b.npy", &bytes)], CompressionMethod::Stored),
        "b.npy",
        "a.npy",
    );
    let error = error("a.npz", &twins);
    assert_eq!((error.kind(), error.message()), (ErrorKind::Format, "two entries are named 'a.npy'"));
}

#[test]
fn encrypted_entries_are_refused() {
    let mut bytes = archive(&[("a.npy", &one(1.0))], CompressionMethod::Stored);
    let at = directory(&bytes);
    bytes[6] |= 1;
    bytes[at + 8] |= 1;
    refused("a.npz", &bytes, ErrorKind::Unsupported, "a.npz[a.npy]: the entry is encrypted");
}

#[test]
fn a_wrong_checksum_is_seen() {
    let mut bytes = archive(&[("a.npy", &one(1.0))], CompressionMethod::Stored);
    let last = directory(&bytes) - 1;
    bytes[last] ^= 1;
    refused("a.npz", &bytes, ErrorKind::Format, "a.npz[a]: the zip entry is damaged: invalid checksum");
}

#[test]
fn entries_that_share_bytes_are_refused() {
    let bytes = one(1.0);
    let mut bytes = archive(&[("a.npy", &bytes), ("b.npy", &bytes)], CompressionMethod::Stored);
    let second = directory(&bytes) + 46 + 5;
    assert!(bytes[second..].starts_with(b"PK\x01\x02"));
    bytes[second + 42..second + 46].copy_from_slice(&0u32.to_le_bytes()); // its local header is the first's
    let error = error("a.npz", &bytes);
    assert!(error.message().ends_with("the entry overlaps another one"), "{error}");
}

#[test]
fn sizes_that_lie() {
    let honest = archive(&[("a.npy", &one(1.0))], CompressionMethod::Deflated);
    let at = directory(&honest);
    let with = |field: usize, value: u32| {
        let mut bytes = honest.clone();
        bytes[at + field..at + field + 4].copy_from_slice(&value.to_le_bytes());
        error("a.npz", &bytes)
    };
    let (compressed, inflated) = (20, 24);
    for value in [0, 1, 83, 85, 16 << 20] {
        let error = with(inflated, value);
        assert_eq!(error.kind(), ErrorKind::Format, "{error}");
    }
    assert_eq!(with(inflated, 1 << 30).kind(), ErrorKind::Limit);
    assert_eq!(with(compressed, 1 << 20).kind(), ErrorKind::Format);
    assert_eq!(with(compressed, 3).kind(), ErrorKind::Format);
}

#[test]
fn bombs_are_refused_before_they_inflate() {
    let zeros = vec![0; 20 << 20];
    let bomb = archive(&[("a.npy", &zeros)], CompressionMethod::Deflated);
    assert!(bomb.len() < 30_000);
    let error = error("a.npz", &bomb);
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(
        error.message().starts_with("inflates to 20971520 bytes, 16777216 are allowed from 20"),
        "{error}"
    );

    let entry = one(1.0);
    let many =
        archive(&[("a.npy", &entry), ("b.npy", &entry), ("data.npy", &entry)], CompressionMethod::Deflated);
    let total = Limits { inflated_total_bytes: 150, ..Limits::default() };
    assert_eq!(
        error_within("a.npz", &many, &total).to_string(),
        "a.npz[b]: inflates to 76 bytes, 74 are allowed of the 150 for the whole file"
    );
    let each = Limits { inflated_entry_bytes: 75, ..Limits::default() };
    assert_eq!(
        error_within("a.npz", &many, &each).to_string(),
        "a.npz[a]: inflates to 76 bytes, 75 are allowed for one entry"
    );
    let few = Limits { archive_entries: 2, ..Limits::default() };
    assert_eq!(error_within("a.npz", &many, &few).kind(), ErrorKind::Limit);
    assert!(read_array_bytes("a.npz", &many, &Limits { archive_entries: 3, ..Limits::default() }).is_ok());
}

#[test]
fn many_entries_and_many_ends_are_refused_at_once() {
    let entries = [b"PK\x05\x06".as_slice(), &b"PK\x01\x02".repeat(1_000_000)].concat();
    assert_eq!(error("a.npz", &entries).kind(), ErrorKind::Limit);
    let ends = b"PK\x05\x06aaaaaaaaaaaaaaaaaa".repeat(100_000);
    assert_eq!(error("a.npz", &ends).kind(), ErrorKind::Limit);
}
