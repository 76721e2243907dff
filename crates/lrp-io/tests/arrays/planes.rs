//! Planes of relevance as text, as the programs of LRP for Caffe print them.

use std::fs;

use lrp_io::{ErrorKind, Limits, read_array, six_digits, write_planes};
use ndarray::{Array3, Axis, array};

use crate::bytes::{error_within, read, refused};
use crate::common::shared;

#[test]
fn six_digits_are_those_of_c() {
    let table = [
        (0.00199331, "0.00199331"),
        (-0.000122178, "-0.000122178"),
        (9.92756e-06, "9.92756e-06"),
        (1e6, "1e+06"),
        (0.0, "0"),
        (-0.0, "-0"),
        (123457.0, "123457"),
        (123456.5, "123456"),
        (123457.5, "123458"),
        (1234565.0, "1.23456e+06"),
        (1.2e-5, "1.2e-05"),
        (0.0001, "0.0001"),
        (0.00009999996, "0.0001"),
        (999999.5, "1e+06"),
        (999999.4, "999999"),
        (100000.0, "100000"),
        (0.5, "0.5"),
        (-1.0 / 3.0, "-0.333333"),
        (2.0 / 3.0, "0.666667"),
        (f64::MAX, "1.79769e+308"),
        (5e-324, "4.94066e-324"),
        (1e100, "1e+100"),
        (f64::from(0.1_f32), "0.1"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (f64::NAN.copysign(1.0), "nan"),
        (f64::NAN.copysign(-1.0), "-nan"),
    ];
    for (value, expected) in table {
        assert_eq!(six_digits(value), expected, "{value:e}");
    }
}

#[test]
fn planes_are_read_as_channels() {
    let expected = array![[[[1.0, -3.0], [2.0, 4e-5]]]].into_dyn();
    let same = [
        "2\n1 2\n1 2 \n-3 4e-05 \n",
        "# relevance\n\n 2 \r\n1\t2\r\n1 2\r\n\r\n-3 .00004",
        "\u{feff}2\n1 2\n1 2\n-3 4e-5\n",
    ];
    for text in same {
        assert_eq!(read("a.txt", text.as_bytes()).values, expected, "{text:?}");
    }
}

#[test]
fn matrices_that_look_a_little_like_planes_stay_matrices() {
    let rows: [(&[u8], [usize; 2]); 4] =
        [(b"3\n3\n3\n", [3, 1]), (b"1 1\n1 2\n", [2, 2]), (b"2 1\n", [1, 2]), (b"3\n", [1, 1])];
    for (text, shape) in rows {
        assert_eq!(read("a.txt", text).values.shape(), shape);
    }
    for text in [&b"1.5\n1 2\n1 2\n"[..], b"-1\n1 2\n1 2\n", b"0\n1 2\n", b"1\n1 0\n", b"1\n1 2.0\n1 2\n"] {
        refused("a.txt", text, ErrorKind::Format, "a.txt:2: 2 numbers, line 1 has 1");
    }
    refused("a.txt", b"1\n1 2 3\n", ErrorKind::Format, "a.txt:2: 3 numbers, line 1 has 1");
}

#[test]
fn planes_must_be_what_is_announced() {
    let rows: [(&[u8], &str); 6] = [
        (b"3\n1 2\n1 2\n3 4\n", "a.txt: 3 planes of 1 rows and 2 columns are announced, 2 rows of 2 follow"),
        (b"1\n1 2\n1 2\n3 4\n", "a.txt: 1 planes of 1 rows and 2 columns are announced, 2 rows of 2 follow"),
        (b"1\n1 2\n1 2 3\n", "a.txt: 1 planes of 1 rows and 2 columns are announced, 1 rows of 3 follow"),
        (b"1\n1 2\n", "a.txt: 1 planes of 1 rows and 2 columns are announced, 0 rows of 0 follow"),
        (b"1\n2 2\n1 2\n3\n", "a.txt:4: 1 numbers, line 3 has 2"),
        (b"1\n2 2\n\n1 2\n3 four\n", "a.txt:5: 'four' is not a number"),
    ];
    for (text, line) in rows {
        refused("a.txt", text, ErrorKind::Format, line);
    }
    refused(
        "a.txt",
        b"9\n18446744073709551615 2\n",
        ErrorKind::Format,
        "a.txt: the shape [9, 18446744073709551615, 2] overflows",
    );
    let few = Limits { array_elements: 3, ..Limits::default() };
    let line = error_within("a.txt", b"1\n2 2\n1 2\n3 4\n", &few).to_string();
    assert_eq!(line, "a.txt: the array has 4 elements, at most 3 are allowed");
}

#[test]
fn planes_are_written_as_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let planes = array![[[0.25_f32, -1e-7], [1e6, 3.0]], [[0.0, 1.0], [f32::INFINITY, -0.5]]];
    write_planes(&path, planes.view()).unwrap();
    let text = "2\n2 2\n0.25 -1e-07 \n1e+06 3 \n0 1 \ninf -0.5 \n";
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    let back = read_array(&path, &Limits::default()).unwrap().values;
    assert_eq!(
        back.index_axis(Axis(3), 1),
        planes.index_axis(Axis(0), 1).mapv(f64::from).insert_axis(Axis(0)).into_dyn()
    );

    let nothing = folder.path().join("b.txt");
    let error = write_planes(&nothing, Array3::<f64>::zeros((3, 0, 2)).view()).unwrap_err();
    assert_eq!(error.message(), "cannot write: text cannot hold planes without elements; use .npy");
    assert!(!nothing.exists());
}

#[test]
fn relevance_printed_for_caffe_comes_out_byte_for_byte() {
    let Some(reference) = shared("reference/caffe/text") else { return };
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.txt");
    let mut count = 0;
    for entry in fs::read_dir(reference).unwrap() {
        let path = entry.unwrap().path();
        if path.display().to_string().ends_with("_rawhm.txt") {
            let pixels = read_array(&path, &Limits::default()).unwrap().values;
            let planes = pixels.into_dimensionality::<ndarray::Ix4>().unwrap();
            write_planes(&copy, planes.index_axis(Axis(0), 0).permuted_axes([2, 0, 1])).unwrap();
            assert!(fs::read(&copy).unwrap() == fs::read(&path).unwrap(), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 0);
}
