//! Pictures and folders of them: prepared, explained one at a time, resumed, each failing for itself.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

mod place;

use lrp::io::{Limits, read_array};
use lrp::render::{Picture, encode_png};
use ndarray::Array3;
use place::{Place, complaint};
use serde_json::Value;

/// Blue against green over four pixels, from pictures of any size; named by a file of labels.
fn colours(place: &Place) -> String {
    place.write("names.txt", "blue\ngreen\n");
    place.write(
        "net.toml",
        "labels = 'names.txt'\n[input.image]\nsize = [2, 2]\nmode = 'crop'\norder = 'bgr'\nscale = 255\n",
    );
    place.write("net.txt", format!("Flatten\nLinear 12 2\n{}\n0 0\nSoftMax\n", "1 0 0 1 0 0 ".repeat(4)))
}

fn photo(place: &Place, name: &str, color: [f64; 3]) -> String {
    let pixels = Array3::from_shape_fn((4, 6, 3), |(_, _, channel)| color[channel]);
    let picture = Picture::new(pixels).expect("a picture");
    place.write(name, encode_png(&picture.to_rgb8()).expect("a png"))
}

/// Four photos of a folder, of which the third is cut short.
fn folder(place: &Place) {
    fs::create_dir(place.path().join("photos")).expect("a folder");
    photo(place, "photos/a.png", [0.0, 0.0, 1.0]);
    photo(place, "photos/b.png", [0.0, 1.0, 0.0]);
    let whole = fs::read(place.path().join("photos/a.png")).expect("a picture");
    place.write("photos/c.png", &whole[..40]);
    photo(place, "photos/d.png", [1.0, 0.0, 0.6]);
    place.write("photos/notes.txt", "not an input\n");
}

fn lines(text: &[u8]) -> Vec<Value> {
    let text = String::from_utf8(text.to_vec()).expect("text");
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path).and_then(|metadata| metadata.modified()).expect("a time")
}

#[test]
fn pictures_are_prepared_as_the_sidecar_says() {
    let place = Place::new();
    let (model, photo) = (colours(&place), photo(&place, "sky.png", [0.0, 0.0, 1.0]));
    // Four blue pixels of one: logits 4 and 0, probabilities 1 / (1 + e^-4) and the rest.
    let expected = "0 (blue) 0.9820, 1 (green) 0.0180";
    let printed = place.prints(&["predict", &model, &photo]);
    assert_eq!(printed, format!("{photo}[0]: {expected}\n"));
    let printed = place.prints(&["explain", &model, &photo, "--rule", "simple"]);
    assert!(
        printed.contains("predicted 0 (blue), relevance 4.0000 of 4.0000 for class 0 (blue)"),
        "{printed}"
    );
    assert_eq!(printed.lines().nth(1), Some(&*format!("  {expected}")));
    assert!(!place.prints(&["explain", &model, &photo, "--top", "0"]).contains("green"));

    // An array of the same numbers is no picture unless it is called one.
    let array = read_array(&photo, &Limits::default()).expect("pixels");
    let array_path = place.path().join("array.npy");
    lrp::io::write_array(&array_path, array.values.view()).expect("an array");
    let output = place.run(&["predict", &model, "array.npy"]);
    assert!(complaint(&output).contains("input"), "{output:?}");
    assert!(place.prints(&["predict", &model, "array.npy", "--as-pictures"]).contains(expected));
}

#[test]
fn every_style_draws() {
    let place = Place::new();
    let (model, photo) = (colours(&place), photo(&place, "sky.png", [0.0, 0.5, 1.0]));
    let size = |style: &str| {
        place.prints(&["explain", &model, &photo, "--style", style, "--scaling", "5"]);
        let path = place.path().join("lrp-out/sky-0000.png");
        let pixels = read_array(path, &Limits::default()).expect("a picture").values;
        (pixels.shape()[1], pixels.shape()[2])
    };
    for style in ["heatmap", "overlay", "blend"] {
        assert_eq!(size(style), (10, 10), "{style}");
    }
    assert!(size("pair").1 > 20 && size("panel").1 > size("pair").1);
    let refused = place.run(&["explain", &model, &photo, "--style", "cubist"]);
    assert!(complaint(&refused).contains("[possible values: heatmap, pair, overlay, blend, panel]"));
}

