//! One network in each version of descriptions and of weights.

use lrp_io::{Array, CaffeNetwork, Limits, read_array_bytes, read_file};
use ndarray::{ArrayD, Axis};

use crate::build::{
    Version, blob, counted, double_blob, fixture, fixture_text, layer, old_blob, run, weighted, with_input,
};
use crate::common::shared;

const THIRD: &str = "
layer { name: 'conv' type: 'Convolution' bottom: 'x' top: 'conv'
  convolution_param { num_output: 2 kernel_size: 2 stride: 1 pad: 1 bias_term: false } }
layer { name: 'pool' type: 'Pooling' bottom: 'conv' top: 'pool' pooling_param { pool: AVE kernel_size: 3 } }
layer { name: 'fc' type: 'InnerProduct' bottom: 'pool' top: 'fc' inner_product_param { num_output: 2 } }
layer { name: 'relu' type: 'ReLU' bottom: 'fc' top: 'fc' }";

const SECOND: &str = "
layers { name: 'conv' type: CONVOLUTION bottom: 'x' top: 'conv' blobs_lr: 1 blobs_lr: 2 weight_decay: 1
  convolution_param { num_output: 2 kernel_size: 2 stride: 1 pad: 1 bias_term: false } }
layers { name: 'pool' type: POOLING bottom: 'conv' top: 'pool' pooling_param { pool: AVE kernel_size: 3 } }
layers { name: 'fc' type: INNER_PRODUCT bottom: 'pool' top: 'fc' inner_product_param { num_output: 2 } }
layers { name: 'relu' type: RELU bottom: 'fc' top: 'fc' }";

const NUMBERED: &str = "
layers { name: 'conv' type: 4 bottom: 'x' top: 'conv'
  convolution_param { num_output: 2 kernel_size: 2 stride: 1 pad: 1 bias_term: false } }
layers { name: 'pool' type: 17 bottom: 'conv' top: 'pool' pooling_param { pool: 1 kernel_size: 3 } }
layers { name: 'fc' type: 14 bottom: 'pool' top: 'fc' inner_product_param { num_output: 2 } }
layers { name: 'relu' type: 18 bottom: 'fc' top: 'fc' }";

const FIRST: &str = "
layers { layer { name: 'pad' type: 'padding' pad: 1 } bottom: 'x' top: 'padded' }
layers { layer { name: 'conv' type: 'conv' num_output: 2 kernelsize: 2 stride: 1 biasterm: false blobs_lr: 1.
  weight_filler { type: 'gaussian' std: 0.01 } } bottom: 'padded' top: 'conv' }
layers { layer { name: 'pool' type: 'pool' pool: AVE kernelsize: 3 } bottom: 'conv' top: 'pool' }
layers { layer { name: 'fc' type: 'innerproduct' num_output: 2 weight_decay: 0 } bottom: 'pool' top: 'fc' }
layers { layer { name: 'relu' type: 'relu' } bottom: 'fc' top: 'fc' }";

const CONV: [f32; 8] = [1.0, 2.0, -3.0, 4.0, -5.0, 6.0, 7.0, -8.0];
const FC: [f32; 4] = [0.5, -1.0, 0.25, 2.0];
const BIAS: [f32; 2] = [0.125, -0.5];

/// Weights in one version, blobs as later or as earlier files have them; and a layer that no description knows.
fn weights(version: Version, old: bool) -> Vec<u8> {
    let blob = |shape: &[u64], axes: [u64; 4], values: &[f32]| match old {
        true => old_blob(axes, values),
        false => blob(shape, values),
    };
    [
        layer(version, "loss", &[blob(&[1], [1, 1, 1, 1], &[7.0])]),
        layer(version, "conv", &[blob(&[2, 1, 2, 2], [2, 1, 2, 2], &CONV)]),
        layer(version, "fc", &[blob(&[2, 2], [1, 1, 2, 2], &FC), blob(&[2], [1, 1, 1, 2], &BIAS)]),
    ]
    .concat()
}

/// Names, kinds and what comes out.
fn signature(network: &CaffeNetwork) -> (Vec<String>, Vec<f64>) {
    let layers = network.layers.iter().map(|layer| format!("{} {}", layer.kind, layer.name)).collect();
    assert_eq!(network.warnings, [] as [String; 0]);
    (layers, run(network, &[1, 2, 2], &[1.0, -2.0, 3.0, 0.5]).1)
}

