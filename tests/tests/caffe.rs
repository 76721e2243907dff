//! `lrp caffe` takes the files of the original programs and writes theirs; what is wrong with one image stays its own.

use std::cell::Cell;
use std::fs;
use std::path::Path;

use lrp::core::Tensor;
use lrp::io::{Caffe, CaffeNetwork, Limits, read_array};
use lrp::rules::{Plan, PlanOptions, Target, composite};
use lrp_tests::workspace;
use ndarray::{ArrayD, Axis};

mod place;

use place::{Place, complaint};

/// The golden suite, where the configurations' paths lead to, and the results beside it.
fn suite() -> Place {
    let place = Place::new();
    copy(&workspace("data/golden/caffe"), place.path());
    place
}

fn copy(from: &Path, to: &Path) {
    for folder in ["configs", "mean", "models", "someimages"] {
        fs::create_dir_all(to.join(folder)).expect("a folder");
        for entry in fs::read_dir(from.join(folder)).expect("a folder of the suite") {
            let path = entry.expect("an entry").path();
            fs::copy(&path, to.join(folder).join(path.file_name().expect("a name"))).expect("a copy");
        }
    }
    fs::copy(from.join("synset10.txt"), to.join("synset10.txt")).expect("a copy");
}

const FORM: [&str; 4] = ["_as_inputted_into_the_dnn.png", "_heatmap.png", "_rawhm.txt", "_top10scores.txt"];

