//! Rules, composites, plans and targets as people write and read them: text goes in and comes out the same,
//! selectors find their layers, and what makes no sense is refused in one line.

use lrp_core::{
    Channels, Convolution, Flatten, Linear, MaxPool, Network, NetworkBuilder, Rect, SoftMax, SumPool, Tensor,
    Value, Window,
};
use lrp_rules::rules::{
    Dial, RULES, RuleInfo, alpha_beta, epsilon, find, flat, gamma, pass, signed_gamma, simple, w_square,
    z_box, z_minus, z_plus,
};
use lrp_rules::{
    B, COMPOSITES, Composite, Dialect, Error, ErrorKind, Gate, Head, Plan, PlanOptions, Rule, Select, Target,
    W, X, composite, fill, share,
};
use ndarray::{Array1, Array2, arr2};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[track_caller]
fn assert_says<T: std::fmt::Debug>(result: Result<T, Error>, kind: ErrorKind, part: &str) {
    let error = result.expect_err(part);
    let text = error.to_string();
    assert_eq!(error.kind(), kind, "{text}");
    assert!(text.contains(part), "'{text}' does not say '{part}'");
    assert!(!text.contains('\n') && !text.ends_with('.'), "'{text}' is not one plain line");
}

/// Convolution, rectifier, pools, two dense layers and a softmax head, over pictures `[n, 6, 6, 1]`.
fn network() -> Network<f64> {
    let window = Window::new(&[2, 2]).strided(&[2, 2]);
    let filters = Tensor::ones(vec![3, 3, 1, 2]);
    let dense =
        |inputs, outputs| Linear::new(Array2::ones((inputs, outputs)), Array1::zeros(outputs)).unwrap();
    let mut builder = NetworkBuilder::new();
    let convolution = Convolution::new(filters, Array1::zeros(2), &[1, 1]).unwrap();
    let mut value = builder.add("stem", convolution, &[Value::INPUT]);
    value = builder.add("stem.rect", Rect, &[value]);
    value = builder.add("max", MaxPool::new(window, Channels::Last).unwrap(), &[value]);
    value = builder.add("sum", SumPool::new(Window::new(&[2, 1]), Channels::Last).unwrap(), &[value]);
    value = builder.add("flat", Flatten::RowMajor, &[value]);
    value = builder.add("head.1", dense(4, 3), &[value]);
    value = builder.add("head.2", dense(3, 2), &[value]);
    builder.add("odds", SoftMax::default(), &[value]);
    builder.build().unwrap()
}

