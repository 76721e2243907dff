//! The toolbox dialect: its numbers on the smallest layers that show them, its variant names and the
//! precedence of its presets, and its quirks, each either kept or put right. The number of a test is the
//! quirk's in the register of deviations.

use lrp_core::{Channels, Convolution, Linear, MaxPool, Network, Op, Rect, SumPool, Tensor, Window};
use lrp_rules::rules::{alpha_beta, epsilon, flat, simple, w_square};
use lrp_rules::{
    Composite, Dialect, ErrorKind, Plan, PlanOptions, Presets, Rule, Select, Target, toolbox_rule,
};
use ndarray::{Array2, arr1, arr2};

fn tensor(shape: &[usize], values: &[f64]) -> Tensor<f64> {
    Tensor::from_shape_vec(shape, values.to_vec()).unwrap()
}

/// A layer at a point, and relevance to hand back.
struct Worked {
    op: Op<f64>,
    input: Tensor<f64>,
    relevance: Tensor<f64>,
}

impl Worked {
    /// What `lrp(R, name, parameter)` computes in the toolbox.
    #[track_caller]
    fn lrp(&self, name: &str, parameter: Option<f64>) -> Tensor<f64> {
        let rule = toolbox_rule(Some(name), parameter).unwrap();
        self.explain(&Presets::default().composite(rule))
    }

    fn explain(&self, composite: &Composite) -> Tensor<f64> {
        let network = Network::sequential([self.op.clone()]).unwrap();
        let plan = Plan::new(&network, composite, PlanOptions::default()).unwrap();
        plan.explain(&self.input, &Target::Given(self.relevance.clone())).unwrap().relevance
    }

    fn with_relevance(self, relevance: &[f64]) -> Self {
        Self { relevance: tensor(self.relevance.shape(), relevance), ..self }
    }

    /// Compares with figures of about 15 digits.
    #[track_caller]
    fn check(&self, table: &[(&str, Option<f64>, &[f64])]) {
        for (name, parameter, expected) in table {
            assert_close(&self.lrp(name, *parameter), expected, &format!("{name} {parameter:?}"));
        }
    }
}

#[track_caller]
fn assert_close(found: &Tensor<f64>, expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}: {found}");
    for (found, expected) in found.iter().zip(expected) {
        let off = (found - expected).abs();
        assert!(off <= 1e-12 * expected.abs().max(1.0), "{what}: {found} is not {expected}");
    }
}

fn linear() -> Worked {
    let weights = arr2(&[[1.0, -2.0], [3.0, 0.5], [-1.0, 0.25]]);
    Worked {
        op: Linear::new(weights, arr1(&[0.1, -0.2])).unwrap().into(),
        input: tensor(&[1, 3], &[1.0, -1.0, 2.0]),
        relevance: tensor(&[1, 2], &[1.0, -2.0]),
    }
}

const PIXELS: [f64; 9] = [1.0, -2.0, 3.0, 0.0, 1.0, -1.0, 2.0, 0.5, -0.5];

fn convolution() -> Worked {
    let filters = tensor(&[2, 2, 1, 2], &[1.0, -1.0, 0.5, 2.0, -3.0, 0.25, 0.0, 1.0]);
    Worked {
        op: Convolution::new(filters, arr1(&[0.1, -0.2]), &[1, 1]).unwrap().into(),
        input: tensor(&[1, 3, 3, 1], &PIXELS),
        relevance: tensor(&[1, 2, 2, 2], &[1.0, -1.0, 2.0, 0.5, -0.5, 1.0, 3.0, -2.0]),
    }
}

fn sum_pool() -> Worked {
    Worked {
        op: SumPool::new(Window::new(&[2, 2]), Channels::Last).unwrap().into(),
        input: tensor(&[1, 3, 3, 1], &PIXELS),
        relevance: tensor(&[1, 2, 2, 1], &[1.0, -1.0, 2.0, 0.5]),
    }
}

fn max_pool() -> Worked {
    Worked {
        op: MaxPool::new(Window::new(&[2, 2]), Channels::Last).unwrap().into(),
        input: tensor(&[1, 3, 3, 1], &[1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0]),
        relevance: tensor(&[1, 2, 2, 1], &[1.0, -1.0, 2.0, 0.5]),
    }
}

