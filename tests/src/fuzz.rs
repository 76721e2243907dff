//! What a fuzzer feeds bytes to: every reader, and what must hold of whatever it accepts.
//!
//! The formats come from the tables of `lrp-io`, so a new one is fuzzed without a word here. A target must
//! not panic, whatever the bytes; if it reads them, writing and reading again must give the same.

use std::path::PathBuf;

use lrp::io::caffe::{Config, ImageInput, MeanFormat, parse_list, read_mean};
use lrp::io::{
    ARRAY_FORMATS, ArrayFormat, Caffe, Limits, MODEL_FORMATS, ModelFormat, Sidecar, Source, WriteModel,
    read_arrays_bytes, read_notes, write_arrays,
};
use lrp::rules::{Composite, Rule};
use lrp::train::Architecture;
use ndarray::{Array3, ArrayD};

use crate::workspace;

/// Reads bytes, and panics if what must hold does not.
type Run = Box<dyn Fn(&[u8])>;

/// A reader under its name, such as `model-txt` or `array-npy`.
pub struct Target {
    /// The name on the command line and of the folders with seeds and regressions.
    pub name: String,
    run: Run,
    /// Small sound inputs to start from.
    pub seeds: Vec<Vec<u8>>,
}

impl Target {
    fn new(name: impl Into<String>, seeds: Vec<Vec<u8>>, run: impl Fn(&[u8]) + 'static) -> Self {
        Self { name: name.into(), run: Box::new(run), seeds }
    }

    /// Reads the bytes; panics if the reader breaks a promise.
    pub fn run(&self, bytes: &[u8]) {
        (self.run)(bytes);
    }
}

/// Every reader there is.
#[must_use]
pub fn targets() -> Vec<Target> {
    let models = MODEL_FORMATS.iter().map(model);
    let arrays = ARRAY_FORMATS.iter().map(array);
    let others = [objects(), sidecar(), composite(), architecture(), rule()];
    models.chain(arrays).chain(others).chain(caffe()).chain(caffe_halves()).collect()
}

fn model(format: &'static ModelFormat) -> Target {
    let name = format!("model-{}", format.extensions[0]);
    Target::new(name, model_seeds(format), |bytes| read_and_write(format, bytes))
}

fn read_and_write(format: &ModelFormat, bytes: &[u8]) {
    let read = |bytes: &[u8]| (format.read)(&bytes.into(), &limits()).map(|model| model.network);
    let Ok(network) = read(bytes) else { return };
    let Some(write) = format.write else { return };
    let sample = (format.sample)(&bytes.into(), &limits());
    // What a file means may be more than the format can say: Matlab's flatten order in a text.
    let Ok(written) = write(&network, sample.as_deref()) else { return };
    let again = read(&written).expect("what was written is read");
    // In a graph of operators one layer may become several, and these several layers.
    if !format.exported {
        assert_eq!(write(&again, sample.as_deref()).expect("written once already"), written);
    }
}

/// The file within a MATLAB file that holds class instances. MATLAB compresses it, out of a fuzzer's reach;
/// here it lies open, and what stands around it fits it.
fn objects() -> Target {
    // In front of its bytes: a tag, the flags, the dimensions, no name, and the tag of the bytes.
    const FRONT: usize = 8 + 16 + 16 + 8 + 8;
    let file = workspace("crates/lrp-io/tests/fixtures/instances_plain.mat");
    let file = std::fs::read(file).expect("a file with instances");
    let place = file[116..120].try_into().map(u32::from_le_bytes).expect("four bytes") as usize;
    let (front, inside) = file.split_at(place + FRONT);
    let front = front.to_vec();
    let format = MODEL_FORMATS.iter().find(|format| format.extensions.contains(&"mat"));
    let format = format.expect("models are read from .mat");
    Target::new("model-mcos", vec![inside.to_vec()], move |bytes| {
        // Tags of up to four bytes look otherwise, and are not what is tried here.
        let bytes = [bytes, &[0; 8]].concat();
        let padded = bytes.len().next_multiple_of(8);
        let mut file = front.clone();
        for (at, count) in [(4, padded + FRONT - 8), (36, bytes.len()), (52, bytes.len())] {
            file[place + at..place + at + 4].copy_from_slice(&(count as u32).to_le_bytes());
        }
        file.extend(&bytes);
        file.resize(front.len() + padded, 0);
        read_and_write(format, &file);
    })
}

