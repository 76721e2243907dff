//! Composites suggested for networks of every sort.

use lrp_core::{
    Activation, Convolution, Embedding, Flatten, Function, Linear, Network, Normalize, Op, Rect, Scaling,
    SoftMax, Tanh, Tensor, Transpose,
};
use lrp_rules::{COMPOSITES, Plan, PlanOptions, Target, composite, suggest};
use ndarray::{Array1, Array2, arr0};

const COLOURS: [(f64, f64); 3] = [(-1.0, 1.0), (-2.0, 2.0), (-3.0, 3.0)];

fn convolution() -> Op<f64> {
    Convolution::new(Tensor::ones(vec![2, 2, 3, 3]), Array1::zeros(3), &[1, 1]).unwrap().into()
}

fn dense() -> Op<f64> {
    Linear::new(Array2::ones((3, 3)), Array1::zeros(3)).unwrap().into()
}

fn function(function: Function) -> Op<f64> {
    Activation::new(function).into()
}

/// Name and reason for a chain of layers whose input has these bounds.
fn suggested(layers: impl IntoIterator<Item = Op<f64>>, bounds: &[(f64, f64)]) -> (String, String) {
    let network = Network::sequential(layers).unwrap();
    let suggestion = suggest(&network, bounds).unwrap();
    assert_eq!(suggestion.composite, composite(&suggestion.name).unwrap());
    Plan::new(&network, &suggestion.composite, PlanOptions::default()).expect("it fits");
    (suggestion.name, suggestion.why)
}

#[test]
fn convolutions_and_rectifiers_get_a_box_where_bounds_are_known() {
    let layers = || [convolution(), Rect.into(), convolution(), Flatten::RowMajor.into(), dense()];
    let (name, why) = suggested(layers(), &COLOURS);
    assert_eq!(name, "epsilon-gamma-box([-1,-2,-3],[1,2,3])");
    assert_eq!(why, "convolutions and rectifiers; convolution_0 sees an input of known bounds");
    assert_eq!(suggested(layers(), &[(-1.0, 0.5)]).0, "epsilon-gamma-box(-1,0.5)");
    let (name, why) = suggested(layers(), &[]);
    assert_eq!(name, "epsilon-plus-flat");
    assert_eq!(why, "convolutions and rectifiers; no bounds are known of what the first sees");
}

/// A box is one of the network's input, which layers may carry elsewhere and must not change.
#[test]
fn a_box_is_for_convolutions_that_see_the_input() {
    let moved = [Transpose::new(vec![0, 2, 1, 3]).into(), convolution(), Rect.into(), dense()];
    assert!(suggested(moved, &COLOURS).0.starts_with("epsilon-gamma-box"));
    let halved: Op<f64> = Scaling::new(arr0(0.5).into_dyn(), arr0(1.0).into_dyn()).into();
    assert_eq!(suggested([halved, convolution(), Rect.into(), dense()], &COLOURS).0, "epsilon-plus-flat");
    assert_eq!(suggested([dense(), convolution(), Rect.into(), dense()], &COLOURS).0, "epsilon-plus-flat");
}

/// Words may be as much against as for, and every one gets what its vector got.
#[test]
fn what_reads_words_gets_epsilon() {
    let words = |layers| [vec![Embedding::new(Array2::ones((4, 3))).unwrap().into()], layers].concat();
    let convolution =
        || Convolution::new(Tensor::ones(vec![2, 3, 3]), Array1::zeros(3), &[1]).unwrap().into();
    let (name, why) = suggested(words(vec![convolution(), Rect.into(), dense()]), &[(0.0, 3.0)]);
    assert_eq!(name, "lrp-epsilon(0.01)");
    assert_eq!(why, "embedding_0 makes words vectors, whose signs say nothing for or against");
    let network = Network::sequential(words(vec![convolution()])).unwrap();
    let plan = Plan::new(&network, &composite("epsilon-plus-flat").unwrap(), PlanOptions::default()).unwrap();
    let rows = plan.table(Some(&[1, 3])).unwrap().rows;
    assert_eq!((rows[0].rule.as_str(), rows[1].rule.as_str()), ("-", "flat"));
    let text = Tensor::from_shape_vec(vec![1, 3], vec![3.0, 0.0, 0.0]).unwrap();
    let found = plan.explain(&text, &Target::Given(Tensor::ones(vec![1, 2, 3]))).unwrap();
    assert_eq!(found.relevance, Tensor::from_shape_vec(vec![1, 3], vec![1.5, 3.0, 1.5]).unwrap());
}

#[test]
fn what_depends_on_the_input_gets_epsilon() {
    let normalized = [convolution(), Normalize::new(vec![3], 1e-5).into(), Rect.into(), dense()];
    let (name, why) = suggested(normalized, &COLOURS);
    assert_eq!(name, "lrp-epsilon(1e-6)");
    assert_eq!(why, "normalize_1 is a Normalize, its factors depend on the input");
    // A softmax behind everything is no attention.
    assert_eq!(suggested([dense(), SoftMax::default().into()], &[]).0, "lrp-epsilon(0.01)");
}

#[test]
fn activations_that_saturate_get_epsilon_unless_they_are_the_last() {
    for layer in [Tanh.into(), function(Function::Sigmoid), function(Function::Softsign)] {
        let (name, why) = suggested([convolution(), layer, dense()], &COLOURS);
        assert_eq!(name, "lrp-epsilon(0.01)");
        assert!(why.ends_with("_1 saturates, as rectifiers do not"), "{why}");
    }
    for layer in [function(Function::Gelu), function(Function::LeakyRect(0.1)), function(Function::Silu)] {
        let layers = [convolution(), layer, dense(), function(Function::Sigmoid)];
        assert!(suggested(layers, &COLOURS).0.starts_with("epsilon-gamma-box"));
    }
}

#[test]
fn every_suggestion_has_a_name_people_can_use() {
    let cases = [
        vec![dense(), Rect.into()],
        vec![convolution(), Rect.into()],
        vec![convolution(), Tanh.into(), dense()],
    ];
    for layers in cases {
        let (name, _) = suggested(layers, &[]);
        assert!(COMPOSITES.iter().any(|info| name.starts_with(info.name)), "{name}");
    }
}
