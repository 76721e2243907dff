//! What is written reads back the same, whatever the shape.

use lrp_io::{ARRAY_FORMATS, Dtype, Limits, read_array, read_arrays, write_array, write_arrays};
use ndarray::{ArrayD, IxDyn, ShapeBuilder};
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

#[test]
fn views_with_gaps_and_reversed_axes_are_written_in_their_own_order() {
    let values = ndarray::Array::from_iter((0..24).map(f64::from)).into_shape_with_order((4, 6)).unwrap();
    let view = values.slice(ndarray::s![..;-2, 1..;3]);
    let folder = tempfile::tempdir().unwrap();
    for name in ["a.npy", "a.npz", "a.mat", "a.idx", "a.txt", "a.csv"] {
        let path = folder.path().join(name);
        write_array(&path, view).unwrap();
        let expected = ndarray::array![[19.0, 22.0], [7.0, 10.0]].into_dyn();
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
