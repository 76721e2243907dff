//! Attributors: the laws that define them, on networks small enough to know the answer.

mod numbers;

use lrp_core::{Channels, Convolution, Flatten, Linear, Network, Rect, SoftMax, Tanh, Tensor, Window};
use lrp_rules::{ATTRIBUTORS, Attributor, ErrorKind, Explanation, PlanOptions, Target, top_classes};
use ndarray::{Axis, Slice, arr1, arr2};
use numbers::{distance, tensor};

fn explain(
    attributor: &str,
    network: &Network<f64>,
    input: &Tensor<f64>,
    target: &Target,
) -> Explanation<f64> {
    let attributor: Attributor = attributor.parse().unwrap();
    attributor.explain(network, input, target, PlanOptions::default()).unwrap()
}

fn relevance(attributor: &str, network: &Network<f64>, input: &Tensor<f64>) -> Tensor<f64> {
    explain(attributor, network, input, &Target::Top).relevance
}

/// `[n, 2, 4, 4]` to three scores, through a curve that no step follows exactly.
fn network() -> Network<f64> {
    let window = Window::new(&[3, 3]).padded(&[[1, 1], [1, 1]]);
    let bias = tensor::<f64>(2, &[4]).into_dimensionality().unwrap();
    let filters = Convolution::with_window(tensor(1, &[3, 3, 2, 4]), bias, window, 1, Channels::First);
    let dense = Linear::new(tensor(5, &[64, 3]).into_dimensionality().unwrap(), arr1(&[0.1, 0.2, -0.1]));
    Network::sequential([
        filters.unwrap().into(),
        Tanh.into(),
        Flatten::RowMajor.into(),
        dense.unwrap().into(),
        SoftMax::default().into(),
    ])
    .unwrap()
}

/// `w · x + b`, two scores.
fn linear() -> Network<f64> {
    let dense = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5], [-1.0, 0.25]]), arr1(&[0.5, 1.0]));
    Network::sequential([dense.unwrap().into()]).unwrap()
}

fn input() -> Tensor<f64> {
    tensor(11, &[3, 2, 4, 4])
}

/// The logits of the classes that are explained.
fn scores(network: &Network<f64>, input: &Tensor<f64>, classes: &[usize]) -> Vec<f64> {
    let trace = network.trace(input).unwrap();
    let logits = trace.value(lrp_core::Value::of_node(network.nodes().len() - 2)).clone();
    classes.iter().enumerate().map(|(sample, &class)| logits[[sample, class]]).collect()
}

#[test]
fn the_gradient_is_that_of_the_explained_logit() {
    let (network, input) = (network(), input());
    let explanation = explain("gradient", &network, &input, &Target::PerSample(vec![2, 0, 1]));
    let expected = arr2(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]).into_dyn();
    assert_eq!(explanation.seed, expected);
    let step = 1e-6;
    for at in [[0, 0, 0, 0], [1, 1, 2, 3], [2, 0, 3, 1]] {
        let moved = |by: f64| {
            let mut moved = input.clone();
            moved[&at[..]] += by;
            scores(&network, &moved, &[2, 0, 1])[at[0]]
        };
        let slope = (moved(step) - moved(-step)) / (2.0 * step);
        assert!((explanation.relevance[&at[..]] - slope).abs() < 1e-8);
    }
}

#[test]
fn products_and_squares_are_of_the_gradient() {
    let (network, input) = (network(), input());
    let gradient = relevance("gradient", &network, &input);
    assert_eq!(relevance("gradient-x-input", &network, &input), &gradient * &input);
    assert_eq!(relevance("sensitivity", &network, &input), &gradient * &gradient);
}

