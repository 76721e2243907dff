//! Instances of the toolbox's classes: every layer, every way to store it, every refusal.

use lrp_core::{Flatten, Kind, Network, Node, Op};
use lrp_io::{Error, ErrorKind, Limits, read_array_bytes, read_model_bytes};
use ndarray::{array, s};

use crate::bytes::{element, f64s, mat, matrix};
use crate::mcos::{Mcos, Object, cell, double, opaque, record, reference};

fn read(bytes: &[u8]) -> Network<f64> {
    read_model_bytes("m.mat", bytes, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn error(bytes: &[u8]) -> Error {
    read_model_bytes("m.mat", bytes, &Limits::default()).unwrap_err()
}

/// The message, behind `m.mat[model`.
fn refusal(bytes: &[u8]) -> String {
    error(bytes).to_string().strip_prefix("m.mat[model").expect("blames the variable").to_owned()
}

/// `Linear 2 3` with the weights 1 to 6 in rows.
pub(crate) fn dense() -> Object {
    let properties = vec![
        ("m", double(&[1, 1], &[2.0])),
        ("n", double(&[1, 1], &[3.0])),
        ("W", double(&[2, 3], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0])),
        ("B", double(&[1, 3], &[0.5, -0.0, 5e-324])),
        ("X", double(&[0, 0], &[])),
    ];
    ("Linear", properties)
}

pub(crate) fn pool(kind: &'static str) -> Object {
    (kind, vec![("pool", double(&[1, 2], &[2.0, 3.0])), ("stride", double(&[1, 2], &[1.0, 2.0]))])
}

/// Filters of 1 x 2 over one channel; MATLAB drops axes of length one at the end.
fn convolution() -> Object {
    let properties = vec![
        ("filtersize", double(&[1, 4], &[1.0, 2.0, 1.0, 1.0])),
        ("stride", double(&[1, 2], &[1.0, 1.0])),
        ("W", double(&[1, 2], &[0.25, -4.0])),
        ("B", double(&[1, 1], &[1.0])),
    ];
    ("Convolution", properties)
}

fn bare(kind: &'static str) -> Object {
    (kind, vec![("Y", double(&[0, 0], &[]))])
}

fn layers() -> Vec<Object> {
    let [rect, flatten, tanh, softmax] = ["Rect", "Flatten", "Tanh", "SoftMax"].map(bare);
    vec![convolution(), rect, pool("MaxPool"), pool("SumPool"), flatten, dense(), tanh, softmax]
}

#[test]
fn every_layer_of_the_toolbox_is_read_from_every_version() {
    for version in 2..=4 {
        for compressed in [true, false] {
            let network = read(&Mcos { version, compressed, ..Mcos::new(layers()) }.file());
            let kinds: Vec<Kind> = network.nodes().iter().map(Node::kind).collect();
            use Kind::*;
            assert_eq!(kinds, [Convolution, Rect, MaxPool, SumPool, Flatten, Linear, Tanh, SoftMax]);

            let Op::Linear(dense) = network.nodes()[5].op() else { panic!("dense") };
            assert_eq!(dense.weights(), array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
            let bias: Vec<u64> = dense.bias().iter().map(|bias| bias.to_bits()).collect();
            assert_eq!(bias, [0.5f64.to_bits(), (-0.0f64).to_bits(), 1]);

            let Op::Convolution(convolution) = network.nodes()[0].op() else { panic!("filters") };
            assert_eq!(convolution.filters().shape(), [1, 2, 1, 1]);
            assert_eq!(convolution.filters().slice(s![0, .., 0, 0]).to_vec(), [0.25, -4.0]);
            let Op::MaxPool(pool) = network.nodes()[2].op() else { panic!("a pool") };
            assert_eq!((pool.window().kernel(), pool.window().stride()), (&[2, 3][..], &[1, 2][..]));
        }
    }
}

#[test]
fn instances_written_by_another_program_are_read() {
    let files: [&[u8]; 2] =
        [include_bytes!("../fixtures/instances.mat"), include_bytes!("../fixtures/instances_plain.mat")];
    for network in files.map(read) {
        let kinds: Vec<Kind> = network.nodes().iter().map(Node::kind).collect();
        assert_eq!(kinds, [Kind::Linear, Kind::Tanh, Kind::SoftMax]);
        let Op::Linear(dense) = network.nodes()[0].op() else { panic!("dense") };
        assert_eq!(dense.weights(), array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        let bias: Vec<u64> = dense.bias().iter().map(|bias| bias.to_bits()).collect();
        assert_eq!(bias, [0.5f64.to_bits(), (-0.0f64).to_bits(), 1]);
    }
}

#[test]
fn flatten_runs_in_matlabs_order() {
    let network = read(&Mcos::new(vec![bare("Flatten")]).file());
    assert!(matches!(network.nodes()[0].op(), Op::Flatten(Flatten::ColumnMajor)));
    let image = array![[[[1.0], [2.0]], [[3.0], [4.0]]]].into_dyn();
    assert_eq!(network.forward(&image).unwrap(), array![[1.0, 3.0, 2.0, 4.0]].into_dyn());
}

#[test]
fn filters_of_several_channels_keep_their_places() {
    let filters: Vec<f64> = (0..36).map(f64::from).collect();
    let properties = vec![
        ("stride", double(&[1, 2], &[1.0, 1.0])),
        ("W", double(&[2, 3, 3, 2], &filters)),
        ("B", double(&[2, 1], &[0.0, 1.0])),
    ];
    let network = read(&Mcos::new(vec![("Convolution", properties)]).file());
    let Op::Convolution(convolution) = network.nodes()[0].op() else { panic!("filters") };
    // MATLAB's W(h, w, d, n) with the first index fastest.
    assert_eq!(convolution.filters()[[1, 2, 0, 0]], 5.0);
    assert_eq!(convolution.filters()[[1, 0, 2, 1]], 1.0 + 12.0 + 18.0);
}

#[test]
fn what_an_object_does_not_name_is_its_classes_default() {
    let stride = [("stride", double(&[1, 2], &[2.0, 2.0]))];
    let bare_pool = vec![("pool", double(&[1, 2], &[2.0, 2.0]))];
    let mut model = Mcos::new(vec![("SumPool", bare_pool)]);
    assert_eq!(refusal(&model.file()), "[layer 1[stride]]]: is missing or empty, numbers are needed");
    model.defaults = vec![("SumPool", record(&stride))];
    let network = read(&model.file());
    let Op::SumPool(pool) = network.nodes()[0].op() else { panic!("a pool") };
    assert_eq!(pool.window().stride(), [2, 2]);
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    let with = |references: &[[u32; 2]]| {
        let references = Some(references.to_vec());
        refusal(&Mcos { references, ..Mcos::new(vec![bare("Tanh"), bare("Rect")]) }.file())
    };
    // Objects: 1 the sequence, 2 Tanh, 3 Rect. Classes: 1 Tanh, 2 Rect, 3 Sequential.
    assert_eq!(with(&[[2, 1], [4, 2]]), "[layer 2]]: object 4 is not among the 3 of the file");
    assert_eq!(with(&[[0, 1]]), "[layer 1]]: object 0 is not among the 3 of the file");
    assert_eq!(with(&[[u32::MAX, 1]]), "[layer 1]]: object 4294967295 is not among the 3 of the file");
    assert_eq!(with(&[[2, 2]]), "[layer 1]]: object 2 is of class 1, its reference says 2");
    assert_eq!(with(&[[2, 1], [2, 1]]), "[layer 2]]: object 2 is used twice; a layer stands for itself only");
    // The sequence within itself: a circle.
    assert_eq!(with(&[[1, 3]]), "[layer 1]]: object 1 is used twice; a layer stands for itself only");
}

#[test]
fn sequences_within_sequences_are_refused() {
    let inner = ("Sequential", vec![("modules", cell(&[1, 0], &[]))]);
    assert_eq!(refusal(&Mcos::new(vec![inner]).file()), "[layer 1]]: is a sequence within a sequence");
}

#[test]
fn values_that_are_missing_or_shared_are_refused() {
    let out_of_range = Mcos { value_of: |index| index + 100, ..Mcos::new(vec![dense()]) };
    assert_eq!(refusal(&out_of_range.file()), "[modules]]: value 100 is not among the 6 of the file");
    let shared = Mcos { value_of: |index| index.min(1), ..Mcos::new(vec![dense()]) };
    assert_eq!(refusal(&shared.file()), "[layer 1[n]]]: value 1 belongs to two properties");
}

#[test]
fn properties_of_the_wrong_kind_are_refused() {
    let with = |name: &'static str, value: Vec<u8>| {
        let (kind, mut properties) = dense();
        properties.retain(|(known, _)| *known != name);
        properties.push((name, value));
        refusal(&Mcos::new(vec![(kind, properties)]).file())
    };
    let text = || matrix(4, &[1, 2], "", &element(16, b"no"));
    assert_eq!(with("W", text()), "[layer 1[W]]]: is a text, an array of numbers is needed");
    assert_eq!(with("W", double(&[0, 0], &[])), "[layer 1[W]]]: is missing or empty, numbers are needed");
    assert_eq!(with("m", double(&[1, 1], &[3.0])), "[layer 1[m]]]: is [3], but W is [2, 3]");
    assert_eq!(with("m", double(&[1, 1], &[1.5])), "[layer 1[m]]]: 1.5 is no size");
    assert_eq!(
        with("W", double(&[1, 2, 3], &[0.0; 6])),
        "[layer 1[W]]]: has the dimensions [1, 2, 3], at most 2 are needed"
    );
    assert_eq!(
        with("B", double(&[1, 2], &[0.0; 2])),
        "[layer 1]]: weights [2, 3] do not go with a bias of length 2"
    );
    assert!(with("W", double(&[2, 3], &[f64::NAN; 6])).contains("NaN"));
    assert!(with("lrp_var", text()).starts_with("[layer 1]]: carries the rule 'no' in lrp_var"));
}

#[test]
fn other_objects_are_named() {
    let strange = Mcos::new(vec![("Dropout", vec![])]);
    assert!(refusal(&strange.file()).starts_with("[layer 1]]: unknown layer 'Dropout'; one of Linear, "));
    let table = Mcos { class: "table", ..Mcos::new(vec![]) };
    assert_eq!(refusal(&table.file()), "]: is an instance of 'table', modules.Sequential is read");
    assert_eq!(error(&table.file()).kind(), ErrorKind::Unsupported);
    let error = read_array_bytes("m.mat", &strange.file(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "m.mat[model]: is an instance of a class, only numbers are read");
}

#[test]
fn other_versions_of_the_wrapper_are_named() {
    for version in [0, 1, 5, u32::MAX] {
        let file = Mcos { version, ..Mcos::new(vec![bare("Tanh")]) }.file();
        assert_eq!(
            refusal(&file),
            format!(
                "[subsystem]]: keeps class instances in version {version} of FileWrapper__, 2 to 4 are read"
            )
        );
    }
}

#[test]
fn a_header_without_a_place_of_objects_is_refused() {
    let sound = Mcos::new(vec![bare("Tanh")]).file();
    let with = |place: u64| {
        let mut file = sound.clone();
        file[116..124].copy_from_slice(&place.to_le_bytes());
        refusal_or_file(&file)
    };
    assert!(with(0).ends_with("the file's header names no place of its contents"));
    let nowhere = "byte 116: no variable starts at byte 129, where the contents of instances should be";
    assert!(with(129).ends_with(nowhere), "{}", with(129));
    // The variable itself is no table of objects.
    assert_eq!(with(128), "m.mat[model[subsystem]]: is an instance of a class, only numbers are read");

    let reference = element(14, &opaque("model", "modules.Sequential", &reference(1, 1)));
    let number = matrix(6, &[1, 1], "x", &element(9, &f64s(&[1.0])));
    assert!(error(&mat(&[reference, number])).to_string().ends_with("names no place of its contents"));
}

fn refusal_or_file(file: &[u8]) -> String {
    error(file).to_string()
}
