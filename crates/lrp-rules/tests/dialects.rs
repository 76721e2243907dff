//! What the dialect `zennit` makes of rules and layers, as a plan's table shows it.

use lrp_core::{
    Activation, Add, AveragePool, Channels, Convolution, Flatten, Function, Linear, MaxPool, Network,
    NetworkBuilder, Rect, Reduce, Reduction, SoftMax, SumPool, Tensor, Value, Window,
};
use lrp_rules::rules::{epsilon, flat, gradient, guided, signed_gamma, w_square, z_plus};
use lrp_rules::{Composite, Dialect, Plan, PlanOptions, Rule, Select, Target, composite};
use ndarray::{Array1, Array2, arr2};

/// One layer of most kinds over `[n, 1, 4, 4]`.
fn network() -> Network<f64> {
    let window = || Window::new(&[2, 2]);
    let mut builder = NetworkBuilder::new();
    let filters = Convolution::with_window(
        Tensor::ones(vec![3, 3, 1, 2]),
        Array1::zeros(2),
        Window::new(&[3, 3]).padded(&[[1, 1], [1, 1]]),
        1,
        Channels::First,
    );
    let stem = builder.add("stem", filters.unwrap(), &[Value::INPUT]);
    let rect = builder.add("rect", Rect, &[stem]);
    let join = builder.add("join", Add, &[rect, stem]);
    let max = builder.add("max", MaxPool::new(window(), Channels::First).unwrap(), &[join]);
    let mean = builder.add("mean", AveragePool::new(window(), Channels::First, true).unwrap(), &[max]);
    let sum = builder.add("sum", SumPool::new(Window::new(&[1, 1]), Channels::First).unwrap(), &[mean]);
    let whole = builder.add("whole", Reduce::new(Reduction::Mean, vec![2, 3], true), &[sum]);
    let curve = builder.add("curve", Activation::new(Function::Mish), &[whole]);
    let unknown = builder.add("unknown", Activation::new(Function::Exp), &[curve]);
    let flat = builder.add("flat", Flatten::RowMajor, &[unknown]);
    let inner = builder.add("inner", SoftMax::default(), &[flat]);
    builder.add("dense", Linear::new(Array2::ones((2, 3)), Array1::zeros(3)).unwrap(), &[inner]);
    builder.build().unwrap()
}

fn table(composite: Composite) -> Vec<String> {
    let network = network();
    let plan = Plan::new(&network, &composite.in_dialect(Dialect::Zennit), PlanOptions::default()).unwrap();
    plan.table(None).unwrap().rows.into_iter().map(|row| row.rule).collect()
}

#[test]
fn zennits_base_map_is_under_every_rule_for_weights() {
    let norm = "epsilon(1e-6)";
    let base = |stem, dense| {
        [stem, "-", norm, "gradient", norm, norm, norm, "gradient", "gradient", "-", "gradient", dense]
    };
    let plus = "zplus(stabilizer=1e-6)";
    assert_eq!(table(Composite::uniform(z_plus())), base(plus, plus));
    assert_eq!(table(composite("epsilon-plus").unwrap()), base(plus, norm));
    let flat = "flat(stabilizer=1e-6)";
    assert_eq!(table(composite("epsilon-plus-flat").unwrap()), base(flat, norm));
    let boxed = "zbox(-1,1,stabilizer=1e-6)";
    assert_eq!(table(composite("epsilon-gamma-box(-1,1)").unwrap()), base(boxed, norm));
    assert_eq!(table(composite("guided-backprop").unwrap()), ["guided"; 12]);
    let excitation = table(composite("excitation-backprop").unwrap());
    let all = "gradient";
    assert_eq!(excitation, [plus, all, norm, all, norm, norm, norm, all, all, all, all, plus]);
}