/// Arrays that a few bytes may ask for stay small enough for the memory that a fuzzer has.
fn limits() -> Limits {
    Limits { array_elements: 1 << 24, ..Limits::default() }
}

/// Every layer that toolbox formats hold, as the format writes it, if it does.
fn model_seeds(format: &ModelFormat) -> Vec<Vec<u8>> {
    let text = "Convolution 1 2 1 2 1 1\n0.5 -1 1e-5 4\n0 1\nRect\nSumPool 1 2 1 2\nMaxPool 2 1 1 1\nTanh\n\
                Flatten\nLinear 2 3\n1 2 3 -4 5 -0.0\n0.5 0 1\nSoftMax\n";
    let network = lrp::io::read_model_bytes("seed.txt", text.as_bytes(), &Limits::default());
    let network = network.expect("a model");
    let seed = |write: WriteModel| {
        write(&network, Some(&[2, 3, 1])).expect("every format holds the toolbox's layers")
    };
    let own = format.write.map(seed);
    own.into_iter().chain(fixtures(format.extensions)).chain(golden(format.extensions)).collect()
}

/// Models of other systems, by their reference outputs.
fn golden(extensions: &[&str]) -> Vec<Vec<u8>> {
    let cases = std::fs::read_dir(workspace("data/golden/onnx")).into_iter().flatten().flatten();
    let mut cases: Vec<PathBuf> = cases.map(|entry| entry.path()).collect();
    cases.sort();
    let models = |case: PathBuf| extensions.iter().map(move |kind| case.join(format!("model.{kind}")));
    cases.into_iter().flat_map(models).filter_map(|path| std::fs::read(path).ok()).collect()
}

/// What other programs wrote in a format, as far as the tests of `lrp-io` have it.
fn fixtures(extensions: &[&str]) -> Vec<Vec<u8>> {
    let folders = ["fixtures", "fixtures/pictures", "fixtures/caffe/models", "pickles"];
    let files = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(workspace("crates/lrp-io/tests").join(folder)).ok())
        .flatten();
    let mut paths: Vec<PathBuf> = files.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let fits = |path: &&PathBuf| {
        path.extension().is_some_and(|found| extensions.iter().any(|known| found == *known))
    };
    paths.iter().filter(fits).filter_map(|path| std::fs::read(path).ok()).collect()
}

fn array(format: &'static ArrayFormat) -> Target {
    let file = format!("fuzz.{}", format.extensions[0]);
    Target::new(format!("array-{}", format.extensions[0]), array_seeds(format), move |bytes| {
        let notes = read_notes(&file, bytes, &limits()).unwrap_or_default();
        assert!(notes.iter().all(|(keyword, _)| !keyword.contains('\0')), "keywords end at a zero");
        let Ok(arrays) = read_arrays_bytes(&file, bytes, &Limits::default()) else { return };
        for (_, array) in &arrays {
            assert!(array.values.is_standard_layout(), "rows are kept together");
        }
    })
}

fn array_seeds(format: &ArrayFormat) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(format!("seed.{}", format.extensions[0]));
    let values =
        ArrayD::from_shape_vec(vec![2, 3], vec![1.0, -0.5, 0.0, 255.0, 7.0, 1e-9]).expect("six values");
    let named = match format.holds_names {
        true => write_arrays(&path, &[("data", values.view()), ("more", values.view())]),
        false => lrp::io::write_array(&path, values.view()),
    };
    let own = named.ok().and_then(|()| std::fs::read(&path).ok());
    own.into_iter().chain(fixtures(format.extensions)).collect()
}

fn sidecar() -> Target {
    let seed = "about = \"x\"\nclasses = [\"0\", \"1\"]\n[input]\nscale = 2.0\nshape = [2, 2, 1]\npad = 1\n";
    Target::new("toml-sidecar", vec![seed.into()], |bytes| {
        let _ = std::str::from_utf8(bytes).map(|text| Sidecar::parse("fuzz.toml", text).map(|_| ()));
    })
}

