//! What holds for rules on any network of a kind: conservation, linearity, equivariance, and the limits in
//! which one rule becomes another.

mod numbers;

use lrp_core::{
    Add, Channels, Convolution, Flatten, Linear, MaxPool, Network, NetworkBuilder, Normalize, Op, Rect,
    Scaling, SoftMax, SumPool, Tensor, Value, Window,
};
use lrp_rules::rules::{
    RULES, alpha_beta, deconvnet, epsilon, gamma, guided, magnitude, signed_gamma, simple, z_box, z_minus,
    z_plus,
};
use lrp_rules::{B, Composite, Explanation, Plan, PlanOptions, Rule, TINY, Target, W, X, share};
use ndarray::{Array1, Array2, Axis, arr1, arr2};
use numbers::{distance, grid, largest, tensor};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Default::default() }
}

/// Every rule of the table with its default parameters; inputs of the box rule lie between −1 and 1.
fn every_rule() -> Vec<Rule> {
    let make = |info: &lrp_rules::rules::RuleInfo| info.with(&[]).or_else(|_| info.with(&[-1.0, 1.0]));
    RULES.iter().map(|info| make(info).expect(info.usage)).collect()
}

/// Those that share relevance out; derivatives keep no total, and what ends the way back keeps nothing.
fn every_share() -> impl Iterator<Item = Rule> {
    every_rule().into_iter().filter(|rule| !rule.is_derivative() && !rule.is_nothing())
}

fn explain(network: &Network<f64>, rule: &Rule, input: &Tensor<f64>, target: &Target) -> Explanation<f64> {
    let plan = Plan::new(network, &Composite::uniform(rule.clone()), PlanOptions::default()).unwrap();
    plan.explain(input, target).unwrap()
}

fn relevance(network: &Network<f64>, rule: &Rule, input: &Tensor<f64>, seed: &Tensor<f64>) -> Tensor<f64> {
    explain(network, rule, input, &Target::Given(seed.clone())).relevance
}

/// The whole of the relevance, as a share of what there is of either sign.
fn off_balance(found: &Tensor<f64>, expected: f64) -> f64 {
    let size = found.mapv(f64::abs).sum();
    (found.sum() - expected).abs() / size.max(expected.abs())
}

/// Square weights that give every unit a positive and a negative product, whatever the rest of its inputs,
/// and that keep units 0 and 1 above zero, so that the next layer can rely on the same.
fn sturdy(seed: u64, size: usize) -> Op<f64> {
    let mut weights: Array2<f64> = tensor(seed, &[size, size]).into_dimensionality().unwrap();
    weights.row_mut(0).mapv_inplace(|w| w.abs() + 0.5);
    weights.row_mut(1).mapv_inplace(|w| -w.abs() - 0.5);
    let rest = weights.column(0).mapv(f64::abs);
    for unit in [0, 1] {
        weights.column_mut(unit).assign(&rest);
        (weights[[0, unit]], weights[[1, unit]]) = (2.0, -0.5);
    }
    Linear::new(weights, Array1::zeros(size)).unwrap().into()
}

/// Three sturdy layers of one width without bias, and inputs they like: above zero, the first two equal.
fn sturdy_network(seed: u64, size: usize) -> (Network<f64>, Tensor<f64>) {
    let layers =
        [sturdy(seed, size), Rect.into(), sturdy(seed + 1, size), Rect.into(), sturdy(seed + 2, size)];
    let mut input = tensor::<f64>(seed + 3, &[3, size]).mapv(|x| x.abs() * 0.5 + 0.5);
    let first = input.index_axis(Axis(1), 0).to_owned();
    input.index_axis_mut(Axis(1), 1).assign(&first);
    (Network::sequential(layers).unwrap(), input)
}

/// A small convolutional network; its biases are zero unless `bias` says otherwise.
fn picture_network(seed: u64, bias: f64) -> Network<f64> {
    let bias_of = |seed, length: usize| {
        (tensor::<f64>(seed, &[length]) * bias).into_dimensionality::<ndarray::Ix1>().unwrap()
    };
    let window = Window::new(&[3, 3]).padded(&[[1, 1], [1, 0]]);
    let filters = tensor(seed, &[3, 3, 2, 4]);
    let dense = tensor(seed + 1, &[4 * 2 * 2, 3]).into_dimensionality().unwrap();
    Network::sequential([
        Convolution::with_window(filters, bias_of(seed + 2, 4), window, 1, Channels::Last).unwrap().into(),
        Rect.into(),
        MaxPool::new(Window::new(&[2, 2]).strided(&[2, 2]), Channels::Last).unwrap().into(),
        Flatten::RowMajor.into(),
        Linear::new(dense, bias_of(seed + 3, 3)).unwrap().into(),
    ])
    .unwrap()
}

