//! ONNX models through the command with no options: rules that suit them, in canonical form.

use std::fs;

mod place;

use lrp::io::{Limits, read_array, write_array};
use lrp_tests::exporter::{Node, node, onnx};
use lrp_tests::workspace;
use ndarray::{Array4, ArrayD};
use place::{Place, complaint};
use serde_json::Value;

/// One filter over three channels, normalized by `factor` and `shift`, rectified, dropped out, flattened and weighed.
fn convolutional(place: &Place, name: &str, factor: f32, shift: f32) -> String {
    let filter: Vec<f32> = (0..12).map(|index| (index as f32 * 0.7).sin()).collect();
    let weights: Vec<f32> = (0..18).map(|index| (index as f32 * 1.3).cos()).collect();
    let constants: [(&str, &[u64], &[f32]); 8] = [
        ("filter", &[1, 3, 2, 2], &filter),
        ("scale", &[1], &[factor]),
        ("shift", &[1], &[shift]),
        ("mean", &[1], &[0.0]),
        ("variance", &[1], &[1.0 - 1e-5]),
        ("weights", &[9, 2], &weights),
        ("bias", &[2], &[0.5, -0.5]),
        ("zero", &[1], &[0.0]),
    ];
    let nodes = [
        node("Conv", &["x", "filter"], "conv"),
        node("BatchNormalization", &["conv", "scale", "shift", "mean", "variance"], "norm"),
        node("Relu", &["norm"], "relu"),
        node("Dropout", &["relu"], "dropout"),
        node("Flatten", &["dropout"], "flat"),
        node("Gemm", &["flat", "weights", "bias"], "dense"),
    ];
    place.write(name, onnx(&[3, 4, 4], &constants, &nodes))
}

fn input(place: &Place) -> String {
    let input =
        Array4::from_shape_fn((2, 3, 4, 4), |(n, c, h, w)| ((n * 31 + c * 17 + h * 5 + w) as f64).sin());
    let path = place.path().join("in.npy");
    write_array(&path, input.view()).expect("an input");
    path.display().to_string()
}