fn results(place: &Place) -> Vec<String> {
    let Ok(folder) = fs::read_dir(place.path().join("OUT/someimages")) else { return Vec::new() };
    let mut names: Vec<String> =
        folder.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn old_files_give_the_old_files() {
    let place = suite();
    let list = place.write("list.txt", "./someimages/sq40.png -1\n./someimages/land40x36.png -2\n");
    let call = ["caffe", "-c", "configs/seq32_t0.txt", "-f", &list, "--dialect", "caffe"];
    let lines = place.prints(&call);
    assert!(
        lines.starts_with("././someimages/sq40.png: class 0 (n00000000 class number 0), score 0.240144, "),
        "{lines}"
    );
    let expected: Vec<String> = ["land40x36.png", "sq40.png"]
        .iter()
        .flat_map(|name| FORM.map(|ending| format!("{name}{ending}")))
        .collect();
    assert_eq!(results(&place), expected);
    let ours = read_array(place.path().join("OUT/someimages/sq40.png_rawhm.txt"), &Limits::default())
        .expect("planes");
    let reference = workspace("data/golden/caffe/text/seq32_t0__sq40.png_rawhm.txt");
    let reference = read_array(reference, &Limits::default()).expect("planes");
    let largest = reference.values.fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let apart = (&ours.values - &reference.values).fold(0.0, |largest: f64, value| largest.max(value.abs()));
    assert!(apart < 6e-5 * largest, "{apart} of {largest}");
    // Scores agree to five of their six digits.
    let scores = |text: String| -> Vec<(usize, f64)> {
        let line = |line: &str| {
            let (class, score) = line.split_once(' ').expect("a class and a score");
            (class.parse().expect("a class"), (score.parse::<f64>().expect("a score") * 1e5).round() / 1e5)
        };
        text.lines().map(line).collect()
    };
    let read = |path: std::path::PathBuf| scores(fs::read_to_string(path).expect("text"));
    assert_eq!(
        read(place.path().join("OUT/someimages/sq40.png_top10scores.txt")),
        read(workspace("data/golden/caffe/text/seq32_t0__sq40.png_top10scores.txt"))
    );
}

#[test]
fn minimal_programs_leave_out_the_pictures() {
    for binary in ["default_minimal", "parallel_minimal"] {
        let place = suite();
        let list = place.write("list.txt", "someimages/sq40.png 3\n");
        place.prints(&["caffe", "-c", "configs/seq32_t100.txt", "-f", &list, "-b", binary, "--npy"]);
        assert_eq!(results(&place), ["sq40.png_rawhm.npy", "sq40.png_rawhm.txt", "sq40.png_top10scores.txt"]);
        let map = read_array(place.path().join("OUT/someimages/sq40.png_rawhm.npy"), &Limits::default());
        assert_eq!(map.expect("an array").values.shape(), [3, 32, 32]);
    }
}

#[test]
fn the_binary_changes_no_number() {
    let maps = ["default", "parallel"].map(|binary| {
        let place = suite();
        let list = place.write("list.txt", "someimages/sq40.png -1\nsomeimages/grey40.png 2\n");
        place.prints(&["caffe", "-c", "configs/seq32_t100.txt", "-f", &list, "-b", binary]);
        fs::read(place.path().join("OUT/someimages/grey40.png_rawhm.txt")).expect("a map")
    });
    assert_eq!(maps[0], maps[1]);
}

#[test]
fn one_bad_image_is_told_and_the_others_go_on() {
    let place = suite();
    fs::create_dir(place.path().join("my someimages")).expect("a folder");
    fs::copy(place.path().join("someimages/sq40.png"), place.path().join("my someimages/a cat.png"))
        .expect("a copy");
    let list = place.write(
        "list.txt",
        "someimages/sq40.png 0\nsomeimages/gone.png 0\nsomeimages/sq40.png\nsomeimages/land40x36.png 99\n\
         elsewhere.png 1\nmy someimages/a cat.png -1\n",
    );
    let output = place.run(&["caffe", "-c", "configs/seq32_t0.txt", "-f", &list, "-b", "default_minimal"]);
    assert_eq!(output.status.code(), Some(1));
    let complaints = String::from_utf8_lossy(&output.stderr).into_owned();
    let expected = [
        format!("error: {list}:2: ./someimages/gone.png: cannot read: "),
        format!("error: {list}:3: 'someimages/sq40.png' says nothing of a class"),
        format!(
            "error: {list}:4: ./someimages/land40x36.png: class 99 of sample 0 is out of range; classes are 0 to 9"
        ),
        format!(
            "error: {list}:5: 'someimages', which standalone_rootpath asks for, is not in the path './elsewhere.png'"
        ),
        "error: 4 of 6 images failed".to_owned(),
    ];
    for (line, expected) in complaints.lines().zip(&expected) {
        assert!(line.starts_with(expected.as_str()), "{line} is not {expected}");
    }
    assert_eq!(complaints.lines().count(), expected.len(), "{complaints}");
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 2);
    let names = ["a cat.png", "sq40.png"];
    let expected: Vec<String> =
        names.iter().flat_map(|name| FORM[2..].iter().map(move |form| format!("{name}{form}"))).collect();
    assert_eq!(results(&place), expected);
}

#[test]
fn a_configuration_that_cannot_work_is_one_line() {
    let place = suite();
    let list = place.write("list.txt", "someimages/sq40.png 0\n");
    let config = fs::read_to_string(place.path().join("configs/seq32_t102.txt")).expect("a configuration");
    let with = |key: &str, value: &str| {
        let mut lines: Vec<&str> = config.lines().collect();
        let at = lines.iter().position(|line| *line == key).expect(key);
        lines[at + 1] = value;
        place.write("config.txt", lines.join("\n"))
    };
    let cases = [
        ("relpropformulatype", "31", "error: relpropformulatype is 31; known are 0, 2, 6, 8, 11, 18, 22,"),
        (
            "lastlayerindex",
            "-3",
            "error: lastlayerindex is -3: allowed are 0 to 22, -1 (below the Softmax) and -2",
        ),
        ("firstlayerindex", "21", "error: firstlayerindex is 21: allowed are 0 to 20 (below the start)"),
        ("alphabeta_beta", "-1", "error: beta is -1, it must not be negative"),
        ("numclasses", "11", "numclasses is 11, but the network has 10 outputs"),
        ("auxiliaryvariable_maxlayerindexforflatdistinconv", "-1", "but type 102 needs a layer, from 0 on"),
        ("epsstab", "much", "epsstab: 'much' is not a number"),
        ("model_file", "gone.caffemodel", "error: gone.caffemodel: cannot read"),
        ("param_file", "models/seq32.caffemodel", "error: models/seq32.caffemodel: "),
        ("baseimgsize", "20", "the base size is 20, 32 (the side of the input) to 16384 are allowed"),
    ];
    for (key, value, expected) in cases {
        let output = place.run(&["caffe", "-c", &with(key, value), "-f", &list]);
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(complaint.contains(expected), "{key} {value}: {complaint}");
        assert!(!output.status.success());
    }
    assert!(results(&place).is_empty());
}

