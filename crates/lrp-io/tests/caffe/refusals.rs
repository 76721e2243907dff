//! What is refused, in which words and at which line.

use lrp_io::{Caffe, Limits};

use crate::build::{counting, with_input};

/// The refusal of layers that begin in line 3, behind an input of a shape.
fn refused(sample: &[usize], layers: &str) -> String {
    refused_text(&with_input(sample, layers))
}

fn refused_text(text: &str) -> String {
    let limits = Limits::default();
    let source = text.as_bytes().into();
    let network = Caffe::parse(&source, &limits).and_then(|caffe| caffe.filled(&counting));
    network.err().unwrap_or_else(|| panic!("{text} is read")).to_string()
}

#[test]
fn descriptions_that_are_none() {
    let layer = "layer { name: 'y' type: 'ReLU' bottom: 'x' top: 'y' }";
    let long = "a".repeat(257);
    let shown = "a".repeat(40);
    for (text, message) in [
        (
            layer.to_owned(),
            "the network has 0 declared inputs, expected one, as descriptions for deployment have",
        ),
        (
            format!("input: 'x' input: 'z' input_dim: [1, 1, 1, 1, 1, 1, 1, 1] {layer}"),
            "the network has 2 declared inputs, expected one, as descriptions for deployment have",
        ),
        ("input: 'x' input_dim: [1, 1]".to_owned(), "the input 'x' has no shape; give that of a sample"),
        ("input: 'x' input_dim: [1, 1, 1, 1]".to_owned(), "has no layer that writes a value"),
        (
            "input: 'x' input_dim: -1".to_owned(),
            ":1: 'input_dim' is '-1', expected a whole number of 0 or more",
        ),
        (
            format!("input: '{long}' input_dim: [1, 1, 1, 1] {layer}"),
            &format!(":1: has the name '{shown}…', at most 256 letters are allowed"),
        ),
        ("input: 'x'\ninput_shape: 3".to_owned(), ":2: 'input_shape' is '3', expected fields in braces"),
        (
            format!("input: 'x' input_dim: [1, 1, 1, 1]\n{layer}\nlayers {{ name: 'z' type: RELU }}"),
            ":3: has both 'layer' and 'layers', which are of different versions, expected one of them",
        ),
        (
            "input: 'x' input_dim: [1, 1, 1, 1]\nlayer: 3".to_owned(),
            ":2: 'layer' is '3', expected fields in braces",
        ),
        (
            "input: 'x' input_shape { dim: [1, 99999999999, 99999999999] }".to_owned(),
            "the shape [99999999999, 99999999999] overflows",
        ),
    ] {
        assert_eq!(refused_text(&text), message, "{text}");
    }
    let limits = Limits::default();
    let error = Caffe::parse(&b"name: '\xff'".as_slice().into(), &limits).map(drop).unwrap_err();
    assert_eq!(error.to_string(), ": byte 7: is no text in UTF-8, as descriptions of Caffe networks are");
}

#[test]
fn layers_that_are_none() {
    for (layer, message) in [
        ("layer { name: 'l' bottom: 'x' }", ":3: a layer has no type"),
        (
            "layer { name: 'l' type: 'ReLU' bottom: 'z' top: 'y' }",
            ":3: l: reads 'z', which no layer before it writes",
        ),
        (
            "layer { type: 'ReLU' bottom: 'z' top: 'y' }",
            ":3: relu: reads 'z', which no layer before it writes",
        ),
        ("layer { name: 'l' type: 'ReLU' top: 'y' }", ":3: l: reads 0 values, expected 1 or more"),
        ("layer { name: 'l' type: 'ReLU' bottom: 'x' }", "has no layer that writes a value"),
        (
            "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'y' top: 'z' }",
            ":3: l: writes 2 values, expected 1",
        ),
        (
            "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'y' include { stage: 'a' } exclude { stage: 'b' } }",
            ":3: a layer has both include and exclude, expected one of them",
        ),
        (
            "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'y'\nrelu_param { negative_slope: no } }",
            ":4: l: 'negative_slope' is 'no', expected a number",
        ),
        (
            "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'y'\nrelu_param: 3 }",
            ":4: 'relu_param' is '3', expected fields in braces",
        ),
        (
            "layer { name: 'l' type: 'Data' bottom: 'x' top: 'y' }",
            ":3: l: brings in data of its own; give the description for deployment, which has none",
        ),
        (
            "layers { layer { name: 'l' type: 'images' } bottom: 'x' top: 'y' }",
            ":3: l: brings in data of its own; give the description for deployment, which has none",
        ),
        (
            "layers { layer { name: 'p' type: 'padding' pad: 1 } bottom: 'x' top: 'p' }
            layers { layer { name: 'l' type: 'relu' } bottom: 'p' top: 'y' }",
            ":4: l: reads the padding 'p', which only convolutions and pools can",
        ),
        (
            "layers { layer { name: 'p' type: 'padding' pad: 1 } bottom: 'x' }",
            ":3: p: pads, expected one value read and one written",
        ),
    ] {
        assert_eq!(refused(&[1, 1, 1], layer), message, "{layer}");
    }
    let long = format!("layer {{ name: '{}' type: 'ReLU' bottom: 'x' top: 'y' }}", "a".repeat(300));
    assert!(refused(&[1], &long).ends_with("…', at most 256 letters are allowed"));
}

