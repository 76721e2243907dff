//! How layers become a network: names, numbers, splits, values written again, and which value is returned.

use lrp_core::{Node, Value};
use lrp_io::{Caffe, CaffeNetwork, Limits, Source, read_model_bytes};
use ndarray::ArrayD;

use crate::build::{counted, fixture, fixture_text, run, with_input};

/// Layers as Caffe lists them.
fn listed(network: &CaffeNetwork) -> Vec<String> {
    network.layers.iter().map(|layer| format!("{} {}", layer.kind, layer.name)).collect()
}

fn power(name: &str, bottom: &str, top: &str, scale: i32) -> String {
    format!(
        "layer {{ name: '{name}' type: 'Power' bottom: '{bottom}' top: '{top}' power_param {{ scale: {scale} }} }}\n"
    )
}

fn scaled(layers: &[String]) -> CaffeNetwork {
    counted(&with_input(&[1], &layers.concat())).unwrap()
}

#[test]
fn a_sequence_of_the_reference_is_numbered_as_there() {
    let expected = "Convolution conv1, ReLU relu1, Pooling pool1, LRN norm1, Convolution conv2, ReLU relu2, \
        Pooling pool2, LRN norm2, Convolution conv3, ReLU relu3, Convolution conv4, ReLU relu4, Convolution conv5, \
        ReLU relu5, Pooling pool5, InnerProduct fc6, ReLU relu6, Dropout drop6, InnerProduct fc7, ReLU relu7, \
        Dropout drop7, InnerProduct fc8, Softmax prob";
    let network = counted(&fixture_text("seq32.prototxt")).unwrap();
    assert_eq!(listed(&network).join(", "), expected);
    assert!(network.layers[1].in_place && !network.layers[2].in_place);
    assert_eq!(network.layer("fc8").unwrap(), 21);
    assert_eq!(network.layer("21").unwrap(), 21);
    let error = network.layer("fc9").unwrap_err();
    assert_eq!(error.to_string(), "there is no layer 'fc9'; layers are 0 to 22");
}

#[test]
fn branches_of_the_reference_are_numbered_as_there() {
    let module = |name: &str, split: &str| {
        let rows = "Split S, Convolution M/1x1, ReLU M/relu_1x1, Convolution M/3x3_reduce, ReLU M/relu_3x3_reduce, \
            Convolution M/3x3, ReLU M/relu_3x3, Convolution M/5x5_reduce, ReLU M/relu_5x5_reduce, Convolution M/5x5, \
            ReLU M/relu_5x5, Pooling M/pool, Convolution M/pool_proj, ReLU M/relu_pool_proj, Concat M/output";
        rows.replace('M', name).replace("Split S", &format!("Split {split}"))
    };
    let expected = [
        "Convolution conv1/7x7_s2, ReLU conv1/relu, LRN conv1/norm1, Pooling pool1",
        &module("inception_3a", "pool1_pool1_0_split"),
        "Pooling pool3",
        &module("inception_3b", "pool3_pool3_0_split"),
        "Pooling pool5, Dropout pool5/drop, InnerProduct loss3/classifier, Softmax prob",
    ];
    let network = counted(&fixture_text("incep32.prototxt")).unwrap();
    assert_eq!(listed(&network).join(", "), expected.join(", "));
    let split = &network.layers[4];
    let names: Vec<&str> = split.writes.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, [0, 1, 2, 3].map(|reader| format!("pool1_pool1_0_split_{reader}")));
    assert_eq!((split.nodes.len(), split.reads[0].0.as_str()), (0, "pool1"));
}

#[test]
fn an_input_of_several_readers_is_split_as_well() {
    let network = scaled(&[
        power("a", "x", "a", 2),
        power("b", "x", "b", 3),
        "layer { name: 'sum' type: 'Eltwise' bottom: 'a' bottom: 'b' top: 'sum' }".to_owned(),
    ]);
    assert_eq!(listed(&network), ["Split x_input_0_split", "Power a", "Power b", "Eltwise sum"]);
    assert_eq!(network.layers[0].writes[1], ("x_input_0_split_1".to_owned(), Value::INPUT));
    assert_eq!(run(&network, &[1], &[1.0]).1, [5.0]);
}