#[test]
fn a_dropout_out_of_place_stops_relevance_in_the_original_alone() {
    for (dialect, empty) in [("caffe", true), ("fixed", false)] {
        let place = suite();
        let list = place.write("list.txt", "someimages/sq40.png -1\n");
        place.prints(&["caffe", "-c", "configs/dropni16_t0.txt", "-f", &list, "--dialect", dialect]);
        let map = read_array(place.path().join("OUT/someimages/sq40.png_rawhm.txt"), &Limits::default());
        assert_eq!(map.expect("a map").values.iter().all(|&r| r == 0.0), empty, "{dialect}");
    }
}

#[test]
fn layers_without_a_way_across_are_crossed_in_the_fixed_dialect() {
    let place = suite();
    let list = place.write("list.txt", "someimages/sq40.png -1\n");
    let call =
        |dialect| place.run(&["caffe", "-c", "configs/tanh24_t100.txt", "-f", &list, "--dialect", dialect]);
    let line = complaint(&call("caffe"));
    assert!(line.contains("type 100 has no way across tanh1, a layer of type TanH"), "{line}");
    assert!(call("fixed").status.success());
}

#[test]
fn relevance_of_a_layer_between_is_that_layers_map() {
    let place = suite();
    let list = place.write("list.txt", "someimages/sq40.png -1\n");
    let config = fs::read_to_string(place.path().join("configs/seq32_t0.txt")).expect("a configuration");
    let config = place.write("config.txt", config.replace("firstlayerindex\n0", "firstlayerindex\n4"));
    place.prints(&["caffe", "-c", &config, "-f", &list]);
    // The fourth layer reads eight channels of sixteen by sixteen.
    let map = fs::read_to_string(place.path().join("OUT/someimages/sq40.png_rawhm.txt")).expect("a map");
    assert!(map.starts_with("8\n16 16\n"), "{}", &map[..20]);
    assert!(map.split_whitespace().skip(3).any(|number| number != "0"));
}

#[test]
fn the_fixed_dialect_is_that_of_explain() {
    let place = suite();
    let list = place.write("list.txt", "someimages/sq40.png 3\n");
    // A mean image in text is upright in either dialect, so that the suite has the input.
    let config = fs::read_to_string(place.path().join("configs/seq32_t102.txt")).expect("a configuration");
    let config = config.replace("mean/mean_bgr.binaryproto", "mean/mean_bgr.txt");
    let config = config.replace("use_mean_file_asbinaryprotoblob\n1", "use_mean_file_asbinaryprotoblob\n0");
    let config = place.write("config.txt", config);
    place.prints(&["caffe", "-c", &config, "-f", &list, "--npy", "--dtype", "f64"]);
    let read = |path: std::path::PathBuf| read_array(path, &Limits::default()).expect("an array").values;
    let ours = read(place.path().join("OUT/someimages/sq40.png_rawhm.npy"));

    let input = read(workspace("data/golden/caffe/inputs/in32__sq40.png__mean_bgr.txt__mode0__base40.npy"));
    lrp::io::write_array(place.path().join("batch.npy"), input.insert_axis(Axis(0)).view()).expect("written");
    let composite = "layer-dep-n-flat(epsilon=0.01,beta=1,switch=conv2)";
    let call = ["explain", "models/seq32.prototxt", "batch.npy", "--target", "3", "--composite", composite];
    place.prints(&[&call[..], &["--npy", "--out", "by-hand"]].concat());
    let mut by_hand = read(place.path().join("by-hand/batch.npy")).index_axis_move(Axis(0), 0);
    // Blue, green and red in the network.
    by_hand.invert_axis(Axis(0));
    let largest = by_hand.fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let apart = (&ours - &by_hand).fold(0.0, |largest: f64, value| largest.max(value.abs()));
    // The input is kept in f32.
    assert!(apart < 1e-5 * largest, "{apart} of {largest}");
}