fn dense(weights: Array2<f64>, input: &[f64], relevance: &[f64]) -> Worked {
    let bias = ndarray::Array1::zeros(weights.ncols());
    Worked {
        op: Linear::new(weights, bias).unwrap().into(),
        input: tensor(&[1, input.len()], input),
        relevance: tensor(&[1, relevance.len()], relevance),
    }
}

#[test]
fn linear_has_the_toolbox_numbers() {
    let half = Some(0.5);
    linear().check(&[
        ("simple", None, &[-2.074_592_074_592_07, 0.314_685_314_685_315, 0.967_365_967_365_967]),
        ("epsilon", half, &[-1.708_754_208_754_21, 0.311_447_811_447_811, 0.824_915_824_915_825]),
        ("alphabeta", Some(2.0), &[3.299_663_299_663_3, -0.229_629_629_629_63, -4.4]),
        ("alphabeta", Some(1.0), &[0.909_090_909_090_909, 0.0, -2.0]),
        ("alphabeta", Some(0.0), &[-1.481_481_481_481_48, 0.229_629_629_629_63, 0.4]),
        ("alphabeta", Some(0.25), &[-0.883_838_383_838_384, 0.172_222_222_222_222, -0.2]),
        ("flat", None, &[-1.0 / 3.0; 3]),
        ("ww", None, &[-1.764_163_372_859_03, 0.702_239_789_196_311, 0.061_923_583_662_714_1]),
    ]);
}

const CONVOLUTION: &[(&str, Option<f64>, &[f64])] = &[
    (
        "simple",
        None,
        &[
            9.761_904_761_904_75,
            -9.634_066_392_514_44,
            -0.456_821_026_282_853,
            0.0,
            -1.111_660_265_289_8,
            0.476_863_561_969_945,
            -0.376_984_126_984_127,
            5.248_501_498_501_5,
            -0.279_720_279_720_28,
        ],
    ),
    (
        "epsilon",
        Some(0.5),
        &[
            1.453_900_709_219_86,
            -1.359_639_139_687_05,
            -0.371_879_775_853_286,
            0.0,
            -0.217_437_414_153_798,
            0.023_608_313_841_117_6,
            -0.356_959_424_756_035,
            3.427_150_559_052_4,
            -0.245_398_773_006_135,
        ],
    ),
    (
        "alphabeta",
        Some(2.0),
        &[
            2.010_489_510_489_51,
            -0.788_344_988_344_988,
            4.477_272_727_272_73,
            0.0,
            3.325_389_025_389_02,
            -0.085_585_585_585_585_7,
            0.833_333_333_333_333,
            -5.916_666_666_666_66,
            0.270_270_270_270_27,
        ],
    ),
    (
        "alphabeta",
        Some(1.0),
        &[
            0.909_090_909_090_909,
            0.121_212_121_212_121,
            2.238_636_363_636_36,
            0.0,
            1.992_424_242_424_24,
            0.0,
            0.166_666_666_666_667,
            -1.833_333_333_333_33,
            0.0,
        ],
    ),
    (
        "alphabeta",
        Some(0.0),
        &[
            -0.192_307_692_307_692,
            1.030_769_230_769_23,
            0.0,
            0.0,
            0.659_459_459_459_46,
            0.085_585_585_585_585_8,
            -0.5,
            2.25,
            -0.270_270_270_270_27,
        ],
    ),
    ("flat", None, &[0.0, 0.625, 0.625, 0.125, 1.0, 0.875, 0.125, 0.375, 0.25]),
    (
        "ww",
        None,
        &[
            -0.067_387_477_998_491_3,
            -0.357_807_392_506_915,
            0.378_677_395_021_373,
            0.983_907_467_940_659,
            2.206_688_458_637_16,
            -1.163_942_670_354_54,
            -0.428_715_111_893_387,
            2.778_476_238_370_63,
            -0.329_896_907_216_495,
        ],
    ),
];

#[test]
fn convolution_has_the_toolbox_numbers() {
    convolution().check(CONVOLUTION);
}

