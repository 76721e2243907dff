//! The conventions of Caffe's programs and its formula types, each by numbers a person can check.

use lrp_core::{
    AveragePool, Channels, Convolution, Flatten, Identity, Linear, LocalResponse, MaxPool, Network,
    NetworkBuilder, Op, Rect, Tanh, Tensor, Value, Window,
};
use lrp_rules::rules::{alpha_beta, epsilon, flat, simple, stop, w_square, z_box};
use lrp_rules::{
    BiasShare, Composite, Dialect, FORMULAS, FormulaOptions, Head, Maxima, Place, Plan, PlanOptions,
    Responses, Rule, Select, Start, Target, Treatment, composite, formula,
};
use ndarray::{Array1, Array2, ArrayD, IxDyn, arr1, arr2};

mod numbers;

const FIRST: Channels = Channels::First;

fn tensor(shape: &[usize], values: &[f64]) -> Tensor<f64> {
    ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
}

/// One layer over `input`, explained from all of its outputs.
fn across(op: impl Into<Op<f64>>, composite: Composite, input: &Tensor<f64>) -> Vec<f64> {
    let network = Network::sequential([op.into()]).unwrap();
    let plan = Plan::new(&network, &composite, PlanOptions::default()).unwrap();
    plan.explain(input, &Target::All).unwrap().relevance.iter().copied().collect()
}

fn both(op: impl Into<Op<f64>>, rule: Rule, input: &Tensor<f64>) -> [Vec<f64>; 2] {
    let op = op.into();
    [Dialect::Published, Dialect::Caffe]
        .map(|dialect| across(op.clone(), Composite::uniform(rule.clone()).in_dialect(dialect), input))
}

fn close(found: &[f64], expected: &[f64]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-12 * (1.0 + expected.abs()), "{found} is not {expected}");
    }
}

/// A convolution of one row, with zeros around.
fn row(filters: &[f64], shape: [usize; 3], bias: &[f64], padding: usize, groups: usize) -> Convolution<f64> {
    let window = Window::new(&[shape[0]]).padded(&[[padding, padding]]);
    Convolution::with_window(tensor(&shape, filters), arr1(bias), window, groups, FIRST).unwrap()
}

#[test]
fn local_responses_pass_relevance_but_not_in_caffe() {
    // Three channels, of which each has its neighbours around it; α/n = 1, β = 1, k = 1.
    let layer = LocalResponse::new(3, 3.0, 1.0, 1.0);
    let x = tensor(&[1, 3, 1], &[1.0, 2.0, 3.0]);
    let y = [1.0 / 6.0, 2.0 / 15.0, 3.0 / 14.0];
    let [published, caffe] = both(layer, simple(), &x);
    close(&published, &y);
    // R x / (1 + x²) − 2 x² Σ R x / s² over the neighbours.
    let blamed = [y[0] / 36.0, y[1] * 2.0 / 225.0, y[2] * 3.0 / 196.0];
    let expected = [
        y[0] / 2.0 - 2.0 * blamed[1],
        y[1] * 2.0 / 5.0 - 8.0 * (blamed[0] + blamed[2]),
        y[2] * 3.0 / 10.0 - 18.0 * blamed[1],
    ];
    close(&caffe, &expected);
    let passing = Treatment { responses: Responses::Pass, ..Treatment::default() };
    let passed = Composite::uniform(simple()).in_dialect(Dialect::Caffe).treated(passing);
    close(&across(layer, passed, &x), &y);
}

#[test]
fn flat_is_not_divided_by_the_channels_in_caffe() {
    let layer = row(&[1.0, 2.0, 3.0, 4.0], [2, 2, 1], &[0.0], 0, 1);
    let x = tensor(&[1, 2, 2], &[1.0, 0.0, 0.0, 1.0]);
    let [published, caffe] = both(layer, flat(), &x);
    close(&published, &[1.25; 4]);
    close(&caffe, &[2.5; 4]);
    // Dense layers divide by all of their inputs.
    let dense = Linear::new(arr2(&[[1.0], [2.0], [3.0], [4.0]]), arr1(&[0.0])).unwrap();
    let [published, caffe] = both(dense, flat(), &tensor(&[1, 4], &[1.0, 0.0, 0.0, 1.0]));
    close(&published, &caffe);
}

