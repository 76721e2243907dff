//! Canonizers: what they rewrite, what they leave alone, and that a network still computes the same.

mod numbers;

use lrp_core::{
    Activation, Add, Channels, Convolution, Flatten, Function, Identity, Linear, Multiply, Network,
    NetworkBuilder, Normalize, Op, Rect, Reduce, Reduction, Scaling, SoftMax, Tanh, Tensor,
    TransposedConvolution, Value, Window,
};
use lrp_rules::{
    Canonized, Composite, Plan, PlanOptions, Target, canonize,
    rules::{epsilon, simple},
};
use ndarray::{Array1, arr0, arr1};
use numbers::{distance, largest, tensor};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn settings(cases: u32) -> ProptestConfig {
    ProptestConfig {
        rng_seed: RngSeed::Fixed(7),
        failure_persistence: None,
        ..ProptestConfig::with_cases(cases)
    }
}

/// The canonical form of a network that computes what it did.
fn sound(network: &Network<f64>, shape: &[usize]) -> Canonized {
    let canonized = canonize(network).unwrap();
    let input: Tensor<f64> = tensor(99, shape);
    let size = largest(&network.forward(&input).unwrap());
    let difference = canonized.difference(network, &input).unwrap();
    assert!(difference <= 1e-13 * size.max(1.0), "off by {difference:e} of {size}: {:?}", canonized.rewrites);
    canonized
}

/// What was rewritten, a line a rewrite.
fn told(canonized: &Canonized) -> Vec<String> {
    canonized.rewrites.iter().map(ToString::to_string).collect()
}

fn vector(seed: u64, size: usize) -> Array1<f64> {
    tensor(seed, &[size]).into_dimensionality().unwrap()
}

fn scalar(factor: f64, shift: f64) -> Op<f64> {
    Scaling::new(arr0(factor).into_dyn(), arr0(shift).into_dyn()).into()
}

/// Trained batch normalization of some channels.
fn normalization(seed: u64, channels: usize, layout: Channels) -> Op<f64> {
    let shape = if layout == Channels::First { vec![channels, 1, 1] } else { vec![channels] };
    Scaling::new(tensor::<f64>(seed, &shape) + 1.5, tensor(seed + 1, &shape)).into()
}

#[derive(Clone, Copy, Debug)]
struct Shape {
    layout: Channels,
    groups: usize,
    stride: usize,
    padding: usize,
}

fn shape() -> impl Strategy<Value = Shape> {
    let layout = prop_oneof![Just(Channels::First), Just(Channels::Last)];
    (layout, 1_usize..3, 1_usize..3, 0_usize..3).prop_map(|(layout, groups, stride, padding)| Shape {
        layout,
        groups,
        stride,
        padding,
    })
}

impl Shape {
    fn window(self) -> Window {
        Window::new(&[3, 2]).strided(&[self.stride; 2]).padded(&[[self.padding; 2]; 2])
    }

    /// From four channels to six.
    fn convolution(self, seed: u64) -> Op<f64> {
        self.reading(seed, 4)
    }

    /// From so many channels to six.
    fn reading(self, seed: u64, channels: usize) -> Op<f64> {
        let filters = tensor(seed, &[3, 2, channels / self.groups, 6]);
        Convolution::with_window(filters, vector(seed + 1, 6), self.window(), self.groups, self.layout)
            .unwrap()
            .into()
    }

    /// From six channels to four.
    fn transposed(self, seed: u64) -> Op<f64> {
        let filters = tensor(seed, &[3, 2, 4 / self.groups, 6]);
        let bias = vector(seed + 1, 4);
        TransposedConvolution::new(filters, bias, self.window(), self.groups, self.layout, &[0, 0])
            .unwrap()
            .into()
    }

    fn input(self, channels: usize) -> [usize; 4] {
        match self.layout {
            Channels::First => [2, channels, 6, 5],
            Channels::Last => [2, 6, 5, channels],
        }
    }
}

