//! Every kernel exists twice; here the two agree, forward and transposed, through every lens, for windows of
//! every geometry, in both precisions, and whichever axis holds the channels.

mod numbers;

use lrp_core::{
    Affine, AveragePool, Channels, Convolution, Float, Flow, Kernels, Lenses, Linear, MaxPool, Network, Op,
    Rect, SumPool, Tensor, TensorView, Ties, TransposedConvolution, WeightLens, Window, cast,
};
use ndarray::Ix1;
use numbers::{distance, tensor};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// How far two ways to compute the same may differ, in units of the largest result.
const TOLERANCE: [(&str, f64); 2] = [("f64", 1e-12), ("f32", 1e-5)];

/// The same for convolutions that trade multiplications for additions, in f32.
const TOLERANCE_TRANSFORMED: f64 = 5e-5;

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

    /// The transpose of a convolution, from as many channels as that has outputs.
    fn transposed<T: Float>(&self, behind: usize) -> Op<T> {
        let mut shape: Vec<usize> = self.extents.iter().map(|extent| extent.kernel).collect();
        shape.extend([self.channels[1], self.channels[0] * self.groups]);
        let bias =
            tensor(self.seed + 2, &[self.channels[1] * self.groups]).into_dimensionality::<Ix1>().unwrap();
        let (filters, behind) = (tensor(self.seed + 1, &shape), vec![behind; self.extents.len()]);
        TransposedConvolution::new(filters, bias, self.window(), self.groups, self.layout, &behind)
            .unwrap()
            .into()
    }

    fn pools<T: Float>(&self) -> [Op<T>; 5] {
        let window = || self.window();
        let mean = |window, count| AveragePool::new(window, self.layout, count).unwrap().into();
        [
            SumPool::new(window(), self.layout).unwrap().into(),
            MaxPool::new(window(), self.layout).unwrap().into(),
            MaxPool::new(window().rounded_up(), self.layout).unwrap().with_ties(Ties::First).into(),
            mean(window(), true),
            mean(window().rounded_up(), false),
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

/// Cases transposed convolutions accept: the padding leaves something.
fn transposed_cases() -> impl Strategy<Value = Case> {
    cases().prop_map(|mut case| {
        for extent in &mut case.extents {
            extent.padding =
                extent.padding.map(|padding| padding.min((extent.kernel - 1) * extent.dilation / 2));
        }
        case
    })
}

fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(11), failure_persistence: None, ..Default::default() }
}

/// What a layer computes at a point with `kernels`, each with its name: forward, transposed, by its weights and
/// through lenses.
fn run<T: Float>(op: Op<T>, input: &Tensor<T>, kernels: Kernels) -> Vec<(&'static str, Tensor<T>)> {
    let network = Network::sequential([op]).unwrap().with_kernels(kernels);
    assert_eq!(network.kernels(), kernels);
    let trace = network.trace(input).unwrap();
    let output = trace.output();
    let seed = tensor(77, output.shape());
    let mut results =
        vec![("forward", output.clone()), ("gradient", trace.gradient(network.output(), &seed))];
    for learned in trace.parameter_gradients(network.output(), &seed).into_iter().flatten() {
        results.extend([("weights", learned.weights), ("bias", learned.bias.into_dyn())]);
    }
    let record = trace.at(0);
    if let Flow::Mix(mix) = network.nodes()[0].op().layer().flow(&record) {
        let other = tensor(78, input.shape());
        results.extend(through_lenses(&*mix.map, [input, &other], [&seed, output]));
    }
    results
}

/// Two shares of two looks, not all of which take part.
fn lenses() -> Lenses {
    let rows = vec![
        vec![Some(WeightLens::Positive), Some(WeightLens::Negative)],
        vec![None, Some(WeightLens::Lift(0.3))],
    ];
    Lenses::new(rows, vec![Some(WeightLens::Positive), None])
}

fn through_lenses<T: Float>(
    map: &dyn Affine<T>,
    looks: [&Tensor<T>; 2],
    signals: [&Tensor<T>; 2],
) -> Vec<(&'static str, Tensor<T>)> {
    let looks = looks.map(|look| vec![look.view()]);
    let there = map.apply_all(&lenses(), &looks).into_iter().map(|z| ("through lenses", z));
    let back = map.transpose_all(&lenses(), &signals.map(|signal| signal.view()));
    let square = [("squares", map.apply(WeightLens::Square, &looks[0]))];
    let ones = map.transpose(WeightLens::One, signals[0].view()).into_iter().map(|s| ("ones back", s));
    let square = square.into_iter().chain([("ones", map.apply(WeightLens::One, &looks[0]))]);
    there
        .chain(back.into_iter().flatten().map(|s| ("back through lenses", s)))
        .chain(square)
        .chain(ones)
        .collect()
}

