//! What is written reads back the same, whatever the shape.

use lrp_io::{
    ARRAY_FORMATS, Array, Dtype, Limits, read_array, read_arrays, read_whole_bytes, write_array,
    write_arrays, write_typed_arrays,
};
use ndarray::{ArrayD, IxDyn, ShapeBuilder, array};
use proptest::prelude::*;

/// Arrays of any bits, of up to four axes, in both memory orders.
fn arrays<T: Clone + std::fmt::Debug + 'static>(
    element: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = ArrayD<T>> {
    let shape = prop::collection::vec(0usize..5, 0..=4);
    (shape, any::<bool>()).prop_flat_map(move |(shape, fortran)| {
        let count = shape.iter().product::<usize>();
        prop::collection::vec(element.clone(), count)
            .prop_map(move |values| ArrayD::from_shape_vec(IxDyn(&shape).set_f(fortran), values).unwrap())
    })
}

fn bits(values: &ArrayD<f64>) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Formats that hold no more than a matrix.
const TEXTS: [&str; 2] = ["text", "csv"];

/// Text knows neither other numbers of axes nor arrays without elements.
fn fits(format: &str, shape: &[usize]) -> bool {
    !TEXTS.contains(&format) || (matches!(shape.len(), 1 | 2) && !shape.contains(&0))
}

fn survives<T: lrp_io::Real + Copy + Into<f64>>(values: &ArrayD<T>, dtype: Dtype) {
    let folder = tempfile::tempdir().unwrap();
    let written = ARRAY_FORMATS.iter().filter(|format| format.is_written());
    for format in written.filter(|format| fits(format.name, values.shape())) {
        let path = folder.path().join(format!("a.{}", format.extensions[0]));
        write_array(&path, values.view()).unwrap();
        let array = read_array(&path, &Limits::default()).unwrap();
        assert_eq!(bits(&array.values), bits(&values.mapv(Into::into)), "{}", format.name);
        match (format.name, values.shape()) {
            (name, shape) if TEXTS.contains(&name) => {
                assert_eq!(array.values.shape()[0], shape[0]);
                assert_eq!(array.values.ndim(), 2);
                continue;
            }
            // MATLAB knows nothing with fewer than two axes.
            ("mat", []) => assert_eq!(array.values.shape(), [1, 1]),
            ("mat", [columns]) => assert_eq!(array.values.shape(), [1, *columns]),
            (name, shape) => assert_eq!(array.values.shape(), shape, "{name}"),
        }
        assert_eq!(array.dtype, dtype, "{}", format.name);
    }
}

/// Text keeps no payload of a NaN, so there is one NaN here.
fn doubles() -> impl Strategy<Value = f64> + Clone {
    any::<u64>()
        .prop_map(|bits| Some(f64::from_bits(bits)).filter(|value| !value.is_nan()).unwrap_or(f64::NAN))
}

fn singles() -> impl Strategy<Value = f32> + Clone {
    any::<u32>()
        .prop_map(|bits| Some(f32::from_bits(bits)).filter(|value| !value.is_nan()).unwrap_or(f32::NAN))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_written_format_gives_back_the_bits_of_f64(values in arrays(doubles())) {
        survives(&values, Dtype::F64);
    }

    #[test]
    fn every_written_format_gives_back_the_bits_of_f32(values in arrays(singles())) {
        survives(&values, Dtype::F32);
    }

    #[test]
    fn archives_keep_names_and_order(
        named in prop::collection::btree_map("[a-zA-Z0-9_./ é-]{1,20}", arrays(doubles()), 1..5)
    ) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.npz");
        let views: Vec<_> = named.iter().rev().map(|(name, values)| (name.as_str(), values.view())).collect();
        write_arrays(&path, &views).unwrap();
        let back = read_arrays(&path, &Limits::default()).unwrap();
        prop_assert_eq!(back.len(), views.len());
        for ((name, array), (wanted, values)) in back.iter().zip(&views) {
            prop_assert_eq!(name, wanted);
            prop_assert_eq!(bits(&array.values), bits(&values.to_owned()));
            prop_assert_eq!(array.values.shape(), values.shape());
        }
    }
}