#[test]
fn sum_pool_has_the_intended_toolbox_numbers() {
    let even = [0.25, 0.0, -0.25, 0.75, 0.625, -0.125, 0.5, 0.625, 0.125];
    sum_pool().check(&[
        (
            "epsilon",
            Some(0.5),
            &[
                2.0,
                -2.666_666_666_666_67,
                -2.0,
                0.0,
                2.833_333_333_333_33,
                -0.333_333_333_333_333,
                1.0,
                0.75,
                -0.5,
            ],
        ),
        (
            "alphabeta",
            Some(2.0),
            &[
                1.0,
                -0.333_333_333_333_333,
                -1.5,
                0.0,
                2.309_523_809_523_81,
                0.0,
                2.285_714_285_714_29,
                0.904_761_904_761_905,
                -0.166_666_666_666_667,
            ],
        ),
        (
            "alphabeta",
            Some(1.0),
            &[
                0.5,
                0.0,
                -0.75,
                0.0,
                1.154_761_904_761_9,
                0.0,
                1.142_857_142_857_14,
                0.452_380_952_380_952,
                0.0,
            ],
        ),
        (
            "alphabeta",
            Some(0.0),
            &[0.0, 0.333_333_333_333_333, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.166_666_666_666_667],
        ),
        ("flat", None, &even),
        ("ww", None, &even),
    ]);
}

#[test]
fn max_pool_has_the_toolbox_numbers() {
    let winners = [1.0 / 3.0, 0.0, 0.0, 0.0, 7.0 / 6.0, -1.0 / 6.0, 1.0, 0.0, 1.0 / 6.0];
    let even = [0.25, 0.0, -0.25, 0.75, 0.625, -0.125, 0.5, 0.625, 0.125];
    max_pool().check(&[
        ("simple", None, &winners),
        ("epsilon", Some(0.5), &winners),
        ("alphabeta", Some(2.0), &winners),
        ("flat", None, &even),
        ("ww", None, &even),
    ]);
}

#[test]
fn variants_have_their_toolbox_names_in_upper_and_lower_case() {
    let table: [(&[&str], Option<f64>, Rule); 5] = [
        (&["none", "simple", "slow", "simple_slow", "SIMPLE", "None"], None, simple()),
        (&["flat", "Flat"], None, flat()),
        (&["ww", "w^2", "WW", "W^2"], None, w_square()),
        (&["epsilon", "epsilon_slow", "Epsilon", "EPSILON_SLOW"], Some(0.01), epsilon(0.01)),
        (
            &["alphabeta", "alpha", "alphabeta_slow", "alpha_slow", "AlphaBeta"],
            Some(1.5),
            alpha_beta(1.5, 0.5),
        ),
    ];
    for (names, parameter, rule) in table {
        for name in names {
            assert_eq!(toolbox_rule(Some(name), parameter).unwrap(), Some(rule.clone()), "{name}");
        }
    }
    let error = toolbox_rule(Some("epsilonn"), Some(0.1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Rule);
    assert!(error.to_string().starts_with("unknown rule 'epsilonn'; one of simple, epsilon"), "{error}");
}

/// A parameter is for the rule it comes with; a rule that takes none ignores it, as the toolbox does.
#[test]
fn parameters_reach_every_rule_that_takes_one() {
    let rule = |name: &str, parameter| toolbox_rule(Some(name), Some(parameter)).unwrap().unwrap();
    assert_eq!(rule("simple", 3.0), simple());
    assert_eq!(rule("flat", 3.0), flat());
    assert_eq!(rule("gamma", 3.0), lrp_rules::rules::gamma(3.0));
    assert_eq!(rule("signedgamma", 3.0), lrp_rules::rules::signed_gamma(3.0));
    assert!(toolbox_rule(Some("epsilon"), Some(-1.0)).is_err());
    assert!(toolbox_rule(Some("zplus"), Some(1.0)).is_err());
}

/// Layers without a preset use the simple rule; a call that names nothing uses presets, layer by layer; one
/// that names a rule uses it on every layer.
#[test]
fn presets_give_way_to_a_rule_in_the_call() {
    let network = two_layers();
    let rules =
        |composite: &Composite| [composite.rule_for(&network, 0).0, composite.rule_for(&network, 2).0];
    assert_eq!(rules(&Presets::default().composite(None)), [simple(), simple()]);
    let presets = Presets::everywhere(alpha_beta(1.0, 0.0)).with(0, w_square());
    assert_eq!(rules(&presets.composite(None)), [w_square(), alpha_beta(1.0, 0.0)]);
    assert_eq!(rules(&presets.composite(Some(simple()))), [simple(), simple()]);
    assert_eq!(rules(&presets.composite(Some(epsilon(0.1)))), [epsilon(0.1), epsilon(0.1)]);
    let again = presets.with(0, flat());
    assert_eq!(rules(&again.composite(None)), [flat(), alpha_beta(1.0, 0.0)]);
    assert_eq!(again.composite(None).dialect(), Dialect::Toolbox);
    assert_eq!(Presets::default(), Presets::everywhere(simple()));
}

/// The toolbox's recipe, a preset a layer, is the composite of the same name.
#[test]
fn presets_and_composites_explain_alike() {
    let network = two_layers();
    let explain = |composite: &Composite| {
        let plan = Plan::new(&network, composite, PlanOptions::default()).unwrap();
        plan.explain(&tensor(&[1, 2], &[1.0, 2.0]), &Target::All).unwrap().relevance
    };
    let presets = Presets::everywhere(alpha_beta(1.0, 0.0)).with(0, w_square());
    let recipe = lrp_rules::composite("alpha1-w2").unwrap();
    assert_eq!(explain(&presets.composite(None)), explain(&recipe));
}

fn two_layers() -> Network<f64> {
    let first = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5]]), arr1(&[0.1, -0.2])).unwrap();
    let second = Linear::new(arr2(&[[1.0], [1.0]]), arr1(&[0.0])).unwrap();
    Network::sequential([first.into(), Rect.into(), second.into()]).unwrap()
}

