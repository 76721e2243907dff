//! One network and one plan serve many threads, and every thread gets the same bits.

use lrp::core::{Channels, Convolution, Flatten, Linear, MaxPool, Rect, Window};
use lrp::prelude::*;
use lrp::rules::rules::RULES;
use ndarray::{ArrayD, Axis, Slice};

fn material() -> (Network<f32>, ArrayD<f32>) {
    let network = lrp::io::read_model_bytes("m.txt", lrp_data::LENET5_MAXPOOL.bytes, &Limits::default());
    let sidecar = Sidecar::parse("m.toml", lrp_data::LENET5_MAXPOOL.sidecar).expect("a sidecar");
    let digits =
        lrp::io::read_array_bytes("d.npy", lrp_data::DIGITS, &Limits::default()).expect("digits").values;
    let inputs =
        sidecar.input.apply(digits.slice_axis(Axis(0), Slice::from(0..6)).to_owned()).expect("inputs");
    (network.expect("a model").cast().expect("in f32"), lrp::core::cast(&inputs))
}

/// Large enough that every kernel divides its work: transformed and direct convolutions, pooling, dense layers.
fn wide() -> (Network<f32>, ArrayD<f32>) {
    let numbers = |seed: u32, shape: &[usize]| {
        let mut state = seed;
        ArrayD::from_shape_simple_fn(shape, || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).expect("16 bits")) / 32768.0 - 1.0
        })
    };
    let bias = |seed, outputs| numbers(seed, &[outputs]).into_dimensionality().expect("a vector");
    let convolution = |seed, kernel: usize, from, to| {
        let filters = numbers(seed, &[kernel, kernel, from, to]);
        let pad = [kernel / 2; 2];
        let window = Window::new(&[kernel, kernel]).padded(&[pad, pad]);
        Convolution::with_window(filters, bias(seed + 1, to), window, 1, Channels::First)
            .expect("a convolution")
    };
    let dense = numbers(7, &[32 * 24 * 24, 96]).into_dimensionality().expect("a matrix");
    let network = Network::sequential([
        convolution(1, 5, 3, 32).into(),
        Rect.into(),
        convolution(3, 3, 32, 32).into(),
        Rect.into(),
        MaxPool::new(Window::new(&[2, 2]).strided(&[2, 2]), Channels::First).expect("a pool").into(),
        Flatten::RowMajor.into(),
        Linear::new(dense, bias(8, 96)).expect("a dense layer").into(),
    ]);
    (network.expect("a network"), numbers(9, &[3, 3, 48, 48]))
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (network, inputs) = wide();
    for info in RULES.iter().filter(|info| info.name != "pass") {
        let rule = info.with(&[]).or_else(|_| info.with(&[-1.0, 1.0])).expect(info.usage);
        let plan = Plan::new(&network, &Composite::uniform(rule), PlanOptions::default()).expect("a plan");
        let explain = || plan.explain(&inputs, &Target::Top).expect("an explanation").relevance;
        let [alone, two, five] = [1, 2, 5].map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            pool.install(explain)
        });
        let same = |found: &ArrayD<f32>| alone.iter().zip(found).all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same(&two) && same(&five), "{}", info.name);
    }
}

#[test]
fn threads_share_a_plan_and_agree_to_the_bit() {
    let (network, inputs) = material();
    for info in RULES.iter().filter(|info| info.name != "pass" && info.name != "zbox") {
        let rule = info.with(&[]).expect("defaults");
        let plan = Plan::new(&network, &Composite::uniform(rule), PlanOptions::default()).expect("a plan");
        let explain = || plan.explain(&inputs, &Target::Top).expect("an explanation").relevance;
        let alone = explain();
        std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(explain));
            for thread in threads {
                let together = thread.join().expect("no panic");
                assert!(
                    alone.iter().zip(&together).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{}",
                    info.name
                );
            }
        });
    }
}