fn check_kernels<T: Float>(op: &Op<T>, input: &Tensor<T>) -> Result<(), TestCaseError> {
    let tolerance = TOLERANCE.iter().find(|(name, _)| *name == T::NAME).expect("both precisions").1;
    check_within(tolerance, op, input)
}

fn check_within<T: Float>(tolerance: f64, op: &Op<T>, input: &Tensor<T>) -> Result<(), TestCaseError> {
    let naive = run(op.clone(), input, Kernels::Naive);
    for kernels in [Kernels::Exact, Kernels::Fast] {
        let found = run(op.clone(), input, kernels);
        prop_assert_eq!(naive.len(), found.len());
        for ((what, naive), (_, found)) in naive.iter().zip(&found) {
            let distance = distance(found, naive);
            let kernels = kernels.name();
            prop_assert!(distance <= tolerance, "{what} in {}, {kernels}, differs by {distance:e}", T::NAME);
        }
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
        check_kernels(&case.convolution::<f64>(), &case.input())?;
        check_kernels(&case.convolution::<f32>(), &case.input())?;
    }

    #[test]
    fn transposed_convolutions_agree(case in transposed_cases(), behind in 0..=2_usize) {
        check_kernels(&case.transposed::<f64>(behind), &case.input())?;
        check_kernels(&case.transposed::<f32>(behind), &case.input())?;
    }

    #[test]
    fn depthwise_convolutions_agree(case in cases(), groups in 2..=5_usize) {
        let case = Case { groups, channels: [1, case.channels[1]], ..case };
        check_kernels(&case.convolution::<f64>(), &case.input())?;
        check_kernels(&case.convolution::<f32>(), &case.input())?;
    }
}

/// Three by three over maps large enough to be transformed, whole tiles or not, many channels or few.
fn transformed_cases() -> impl Strategy<Value = Case> {
    let extent = |size| {
        (size, [0..=2_usize, 0..=2_usize]).prop_map(|(size, padding)| Extent {
            size,
            kernel: 3,
            stride: 1,
            padding,
            dilation: 1,
        })
    };
    let channels = || prop_oneof![16..=40_usize, 63..=66_usize];
    ([extent(8..=14_usize), extent(8..=21_usize)], [channels(), channels()], 1..=2_usize, any::<u32>())
        .prop_map(|(extents, channels, batch, seed)| Case {
            extents: extents.to_vec(),
            groups: 1,
            channels,
            layout: Channels::First,
            batch,
            seed: u64::from(seed),
        })
}

/// Rows so long that their sums go where they belong at once, if they fill registers.
fn long_cases() -> impl Strategy<Value = Case> {
    let width = prop_oneof![3 => (7..=9_usize).prop_map(|registers| 16 * registers), 1 => 110..=130_usize];
    let extents =
        (width, 1..=70_usize, 1..=3_usize, 1..=2_usize).prop_map(|(width, height, kernel, stride)| {
            // As many positions as places.
            let padding = [(kernel - 1) / 2, kernel / 2];
            let extent = |size, stride| Extent { size, kernel, stride, padding, dilation: 1 };
            vec![extent(height, stride), extent(width, 1)]
        });
    (extents, 1..=2_usize, [1..=20_usize, 1..=12_usize], 1..=2_usize, any::<u32>()).prop_map(
        |(extents, groups, channels, batch, seed)| Case {
            extents,
            groups,
            channels,
            layout: Channels::First,
            batch,
            seed: u64::from(seed),
        },
    )
}

/// Windows over small maps, whose few positions are gathered where there are many channels.
fn gathered_cases() -> impl Strategy<Value = Case> {
    (cases(), [20..=40_usize, 20..=40_usize], 1..=40_usize).prop_map(|(case, channels, batch)| {
        let extents = case.extents.into_iter().take(2).collect();
        Case { extents, channels, batch, ..case }
    })
}

proptest! {
    #![proptest_config(settings(40))]

    #[test]
    fn gathered_convolutions_agree(case in gathered_cases()) {
        check_kernels(&case.convolution::<f64>(), &case.input())?;
        check_kernels(&case.convolution::<f32>(), &case.input())?;
    }
}

proptest! {
    #![proptest_config(settings(12))]

    #[test]
    fn convolutions_of_long_rows_agree(case in long_cases()) {
        check_kernels(&case.convolution::<f64>(), &case.input())?;
        check_within(TOLERANCE_TRANSFORMED, &case.convolution::<f32>(), &case.input())?;
    }

    #[test]
    fn transformed_convolutions_agree(case in transformed_cases()) {
        check_within(TOLERANCE_TRANSFORMED, &case.convolution::<f32>(), &case.input())?;
    }
}

/// An affine map that leaves sums over shares and looks to the trait.
struct Plain<'a>(&'a dyn Affine<f64>);

