//! `lrp train` learns, remembers, repeats itself, and says in one line what it cannot do.

use std::fs;

use lrp::io::{Limits, read_array, write_array};
use lrp_tests::workspace;
use ndarray::{Array1, Array2};
use serde_json::Value;

mod place;

use place::{Place, complaint};

/// Noisy corners of a square, and whether they are on one side of its diagonal: the toolbox's XOR.
fn xor() -> Place {
    let place = Place::new();
    let corner = |n: usize, axis: usize| (n >> axis) % 2;
    let noise = |n: usize, axis: usize| (n * (7919 + axis * 1733) % 2003) as f64 / 2003.0 * 0.4 - 0.2;
    let points = Array2::from_shape_fn((2000, 2), |(n, axis)| corner(n, axis) as f64 + noise(n, axis));
    let classes = Array1::from_shape_fn(2000, |n| if corner(n, 0) == corner(n, 1) { 0.0 } else { 1.0 });
    write_array(place.path().join("points.npy"), points.view()).expect("points");
    write_array(place.path().join("classes.npy"), classes.view()).expect("classes");
    place
}

const XOR: [&str; 12] = [
    "train",
    "--net",
    "xor",
    "--data",
    "points.npy",
    "--labels",
    "classes.npy",
    "--rate",
    "0.05",
    "--seed",
    "3",
    "--held-out=0.1",
];

fn train(place: &Place, more: &[&str]) -> String {
    place.prints(&[&XOR[..], more].concat())
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path().join(name)).expect(name)
}

#[test]
fn xor_is_learned_in_seconds_and_explained_at_once() {
    let place = xor();
    let printed = train(
        &place,
        &[
            "--iterations",
            "4000",
            "--out",
            "xor.txt",
            "--test-data",
            "points.npy",
            "--test-labels",
            "classes.npy",
        ],
    );
    assert!(
        printed.contains("best at iteration") && printed.contains("test examples: 100.00 % right"),
        "{printed}"
    );
    assert!(read(&place, "xor.txt").starts_with("Linear 2 3\n"));
    let printed = place.prints(&["predict", "xor.txt", "points.npy", "--labels", "classes.npy"]);
    assert!(printed.starts_with("accuracy 100.00 %"), "{printed}");
    let printed = place.prints(&["explain", "xor.txt", "points.npy", "--samples", "1", "--npy"]);
    assert!(printed.contains("predicted 1 (different)"), "the sidecar names the classes: {printed}");
}

#[test]
fn the_same_seed_gives_the_same_bytes_on_any_number_of_threads() {
    let place = xor();
    let trained = |out: &str, more: &[&str]| {
        train(
            &place,
            &[&["--iterations", "300", "--batch", "40", "--quiet", "--out", out][..], more].concat(),
        );
        read(&place, out)
    };
    let first = trained("a.txt", &["--threads", "1"]);
    assert_eq!(trained("b.txt", &["--threads", "2"]), first);
    assert_ne!(trained("c.txt", &["--factor", "0.9"]), first);
    assert_ne!(trained("d.txt", &["--dtype", "f64"]), first);
}

#[test]
fn a_resumed_training_ends_like_one_that_was_never_stopped() {
    let place = xor();
    let settings = ["--decay", "sublinear", "--status", "100", "--quiet"];
    train(
        &place,
        &[&settings[..], &["--iterations", "600", "--out", "whole.txt", "--log", "whole.csv"]].concat(),
    );
    train(
        &place,
        &[
            &settings[..],
            &["--iterations", "250", "--out", "part.txt", "--log", "part.csv", "--checkpoint", "part.npz"],
        ]
        .concat(),
    );
    train(
        &place,
        &[
            &settings[..],
            &["--iterations", "600", "--out", "part.txt", "--log", "part.csv", "--resume", "part.npz"],
        ]
        .concat(),
    );
    assert_eq!(read(&place, "part.txt"), read(&place, "whole.txt"));
    // The first part judged once more, at its end, than the whole did.
    let rows = |name: &str| -> Vec<String> {
        let log = read(&place, name);
        log.lines()
            .filter(|row| !row.starts_with("250,"))
            .map(|row| row.rsplit_once(',').expect("columns").0.to_owned())
            .collect()
    };
    assert_eq!(rows("part.csv"), rows("whole.csv"));
}

#[test]
fn the_log_has_a_row_for_every_event() {
    let place = xor();
    let printed = train(&place, &["--iterations", "500", "--out", "xor.txt", "--log", "log.csv", "--json"]);
    let log = read(&place, "log.csv");
    let rows: Vec<Vec<&str>> = log.lines().map(|row| row.split(',').collect()).collect();
    assert_eq!(rows[0], ["iteration", "event", "accuracy", "loss", "rate", "improved", "seconds"]);
    let judged: Vec<&Vec<&str>> = rows.iter().filter(|row| row[1] == "evaluation").collect();
    assert_eq!(judged.iter().map(|row| row[0]).collect::<Vec<_>>(), ["250", "500"]);
    assert_eq!(rows.iter().filter(|row| row[1] == "batch").count(), 18);
    let lines: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["accuracy"].as_f64(), judged[0][2].parse().ok());
    assert_eq!(lines[2]["model"], "xor.txt");
}

