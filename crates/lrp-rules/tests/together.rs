//! Ways to explain that cost less time or memory: none of them changes a result.

mod numbers;

use lrp_core::{
    Add, Channels, Convolution, Flatten, Float, Kernels, Linear, MaxPool, Network, NetworkBuilder, Op, Rect,
    SoftMax, SumPool, Tensor, Window,
};
use lrp_rules::rules::{RULES, epsilon, flat};
use lrp_rules::{Amount, Composite, ErrorKind, Ledger, Plan, PlanOptions, Target, explain_together};
use ndarray::{Array1, Axis, Slice};
use numbers::{distance, tensor};

fn conv<T: Float>(seed: u64, filters: [usize; 4]) -> Op<T> {
    let bias: Array1<T> = tensor(seed + 1, &filters[3..]).into_dimensionality().unwrap();
    let window = Window::new(&filters[..2]).padded(&[[1, 1], [1, 1]]);
    Convolution::with_window(tensor(seed, &filters), bias, window, 1, Channels::First).unwrap().into()
}

/// Rectifiers behind convolutions and dense layers, pools of both kinds; wide enough for every kernel.
fn network<T: Float>() -> Network<T> {
    let pool = || Window::new(&[2, 2]).strided(&[2, 2]);
    let dense = |seed, shape: [usize; 2]| {
        let bias = tensor(seed + 1, &shape[1..]).into_dimensionality().unwrap();
        Linear::new(tensor(seed, &shape).into_dimensionality().unwrap(), bias).unwrap()
    };
    Network::sequential([
        conv(1, [3, 3, 2, 16]),
        Rect.into(),
        conv(3, [3, 3, 16, 16]),
        Rect.into(),
        MaxPool::new(pool(), Channels::First).unwrap().into(),
        conv(5, [3, 3, 16, 4]),
        SumPool::new(pool(), Channels::First).unwrap().into(),
        Rect.into(),
        Flatten::RowMajor.into(),
        dense(7, [4 * 3 * 3, 6]).into(),
        Rect.into(),
        dense(9, [6, 3]).into(),
        SoftMax::default().into(),
    ])
    .unwrap()
}

fn input<T: Float>(samples: usize) -> Tensor<T> {
    tensor(11, &[samples, 2, 12, 12])
}

/// A plan for every rule that fits any layer.
fn plans<T: Float>(network: &Network<T>, options: PlanOptions) -> Vec<(&'static str, Plan<'_, T>)> {
    let rules = RULES.iter().filter(|info| info.name != "pass");
    let plan = |info: &lrp_rules::rules::RuleInfo| {
        let rule = info.with(&[]).or_else(|_| info.with(&[-1.0, 1.0])).expect(info.usage);
        (info.name, Plan::new(network, &Composite::uniform(rule), options).unwrap())
    };
    rules.map(plan).collect()
}

/// What a plan drops or overwrites on the way, a trace of everything still has.
fn check_against_whole_traces<T: Float>(tolerance: f64) {
    for kernels in Kernels::ALL {
        let network = network::<T>().with_kernels(kernels);
        let input = input(2);
        let trace = network.trace(&input).unwrap();
        for (rule, plan) in plans(&network, PlanOptions::default()) {
            let whole = plan.explain_trace(&trace, &Target::Top).unwrap();
            let found = plan.explain(&input, &Target::Top).unwrap();
            assert_eq!(found.scores, whole.scores, "{rule}");
            let distance = distance(&found.relevance, &whole.relevance);
            assert!(distance <= tolerance, "{rule} with {} kernels differs by {distance:e}", kernels.name());
        }
    }
}

#[test]
fn values_rectified_in_place_are_not_missed() {
    check_against_whole_traces::<f64>(1e-12);
    check_against_whole_traces::<f32>(1e-5);
}

#[test]
fn weights_prepared_anew_are_those_kept() {
    let network = network::<f32>();
    let anew = PlanOptions { save_memory: true, ..PlanOptions::default() };
    let kept = plans(&network, PlanOptions::default());
    for ((rule, kept), (_, anew)) in kept.into_iter().zip(plans(&network, anew)) {
        let explain = |plan: &Plan<'_, f32>| plan.explain(&input(2), &Target::All).unwrap().relevance;
        let first = explain(&kept);
        assert_eq!(first, explain(&kept), "{rule}: the second time");
        assert_eq!(first, explain(&anew), "{rule}");
    }
}