#[test]
fn q07_eps_is_another_name_of_epsilon() {
    assert_eq!(toolbox_rule(Some("eps"), Some(0.1)).unwrap(), Some(epsilon(0.1)));
    assert_eq!("EPS(0.1)".parse::<Rule>().unwrap(), epsilon(0.1));
}

/// The toolbox took it for a call of the simple rule.
#[test]
fn q08_a_parameter_without_a_rule_is_refused() {
    assert_eq!(toolbox_rule(None, None).unwrap(), None);
    let error = toolbox_rule(None, Some(0.1)).unwrap_err();
    assert_eq!(error.to_string(), "parameter 0.1 comes without the rule it belongs to");
}

#[test]
fn q09_a_rule_without_its_parameter_is_refused() {
    for name in ["epsilon", "eps", "alphabeta", "alpha", "alphabeta_slow"] {
        let error = toolbox_rule(Some(name), None).unwrap_err().to_string();
        let expected = format!("rule '{name}': needs its parameter; usage: ");
        assert!(error.starts_with(&expected) && !error.contains('\n'), "{error}");
    }
}

/// A unit without weights has nothing to divide by; the others still hand on what is theirs.
#[test]
fn q10_a_zero_column_under_ww_receives_and_spoils_nothing() {
    let layer = dense(arr2(&[[1.0, 0.0], [2.0, 0.0]]), &[1.0, 1.0], &[5.0, 7.0]);
    assert_eq!(layer.lrp("ww", None), tensor(&[1, 2], &[1.0, 4.0]));
    let filters = tensor(&[2, 1, 2], &[1.0, 0.0, 2.0, 0.0]);
    let layer = Worked {
        op: Convolution::new(filters, arr1(&[0.0, 0.0]), &[1]).unwrap().into(),
        input: tensor(&[1, 2, 1], &[3.0, 4.0]),
        relevance: tensor(&[1, 1, 2], &[5.0, 7.0]),
    };
    assert_eq!(layer.lrp("ww", None), tensor(&[1, 2, 1], &[1.0, 4.0]));
}

/// `10¹⁷ − 1` is `10¹⁷` in double precision, so a negative part found by subtraction would be lost.
#[test]
fn q11_the_negative_part_is_summed_not_subtracted() {
    let layer = dense(arr2(&[[1e17], [-1.0]]), &[1.0, 1.0], &[1.0]);
    assert_close(&layer.lrp("alphabeta", Some(2.0)), &[2.0, -1.0], "alphabeta 2");
}

/// The second unit has no positive part, the third no negative one; neither makes the sample NaN.
#[test]
fn q12_units_of_one_sign_do_not_spread_nan() {
    let layer = dense(arr2(&[[1.0, -1.0, 2.0], [-1.0, -3.0, 2.0]]), &[1.0, 1.0], &[1.0, 4.0, 6.0]);
    for name in ["alphabeta", "alphabeta_slow", "alpha_slow"] {
        assert_close(&layer.lrp(name, Some(1.0)), &[4.0, 3.0], name);
        assert_close(&layer.lrp(name, Some(2.0)), &[8.0 - 1.0, 6.0 - 4.0], name);
        assert_close(&layer.lrp(name, Some(0.0)), &[1.0, 4.0], name);
    }
}

