//! Every kernel exists twice; here the two agree, forward and transposed, for windows of every geometry, in
//! both precisions, and whichever axis holds the channels.

mod numbers;

use lrp_core::{
    Channels, Convolution, Float, Kernels, Linear, MaxPool, Network, Op, SumPool, Tensor, Window, cast,
};
use ndarray::Ix1;
use numbers::{distance, tensor};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// How far two ways to compute the same may differ, in units of the largest result.
const TOLERANCE: [(&str, f64); 2] = [("f64", 1e-12), ("f32", 1e-5)];

/// One spatial axis a window slides over.
#[derive(Clone, Copy, Debug)]
struct Extent {
    size: usize,
    kernel: usize,
    stride: usize,
    padding: [usize; 2],
    dilation: usize,
}

/// A layer with a window, an input for it and numbers to fill both.
#[derive(Clone, Debug)]
struct Case {
    extents: Vec<Extent>,
    groups: usize,
    /// Channels `[in, out]` of one group.
    channels: [usize; 2],
    layout: Channels,
    batch: usize,
    seed: u64,
}

impl Case {
    fn window(&self) -> Window {
        let each = |f: fn(&Extent) -> usize| self.extents.iter().map(f).collect::<Vec<_>>();
        let padding: Vec<[usize; 2]> = self.extents.iter().map(|extent| extent.padding).collect();
        Window::new(&each(|e| e.kernel))
            .strided(&each(|e| e.stride))
            .padded(&padding)
            .dilated(&each(|e| e.dilation))
    }

    fn input_shape(&self) -> Vec<usize> {
        let (space, width) = (self.extents.iter().map(|e| e.size), self.channels[0] * self.groups);
        match self.layout {
            Channels::Last => [self.batch].into_iter().chain(space).chain([width]).collect(),
            Channels::First => [self.batch, width].into_iter().chain(space).collect(),
        }
    }

    fn input<T: Float>(&self) -> Tensor<T> {
        tensor(self.seed, &self.input_shape())
    }

    fn convolution<T: Float>(&self) -> Op<T> {
        let mut shape: Vec<usize> = self.extents.iter().map(|extent| extent.kernel).collect();
        shape.extend([self.channels[0], self.channels[1] * self.groups]);
        let filters = tensor(self.seed + 1, &shape);
        let bias = tensor(self.seed + 2, &shape[shape.len() - 1..]).into_dimensionality::<Ix1>().unwrap();
        Convolution::with_window(filters, bias, self.window(), self.groups, self.layout).unwrap().into()
    }

    fn pools<T: Float>(&self) -> [Op<T>; 2] {
        let window = || self.window();
        [
            SumPool::new(window(), self.layout).unwrap().into(),
            MaxPool::new(window(), self.layout).unwrap().into(),
        ]
    }

    /// The same layer over the same numbers, with the channels behind the space.
    fn channels_last(&self) -> Self {
        Self { layout: Channels::Last, ..self.clone() }
    }
}

/// Axes the window fits, by construction: the input is at least as long as the window's reach.
fn extent(longest: usize) -> impl Strategy<Value = Extent> {
    (1..=3_usize, 1..=3_usize, [0..=2_usize, 0..=2_usize], 1..=2_usize, 0..=longest).prop_map(
        |(kernel, stride, padding, dilation, more)| {
            let reach = dilation * (kernel - 1) + 1;
            let size = reach.saturating_sub(padding[0] + padding[1]).max(1) + more;
            Extent { size, kernel, stride, padding, dilation }
        },
    )
}

fn extents() -> impl Strategy<Value = Vec<Extent>> {
    prop_oneof![
        prop::collection::vec(extent(9), 1),
        prop::collection::vec(extent(5), 2),
        prop::collection::vec(extent(2), 3),
    ]
}

fn cases() -> impl Strategy<Value = Case> {
    let layout = prop_oneof![Just(Channels::Last), Just(Channels::First)];
    (extents(), 1..=3_usize, [1..=2_usize, 1..=2_usize], layout, 1..=3_usize, any::<u32>()).prop_map(
        |(extents, groups, channels, layout, batch, seed)| Case {
            extents,
            groups,
            channels,
            layout,
            batch,
            seed: u64::from(seed),
        },
    )
}

/// Cases max pooling accepts: no window may miss the input.
fn pool_cases() -> impl Strategy<Value = Case> {
    cases().prop_map(|mut case| {
        for extent in &mut case.extents {
            extent.dilation = 1;
            extent.padding = extent.padding.map(|padding| padding.min(extent.kernel - 1));
            extent.size = extent.size.max(extent.kernel);
        }
        case
    })
}

fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..Default::default() }
}

/// Output and transpose of a layer at a point, through a network running with `kernels`.
fn run<T: Float>(op: Op<T>, input: &Tensor<T>, kernels: Kernels) -> Vec<Tensor<T>> {
    let network = Network::sequential([op]).unwrap().with_kernels(kernels);
    assert_eq!(network.kernels(), kernels);
    let trace = network.trace(input).unwrap();
    let seed = tensor(77, trace.output().shape());
    let mut results = vec![trace.output().clone(), trace.gradient(network.output(), &seed)];
    let learned = trace.parameter_gradients(network.output(), &seed).into_iter().flatten();
    results.extend(learned.flat_map(|learned| [learned.weights, learned.bias.into_dyn()]));
    results
}