#[test]
fn caffe_models_go_where_their_layers_fit() {
    let place = suite();
    place.prints(&["convert", "models/lenet28.prototxt", "lenet.txt"]);
    let input = workspace("data/golden/caffe/inputs/in28__sq40.png__mean_bgr.binaryproto__mode1__base40.npy");
    let input = read_array(input, &Limits::default()).expect("an input").values.insert_axis(Axis(0));
    lrp::io::write_array(place.path().join("first.npy"), input.view()).expect("written");
    let last = input.permuted_axes(vec![0, 2, 3, 1]).as_standard_layout().into_owned();
    lrp::io::write_array(place.path().join("last.npy"), last.view()).expect("written");
    let scores = |model: &str, data: &str| place.prints(&["predict", model, data]).replace(data, "DATA");
    assert_eq!(scores("models/lenet28.prototxt", "first.npy"), scores("lenet.txt", "last.npy"));
    let line = complaint(&place.run(&["convert", "models/seq32.prototxt", "seq.txt"]));
    assert!(line.contains("norm1"), "{line}");
    let line = complaint(&place.run(&["convert", "lenet.txt", "again.txt", "--weights", "first.npy"]));
    assert!(
        line.contains("lenet.txt: a model of the format toolbox text holds its weights itself"),
        "{line}"
    );
}

/// A shipped description with weights from a seed, small enough to keep activations in size.
fn shipped(name: &str) -> CaffeNetwork {
    let text = fs::read(workspace(&format!("data/models/caffe/{name}.prototxt"))).expect("a description");
    let state = Cell::new(0x9e37_79b9_7f4a_7c15_u64);
    let number = || {
        state.set(state.get().wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1));
        f64::from((state.get() >> 33) as u32) / f64::from(1_u32 << 30) - 1.0
    };
    let fill = |shape: &[usize]| {
        let inputs: usize = shape[1..].iter().product();
        // Biases, which have one axis, are zero: nothing is lost to them.
        let width = if shape.len() > 1 { (6.0 / inputs as f64).sqrt() } else { 0.0 };
        ArrayD::from_shape_simple_fn(shape, || width * number())
    };
    let limits = Limits::default();
    Caffe::parse(&text.into(), &limits).expect("a description").filled(&fill).expect("a network")
}

#[test]
fn shipped_descriptions_have_the_published_sizes() {
    let sizes = [("alexnet", 60_965_224, 227), ("caffenet", 60_965_224, 227), ("googlenet", 6_998_552, 224)];
    for (name, expected, side) in sizes {
        let network = shipped(name).network;
        let parameters: usize = network.nodes().iter().map(|node| node.op().parameters()).sum();
        assert_eq!(parameters, expected, "{name}");
        let shapes = network.shapes(&[1, 3, side, side]).expect("shapes");
        assert_eq!(shapes.last().expect("an output"), &[1, 1000], "{name}");
    }
}

#[test]
fn googlenet_keeps_relevance_through_responses_means_and_branches() {
    let network = shipped("googlenet").network;
    let pixel = |at: ndarray::IxDyn| ((at[1] + 2 * at[2] + 3 * at[3]) % 7) as f64 - 3.0;
    let input = Tensor::from_shape_fn(vec![1, 3, 224, 224], pixel);
    let composite = composite("layer-dep(epsilon=0, beta=0)").expect("a composite");
    let plan = Plan::new(&network, &composite, PlanOptions::default()).expect("a plan");
    let found = plan.explain(&input, &Target::Top).expect("an explanation");
    let kept = found.relevance.sum() / found.seed.sum();
    assert!((kept - 1.0).abs() < 1e-6, "{kept}");
}
