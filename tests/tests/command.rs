//! The command does what it says, and says in one line what it cannot do.

use std::fs;

mod place;

use lrp::io::{Limits, read_array, read_array_bytes};
use lrp_tests::workspace;
use place::{Place, complaint};
use serde_json::Value;

fn lenet() -> String {
    workspace("data/models/mnist-lenet5-sumpool.txt").display().to_string()
}

fn digits() -> String {
    workspace("data/samples/digits.npy").display().to_string()
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[test]
fn demo_draws_ten_digits() {
    let place = Place::new();
    let printed = place.prints(&["demo"]);
    assert!(
        printed.contains("10 of 10 digits recognised") && printed.contains("wrote lrp-demo.png"),
        "{printed}"
    );
    let picture = fs::read(place.path().join("lrp-demo.png")).expect("the picture");
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 20_000);
}

#[test]
fn explain_needs_no_options_for_a_bundled_model() {
    let place = Place::new();
    let printed = place.prints(&["explain", &lenet(), &digits(), "--samples", "3,7"]);
    assert!(printed.contains("[3]: predicted 3") && printed.contains("[7]: predicted 7"), "{printed}");
    for name in ["digits-0003.png", "digits-0007.png"] {
        assert!(place.path().join("lrp-out").join(name).exists(), "{name}");
    }
}

#[test]
fn explain_saves_the_reference_relevance() {
    let golden = workspace("data/golden/toolbox/mnist-lenet5-sumpool");
    let place = Place::new();
    let input = golden.join("input.npy").display().to_string();
    let rule =
        ["--rule", "epsilon(0.01)", "--dialect", "toolbox", "--prepared", "--npy", "--layers", "--json"];
    let printed = place.prints(&[&["explain", &lenet(), &input][..], &rule].concat());
    let saved =
        read_array(place.path().join("lrp-out/input.npy"), &Limits::default()).expect("relevance").values;
    let expected = golden.join("expected.npz");
    let expected =
        lrp::io::read_named_array(expected, "relevance_epsilon_0.01_predicted", &Limits::default());
    let expected = expected.expect("the reference").values;
    let largest = expected.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    assert!((&saved - &expected).iter().all(|difference| difference.abs() <= 1e-10 * largest));
    for (line, sample) in json_lines(&printed).iter().zip(saved.outer_iter()) {
        assert!((line["relevance"].as_f64().expect("a sum") - sample.sum()).abs() < 1e-9);
    }
    assert!(place.path().join("lrp-out/input-convolution_9.npy").exists());
}

/// The relevance of two digits in f32, as saved under `name` by a call with these options.
fn saved(options: &[&str], name: &str) -> Vec<u8> {
    let place = Place::new();
    let call = ["explain", &lenet(), &digits(), "--samples", "3,7", "--npy", "--dtype", "f32"];
    place.prints(&[&call, options].concat());
    fs::read(place.path().join("lrp-out").join(name)).expect("relevance")
}

#[test]
fn how_it_is_computed_changes_no_bit() {
    let usual = saved(&[], "digits.npy");
    for options in [&["--threads", "1"][..], &["--threads", "3"], &["--save-memory"], &["--kernels", "fast"]]
    {
        assert!(saved(options, "digits.npy") == usual, "{options:?}");
    }
    let numbers =
        |bytes: &[u8]| read_array_bytes("r.npy", bytes, &Limits::default()).expect("relevance").values;
    let usual = numbers(&usual);
    let largest = usual.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for kernels in ["exact", "naive"] {
        let found = numbers(&saved(&["--kernels", kernels], "digits.npy"));
        let close = |(found, usual): (&f64, &f64)| (found - usual).abs() <= 1e-4 * largest;
        assert!(found.iter().zip(&usual).all(close), "{kernels}");
    }
}

#[test]
fn several_targets_are_explained_as_each_alone() {
    let both = ["--target", "3", "--target", "all"];
    assert!(saved(&both, "digits-class3.npy") == saved(&["--target", "3"], "digits.npy"));
    assert!(saved(&both, "digits-all.npy") == saved(&["--target", "all"], "digits.npy"));
}

#[test]
fn predict_measures_accuracy() {
    let labels = workspace("data/samples/digit-labels.npy").display().to_string();
    let printed = Place::new().prints(&["predict", &lenet(), &digits(), "--labels", &labels]);
    assert_eq!(printed, "accuracy 97.00 %: 97 right, 3 wrong of 100\n");
}