/// Types, parameters, the shape of a sample, and what is said of them.
const PARAMETERS: &[(&str, &str, &[usize], &str)] = &[
    (
        "BatchNorm",
        "batch_norm_param { use_global_stats: false }",
        &[1, 1],
        "normalizes by its own batch, expected use_global_stats: true",
    ),
    (
        "BatchNorm",
        "batch_norm_param { use_global_stats: maybe }",
        &[1],
        "'use_global_stats' is 'maybe', expected true or false",
    ),
    ("Bias", "bias_param { num_axes: 2 }", &[1], "covers 2 axes of 1 that there are"),
    ("Concat", "concat_param { axis: 0 }", &[1], "works along the batch, axis 0, which is left alone"),
    ("Concat", "concat_param { axis: 2 }", &[1], "has the axis 2, but what it reads has 2"),
    ("Concat", "concat_param { axis: -3 }", &[1], "has the axis -3, but what it reads has 2"),
    ("Convolution", "convolution_param { kernel_size: 1 }", &[1, 1, 1], "has no num_output of 1 or more"),
    (
        "Convolution",
        "convolution_param { num_output: 0 kernel_size: 1 }",
        &[1, 1, 1],
        "has no num_output of 1 or more",
    ),
    ("Convolution", "convolution_param { num_output: 1 }", &[1, 1, 1], "has no kernel_size"),
    (
        "Convolution",
        "convolution_param { num_output: 1 kernel_h: 2 }",
        &[1, 1, 1],
        "has only one of kernel_h and kernel_w",
    ),
    (
        "Convolution",
        "convolution_param { num_output: 1 kernel_size: [1, 1, 1] }",
        &[1, 1, 1],
        "has 3 values of kernel_size, expected 1 or 2",
    ),
    (
        "Convolution",
        "convolution_param { num_output: 1 kernel_size: 1 group: 2 }",
        &[1, 1, 1],
        "divides 1 channels into 2 groups",
    ),
    (
        "Convolution",
        "convolution_param { num_output: 1 kernel_size: 1 group: 0 }",
        &[1, 1, 1],
        "divides 1 channels into 0 groups",
    ),
    (
        "Convolution",
        "convolution_param { num_output: 1 kernel_size: 1 axis: 2 }",
        &[1, 1, 1],
        "has the axis 2, expected 1",
    ),
    (
        "Convolution",
        "convolution_param { num_output: 1 kernel_size: 1 }",
        &[1],
        "reads samples of shape [1], expected [c, space..] of one to three axes",
    ),
    ("Crop", "", &[1, 1, 1], "reads 1 values, expected 2 or more"),
    ("Eltwise", "", &[1], "joins 1 values, expected two or more"),
    ("Exp", "exp_param { base: 0 }", &[1], "has the base 0, expected -1, or a number above 0 other than 1"),
    ("Flatten", "flatten_param { axis: 2 end_axis: 1 }", &[1, 1], "flattens the axes 2 to 1, which are none"),
    ("Filter", "", &[1], "drops samples of a batch, of which each is explained for itself here"),
    ("Im2col", "convolution_param { kernel_size: 3 }", &[1, 2, 2], "has no window of 3 in 2 with padding 0"),
    (
        "InnerProduct",
        "inner_product_param { num_output: 1 axis: 4 }",
        &[1, 1, 1],
        "has the axis 4, but what it reads has 4",
    ),
    ("Interp", "", &[1, 1, 1], "says no height that can be had"),
    ("Interp", "interp_param { pad_beg: 1 }", &[1, 1, 1], "has a pad_beg, expected none"),
    ("LRN", "lrn_param { local_size: 4 }", &[1, 1, 1], "has the local_size 4, expected an odd number"),
    (
        "LRN",
        "lrn_param { norm_region: HERE }",
        &[1, 1, 1],
        "has the norm_region 'HERE', expected ACROSS_CHANNELS or WITHIN_CHANNEL",
    ),
    (
        "Pooling",
        "pooling_param { kernel_size: 1 pool: STOCHASTIC }",
        &[1, 1, 1],
        "pools by 'STOCHASTIC', which is not read; read are MAX and AVE",
    ),
    (
        "Pooling",
        "pooling_param { kernel_size: 1 round_mode: UP }",
        &[1, 1, 1],
        "has the round_mode 'UP', expected CEIL or FLOOR",
    ),
    (
        "Pooling",
        "pooling_param { kernel_size: 1 }",
        &[1, 1],
        "reads samples of shape [1, 1], expected [c, h, w]",
    ),
    ("Reduction", "", &[1], "works along the batch, axis 0, which is left alone"),
    (
        "Reduction",
        "reduction_param { axis: 1 operation: MOST }",
        &[1],
        "reduces by 'MOST', expected SUM, ASUM, SUMSQ or MEAN",
    ),
    (
        "Reshape",
        "reshape_param { shape { dim: 1 dim: 1 } }",
        &[1],
        "reshapes the batch, expected a shape that begins with 0 or -1",
    ),
    (
        "Reshape",
        "reshape_param { axis: 1 shape { dim: 0 } }",
        &[1],
        "reshapes some of the axes, expected axis: 0 and num_axes: -1",
    ),
    ("Reshape", "reshape_param { shape { dim: [0, 1, 0] } }", &[1], "has no size 2 to keep"),
    ("Reshape", "reshape_param { shape { dim: [0, -2] } }", &[1], "has the size -2, expected -1 or more"),
    ("Slice", "slice_param { slice_point: 1 }", &[2], "has 1 slice_points, expected 0"),
    ("Tile", "", &[1], "has no tiles"),
];