#[test]
fn a_value_that_is_written_again_is_the_new_one_from_there_on() {
    // `b` is written in place; then by a layer whose second value it is.
    let network = scaled(&[
        power("a", "x", "a", 2),
        power("b", "a", "b", 5),
        power("twice", "b", "b", 2),
        "layer { name: 'sum' type: 'Eltwise' bottom: 'a' bottom: 'b' top: 'b' }\n".to_owned(),
        power("y", "b", "y", 3),
    ]);
    assert_eq!(run(&network, &[1], &[1.0]).1, [66.0]);
    let in_place: Vec<&str> =
        network.layers.iter().filter(|layer| layer.in_place).map(|layer| layer.name.as_str()).collect();
    assert_eq!(in_place, ["twice"]);
}

#[test]
fn names_that_come_twice_are_counted() {
    let network = scaled(&[power("a", "x", "b", 2), power("a", "b", "c", 3), power("a", "c", "d", 5)]);
    let names: Vec<_> = network.network.nodes().iter().map(Node::name).collect();
    assert_eq!(names, ["a", "a_2", "a_3"]);
    assert_eq!(network.layer("a").unwrap(), 0);
}

#[test]
fn the_output_is_the_first_value_that_nobody_reads() {
    // Whoever is last, and whatever else is there.
    let network = scaled(&[power("y", "x", "b", 2), power("z", "x", "c", 3), power("w", "x", "d", 5)]);
    assert_eq!(run(&network, &[1], &[1.0]).1, [2.0]);
    assert_eq!(network.warnings, ["no layer reads 'b', 'c', 'd'; the network returns 'b'"]);
    let runs: Vec<bool> = network.layers.iter().map(|layer| !layer.nodes.is_empty()).collect();
    assert_eq!(runs, [false, true, false, false]);
    // The one node behind a branch that is not the last stands for it.
    let network = scaled(&[power("y", "x", "c", 2), power("z", "x", "b", 3), power("w", "b", "a", 5), {
        "layer { name: 'drop' type: 'Dropout' bottom: 'c' top: 'd' }".to_owned()
    }]);
    assert_eq!(run(&network, &[1], &[1.0]).1, [15.0]);
}

#[test]
fn what_is_silenced_is_no_output() {
    let silence = "layer { name: 'hush' type: 'Silence' bottom: 'b' }".to_owned();
    let network = scaled(&[power("y", "x", "b", 2), power("z", "x", "c", 3), silence]);
    assert_eq!(run(&network, &[1], &[1.0]).1, [3.0]);
    assert_eq!(network.warnings, [] as [String; 0]);
}

#[test]
fn losses_and_measures_of_one_value_leave_it_the_output() {
    let network = scaled(&[
        power("fc", "x", "fc", 2),
        "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'fc' top: 'loss' }".to_owned(),
        "layer { name: 'acc' type: 'Accuracy' bottom: 'fc' top: 'acc' include { phase: TEST } }".to_owned(),
    ]);
    assert_eq!(listed(&network), ["Power fc", "Split fc_fc_0_split", "SoftmaxWithLoss loss", "Accuracy acc"]);
    assert_eq!(run(&network, &[1], &[1.0]).1, [2.0]);
    assert_eq!(network.warnings, [] as [String; 0]);
}