/// One dense layer of halves, whose sums are exact and, thanks to the bias, never zero.
fn exact_layer(seed: u64, inputs: usize, outputs: usize) -> Network<f64> {
    let weights = grid(seed, &[inputs, outputs], -4, 4, 0.5).into_dimensionality().unwrap();
    let bias = grid::<f64>(seed + 1, &[outputs], -8, 7, 0.25).mapv(|b| b + 0.125);
    Network::sequential([Linear::new(weights, bias.into_dimensionality().unwrap()).unwrap().into()]).unwrap()
}

proptest! {
    #![proptest_config(settings(60))]

    /// Stabilizers absorb relevance, so they are set to the smallest; the rest is the rule's own total.
    #[test]
    fn every_rule_keeps_its_total_without_bias(seed in 0..1_000_000_u64, size in 3..9_usize) {
        let (network, input) = sturdy_network(seed, size);
        let seed = tensor(seed + 9, &[3, size]);
        for rule in every_share() {
            let rule = rule.stabilized(TINY);
            let found = relevance(&network, &rule, &input, &seed);
            let expected = rule.total().powi(3) * seed.sum();
            let off = off_balance(&found, expected);
            prop_assert!(off < 1e-10, "{rule}: {} is not {expected}, off by {off:e}", found.sum());
        }
    }

    #[test]
    fn a_scaled_rule_scales_the_total_at_every_layer(seed in 0..1_000_000_u64, scale in 0.1..3.0_f64) {
        let (network, input) = sturdy_network(seed, 5);
        let rule = scale * z_plus() + 0.5 * share(X * W + B);
        prop_assert!((rule.total() - scale - 0.5).abs() < 1e-15);
        let seed = tensor(seed, &[3, 5]);
        let found = relevance(&network, &rule, &input, &seed);
        prop_assert!(off_balance(&found, rule.total().powi(3) * seed.sum()) < 1e-10);
    }

    #[test]
    fn explanations_are_linear_in_the_relevance_they_start_from(seed in 0..1_000_000_u64, a in -2.0..2.0_f64) {
        let (network, input) = sturdy_network(seed, 5);
        let (one, two) = (tensor::<f64>(seed + 1, &[3, 5]), tensor::<f64>(seed + 2, &[3, 5]));
        // What two of them do at rectifiers depends on the sign of the relevance.
        let linear = |rule: &Rule| *rule != deconvnet() && *rule != guided();
        for rule in every_rule().into_iter().filter(linear) {
            let back = |seed: &Tensor<f64>| relevance(&network, &rule, &input, seed);
            let (sum, parts) = (back(&(&one * a + &two)), [back(&one) * a, back(&two)]);
            let off = largest(&(&sum - &parts[0] - &parts[1]));
            let size = parts.iter().map(largest).fold(0.0, f64::max);
            prop_assert!(off <= 1e-9 * size, "{rule}: off by {off:e} of {size}");
        }
    }

    #[test]
    fn samples_are_explained_each_for_itself(seed in 0..1_000_000_u64) {
        let network = picture_network(seed, 1.0);
        let input = tensor(seed + 5, &[3, 4, 5, 2]);
        let pick = |order: &[usize]| input.select(Axis(0), order);
        for rule in every_rule().into_iter().filter(|rule| rule.formula().pass == 0.0) {
            let rule = rule.stabilized(0.01);
            let of = |input: &Tensor<f64>| explain(&network, &rule, input, &Target::Top).relevance;
            let batch = of(&input);
            prop_assert!(distance(&of(&pick(&[2, 0, 1])), &batch.select(Axis(0), &[2, 0, 1])) < 1e-11);
            for n in 0..3 {
                prop_assert!(distance(&of(&pick(&[n])), &batch.select(Axis(0), &[n])) < 1e-11, "{rule}");
            }
        }
    }

    /// Inputs in another order, with the rows of the first layer in the same, are explained in that order.
    #[test]
    fn the_order_of_features_does_not_matter(seed in 0..1_000_000_u64) {
        let order = [3, 0, 4, 1, 2];
        let network = |rows: &[usize]| {
            let weights: Array2<f64> = tensor(seed, &[5, 4]).into_dimensionality().unwrap();
            let first = Linear::new(weights.select(Axis(0), rows), arr1(&[0.1, -0.2, 0.3, 0.0])).unwrap();
            let last = tensor(seed + 1, &[4, 2]).into_dimensionality().unwrap();
            let last = Linear::new(last, arr1(&[0.1, -0.1])).unwrap();
            Network::sequential([first.into(), Rect.into(), last.into()]).unwrap()
        };
        let (plain, turned) = (network(&[0, 1, 2, 3, 4]), network(&order));
        let input = tensor::<f64>(seed + 2, &[2, 5]);
        for rule in every_rule().into_iter().filter(|rule| rule.formula().pass == 0.0) {
            let rule = rule.stabilized(0.01);
            let expected = explain(&plain, &rule, &input, &Target::All).relevance.select(Axis(1), &order);
            let found = explain(&turned, &rule, &input.select(Axis(1), &order), &Target::All).relevance;
            prop_assert!(distance(&found, &expected) < 1e-11, "{rule}");
        }
    }

    /// Also with bias: whatever it takes from the relevance, it takes from the product as well.
    #[test]
    fn lrp_0_is_gradient_times_input_on_rectifier_networks(seed in 0..1_000_000_u64, class in 0..3_usize) {
        let network = picture_network(seed, 1.0);
        let input = tensor(seed + 5, &[2, 4, 5, 2]);
        let explanation = explain(&network, &simple(), &input, &Target::Class(class));
        let mut one_hot = Tensor::zeros(vec![2, 3]);
        one_hot.index_axis_mut(Axis(1), class).fill(1.0);
        let gradient = network.trace(&input).unwrap().gradient(network.output(), &one_hot);
        let off = distance(&explanation.relevance, &(gradient * &input));
        prop_assert!(off < 1e-9, "off by {off:e}");
    }

    /// Scaling the input of a network without bias scales its output, and with it the explanation.
    #[test]
    fn explanations_scale_with_the_input_without_bias(seed in 0..1_000_000_u64, factor in 0.25..4.0_f64) {
        let network = picture_network(seed, 0.0);
        let input = tensor::<f64>(seed + 5, &[2, 4, 5, 2]);
        let homogeneous = ["simple", "gamma", "signedgamma", "zplus", "zminus", "alphabeta", "flat", "w2", "magnitude"];
        for name in homogeneous {
            let rule: Rule = name.parse().unwrap();
            let of = |input: &Tensor<f64>| explain(&network, &rule, input, &Target::Class(1)).relevance;
            let off = distance(&of(&(&input * factor)), &(of(&input) * factor));
            prop_assert!(off < 1e-7, "{rule}: off by {off:e}");
        }
    }

    #[test]
    fn gamma_of_zero_is_lrp_0(seed in 0..1_000_000_u64) {
        let network = exact_layer(seed, 6, 4);
        let input = grid(seed + 2, &[2, 6], -2, 2, 0.5);
        let of = |rule: &Rule| explain(&network, rule, &input, &Target::All).relevance;
        let expected = of(&simple());
        prop_assert!(distance(&of(&gamma(0.0)), &expected) < 1e-12);
        prop_assert!(distance(&of(&signed_gamma(0.0)), &expected) < 1e-12);
    }

    /// Units above zero come to favour positive products alone, units below zero negative ones.
    #[test]
    fn gamma_without_end_is_z_plus_on_units_above_zero(seed in 0..1_000_000_u64) {
        let network = exact_layer(seed, 6, 8);
        let input = grid::<f64>(seed + 2, &[2, 6], -2, 2, 0.5);
        let z = network.forward(&input).unwrap();
        let (above, below) = (z.mapv(|z| z.max(0.0)), z.mapv(|z| z.min(0.0)));
        let limit = signed_gamma(1e9);
        let near = |input: &Tensor<f64>, rule: &Rule, limit: &Rule, seed: &Tensor<f64>| {
            let expected = relevance(&network, limit, input, seed);
            let found = relevance(&network, rule, input, seed);
            largest(&(found - &expected)) <= 1e-6 * largest(seed)
        };
        prop_assert!(near(&input, &limit, &z_plus(), &above));
        prop_assert!(near(&input, &limit, &z_minus(), &below));
        let positive = input.mapv(f64::abs);
        let above = network.forward(&positive).unwrap().mapv(|z| z.max(0.0));
        prop_assert!(near(&positive, &gamma(1e9), &z_plus(), &above));
    }

    #[test]
    fn alpha_one_is_z_plus_and_alpha_zero_z_minus(seed in 0..1_000_000_u64) {
        let network = picture_network(seed, 1.0);
        let input = tensor(seed + 5, &[2, 4, 5, 2]);
        let of = |rule: &Rule| explain(&network, rule, &input, &Target::All).relevance;
        prop_assert_eq!(alpha_beta(1.0, 0.0), z_plus());
        prop_assert_eq!(alpha_beta(0.0, -1.0), z_minus());
        prop_assert_eq!(of(&alpha_beta(1.0, 0.0)), of(&z_plus()));
        prop_assert_eq!(of(&alpha_beta(0.0, -1.0)), of(&z_minus()));
    }

    /// A head of probabilities is left out: the explanation is that of the network without it.
    #[test]
    fn a_dropped_softmax_leaves_no_trace(seed in 0..1_000_000_u64) {
        let plain = picture_network(seed, 1.0);
        let layers = plain.nodes().iter().map(|node| node.op().clone());
        let headed = Network::sequential(layers.chain([SoftMax::default().into()])).unwrap();
        let input = tensor(seed + 5, &[2, 4, 5, 2]);
        for rule in [epsilon(0.01), alpha_beta(2.0, 1.0)] {
            let of = |network| explain(network, &rule, &input, &Target::Top);
            let (found, expected) = (of(&headed), of(&plain));
            prop_assert_eq!(&found.relevance, &expected.relevance);
            prop_assert_eq!((&found.scores, &found.seed), (&expected.scores, &expected.seed));
        }
    }

    #[test]
    fn plans_that_share_a_trace_explain_as_if_alone(seed in 0..1_000_000_u64) {
        let network = picture_network(seed, 1.0);
        let input = tensor(seed + 5, &[2, 4, 5, 2]);
        let trace = network.trace(&input).unwrap();
        for info in lrp_rules::COMPOSITES {
            let made = (info.make)(&[]).or_else(|_| (info.make)(&[(-1.0).into(), 1.0.into()])).unwrap();
            let plan = Plan::new(&network, &made, PlanOptions::default()).unwrap();
            for target in [Target::Top, Target::All, Target::PerSample(vec![2, 0])] {
                let shared = plan.explain_trace(&trace, &target).unwrap().relevance;
                prop_assert_eq!(shared, plan.explain(&input, &target).unwrap().relevance);
            }
        }
    }
}

