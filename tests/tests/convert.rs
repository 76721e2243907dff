//! `lrp convert` loses nothing, or says what it would lose.

use std::fs;

use lrp::io::{Limits, read_arrays, write_arrays};
use lrp_tests::workspace;

mod place;

use place::{Place, complaint};

const CONVOLUTION: &str = "Convolution 1 1 2 3 1 1\n1 -2 3 -4 5 -0.0\n0.5 0 1e-310\nTanh\nFlatten\n";
const DENSE: &str = "Linear 12 1\n1 2 3 4 5 6 7 8 9 10 11 12\n0\n";

#[test]
fn models_survive_a_round_trip_through_every_format() {
    let place = Place::new();
    let text = fs::read_to_string(workspace("data/models/mnist-lenet5-maxpool.txt")).expect("a model");
    let model = place.write("model.txt", &text);
    place.write("model.toml", "about = \"digits\"\n");
    let mut last = model;
    for (step, extension) in ["nn", "mat", "pickle", "txt"].into_iter().enumerate() {
        let next = format!("step-{step}.{extension}");
        place.prints(&["convert", &last, &next]);
        last = next;
    }
    assert_eq!(fs::read_to_string(place.path().join(&last)).expect("text"), written(&place, &text));
    assert_eq!(
        fs::read_to_string(place.path().join("step-3.toml")).expect("a sidecar"),
        "about = \"digits\"\n"
    );
}

/// The text as the project writes it, numbers in their shortest form.
fn written(place: &Place, text: &str) -> String {
    place.write("given.txt", text);
    place.prints(&["convert", "given.txt", "shortest.txt"]);
    fs::read_to_string(place.path().join("shortest.txt")).expect("text")
}

#[test]
fn a_reader_of_texts_takes_its_words_along() {
    let place = Place::new();
    let model = workspace("data/models/movie-reviews.onnx").display().to_string();
    place.prints(&["convert", &model, "reader.onnx"]);
    assert_eq!(place.files(), ["movie-reviews.vocabulary.txt", "reader.onnx", "reader.toml"]);
    let explained = |model: &str| place.prints(&["explain", model, "--text", "A dull, tedious film"]);
    assert_eq!(explained("reader.onnx"), explained(&model));
}

#[test]
fn matlab_order_is_converted_only_where_the_shape_is_known() {
    let place = Place::new();
    let python = place.write("python.txt", format!("{CONVOLUTION}{DENSE}"));
    let line = complaint(&place.run(&["convert", &python, "matlab.txt", "--to", "matlab"]));
    assert!(line.contains("flatten_2 flattens in another order than matlab; give --shape"), "{line}");
    assert!(!place.path().join("matlab.txt").exists());

    place.prints(&["convert", &python, "matlab.txt", "--to", "matlab", "--shape", "2,2,2"]);
    let text = fs::read_to_string(place.path().join("matlab.txt")).expect("a model");
    assert!(text.contains("\n1.0 7.0 4.0 10.0 2.0 8.0 5.0 11.0 3.0 9.0 6.0 12.0\n"), "{text}");
    place.prints(&["convert", "matlab.txt", "back.txt", "--from", "matlab", "--shape", "2,2,2"]);
    assert_eq!(
        fs::read_to_string(place.path().join("back.txt")).expect("a model"),
        written(&place, &format!("{CONVOLUTION}{DENSE}"))
    );
    // A .mat says which order it is in.
    place.prints(&["convert", "matlab.txt", "matlab.mat", "--from", "matlab"]);
    let line = complaint(&place.run(&["convert", "matlab.mat", "again.txt"]));
    assert!(line.contains("give --shape"), "{line}");
}

#[test]
fn arrays_keep_their_names_and_numbers() {
    let place = Place::new();
    let digits = workspace("data/samples/digits.npy").display().to_string();
    place.prints(&["convert", &digits, "digits.mat"]);
    place.prints(&["convert", "digits.mat", "digits.npz"]);
    let read = |path: &str| read_arrays(path, &Limits::default()).expect("arrays").remove(0);
    let (name, converted) = read(&place.path().join("digits.npz").display().to_string());
    // The numbers and their type; the one array of a file without names is called as the toolbox does.
    assert_eq!((&name[..], converted), ("data", read(&digits).1));
    // A name that there is stays, with one array as with many.
    let named = write_one_named(&place);
    place.prints(&["convert", &named, "named.mat"]);
    assert_eq!(read(&place.path().join("named.mat").display().to_string()).0, "relevance");

    let golden = workspace("data/golden/toolbox/maxpool-ties/expected.npz").display().to_string();
    place.prints(&["convert", &golden, "one.npy", "--name", "output"]);
    let line = complaint(&place.run(&["convert", &golden, "two.npy"]));
    assert!(line.contains("npy does not hold names"), "{line}");
    let line = complaint(&place.run(&["convert", &golden, "two.npy", "--name", "outputs"]));
    assert!(line.contains("no array is named 'outputs'"), "{line}");
    assert!(!place.path().join("two.npy").exists());
}

fn write_one_named(place: &Place) -> String {
    let path = place.path().join("named.npz");
    write_arrays(&path, &[("relevance", ndarray::arr1(&[1.0]).into_dyn().view())]).expect("an archive");
    path.display().to_string()
}

#[test]
fn a_part_that_cannot_be_read_is_not_left_out() {
    let place = Place::new();
    let mixed = workspace("crates/lrp-io/tests/fixtures/mixed.npz").display().to_string();
    let line = complaint(&place.run(&["convert", &mixed, "all.mat"]));
    assert!(line.contains("mixed.npz[objects]") && line.contains("holds Python objects"), "{line}");
    assert!(place.files().is_empty());
    place.prints(&["convert", &mixed, "one.mat", "--name", "flags"]);
    assert!(place.prints(&["info", "one.mat"]).starts_with("flags: bool [2, 1]"));
}

#[test]
fn models_and_arrays_in_matlab_files_are_told_apart() {
    let place = Place::new();
    let digits = workspace("data/samples/digits.npy").display().to_string();
    let model = workspace("data/models/mnist-lenet5-sumpool.txt").display().to_string();
    place.prints(&["convert", &model, "model.mat"]);
    place.prints(&["convert", &digits, "digits.mat"]);
    assert!(place.prints(&["info", "model.mat"]).contains("a model of 11 layers"));
    assert!(place.prints(&["info", "digits.mat"]).contains("[100, 784]"));
    let line = complaint(&place.run(&["predict", "digits.mat", &digits]));
    assert!(line.contains("holds the array 'data' [100, 784], not a model"), "{line}");
}

#[test]
fn what_a_format_cannot_hold_is_refused() {
    let place = Place::new();
    let model = place.write("model.txt", CONVOLUTION);
    let line = complaint(&place.run(&["convert", &model, "old.txt", "--legacy"]));
    assert!(line.contains("convolution_0: the old layout holds only Linear"), "{line}");
    let line = complaint(&place.run(&["convert", &model, "model.npy"]));
    assert!(line.contains("no known model format"), "{line}");
    let line = complaint(&place.run(&["convert", &model, "./model.txt"]));
    assert!(line.contains("is read by this call"), "{line}");
    assert_eq!(place.files(), ["model.txt"]);
}
