//! Architectures are read from TOML, or refused in one line.

use lrp_core::{Float, Kind, Network};
use lrp_train::{ARCHITECTURES, Architecture};

fn named(name: &str) -> Architecture {
    let (_, text) = ARCHITECTURES.iter().find(|(known, _)| *known == name).expect("a known name");
    Architecture::parse(text).expect("a sound architecture")
}

fn refusal(text: &str, sample: &[usize]) -> String {
    let error = match Architecture::parse(text) {
        Err(error) => error,
        Ok(architecture) => architecture.build::<f32>(sample, 0).expect_err("cannot be built"),
    };
    assert!(!error.to_string().contains('\n'), "{error}");
    error.to_string()
}

/// Tables get a row for each word; the row of padding is zero.
#[test]
fn readers_of_texts_are_as_large_as_their_vocabulary() {
    for (name, filters, classes) in [("text-r8", 96, 8), ("text-movies", 64, 2)] {
        let architecture = named(name);
        let error = architecture.build::<f32>(&[206], 0).expect_err("no vocabulary").to_string();
        assert!(error.starts_with("layer 1: does not say how many entries it has"), "{error}");
        let network = architecture.for_vocabulary(100).build::<f32>(&[206], 0).expect(name);
        let parameters: usize = network.nodes().iter().map(|node| node.op().parameters()).sum();
        assert_eq!(parameters, 100 * 32 + 3 * 32 * filters + filters + (filters + 1) * classes, "{name}");
        let table = network.nodes()[0].op().weights_and_bias().expect("a table").weights.to_owned();
        assert!(table.index_axis(ndarray::Axis(0), 0).iter().all(|&value| value == 0.0));
        assert!(table.index_axis(ndarray::Axis(0), 1).iter().all(|&value| value != 0.0));
    }
    let none = "layer = [{ kind = 'embedding', entries = 2, width = 2, padding = 2 }]";
    assert_eq!(refusal(none, &[3]), "layer 1: padding is entry 2 of 2");
}

#[test]
fn named_ones_are_those_of_the_toolbox() {
    let parameters =
        |network: &Network<f32>| network.nodes().iter().map(|node| node.op().parameters()).sum::<usize>();
    let table: [(&str, &[usize], usize, usize); 4] = [
        ("xor", &[2], 10, 2 * 3 + 3 + 3 * 15 + 15 + 15 * 15 + 15 + 15 * 3 + 3 + 3 * 2 + 2),
        ("mnist-mlp", &[784], 9, 785 * 1296 + 2 * 1297 * 1296 + 1297 * 10),
        ("lenet5-sumpool", &[32, 32, 1], 11, 260 + 6275 + 40_100 + 1010),
        ("lenet5-maxpool", &[32, 32, 1], 12, 260 + 6275 + 40_100 + 1010),
    ];
    for (name, sample, layers, weights) in table {
        let network = named(name).build::<f32>(sample, 0).expect(name);
        assert_eq!((network.nodes().len(), parameters(&network)), (layers, weights), "{name}");
    }
    assert_eq!(
        named("lenet5-maxpool").build::<f32>(&[32, 32, 1], 0).unwrap().nodes()[11].kind(),
        Kind::SoftMax
    );
    assert_eq!(named("lenet5-sumpool").training.batch_size, 128);
}

/// 1 / √fan-in is the deviation; with 784 · 1296 numbers it is seen to three digits.
#[test]
fn first_weights_are_normal_and_biases_zero() {
    let network = named("mnist-mlp").build::<f64>(&[784], 1).expect("a network");
    let learned = network.nodes()[1].op().weights_and_bias().expect("weights");
    let mean = learned.weights.mean().unwrap() * 28.0;
    let variance = learned.weights.mapv(|w| w * w).mean().unwrap() * 784.0;
    let fourth = learned.weights.mapv(|w| w.powi(4)).mean().unwrap() * 784.0 * 784.0;
    assert!(mean.abs() < 0.005 && (variance - 1.0).abs() < 0.01 && (fourth - 3.0).abs() < 0.05);
    assert!(learned.bias.iter().all(|&b| b == 0.0));
}

#[test]
fn first_weights_depend_on_the_seed_alone() {
    fn first<T: Float>(seed: u64) -> f64 {
        let network = named("xor").build::<T>(&[2], seed).expect("a network");
        network.nodes()[0].op().weights_and_bias().expect("weights").weights[[0, 0]].as_f64()
    }
    assert_eq!(first::<f64>(5), first::<f64>(5));
    assert_ne!(first::<f64>(5), first::<f64>(6));
    assert!((first::<f64>(5) - first::<f32>(5)).abs() < 1e-6);
}

#[test]
fn what_cannot_be_read_or_built_is_one_line() {
    let table: [(&str, &[usize], &str); 10] = [
        ("layer = [", &[2], "line 1"),
        ("about = 'x'", &[2], "missing field `layer`"),
        ("layer = []", &[2], "at least one layer"),
        ("layer = [{ kind = 'dropout' }]", &[2], "unknown variant `dropout`"),
        ("layer = [{ kind = 'linear', units = 2, bias = false }]", &[2], "unknown field `bias`"),
        ("layer = [{ kind = 'linear', units = -2 }]", &[2], "-2"),
        ("layer = [{ kind = 'linear', units = 0 }]", &[2], "layer 1: weights of shape [2, 0]"),
        ("layer = [{ kind = 'linear', units = 4611686018427387904 }]", &[2], "allowed are 1 to 134217728"),
        ("layer = [{ kind = 'linear', units = 2 }, { kind = 'maxpool', size = [2, 2] }]", &[2], "layer 2: "),
        ("layer = [{ kind = 'rect' }]\n[training]\nmomentum = 1", &[2], "line 3: unknown field `momentum`"),
    ];
    for (text, sample, expected) in table {
        let message = refusal(text, sample);
        assert!(message.contains(expected), "{text}: {message}");
    }
}

#[test]
fn what_is_known_beside_the_weights_is_handed_on() {
    let text = "about = 'a net'\nclasses = ['no', 'yes']\nlayer = [{ kind = 'rect' }]\n[input]\nscale = 2.5\nshape = [3]\n";
    let sidecar = Architecture::parse(text).expect("an architecture").sidecar();
    let known = Architecture::parse(&format!("layer = [{{ kind = 'rect' }}]\n{sidecar}")).expect("a sidecar");
    assert_eq!(known, Architecture::parse(text).unwrap());
    assert_eq!(Architecture::parse("layer = [{ kind = 'rect' }]").unwrap().sidecar(), "");
}