#[test]
fn parameters_that_do_not_fit() {
    for (kind, parameters, sample, message) in PARAMETERS {
        let layer = format!("layer {{ name: 'l' type: '{kind}' bottom: 'x' top: 'y' {parameters} }}");
        assert_eq!(refused(sample, &layer), format!(":3: l: {message}"));
    }
}

#[test]
fn values_that_do_not_go_together() {
    let before = "layer { name: 'p' type: 'InnerProduct' bottom: 'x' top: 'p' inner_product_param { num_output: 3 } }\n";
    for (layer, message) in [
        ("type: 'Eltwise' top: 'y'", "joins samples of shapes [1, 2, 2] and [3], expected one shape"),
        ("type: 'Crop' top: 'y'", "cuts [1, 2, 2] to the size of [3], expected as many axes"),
        ("type: 'Scale' top: 'y'", "takes its numbers from a second value, expected learned ones"),
    ] {
        let layers = format!("{before}layer {{ name: 'l' bottom: 'x' bottom: 'p' {layer} }}");
        assert_eq!(refused(&[1, 2, 2], &layers), format!(":4: l: {message}"));
    }
    let twice = |layer: &str| format!("layer {{ name: 'l' bottom: 'x' bottom: 'x' top: 'y' {layer} }}");
    for (layer, message) in [
        ("type: 'Eltwise' eltwise_param { coeff: 1 }", "has 1 factors, expected 2, one a value"),
        (
            "type: 'Eltwise' eltwise_param { operation: MEAN }",
            "joins values by 'MEAN', expected SUM, PROD or MAX",
        ),
        ("type: 'Crop' crop_param { offset: 1 }", "cuts 1 to 3 out of [1, 2, 2]"),
    ] {
        assert_eq!(refused(&[1, 2, 2], &twice(layer)), format!(":3: l: {message}"));
    }
    let slice = |points: &str| {
        format!(
            "layer {{ name: 'l' type: 'Slice' bottom: 'x' top: 'y' top: 'z' slice_param {{ {points} }} }}"
        )
    };
    for (points, message) in [
        ("", "cuts 3 entries into 2 parts"),
        ("slice_point: 0", "has slice_points that do not rise from 1 to below 3"),
        ("slice_point: 3", "has slice_points that do not rise from 1 to below 3"),
        ("slice_point: [1, 2]", "has 2 slice_points, expected 1"),
    ] {
        assert_eq!(refused(&[3], &slice(points)), format!(":3: l: {message}"));
    }
}