/// The stabilizer moves a negative denominator away from zero: `−10⁻¹⁶` becomes twice that, not zero.
#[test]
fn q13_negative_denominators_are_stabilized_downwards() {
    let filters = tensor(&[1, 1, 1], &[-1e-16]);
    let layer = Worked {
        op: Convolution::new(filters, arr1(&[0.0]), &[1]).unwrap().into(),
        input: tensor(&[1, 1, 1], &[1.0]),
        relevance: tensor(&[1, 1, 1], &[1.0]),
    };
    assert_close(&layer.lrp("alphabeta", Some(0.0)), &[0.5], "alphabeta 0");
}

/// One filter with nothing to divide by leaves what the other filters hand to the same pixels alone.
#[test]
fn q14_a_filter_of_one_sign_does_not_erase_the_others() {
    let filters = tensor(&[2, 1, 3], &[1.0, -1.0, 0.0, 3.0, -1.0, 0.0]);
    let layer = Worked {
        op: Convolution::new(filters, arr1(&[0.0; 3]), &[1]).unwrap().into(),
        input: tensor(&[1, 2, 1], &[1.0, 1.0]),
        relevance: tensor(&[1, 1, 3], &[4.0, 8.0, 16.0]),
    };
    for name in ["alphabeta", "alphabeta_slow"] {
        assert_close(&layer.lrp(name, Some(1.0)), &[1.0, 3.0], name);
        assert_close(&layer.lrp(name, Some(0.0)), &[4.0, 4.0], name);
        assert_close(&layer.lrp(name, Some(2.0)), &[2.0 - 4.0, 6.0 - 4.0], name);
    }
}