#[test]
fn layers_say_when_they_run() {
    let with = |rule: &str, state: &str| {
        let layer = power("y", "x", "x2", 3).replace(" }\n", &format!(" {rule} }}\n"));
        let text = format!("{state} {}", with_input(&[1], &[power("first", "x", "x2", 2), layer].concat()));
        run(&counted(&text).unwrap(), &[1], &[1.0]).1[0] == 3.0
    };
    for (rule, runs) in [
        ("include { phase: TRAIN }", false),
        ("include { phase: TEST }", true),
        ("include { phase: 1 }", true),
        ("include { phase: TRAIN } include { phase: TEST }", true),
        ("exclude { phase: TEST }", false),
        ("exclude { phase: TRAIN }", true),
        ("phase: TRAIN", true),
    ] {
        assert_eq!(with(rule, ""), runs, "{rule}");
    }
    let deploy = "state { stage: 'deploy' level: 2 }";
    for (rule, runs) in [
        ("include { stage: 'deploy' }", true),
        ("include { stage: 'other' }", false),
        ("include { not_stage: 'deploy' }", false),
        ("exclude { stage: 'deploy' stage: 'other' }", true),
        ("include { min_level: 2 max_level: 2 }", true),
        ("include { min_level: 3 }", false),
        ("include { max_level: 1 }", false),
    ] {
        assert_eq!(with(rule, deploy), runs, "{rule}");
    }
    assert!(!with("include { stage: 'deploy' }", ""));
}

#[test]
fn what_the_reference_refused_is_read() {
    for (name, sample) in [
        ("batchnorm", [3, 28, 28]),
        ("dilation", [3, 28, 28]),
        ("eltwise", [3, 28, 28]),
        ("flatten", [3, 28, 28]),
        ("grey", [1, 28, 28]),
        ("input_layer", [3, 28, 28]),
        ("nonsquare", [3, 28, 32]),
    ] {
        let text = fixture(&format!("refused/{name}.prototxt"));
        let limits = Limits::default();
        let source = Source::from(text);
        let caffe = Caffe::parse(&source, &limits).unwrap();
        assert_eq!(caffe.sample(), sample, "{name}");
        let network = caffe.filled(&|shape| ArrayD::from_elem(shape, 1.0 / 512.0)).unwrap();
        assert_eq!(network.warnings, [] as [String; 0], "{name}");
        let input = ArrayD::ones([&[2][..], &sample].concat());
        let output = network.network.forward(&input).unwrap();
        assert_eq!(output.shape(), [2, 10], "{name}");
    }
}

#[test]
fn the_shape_of_a_sample_can_be_given() {
    let text = fixture("refused/input_layer_noparam.prototxt");
    let limits = Limits::default();
    let error = read_model_bytes("a.prototxt", &text, &limits).unwrap_err();
    assert_eq!(error.to_string(), "a.prototxt: the input 'data' has no shape; give that of a sample");
    let source = Source::from(text).with_sample(&[3, 28, 28]);
    let caffe = Caffe::parse(&source, &limits).unwrap();
    assert_eq!((caffe.sample(), caffe.batch()), (&[3, 28, 28][..], 1));
    assert!(caffe.filled(&|shape| ArrayD::zeros(shape)).is_ok());
}

#[test]
fn unknown_fields_are_passed_over_aloud() {
    let layer = "layer { name: 'y' type: 'ReLU' bottom: 'x' top: 'y'\n colour: 3 relu_param { slope: 1 } }\nmood: 'x'";
    let network = counted(&with_input(&[1], layer)).unwrap();
    assert_eq!(
        network.warnings,
        [
            "line 4: the field 'colour' of 'layer' is not known",
            "line 4: the field 'slope' of 'relu_param' is not known",
            "line 5: the field 'mood' of the network is not known",
        ]
    );
}

#[test]
fn a_mark_at_the_front_and_line_ends_of_windows() {
    let text = with_input(&[1], "layer {\n  name: 'y' # a comment\n type: 'ReLU' bottom: 'x' top: 'y' }\n");
    let text = format!("\u{feff}{}", text.replace('\n', "\r\n"));
    let network = read_model_bytes("no extension", text.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(network.nodes().len(), 1);
}