impl Affine<f64> for Plain<'_> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, f64>]) -> Tensor<f64> {
        self.0.apply(lens, inputs)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, f64>) -> Vec<Tensor<f64>> {
        self.0.transpose(lens, signal)
    }

    fn bias(&self) -> Option<Tensor<f64>> {
        self.0.bias()
    }
}

proptest! {
    #![proptest_config(settings(100))]

    #[test]
    fn all_shares_at_once_are_the_sum_of_each(case in cases()) {
        let network = Network::sequential([case.convolution::<f64>()]).unwrap();
        let input = case.input();
        let trace = network.trace(&input).unwrap();
        let record = trace.at(0);
        let Flow::Mix(mix) = network.nodes()[0].op().layer().flow(&record) else { unreachable!("it mixes") };
        let (other, seed) = (tensor(78, input.shape()), tensor(77, trace.output().shape()));
        let looks = [&input, &other];
        let at_once = through_lenses(&*mix.map, looks, [&seed, trace.output()]);
        let one_by_one = through_lenses(&Plain(&*mix.map), looks, [&seed, trace.output()]);
        for ((what, found), (_, expected)) in at_once.iter().zip(&one_by_one) {
            let distance = distance(found, expected);
            prop_assert!(distance <= 1e-12, "{what} differs by {distance:e}");
        }
    }

    #[test]
    fn double_precision_is_exact_anyway(case in cases()) {
        let (op, input) = (case.convolution::<f64>(), case.input());
        prop_assert_eq!(run(op.clone(), &input, Kernels::Exact), run(op, &input, Kernels::Fast));
    }

    #[test]
    fn rectifying_in_place_changes_nothing_behind_the_rectifier(case in cases()) {
        for kernels in Kernels::ALL {
            let network = Network::sequential([case.convolution::<f64>(), Rect.into()]).unwrap();
            let network = network.with_kernels(kernels);
            let input = case.input();
            let whole = network.trace(&input).unwrap();
            let in_place = network.trace_rectified(&input, &[true, false]).unwrap();
            prop_assert_eq!(whole.output(), in_place.output());
            prop_assert_eq!(whole.output(), &network.forward(&input).unwrap());
        }
    }

    #[test]
    fn kept_weights_are_those_made_anew(case in cases()) {
        let kept = Network::sequential([case.convolution::<f32>()]).unwrap();
        let anew = kept.clone().with_prepared_kept(false);
        let input = case.input();
        let first = kept.forward(&input).unwrap();
        prop_assert_eq!(&first, &kept.forward(&input).unwrap());
        prop_assert_eq!(&first, &anew.forward(&input).unwrap());
    }

    #[test]
    fn naive_and_fast_dense_layers_agree(m in 1..40_usize, k in 1..40_usize, n in 1..=3_usize) {
        fn dense<T: Float>(m: usize, k: usize) -> Op<T> {
            let weights = tensor(1, &[m, k]).into_dimensionality().unwrap();
            Linear::new(weights, tensor(2, &[k]).into_dimensionality().unwrap()).unwrap().into()
        }
        check_kernels(&dense::<f64>(m, k), &tensor(3, &[n, m]))?;
        check_kernels(&dense::<f32>(m, k), &tensor(3, &[n, m]))?;
    }

    #[test]
    fn pools_do_not_depend_on_the_kernels(case in pool_cases()) {
        for op in case.pools::<f64>() {
            check_kernels(&op, &case.input())?;
        }
    }

    #[test]
    fn convolutions_do_not_care_which_axis_holds_the_channels(case in cases()) {
        let case = Case { layout: Channels::First, ..case };
        check_layouts(case.convolution(), case.channels_last().convolution(), &case.input())?;
    }

    #[test]
    fn ties_are_awarded_whatever_the_kernels(case in pool_cases()) {
        // Few different numbers, so that nearly every window has a tie.
        let input = case.input::<f64>().mapv(|x| (x * 1.5).round());
        check_kernels(&case.pools()[1], &input)?;
        check_kernels(&case.pools()[2], &input)?;
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
        check_kernels(&case.convolution::<f64>(), &case.input()).unwrap();
        check_kernels(&case.convolution::<f32>(), &case.input()).unwrap();
    }
}

/// More tiles, and longer sums, than the transformed kernel works through at a time.
#[test]
fn transformed_images_of_many_blocks_agree() {
    let extent = Extent { size: 46, kernel: 3, stride: 1, padding: [1, 1], dilation: 1 };
    let narrow = Extent { size: 33, ..extent };
    for channels in [[140, 17], [17, 140]] {
        let case = Case {
            extents: vec![extent, narrow],
            groups: 1,
            channels,
            layout: Channels::First,
            batch: 1,
            seed: 9,
        };
        check_within(TOLERANCE_TRANSFORMED, &case.convolution::<f32>(), &case.input()).unwrap();
    }
}