fn rules_of(text: &str) -> Vec<String> {
    let (network, composite): (_, Composite) = (network(), text.parse().unwrap());
    (0..network.nodes().len()).map(|node| composite.rule_for(&network, node).0.to_string()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 200,
        rng_seed: RngSeed::Fixed(3),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn rules_read_back_as_they_print(
        one in prop_oneof![0.0..1e3_f64, 0.0..1e-9_f64, Just(0.0), Just(1e300)],
        two in -50.0..50.0_f64,
        stabilizer in prop::option::of(prop_oneof![0.0..1.0_f64, 0.0..1e-12_f64]),
    ) {
        let lists: [&[f64]; 4] = [&[], &[one], &[two, two - 1.0], &[two, two + one]];
        let made = |info: &RuleInfo| lists.map(|given| info.with(given).ok()).into_iter().flatten().collect::<Vec<_>>();
        prop_assert!(RULES.iter().all(|info| !made(info).is_empty()));
        for rule in RULES.iter().flat_map(made) {
            let rule = stabilizer.map_or(rule.clone(), |stabilizer| rule.stabilized(stabilizer));
            let text = rule.to_string();
            prop_assert_eq!(&text.parse::<Rule>().unwrap(), &rule, "{}", text);
            prop_assert_eq!(text.parse::<Rule>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn composites_read_back_as_they_are_written(
        index in 0..1000_usize,
        name in "[ -~]{0,12}",
        parameter in 0.0..10.0_f64,
        toolbox in any::<bool>(),
    ) {
        let composite = Composite::uniform(epsilon(parameter))
            .then(Select::Name(name), flat().stabilized(parameter))
            .then(Select::Index(index), alpha_beta(parameter, parameter - 1.0))
            .then(Select::Kind(lrp_core::Kind::MaxPool), z_box(-parameter, parameter))
            .then(Select::Last, gamma(parameter))
            .then(Select::First, w_square())
            .in_dialect(if toolbox { Dialect::Toolbox } else { Dialect::Published });
        prop_assert_eq!(composite.to_toml().parse::<Composite>().unwrap(), composite);
    }
}

#[test]
fn every_rule_of_the_table_is_what_its_row_says() {
    for info in RULES {
        let named = |name: &str| find(name).unwrap().name == info.name;
        assert!(named(info.name) && named(&info.name.to_uppercase()), "{}", info.name);
        assert!(info.aliases.iter().all(|alias| named(alias)), "{}: an alias is taken", info.name);
        assert!(info.usage.starts_with(info.name) && !info.summary.contains('\n'), "{}", info.name);
        match info.with(&[]) {
            Ok(rule) => assert!(rule.to_string().starts_with(info.name), "{rule}"),
            Err(message) => assert_eq!((info.name, message), ("zbox", "takes two parameters")),
        }
        let usual: Vec<f64> = info.dials.iter().map(|dial| dial.usual).collect();
        assert!(
            usual.is_empty() || info.with(&usual) == info.with(&[]),
            "{}: dials stand as usual",
            info.name
        );
        for Dial { least, usual, most, logarithmic, .. } in info.dials {
            assert!(least <= usual && usual <= most && (*least > 0.0 || !logarithmic), "{}", info.name);
            assert!(info.with(&[*least]).is_ok() && info.with(&[*most]).is_ok(), "{}", info.name);
        }
    }
}

/// What a name without parameters means, which the usage line repeats.
#[test]
fn defaults_are_those_of_the_usage_lines() {
    let table: [(&str, Rule, &str); 5] = [
        ("epsilon", epsilon(1e-6), "epsilon(epsilon=1e-6)"),
        ("gamma", gamma(0.25), "gamma(gamma=0.25)"),
        ("signedgamma", signed_gamma(0.25), "signedgamma(gamma=0.25)"),
        ("alphabeta", alpha_beta(2.0, 1.0), "alphabeta(alpha=2, beta=alpha-1)"),
        ("alphabeta(0.5)", alpha_beta(0.5, -0.5), "alphabeta(alpha=2, beta=alpha-1)"),
    ];
    for (text, rule, usage) in table {
        assert_eq!(text.parse::<Rule>().unwrap(), rule);
        assert_eq!(find(text.split('(').next().unwrap()).unwrap().usage, usage);
    }
}

#[test]
fn rules_print_their_name_or_their_formula() {
    let table: [(Rule, &str, &str); 12] = [
        (simple(), "simple", "[xw + b]"),
        (epsilon(1e-6), "epsilon(1e-6)", "[xw + b]{ε=1e-6}"),
        (gamma(0.25), "gamma(0.25)", "[x(w+0.25w⁺) + (b+0.25b⁺)]"),
        (
            signed_gamma(0.5),
            "signedgamma(0.5)",
            "[x⁺(w+0.5w⁺) + x⁻(w+0.5w⁻) + (b+0.5b⁺)]{z>0} + [x⁺(w+0.5w⁻) + x⁻(w+0.5w⁺) + (b+0.5b⁻)]{z<0}",
        ),
        (z_minus(), "zminus", "[x⁺w⁻ + x⁻w⁺ + b⁻]"),
        (alpha_beta(0.0, -1.0), "alphabeta(0,-1)", "[x⁺w⁻ + x⁻w⁺ + b⁻]"),
        (flat(), "flat", "[1]"),
        (w_square(), "w2", "[w²]"),
        (z_box(-1.0, 1.0), "zbox(-1,1)", "[(x+1)w⁺ + (x−1)w⁻]"),
        (pass(), "pass", "R"),
        (-z_plus(), "-1·[x⁺w⁺ + x⁻w⁻ + b⁺]", "-1·[x⁺w⁺ + x⁻w⁻ + b⁺]"),
        (
            0.5 * pass() + 2.0 * share(fill(3.0) * W + B),
            "0.5·R + 2·[(3)w + b]{ε=1e-16}",
            "0.5·R + 2·[(3)w + b]{ε=1e-16}",
        ),
    ];
    for (rule, name, formula) in table {
        assert_eq!((rule.to_string(), format!("{rule:#}")), (name.to_owned(), formula.to_owned()));
    }
    assert_eq!((0.0 * simple()).to_string(), "0");
    assert_eq!(format!("[{:>8}|{:<8}]", simple(), flat()), "[  simple|flat    ]");
}

#[test]
fn rules_are_equal_when_their_formulas_are() {
    assert_eq!(share(X * W + B), simple());
    assert_eq!(epsilon(0.5), simple().stabilized(0.5));
    assert_ne!(epsilon(0.5), epsilon(0.25));
    assert_ne!(z_plus().only(Gate::Positive), z_plus());
    assert_eq!(0.5 * z_plus() + 0.5 * z_plus() - 0.5 * z_plus(), {
        let half = 0.5 * z_plus();
        half.clone() + half.clone() + -half
    });
}

#[test]
fn rules_that_make_no_sense_are_refused() {
    let table = [
        ("", "unknown rule ''"),
        ("nonsense", "unknown rule 'nonsense'; one of simple, epsilon, gamma"),
        ("two\nlines", "unknown rule"),
        ("epsilon(0.1", "lacks a closing parenthesis"),
        ("epsilon(0.1)x", "lacks a closing parenthesis"),
        ("epsilon(x)", "'x' is not a number; usage: epsilon(epsilon=1e-6)"),
        ("epsilon(nan)", "'nan' is not a number"),
        ("epsilon(inf)", "'inf' is not a number"),
        ("epsilon(-1)", "must not be negative"),
        ("epsilon(1,2)", "takes one parameter"),
        ("gamma(-0.1)", "must not be negative"),
        ("flat(1)", "takes no parameter; usage: flat"),
        ("alphabeta(2,2)", "alpha - beta must be 1"),
        ("alphabeta(2,1,0)", "takes two parameters at most"),
        ("zbox", "takes two parameters; usage: zbox(low, high)"),
        ("zbox(1,-1)", "low must not exceed high"),
        ("simple(epsilon=1)", "'epsilon=1' is not expected there"),
        ("epsilon(stabilizer=1,2)", "'2' is not expected there"),
        ("simple(stabilizer=1,stabilizer=2)", "'stabilizer=2' is not expected there"),
        ("simple(stabilizer=-1)", "must not be negative"),
    ];
    for (text, part) in table {
        assert_says(text.parse::<Rule>(), ErrorKind::Rule, part);
    }
}

#[test]
fn selectors_find_their_layers() {
    let table: [(&str, [&str; 8]); 8] = [
        ("kind = 'linear'", ["-", "-", "-", "-", "-", "flat", "flat", "-"]),
        ("kind = 'MAXPOOL'", ["-", "-", "flat", "-", "-", "-", "-", "-"]),
        ("first = true", ["flat", "-", "-", "-", "-", "-", "-", "-"]),
        ("last = true", ["-", "-", "-", "-", "-", "-", "flat", "-"]),
        ("name = 'head.*'", ["-", "-", "-", "-", "-", "flat", "flat", "-"]),
        ("name = 's??'", ["-", "-", "-", "flat", "-", "-", "-", "-"]),
        ("name = 'stem'", ["flat", "-", "-", "-", "-", "-", "-", "-"]),
        ("index = 3", ["-", "-", "-", "flat", "-", "-", "-", "-"]),
    ];
    for (select, expected) in table {
        let found = rules_of(&format!("otherwise = 'zplus'\n[[layer]]\n{select}\nrule = 'flat'"));
        let expected = expected.map(|rule| if rule == "-" { "zplus" } else { rule });
        assert_eq!(found, expected, "{select}");
    }
}

#[test]
fn the_first_entry_that_matches_wins() {
    let entry = |select: &str, rule: &str| format!("[[layer]]\n{select}\nrule = '{rule}'\n");
    let (kind, name) = (entry("kind = 'Linear'", "w2"), entry("name = '*.2'", "gamma"));
    let of = |first: &str, second: &str| {
        rules_of(&format!("otherwise = 'simple'\n{first}{second}"))[5..7].to_vec()
    };
    assert_eq!(of(&kind, &name), ["w2", "w2"]);
    assert_eq!(of(&name, &kind), ["w2", "gamma(0.25)"]);
}

#[test]
fn composites_that_make_no_sense_are_refused() {
    let entry = |lines: &str| {
        format!("otherwise = 'flat'\n[[layer]]\nfirst = true\nrule = 'flat'\n[[layer]]\n{lines}")
    };
    let exactly = "[[layer]] number 2: needs exactly one of kind, first = true, last = true, name, index";
    let table = [
        (String::new(), "line 1: missing field `otherwise`"),
        ("otherwise = 'flat'\nbroken".to_owned(), "line 2: "),
        ("otherwise = 'flat'\nother = 1".to_owned(), "line 2: unknown field `other`"),
        ("otherwise = 7".to_owned(), "line 1: invalid type"),
        ("otherwise = \"\"\"two\nlines\"\"\"".to_owned(), "unknown rule"),
        ("otherwise = 'flat'\ndialect = 'french'".to_owned(), "'french'; one of published, toolbox"),
        (entry("rule = 'flat'"), exactly),
        (entry("rule = 'flat'\nfirst = false"), exactly),
        (entry("rule = 'flat'\nfirst = true\nindex = 1"), exactly),
        (entry("rule = 'flat'\nkind = 'Dense'"), "number 2: unknown layer kind 'Dense'; one of Linear"),
        (entry("rule = 'round'\nfirst = true"), "number 2: unknown rule 'round'"),
        (entry("rule = 'flat'\nindex = -1"), "line 7: invalid value"),
        (entry("index = 1"), "line 5: missing field `rule`"),
        (entry("rule = 'flat'\nwhich = 1"), "line 7: unknown field `which`"),
    ];
    for (text, part) in table {
        let kind = if text.starts_with("otherwise = \"") { ErrorKind::Rule } else { ErrorKind::Composite };
        assert_says(text.parse::<Composite>(), kind, part);
    }
    assert_says(composite("nonsense"), ErrorKind::Composite, "unknown composite 'nonsense'; one of lrp-0");
}

#[test]
fn every_named_composite_plans_and_explains() {
    let network = network();
    let input = Tensor::ones(vec![2, 6, 6, 1]);
    for info in COMPOSITES {
        let bounds = if info.name == "epsilon-gamma-box" { "(0,1)" } else { "" };
        let made = composite(&(info.name.to_uppercase() + bounds)).unwrap();
        assert!(info.usage.starts_with(info.name), "{}", info.usage);
        let written = made.to_toml();
        assert_eq!(written.parse::<Composite>().unwrap(), made, "{}", info.name);
        assert_eq!(written.parse::<Composite>().unwrap().to_toml(), written, "{}", info.name);
        let plan = Plan::new(&network, &made, PlanOptions::default()).unwrap();
        assert_eq!(plan.table(None).unwrap().rows.len(), 8);
        let explanation = plan.explain(&input, &Target::Top).unwrap();
        let (found, expected) = (explanation.relevance.sum(), explanation.seed.sum());
        if made.otherwise().is_derivative() && made.entries().is_empty() {
            continue;
        }
        // Nothing is negative in this network, so that alpha-beta hands on twice what its layer receives.
        let doubles = info.name.contains("alpha2") || info.name == "preset-b";
        let factor = if doubles && !info.name.ends_with("flat") { 2.0 } else { 1.0 };
        // What iNNvestigate's presets stabilize with is no trifle.
        let tolerance = if info.name.starts_with("preset") { 0.01 } else { 1e-6 };
        assert!((found / expected - factor).abs() < tolerance, "{}: {found} of {expected}", info.name);
    }
}

#[test]
fn a_plan_prints_as_a_table() {
    let text = "otherwise = 'epsilon(0.01)'
        dialect = 'toolbox'
        [[layer]]
        first = true
        rule = 'zbox(0,1)'
        [[layer]]
        kind = 'SumPool'
        rule = 'simple'
        [[layer]]
        name = 'head.*'
        rule = 'zplus(stabilizer=1e-9)'";
    let network = network();
    let plan = Plan::new(&network, &text.parse().unwrap(), PlanOptions::default()).unwrap();
    let expected = "\
node       kind         shape         rule                      why
stem       Convolution  [5, 4, 4, 2]  zbox(0,1)                 first layer with weights
stem.rect  Rect         [5, 4, 4, 2]  -                         hands relevance back unchanged
max        MaxPool      [5, 2, 2, 2]  winner                    default
sum        SumPool      [5, 1, 2, 2]  simple(stabilizer=1e-12)  every SumPool; toolbox stabilizer of sum pooling
flat       Flatten      [5, 4]        -                         hands relevance back unchanged
head.1     Linear       [5, 3]        zplus(stabilizer=1e-9)    name matches 'head.*'
head.2     Linear       [5, 2]        zplus(stabilizer=1e-9)    name matches 'head.*'
odds       SoftMax      [5, 2]        -                         dropped: relevance starts before it
note: odds is dropped: relevance starts at the logits
";
    assert_eq!(plan.table(Some(&[5, 6, 6, 1])).unwrap().to_string(), expected);
    assert_eq!(plan.table(None).unwrap().rows[0].shape, None);
    assert_says(plan.table(Some(&[5, 2, 2, 1])), ErrorKind::Network, "stem: window [3, 3] does not fit");
}

#[test]
fn a_plan_says_where_max_pooling_is_not_about_the_winner() {
    let network = network();
    let plan = Plan::new(&network, &Composite::uniform(flat()), PlanOptions::default()).unwrap();
    let row = &plan.table(None).unwrap().rows[2];
    assert_eq!((row.rule.as_str(), row.why.as_str()), ("flat", "default"));
}

#[test]
fn a_kept_softmax_is_explained() {
    let network = network();
    let options = PlanOptions { head: Head::Output, ..PlanOptions::default() };
    let plan = Plan::new(&network, &Composite::uniform(flat()), options).unwrap();
    assert!(plan.notices().is_empty());
    let explanation = plan.explain(&Tensor::ones(vec![1, 6, 6, 1]), &Target::All).unwrap();
    assert_eq!(explanation.scores, arr2(&[[0.5, 0.5]]).into_dyn());
    assert!((explanation.relevance.sum() - 1.0).abs() < 1e-12);
}

#[test]
fn layers_are_kept_on_request() {
    let network = network();
    let options = PlanOptions { keep_layers: true, ..PlanOptions::default() };
    let plan = Plan::new(&network, &Composite::uniform(z_plus()), options).unwrap();
    let input = Tensor::ones(vec![1, 6, 6, 1]);
    let explanation = plan.explain(&input, &Target::Top).unwrap();
    let layers = explanation.layers.unwrap();
    let shapes = network.shapes(&[1, 6, 6, 1]).unwrap();
    assert_eq!(layers.iter().map(Tensor::shape).collect::<Vec<_>>(), shapes[..8].to_vec());
    assert_eq!((&layers[0], &layers[7]), (&explanation.relevance, &explanation.seed));
    for layer in &layers {
        assert!((layer.sum() - explanation.seed.sum()).abs() < 1e-9, "{layer}");
    }
}

fn scores() -> Tensor<f64> {
    arr2(&[[1.0, 5.0, -2.0], [4.0, 0.5, 4.0]]).into_dyn()
}

#[test]
fn targets_start_relevance_at_their_scores() {
    let given = arr2(&[[9.0, 8.0, 7.0], [6.0, 5.0, 4.0]]).into_dyn();
    let table: [(Target, [[f64; 3]; 2]); 5] = [
        (Target::Top, [[0.0, 5.0, 0.0], [4.0, 0.0, 0.0]]),
        (Target::Class(2), [[0.0, 0.0, -2.0], [0.0, 0.0, 4.0]]),
        (Target::PerSample(vec![0, 1]), [[1.0, 0.0, 0.0], [0.0, 0.5, 0.0]]),
        (Target::All, [[1.0, 5.0, -2.0], [4.0, 0.5, 4.0]]),
        (Target::Given(given), [[9.0, 8.0, 7.0], [6.0, 5.0, 4.0]]),
    ];
    for (target, expected) in table {
        assert_eq!(target.seed(&scores()).unwrap(), arr2(&expected).into_dyn(), "{target:?}");
    }
    let column = Tensor::from_shape_vec(vec![1, 2, 1, 2], vec![1.0, 3.0, 2.0, 0.0]).unwrap();
    assert_eq!(Target::Top.seed(&column).unwrap()[[0, 0, 0, 1]], 3.0);
}

#[test]
fn targets_the_scores_do_not_have_are_refused() {
    let seed = |target: Target| target.seed(&scores());
    let kind = ErrorKind::Target;
    assert_says(seed(Target::Class(3)), kind, "class 3 of sample 0 is out of range; classes are 0 to 2");
    assert_says(seed(Target::PerSample(vec![0, 3])), kind, "class 3 of sample 1");
    assert_says(seed(Target::PerSample(vec![0])), kind, "1 classes for 2 samples; give one each");
    assert_says(seed(Target::Given(Tensor::zeros(vec![1, 3]))), kind, "shape [1, 3], expected [2, 3]");
    let network = network();
    let plan = Plan::new(&network, &Composite::uniform(flat()), PlanOptions::default()).unwrap();
    assert_says(plan.explain(&Tensor::ones(vec![1, 6, 6, 1]), &Target::Class(2)), kind, "classes are 0 to 1");
}

#[test]
fn targets_are_read_from_text() {
    let table: [(&str, Target); 5] = [
        ("top", Target::Top),
        (" ALL ", Target::All),
        ("7", Target::Class(7)),
        ("7, 2,1", Target::PerSample(vec![7, 2, 1])),
        ("0", Target::Class(0)),
    ];
    for (text, target) in table {
        assert_eq!(text.parse::<Target>().unwrap(), target);
    }
    for text in ["", "seven", "-1", "1,", "1.5", "1,x", "top,1", "two\nlines"] {
        assert_says(text.parse::<Target>(), ErrorKind::Target, "expected top, all, a class number");
    }
}

#[test]
fn explanations_that_make_no_sense_are_refused() {
    let (one, two) = (network(), network());
    let input = Tensor::ones(vec![1, 6, 6, 1]);
    let plan = Plan::new(&one, &Composite::uniform(pass()), PlanOptions::default()).unwrap();
    assert_says(plan.explain(&input, &Target::Top), ErrorKind::Composite, "stem: rule pass needs one input");
    let plan = Plan::new(&one, &Composite::uniform(flat()), PlanOptions::default()).unwrap();
    let trace = two.trace(&input).unwrap();
    assert_says(plan.explain_trace(&trace, &Target::Top), ErrorKind::Composite, "another network");
    let bad = plan.explain(&Tensor::ones(vec![1, 6, 6, 2]), &Target::Top);
    assert_says(bad, ErrorKind::Network, "stem: input [1, 6, 6, 2] has 2 channels, expected 1");
    let nan = Tensor::from_elem(vec![1, 6, 6, 1], f64::NAN);
    assert_says(plan.explain(&nan, &Target::Top), ErrorKind::Network, "input holds NaN at [0, 0, 0, 0]");
}