/// `x + Linear(Rect(Linear(x)))`, over and over, then one score.
fn residual_chain(blocks: usize) -> Network<f64> {
    let size = 4;
    let dense = |seed: usize, outputs: usize| {
        let weights = tensor(u64::try_from(seed).unwrap(), &[size, outputs]) * 0.3;
        Linear::new(weights.into_dimensionality().unwrap(), Array1::zeros(outputs)).unwrap()
    };
    let mut builder = NetworkBuilder::new();
    let mut value = Value::INPUT;
    for block in 0..blocks {
        let inner = builder.add(format!("inner_{block}"), dense(3 * block, size), &[value]);
        let rect = builder.add(format!("rect_{block}"), Rect, &[inner]);
        let outer = builder.add(format!("outer_{block}"), dense(3 * block + 1, size), &[rect]);
        value = builder.add(format!("join_{block}"), Add, &[value, outer]);
    }
    let ones = Linear::new(Array2::ones((size, 1)), arr1(&[0.0])).unwrap();
    builder.add("score", ones, &[value]);
    builder.build().unwrap()
}

/// Where systems give a skip and its block the whole relevance each, this ratio is `2ⁿ`.
#[test]
fn residual_blocks_do_not_multiply_relevance() {
    let input = arr2(&[[1.0, 0.5, 0.75, 0.25]]).into_dyn();
    for blocks in [1, 2, 4, 8, 16] {
        let network = residual_chain(blocks);
        for rule in [simple(), epsilon(1e-13), magnitude()] {
            let explanation = explain(&network, &rule, &input, &Target::Top);
            let ratio = explanation.relevance.sum() / explanation.scores.sum();
            assert!((ratio - 1.0).abs() < 1e-9, "{rule} through {blocks} blocks: {ratio}");
        }
    }
}

