//! Every instruction set of this processor, not only the best, computes what the naive kernels do.

use ndarray::Array;

use super::Geometry;
use super::convolution::Direction;
use super::direct::Pass;
use super::simd::{AT_MOST, Instructions};
use super::unrolled::Unrolled;
use crate::layers::{Convolution, Linear, MaxPool, Op, Rect, SumPool};
use crate::tensor::Float;
use crate::window::{Channels, Window};
use crate::{Kernels, Network, Tensor};

/// Numbers between −1 and 1 in no order, few of them round.
fn numbers<T: Float>(shape: &[usize], seed: usize) -> Tensor<T> {
    let count = shape.iter().product::<usize>();
    let number = |i: usize| T::of(((i + seed) as f64 * 0.618_033_988_7).fract() * 2.0 - 1.0);
    Array::from_shape_vec(shape, (0..count).map(number).collect()).expect("one number a place")
}

/// Small enough to stay on this thread: transformed and direct convolutions, pools, dense layers.
fn network<T: Float>() -> Network<T> {
    let window = |size: usize, stride: usize, padding: usize| {
        Window::new(&[size; 2]).strided(&[stride; 2]).padded(&[[padding; 2]; 2])
    };
    let convolution = |[size, inputs, outputs]: [usize; 3], stride, padding| -> Op<T> {
        let filters = numbers(&[size, size, inputs, outputs], size + outputs);
        let bias = numbers(&[outputs], 7).into_dimensionality().expect("one axis");
        let window = window(size, stride, padding);
        Convolution::with_window(filters, bias, window, 1, Channels::First).expect("they fit").into()
    };
    let dense = |inputs: usize, outputs: usize| -> Op<T> {
        let weights = numbers(&[inputs, outputs], 3).into_dimensionality().expect("two axes");
        let bias = numbers(&[outputs], 5).into_dimensionality().expect("one axis");
        Linear::new(weights, bias).expect("they fit").into()
    };
    let layers: [Op<T>; 10] = [
        convolution([5, 3, 17], 2, 1),
        Rect.into(),
        convolution([3, 17, 18], 1, 1),
        Rect.into(),
        MaxPool::new(window(2, 2, 0), Channels::First).expect("a plain window").into(),
        convolution([3, 18, 5], 1, 0),
        SumPool::new(window(3, 2, 0), Channels::First).expect("a plain window").into(),
        crate::Flatten::default().into(),
        dense(20, 37),
        dense(37, 3),
    ];
    Network::sequential(layers).expect("every weight is finite")
}

/// A layer over `size` × `size` places, read by windows of `kernel` × `kernel`.
fn pays(size: usize, kernel: usize, padding: usize, channels: [usize; 2], direction: Direction) -> bool {
    let plane = |size| [1, size, size];
    let geometry = Geometry {
        input: plane(size),
        output: plane(size + 2 * padding + 1 - kernel),
        kernel: plane(kernel),
        stride: [1; 3],
        dilation: [1; 3],
        padding: [0, padding, padding],
    };
    let (passes, [read, written]) = match direction {
        Direction::Forward => (vec![Pass::forward(&geometry)], channels),
        Direction::Transposed => (Pass::transposed(&geometry), [channels[1], channels[0]]),
    };
    Unrolled::new(&geometry, direction).pays(&passes, read, written)
}

#[test]
fn windows_are_gathered_where_few_positions_are_read() {
    for direction in [Direction::Forward, Direction::Transposed] {
        assert!(pays(5, 4, 0, [25, 100], direction));
        assert!(pays(7, 7, 0, [64, 128], direction));
        assert!(!pays(14, 3, 1, [512, 512], direction));
        assert!(!pays(28, 5, 0, [1, 10], direction));
        // A window a channel would be moved for a single product.
        assert!(!pays(5, 5, 0, [1, 1], direction));
    }
}

fn check<T: Float>(instructions: Instructions, tolerance: f64) {
    let input = numbers(&[2, 3, 29, 29], 1);
    let run = |kernels| {
        let network = network::<T>().with_kernels(kernels);
        let trace = network.trace(&input).expect("it fits");
        [trace.output().clone(), trace.gradient(network.output(), trace.output())]
    };
    let expected = run(Kernels::Naive);
    AT_MOST.set(Some(instructions));
    let found = [run(Kernels::Exact), run(Kernels::Fast)];
    AT_MOST.set(None);
    for (found, expected) in found.iter().flat_map(|found| found.iter().zip(&expected)) {
        let size = expected.iter().fold(0.0_f64, |size, value| size.max(value.as_f64().abs()));
        let worst = found.iter().zip(expected).map(|(a, b)| (a.as_f64() - b.as_f64()).abs());
        let worst = worst.fold(0.0_f64, f64::max) / size;
        assert!(worst <= tolerance, "{instructions:?} {}: {worst:e} of the largest value", T::NAME);
    }
}

#[test]
fn every_instruction_set_agrees_with_the_formulas() {
    let mut sets = vec![Instructions::Portable];
    #[cfg(target_arch = "x86_64")]
    sets.extend([Instructions::Avx2, Instructions::Avx512]);
    for set in sets.into_iter().filter(|&set| set <= Instructions::best()) {
        check::<f32>(set, 1e-5);
        check::<f64>(set, 1e-13);
    }
}
