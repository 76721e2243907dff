//! A block of a residual network, next to the same one made of layers by hand.

use lrp_core::{Add, Channels, Convolution, Network, NetworkBuilder, Rect, Scaling, Value, Window};
use ndarray::{Array1, ArrayD, IxDyn};

use crate::build::{Version, blob, layer, weighted, with_input};

const LAYERS: &str = "
layer { name: 'conv1' type: 'Convolution' bottom: 'x' top: 'conv1'
  convolution_param { num_output: 2 kernel_size: 3 pad: 1 bias_term: false } }
layer { name: 'bn1' type: 'BatchNorm' bottom: 'conv1' top: 'conv1'
  batch_norm_param { use_global_stats: true eps: 0.25 } }
layer { name: 'scale1' type: 'Scale' bottom: 'conv1' top: 'conv1' scale_param { bias_term: true } }
layer { name: 'relu1' type: 'ReLU' bottom: 'conv1' top: 'conv1' }
layer { name: 'conv2' type: 'Convolution' bottom: 'conv1' top: 'conv2'
  convolution_param { num_output: 2 kernel_size: 1 bias_term: false } }
layer { name: 'sum' type: 'Eltwise' bottom: 'x' bottom: 'conv2' top: 'sum' eltwise_param { operation: SUM } }
layer { name: 'relu2' type: 'ReLU' bottom: 'sum' top: 'sum' }
";

/// Numbers around zero that are exact in f32.
fn numbers(count: usize, step: usize) -> Vec<f32> {
    (0..count).map(|place| (place * step % 17) as f32 / 8.0 - 1.0).collect()
}

fn weights() -> Vec<u8> {
    [
        layer(Version::Third, "conv1", &[blob(&[2, 2, 3, 3], &numbers(36, 5))]),
        // Sums over two batches, as the third blob says: means 0.5 and -1, variances 0.75 and 2.
        layer(
            Version::Third,
            "bn1",
            &[blob(&[2], &[1.0, -2.0]), blob(&[2], &[1.5, 4.0]), blob(&[1], &[2.0])],
        ),
        layer(Version::Third, "scale1", &[blob(&[2], &[2.0, -3.0]), blob(&[2], &[0.5, 1.0])]),
        layer(Version::Third, "conv2", &[blob(&[2, 2, 1, 1], &[1.0, -0.5, 0.25, 2.0])]),
    ]
    .concat()
}

fn filters(outputs: usize, kernel: usize, values: &[f32]) -> ArrayD<f64> {
    let values = values.iter().copied().map(f64::from).collect();
    let filters = ArrayD::from_shape_vec(IxDyn(&[outputs, 2, kernel, kernel]), values).unwrap();
    filters.permuted_axes(vec![2, 3, 1, 0]).as_standard_layout().into_owned()
}

fn by_hand() -> Network<f64> {
    let convolution = |kernel: usize, pad: usize, values: &[f32]| {
        let window = Window::new(&[kernel, kernel]).padded(&[[pad, pad]; 2]);
        Convolution::with_window(filters(2, kernel, values), Array1::zeros(2), window, 1, Channels::First)
    };
    let channels = |values: [f64; 2]| ArrayD::from_shape_vec(IxDyn(&[2, 1, 1]), values.to_vec()).unwrap();
    let mut builder = NetworkBuilder::new();
    let conv1 = builder.add("conv1", convolution(3, 1, &numbers(36, 5)).unwrap(), &[Value::INPUT]);
    // The roots of 0.75 and 2 with 0.25 more are 1 and 1.5.
    let normalized = Scaling::new(channels([1.0, 1.0 / 1.5]), channels([-0.5, 1.0 / 1.5]));
    let normalized = builder.add("bn1", normalized, &[conv1]);
    let scaled = Scaling::new(channels([2.0, -3.0]), channels([0.5, 1.0]));
    let scaled = builder.add("scale1", scaled, &[normalized]);
    let rectified = builder.add("relu1", Rect, &[scaled]);
    let conv2 = builder.add("conv2", convolution(1, 0, &[1.0, -0.5, 0.25, 2.0]).unwrap(), &[rectified]);
    let sum = builder.add("sum", Add, &[Value::INPUT, conv2]);
    builder.add("relu2", Rect, &[sum]);
    builder.build().unwrap()
}

#[test]
fn a_block_of_layers_that_the_original_never_had() {
    let read = weighted(&with_input(&[2, 4, 4], LAYERS), &weights()).unwrap();
    let by_hand = by_hand();
    let names = |network: &Network<f64>| -> Vec<_> {
        network
            .nodes()
            .iter()
            .map(|node| (node.name().to_owned(), node.kind(), node.inputs().to_vec()))
            .collect()
    };
    assert_eq!(names(&read.network), names(&by_hand));
    let input = numbers(64, 3).into_iter().map(f64::from).collect();
    let input = ArrayD::from_shape_vec(IxDyn(&[2, 2, 4, 4]), input).unwrap();
    let (ours, expected) = (read.network.forward(&input).unwrap(), by_hand.forward(&input).unwrap());
    assert!((&ours - &expected).iter().all(|difference| difference.abs() < 1e-12));
    assert!(expected.iter().any(|&value| value > 1.0));
}
