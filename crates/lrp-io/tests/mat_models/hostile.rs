//! Models cut, changed and nested beyond reason: an error or other numbers, no panic.

use lrp_io::{ErrorKind, Limits, read_model_bytes};

use crate::bytes::{compressed, element, mat, matrix};
use crate::common::Chance;
use crate::instances::{dense, pool};
use crate::mcos::{Mcos, cell, named_record, record};
use crate::plain::{every_layer, written};

/// Small bounds, so that a file that claims much is refused and one that gets through is small.
fn limits() -> Limits {
    Limits { array_elements: 10_000, inflated_total_bytes: 100_000, ..Limits::default() }
}

fn files() -> Vec<Vec<u8>> {
    let instances = |version, compressed| {
        Mcos { version, compressed, ..Mcos::new(vec![dense(), pool("MaxPool"), ("Tanh", vec![])]) }.file()
    };
    vec![written(&every_layer()), instances(2, false), instances(4, false), instances(3, true)]
}

#[test]
fn cut_at_every_byte() {
    for bytes in files() {
        read_model_bytes("m.mat", &bytes, &limits()).unwrap();
        for length in 0..bytes.len() {
            let error = read_model_bytes("m.mat", &bytes[..length], &limits()).unwrap_err();
            assert!(error.to_string().starts_with("m.mat"), "{error}");
            assert!(!error.to_string().contains('\n') && error.to_string().len() < 400, "{error}");
        }
    }
}

#[test]
fn every_byte_changed_and_every_four_made_huge() {
    for bytes in files() {
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7f, 0xff, bytes[at] ^ 1, bytes[at].wrapping_add(1)] {
                let mut mutant = bytes.clone();
                mutant[at] = value;
                drop(read_model_bytes("m.mat", &mutant, &limits()));
            }
            for value in [u32::MAX, 1 << 31, 1 << 20] {
                let mut mutant = bytes.clone();
                let end = bytes.len().min(at + 4);
                mutant[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
                drop(read_model_bytes("m.mat", &mutant, &limits()));
            }
        }
    }
}

#[test]
fn seeded_mutants_of_several_bytes() {
    let mut chance = Chance::new();
    for bytes in files() {
        for _ in 0..5000 {
            drop(read_model_bytes("m.mat", &chance.mutant(&bytes), &limits()));
        }
    }
}

/// On a thread of 2 MiB, as tests and servers have them.
fn refusal_on_a_small_stack(bytes: Vec<u8>, limits: Limits) -> lrp_io::Error {
    let thread = std::thread::Builder::new().stack_size(2 << 20);
    let read = thread.spawn(move || read_model_bytes("m.mat", &bytes, &limits).unwrap_err());
    read.unwrap().join().unwrap()
}

#[test]
fn containers_six_thousand_deep_are_refused() {
    // Every front is the same but for the bytes that it says to follow.
    let nest = |depth: usize, front: Vec<u8>| {
        let leaf = matrix(6, &[0, 0], "", &element(9, &[]));
        let mut bytes = Vec::new();
        for level in (0..depth).rev() {
            let inside = front.len() - 8 + level * front.len() + leaf.len();
            bytes.extend([&front[..4], &(inside as u32).to_le_bytes(), &front[8..]].concat());
        }
        [bytes, leaf].concat()
    };
    let cells = |depth| nest(depth, cell(&[1, 1], &[]));
    let structs = |depth| nest(depth, record(&[("f", vec![])]));
    for deep in [cells(6000), structs(6000)] {
        for nesting in [64, usize::MAX] {
            let limits = Limits { nesting, ..Limits::default() };
            let error =
                refusal_on_a_small_stack(mat(&[named_record("m", &[("layers", deep.clone())])]), limits);
            assert_eq!(error.kind(), ErrorKind::Limit);
            let allowed = nesting.min(256);
            let message = format!("more than {allowed} containers within containers");
            assert_eq!(error.message(), message);
            assert!(error.to_string().len() < 400, "{error}");
        }
    }
    // As deep as is allowed is read, and found to be no model.
    let allowed = mat(&[named_record("m", &[("layers", cells(63))])]);
    let error = refusal_on_a_small_stack(allowed, Limits::default());
    assert!(error.message().starts_with("is a struct, but its field 'format'"), "{error}");
}

#[test]
fn dimensions_without_bytes_cost_nothing() {
    let limits = Limits::default();
    for (class, contents) in
        [(1, vec![]), (2, [element(5, &[32, 0, 0, 0]), element(1, &[b'f'; 32])].concat())]
    {
        let bytes =
            mat(&[named_record("m", &[("layers", matrix(class, &[1 << 13, 1 << 13], "", &contents))])]);
        let error = read_model_bytes("m.mat", &bytes, &limits).unwrap_err();
        assert!(error.message().contains("takes 4 bytes, 0 are left"), "{error}");
    }
    // Elements without fields take no bytes; there may be many of them.
    let nothing = [element(5, &[32, 0, 0, 0]), element(1, &[])].concat();
    let bytes = mat(&[named_record("m", &[("layers", matrix(2, &[1 << 13, 1 << 13], "", &nothing))])]);
    assert_eq!(read_model_bytes("m.mat", &bytes, &limits).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn bombs_are_refused_before_they_inflate() {
    let zeros = matrix(6, &[1, 20 << 20], "", &element(2, &vec![0; 20 << 20]));
    let bomb = mat(&[compressed(&named_record("m", &[("layers", zeros)]))]);
    let error = read_model_bytes("m.mat", &bomb, &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().starts_with("inflates to 209"), "{error}");
}

#[test]
fn damaged_structs_are_refused() {
    let fields = |length: &[u8], names: &[u8]| {
        let contents = [element(5, length), element(1, names)].concat();
        let bytes = mat(&[matrix(2, &[1, 1], "m", &contents)]);
        read_model_bytes("m.mat", &bytes, &Limits::default()).unwrap_err().message().to_owned()
    };
    assert_eq!(fields(&[0; 4], &[b'a'; 8]), "the length of field names is no positive number");
    assert_eq!(fields(&[], &[b'a'; 8]), "the length of field names is no positive number");
    assert_eq!(fields(&[3, 0, 0, 0], &[b'a'; 8]), "8 bytes of field names do not divide by 3");
    assert_eq!(fields(&[0xff; 4], &[b'a'; 8]), "8 bytes of field names do not divide by 4294967295");
    assert_eq!(fields(&[4, 0, 0, 0], b"abc\0abc\0"), "two fields are named 'abc'");
    assert_eq!(fields(&[4, 0, 0, 0], b"abc\0\0\0\0\0"), "the field name '' is empty or not text");
    let extra = mat(&[matrix(1, &[1, 0], "m", &matrix(6, &[0, 0], "", &element(9, &[])))]);
    let error = read_model_bytes("m.mat", &extra, &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "m.mat[m]: byte 56: 56 bytes follow the contents");
}