/// The scale that a normalization divides by stands still, so what it subtracts are shares like any other.
#[test]
fn normalization_between_dense_layers_keeps_the_total() {
    let dense = |seed: u64, inputs: usize, outputs: usize| {
        let weights = tensor(seed, &[inputs, outputs]).into_dimensionality().unwrap();
        Linear::new(weights, Array1::zeros(outputs)).unwrap()
    };
    for seed in 0..20 {
        let gain = Scaling::new(tensor::<f64>(seed + 1, &[6]) + 2.0, arr1(&[0.0]).into_dyn());
        let layers: [Op<f64>; 4] = [
            dense(seed + 2, 4, 6).into(),
            Normalize::new(vec![1], 1e-5).into(),
            gain.into(),
            dense(seed + 3, 6, 2).into(),
        ];
        let network = Network::sequential(layers).unwrap();
        let input = tensor(seed + 4, &[3, 4]);
        for rule in [simple(), epsilon(1e-13), magnitude()] {
            let explanation = explain(&network, &rule, &input, &Target::All);
            let sums = explanation.relevance.sum_axis(Axis(1)) - explanation.scores.sum_axis(Axis(1));
            assert!(largest(&sums) < 1e-9 * largest(&explanation.scores), "{rule}, seed {seed}: {sums}");
        }
    }
}