#[test]
fn shares_of_the_padding_are_lost_in_caffe() {
    let layer = row(&[1.0, 2.0, 3.0], [3, 1, 1], &[0.0], 1, 1);
    let x = tensor(&[1, 1, 1], &[1.0]);
    let [published, caffe] = both(layer.clone(), w_square(), &x);
    close(&published, &[2.0]);
    close(&caffe, &[2.0 * 4.0 / 14.0]);
    let [published, caffe] = both(layer, flat(), &x);
    close(&published, &[2.0]);
    close(&caffe, &[2.0 / 3.0]);
}

#[test]
fn every_group_has_the_first_ones_bias_in_caffe() {
    let layer = row(&[1.0, 1.0], [1, 1, 2], &[1.0, 3.0], 0, 2);
    let x = tensor(&[1, 2, 1], &[1.0, 1.0]);
    let [published, caffe] = both(layer.clone(), alpha_beta(1.0, 0.0), &x);
    close(&published, &[2.0 / 2.0, 4.0 / 4.0]);
    close(&caffe, &[2.0 / 2.0, 4.0 / 2.0]);
    // The forward pass and epsilon have the right one.
    let [published, caffe] = both(layer, epsilon(0.0), &x);
    close(&published, &caffe);
}

#[test]
fn means_of_nothing_hand_on_the_activation_in_caffe() {
    let pool = AveragePool::new(Window::new(&[2]), FIRST, true).unwrap();
    let x = tensor(&[1, 2, 2], &[1.0, 3.0, 2.0, -2.0]);
    let [published, caffe] = both(pool, simple(), &x);
    close(&published, &[0.5, 1.5, 0.0, 0.0]);
    close(&caffe, &[0.5, 1.5, 2.0, -2.0]);
}

#[test]
fn the_first_of_equals_wins_a_maximum_in_caffe() {
    let pool = MaxPool::new(Window::new(&[3]), FIRST).unwrap();
    let [published, caffe] = both(pool, simple(), &tensor(&[1, 1, 3], &[1.0, 2.0, 2.0]));
    close(&published, &[0.0, 1.0, 1.0]);
    close(&caffe, &[0.0, 2.0, 0.0]);
}

#[test]
fn maxima_may_be_crossed_as_means() {
    let pool = MaxPool::new(Window::new(&[2]), FIRST).unwrap();
    let x = tensor(&[1, 1, 2], &[1.0, 3.0]);
    let treatment = Treatment { maxima: Maxima::Mean, ..Treatment::default() };
    for dialect in [Dialect::Published, Dialect::Caffe] {
        let composite = Composite::uniform(simple()).in_dialect(dialect).treated(treatment);
        close(&across(pool.clone(), composite, &x), &[0.75, 2.25]);
    }
}

#[test]
fn a_bias_may_be_spread_over_the_products() {
    // Products 1 and −4, bias 2: with a half each they are 2 and −3.
    let dense = Linear::new(arr2(&[[1.0], [-2.0]]), arr1(&[2.0])).unwrap();
    let x = tensor(&[1, 2], &[1.0, 2.0]);
    let treatment = Treatment { bias: BiasShare::Spread, ..Treatment::default() };
    let spread = Composite::uniform(alpha_beta(2.0, 1.0)).treated(treatment);
    close(&across(dense, spread.clone(), &x), &[-2.0, 1.0]);
    // Each window of a convolution is such a layer, its padding has a part of the bias too.
    let layer = row(&[1.0, -2.0], [2, 1, 1], &[2.0], 1, 1);
    let x = tensor(&[1, 1, 1], &[2.0]);
    // Windows (0, 2) and (2, 0): products with the bias 1 − 4 + … are (1, −3) and (3, 1), outputs −2 and 4.
    let expected = -(-2.0) * (-3.0 / -3.0) + 2.0 * 4.0 * 3.0 / 4.0;
    close(&across(layer, spread, &x), &[expected]);
}

