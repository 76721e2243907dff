//! The conformance cases of ONNX: exports of PyTorch with an input and the output that belongs to it.

use std::fs;
use std::path::{Path, PathBuf};

use lrp_io::{Limits, Onnx, Source};
use ndarray::{ArrayD, IxDyn};
use prost::Message;

use crate::common::shared;
use crate::proto;

/// The array in a `.pb` file.
fn stored(path: &Path) -> ArrayD<f64> {
    let tensor = proto::Tensor::decode(fs::read(path).unwrap().as_slice()).unwrap();
    let raw = tensor.raw_data.unwrap_or_default();
    let values: Vec<f64> = match tensor.data_type {
        1 if raw.is_empty() => tensor.float_data.iter().map(|&x| f64::from(x)).collect(),
        1 => raw.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap()))).collect(),
        6 if raw.is_empty() => tensor.int32_data.iter().map(|&x| f64::from(x)).collect(),
        6 => raw.chunks_exact(4).map(|b| f64::from(i32::from_le_bytes(b.try_into().unwrap()))).collect(),
        7 => raw.chunks_exact(8).map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64).collect(),
        11 => raw.chunks_exact(8).map(|b| f64::from_le_bytes(b.try_into().unwrap())).collect(),
        other => panic!("{}: type {other}", path.display()),
    };
    let shape: Vec<usize> = tensor.dims.iter().map(|&size| usize::try_from(size).unwrap()).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), values).unwrap()
}

/// Reads and runs one case; all inputs but the first are given as constants.
fn run(case: &Path) -> Result<(), String> {
    let limits = Limits::default();
    let path = case.join("model.onnx");
    let source = Source::from(fs::read(&path).unwrap()).beside(&path);
    let mut onnx = Onnx::parse(&source, &limits).map_err(|error| error.to_string())?;
    let names: Vec<String> = onnx.inputs().into_iter().map(str::to_owned).collect();
    let data = case.join("test_data_set_0");
    for (index, name) in names.iter().enumerate().skip(1) {
        onnx = onnx.with_input(name, stored(&data.join(format!("input_{index}.pb"))));
    }
    let network = onnx.network().map_err(|error| error.to_string())?;
    let output = network.forward(&stored(&data.join("input_0.pb"))).map_err(|error| error.to_string())?;
    let expected = stored(&data.join("output_0.pb"));
    if output.shape() != expected.shape() {
        return Err(format!("shape {:?}, expected {:?}", output.shape(), expected.shape()));
    }
    let worst = output.iter().zip(&expected).map(|(a, b)| (a - b).abs() / (1e-5 + 1e-3 * b.abs()));
    match worst.fold(0.0, f64::max) {
        worst if worst <= 1.0 => Ok(()),
        worst => Err(format!("off by {worst} times what is allowed")),
    }
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// How many of the cases agree; says why others do not.
fn agreeing(cases: &[PathBuf]) -> usize {
    let agrees = |case: &&PathBuf| {
        let outcome = run(case);
        if let Err(reason) = &outcome {
            println!("{}: {reason}", case.file_name().unwrap().display());
        }
        outcome.is_ok()
    };
    let passed = cases.iter().filter(agrees).count();
    println!("{passed} of {} agree", cases.len());
    passed
}

#[test]
fn a_part_of_what_pytorch_exported() {
    let mut cases = cases(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/golden/onnx"));
    cases.retain(|case| case.is_dir());
    assert_eq!(cases.len(), 18);
    assert_eq!(agreeing(&cases), 18);
}

#[test]
fn all_that_pytorch_exported() {
    let Some(suite) = shared("data/onnx-suite") else { return };
    let parts = ["pytorch-converted", "pytorch-operator"];
    let cases: Vec<_> = parts.iter().flat_map(|part| cases(&suite.join(part))).collect();
    assert!(agreeing(&cases) >= 70);
}