#[test]
fn together_is_as_one_by_one() {
    let network = network::<f64>();
    let plans = plans(&network, PlanOptions { keep_layers: true, ..PlanOptions::default() });
    let targets = [Target::Top, Target::PerSample(vec![0, 1, 2]), Target::Class(1)];
    let borrowed: Vec<&Plan<'_, f64>> = plans.iter().map(|(_, plan)| plan).collect();
    let together = explain_together(&borrowed, &input(3), &targets).unwrap();
    for ((rule, plan), found) in plans.iter().zip(&together) {
        for (target, found) in targets.iter().zip(found) {
            let alone = plan.explain(&input(3), target).unwrap();
            assert!(distance(&found.relevance, &alone.relevance) <= 1e-12, "{rule}, {target:?}");
            assert_eq!(found.seed, alone.seed, "{rule}, {target:?}");
            let (layers, expected) = (found.layers.as_ref().unwrap(), alone.layers.unwrap());
            assert_eq!(layers.len(), expected.len(), "{rule}, {target:?}");
        }
    }
}

/// So many samples of wide values that they go back in parts, twice divided, and across a branch.
#[test]
fn a_batch_in_parts_is_explained_as_its_samples() {
    let (samples, width) = (9, 2_000_000);
    let weights = tensor(1, &[1, width]).into_dimensionality().unwrap();
    let narrow = tensor::<f32>(2, &[width, 2]).into_dimensionality().unwrap();
    let mut builder = NetworkBuilder::new();
    builder.push(Linear::new(weights, Array1::zeros(width)).unwrap());
    let wide = builder.push(Rect);
    let branch = builder.push(Rect);
    builder.add("sum", Add, &[branch, wide]);
    builder.push(Linear::new(narrow, Array1::zeros(2)).unwrap());
    let network = builder.build().unwrap();
    let input: Tensor<f32> = tensor(3, &[samples, 1]);
    let options = PlanOptions { keep_layers: true, keep_ledger: true, ..PlanOptions::default() };
    let plan = Plan::new(&network, &Composite::uniform(epsilon(0.01)), options).unwrap();
    let classes: Vec<usize> = (0..samples).map(|sample| sample % 2).collect();
    let whole = plan.explain(&input, &Target::PerSample(classes.clone())).unwrap();
    assert_eq!(whole.relevance.shape(), input.shape());
    let layers = whole.layers.as_ref().unwrap();
    let mut books: Option<Ledger> = None;
    for (sample, &class) in classes.iter().enumerate() {
        let of = |array: &Tensor<f32>| array.slice_axis(Axis(0), Slice::from(sample..=sample)).to_owned();
        let alone = plan.explain(&of(&input), &Target::Class(class)).unwrap();
        assert_eq!(of(&whole.seed), alone.seed);
        assert!(distance(&of(&whole.relevance), &alone.relevance) <= 1e-5, "sample {sample}");
        for (layer, alone) in layers.iter().zip(alone.layers.unwrap()) {
            assert!(distance(&of(layer), &alone) <= 1e-5, "sample {sample}");
        }
        let ledger = alone.ledger.unwrap();
        books = Some(match books {
            Some(books) => books.merged(ledger),
            None => ledger,
        });
    }
    let (found, books) = (whole.ledger.unwrap(), books.unwrap());
    assert_eq!(found.entries().len(), 5);
    for (found, expected) in found.entries().iter().zip(books.entries()) {
        let near = |found: Amount, expected: Amount| (found.sum - expected.sum).abs() <= 1e-5 * expected.size;
        assert!(near(found.received, expected.received), "{found:?}, but samples {expected:?}");
        assert!(near(found.handed, expected.handed), "{found:?}, but samples {expected:?}");
        assert_eq!((&found.node, found.denominators.units), (&expected.node, expected.denominators.units));
    }
}

#[test]
fn what_cannot_go_together_is_refused() {
    let (one, two) = (network::<f64>(), network::<f64>());
    let plan = |network| Plan::new(network, &Composite::uniform(flat()), PlanOptions::default()).unwrap();
    let (first, second) = (plan(&one), plan(&two));
    let refused = |plans: &[&Plan<'_, f64>], target: Target| {
        explain_together(plans, &input(2), &[Target::Top, target]).unwrap_err()
    };
    let error = refused(&[], Target::Top);
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::Composite, "there is no plan to explain with")
    );
    let error = refused(&[&first, &second], Target::Top);
    assert_eq!(error.to_string(), "plans of several networks cannot share a forward pass");
    let error = refused(&[&first], Target::Class(3));
    assert_eq!(error.kind(), ErrorKind::Target);
    assert_eq!(error.to_string(), "class 3 of sample 0 is out of range; classes are 0 to 2");
}
