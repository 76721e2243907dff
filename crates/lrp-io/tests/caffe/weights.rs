//! Where weights come from, and how they are matched with layers.

use lrp_io::{Caffe, ErrorKind, Limits, Source, read_model, read_model_bytes, read_model_source};
use ndarray::ArrayD;

use crate::build::{Version, blob, field, fixture, layer, old_blob, run, weighted, with_input};

const FC: &str = "layer { name: 'fc' type: 'InnerProduct' bottom: 'x' top: 'fc'
    inner_product_param { num_output: 1 } }";

fn fc() -> String {
    with_input(&[2], FC)
}

fn third(blobs: &[Vec<u8>]) -> Vec<u8> {
    layer(Version::Third, "fc", blobs)
}

/// The refusal of weights for one inner product.
fn refused(weights: &[u8]) -> String {
    weighted(&fc(), weights).unwrap_err().to_string()
}

#[test]
fn weights_that_do_not_fit_are_refused_by_their_layer() {
    let (weight, bias) = (blob(&[1, 2], &[1.0, 2.0]), blob(&[1], &[3.0]));
    assert!(weighted(&fc(), &third(&[weight.clone(), bias.clone()])).is_ok());
    for (blobs, message) in [
        (vec![weight.clone()], "has 1 blobs in the file of weights, expected 2 or more"),
        (vec![weight.clone(), bias.clone(), bias.clone()], "has 3 blobs in the file of weights, expected 2"),
        (
            vec![blob(&[2, 1], &[1.0, 2.0]), bias.clone()],
            "has a blob of shape [2, 1] in the file of weights, expected [1, 2]",
        ),
        (
            vec![blob(&[1, 1, 1, 2], &[1.0, 2.0]), bias.clone()],
            "has a blob of shape [1, 1, 1, 2] in the file of weights, expected [1, 2]",
        ),
        (
            vec![old_blob([1, 1, 2, 1], &[1.0, 2.0]), bias.clone()],
            "has a blob of shape [1, 1, 2, 1] in the file of weights, expected [1, 2]",
        ),
    ] {
        assert_eq!(refused(&third(&blobs)), format!(":3: fc: {message}"));
    }
    assert!(weighted(&fc(), &third(&[old_blob([1, 1, 1, 2], &[1.0, 2.0]), bias])).is_ok());
}

#[test]
fn faults_in_the_file_of_weights_are_placed_in_it() {
    let text = fc();
    let tell = |weights: &[u8], message: &str| {
        let source = Source::from(text.as_bytes()).with_weights(weights.to_vec());
        let error = read_model_source("a.prototxt", &source, &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), format!("a.prototxt[weights]: {message}"));
    };
    tell(b"", "holds no weights of a Caffe network");
    tell(&field(1, b"a name"), "holds no weights of a Caffe network");
    tell(&third(&[blob(&[1, 2], &[1.0])])[..20], "byte 3: a field takes 18 bytes, 17 are left");
    tell(&third(&[blob(&[1, 2], &[1.0])]), "byte 9: 'fc': a blob of shape [1, 2] takes 2 numbers, it has 1");
    if !cfg!(feature = "hdf5") {
        tell(b"\x89HDF\r\n\x1a\n", "is HDF5, which only a build with the feature hdf5 reads");
    }
}

#[test]
fn layers_without_weights_in_the_file_are_filled_aloud() {
    let layers = format!(
        "{FC}
        layer {{ name: 'prelu' type: 'PReLU' bottom: 'x' top: 'p' }}
        layer {{ name: 'scale' type: 'Scale' bottom: 'p' top: 'p' }}
        layer {{ name: 'bias' type: 'Bias' bottom: 'p' top: 'p' bias_param {{ filler {{ value: 3 }} }} }}
        layer {{ name: 'a' type: 'Eltwise' bottom: 'p' bottom: 'x' top: 'a' }}"
    );
    let weights = layer(Version::Third, "other", &[blob(&[1], &[1.0])]);
    let network = weighted(&with_input(&[2], &layers), &weights).unwrap();
    assert_eq!(run(&network, &[2], &[-4.0, 4.0]).1, [-2.0, 11.0]);
    assert_eq!(
        network.warnings,
        [
            "'fc': the file of weights has none for it, all are 0",
            "'prelu': the file of weights has none for it, all are 0.25",
            "'scale': the file of weights has none for it, all are 1",
            "'bias': the file of weights has none for it, all are 3",
            "no layer reads 'a', 'fc'; the network returns 'a'",
        ]
    );
    let random =
        with_input(&[2], FC).replace("num_output: 1", "num_output: 1 weight_filler { type: 'xavier' }");
    assert_eq!(
        weighted(&random, &weights).unwrap_err().to_string(),
        ":3: fc: has no weights in the file of weights, and its filler 'xavier' is random"
    );
}