fn check_naive_and_fast<T: Float>(op: &Op<T>, input: &Tensor<T>) -> Result<(), TestCaseError> {
    let tolerance = TOLERANCE.iter().find(|(name, _)| *name == T::NAME).expect("both precisions").1;
    let naive = run(op.clone(), input, Kernels::Naive);
    let fast = run(op.clone(), input, Kernels::Fast);
    for (what, (naive, fast)) in
        ["forward", "transpose", "weights", "bias"].iter().zip(naive.iter().zip(&fast))
    {
        let distance = distance(fast, naive);
        prop_assert!(distance <= tolerance, "{what} in {} differs by {distance:e}", T::NAME);
    }
    Ok(())
}

/// Moves axis 1 behind the spatial axes.
fn to_last<T: Float>(array: &Tensor<T>) -> Tensor<T> {
    let order: Vec<usize> = [0].into_iter().chain(2..array.ndim()).chain([1]).collect();
    array.view().permuted_axes(order).as_standard_layout().into_owned()
}

/// What a layer with channels first computes, beside what its twin with channels last does.
fn check_layouts(first: Op<f64>, last: Op<f64>, input: &Tensor<f64>) -> Result<(), TestCaseError> {
    let (first, last) = (Network::sequential([first]).unwrap(), Network::sequential([last]).unwrap());
    let (input_first, input_last) = (input.clone(), to_last(input));
    let (first_trace, last_trace) = (first.trace(&input_first).unwrap(), last.trace(&input_last).unwrap());
    prop_assert_eq!(&to_last(first_trace.output()), last_trace.output());
    let seed = tensor(5, first_trace.output().shape());
    let back = first_trace.gradient(first.output(), &seed);
    prop_assert_eq!(to_last(&back), last_trace.gradient(last.output(), &to_last(&seed)));
    Ok(())
}

proptest! {
    #![proptest_config(settings(300))]

    #[test]
    fn naive_and_fast_convolutions_agree(case in cases()) {
        check_naive_and_fast(&case.convolution::<f64>(), &case.input())?;
        check_naive_and_fast(&case.convolution::<f32>(), &case.input())?;
    }

    #[test]
    fn depthwise_convolutions_agree(case in cases(), groups in 2..=5_usize) {
        let case = Case { groups, channels: [1, case.channels[1]], ..case };
        check_naive_and_fast(&case.convolution::<f64>(), &case.input())?;
        check_naive_and_fast(&case.convolution::<f32>(), &case.input())?;
    }
}

proptest! {
    #![proptest_config(settings(100))]

    #[test]
    fn naive_and_fast_dense_layers_agree(m in 1..40_usize, k in 1..40_usize, n in 1..=3_usize) {
        fn dense<T: Float>(m: usize, k: usize) -> Op<T> {
            let weights = tensor(1, &[m, k]).into_dimensionality().unwrap();
            Linear::new(weights, tensor(2, &[k]).into_dimensionality().unwrap()).unwrap().into()
        }
        check_naive_and_fast(&dense::<f64>(m, k), &tensor(3, &[n, m]))?;
        check_naive_and_fast(&dense::<f32>(m, k), &tensor(3, &[n, m]))?;
    }

    #[test]
    fn pools_do_not_depend_on_the_kernels(case in pool_cases()) {
        for op in case.pools::<f64>() {
            check_naive_and_fast(&op, &case.input())?;
        }
    }

    #[test]
    fn convolutions_do_not_care_which_axis_holds_the_channels(case in cases()) {
        let case = Case { layout: Channels::First, ..case };
        check_layouts(case.convolution(), case.channels_last().convolution(), &case.input())?;
    }

    #[test]
    fn pools_do_not_care_which_axis_holds_the_channels(case in pool_cases()) {
        let case = Case { layout: Channels::First, ..case };
        for (first, last) in case.pools().into_iter().zip(case.channels_last().pools()) {
            check_layouts(first, last, &case.input())?;
        }
    }

    #[test]
    fn single_precision_follows_double(case in cases()) {
        let double = Network::sequential([case.convolution::<f64>()]).unwrap();
        let single = double.cast::<f32>().unwrap();
        let expected = double.forward(&case.input()).unwrap();
        let found = cast(&single.forward(&cast(&case.input::<f64>())).unwrap());
        let distance = distance(&found, &expected);
        prop_assert!(distance <= 1e-5, "differs by {distance:e}");
    }

    #[test]
    fn samples_do_not_see_each_other(case in cases()) {
        let network = Network::sequential([case.convolution::<f64>()]).unwrap();
        let input = case.input();
        let whole = network.forward(&input).unwrap();
        for n in 0..case.batch {
            let alone = input.slice_axis(ndarray::Axis(0), (n..=n).into()).to_owned();
            let expected = whole.slice_axis(ndarray::Axis(0), (n..=n).into()).to_owned();
            prop_assert!(distance(&network.forward(&alone).unwrap(), &expected) <= 1e-12);
        }
    }
}

/// Large enough that the fast kernel works through several panels a sample, the last one not full.
#[test]
fn images_of_many_panels_agree() {
    let extent = Extent { size: 40, kernel: 5, stride: 1, padding: [1, 0], dilation: 1 };
    for groups in [1, 2] {
        let case = Case {
            extents: vec![extent; 2],
            groups,
            channels: [3, 2],
            layout: Channels::First,
            batch: 2,
            seed: 9,
        };
        check_naive_and_fast(&case.convolution::<f64>(), &case.input()).unwrap();
        check_naive_and_fast(&case.convolution::<f32>(), &case.input()).unwrap();
    }
}