#[test]
fn one_bad_file_of_many_is_told_and_the_others_are_done() {
    let place = Place::new();
    let model = colours(&place);
    folder(&place);
    let output = place.run(&["explain", &model, "photos", "--json", "--png"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{told}");
    let told: Vec<&str> = told.lines().filter(|line| !line.starts_with("note: ")).collect();
    assert!(told.len() == 2 && told[0].starts_with("error: photos/c.png"), "{told:?}");
    assert_eq!(told[1], "error: 1 of 4 files failed");

    let lines = lines(&output.stdout);
    let inputs: Vec<&str> = lines.iter().map(|line| line["input"].as_str().expect("an input")).collect();
    assert_eq!(inputs, ["photos/a.png", "photos/b.png", "photos/c.png", "photos/d.png"]);
    let classes: Vec<Option<&str>> = lines.iter().map(|line| line["top"][0]["name"].as_str()).collect();
    assert_eq!(classes, [Some("0 (blue)"), Some("1 (green)"), None, Some("0 (blue)")]);
    assert!(lines[2]["error"].as_str().is_some_and(|error| error.contains("c.png")));
    let mut drawn: Vec<_> = fs::read_dir(place.path().join("lrp-out"))
        .expect("results")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    drawn.sort();
    assert_eq!(drawn, ["a-0000.png", "b-0000.png", "d-0000.png"]);

    // Predicting goes on likewise; measuring does not.
    let output = place.run(&["predict", &model, "photos"]);
    assert_eq!(
        (output.status.code(), output.stdout.iter().filter(|byte| **byte == b'\n').count()),
        (Some(1), 3)
    );
    let labels = place.write("labels.txt", "0\n1\n0\n0\n");
    complaint(&place.run(&["predict", &model, "photos", "--labels", &labels]));
    // Of one file the call is wrong, whether JSON tells of it or not.
    let output = place.run(&["predict", &model, "photos/c.png", "--json"]);
    assert!(complaint(&output).contains("c.png"));
    assert!(output.stdout.starts_with(b"{\"error\":"));
}

#[test]
fn a_run_that_was_stopped_goes_on_where_it_was() {
    let place = Place::new();
    let model = colours(&place);
    folder(&place);
    fs::remove_file(place.path().join("photos/c.png")).expect("the bad one");
    let run = |options: &[&str]| {
        let call = ["explain", &model, "photos", "--png", "--npy", "--json"];
        let text = place.prints(&[&call, options].concat());
        let done =
            |line: &Value| (line["input"].as_str().unwrap_or_default().to_owned(), line["skipped"] == true);
        lines(text.as_bytes()).iter().map(done).collect::<Vec<_>>()
    };
    let named = |skipped: [bool; 3]| {
        ["a", "b", "d"].map(|name| format!("photos/{name}.png")).into_iter().zip(skipped).collect::<Vec<_>>()
    };
    let results = place.path().join("lrp-out");
    assert_eq!(run(&["--resume"]), named([false; 3]));
    let first = fs::read(results.join("b.npy")).expect("relevance");
    let untouched = modified(&results.join("a.npy"));

    // Killed between two files of one input: b lacks one, d has a piece of one.
    fs::remove_file(results.join("b.npy")).expect("a result");
    let picture = fs::read(results.join("d-0000.png")).expect("a result");
    fs::write(results.join("d-0000.png"), &picture[..picture.len() / 2]).expect("a piece");
    assert_eq!(run(&["--resume"]), named([true, false, false]));
    assert_eq!(fs::read(results.join("b.npy")).expect("relevance"), first);
    assert_eq!(fs::read(results.join("d-0000.png")).expect("a picture"), picture);
    assert_eq!(modified(&results.join("a.npy")), untouched);
    assert_eq!(run(&["--resume"]), named([true; 3]));

    // An input that is newer than its results is explained anew, and without the option all are.
    let input = fs::File::options().append(true).open(place.path().join("photos/b.png")).expect("an input");
    input.set_modified(SystemTime::now() + Duration::from_secs(60)).expect("a time");
    assert_eq!(run(&["--resume"]), named([true, false, true]));
    assert_eq!(run(&[]), named([false; 3]));
}

#[test]
fn results_of_a_batch_never_meet() {
    let place = Place::new();
    let model = colours(&place);
    folder(&place);
    let before = place.files();
    let twin = photo(&place, "photos/A.png", [1.0; 3]);
    let cases: [(&[&str], &str); 5] = [
        (&["photos"], "two results would be written there"),
        (&["photos/a.png", &twin], "two results would be written there"),
        (&["photos", "--out", "photos"], "holds the inputs, give the results another folder"),
        (&["photos/a.png", "--resume", "--json"], "--resume looks for results in files"),
        (&["."], "no inputs of the model are in this folder"),
    ];
    for (call, expected) in cases {
        let output = place.run(&[&["explain", &model], call].concat());
        assert!(complaint(&output).contains(expected), "{call:?}: {output:?}");
        assert_eq!(place.files(), before, "{call:?}");
    }
    // Where nothing is written nothing can meet.
    assert_eq!(
        lines(place.prints(&["explain", &model, "photos/a.png", &twin, "--json"]).as_bytes()).len(),
        2
    );
}

/// The box of a photo's input is what black and white become, and its rule need not be told.
#[test]
fn rules_take_the_bounds_of_the_input_from_the_sidecar() {
    let place = Place::new();
    place.write("conv.toml", "[input.image]\nsize = [2, 2]\nscale = 255\n");
    let model =
        place.write("conv.txt", format!("Convolution 2 2 3 2 1 1\n{}\n0 0\nFlatten\n", "1 -1 ".repeat(12)));
    let table = place.prints(&["plan", &model, "--composite", "epsilon-gamma-box"]);
    assert!(table.contains("zbox([0,0,0],[1,1,1])"), "{table}");
    let table = place.prints(&["plan", &model, "--composite", "epsilon-gamma-box(-3,3)"]);
    assert!(table.contains("zbox(-3,3)"), "{table}");
    let unknown = place.write("bare.txt", "Linear 2 1\n1 2\n0\n");
    complaint(&place.run(&["plan", &unknown, "--composite", "epsilon-gamma-box"]));
}
