//! Rules that are no fractions: what they do at a rectifier, where a person can check it, and through networks.

mod numbers;

use lrp_core::{
    Activation, Channels, Convolution, Flatten, Function, Linear, MaxPool, Network, Op, Rect, Tanh, Tensor,
    Window,
};
use lrp_rules::rules::{beta_smooth, deconvnet, epsilon, gradient, guided, simple, z_plus};
use lrp_rules::{Composite, ErrorKind, Plan, PlanOptions, Rule, Start, Target, Unknown};
use ndarray::{arr1, arr2};
use numbers::{distance, tensor};

fn relevance(network: &Network<f64>, rule: Rule, input: &Tensor<f64>, given: &Tensor<f64>) -> Tensor<f64> {
    let plan = Plan::new(network, &Composite::uniform(rule), PlanOptions::default()).unwrap();
    plan.explain(input, &Target::Given(given.clone())).unwrap().relevance
}

#[test]
fn derivatives_at_a_rectifier_are_what_their_papers_say() {
    let network = Network::sequential([Rect.into()]).unwrap();
    let input = arr2(&[[1.0, 1.0, -1.0, -1.0, 0.0]]).into_dyn();
    let given = arr2(&[[2.0, -3.0, 2.0, -3.0, 5.0]]).into_dyn();
    let smooth = |x: f64| 1.0 / (1.0 + (-2.0 * x).exp());
    let table: [(Rule, [f64; 5]); 5] = [
        (gradient(), [2.0, -3.0, 0.0, 0.0, 0.0]),
        (guided(), [2.0, 0.0, 0.0, 0.0, 0.0]),
        (deconvnet(), [2.0, 0.0, 2.0, 0.0, 5.0]),
        (
            beta_smooth(2.0),
            [2.0 * smooth(1.0), -3.0 * smooth(1.0), 2.0 * smooth(-1.0), -3.0 * smooth(-1.0), 2.5],
        ),
        (simple(), [2.0, -3.0, 2.0, -3.0, 5.0]),
    ];
    for (rule, expected) in table {
        let found = relevance(&network, rule.clone(), &input, &given);
        assert!(distance(&found, &arr2(&[expected]).into_dyn()) < 1e-15, "{rule}: {found}");
    }
}

/// Everything that can stand between a rectifier and its convolution is here, a hyperbolic tangent included.
fn network() -> Network<f64> {
    let filters = |seed, shape: [usize; 4]| {
        let bias = tensor::<f64>(seed + 1, &shape[3..]).into_dimensionality().unwrap();
        let window = Window::new(&[3, 3]).padded(&[[1, 1], [1, 1]]);
        Convolution::with_window(tensor(seed, &shape), bias, window, 1, Channels::First).unwrap()
    };
    let dense = |seed, shape: [usize; 2]| {
        let bias = tensor(seed + 1, &shape[1..]).into_dimensionality().unwrap();
        Linear::new(tensor(seed, &shape).into_dimensionality().unwrap(), bias).unwrap()
    };
    let pool = Window::new(&[2, 2]).strided(&[2, 2]);
    Network::sequential([
        filters(1, [3, 3, 2, 6]).into(),
        Rect.into(),
        filters(3, [3, 3, 6, 4]).into(),
        Rect.into(),
        MaxPool::new(pool, Channels::First).unwrap().into(),
        Flatten::RowMajor.into(),
        dense(5, [16, 5]).into(),
        Tanh.into(),
        dense(7, [5, 3]).into(),
    ])
    .unwrap()
}

#[test]
fn the_rule_of_the_gradient_is_the_gradient() {
    let (network, input) = (network(), tensor(11, &[3, 2, 4, 4]));
    let seed = tensor(13, &[3, 3]);
    let expected = network.trace(&input).unwrap().gradient(network.output(), &seed);
    assert!(distance(&relevance(&network, gradient(), &input, &seed), &expected) < 1e-14);
    let halves = 0.5 * gradient() + 0.5 * gradient();
    assert!(distance(&relevance(&network, halves, &input, &seed), &expected) < 1e-14);
}

/// What the plan leaves out of its records, a trace of everything still has.
#[test]
fn rectifiers_in_place_change_no_derivative() {
    let (network, input) = (network(), tensor(11, &[3, 2, 4, 4]));
    let trace = network.trace(&input).unwrap();
    let at_rectifiers = |rule: Rule, below: Rule| {
        Composite::uniform(below).then(lrp_rules::Select::Kind(lrp_core::Kind::Rect), rule)
    };
    for rule in [gradient(), guided(), deconvnet(), beta_smooth(10.0), beta_smooth(0.5)] {
        for below in [gradient(), epsilon(0.1), z_plus(), rule.clone()] {
            let composite = at_rectifiers(rule.clone(), below.clone());
            let plan = Plan::new(&network, &composite, PlanOptions::default()).unwrap();
            let whole = plan.explain_trace(&trace, &Target::Top).unwrap().relevance;
            let found = plan.explain(&input, &Target::Top).unwrap().relevance;
            assert!(distance(&found, &whole) < 1e-13, "{rule} over {below}");
        }
    }
}