#[test]
fn both_number_types_see_the_same() {
    let place = Place::new();
    let shown = |dtype: &str| {
        place.prints(&["predict", &lenet(), &digits(), "--dtype", dtype, "--top", "1", "--samples", "0-9"])
    };
    let classes = |text: String| -> Vec<String> {
        text.lines().map(|line| line.split_whitespace().nth(1).unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(classes(shown("f32")), classes(shown("f64")));
}

#[test]
fn plan_info_and_lists_also_speak_json() {
    let place = Place::new();
    let calls: [&[&str]; 5] = [
        &["plan", &lenet(), "--composite", "epsilon-plus", "--json"],
        &["info", &lenet(), "--json"],
        &["info", &digits(), "--json"],
        &["rules", "--json"],
        &["colormaps", "--json"],
    ];
    for call in calls {
        let value: Value = serde_json::from_str(&place.prints(call)).expect("JSON");
        assert!(value.is_object() || value.is_array(), "{call:?}");
    }
    assert!(place.prints(&["plan", &lenet()]).contains("epsilon(0.01)"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.prints(&["completions", shell]).contains("explain"), "{shell}");
    }
}

#[test]
fn render_draws_what_explain_saved() {
    let place = Place::new();
    place.prints(&["explain", &lenet(), &digits(), "--samples", "0-2", "--npy"]);
    let calls: [&[&str]; 3] = [
        &["render", "lrp-out/digits.npy"],
        &[
            "render",
            "lrp-out/digits.npy",
            "--samples",
            "1",
            "--color-bar",
            "--colormap",
            "gray-red",
            "-o",
            "one.png",
        ],
        &[
            "render",
            "lrp-out/digits.npy",
            "--shared-scale",
            "--outline",
            "lrp-out/digits.npy",
            "-o",
            "row.png",
        ],
    ];
    calls.iter().for_each(|call| assert!(place.prints(call).starts_with("wrote ")));
    assert_eq!(place.files(), ["digits.png", "lrp-out", "one.png", "row.png"]);
}

#[test]
fn presets_come_from_files() {
    let place = Place::new();
    let preset =
        place.write("mine.toml", "otherwise = 'alphabeta(1,0)'\n[[layer]]\nindex = 0\nrule = 'w^2'\n");
    let printed = place.prints(&["plan", &lenet(), "--preset", &preset]);
    assert!(
        printed.lines().nth(1).is_some_and(|line| line.contains("w2") && line.contains("layer 0")),
        "{printed}"
    );
}

#[test]
fn wrong_calls_get_one_line_and_leave_nothing() {
    let place = Place::new();
    let truncated =
        place.write("cut.npy", &fs::read(workspace("data/samples/digits.npy")).expect("digits")[..5000]);
    let broken = place.write("broken.txt", "Linear 2 2\n1 2 3\n0 0\n");
    let nan = place.write("nan.txt", "nan ".repeat(784));
    let composite = place.write("bad.toml", "otherwise = 'epsilon'\n[[layer]]\nrule = 'flat'\n");
    let before = place.files();
    let (model, data) = (lenet(), digits());
    let maxpool = workspace("data/models/mnist-lenet5-maxpool.txt").display().to_string();
    let explain: &[&str] = &["explain", &model, &data];
    let cases: Vec<(Vec<&str>, &str)> = vec![
        ([explain, &["--rule", "foo"]].concat(), "unknown rule 'foo'; one of simple"),
        ([explain, &["--rule", "alphabeta(2,2)"]].concat(), "alpha - beta must be 1"),
        ([explain, &["--rule", "pass"]].concat(), "rule pass needs one input of the output's shape"),
        ([explain, &["--composite", "foo"]].concat(), "unknown composite 'foo'"),
        ([explain, &["--preset", &composite]].concat(), "number 1: needs exactly one of"),
        ([explain, &["--preset", "nowhere.toml"]].concat(), "nowhere.toml: cannot read"),
        ([explain, &["--target", "10"]].concat(), "class 10 of sample 0 is out of range; classes are 0 to 9"),
        ([explain, &["--target", "1,2"]].concat(), "a target for 2 samples, but there are 100"),
        ([explain, &["--target", "best"]].concat(), "unknown target 'best'; expected top, all"),
        ([explain, &["--samples", "7,200"]].concat(), "sample 200 is out of range; samples are 0 to 99"),
        ([explain, &["--colormap", "jett"]].concat(), "jet"),
        ([explain, &["--shape", "3,3"]].concat(), "are no samples of shape [3, 3]"),
        ([explain, &["--prepared"]].concat(), "convolution_0: input has shape [100, 784], expected"),
        ([explain, &["--threads", "0"]].concat(), "threads"),
        ([explain, &["--kernels", "quick"]].concat(), "[possible values: fast, exact, naive]"),
        ([explain, &["--target", "3", "--target", "3"]].concat(), "two results would be written there"),
        ([explain, &["--scaling", "0"]].concat(), "scaling"),
        ([explain, &["--scaling", "2.5"]].concat(), "'2.5'"),
        (
            [explain, &["--rule", "gamma(1e300)", "--dtype", "f32"]].concat(),
            "the relevance of sample 0 overflows",
        ),
        (vec!["explain", &maxpool, &data, "--scaling", "0"], "scaling"),
        (
            vec!["plan", &maxpool, "--shape", "4,4,1", "--pad", "9999999999999999999"],
            "pad is 9999999999999999999",
        ),
        (vec!["plan", &model, "--shape", "4294967296,4294967296,4"], "overflows"),
        (vec!["explain", &model, &truncated], "cut.npy"),
        (vec!["explain", &model, &nan], "input holds NaN at [0, 2, 2, 0]"),
        (vec!["explain", &model, "nowhere.npy"], "nowhere.npy: cannot read"),
        (vec!["explain", &broken, &data], "broken.txt:2: Linear 2 2 has 3 weights in this line, expected 4"),
        (vec!["explain", &data, &data], "no known model format"),
        (vec!["explain"], "required arguments were not provided"),
        (vec!["frobnicate"], "unrecognized subcommand 'frobnicate'"),
        (vec!["render", &data, "--image", "5,5"], "digits.npy"),
        (vec!["demo", "--out", "no/such/folder/x.png"], "no/such/folder/x.png: cannot write"),
    ];
    for (call, expected) in cases {
        let output = place.run(&call);
        let line = complaint(&output);
        assert!(line.starts_with("error: ") && line.contains(expected), "{call:?}: {line}");
        assert!(output.stdout.is_empty(), "{call:?}");
        assert_eq!(place.files(), before, "{call:?} wrote something");
    }
}

#[test]
fn what_was_read_is_never_overwritten_and_results_never_mix() {
    let place = Place::new();
    let model = place.write("m.txt", "Linear 4 2\n1 2 3 4 5 6 7 8\n0 0\nRect\n");
    let numbers =
        lrp::io::write_array(place.path().join("in.npy"), ndarray::arr2(&[[1.0, 2.0, 3.0, 4.0]]).view());
    numbers.expect("an input");
    fs::create_dir(place.path().join("out")).expect("a folder");
    fs::copy(place.path().join("in.npy"), place.path().join("out/in.npy")).expect("a copy");
    fs::create_dir(place.path().join("in-0000.png")).expect("a folder in the way");
    let before = fs::read(place.path().join("in.npy")).expect("the input");
    let cases: [(&[&str], &str); 4] = [
        (&["explain", &model, "in.npy", "--npy", "--out", "."], "is read by this call"),
        (&["explain", &model, "in.npy", "out/in.npy", "--npy"], "two results would be written there"),
        (&["explain", &model, "in.npy", "--png", "--out", "."], "not a regular file"),
        (&["render", "in.npy", "--image", "2,2", "--out", "in.npy"], "is read by this call"),
    ];
    for (call, expected) in cases {
        let line = complaint(&place.run(call));
        assert!(line.contains(expected), "{call:?}: {line}");
        assert_eq!(fs::read(place.path().join("in.npy")).expect("the input"), before, "{call:?}");
        assert_eq!(place.files(), ["in-0000.png", "in.npy", "m.txt", "out"], "{call:?}");
    }
}

#[test]
fn not_finite_weights_pass_only_when_allowed() {
    let place = Place::new();
    let model = place.write("inf.txt", "Linear 2 2\n1 inf 2 3\n0 0\n");
    let data = place.write("data.txt", "1 2\n");
    assert_eq!(place.run(&["predict", &model, &data]).status.code(), Some(2));
    assert!(place.prints(&["predict", &model, &data, "--allow-nonfinite"]).contains("inf"));
}

#[test]
fn help_says_what_it_said() {
    let place = Place::new();
    let commands = [
        "explain",
        "predict",
        "plan",
        "info",
        "render",
        "caffe",
        "rules",
        "colormaps",
        "completions",
        "demo",
    ];
    let mut help = place.prints(&["--help"]);
    for command in commands {
        help += &format!("\n==== lrp {command} --help\n{}", place.prints(&[command, "--help"]));
    }
    let path = workspace("tests/snapshots/help.txt");
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &help).expect("the snapshot");
    }
    let known = fs::read_to_string(&path).expect("the snapshot");
    assert_eq!(help, known, "help changed; look at it, then run with UPDATE_SNAPSHOTS=1");
}
