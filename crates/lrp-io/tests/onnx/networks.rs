//! Whole networks of other systems, with what they computed.

use std::path::Path;

use lrp_io::{Limits, read_array, read_model, read_named_array};

use crate::common::shared;

/// The largest difference between what a model computes and what is stored, as a part of the largest value.
fn difference(model: &Path, input: &Path, expected: &ndarray::ArrayD<f64>) -> f64 {
    let limits = Limits::default();
    let network = read_model(model, &limits).unwrap();
    let output = network.forward(&read_array(input, &limits).unwrap().values).unwrap();
    assert_eq!(output.shape(), expected.shape());
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let worst = output.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    println!("{}: off by {:e}", model.display(), worst / largest);
    worst / largest
}

#[test]
fn networks_of_zennit() {
    let Some(folder) = shared("reference/zennit") else { return };
    for net in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        let expected = net.join("expected.npz");
        if !expected.exists() {
            continue;
        }
        let expected = read_named_array(expected, "output", &Limits::default()).unwrap().values;
        let off = difference(&net.join("model.onnx"), &net.join("input.npy"), &expected);
        // One of them divides by a root of two that f32 has rounded.
        assert!(off < 1e-8, "{}", net.display());
    }
}

#[test]
fn squeezenet_and_small_ones() {
    let cases = [
        ("data/squeezenet/squeezenet1.1.onnx", "squeezenet_coffee", 967),
        ("data/squeezenet/squeezenet1.1.onnx", "squeezenet_chelsea", 281),
        ("data/ccexam/mnist.onnx", "mnist_7", 7),
        ("data/face-expression/face_expression.onnx", "face_expression_astronaut", 1),
    ];
    for (model, name, class) in cases {
        let (Some(model), Some(folder)) = (shared(model), shared("data/squeezenet")) else { return };
        let limits = Limits::default();
        let expected = read_array(folder.join(format!("{name}.out0.npy")), &limits).unwrap().values;
        assert!(difference(&model, &folder.join(format!("{name}.in.npy")), &expected) < 1e-5);
        let best = expected.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap().0;
        assert_eq!(best, class, "{name}");
    }
}

#[test]
fn all_of_ccexam() {
    let Some(folder) = shared("data/ccexam") else { return };
    for (name, sample) in [("mnist", [1, 28, 28]), ("usps", [1, 16, 16]), ("svhn", [3, 32, 32])] {
        let network = read_model(folder.join(format!("{name}.onnx")), &Limits::default()).unwrap();
        let shapes = network.shapes(&[5, sample[0], sample[1], sample[2]]).unwrap();
        assert_eq!(shapes.last().unwrap(), &[5, 10]);
    }
}

#[test]
fn light_architectures() {
    let Some(folder) = shared("data/onnx-suite/light") else { return };
    let mut models: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    models.retain(|path| path.extension().is_some_and(|extension| extension == "onnx"));
    models.sort();
    for path in models {
        let network = read_model(&path, &Limits::default()).unwrap();
        let shapes = network.shapes(&[2, 3, 224, 224]).unwrap();
        println!("{}: {} nodes", path.display(), network.nodes().len());
        assert_eq!(shapes.last().unwrap()[..2], [2, 1000]);
    }
}