#[test]
fn a_sum_of_zero_hands_on_nothing() {
    // Caffe's programs would not divide, and hand on one times the products.
    let dense = Linear::new(arr2(&[[1.0], [-1.0]]), arr1(&[0.0])).unwrap();
    let given = Target::Given(arr2(&[[1.0]]).into_dyn());
    let network = Network::sequential([dense.into()]).unwrap();
    for dialect in [Dialect::Published, Dialect::Caffe] {
        let composite = Composite::uniform(epsilon(0.0)).in_dialect(dialect);
        let plan = Plan::new(&network, &composite, PlanOptions::default()).unwrap();
        let relevance = plan.explain(&tensor(&[1, 2], &[1.0, 1.0]), &given).unwrap().relevance;
        close(relevance.as_slice().unwrap(), &[0.0, 0.0]);
    }
}

#[test]
fn bounds_may_be_known_pixel_by_pixel() {
    let layer = row(&[1.0, -1.0], [2, 1, 1], &[0.0], 0, 1);
    let x = tensor(&[1, 1, 3], &[1.0, 2.0, 3.0]);
    let pixels = |values: [f64; 3]| tensor(&[1, 3], &values);
    let every = |value: f64| pixels([value; 3]);
    let found = across(layer.clone(), Composite::uniform(z_box(every(0.0), every(4.0))), &x);
    close(&found, &across(layer.clone(), Composite::uniform(z_box(0.0, 4.0)), &x));
    // Products (1 − 0)·1, (4 − 2)·1 of the first window; (2 − 1)·1, (5 − 3)·1 of the second; both outputs are −1.
    let found = across(
        layer.clone(),
        Composite::uniform(z_box(pixels([0.0, 1.0, 2.0]), pixels([4.0, 4.0, 5.0]))),
        &x,
    );
    close(&found, &[-1.0 / 3.0, -2.0 / 3.0 - 1.0 / 3.0, -2.0 / 3.0]);
    let network = Network::sequential([layer.into()]).unwrap();
    let rule = z_box(tensor(&[1, 2], &[0.0; 2]), tensor(&[1, 2], &[1.0; 2]));
    let plan = Plan::new(&network, &Composite::uniform(rule), PlanOptions::default()).unwrap();
    let error = plan.explain(&x, &Target::All).unwrap_err().to_string();
    assert!(error.contains("has bounds for samples of shape [1, 2], but the input is [1, 1, 3]"), "{error}");
}

/// Two convolutions, means and maxima, and two dense layers, none with a bias.
fn without_bias() -> Network<f64> {
    let convolution = |seed, shape: [usize; 4], groups| {
        let window = Window::new(&shape[..2]).padded(&[[0, 0]; 2]);
        let bias = Array1::zeros(shape[3]);
        Convolution::with_window(numbers::tensor(seed, &shape), bias, window, groups, FIRST).unwrap()
    };
    let (one, two) = (convolution(1, [3, 3, 3, 4], 1), convolution(2, [3, 3, 2, 6], 2));
    let dense = |seed, inputs, outputs| {
        let weights: Array2<f64> = numbers::tensor(seed, &[inputs, outputs]).into_dimensionality().unwrap();
        Linear::new(weights, Array1::zeros(outputs)).unwrap()
    };
    let window = || Window::new(&[2, 2]).strided(&[2, 2]);
    Network::sequential([
        one.into(),
        Rect.into(),
        AveragePool::new(window(), FIRST, true).unwrap().into(),
        LocalResponse::new(3, 0.5, 0.75, 1.0).into(),
        two.into(),
        Rect.into(),
        MaxPool::new(window(), FIRST).unwrap().into(),
        Flatten::RowMajor.into(),
        dense(3, 6 * 2 * 2, 8).into(),
        Rect.into(),
        dense(4, 8, 5).into(),
    ])
    .unwrap()
}

