//! What the options of `explain` do to numbers that can be computed by hand.

use std::f64::consts::E;

mod place;

use lrp::io::{Limits, read_array};
use lrp_tests::exporter::{node, onnx};
use place::{Place, complaint};
use serde_json::Value;

/// Class 0 is `x + 3 y + 1`, class 1 is `y / 2 − 2 x + 1`.
fn linear(place: &Place) -> String {
    place.write("net.txt", "Linear 2 2\n1 -2 3 0.5\n1 1\n")
}

/// What `explain` saves for the input (1, 2), where class 0 has a score of 8.
fn relevance(place: &Place, model: &str, options: &[&str]) -> Vec<f64> {
    let input = place.write("in.txt", "1 2\n");
    place.prints(&[&["explain", model, &input, "--npy"], options].concat());
    let saved = read_array(place.path().join("lrp-out/in.npy"), &Limits::default());
    saved.expect("relevance").values.into_raw_vec_and_offset().0
}

#[track_caller]
fn assert_near(found: &[f64], expected: &[f64]) {
    let near = |(found, expected): (&f64, &f64)| (found - expected).abs() < 1e-9;
    assert!(found.len() == expected.len() && found.iter().zip(expected).all(near), "{found:?}, {expected:?}");
}

#[test]
fn every_method_on_a_linear_network() {
    let place = Place::new();
    let model = linear(&place);
    let cases = [
        ("gradient", [1.0, 3.0]),
        ("gradient-x-input", [1.0, 6.0]),
        ("sensitivity", [1.0, 9.0]),
        ("smoothgrad", [1.0, 3.0]),
        ("smoothgrad(0.5,7,3)", [1.0, 3.0]),
        ("integrated-gradients", [1.0, 6.0]),
        ("integrated-gradients(5,1)", [0.0, 3.0]),
        ("occlusion(1)", [1.0, 6.0]),
        ("occlusion(2)", [3.5, 3.5]),
    ];
    for (method, expected) in cases {
        assert_near(&relevance(&place, &model, &["--method", method, "--target", "0"]), &expected);
    }
    // A method hands no score on, so there is no total to compare with.
    let input = place.write("in.txt", "1 2\n");
    let printed = place.prints(&["explain", &model, &input, "--method", "occlusion(1)"]);
    assert!(
        printed.contains("relevance 7.0000 for class 0, ")
            || printed.contains("relevance 7.0000 for class 0\n"),
        "{printed}"
    );
    for known in lrp::rules::ATTRIBUTORS {
        assert!(
            cases.iter().any(|(method, _)| method.starts_with(known.name)),
            "{} is not tried",
            known.name
        );
    }
    assert_near(&relevance(&place, &model, &["--method", "gradient", "--target", "1"]), &[-2.0, 0.5]);
    for (options, words) in [
        (
            ["--method", "gradients", "--json"],
            "unknown method 'gradients'; one of gradient, gradient-x-input",
        ),
        (["--method", "occlusion(0)", "--json"], "window and stride must be whole numbers above zero"),
        (["--method", "gradient", "--rule=zplus"], "cannot be used with"),
        (["--method", "gradient", "--ledger"], "cannot be used with"),
    ] {
        let output = place.run(&[&["explain", &model, "in.txt"][..], &options].concat());
        assert!(complaint(&output).contains(words), "{options:?}: {output:?}");
    }
}

/// `1·1`, `2·3` and the bias 1 make 8, of which the bias keeps one.
#[test]
fn relevance_starts_from_the_score_or_from_one() {
    let place = Place::new();
    let model = linear(&place);
    assert_near(&relevance(&place, &model, &["--rule", "simple"]), &[1.0, 6.0]);
    assert_near(&relevance(&place, &model, &["--rule", "simple", "--from", "one"]), &[0.125, 0.75]);
    assert_near(&relevance(&place, &model, &["--rule", "gradient"]), &[8.0, 24.0]);
    assert_near(&relevance(&place, &model, &["--rule", "gradient", "--from", "one"]), &[1.0, 3.0]);
    let output = place.run(&["explain", &model, "in.txt", "--from", "two"]);
    assert!(complaint(&output).contains("unknown start 'two'; one of score, one"), "{output:?}");
}

#[test]
fn the_ledger_books_every_node() {
    let place = Place::new();
    let model = linear(&place);
    let input = place.write("in.txt", "1 2\n");
    let call = ["explain", &model, &input, "--rule", "simple", "--ledger", "--npy"];
    let printed = place.prints(&call);
    let line = printed.lines().find(|line| line.starts_with("linear_0")).expect("a line of the ledger");
    assert!(line.contains("simple") && line.contains('8') && line.contains('7'), "{line}");

    let printed = place.prints(&[&call[..], &["--json"]].concat());
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [sample, books] = &lines[..] else { panic!("{printed}") };
    assert_eq!(sample["absorbed"], 1.0);
    let entry = &books["ledger"][0];
    assert_eq!((&entry["node"], &entry["rule"]), (&Value::from("linear_0"), &Value::from("simple")));
    assert_eq!(
        [&entry["received"], &entry["handed_on"], &entry["lost"]],
        [&Value::from(8.0), &7.0.into(), &1.0.into()]
    );
}

/// A number, its exponential, and that again through a dense layer: at one, all of it is e.
#[test]
fn layers_without_a_rule_are_refused_passed_or_followed() {
    let place = Place::new();
    let constants: [(&str, &[u64], &[f32]); 1] = [("one", &[1, 1], &[1.0])];
    let nodes = [
        node("MatMul", &["x", "one"], "a"),
        node("Exp", &["a"], "exp"),
        node("MatMul", &["exp", "one"], "b"),
    ];
    let model = place.write("net.onnx", onnx(&[1], &constants, &nodes));
    let input = place.write("in.txt", "1\n");
    let explain = |options: &[&str]| {
        place.run(&[&["explain", &model, &input, "--rule", "simple", "--json"], options].concat())
    };
    for options in [&[][..], &["--unknown", "error"]] {
        let line = complaint(&explain(options));
        assert!(line.contains("exp: no rule is known for"), "{line}");
    }
    for (policy, expected, note) in [
        ("pass", E, "note: exp has no known rule: relevance passes it unchanged"),
        ("gradient", E * E, "note: exp has no known rule: relevance follows its gradient"),
    ] {
        let output = explain(&["--unknown", policy]);
        assert_eq!(String::from_utf8_lossy(&output.stderr).trim(), note);
        let line: Value = serde_json::from_slice(&output.stdout).expect("a line of JSON");
        assert_near(&[line["relevance"].as_f64().expect("a sum")], &[expected]);
    }
    assert!(
        complaint(&explain(&["--unknown", "ignore"])).contains("unknown policy 'ignore'; one of error, pass")
    );
}