#[test]
fn quiet_is_quiet() {
    let place = xor();
    let output = place.run(&[&XOR[..], &["--iterations", "50", "--out", "xor.nn", "--quiet"]].concat());
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty());
    assert!(place.prints(&["info", "xor.nn"]).contains("a model of 10 layers"));
}

#[test]
fn digits_train_from_rows_of_targets_too() {
    let place = Place::new();
    let digits = workspace("data/samples/digits.npy").display().to_string();
    let labels =
        read_array(workspace("data/samples/digit-labels.npy"), &Limits::default()).expect("labels").values;
    let rows =
        Array2::from_shape_fn((100, 10), |(n, class)| if labels[[n]] == class as f64 { 1.0 } else { 0.0 });
    write_array(place.path().join("rows.npy"), rows.view()).expect("rows");
    let net = place.write("net.toml", "layer = [{ kind = 'linear', units = 10 }, { kind = 'softmax' }]\n[input]\nscale = 255.0\n[training]\nbatch-size = 50\niterations = 200\nrate = 0.05\n");
    let train = |labels: &str, out: &str| {
        place.prints(&["train", "--net", &net, "--data", &digits, "--labels", labels, "--out", out]);
        read(&place, out)
    };
    let by_class = train(&workspace("data/samples/digit-labels.npy").display().to_string(), "a.txt");
    assert_eq!(train("rows.npy", "b.txt"), by_class);
}

#[test]
fn what_cannot_be_trained_is_one_line_and_leaves_nothing() {
    let place = xor();
    place.write("bad.toml", "layer = [{ kind = 'linear', units = 0 }]\n");
    place.write("three.toml", "layer = [{ kind = 'linear', units = 1 }]\n");
    place.write("scale.toml", "layer = [{ kind = 'linear', units = 2 }]\n[input]\nscale = 0\n");
    place.write("nan.txt", "nan 1\n".repeat(2000));
    place.write("state.npz", "no archive");
    let before = place.files();
    let base = |net: &'static str, more: &[&'static str]| {
        [
            &["train", "--net", net, "--data", "points.npy", "--labels", "classes.npy", "--out", "m.txt"][..],
            more,
        ]
        .concat()
    };
    let cases: Vec<(Vec<&str>, &str)> = vec![
        (base("lenet6", &[]), "unknown network 'lenet6'; one of xor, mnist-mlp"),
        (base("none.toml", &[]), "none.toml: cannot read"),
        (base("bad.toml", &[]), "bad.toml: layer 1: weights of shape [2, 0]"),
        (base("three.toml", &[]), "classes.npy: label 1 is no class; the network has the classes 0 to 0"),
        (base("scale.toml", &[]), "scale is 0"),
        (
            base("lenet5-sumpool", &[]),
            "points.npy: data of shape [2000, 2] are no samples of shape [28, 28, 1]",
        ),
        (base("xor", &["--batch", "5000"]), "a batch of 5000 examples; allowed are 1 to 2000"),
        (base("xor", &["--rate", "-1"]), "-1"),
        (base("xor", &["--iterations", "0"]), "no network was judged"),
        (base("xor", &["--held-out", "1.5"]), "cannot hold out 1.5 of 2000 examples"),
        (base("xor", &["--rate", "1e300"]), "diverged at iteration"),
        (base("xor", &["--resume", "state.npz"]), "state.npz"),
        (base("xor", &["--checkpoint", "state.txt"]), "a checkpoint is a file ending in .npz"),
        (base("xor", &["--log", "no/such/log.csv"]), "there is no such folder"),
        (base("xor", &["--val-data", "points.npy"]), "--val-labels"),
        (
            vec!["train", "--net", "xor", "--data", "nan.txt", "--labels", "classes.npy", "--out", "m.txt"],
            "nan.txt: holds NaN at [0, 0]",
        ),
        (
            vec![
                "train",
                "--net",
                "xor",
                "--data",
                "points.npy",
                "--labels",
                "points.npy",
                "--out",
                "points.npy",
            ],
            "names no model format",
        ),
        (
            vec!["train", "--net", "xor", "--data", "points.npy", "--labels", "nan.txt", "--out", "m.txt"],
            "NaN",
        ),
    ];
    for (call, expected) in cases {
        let output = place.run(&call);
        let line = complaint(&output);
        assert!(line.contains(expected), "{call:?}: {line}");
        assert_eq!(place.files(), before, "{call:?} wrote something");
    }
}