#[test]
fn all_versions_are_one_network() {
    let expected = weighted(&with_input(&[1, 2, 2], THIRD), &weights(Version::Third, false)).unwrap();
    let expected = signature(&expected);
    // Every weight meets every pixel once: means are (w₁ + … + w₄) · 2.5 / 9.
    let (a, b) = (4.0 * 2.5 / 9.0, 0.0);
    let by_hand = [0.5 * a - b + 0.125, 0.25 * a + 2.0 * b - 0.5_f64];
    assert!(expected.1.iter().zip(by_hand).all(|(found, wanted)| (found - wanted.max(0.0)).abs() < 1e-12));
    for text in [FIRST, SECOND, NUMBERED, THIRD] {
        // The first version has its input behind the layers as often as before them.
        let text = format!("{text}\ninput: 'x' input_dim: [1, 1, 2, 2]");
        for version in [Version::First, Version::Second, Version::Third] {
            for old in [false, true] {
                let network = weighted(&text, &weights(version, old)).unwrap();
                assert_eq!(signature(&network), expected, "{text} {version:?}");
            }
        }
    }
}

#[test]
fn doubles_are_read_to_the_last_bit() {
    let text = with_input(
        &[2],
        "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'fc'
            inner_product_param { num_output: 1 bias_term: false } }",
    );
    let weights = layer(Version::Third, "fc", &[double_blob(&[1, 2], &[0.1, 1e-300])]);
    let network = weighted(&text, &weights).unwrap();
    assert_eq!(run(&network, &[2], &[1.0, 0.0]).1, [0.1]);
    assert_eq!(run(&network, &[2], &[0.0, 1.0]).1, [1e-300]);
}

#[test]
fn padding_takes_the_place_of_a_layer_s_own() {
    let first = FIRST.replace("kernelsize: 2 ", "kernelsize: 2 pad: 7 ");
    let text = with_input(&[1, 2, 2], &first);
    assert_eq!(signature(&weighted(&text, &weights(Version::First, true)).unwrap()).1.len(), 2);
    let (padded, plain) = (counted(&text).unwrap(), counted(&with_input(&[1, 2, 2], THIRD)).unwrap());
    let sample = (&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(run(&padded, sample.0, sample.1), run(&plain, sample.0, sample.1));
}

/// The reference's network, run on an image of its own.
fn lenet(text: &str, weights: &[u8]) -> ArrayD<f64> {
    const IMAGE: &[u8] =
        include_bytes!("../fixtures/caffe/in28__big120x90.jpg__mean_bgr.binaryproto__mode1__base40.npy");
    let Array { values, .. } = read_array_bytes("image.npy", IMAGE, &Limits::default()).unwrap();
    let network = weighted(text, weights).unwrap();
    let names = network.layers.iter().map(|layer| layer.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["conv1", "pool1", "conv2", "pool2", "ip1", "relu1", "ip2", "prob"]);
    network.network.forward(&values.insert_axis(Axis(0))).unwrap()
}

#[test]
fn files_of_the_reference_in_all_versions_give_the_same_bits() {
    let expected = lenet(&fixture_text("lenet28.prototxt"), &fixture("lenet28.caffemodel"));
    assert!((expected.sum() - 1.0).abs() < 1e-12 && expected.len() == 10);
    for text in ["lenet28.prototxt", "lenet28_v1.prototxt", "lenet28_v0.prototxt"] {
        for weights in ["lenet28.caffemodel", "lenet28_v0.caffemodel"] {
            assert_eq!(lenet(&fixture_text(text), &fixture(weights)), expected, "{text} {weights}");
        }
    }
}

#[cfg(feature = "hdf5")]
#[test]
fn weights_of_the_reference_as_hdf5_give_the_same_bits() {
    let text = fixture_text("lenet28.prototxt");
    let expected = lenet(&text, &fixture("lenet28.caffemodel"));
    assert_eq!(lenet(&text, &fixture("lenet28.caffemodel.h5")), expected);
}

#[test]
fn larger_files_of_the_reference_give_the_same_bits() {
    let text = fixture_text("lenet28.prototxt");
    let expected = lenet(&text, &fixture("lenet28.caffemodel"));
    for name in ["lenet28_v1.caffemodel", "lenet28_double.caffemodel"] {
        let Some(path) = shared(&format!("reference/caffe/models/{name}")) else { return };
        assert_eq!(lenet(&text, &read_file(path, &Limits::default()).unwrap()), expected, "{name}");
    }
}