/// What each type holds at its ends.
const TYPES: [(Dtype, [f64; 3]); 12] = [
    (Dtype::Bool, [0.0, 1.0, 1.0]),
    (Dtype::I8, [-128.0, 127.0, -1.0]),
    (Dtype::I16, [-32_768.0, 32_767.0, -1.0]),
    (Dtype::I32, [-2_147_483_648.0, 2_147_483_647.0, -1.0]),
    (Dtype::I64, [-9_223_372_036_854_775_808.0, 9_007_199_254_740_992.0, -1.0]),
    (Dtype::U8, [0.0, 255.0, 1.0]),
    (Dtype::U16, [0.0, 65_535.0, 1.0]),
    (Dtype::U32, [0.0, 4_294_967_295.0, 1.0]),
    (Dtype::U64, [0.0, 18_446_744_073_709_549_568.0, 1.0]),
    (Dtype::F16, [65_504.0, 1.0 / 16_777_216.0, -0.0]),
    (Dtype::F32, [0.5, -0.0, f64::INFINITY]),
    (Dtype::F64, [0.1, 5e-324, -0.0]),
];

#[test]
fn what_was_read_is_written_in_its_type() {
    let folder = tempfile::tempdir().unwrap();
    for (dtype, numbers) in TYPES {
        let values = ArrayD::from_shape_vec(IxDyn(&[3, 1]).set_f(true), numbers.to_vec()).unwrap();
        let typed = Array { values, dtype };
        for format in ARRAY_FORMATS.iter().filter(|format| format.is_written()) {
            let path = folder.path().join(format!("a.{}", format.extensions[0]));
            write_typed_arrays(&path, &[("data", &typed)]).unwrap();
            let back = read_array(&path, &Limits::default()).unwrap();
            let expected = match (format.name, dtype) {
                ("text" | "csv", _) => Dtype::F64,
                (_, Dtype::F16) => Dtype::F32,
                ("idx", Dtype::Bool | Dtype::U16 | Dtype::I64 | Dtype::U32 | Dtype::U64) => Dtype::F64,
                (_, dtype) => dtype,
            };
            assert_eq!((back.dtype, bits(&back.values)), (expected, bits(&typed.values)), "{}", format.name);
            assert_eq!(back.values.shape(), [3, 1], "{}", format.name);
        }
    }
}

#[test]
fn what_is_no_value_of_its_type_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let refusals = [(Dtype::U8, "uint8", 256.0), (Dtype::Bool, "bool", 2.0), (Dtype::F32, "float32", 0.1)];
    for (dtype, name, value) in refusals {
        let path = folder.path().join("a.npz");
        let wrong = Array { values: array![1.0, value].into_dyn(), dtype };
        let line = write_typed_arrays(&path, &[("x", &wrong)]).unwrap_err().to_string();
        let expected = format!("{}[x]: element 1 is {value}, which is not a value of {name}", path.display());
        assert_eq!(line, expected);
        assert!(!path.exists());
    }
}

#[test]
fn a_whole_file_is_read_or_refused() {
    let limits = Limits::default();
    let mixed = include_bytes!("../fixtures/mixed.npz");
    let line = read_whole_bytes("mixed.npz", mixed, &limits).unwrap_err().to_string();
    assert!(line.starts_with("mixed.npz[objects]: byte 20: the array '|O' holds Python objects"), "{line}");
    let named = read_whole_bytes("a.mat", include_bytes!("../fixtures/data_int32.mat"), &limits).unwrap();
    assert!(named.len() == 2 && named.iter().all(|(name, _)| name.is_some()));
    assert!(read_whole_bytes("a.txt", b"1 2", &limits).unwrap()[0].0.is_none());
}

#[test]
fn views_with_gaps_and_reversed_axes_are_written_in_their_own_order() {
    let values = ndarray::Array::from_iter((0..24).map(f64::from)).into_shape_with_order((4, 6)).unwrap();
    let view = values.slice(ndarray::s![..;-2, 1..;3]);
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.npy", "a.npz", "a.mat", "a.idx", "a.txt", "a.csv"] {
        let path = folder.path().join(name);
        write_array(&path, view).unwrap();
        let expected = array![[19.0, 22.0], [7.0, 10.0]].into_dyn();
        assert_eq!(read_array(&path, &Limits::default()).unwrap().values, expected, "{name}");
    }
}

#[test]
fn the_same_array_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.npy", "a.npz", "a.mat", "a.idx", "a.txt", "a.csv"] {
        let path = folder.path().join(name);
        let mut files = (0..2).map(|_| {
            write_array(&path, ndarray::arr1(&[1f32, 2.0]).view()).unwrap();
            std::fs::read(&path).unwrap()
        });
        assert_eq!(files.next(), files.next(), "{name}");
    }
}