proptest! {
    #![proptest_config(settings(48))]

    #[test]
    fn normalization_behind_a_convolution_becomes_its_weights(shape in shape(), seed: u64) {
        let layers = [shape.convolution(seed), normalization(seed, 6, shape.layout), Rect.into()];
        let canonized = sound(&Network::sequential(layers).unwrap(), &shape.input(4));
        prop_assert_eq!(told(&canonized), ["fold-behind: scaling_1 into convolution_0"]);
    }

    #[test]
    fn normalization_behind_a_transposed_convolution_becomes_its_weights(shape in shape(), seed: u64) {
        let layers = [shape.transposed(seed), normalization(seed, 4, shape.layout), Rect.into()];
        let canonized = sound(&Network::sequential(layers).unwrap(), &shape.input(6));
        prop_assert_eq!(canonized.network.nodes().len(), 2);
        prop_assert!(told(&canonized)[0].starts_with("fold-behind: scaling_1 into"));
    }

    /// Also where the zeros of the padding are not what the normalization would make of zero.
    #[test]
    fn normalization_before_a_convolution_becomes_its_weights(shape in shape(), seed: u64) {
        let layers = [Rect.into(), normalization(seed, 4, shape.layout), shape.convolution(seed), Rect.into()];
        let canonized = sound(&Network::sequential(layers).unwrap(), &shape.input(4));
        prop_assert_eq!(told(&canonized), ["fold-before: scaling_1 into convolution_2"]);
        let Op::Convolution(layer) = canonized.network.nodes()[1].op() else { panic!("it is a convolution") };
        prop_assert!(layer.input_shift().is_some());
    }

    #[test]
    fn normalization_beside_a_dense_layer_becomes_its_weights(seed: u64, behind: bool) {
        let weights = tensor(seed, &[4, 3]).into_dimensionality().unwrap();
        let dense: Op<f64> = Linear::new(weights, vector(seed, 3)).unwrap().into();
        let layers = match behind {
            true => [Rect.into(), dense, normalization(seed, 3, Channels::Last)],
            false => [Rect.into(), normalization(seed, 4, Channels::Last), dense],
        };
        let canonized = sound(&Network::sequential(layers).unwrap(), &[3, 4]);
        let expected = if behind { "fold-behind: scaling_2 into linear_1" } else { "fold-before: scaling_1 into linear_2" };
        prop_assert_eq!(told(&canonized), [expected]);
    }

    /// Factors and shifts that exporters write one by one are one scaling, and then part of the layer before.
    #[test]
    fn chains_of_factors_and_shifts_become_one(seed: u64, length in 2_usize..6) {
        let mut layers: Vec<Op<f64>> = vec![Tanh.into()];
        layers.extend((0..length as u64).map(|at| normalization(seed ^ at, 4, Channels::Last)));
        let canonized = sound(&Network::sequential(layers).unwrap(), &[3, 4]);
        prop_assert_eq!(canonized.network.nodes().len(), 2);
        prop_assert_eq!(canonized.rewrites.len(), length - 1);
        prop_assert!(canonized.rewrites.iter().all(|rewrite| rewrite.canonizer == "merge-scalings"));
    }

    /// A rule sees the same layer, whoever folded it.
    #[test]
    fn relevance_is_that_of_the_folded_layer(seed: u64) {
        let weights: ndarray::Array2<f64> = tensor(seed, &[4, 3]).into_dimensionality().unwrap();
        let factor = vector(seed + 1, 3) + 1.5;
        let bias = vector(seed + 2, 3);
        let scaling = Scaling::new(factor.clone().into_dyn(), arr0(0.0).into_dyn());
        let written = Network::sequential([Linear::new(weights.clone(), bias.clone()).unwrap().into(), scaling.into()]);
        let folded = Network::sequential([Linear::new(weights * &factor, bias * &factor).unwrap().into()]).unwrap();
        let input = tensor(seed + 3, &[2, 4]);
        let explain = |network: &Network<f64>| {
            let plan = Plan::new(network, &Composite::uniform(epsilon(0.01)), PlanOptions::default()).unwrap();
            plan.explain(&input, &Target::Top).unwrap().relevance
        };
        let canonized = canonize(&written.unwrap()).unwrap().network;
        prop_assert!(distance(&explain(&canonized), &explain(&folded)) < 1e-12);
    }

    /// LRP-0 follows the function alone, so no rewriting shows in it, wherever the rewritten layers stand.
    #[test]
    fn no_rewriting_shows_in_lrp_0(shape in shape(), seed: u64) {
        let layers = [
            shape.convolution(seed), normalization(seed + 1, 6, shape.layout), Identity.into(), Rect.into(),
            normalization(seed + 3, 6, shape.layout), normalization(seed + 5, 6, shape.layout),
            Shape { stride: 1, padding: 1, ..shape }.reading(seed + 7, 6), Rect.into(), Flatten::default().into(),
        ];
        let network = Network::sequential(layers).unwrap();
        let canonized = sound(&network, &shape.input(4));
        let kinds: Vec<_> = canonized.rewrites.iter().map(|rewrite| rewrite.canonizer).collect();
        prop_assert_eq!(kinds, ["drop-identities", "merge-scalings", "fold-behind", "fold-before"]);
        let input = tensor(seed + 9, &shape.input(4));
        let explain = |network: &Network<f64>| {
            let plan = Plan::new(network, &Composite::uniform(simple()), PlanOptions::default()).unwrap();
            plan.explain(&input, &Target::All).unwrap().relevance
        };
        prop_assert!(distance(&explain(&canonized.network), &explain(&network)) < 1e-9);
    }
}