#[test]
fn integrated_gradients_are_complete() {
    let (network, input) = (network(), input());
    let gradient = relevance("gradient", &network, &input);
    assert_eq!(relevance("integrated-gradients(1)", &network, &input), &gradient * &input);
    let baseline = relevance("integrated-gradients(1,0.5)", &network, &input);
    assert_eq!(baseline, &gradient * &input.mapv(|x| x - 0.5));
    let classes = top_classes(&network.forward(&input).unwrap());
    let at = scores(&network, &input, &classes);
    let from = scores(&network, &Tensor::from_elem(input.raw_dim(), 0.25), &classes);
    let mut errors = Vec::new();
    for steps in [10, 100, 1000] {
        let found = relevance(&format!("integrated-gradients({steps},0.25)"), &network, &input);
        let off =
            found.outer_iter().zip(at.iter().zip(&from)).map(|(r, (at, from))| (r.sum() - (at - from)).abs());
        errors.push(off.fold(0.0, f64::max));
    }
    assert!(errors[2] < 5e-3 && errors[1] < 0.2 * errors[0] && errors[2] < 0.2 * errors[1], "{errors:?}");
}

/// What is explained is the class of the input, even where points on the way belong to another.
#[test]
fn the_class_is_that_of_the_input() {
    let dense = Linear::new(arr2(&[[4.0, 0.0], [0.0, 0.0]]), arr1(&[0.0, 1.0])).unwrap();
    let network = Network::sequential([dense.into(), Rect.into()]).unwrap();
    let input = arr2(&[[1.0, 0.0]]).into_dyn();
    let found = explain("integrated-gradients(4)", &network, &input, &Target::Top);
    assert_eq!(
        (found.relevance, found.seed),
        (arr2(&[[4.0, 0.0]]).into_dyn(), arr2(&[[1.0, 0.0]]).into_dyn())
    );
    assert_eq!(relevance("occlusion(1)", &network, &input), arr2(&[[4.0, 0.0]]).into_dyn());
}

#[test]
fn smoothgrad_without_noise_is_the_gradient() {
    let (network, input) = (network(), input());
    let gradient = relevance("gradient", &network, &input);
    assert!(distance(&relevance("smoothgrad(0,3)", &network, &input), &gradient) < 1e-15);
    let smooth = relevance("smoothgrad(0.1,5)", &network, &input);
    assert!(distance(&smooth, &gradient) > 1e-3);
    assert_eq!(smooth, relevance("smoothgrad(0.1,5,0)", &network, &input));
    assert_ne!(smooth, relevance("smoothgrad(0.1,5,1)", &network, &input));
    // A linear network has one gradient everywhere.
    let (linear, input) = (linear(), arr2(&[[1.0, 2.0, -1.0]]).into_dyn());
    assert!(
        distance(&relevance("smoothgrad(3)", &linear, &input), &relevance("gradient", &linear, &input))
            < 1e-14
    );
}

/// In other units, in which numbers are twice as large, the same noise is.
#[test]
fn smoothgrad_does_not_depend_on_the_unit() {
    let curve = |factor: f64| {
        let weights = arr2(&[[1.0, -2.0], [3.0, 0.5], [-1.0, 0.25]]) * factor;
        let dense = Linear::new(weights, arr1(&[0.5, 1.0])).unwrap();
        Network::sequential([dense.into(), Tanh.into()]).unwrap()
    };
    let input = arr2(&[[1.0, 2.0, -1.0], [0.5, 0.0, 2.0]]).into_dyn();
    let usual = relevance("smoothgrad", &curve(1.0), &input);
    let doubled = relevance("smoothgrad", &curve(0.5), &(2.0 * &input));
    assert!(distance(&(2.0 * doubled), &usual) < 1e-14);
    assert!(distance(&relevance("gradient", &curve(1.0), &input), &usual) > 1e-3);
}

