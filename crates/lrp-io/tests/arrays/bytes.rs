//! Files built byte by byte, and the questions the tests ask of the readers.

use std::io::Write;

use flate2::{Compression, write::ZlibEncoder};
use lrp_io::{Array, Error, ErrorKind, Limits, read_array_bytes};

pub(crate) fn read(name: &str, bytes: &[u8]) -> Array {
    read_array_bytes(name, bytes, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn error(name: &str, bytes: &[u8]) -> Error {
    error_within(name, bytes, &Limits::default())
}

pub(crate) fn error_within(name: &str, bytes: &[u8], limits: &Limits) -> Error {
    let error = read_array_bytes(name, bytes, limits).expect_err(name);
    let line = error.to_string();
    assert!(line.starts_with(name) && !line.contains('\n'), "{line:?}");
    assert!(line.len() < 400, "{line:?}");
    error
}

/// Asserts the whole error line and its kind.
#[track_caller]
pub(crate) fn refused(name: &str, bytes: &[u8], kind: ErrorKind, line: &str) {
    let error = error(name, bytes);
    assert_eq!(error.to_string(), line);
    assert_eq!(error.kind(), kind, "{line}");
}

/// A version 1 `.npy` file with the header as given.
pub(crate) fn npy_with(header: &str, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(header.len()).unwrap().to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), payload].concat()
}

pub(crate) fn npy(descr: &str, fortran: bool, shape: &str, payload: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    npy_with(&format!("{{'descr': '{descr}', 'fortran_order': {fortran}, 'shape': {shape}, }}\n"), payload)
}

/// A long element of a level 5 MAT file, padded.
pub(crate) fn element(kind: u32, payload: &[u8]) -> Vec<u8> {
    let mut bytes = [kind.to_le_bytes(), (payload.len() as u32).to_le_bytes()].concat();
    bytes.extend(payload);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes
}

pub(crate) fn matrix(class: u8, dims: &[i32], name: &str, numbers: &[u8]) -> Vec<u8> {
    let dims: Vec<u8> = dims.iter().flat_map(|axis| axis.to_le_bytes()).collect();
    let flags = [class, 0, 0, 0, 0, 0, 0, 0];
    element(
        14,
        &[element(6, &flags), element(5, &dims), element(1, name.as_bytes()), numbers.to_vec()].concat(),
    )
}

pub(crate) fn compressed(element: &[u8]) -> Vec<u8> {
    let payload = zlib(element);
    [&15u32.to_le_bytes(), &(payload.len() as u32).to_le_bytes()[..], &payload].concat()
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn mat(elements: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"MATLAB 5.0 MAT-file, Platform: test".to_vec();
    bytes.resize(124, b' ');
    bytes.extend(b"\x00\x01IM");
    bytes.extend(elements.concat());
    bytes
}

pub(crate) fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