#[test]
fn rules_are_spelled_in_zennits_arithmetic() {
    let spelled = |rule: Rule| table(Composite::uniform(epsilon(0.0)).then(Select::First, rule))[0].clone();
    let table: [(&str, &str); 9] = [
        ("gamma(0.5)", "signedgamma(0.5,stabilizer=1e-6)"),
        ("gamma(0.5,bias=0,stabilizer=0.25)", "signedgamma(0.5,bias=0,stabilizer=0.25)"),
        ("w2", "w2(bias=1,stabilizer=1e-6)"),
        ("w2(bias=0)", "w2(bias=0,stabilizer=1e-6)"),
        ("epsilon(0.1)", "epsilon(0.1)"),
        ("epsilon(0,bias=0)", "epsilon(0,bias=0)"),
        ("zplus(stabilizer=0.5)", "zplus(stabilizer=0.5)"),
        ("[xw + b]", "[xw + b]{ε=1e-6}"),
        ("guided", "guided"),
    ];
    for (rule, expected) in table {
        assert_eq!(spelled(rule.parse().unwrap()), expected);
    }
    assert_eq!(w_square().with_bias().to_string(), "w2(bias=1)");
    assert_ne!(signed_gamma(0.5), flat());
}

/// The first of entries that tie has it all, under gradients too; elsewhere they share.
#[test]
fn the_first_of_ties_wins_in_zennit() {
    let pool = MaxPool::new(Window::new(&[1, 2]), Channels::First).unwrap();
    let network = Network::sequential([pool.into()]).unwrap();
    let input = Tensor::from_shape_vec(vec![1, 1, 1, 3], vec![2.0, 2.0, 1.0]).unwrap();
    let found = |rule: Rule, dialect| {
        let composite = Composite::uniform(rule).in_dialect(dialect);
        let plan = Plan::new(&network, &composite, PlanOptions::default()).unwrap();
        plan.explain(&input, &Target::All).unwrap().relevance.into_raw_vec_and_offset().0
    };
    for rule in [gradient(), guided(), z_plus(), flat()] {
        assert_eq!(found(rule, Dialect::Zennit), [2.0, 2.0, 0.0]);
    }
    assert_eq!(found(gradient(), Dialect::Published), [1.0, 3.0, 0.0]);
}

/// A bound a channel is that of the channel wherever the layer keeps its channels.
#[test]
fn bounds_follow_the_channels_of_the_layer() {
    for channels in [Channels::First, Channels::Last] {
        let filters = Tensor::from_shape_fn(vec![1, 1, 2, 1], |index| if index[2] == 0 { 1.0 } else { -1.0 });
        let window = Window::new(&[1, 1]);
        let filters = Convolution::with_window(filters, Array1::zeros(1), window, 1, channels).unwrap();
        let network = Network::sequential([filters.into()]).unwrap();
        let input = match channels {
            Channels::First => Tensor::from_shape_vec(vec![1, 2, 1, 1], vec![0.5, 0.25]).unwrap(),
            Channels::Last => Tensor::from_shape_vec(vec![1, 1, 1, 2], vec![0.5, 0.25]).unwrap(),
        };
        let explain = |rule: &str| {
            let composite = Composite::uniform(rule.parse().unwrap());
            let plan = Plan::<f64>::new(&network, &composite, PlanOptions::default()).unwrap();
            plan.explain(&input, &Target::Given(Tensor::from_elem(vec![1, 1, 1, 1], 4.0)))
        };
        // (x − l) for the positive weight, −(x − h) for the negative one: 1 and 0.75 of 1.75.
        let found: Vec<f64> = explain("zbox([-0.5,-9],[9,1])").unwrap().relevance.into_raw_vec_and_offset().0;
        assert!((found[0] - 4.0 / 1.75).abs() < 1e-12 && (found[1] - 3.0 / 1.75).abs() < 1e-12, "{found:?}");
        let error = explain("zbox([0,0,0],[1,1,1])").unwrap_err().to_string();
        assert!(
            error.starts_with("convolution_0: rule zbox([0,0,0],[1,1,1]) has bounds for 3 channels"),
            "{error}"
        );
    }
    let dense = Linear::new(arr2(&[[1.0], [2.0]]), Array1::zeros(1)).unwrap();
    let network = Network::sequential([dense.into()]).unwrap();
    let composite = Composite::uniform("zbox([-1,-2],2)".parse().unwrap());
    let plan = Plan::new(&network, &composite, PlanOptions::default()).unwrap();
    let found = plan.explain(&arr2(&[[1.0, 0.0]]).into_dyn(), &Target::All).unwrap().relevance;
    assert_eq!(found, arr2(&[[1.0 * 2.0 / 6.0, 1.0 * 4.0 / 6.0]]).into_dyn());
}
