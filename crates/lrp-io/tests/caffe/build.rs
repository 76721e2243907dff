//! Descriptions and weights in pieces, as Caffe would write them.

use std::path::PathBuf;

use lrp_io::{Caffe, CaffeNetwork, Limits, Result, Source};
use ndarray::{ArrayD, IxDyn};

/// A description with the input `x`, one sample of which has this shape.
pub(crate) fn with_input(sample: &[usize], layers: &str) -> String {
    let sizes: String = sample.iter().map(|size| format!(" dim: {size}")).collect();
    format!("input: 'x'\ninput_shape {{ dim: 1{sizes} }}\n{layers}")
}

/// Weights 1, 2, 3 and so on, for each blob anew.
pub(crate) fn counting(shape: &[usize]) -> ArrayD<f64> {
    let count = shape.iter().product::<usize>();
    ArrayD::from_shape_vec(IxDyn(shape), (1..=count).map(|number| number as f64).collect()).unwrap()
}

/// A network whose weights count.
pub(crate) fn counted(text: &str) -> Result<CaffeNetwork> {
    Caffe::parse(&text.as_bytes().into(), &Limits::default())?.filled(&counting)
}

/// A network with the weights of a file.
pub(crate) fn weighted(text: &str, weights: &[u8]) -> Result<CaffeNetwork> {
    let source = Source::from(text.as_bytes()).with_weights(weights.to_vec());
    Caffe::parse(&source, &Limits::default())?.read()
}

/// What a network makes of one sample: its shape and numbers.
pub(crate) fn run(network: &CaffeNetwork, sample: &[usize], values: &[f64]) -> (Vec<usize>, Vec<f64>) {
    let input = ArrayD::from_shape_vec([&[1], sample].concat(), values.to_vec()).unwrap();
    let output = network.network.forward(&input).unwrap();
    (output.shape()[1..].to_vec(), output.into_iter().collect())
}

/// A file among the fixtures.
pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/caffe/models");
    std::fs::read(folder.join(name)).unwrap()
}

pub(crate) fn fixture_text(name: &str) -> String {
    String::from_utf8(fixture(name)).unwrap()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// A field that holds bytes.
pub(crate) fn field(number: u64, bytes: &[u8]) -> Vec<u8> {
    [varint(number << 3 | 2), varint(bytes.len() as u64), bytes.to_vec()].concat()
}

/// A blob in floats, with a shape as later files have it.
pub(crate) fn blob(shape: &[u64], values: &[f32]) -> Vec<u8> {
    let axes: Vec<u8> = shape.iter().flat_map(|&axis| varint(axis)).collect();
    [field(7, &field(1, &axes)), floats(values)].concat()
}

/// A blob in floats, with four axes as old files have it.
pub(crate) fn old_blob(shape: [u64; 4], values: &[f32]) -> Vec<u8> {
    let axis = |(number, axis): (u64, u64)| [varint(number << 3), varint(axis)].concat();
    [(1..).zip(shape).flat_map(axis).collect(), floats(values)].concat()
}

/// A blob in doubles.
pub(crate) fn double_blob(shape: &[u64], values: &[f64]) -> Vec<u8> {
    let axes: Vec<u8> = shape.iter().flat_map(|&axis| varint(axis)).collect();
    let numbers: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [field(7, &field(1, &axes)), field(8, &numbers)].concat()
}

fn floats(values: &[f32]) -> Vec<u8> {
    field(5, &values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>())
}

/// The version of a layer in a file of weights.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Version {
    First,
    Second,
    Third,
}

/// A layer with its blobs, as a field of a network.
pub(crate) fn layer(version: Version, name: &str, blobs: &[Vec<u8>]) -> Vec<u8> {
    let parts = |name_at: u64, blobs_at: u64| {
        let blobs = blobs.iter().map(|blob| field(blobs_at, blob));
        std::iter::once(field(name_at, name.as_bytes())).chain(blobs).collect::<Vec<_>>().concat()
    };
    match version {
        Version::First => field(2, &field(1, &parts(1, 50))),
        Version::Second => field(2, &parts(4, 6)),
        Version::Third => field(100, &parts(1, 7)),
    }
}