#[test]
fn layers_that_do_nothing_are_dropped() {
    let layers: [Op<f64>; 4] = [Identity.into(), Flatten::default().into(), Identity.into(), Tanh.into()];
    let canonized = sound(&Network::sequential(layers).unwrap(), &[2, 3, 2]);
    assert_eq!(told(&canonized), ["drop-identities: identity_0", "drop-identities: identity_2"]);
    let nothing = sound(&Network::sequential([Identity.into()]).unwrap(), &[2, 3]);
    assert_eq!(nothing.network.nodes().len(), 1, "a network has a layer");
}

/// What somebody else reads too stays as it is.
#[test]
fn a_value_with_other_readers_is_kept() {
    let mut builder = NetworkBuilder::new();
    let weights = tensor(1, &[4, 3]).into_dimensionality().unwrap();
    let dense = builder.add("dense", Linear::new(weights, vector(2, 3)).unwrap(), &[Value::INPUT]);
    let scaled = builder.add("scaled", normalization(3, 3, Channels::Last), &[dense]);
    builder.add("sum", Add, &[dense, scaled]);
    let canonized = sound(&builder.build().unwrap(), &[2, 4]);
    assert_eq!(told(&canonized), [""; 0]);
}

/// A scaling along places, not channels, is not what a filter can be multiplied with.
#[test]
fn a_factor_a_place_is_kept() {
    let shape = Shape { layout: Channels::First, groups: 1, stride: 1, padding: 0 };
    let places = Scaling::new(tensor(1, &[1, 4, 4]), arr0(0.0).into_dyn());
    let layers = [shape.convolution(5), places.into(), Rect.into()];
    let canonized = sound(&Network::sequential(layers).unwrap(), &shape.input(4));
    assert_eq!(told(&canonized), [""; 0]);
}

/// `x`, tanh of the input, and what becomes of it: an activation written as operators.
fn written(write: impl Fn(&mut NetworkBuilder<f64>, Value)) -> Canonized {
    let mut builder = NetworkBuilder::new();
    let x = builder.add("x", Tanh, &[Value::INPUT]);
    write(&mut builder, x);
    sound(&builder.build().unwrap(), &[3, 5])
}

fn is_activation(canonized: &Canonized, function: Function) {
    let nodes = canonized.network.nodes();
    assert_eq!(nodes.len(), 2, "{:?}", told(canonized));
    let Op::Activation(activation) = nodes[1].op() else { panic!("{} is no activation", nodes[1].name()) };
    assert_eq!(activation.function(), function);
    assert!(told(canonized).iter().any(|line| line.starts_with("recognise-activations: ")));
}

/// `x / 2 · (1 + erf(x / √2))` with the half before, in the gate, or behind.
#[test]
fn gelu_is_recognised_however_it_is_written() {
    let gate = |builder: &mut NetworkBuilder<f64>, x: Value, factor: f64| {
        let inner = builder.add("inner", scalar(std::f64::consts::FRAC_1_SQRT_2, 0.0), &[x]);
        let erf = builder.add("erf", Activation::new(Function::Erf), &[inner]);
        builder.add("gate", scalar(factor, factor), &[erf])
    };
    let before = written(|builder, x| {
        let gate = gate(builder, x, 1.0);
        let half = builder.add("half", scalar(0.5, 0.0), &[x]);
        builder.add("product", Multiply, &[half, gate]);
    });
    let inside = written(|builder, x| {
        let gate = gate(builder, x, 0.5);
        builder.add("product", Multiply, &[x, gate]);
    });
    let behind = written(|builder, x| {
        let gate = gate(builder, x, 1.0);
        let product = builder.add("product", Multiply, &[gate, x]);
        builder.add("half", scalar(0.5, 0.0), &[product]);
    });
    for canonized in [before, inside, behind] {
        is_activation(&canonized, Function::Gelu);
    }
}

#[test]
fn other_gates_of_a_value_are_recognised() {
    let sigmoid = written(|builder, x| {
        let gate = builder.add("gate", Activation::new(Function::Sigmoid), &[x]);
        builder.add("product", Multiply, &[x, gate]);
    });
    is_activation(&sigmoid, Function::Silu);
    let hard = written(|builder, x| {
        let curve = Function::HardSigmoid { alpha: 1.0 / 6.0, beta: 0.5 };
        let gate = builder.add("gate", Activation::new(curve), &[x]);
        builder.add("product", Multiply, &[gate, x]);
    });
    is_activation(&hard, Function::HardSwish);
    let mish = written(|builder, x| {
        let inner = builder.add("inner", Activation::new(Function::Softplus), &[x]);
        let gate = builder.add("gate", Tanh, &[inner]);
        builder.add("product", Multiply, &[x, gate]);
    });
    is_activation(&mish, Function::Mish);
}

