//! Weights beside the file: read from the model's own folder and from nowhere else.

use std::fs;
use std::path::Path;

use lrp_io::{Limits, Result, read_model, read_model_bytes};
use ndarray::arr2;

use crate::build::{bytes, model, node};
use crate::proto::{Entry, Model, Tensor};

fn entries(pairs: &[(&str, &str)]) -> Vec<Entry> {
    pairs.iter().map(|(key, value)| Entry { key: (*key).into(), value: (*value).into() }).collect()
}

/// `y = x · w`, with the two numbers of `w` where the entries say.
fn pointing(pairs: &[(&str, &str)]) -> Model {
    let w = Tensor {
        dims: vec![2],
        data_type: 1,
        name: "w".into(),
        external_data: entries(pairs),
        data_location: 1,
        ..Tensor::default()
    };
    model(&[2], vec![w], vec![node("Mul", &["x", "w"], &["y"], vec![])])
}

/// Reads the model from a folder with 12 bytes of weights, one below it and one beside it.
fn read(folder: &Path, pairs: &[(&str, &str)]) -> Result<Vec<f64>> {
    let path = folder.join("m.onnx");
    fs::write(&path, bytes(&pointing(pairs))).unwrap();
    let network = read_model(&path, &Limits::default())?;
    Ok(network.forward(&arr2(&[[1.0, 1.0]]).into_dyn()).unwrap().into_iter().collect())
}

fn with_folders(check: impl Fn(&Path, &Path)) {
    let outside = tempfile::tempdir().unwrap();
    let folder = outside.path().join("model");
    fs::create_dir_all(folder.join("part")).unwrap();
    let weights: Vec<u8> = [1.0_f32, 2.0, 3.0].iter().flat_map(|value| value.to_le_bytes()).collect();
    for place in [folder.join("w.bin"), folder.join("part/w.bin"), outside.path().join("secret.bin")] {
        fs::write(place, &weights).unwrap();
    }
    check(&folder, outside.path());
}

#[test]
fn parts_of_files_in_the_folder() {
    with_folders(|folder, _| {
        assert_eq!(read(folder, &[("location", "w.bin"), ("length", "8")]).unwrap(), [1.0, 2.0]);
        assert_eq!(
            read(folder, &[("location", "w.bin"), ("offset", "4"), ("length", "8")]).unwrap(),
            [2.0, 3.0]
        );
        assert_eq!(read(folder, &[("location", "part/w.bin"), ("offset", "4")]).unwrap(), [2.0, 3.0]);
    });
}

#[test]
fn places_outside_of_the_folder() {
    with_folders(|folder, outside| {
        let secret = outside.join("secret.bin");
        let absolute = secret.to_str().unwrap();
        for location in ["../secret.bin", "part/../../secret.bin", "part/..", absolute, "", "..\\secret.bin"]
        {
            let error = read(folder, &[("location", location)]).unwrap_err().to_string();
            assert!(error.contains("which is not a plain path below the model's folder"), "{error}");
        }
        let error = read(folder, &[("location", "nothing.bin")]).unwrap_err().to_string();
        assert!(error.contains("which is not there"), "{error}");
        let error = read(folder, &[("location", "part")]).unwrap_err().to_string();
        assert!(error.contains("is a directory, not a file"), "{error}");
    });
}

#[cfg(unix)]
#[test]
fn links_that_lead_out() {
    with_folders(|folder, outside| {
        std::os::unix::fs::symlink(outside.join("secret.bin"), folder.join("link.bin")).unwrap();
        std::os::unix::fs::symlink(outside, folder.join("out")).unwrap();
        std::os::unix::fs::symlink(folder.join("w.bin"), folder.join("inside.bin")).unwrap();
        for location in ["link.bin", "out/secret.bin"] {
            let error = read(folder, &[("location", location)]).unwrap_err().to_string();
            assert!(error.contains("which leads out of the model's folder"), "{error}");
        }
        assert_eq!(read(folder, &[("location", "inside.bin")]).unwrap(), [1.0, 2.0]);
    });
}

#[test]
fn lengths_that_lie() {
    with_folders(|folder, _| {
        let huge = u64::MAX.to_string();
        for (offset, length) in
            [("8", "8"), ("0", "4"), ("0", "12"), (huge.as_str(), "8"), ("0", huge.as_str())]
        {
            let pairs = [("location", "w.bin"), ("offset", offset), ("length", length)];
            let error = read(folder, &pairs).unwrap_err().to_string();
            assert!(error.contains("tensor 'w': is ") && error.contains("expected 8"), "{error}");
        }
        for (key, value) in [("offset", "-1"), ("length", "1e3"), ("surprise", "1")] {
            assert!(read(folder, &[("location", "w.bin"), (key, value)]).is_err());
        }
    });
}

#[test]
fn bytes_have_no_folder() {
    let model = pointing(&[("location", "w.bin")]);
    let error = read_model_bytes("m.onnx", &bytes(&model), &Limits::default()).unwrap_err().to_string();
    assert!(
        error.ends_with("tensor 'w': is in the file 'w.bin', and no folder is known in which that might be")
    );
}
