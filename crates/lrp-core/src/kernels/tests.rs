//! Every instruction set of this processor, not only the best, computes what the naive kernels do.

use ndarray::Array;

use super::Geometry;
use super::convolution::Direction;
use super::direct::Pass;
use super::memory::Lines;
use super::panels::Along;
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

/// `size` × `size` places, read by windows of `kernel` × `kernel`.
fn geometry(size: usize, kernel: usize, stride: usize, padding: usize) -> Geometry {
    let plane = |size| [1, size, size];
    Geometry {
        input: plane(size),
        output: plane((size + 2 * padding - kernel) / stride + 1),
        kernel: plane(kernel),
        stride: [1, stride, stride],
        dilation: [1; 3],
        padding: [0, padding, padding],
    }
}

fn pays(size: usize, kernel: usize, padding: usize, channels: [usize; 2], direction: Direction) -> bool {
    let geometry = geometry(size, kernel, 1, padding);
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
        // A window a channel would be moved for a single product.
        assert!(!pays(28, 5, 0, [1, 1], direction));
        // Few channels each way: only the way back has sums worth collecting.
        assert_eq!(pays(32, 5, 0, [1, 10], direction), direction == Direction::Transposed);
        assert_eq!(pays(14, 5, 0, [10, 25], direction), direction == Direction::Transposed);
    }
}

fn check<T: Float>(network: &Network<T>, input: &Tensor<T>, tolerance: f64) {
    let run = |kernels| {
        let network = network.clone().with_kernels(kernels);
        let trace = network.trace(input).expect("it fits");
        [trace.output().clone(), trace.gradient(network.output(), trace.output())]
    };
    let expected = run(Kernels::Naive);
    for instructions in instruction_sets() {
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
}

fn instruction_sets() -> impl Iterator<Item = Instructions> {
    let mut sets = vec![Instructions::Portable];
    #[cfg(target_arch = "x86_64")]
    sets.extend([Instructions::Avx2, Instructions::Avx512]);
    sets.into_iter().filter(|&set| set <= Instructions::best())
}

#[test]
fn every_instruction_set_agrees_with_the_formulas() {
    check::<f32>(&network(), &numbers(&[2, 3, 29, 29], 1), 1e-5);
    check::<f64>(&network(), &numbers(&[2, 3, 29, 29], 1), 1e-13);
}

/// Both there and back, `expected` lies along registers.
fn assert_along(geometry: &Geometry, [inputs, outputs]: [usize; 2], expected: Along) {
    let passes = Pass::transposed(geometry);
    let back = passes.iter().filter(|pass| !pass.is_empty()).map(|pass| pass.along(outputs, inputs));
    for along in back.chain([Pass::forward(geometry).along(inputs, outputs)]) {
        assert_eq!(along, expected, "{geometry:?} with {inputs} and {outputs} channels");
    }
}

/// One layer of `groups` times so many channels agrees with the formulas: in f32 to `tolerance` for `batch` samples.
fn check_convolution(geometry: &Geometry, channels: [usize; 2], groups: usize, batch: usize, tolerance: f64) {
    let [_, height, width] = geometry.input;
    let shape = [batch, groups * channels[0], height, width];
    check::<f32>(&convolution(geometry, channels, groups), &numbers(&shape, 1), tolerance);
    check::<f64>(&convolution(geometry, channels, groups), &numbers(&shape, 1), 1e-13);
}

/// One layer of `groups` times so many channels.
fn convolution<T: Float>(geometry: &Geometry, [inputs, outputs]: [usize; 2], groups: usize) -> Network<T> {
    let [_, kernel, _] = geometry.kernel;
    let window =
        Window::new(&[kernel; 2]).strided(&geometry.stride[1..]).padded(&[[geometry.padding[1]; 2]; 2]);
    let filters = numbers(&[kernel, kernel, inputs, groups * outputs], 11);
    let bias = numbers(&[groups * outputs], 7).into_dimensionality().expect("one axis");
    let layer = Convolution::with_window(filters, bias, window, groups, Channels::First).expect("they fit");
    Network::sequential([layer.into()]).expect("every weight is finite")
}

#[test]
fn outputs_along_registers_agree_with_the_formulas() {
    let rows = [
        (geometry(13, 3, 1, 1), [48, 32], 1),
        (geometry(13, 3, 2, 1), [112, 94], 1),
        // Several strips, and more positions than a tile has.
        (geometry(19, 3, 1, 1), [384, 32], 1),
        // Read in place.
        (geometry(7, 1, 1, 0), [80, 96], 2),
        (geometry(17, 1, 1, 0), [160, 160], 1),
        // Sums left and gone on with.
        (geometry(5, 3, 1, 1), [144, 130], 1),
    ];
    for (geometry, channels, groups) in rows {
        assert_along(&geometry, channels, Along::Outputs);
        // Sums of up to 3,456 products, transformed ones among them.
        check_convolution(&geometry, channels, groups, 2, 4e-5);
    }
}

#[test]
fn long_rows_agree_with_the_formulas() {
    // Two strips each way, and blocks of fewer rows than a tile has.
    let (geometry, channels) = (geometry(112, 3, 1, 1), [11, 17]);
    assert_along(&geometry, channels, Along::Positions);
    check_convolution(&geometry, channels, 1, 1, 1e-5);
}

#[test]
fn collected_sums_agree_with_the_formulas() {
    // Rows of several registers and rows that fill none, filters of one block of taps and of several.
    let rows = [
        (geometry(32, 5, 1, 0), [1, 10], 1),
        (geometry(14, 5, 1, 0), [10, 25], 2),
        (geometry(9, 2, 1, 0), [3, 40], 1),
        (geometry(5, 4, 1, 1), [25, 100], 1),
        (geometry(11, 5, 2, 2), [2, 60], 1),
    ];
    for (geometry, channels, groups) in rows {
        let unrolled = Unrolled::new(&geometry, Direction::Transposed);
        assert!(unrolled.pays(&Pass::transposed(&geometry), channels[1], channels[0]), "{geometry:?}");
        check_convolution(&geometry, channels, groups, 2, 1e-5);
    }
}

#[test]
fn scratch_memory_begins_with_a_cache_line() {
    for length in [0, 1, 17, 1 << 12, 1 << 20] {
        let (single, double) = (Lines::<f32>::zeros(length), Lines::<f64>::zeros(length));
        assert_eq!([single.as_ptr().addr() % 64, double.as_ptr().addr() % 64], [0, 0]);
        assert_eq!([single.len(), double.len()], [length; 2]);
        // Wherever the array itself goes.
        let moved = Box::new(single);
        assert_eq!(moved.as_ptr().addr() % 64, 0);
        assert!(moved.iter().all(|&value| value == 0.0));
    }
}