#[test]
fn layers_that_share_a_blob_have_the_same_numbers() {
    let fc = |name: &str, bottom: &str, more: &str| {
        format!(
            "layer {{ name: '{name}' type: 'InnerProduct' bottom: '{bottom}' top: '{name}' {more}
            inner_product_param {{ num_output: 2 bias_term: false }} }}"
        )
    };
    let shared = "param { name: 'w' }";
    let text = with_input(&[2], &(fc("a", "x", shared) + &fc("b", "a", shared)));
    let own = |name: &str, values: &[f32]| layer(Version::Third, name, &[blob(&[2, 2], values)]);
    let turned = own("a", &[0.0, 1.0, 2.0, 0.0]);
    let network = weighted(&text, &turned).unwrap();
    assert_eq!(run(&network, &[2], &[3.0, 5.0]).1, [6.0, 10.0]);
    assert_eq!(network.warnings, [] as [String; 0]);
    // Those in the file under its own name go first.
    let both = [turned.clone(), own("b", &[1.0, 0.0, 0.0, 1.0])].concat();
    assert_eq!(run(&weighted(&text, &both).unwrap(), &[2], &[3.0, 5.0]).1, [5.0, 6.0]);
    // Weights that are made up are shared as well.
    let mut asked = 0;
    let asked_for = std::cell::RefCell::new(&mut asked);
    let source = text.as_bytes().into();
    let limits = Limits::default();
    let made = Caffe::parse(&source, &limits).unwrap().filled(&|shape| {
        **asked_for.borrow_mut() += 1;
        ArrayD::ones(shape)
    });
    assert_eq!((made.unwrap().layers.len(), asked), (2, 1));
    // In the version before, the name is all that is said, and how strictly is said beside it.
    let older = |mode: &str| {
        let layer = |name: &str, bottom: &str, outputs: usize, mode: &str| {
            format!(
                "layers {{ name: '{name}' type: INNER_PRODUCT bottom: '{bottom}' top: '{name}' param: 'w' {mode}
                inner_product_param {{ num_output: {outputs} bias_term: false }} }}"
            )
        };
        with_input(&[4], &(layer("a", "x", 1, "") + &layer("b", "a", 4, mode)))
    };
    let weights = layer(Version::Third, "a", &[blob(&[1, 4], &[1.0, 2.0, 3.0, 4.0])]);
    let network = weighted(&older("blob_share_mode: PERMISSIVE"), &weights).unwrap();
    assert_eq!(run(&network, &[4], &[1.0; 4]).1, [10.0, 20.0, 30.0, 40.0]);
    let error = weighted(&older(""), &weights).unwrap_err().to_string();
    assert!(error.ends_with(": b: shares 'w', which has the shape [1, 4], expected [4, 1]"), "{error}");
}

#[test]
fn of_two_layers_of_one_name_the_first_is_given_the_weights() {
    let twice = format!("{FC} {}", FC.replace("'x'", "'fc'").replace("top: 'fc'", "top: 'y'"));
    let weights = third(&[blob(&[1, 2], &[1.0, 2.0]), blob(&[1], &[3.0])]);
    let network = weighted(&with_input(&[2], &twice), &weights).unwrap();
    assert_eq!(network.warnings, ["'fc': the file of weights has none for it, all are 0"]);
    assert_eq!(run(&network, &[2], &[1.0, 1.0]).1, [0.0]);
}