/// The relevance of the input under some options.
fn relevance(place: &Place, model: &str, options: &[&str]) -> ArrayD<f64> {
    place.prints(&[&["explain", model, &input(place), "--npy"], options].concat());
    read_array(place.path().join("lrp-out/in.npy"), &Limits::default()).expect("relevance").values
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn rules_are_chosen_by_the_network_and_its_sidecar() {
    let place = Place::new();
    let model = convolutional(&place, "net.onnx", 2.0, 0.1);
    let output = place.run(&["explain", &model, &input(&place), "--json"]);
    let line = json(String::from_utf8_lossy(&output.stdout).lines().next().expect("a line"));
    assert_eq!(line["method"], "epsilon-plus-flat");
    let note = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(note.starts_with("note: rules: epsilon-plus-flat (convolutions and rectifiers; "), "{note}");
    let table = place.prints(&["plan", &model]);
    assert!(
        table.contains("\nrules: epsilon-plus-flat (") && table.contains("first layer with weights"),
        "{table}"
    );

    place.write("net.toml", "[input.image]\nsize = [4, 4]\nscale = 255\nlayout = 'channels-first'\n");
    let chosen = "epsilon-gamma-box([0,0,0],[1,1,1])";
    for call in [["plan", &model, "--json"], ["info", &model, "--json"]] {
        let answer = json(&place.prints(&call));
        assert_eq!(answer["rules"], chosen);
        assert_eq!(answer["why"], "convolutions and rectifiers; conv sees an input of known bounds");
    }
    assert!(place.prints(&["info", &model]).contains(&format!("\nrules: {chosen} (")));
    assert!(place.prints(&["plan", &model, "--toml"]).contains("zbox([0,0,0],[1,1,1])"));
    // What is asked for is not explained.
    let asked = json(&place.prints(&["plan", &model, "--rule", "zplus", "--json"]));
    assert_eq!((&asked["rules"], &asked["why"]), (&Value::from("zplus"), &Value::Null));
    let line = place.prints(&["explain", &model, &input(&place), "--method", "gradient-x-input", "--json"]);
    assert_eq!(json(line.lines().next().expect("a line"))["method"], "gradient-x-input");
}

#[test]
fn toolbox_formats_keep_their_rule_and_their_layers() {
    let place = Place::new();
    let model =
        place.write("net.txt", "Linear 48 2\n".to_owned() + &"0.5 -1 ".repeat(48) + "\n0 0\nRect\nSoftMax\n");
    let data = input(&place);
    let explain = |options: &[&str]| {
        let flat = ["explain", &model, &data, "--shape", "48", "--npy"];
        place.prints(&[&flat, options].concat());
        fs::read(place.path().join("lrp-out/in.npy")).expect("relevance")
    };
    assert!(explain(&[]) == explain(&["--rule", "epsilon(0.01)"]));
    let plan = place.prints(&["plan", &model]);
    assert!(plan.ends_with("\nrules: lrp-epsilon(0.01) (usual for the toolbox's formats)\n"), "{plan}");
    assert_eq!(json(&place.prints(&["plan", &model, "--json"]))["canonical"], Value::Null);
}

/// Relevance crosses the network that was exported as if its normalization had never been a layer.
#[test]
fn exported_networks_are_explained_in_canonical_form() {
    let place = Place::new();
    let model = convolutional(&place, "net.onnx", 2.0, 0.1);
    let composites: [&[&str]; 3] =
        [&[], &["--composite", "epsilon-plus"], &["--rule", "gamma", "--dialect", "zennit"]];
    for options in composites {
        let canonical = relevance(&place, &model, options);
        let exported = relevance(&place, &model, &[options, &["--no-canonize"]].concat());
        let largest = canonical.fold(0.0_f64, |largest, value| largest.max(value.abs()));
        assert!(
            (&canonical - &exported).iter().any(|difference| difference.abs() > 1e-3 * largest),
            "{options:?}"
        );
    }
    // Without a shift, folding is a matter of the filter alone, and every rule that looks at ratios agrees.
    let unshifted = convolutional(&place, "unshifted.onnx", 2.0, 0.0);
    let rule = ["--rule", "epsilon(0)"];
    let canonical = relevance(&place, &unshifted, &rule);
    let exported = relevance(&place, &unshifted, &[&rule[..], &["--no-canonize"]].concat());
    assert!((&canonical - &exported).iter().all(|difference| difference.abs() < 1e-12));
}

#[test]
fn plan_and_info_report_what_was_rewritten() {
    let place = Place::new();
    let model = convolutional(&place, "net.onnx", 2.0, 0.1);
    for command in ["plan", "info"] {
        let text = place.prints(&[command, &model]);
        let (_, report) = text.split_once("canonical form: max |f - f'| is ").expect("a report");
        let difference: f64 =
            report.split(' ').next().and_then(|number| number.parse().ok()).expect("a number");
        assert!(difference < 1e-14, "{text}");
        let rewrites: Vec<&str> = report.lines().skip(1).collect();
        assert_eq!(rewrites, ["  drop-identities: dropout", "  fold-behind: norm into conv"]);
        let canonical = &json(&place.prints(&[command, &model, "--json"]))["canonical"];
        assert_eq!(canonical["rewrites"][1]["gone"][0], "norm");
        assert!(canonical["difference"].as_f64().is_some_and(|difference| difference < 1e-14));
    }
    let exported = place.prints(&["plan", &model, "--no-canonize"]);
    assert!(exported.contains("\nnorm ") && !exported.contains("canonical"), "{exported}");
    assert!(!place.prints(&["plan", &model]).contains("\nnorm "));
    // Logarithms of numbers below zero: what cannot be compared is not called equal.
    let nodes = [node("Log", &["x"], "log"), node("Dropout", &["log"], "dropout")];
    let log = place.write("log.onnx", onnx(&[8], &[], &nodes));
    assert!(
        place.prints(&["plan", &log, "--unknown", "pass"]).contains("max |f - f'| is NaN on a random input")
    );
    let squeezenet = workspace("data/models/squeezenet1.1.onnx").display().to_string();
    assert!(place.prints(&["plan", &squeezenet]).ends_with("canonical form: nothing to rewrite\n"));
}

#[test]
fn info_lists_every_operator_that_is_missing() {
    let place = Place::new();
    let nodes = |operators: &[&'static str]| -> Vec<u8> {
        let names: Vec<String> = (0..=operators.len()).map(|index| format!("n{index}")).collect();
        let inputs: Vec<[&str; 1]> =
            (0..operators.len()).map(|index| [if index == 0 { "x" } else { &names[index - 1] }]).collect();
        let nodes: Vec<Node<'_>> = operators
            .iter()
            .enumerate()
            .map(|(index, operator)| node(operator, &inputs[index], &names[index]))
            .collect();
        onnx(&[4], &[], &nodes)
    };
    let operators: Vec<&'static str> = ["LSTM", "Relu", "Hardmax"].into_iter().cycle().take(60).collect();
    let model = place.write("net.onnx", nodes(&operators));
    let output = place.run(&["info", &model]);
    let line = complaint(&output);
    assert!(line.contains("net.onnx: 40 nodes are not supported: LSTM at 'n0'"), "{line}");
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(listed.lines().count(), 40);
    assert_eq!(listed.lines().next(), Some("  LSTM               at n0: recurrent layers are not read"));
    assert!(
        listed.contains("  Hardmax            at n59: it is not one of those that are read\n"),
        "{listed}"
    );
    let output = place.run(&["info", &model, "--json"]);
    let missing = json(&String::from_utf8_lossy(&output.stdout))["missing"].clone();
    assert_eq!(missing.as_array().map(Vec::len), Some(40));
    assert_eq!((&missing[1]["operator"], &missing[1]["node"]), (&Value::from("Hardmax"), &Value::from("n2")));
    // A model that is damaged has nothing to list.
    let cut = place.write("cut.onnx", &nodes(&["Relu"])[..30]);
    let output = place.run(&["info", &cut, "--json"]);
    assert!(complaint(&output).contains("cut.onnx") && output.stdout.is_empty(), "{output:?}");
}
