//! Files made to do harm: an error in one line, no panic, no memory for what is only claimed.

use lrp_io::{Caffe, ErrorKind, Limits, Result, Source};
use ndarray::ArrayD;

use crate::build::{Version, blob, double_blob, field, fixture_text, layer, old_blob, with_input};
use crate::common::Chance;

fn limits() -> Limits {
    Limits { array_elements: 20_000, model_layers: 1000, ..Limits::default() }
}

fn filled(text: &[u8], limits: &Limits) -> Result<()> {
    Caffe::parse(&text.into(), limits)?.filled(&|shape| ArrayD::zeros(shape)).map(drop)
}

fn refused(text: &str) -> lrp_io::Error {
    let error = filled(text.as_bytes(), &limits()).err().unwrap_or_else(|| panic!("{text} is read"));
    let line = error.to_string();
    assert!(!line.contains('\n') && line.len() < 1500, "{line}");
    error
}

const FC: &str = "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'fc'
    inner_product_param { num_output: 1 } }";

/// A layer of each version, with blobs of all kinds.
fn weights() -> Vec<u8> {
    [
        field(1, b"net"),
        layer(Version::Third, "fc", &[double_blob(&[1, 2], &[1.0, 2.0]), blob(&[1], &[3.0])]),
        layer(Version::Second, "two", &[old_blob([1, 1, 1, 2], &[1.0, 2.0])]),
        layer(Version::First, "one", &[blob(&[2], &[1.0, 2.0])]),
    ]
    .concat()
}

fn with_weights(weights: Vec<u8>) -> Result<()> {
    let text = with_input(&[2], FC);
    let source = Source::from(text.as_bytes()).with_weights(weights);
    Caffe::parse(&source, &limits())?.read().map(drop)
}

#[test]
fn weights_cut_at_every_byte() {
    let whole = weights();
    with_weights(whole.clone()).unwrap();
    for length in 0..whole.len() {
        // Cut between layers they are weights still.
        if let Err(error) = with_weights(whole[..length].to_vec()) {
            assert!(error.file() == "weights" || length < 10, "{length}: {error}");
        }
    }
}

#[test]
fn weights_with_every_byte_changed() {
    let whole = weights();
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0x80, 0xff, whole[at] ^ 1, whole[at].wrapping_add(1)] {
            let mut mutant = whole.clone();
            mutant[at] = value;
            drop(with_weights(mutant));
        }
    }
    let mut chance = Chance::new();
    for _ in 0..3000 {
        drop(with_weights(chance.mutant(&whole)));
    }
}

#[test]
fn weights_that_claim_what_is_not_there() {
    // A length of four gigabytes; then one of 2^63.
    for length in
        [&[0xff, 0xff, 0xff, 0xff, 0x0f][..], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]]
    {
        let mut claim = vec![0xa2, 0x06];
        claim.extend(length);
        assert_eq!(with_weights(claim).unwrap_err().kind(), ErrorKind::Format);
    }
    let huge = layer(Version::Third, "fc", &[blob(&[1 << 40, 1 << 10], &[1.0])]);
    assert_eq!(with_weights(huge).unwrap_err().kind(), ErrorKind::Limit);
    let many: Vec<u8> =
        (0..1001).flat_map(|n| layer(Version::Third, &n.to_string(), &[blob(&[1], &[0.0])])).collect();
    let error = with_weights(many).unwrap_err();
    assert_eq!(error.to_string(), "weights: the weights are of more than 1000 layers, no more are allowed");
    // Messages within messages, of which only the first two levels mean anything.
    let deep = (0..2000).fold(Vec::new(), |inner, _| field(1, &inner));
    assert!(with_weights(field(2, &deep)).is_err());
}

#[test]
fn descriptions_changed_and_cut() {
    let mut chance = Chance::new();
    for name in ["lenet28_v0.prototxt", "lenet28.prototxt", "incep32.prototxt"] {
        let whole = fixture_text(name);
        let limits = Limits { array_elements: 100_000, ..limits() };
        filled(whole.as_bytes(), &limits).unwrap();
        for length in (0..whole.len()).step_by(7) {
            drop(filled(&whole.as_bytes()[..length], &limits));
        }
        for _ in 0..300 {
            if let Err(error) = filled(&chance.mutant(whole.as_bytes()), &limits) {
                assert!(!error.to_string().contains('\n'), "{error}");
            }
        }
    }
}

#[test]
fn descriptions_of_too_much() {
    let text = "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'x' }\n".repeat(1001);
    let error = refused(&with_input(&[1], &text));
    assert_eq!(error.to_string(), ":1003: the network has more than 1000 layers, no more are allowed");
    assert_eq!(refused(&"a {".repeat(100)).kind(), ErrorKind::Limit);
    assert_eq!(refused(&format!("a: [{}]", "1,".repeat(300_000))).kind(), ErrorKind::Limit);
    // A long name before a long list.
    assert_eq!(
        refused(&format!("{}: [{}]", "a".repeat(100_000), "1,".repeat(100_000))).kind(),
        ErrorKind::Limit
    );
}

#[test]
fn a_thousand_layers_of_one_name() {
    let text = "layer { name: 'l' type: 'ReLU' bottom: 'x' top: 'x' }\n".repeat(1000);
    filled(with_input(&[1], &text).as_bytes(), &limits()).unwrap();
}

/// A value with very many readers; and one layer that joins them, whose refusal stays short.
#[test]
fn many_readers_of_one_value() {
    let bottoms = "bottom: 'x' ".repeat(20_000);
    let join = |kind: &str| format!("layer {{ name: 'l' type: '{kind}' top: 'y' {bottoms} }}");
    filled(with_input(&[1], &join("Concat")).as_bytes(), &limits()).unwrap();
    let other = "layer { name: 'p' type: 'Flatten' bottom: 'x' top: 'p' }\n".to_owned();
    let layers = other + &join("Eltwise").replacen("bottom: 'x'", "bottom: 'p'", 1);
    refused(&with_input(&[1, 1], &layers));
}