#[test]
fn a_sharp_softplus_is_a_rectifier() {
    let (network, input, seed) = (network(), tensor(11, &[3, 2, 4, 4]), tensor(13, &[3, 3]));
    let expected = relevance(&network, gradient(), &input, &seed);
    assert!(distance(&relevance(&network, beta_smooth(1e9), &input, &seed), &expected) < 1e-9);
}

/// A derivative added to shares counts where relevance is shared out.
#[test]
fn derivatives_add_up_with_shares() {
    let dense = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5]]), arr1(&[0.0, 0.0])).unwrap();
    let network = Network::sequential([dense.into()]).unwrap();
    let input = arr2(&[[1.0, 2.0]]).into_dyn();
    let given = arr2(&[[7.0, 0.0]]).into_dyn();
    let rule: Rule = "2·[xw + b] + 0.5·gradient".parse().unwrap();
    assert_eq!(rule, 2.0 * simple() + 0.5 * gradient());
    let expected = arr2(&[[2.0 + 3.5, 12.0 + 10.5]]).into_dyn();
    assert_eq!(relevance(&network, rule, &input, &given), expected);
}

#[test]
fn relevance_starts_from_one_if_asked() {
    let (network, input) = (network(), tensor(11, &[2, 2, 4, 4]));
    let options = PlanOptions { start: Start::One, ..PlanOptions::default() };
    let plan = Plan::new(&network, &Composite::uniform(gradient()), options).unwrap();
    let explanation = plan.explain(&input, &Target::PerSample(vec![2, 0])).unwrap();
    assert_eq!(explanation.seed, arr2(&[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]).into_dyn());
    let expected = network.trace(&input).unwrap().gradient(network.output(), &explanation.seed);
    assert!(distance(&explanation.relevance, &expected) < 1e-14);
}

/// `exp` between two dense layers: nobody has a rule for it.
fn with_unknown() -> Network<f64> {
    let dense = |weights| Op::from(Linear::new(weights, arr1(&[0.0, 0.0])).unwrap());
    Network::sequential([
        dense(arr2(&[[1.0, -0.5], [0.25, 0.5]])),
        Activation::new(Function::Exp).into(),
        dense(arr2(&[[1.0, -2.0], [3.0, 0.5]])),
    ])
    .unwrap()
}

#[test]
fn layers_without_a_rule_need_a_word() {
    let (network, input) = (with_unknown(), arr2(&[[1.0, 2.0]]).into_dyn());
    let plan = |rule: Rule, unknown| {
        Plan::new(&network, &Composite::uniform(rule), PlanOptions { unknown, ..PlanOptions::default() })
    };
    let error = plan(simple(), Unknown::Error).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Composite);
    assert!(error.to_string().starts_with("activation_1: no rule is known for "), "{error}");
    let said = |unknown| {
        let plan = plan(simple(), unknown).unwrap();
        let row = &plan.table(None).unwrap().rows[1];
        assert_eq!(row.why, "no rule is known; as asked for unknown layers");
        (row.rule.clone(), plan.notices(), plan.explain(&input, &Target::Top).unwrap())
    };
    let (rule, notices, passed) = said(Unknown::Pass);
    assert_eq!(rule, "pass");
    assert_eq!(notices, ["activation_1 has no known rule: relevance passes it unchanged"]);
    assert!((passed.relevance.sum() - passed.seed.sum()).abs() < 1e-12);
    let (rule, notices, _) = said(Unknown::Gradient);
    assert_eq!(rule, "gradient");
    assert_eq!(notices, ["activation_1 has no known rule: relevance follows its gradient"]);
    // Who gives it a rule that fits any layer has said what to do.
    for rule in [gradient(), guided()] {
        assert!(plan(rule, Unknown::Error).unwrap().notices().is_empty());
    }
    for unknown in Unknown::ALL {
        assert_eq!(unknown.to_string().parse::<Unknown>().unwrap(), *unknown);
    }
    let error = "guess".parse::<Unknown>().unwrap_err().to_string();
    assert_eq!(error, "unknown policy 'guess'; one of error, pass, gradient");
}