/// The gate of something else, or another factor, is a product as it stands.
#[test]
fn gates_of_other_values_are_kept() {
    let elsewhere = written(|builder, x| {
        let gate = builder.add("gate", Activation::new(Function::Sigmoid), &[Value::INPUT]);
        builder.add("product", Multiply, &[x, gate]);
    });
    assert_eq!(told(&elsewhere), [""; 0]);
    let twice = written(|builder, x| {
        let gate = builder.add("gate", Activation::new(Function::Sigmoid), &[x]);
        let double = builder.add("double", scalar(2.0, 0.0), &[x]);
        builder.add("product", Multiply, &[double, gate]);
    });
    assert_eq!(told(&twice), [""; 0]);
}

/// Layer normalization as means, differences and a root, in each form of its parts.
#[test]
fn layer_normalization_is_recognised_however_it_is_written() {
    for (by_product, by_root) in [(true, true), (true, false), (false, true), (false, false)] {
        let canonized = written(|builder, x| {
            let mean = || Reduce::new(Reduction::Mean, vec![1], true);
            let average = builder.add("average", mean(), &[x]);
            let minus = builder.add("minus", scalar(-1.0, 0.0), &[average]);
            let centred = builder.add("centred", Add, &[x, minus]);
            let square = match by_product {
                true => builder.add("square", Multiply, &[centred, centred]),
                false => builder.add("square", Activation::new(Function::Power(2.0)), &[centred]),
            };
            let variance = builder.add("variance", mean(), &[square]);
            let plus = builder.add("plus", scalar(1.0, 1e-5), &[variance]);
            let divisor = match by_root {
                true => {
                    let root = builder.add("root", Activation::new(Function::Sqrt), &[plus]);
                    builder.add("divisor", Activation::new(Function::Reciprocal), &[root])
                }
                false => builder.add("divisor", Activation::new(Function::Power(-0.5)), &[plus]),
            };
            builder.add("quotient", Multiply, &[centred, divisor]);
        });
        let nodes = canonized.network.nodes();
        let Op::Normalize(layer) = nodes[1].op() else { panic!("{} is no normalization", nodes[1].name()) };
        assert_eq!((nodes.len(), layer.axes(), layer.epsilon()), (2, Some(&[1][..]), Some(1e-5)));
        assert!(told(&canonized)[0].starts_with("recognise-normalizations: average, minus, centred, "));
    }
}

/// Behind a recognised normalization its gain belongs to the dense layer that reads it.
#[test]
fn the_gain_of_a_layer_normalization_goes_to_the_layer_behind() {
    let weights = tensor(4, &[5, 2]).into_dimensionality().unwrap();
    let layers: [Op<f64>; 3] = [
        Normalize::new(vec![1], 1e-5).into(),
        normalization(6, 5, Channels::Last),
        Linear::new(weights, arr1(&[0.5, -0.5])).unwrap().into(),
    ];
    let canonized = sound(&Network::sequential(layers).unwrap(), &[3, 5]);
    assert_eq!(told(&canonized), ["fold-before: scaling_1 into linear_2"]);
}

/// Behind a saturated softmax the outputs are equal whatever became of the logits.
#[test]
fn the_logits_before_a_softmax_are_compared() {
    let weights = tensor::<f64>(4, &[5, 3]).into_dimensionality().unwrap() * 1e6;
    let dense = Linear::new(weights, Array1::zeros(3)).unwrap();
    let logits: [Op<f64>; 2] = [dense.into(), scalar(1.0 / 3.0, 0.7)];
    let input = tensor(5, &[4, 5]);
    let of_logits = Network::sequential(logits.clone()).unwrap();
    let difference = canonize(&of_logits).unwrap().difference(&of_logits, &input).unwrap();
    assert!(difference > 0.0);

    let softmax = Op::SoftMax(SoftMax::default());
    let network = Network::sequential(logits.into_iter().chain([softmax])).unwrap();
    let canonized = canonize(&network).unwrap();
    let outputs = [&network, &canonized.network].map(|network| network.forward(&input).unwrap());
    assert_eq!(outputs[0], outputs[1]);
    assert_eq!(canonized.difference(&network, &input).unwrap(), difference);
}
