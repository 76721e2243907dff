//! Formulas as text: every formula reads back as it prints, and what is no formula is refused in one line.

use lrp_core::WeightLens;
use lrp_rules::rules::{epsilon, flat, gradient, signed_gamma, simple, w_square, z_box};
use lrp_rules::{
    B, Derivative, ErrorKind, Formula, Gate, InputLens, Parameter, Rule, Share, Sum, W, X, fill, share,
};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(1.0), 0.0..1e3_f64, 0.0..1e-9_f64, Just(1e300), Just(1e-300)]
}

fn signed() -> impl Strategy<Value = f64> {
    (number(), any::<bool>()).prop_map(|(value, below)| if below { -value } else { value })
}

fn parameter() -> impl Strategy<Value = Parameter> {
    prop_oneof![
        signed().prop_map(Parameter::from),
        prop::collection::vec(signed(), 1..4).prop_map(Parameter::from)
    ]
}

fn look() -> impl Strategy<Value = InputLens> {
    prop_oneof![
        Just(X),
        Just(X.pos()),
        Just(X.neg()),
        Just(X.abs()),
        parameter().prop_map(|bound| X.less(bound)),
        signed().prop_map(fill)
    ]
}

fn lens() -> impl Strategy<Value = WeightLens> {
    prop_oneof![
        Just(WeightLens::Value),
        Just(WeightLens::Positive),
        Just(WeightLens::Negative),
        Just(WeightLens::One),
        Just(WeightLens::Square),
        Just(WeightLens::Magnitude),
        number().prop_map(WeightLens::Lift),
        number().prop_map(WeightLens::Sink)
    ]
}

fn shares() -> impl Strategy<Value = Share> {
    let sum = (prop::collection::vec((look(), lens()), 1..4), prop::option::of(lens()));
    let gate = prop_oneof![Just(Gate::Every), Just(Gate::Positive), Just(Gate::Negative)];
    let stabilizer = prop_oneof![Just(0.0), Just(1e-16), number()];
    (signed(), sum, gate, stabilizer).prop_map(|(scale, (terms, bias), gate, stabilizer)| Share {
        scale,
        sum: Sum { terms, bias },
        gate,
        stabilizer,
    })
}

fn derivatives() -> impl Strategy<Value = Derivative> {
    prop_oneof![
        Just(Derivative::Plain),
        Just(Derivative::Deconvolution),
        Just(Derivative::Guided),
        number().prop_map(Derivative::Smooth)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        rng_seed: RngSeed::Fixed(11),
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn formulas_read_back_as_they_print(
        pass in signed(),
        derivatives in prop::collection::vec((signed(), derivatives()), 0..3),
        shares in prop::collection::vec(shares(), 0..3),
    ) {
        let rule = Rule::of(Formula { pass, derivatives, shares });
        let text = rule.to_string();
        let read = text.parse::<Rule>();
        prop_assert!(read.is_ok(), "{text}: {read:?}");
        prop_assert_eq!(read.as_ref().unwrap(), &rule, "{}", text);
        prop_assert_eq!(read.unwrap().to_string(), text);
    }
}

#[test]
fn formulas_are_read_as_people_type_them() {
    let table: [(&str, Rule); 12] = [
        ("[xw+b]", simple()),
        (" [ x w + b ] ", simple()),
        ("[xw + b]{ε=1e-6}", epsilon(1e-6)),
        ("[xw + b]{eps=1e-6}", epsilon(1e-6)),
        ("[x^+w^+ + x^-w^- + b^+] - 0.5*[xw]", "zplus".parse::<Rule>().unwrap() - 0.5 * share(X * W)),
        ("[w^2]", w_square()),
        ("[1]", flat()),
        ("[w² + b²]", w_square().with_bias()),
        ("[(x+1)w⁺ + (x−1)w⁻]", z_box(-1.0, 1.0)),
        ("[(x-[-1,-2])w⁺ + (x−[1,2])w⁻]", z_box(vec![-1.0, -2.0], vec![1.0, 2.0])),
        ("−2·R + gradient", -2.0 * Rule::pass() + gradient()),
        ("0", 0.0 * simple()),
    ];
    for (text, rule) in table {
        assert_eq!(text.parse::<Rule>().unwrap(), rule, "{text}");
    }
    let printed = format!("{:#}", signed_gamma(0.5));
    assert_eq!(printed.parse::<Rule>().unwrap(), signed_gamma(0.5));
    assert_eq!(share(X * W + B.one()).to_string(), "[xw + b⁰]");
}

#[test]
fn what_is_no_formula_is_refused() {
    let table = [
        ("[xw", "expected ']' at its end"),
        ("[xv]", "expected a weight at 'v]'"),
        ("[]", "expected a weight at ']'"),
        ("[xw + b + b]", "expected no second bias"),
        ("[xw]{z=0}", "expected z>0, z<0 or ε= at 'z=0}'"),
        ("2·", "expected '[', 'R', gradient, guided, deconvnet or betasmooth at its end"),
        ("2 [xw]", "expected '·' at '[xw]'"),
        ("[xw] [xw]", "expected '+', '−' or the end at '[xw]'"),
        ("[(x·2)w]", "expected '+' or '−' at '·2)w]'"),
        ("[(w+xw⁺)]", "expected a number at 'xw⁺)]'"),
        ("1e999·R", "expected"),
    ];
    for (text, part) in table {
        let error = text.parse::<Rule>().expect_err(text);
        let said = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Rule);
        assert!(said.starts_with(&format!("formula '{text}': ")) && said.contains(part), "{said}");
    }
}

#[test]
fn the_bias_can_be_left_out_or_let_in() {
    let rule: Rule = "epsilon(1e-6, bias=0)".parse().unwrap();
    assert_eq!(rule, share(X * W).stabilized(1e-6));
    assert_eq!(rule.to_string(), "epsilon(1e-6,bias=0)");
    assert_eq!(rule.to_string().parse::<Rule>().unwrap().to_string(), "epsilon(1e-6,bias=0)");
    let rule: Rule = "w2(bias=1,stabilizer=0.5)".parse().unwrap();
    assert_eq!(rule, share(fill(1.0) * W.squared() + B.squared()).stabilized(0.5));
    assert_eq!(rule.to_string(), "w2(bias=1,stabilizer=0.5)");
    for (text, part) in [
        ("zplus(bias=2)", "the bias is 0 or 1; usage: zplus"),
        ("zplus(bias=0,bias=0)", "'bias=0' is not expected there"),
        ("zplus(bias=[0])", "takes no list"),
        ("zbox([1,2],[3])", "low and high must be of as many channels"),
        ("zbox([1,2],[0,3])", "low must not exceed high"),
        ("zbox([1,x],3)", "'x' is not a number"),
        ("epsilon([1])", "takes no list; usage: epsilon"),
    ] {
        let said = text.parse::<Rule>().expect_err(text).to_string();
        assert!(said.contains(part), "{said}");
    }
}