#[test]
fn few_letters_that_ask_for_much() {
    const HUGE: &str = "1152921504606846976";
    for (sample, layer) in [
        (&[1, 1, 1][..], "type: 'Convolution' convolution_param { num_output: HUGE kernel_size: 1 }"),
        (&[1, 1, 1], "type: 'Convolution' convolution_param { num_output: 1 kernel_size: HUGE }"),
        (&[1, 1, 1], "type: 'Convolution' convolution_param { num_output: 1 kernel_size: 1 pad: HUGE }"),
        (
            &[0, 1, 1],
            "type: 'Convolution' convolution_param { num_output: HUGE kernel_size: 1 bias_term: false }",
        ),
        (
            &[1, 1, 1],
            "type: 'Convolution' convolution_param { num_output: 1 kernel_size: 2 dilation: HUGE pad: 1 }",
        ),
        (&[1, 1, 1], "type: 'Convolution' convolution_param { num_output: 1 kernel_size: 1 stride: 0 }"),
        (
            &[1, 1, 1],
            "type: 'Deconvolution' convolution_param { num_output: HUGE group: HUGE kernel_size: 1 bias_term: false }",
        ),
        (&[1, 2, 2], "type: 'Deconvolution' convolution_param { num_output: 1 kernel_size: 1 stride: HUGE }"),
        (&[1], "type: 'InnerProduct' inner_product_param { num_output: HUGE bias_term: false }"),
        (&[1, 1, 1], "type: 'Pooling' pooling_param { kernel_size: 1 pad: HUGE }"),
        (&[1, 1, 1], "type: 'Pooling' pooling_param { kernel_size: HUGE }"),
        (&[1, 1, 1], "type: 'Pooling' pooling_param { kernel_size: 0 }"),
        (&[1, 1, 1], "type: 'LRN' lrn_param { local_size: 1152921504606846977 norm_region: WITHIN_CHANNEL }"),
        (&[1], "type: 'Tile' tile_param { tiles: HUGE }"),
        (&[1, 1, 1], "type: 'Interp' interp_param { height: HUGE width: 1 }"),
        (&[1, 2, 2], "type: 'Interp' interp_param { zoom_factor: HUGE }"),
        (&[2], "type: 'Reshape' reshape_param { shape { dim: [0, HUGE, HUGE] } }"),
        (&[1], "type: 'Bias' bias_param { num_axes: HUGE }"),
        (&[1], "type: 'Concat' concat_param { axis: 9223372036854775807 }"),
        (&[1], "type: 'Concat' concat_param { axis: -9223372036854775808 }"),
    ] {
        let layer = layer.replace("HUGE", HUGE);
        refused(&with_input(sample, &format!("layer {{ name: 'l' bottom: 'x' top: 'y' {layer} }}")));
    }
    // The input alone, and what layers make of it one after the other.
    assert_eq!(refused(&with_input(&[20_001], "")).kind(), ErrorKind::Limit);
    let slice = "layer { name: 'l' type: 'Slice' bottom: 'x' top: 'x' }\n";
    let error = refused(&with_input(&[10_000], &slice.repeat(5)));
    assert_eq!(error.to_string(), ":7: l: more than 40000 numbers would be made up, no more are allowed");
}

/// Nothing is wrong with these; nothing may break either.
#[test]
fn odd_numbers() {
    let odd = ["0", "1", "2", "3", "-1", "4294967296", "9223372036854775807", "1e300", "nan", "''"];
    for kind in [
        "AbsVal",
        "BatchNorm",
        "Bias",
        "Convolution",
        "Crop",
        "Deconvolution",
        "Eltwise",
        "Flatten",
        "InnerProduct",
        "Interp",
        "LRN",
        "MVN",
        "Pooling",
        "PReLU",
        "Reduction",
        "Reshape",
        "Scale",
        "Slice",
        "Softmax",
        "Tile",
    ] {
        for sample in [&[][..], &[0], &[2], &[2, 0], &[2, 3], &[2, 0, 3], &[2, 3, 3], &[1, 2, 2, 2, 2]] {
            for odd in odd {
                let parameters = PARAMETERS.replace('?', odd);
                let layer = format!(
                    "layer {{ name: 'l' type: '{kind}' bottom: 'x' bottom: 'x' top: 'y' {parameters} }}"
                );
                drop(filled(with_input(sample, &layer).as_bytes(), &limits()));
                let layer = layer.replacen("bottom: 'x'", "", 1);
                drop(filled(with_input(sample, &layer).as_bytes(), &limits()));
            }
        }
    }
}

const PARAMETERS: &str = "
    bias_param { axis: ? num_axes: ? }
    convolution_param { num_output: 2 kernel_size: ? stride: ? dilation: ? group: ? }
    crop_param { axis: 1 offset: ? }
    eltwise_param { coeff: ? coeff: ? }
    flatten_param { axis: ? }
    inner_product_param { num_output: 2 axis: ? }
    interp_param { shrink_factor: ? zoom_factor: ? }
    lrn_param { local_size: ? norm_region: WITHIN_CHANNEL }
    pooling_param { kernel_size: ? stride: ? pad: ? }
    reduction_param { axis: ? }
    reshape_param { shape { dim: 0 dim: ? dim: -1 } }
    scale_param { axis: ? num_axes: ? }
    slice_param { axis: 1 slice_point: ? }
    softmax_param { axis: ? }
    tile_param { axis: 1 tiles: ? }";