#[test]
fn occlusion_of_a_linear_network_is_its_products() {
    let (network, input) = (linear(), arr2(&[[1.0, 2.0, -1.0], [0.5, 0.0, 2.0]]).into_dyn());
    let found = explain("occlusion(1)", &network, &input, &Target::Class(0)).relevance;
    assert!(distance(&found, &arr2(&[[1.0, 6.0, 1.0], [0.5, 0.0, -2.0]]).into_dyn()) < 1e-14);
    // Two at a time: the second window has one value left.
    let pairs = explain("occlusion(2)", &network, &input, &Target::Class(0)).relevance;
    assert!(distance(&pairs, &arr2(&[[3.5, 3.5, 1.0], [0.25, 0.25, -2.0]]).into_dyn()) < 1e-14);
    // Windows that overlap count half each: the one at 2 ends with the input.
    let overlapping = explain("occlusion(2,1)", &network, &input, &Target::Class(0)).relevance;
    let expected = arr2(&[[3.5, 3.5, 2.25], [0.25, -0.375, -1.5]]).into_dyn();
    assert!(distance(&overlapping, &expected) < 1e-14, "{overlapping}");
    let covered = explain("occlusion(1,1,1)", &network, &input, &Target::Class(0)).relevance;
    assert!(distance(&covered, &arr2(&[[0.0, 3.0, 2.0], [-0.5, -3.0, -1.0]]).into_dyn()) < 1e-14);
}

/// A window over an image takes all channels, which the first layer knows.
#[test]
fn occlusion_covers_all_channels_of_a_window() {
    let (network, input) = (network(), input());
    let found = relevance("occlusion(2)", &network, &input);
    let classes = top_classes(&network.forward(&input).unwrap());
    let mut covered = input.clone();
    covered.slice_axis_mut(Axis(2), Slice::from(2..4)).slice_axis_mut(Axis(3), Slice::from(0..2)).fill(0.0);
    let (at, without) = (scores(&network, &input, &classes), scores(&network, &covered, &classes));
    for sample in 0..3 {
        let share = (at[sample] - without[sample]) / 8.0;
        for place in [[sample, 0, 2, 0], [sample, 1, 3, 1]] {
            assert!((found[&place[..]] - share).abs() < 1e-14);
        }
    }
}

#[test]
fn samples_do_not_see_each_other() {
    let (network, input) = (network(), input());
    for info in ATTRIBUTORS {
        let batch = relevance(info.name, &network, &input);
        for sample in 0..3 {
            let alone =
                |array: &Tensor<f64>| array.slice_axis(Axis(0), Slice::from(sample..=sample)).to_owned();
            let found = relevance(info.name, &network, &alone(&input));
            assert!(distance(&found, &alone(&batch)) < 1e-13, "{}", info.name);
        }
    }
}

#[test]
fn attributors_are_read_as_they_print() {
    for info in ATTRIBUTORS {
        let made = (info.make)(&[]).unwrap();
        assert!(made.to_string().starts_with(info.name) && info.usage.starts_with(info.name));
        assert_eq!(made.to_string().parse::<Attributor>().unwrap(), made);
        let read = |name: &str| name.to_uppercase().replace('-', "_").parse::<Attributor>().unwrap();
        assert!(info.aliases.iter().chain([&info.name]).all(|name| read(name) == made));
    }
    let table = [
        ("nonsense", "unknown method 'nonsense'; one of gradient, "),
        ("gradient(1)", "takes no parameter; usage: gradient"),
        ("smoothgrad(-1)", "the noise must not be negative"),
        ("smoothgrad(0.1,0)", "samples must be a whole number above zero"),
        ("smoothgrad(0.1,2,0.5)", "the seed must be a whole number"),
        ("integrated-gradients(2.5)", "steps must be a whole number above zero"),
        ("integrated-gradients(1,2,3)", "takes two parameters at most"),
        ("occlusion(0)", "window and stride must be whole numbers above zero"),
        ("occlusion([1,2])", "takes no list"),
        ("occlusion(window=2)", "'window=2' is not expected there"),
    ];
    for (text, part) in table {
        let error = text.parse::<Attributor>().expect_err(text);
        assert_eq!(error.kind(), ErrorKind::Rule);
        assert!(error.to_string().contains(part), "{error}");
    }
}