#[test]
fn weights_are_looked_for_beside_the_description() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("net.prototxt");
    std::fs::write(&path, fixture("lenet28.prototxt")).unwrap();
    let error = read_model(&path, &Limits::default()).unwrap_err().to_string();
    let missing = ":9: conv1: needs its weights; give their file, or put it beside the description";
    assert!(error.ends_with(missing), "{error}");
    #[cfg(feature = "hdf5")]
    for ending in ["h5", "caffemodel.h5"] {
        let weights = path.with_extension(ending);
        std::fs::write(&weights, fixture("lenet28.caffemodel.h5")).unwrap();
        assert_eq!(read_model(&path, &Limits::default()).unwrap().nodes().len(), 9);
        std::fs::remove_file(weights).unwrap();
    }
    std::fs::write(path.with_extension("caffemodel"), fixture("lenet28.caffemodel")).unwrap();
    assert_eq!(read_model(&path, &Limits::default()).unwrap().nodes().len(), 9);
    let source = Source::from(fixture("lenet28.prototxt")).beside(&path);
    let model = read_model_source("net.prototxt", &source, &Limits::default()).unwrap();
    assert_eq!(model.warnings, [] as [String; 0]);
}

#[test]
fn weights_in_place_of_a_description_are_told() {
    for name in ["lenet28.caffemodel", "lenet28_v0.caffemodel", "lenet28.caffemodel.h5"] {
        for file in [name, "a.prototxt", "a.onnx"] {
            let error = read_model_bytes(file, &fixture(name), &Limits::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            let expected = "holds the weights of a Caffe network; its description (.prototxt) is the model, with \
                these beside it";
            assert_eq!(error.to_string(), format!("{file}: {expected}"));
        }
    }
    let other = read_model_bytes("a.bin", &[0x0a, 2, b'h', b'i'], &Limits::default()).unwrap_err();
    assert!(other.to_string().starts_with("a.bin: is of no known model format"), "{other}");
}

#[test]
fn who_makes_weights_is_held_to_shapes_and_limits() {
    let text = fc();
    let source = Source::from(text.as_bytes());
    let limits = Limits::default();
    let caffe = Caffe::parse(&source, &limits).unwrap();
    let error = caffe.filled(&|_| ArrayD::zeros(vec![2])).unwrap_err();
    assert_eq!(error.to_string(), ":3: fc: is given weights of shape [2], expected [1, 2]");
    let limits = Limits { array_elements: 2, ..limits };
    assert!(Caffe::parse(&source, &limits).unwrap().filled(&|shape| ArrayD::zeros(shape)).is_ok());
    // Twice as much, and no more, however many layers ask for it.
    let layers = "layer { name: 'l' type: 'Bias' bottom: 'x' top: 'x' }\n".repeat(3);
    let text = with_input(&[2], &layers);
    let source = Source::from(text.as_bytes());
    let error = Caffe::parse(&source, &limits).unwrap().filled(&|shape| ArrayD::zeros(shape)).unwrap_err();
    assert_eq!(error.to_string(), ":5: l: more than 4 numbers would be made up, no more are allowed");
    assert_eq!(error.kind(), ErrorKind::Limit);
}

#[cfg(feature = "hdf5")]
#[test]
fn hdf5_that_is_made_to_hurt() {
    use crate::build::fixture_text;
    use crate::common::Chance;

    let (text, whole) = (fixture_text("lenet28.prototxt"), fixture("lenet28.caffemodel.h5"));
    let limits = Limits { array_elements: 100_000, inflation_free_bytes: 1 << 16, ..Limits::default() };
    let try_to = |weights: Vec<u8>, limits: &Limits| {
        let source = Source::from(text.as_bytes()).with_weights(weights);
        let error = Caffe::parse(&source, limits).unwrap().read().err()?;
        let line = error.to_string();
        assert!(!line.contains('\n') && line.len() < 400, "{line}");
        Some(error)
    };
    assert!(try_to(whole.clone(), &limits).is_none());
    for limits in [
        Limits { array_elements: 3000, ..limits.clone() },
        Limits { archive_entries: 3, ..limits.clone() },
        Limits { inflated_total_bytes: 1000, ..limits.clone() },
    ] {
        assert_eq!(try_to(whole.clone(), &limits).unwrap().kind(), ErrorKind::Limit);
    }
    for length in (8..whole.len()).step_by(97) {
        try_to(whole[..length].to_vec(), &limits);
    }
    let mut chance = Chance::new();
    for _ in 0..500 {
        try_to(chance.mutant(&whole), &limits);
    }
}