/// NaN relevance is not taken for zero either.
#[test]
fn q14_nan_from_above_stays_visible() {
    let found = convolution().with_relevance(&[f64::NAN, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    assert!(found.lrp("alphabeta_slow", Some(2.0))[[0, 0, 0, 0]].is_nan());
}

/// Windows one and four cancel exactly, so what they hand on is divided by the stabilizer alone.
#[test]
fn q15_the_stabilizer_of_simple_on_sum_pooling_is_1e_12() {
    let quotients = [1e12, -1.0 / (1.0 + 1e-12), 2.0 / (3.5 + 1e-12), 0.5e12];
    let expected = |q: [f64; 4]| {
        let weights = [
            q[0],
            q[0] + q[1],
            q[1],
            q[0] + q[2],
            q[0] + q[1] + q[2] + q[3],
            q[1] + q[3],
            q[2],
            q[2] + q[3],
            q[3],
        ];
        PIXELS.iter().zip(weights).map(|(pixel, weight)| pixel * weight).collect::<Vec<_>>()
    };
    for name in ["simple", "slow", "none"] {
        assert_close(&sum_pool().lrp(name, None), &expected(quotients), name);
    }
    let published = sum_pool().explain(&Composite::uniform(simple()));
    assert_close(&published, &expected([1e16, -1.0, 2.0 / 3.5, 0.5e16]), "published");
}

#[test]
fn q15_the_stabilizer_of_simple_elsewhere_is_1e_16() {
    let layer = || dense(arr2(&[[1.0], [1.0]]), &[1.0, -1.0], &[1.0]);
    assert_close(&layer().lrp("simple", None), &[1e16, -1e16], "linear");
    let rows: Vec<String> = {
        let network = Network::sequential([layer().op, Rect.into(), max_pool().op, sum_pool().op]).unwrap();
        let composite = Presets::default().composite(None);
        (0..4).map(|node| format!("{:?}", composite.rule_for(&network, node))).collect()
    };
    let adjusted: Vec<bool> =
        rows.iter().map(|row| row.contains("toolbox stabilizer of sum pooling")).collect();
    assert_eq!(adjusted, [false, false, false, true]);
}

/// Where the sum is negative the stabilizer goes along.
#[test]
fn stabilizers_take_the_sign_of_the_sum_and_zero_counts_as_positive() {
    let layer = |x: &[f64]| dense(arr2(&[[1.0], [1.0]]), x, &[1.0]);
    assert_close(&layer(&[3.0, 0.0]).lrp("epsilon", Some(1.0)), &[0.75, 0.0], "above");
    assert_close(&layer(&[-3.0, 0.0]).lrp("epsilon", Some(1.0)), &[0.75, 0.0], "below");
    assert_close(&layer(&[3.0, -3.0]).lrp("epsilon", Some(2.0)), &[1.5, -1.5], "zero");
    assert_eq!(layer(&[0.0, 0.0]).lrp("epsilon", Some(0.0)), tensor(&[1, 2], &[0.0, 0.0]));
}

/// Epsilon acts on the plain sum, before pooling scales it.
#[test]
fn epsilon_does_not_depend_on_the_factor_of_sum_pooling() {
    let layer = Worked {
        op: SumPool::new(Window::new(&[4]), Channels::Last).unwrap().into(),
        input: tensor(&[1, 4, 1], &[1.0, 2.0, 3.0, 4.0]),
        relevance: tensor(&[1, 1, 1], &[1.0]),
    };
    assert_close(&layer.lrp("epsilon", Some(10.0)), &[0.05, 0.1, 0.15, 0.2], "epsilon 10");
}

#[test]
fn q16_beta_share_of_sum_pooling_is_linear() {
    let (once, twice) = (sum_pool(), sum_pool().with_relevance(&[2.0, -2.0, 4.0, 1.0]));
    for alpha in [2.0, 1.5, -1.0, 0.25] {
        let doubled = once.lrp("alphabeta", Some(alpha)) * 2.0;
        assert_eq!(twice.lrp("alphabeta", Some(alpha)), doubled, "alpha {alpha}");
    }
}

/// Behind a rectifier the beta share has nowhere to go: the total grows by alpha, and vanishes with it.
#[test]
fn q17_alpha_beta_multiplies_the_total_by_alpha_where_nothing_is_negative() {
    let layer = Worked {
        op: SumPool::new(Window::new(&[2]).strided(&[2]), Channels::Last).unwrap().into(),
        input: tensor(&[1, 4, 1], &[1.0, 3.0, 2.0, 0.0]),
        relevance: tensor(&[1, 2, 1], &[4.0, 6.0]),
    };
    assert_close(&layer.lrp("alphabeta", Some(2.0)), &[2.0, 6.0, 12.0, 0.0], "alphabeta 2");
    assert_close(&layer.lrp("alphabeta", Some(0.0)), &[0.0; 4], "alphabeta 0");
    assert_eq!(alpha_beta(2.0, 1.0).total(), 1.0, "the rule's own total counts on both parts");
}

#[test]
fn q18_slow_variants_work_on_max_pooling() {
    let simple = max_pool().lrp("simple", None);
    for (name, parameter) in [("epsilon_slow", 0.5), ("alphabeta_slow", 2.0), ("alpha_slow", 0.0)] {
        assert_eq!(max_pool().lrp(name, Some(parameter)), simple, "{name}");
    }
    for name in ["slow", "simple_slow"] {
        assert_eq!(max_pool().lrp(name, None), simple, "{name}");
    }
}

/// The bias has its part in the denominator and keeps it: two thirds of this relevance are the bias's.
#[test]
fn bias_takes_part_and_receives_nothing() {
    let weights = arr2(&[[1.0]]);
    let layer = Worked {
        op: Linear::new(weights, arr1(&[2.0])).unwrap().into(),
        input: tensor(&[1, 1], &[1.0]),
        relevance: tensor(&[1, 1], &[3.0]),
    };
    layer.check(&[
        ("simple", None, &[1.0]),
        ("epsilon", Some(3.0), &[0.5]),
        ("alphabeta", Some(1.0), &[1.0]),
        ("flat", None, &[3.0]),
        ("ww", None, &[3.0]),
    ]);
}

/// Presets name layers by their place in the whole list, pools and rectifiers included.
#[test]
fn presets_count_all_layers() {
    let composite = Presets::default().with(2, flat()).composite(None);
    assert_eq!(composite.entries(), [(Select::Index(2), flat())]);
    assert_eq!(composite.rule_for(&two_layers(), 2), (flat(), "layer 2".to_owned()));
}