#[test]
fn formula_types_conserve_where_their_rules_do() {
    let network = without_bias();
    let input = numbers::tensor(5, &[2, 3, 14, 14]);
    let total = |composite: Composite| {
        let plan = Plan::new(&network, &composite, PlanOptions::default()).unwrap();
        let found = plan.explain(&input, &Target::Top).unwrap();
        (found.relevance.sum() / found.seed.sum() - 1.0).abs()
    };
    let options = FormulaOptions {
        epsilon: 0.0,
        beta: 0.0,
        switch: Some(Place::Index(0)),
        depth: Place::Index(0),
        ..FormulaOptions::default()
    };
    for number in ["0", "2", "54", "56", "58", "60", "100", "102", "104", "114"] {
        let composite = formula(number).unwrap().composite(&options).unwrap();
        let lost = total(composite.clone());
        assert!(lost < 1e-6, "type {number} loses {lost}");
        // The same through responses as Caffe has them keeps nothing.
        assert!(total(composite.in_dialect(Dialect::Caffe)) > 1e-2, "type {number}");
    }
}

#[test]
fn formula_types_go_by_number_and_name() {
    for row in FORMULAS {
        let text = match (row.is_boxed(), row.switches()) {
            (true, _) => "(-1,1)",
            (_, true) => "(switch=0)",
            _ => "",
        };
        let named = composite(&format!("{}{text}", row.number)).unwrap();
        for name in std::iter::once(&row.name).chain(row.aliases) {
            // What was a composite before keeps its own form.
            if let Ok(other) = composite(&format!("{name}{text}")) {
                assert_eq!(other, named, "{name}");
            }
        }
        assert!(row.usage().starts_with(row.name));
    }
    let expected = Composite::uniform(simple())
        .then(Select::WeightsUpTo(Place::Name("conv3".to_owned())), flat())
        .then(Select::Kind(lrp_core::Kind::Convolution), alpha_beta(1.5, 0.5))
        .then(Select::Kind(lrp_core::Kind::Linear), epsilon(0.25));
    assert_eq!(composite("102(0.25, 0.5, switch=conv3)").unwrap(), expected);
    assert_eq!(composite("layer_dep_n_flat(beta=0.5, epsilon=0.25, switch=conv3)").unwrap(), expected);
}