/// The files around a network of Caffe, each with one of the original's to start from.
fn caffe() -> [Target; 4] {
    let folder = workspace("crates/lrp-io/tests/fixtures/caffe");
    let seeds = |names: &[&str]| {
        names.iter().map(|name| std::fs::read(folder.join(name)).expect("a fixture")).collect::<Vec<_>>()
    };
    let small_mean = b"3\n2 1\n10 11\n20 21\n30 31\n".to_vec();
    [
        Target::new("caffe-config", seeds(&["config.txt"]), |bytes| {
            let Ok(config) = Config::parse("fuzz.txt", bytes) else { return };
            assert!(config.classes > 0 && config.base_size > 0 && config.epsilon >= 0.0);
        }),
        Target::new("caffe-list", seeds(&["list.txt"]), |bytes| {
            let list = parse_list("fuzz.txt", bytes, &limits()).expect("few lines");
            assert!(list.iter().flat_map(|listed| &listed.image).all(|(path, _)| !path.is_empty()));
        }),
        Target::new("caffe-mean", [seeds(&["mean_bgr.binaryproto"]), vec![small_mean]].concat(), |bytes| {
            for format in [MeanFormat::Text, MeanFormat::BlueGreenRed, MeanFormat::RedGreenBlue] {
                let Ok(mean) = read_mean("fuzz", bytes, format, true, &limits()) else { continue };
                assert!(mean.dim().0 == 3 && mean.iter().all(|value| value.is_finite()));
            }
        }),
        Target::new(
            "caffe-image",
            seeds(&["grey40.png", "resized/colour_alpha.png", "big120x90.jpg"]),
            |bytes| {
                let input = ImageInput { side: 8, base: 12, mean: Array3::zeros((3, 8, 9)) };
                let Ok(photo) = input.prepare("fuzz", bytes, &limits()) else { return };
                assert!(photo.shown.iter().all(|value| (0.0..=65_535.0).contains(value)));
            },
        ),
    ]
}

/// The two halves of a network of Caffe, each with another half that is sound: weights that are all zero, and a layer
/// that one of the reference's networks has.
fn caffe_halves() -> [Target; 2] {
    const LAYER: &[u8] = b"input: 'x' input_shape { dim: [1, 30] } layer { name: 'ip2' type: 'InnerProduct'
        bottom: 'x' top: 'y' inner_product_param { num_output: 10 } }";
    let limits = || Limits { array_elements: 1 << 16, model_layers: 1000, ..limits() };
    [
        Target::new("caffe-description", fixtures(&["prototxt"]), move |bytes| {
            let limits = limits();
            let source = Source::from(bytes);
            let Ok(caffe) = Caffe::parse(&source, &limits) else { return };
            let Ok(filled) = caffe.filled(&|shape| ArrayD::zeros(shape)) else { return };
            let nodes = filled.network.nodes().len();
            assert!(filled.layers.iter().all(|layer| layer.nodes.end <= nodes));
        }),
        Target::new("caffe-weights", fixtures(&["caffemodel", "h5"]), move |bytes| {
            let limits = limits();
            let source = Source::from(LAYER).with_weights(bytes.to_vec());
            let caffe = Caffe::parse(&source, &limits).expect("a description");
            let _ = caffe.read().map(|read| assert_eq!(read.network.nodes().len(), 1));
        }),
    ]
}

fn composite() -> Target {
    let seed = "default = \"epsilon(0.1)\"\n[[layer]]\nkind = \"Convolution\"\nrule = \"alphabeta(2, 1)\"\n";
    Target::new("toml-composite", vec![seed.into()], |bytes| {
        let _ = std::str::from_utf8(bytes).map(|text| text.parse::<Composite>().map(|_| ()));
    })
}

fn architecture() -> Target {
    let seed = "layer = [{ kind = 'linear', units = 2 }, { kind = 'softmax' }]\n[training]\nrate = 0.1\n";
    Target::new("toml-architecture", vec![seed.into()], |bytes| {
        let Ok(Ok(architecture)) = std::str::from_utf8(bytes).map(Architecture::parse) else { return };
        let known = format!("layer = [{{ kind = 'rect' }}]\n{}", architecture.sidecar());
        assert_eq!(Architecture::parse(&known).expect("what was written is read").about, architecture.about);
    })
}

fn rule() -> Target {
    Target::new("rule", vec!["zbox(-1, 1)".into(), "0.5*alphabeta(2,1)".into()], |bytes| {
        let Ok(Ok(rule)) = std::str::from_utf8(bytes).map(str::parse::<Rule>) else { return };
        assert!(!rule.to_string().is_empty());
    })
}
