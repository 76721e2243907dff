//! Single layers, forward and transposed: `cargo bench -p lrp-core --bench layers`.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use lrp_core::{Channels, Convolution, Linear, MaxPool, Network, Op, Result, Tensor, Window};
use ndarray::{Array1, Array2, ArrayD};

/// A layer by name, and the shape of its input.
type Row = (&'static str, fn() -> Result<Op<f32>>, &'static [usize]);

const LAYERS: &[Row] = &[
    ("conv3x3-64-64@56", || convolution(3, 64, 64, 1), &[1, 64, 56, 56]),
    ("conv1x1-256-64@28", || convolution(1, 256, 64, 1), &[1, 256, 28, 28]),
    ("depthwise3x3-64@28", || convolution(3, 64, 64, 64), &[1, 64, 28, 28]),
    ("maxpool2-64@56", || pool(2), &[1, 64, 56, 56]),
    ("dense-4096-1000", || dense(4096, 1000), &[1, 4096]),
    ("dense-4096-1000, 8 at once", || dense(4096, 1000), &[8, 4096]),
];

fn convolution(kernel: usize, inputs: usize, outputs: usize, groups: usize) -> Result<Op<f32>> {
    let filters = waves(&[kernel, kernel, inputs / groups, outputs]);
    let window = Window::new(&[kernel; 2]).padded(&[[kernel / 2; 2]; 2]);
    Ok(Convolution::with_window(filters, Array1::zeros(outputs), window, groups, Channels::First)?.into())
}

fn pool(size: usize) -> Result<Op<f32>> {
    Ok(MaxPool::new(Window::new(&[size; 2]).strided(&[size; 2]), Channels::First)?.into())
}

fn dense(inputs: usize, outputs: usize) -> Result<Op<f32>> {
    let weights = Array2::from_shape_fn((inputs, outputs), |(i, j)| ((i * outputs + j) as f32).sin());
    Ok(Linear::new(weights, Array1::zeros(outputs))?.into())
}

/// Numbers of both signs without a pattern that matters.
fn waves(shape: &[usize]) -> Tensor<f32> {
    let mut index = 0.0_f32;
    ArrayD::from_shape_simple_fn(shape, || {
        index += 1.0;
        index.sin()
    })
}

fn layers(criterion: &mut Criterion) {
    for (name, layer, shape) in LAYERS {
        let network = layer().and_then(|layer| Network::sequential([layer])).expect("the table fits itself");
        let input = waves(shape);
        criterion.bench_function(&format!("{name}/forward"), |bencher| {
            bencher.iter(|| black_box(network.forward(&input)));
        });
        let trace = network.trace(&input).expect("the table fits itself");
        criterion.bench_function(&format!("{name}/transposed"), |bencher| {
            bencher.iter(|| black_box(trace.gradient(network.output(), trace.output())));
        });
    }
}

fn main() {
    let (warm_up, seconds) = (Duration::from_millis(500), Duration::from_secs(2));
    let criterion = Criterion::default().sample_size(20).warm_up_time(warm_up).measurement_time(seconds);
    let mut criterion = criterion.configure_from_args();
    layers(&mut criterion);
    criterion.final_summary();
}
