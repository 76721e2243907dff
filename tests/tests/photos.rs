//! Photos through exported networks with no options: the right class, and relevance where the thing is.

mod place;

use lrp::io::{Limits, read_array};
use lrp_tests::{beside, workspace};
use ndarray::{Array2, Axis, Ix4, s};
use place::Place;
use serde_json::Value;

fn file(path: &str) -> String {
    workspace(path).display().to_string()
}

/// What the command calls a photo, and the relevance of every pixel.
fn explained(model: &str, photo: &str) -> (String, Array2<f64>) {
    let place = Place::new();
    let (model, input) = (file(model), file(&format!("data/samples/{photo}.png")));
    let printed = place.prints(&["explain", &model, &input]);
    assert!(place.path().join(format!("lrp-out/{photo}-0000.png")).exists());
    let predicted = printed.split(", relevance").next().and_then(|line| line.split("predicted ").nth(1));
    place.prints(&["explain", &model, &input, "--npy"]);
    let saved = read_array(place.path().join(format!("lrp-out/{photo}.npy")), &Limits::default());
    let relevance = saved.expect("relevance").values.into_dimensionality::<Ix4>().expect("a picture");
    (predicted.unwrap_or_default().to_owned(), relevance.index_axis(Axis(0), 0).sum_axis(Axis(0)))
}

/// The part of all positive relevance that lies in some rows and columns.
fn share(relevance: &Array2<f64>, rows: [usize; 2], columns: [usize; 2]) -> f64 {
    let positive = relevance.mapv(|value| value.max(0.0));
    let share = positive.slice(s![rows[0]..rows[1], columns[0]..columns[1]]).sum() / positive.sum();
    println!("{rows:?} {columns:?}: {share}");
    share
}

#[test]
fn a_cup_and_a_cat_are_recognised() {
    let squeezenet = "data/models/squeezenet1.1.onnx";
    let (class, relevance) = explained(squeezenet, "coffee");
    assert_eq!(class, "967 (espresso)");
    // The cup and the spoon in it, of a photo of a table.
    assert!(share(&relevance, [8, 190], [35, 190]) > 0.8);
    let (class, relevance) = explained(squeezenet, "chelsea");
    assert_eq!(class, "281 (tabby, tabby cat)");
    // Both eyes: a tenth of the photo.
    assert!(share(&relevance, [60, 112], [45, 105]) + share(&relevance, [80, 125], [165, 210]) > 0.3);
}

#[test]
fn a_happy_face_is_happy_by_its_smile() {
    let (class, relevance) = explained("data/models/face-expression.onnx", "astronaut-face");
    assert_eq!(class, "1 (happy)");
    // From the brows to the chin, without hair, ears and collar: less than half of the picture.
    assert!(share(&relevance, [28, 104], [20, 90]) > 0.9);
    // The mouth: a tenth of it.
    assert!(share(&relevance, [67, 90], [26, 80]) > 0.5);
}

/// The input that another system made of this face, and what it said.
#[test]
fn the_face_is_seen_as_elsewhere() {
    let (Some(input), Some(output)) = (
        beside("data/squeezenet/face_expression_astronaut.in.npy"),
        beside("data/squeezenet/face_expression_astronaut.out0.npy"),
    ) else {
        return;
    };
    let read = |path| read_array(path, &Limits::default()).expect("an array").values;
    let network = lrp::io::read_model(workspace("data/models/face-expression.onnx"), &Limits::default());
    let found = network.expect("a network").forward(&read(input)).expect("scores");
    let expected = read(output);
    assert!((&found - &expected).iter().all(|difference| difference.abs() < 1e-3), "{found} {expected}");
}

/// A folder with a photo that is cut short: the others are done, it is named, and the next call does only what is left.
#[test]
fn folders_of_photos_survive_a_broken_one() {
    let place = Place::new();
    std::fs::create_dir(place.path().join("photos")).expect("a folder");
    let bytes = |name: &str| std::fs::read(workspace(&format!("data/samples/{name}.png"))).expect("a photo");
    place.write("photos/a-cat.png", bytes("chelsea"));
    place.write("photos/b-broken.png", &bytes("coffee")[..50_000]);
    place.write("photos/c-cup.png", bytes("coffee"));
    let model = file("data/models/squeezenet1.1.onnx");
    let call = ["explain", &model, "photos", "--dtype", "f32", "--png", "--json", "--resume"];
    let run = || {
        let output = place.run(&call);
        let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
        let complaints: Vec<&str> = complaints.lines().filter(|line| line.starts_with("error: ")).collect();
        assert_eq!(output.status.code(), Some(1), "{complaints:?}");
        assert!(
            complaints[0].starts_with("error: photos/b-broken.png: ") && complaints.len() == 2,
            "{complaints:?}"
        );
        assert_eq!(complaints[1], "error: 1 of 3 files failed");
        let text = String::from_utf8(output.stdout).expect("text");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect::<Vec<Value>>()
    };
    let lines = run();
    assert_eq!(lines[0]["class"], "281 (tabby, tabby cat)");
    assert!(lines[1]["error"].as_str().is_some_and(|error| error.starts_with("photos/b-broken.png: ")));
    assert_eq!(lines[2]["class"], "967 (espresso)");
    let lines = run();
    assert!(
        lines[0]["skipped"] == true && lines[1]["error"].is_string() && lines[2]["skipped"] == true,
        "{lines:?}"
    );
}