/// A value read twice receives both shares.
#[test]
fn a_value_added_to_itself_receives_everything() {
    let mut builder = NetworkBuilder::new();
    builder.add("twice", Add, &[Value::INPUT, Value::INPUT]);
    let network = builder.build().unwrap();
    let input = arr2(&[[1.0, -3.0]]).into_dyn();
    for rule in [simple(), signed_gamma(0.5), "flat".parse().unwrap(), "w2".parse().unwrap()] {
        assert_eq!(explain(&network, &rule, &input, &Target::All).relevance, &input * 2.0, "{rule}");
    }
}

/// Pools hand on all they get, windows that overlap or reach into the padding included.
#[test]
fn pools_keep_the_total() {
    let window = || Window::new(&[3, 2]).padded(&[[1, 1], [1, 0]]).strided(&[2, 1]);
    let input = tensor::<f64>(3, &[2, 5, 4, 2]).mapv(f64::abs);
    let sum: Op<f64> = SumPool::new(window(), Channels::Last).unwrap().into();
    let max: Op<f64> = MaxPool::new(window(), Channels::Last).unwrap().into();
    for op in [sum, max] {
        let network = Network::sequential([op]).unwrap();
        for name in ["simple", "gamma", "signedgamma", "zplus", "flat", "w2"] {
            let explanation = explain(&network, &name.parse().unwrap(), &input, &Target::All);
            assert!(off_balance(&explanation.relevance, explanation.seed.sum()) < 1e-12, "{name}");
        }
    }
}

/// Where every input sits at the bound its weights pull from, the box rule has nothing to divide; in single
/// precision a numerator that cancels instead of being zero would come out enormous.
#[test]
fn inputs_at_their_bounds_receive_nothing_from_the_box_rule() {
    let weights = arr2(&[[0.1_f32, 0.3], [0.7, -0.9], [1.3, 0.2]]);
    let network = Network::sequential([Linear::new(weights, arr1(&[0.0, 0.0])).unwrap().into()]).unwrap();
    let (low, high) = (-2.117_904, 2.64);
    let plan = Plan::new(&network, &Composite::uniform(z_box(low, high)), PlanOptions::default()).unwrap();
    let input = Tensor::from_elem(vec![1, 3], -2.117_904_f32);
    let found = plan.explain(&input, &Target::Given(arr2(&[[5.0, 7.0]]).into_dyn())).unwrap().relevance;
    // The first unit has positive weights only and hands on nothing, the second all to its negative one.
    assert!(distance(&found, &arr2(&[[0.0_f64, 7.0, 0.0]]).into_dyn()) < 1e-6, "{found}");
}

/// The control: where there is a bias, what it contributes is lost, and these tests would see it.
#[test]
fn bias_breaks_conservation() {
    let layer = Linear::new(arr2(&[[1.0], [2.0]]), arr1(&[1.0])).unwrap();
    let network = Network::sequential([layer.into()]).unwrap();
    let explanation = explain(&network, &simple(), &arr2(&[[1.0, 1.0]]).into_dyn(), &Target::Top);
    assert_eq!(explanation.seed.sum(), 4.0);
    assert_eq!(explanation.relevance, arr2(&[[1.0, 2.0]]).into_dyn());
    let network = picture_network(4, 1.0);
    let explanation = explain(&network, &simple(), &tensor(5, &[1, 4, 5, 2]), &Target::Top);
    assert!(off_balance(&explanation.relevance, explanation.seed.sum()) > 1e-3);
}

/// A stabilizer takes its share of a single unit's relevance: `ε / (z + ε)`.
#[test]
fn stabilizers_absorb_what_they_should() {
    let layer = Linear::new(arr2(&[[1.0], [2.0]]), arr1(&[0.0])).unwrap();
    let network = Network::sequential([layer.into()]).unwrap();
    let input = arr2(&[[1.0, 1.0]]).into_dyn();
    let kept = explain(&network, &epsilon(1.0), &input, &Target::Top).relevance.sum();
    assert!((kept - 3.0 * 3.0 / 4.0).abs() < 1e-15);
}