#[test]
fn what_a_formula_type_needs_is_said() {
    let cases = [
        (
            "54",
            "composite '54': needs a switch layer, by number or name; usage: eps-n-flat(epsilon=1e-6, switch=LAYER)",
        ),
        ("2(-1)", "composite '2(-1)': beta is -1, it must not be negative; usage: alphabeta(beta=1)"),
        (
            "18",
            "composite '18': needs the bounds of the input, low and high; usage: depth-box(low, high, depth=15)",
        ),
        (
            "0(switch=1)",
            "composite '0(switch=1)': 'switch' is not expected there; usage: epsilon(epsilon=1e-6)",
        ),
        ("0(x)", "composite '0(x)': 'x' is not a number; usage: epsilon(epsilon=1e-6)"),
        (
            "0(maxima=x)",
            "composite '0(maxima=x)': unknown way across a maximum 'x'; one of winner, mean; usage: epsilon(epsilon=1e-6)",
        ),
        (
            "6(2,1)",
            "composite '6(2,1)': low must not exceed high, and both must be of as many channels; usage: depth-ab-box(low, high, beta=1, depth=15)",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(composite(text).unwrap_err().to_string(), expected);
    }
    let network = without_bias();
    let far = composite("54(switch=conv9)").unwrap();
    let error = Plan::new(&network, &far, PlanOptions::default()).unwrap_err().to_string();
    assert_eq!(error, "the network has no layer 'conv9'");
}

#[test]
fn treatments_and_places_are_written_and_read_again() {
    for text in
        ["54(switch=conv3,maxima=mean)", "114(switch=2,bias=spread,responses=pass)", "99", "22(depth=3)"]
    {
        let made = composite(text).unwrap();
        let written = made.to_toml();
        assert_eq!(written.parse::<Composite>().unwrap(), made, "{written}");
    }
}

#[test]
fn sensitivity_is_the_length_over_the_channels() {
    let layer = row(&[3.0, 4.0], [1, 2, 1], &[0.0], 0, 1);
    let found = across(layer, composite("99").unwrap(), &tensor(&[1, 2, 1], &[1.0, 0.0]));
    // The score is 3, so the score times the gradient is (9, 12).
    close(&found, &[15.0, 15.0]);
}

#[test]
fn relevance_may_be_stopped() {
    let mut builder = NetworkBuilder::<f64>::new();
    let dense = || Linear::new(arr2(&[[1.0, 2.0], [3.0, 4.0]]), arr1(&[0.0, 0.0])).unwrap();
    let first = builder.add("first", dense(), &[Value::INPUT]);
    let drop = builder.add("drop", Identity, &[first]);
    builder.add("second", dense(), &[drop]);
    let network = builder.build().unwrap();
    let x = tensor(&[1, 2], &[1.0, 1.0]);
    for name in ["first", "drop", "second"] {
        let composite = Composite::uniform(epsilon(0.0)).but(Select::Name(name.to_owned()), stop());
        let plan = Plan::new(&network, &composite, PlanOptions::default()).unwrap();
        assert_eq!(plan.explain(&x, &Target::Top).unwrap().relevance, Tensor::zeros(vec![1, 2]), "{name}");
    }
}

#[test]
fn relevance_may_start_at_any_layer() {
    let dense = |weights: [[f64; 2]; 2]| Linear::new(arr2(&weights), arr1(&[0.0, 0.0])).unwrap();
    let network = Network::sequential([
        dense([[1.0, 2.0], [3.0, 4.0]]).into(),
        Tanh.into(),
        dense([[1.0, 0.0], [0.0, 1.0]]).into(),
    ])
    .unwrap();
    let options = PlanOptions { head: Head::Node(0), ..PlanOptions::default() };
    let plan = Plan::new(&network, &Composite::uniform(simple()), options).unwrap();
    let found = plan.explain(&tensor(&[1, 2], &[1.0, 1.0]), &Target::Class(1)).unwrap();
    close(found.relevance.as_slice().unwrap(), &[2.0, 4.0]);
    let options = PlanOptions { head: Head::Node(3), ..PlanOptions::default() };
    let error = Plan::new(&network, &Composite::uniform(simple()), options).unwrap_err().to_string();
    assert_eq!(error, "relevance cannot start at layer 3; layers are 0 to 2");
}

#[test]
fn several_classes_are_explained_together() {
    let dense = Linear::new(arr2(&[[1.0, 2.0, 3.0]]), arr1(&[0.0; 3])).unwrap();
    let network = Network::sequential([dense.into()]).unwrap();
    let plan = |start| {
        let options = PlanOptions { start, ..PlanOptions::default() };
        Plan::new(&network, &Composite::uniform(simple()), options).unwrap()
    };
    let (x, joint) = (tensor(&[2, 1], &[1.0, 2.0]), Target::Joint(vec![vec![0, 2], vec![1]]));
    close(plan(Start::Score).explain(&x, &joint).unwrap().relevance.as_slice().unwrap(), &[4.0, 4.0]);
    close(plan(Start::One).explain(&x, &joint).unwrap().relevance.as_slice().unwrap(), &[2.0, 1.0]);
    let error =
        plan(Start::One).explain(&x, &Target::Joint(vec![vec![0], vec![1, 3]])).unwrap_err().to_string();
    assert_eq!(error, "class 3 of sample 1 is out of range; classes are 0 to 2");
}
