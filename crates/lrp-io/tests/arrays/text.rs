//! Tables of numbers as text.

use lrp_io::{Dtype, ErrorKind, Limits, write_array};
use ndarray::{Array3, arr0, array};

use crate::bytes::{error_within, read, refused};

#[test]
fn blanks_comments_and_blank_lines() {
    let expected = array![[1.0, 2.0], [-30.0, 0.25]].into_dyn();
    let same = [
        "1 2\n-3e1 .25\n",
        "1\t2\r\n-3E+1   0.25",
        "# heading\n\n  1 2 # first\n\n-30. 25e-2\n\n",
        "1,2\n-30, 0.25\n",
        "\u{feff}1 2\n-30 0.25\n",
        "1 2\n-30 0.25 # gr\u{fc}n\n",
    ];
    for text in same {
        let array = read("a.txt", text.as_bytes());
        assert_eq!(array.values, expected, "{text:?}");
        assert_eq!(array.dtype, Dtype::F64);
    }
}

#[test]
fn one_row_and_one_column_keep_both_axes() {
    assert_eq!(read("a.txt", b"1 2 3").values, array![[1.0, 2.0, 3.0]].into_dyn());
    assert_eq!(read("a.txt", b"1\n2\n3\n").values, array![[1.0], [2.0], [3.0]].into_dyn());
}

#[test]
fn not_a_number_and_infinity_are_numbers_when_written_out() {
    let values = read("a.txt", b"nan inf -inf NaN\n").values;
    assert!(values[[0, 0]].is_nan() && values[[0, 3]].is_nan());
    assert_eq!((values[[0, 1]], values[[0, 2]]), (f64::INFINITY, f64::NEG_INFINITY));
}

#[test]
fn faults_are_blamed_on_their_line() {
    let rows: [(&[u8], &str); 12] = [
        (b"1 2\n3\n", "a.txt:2: 1 numbers, line 1 has 2"),
        (b"# 1\n\n1 2\n\n3 4 5\n", "a.txt:5: 3 numbers, line 3 has 2"),
        (b"1 2\nx 3\n", "a.txt:2: 'x' is not a number"),
        (b"1,,2\n", "a.txt:1: '' is not a number"),
        (b"1,2,\n", "a.txt:1: '' is not a number"),
        (b"1, 2 3\n", "a.txt:1: '2 3' is not a number"),
        (b"1\n1e999\n", "a.txt:2: '1e999' is beyond the range of f64"),
        (b"1 0x10\n", "a.txt:1: '0x10' is not a number"),
        (b"1 \x00\n", "a.txt:1: '\\0' is not a number"),
        (b"1\n\xff\n", "a.txt:2: is not text in UTF-8"),
        (b"", "a.txt: holds no numbers"),
        (b"# nothing\n\n", "a.txt: holds no numbers"),
    ];
    for (text, line) in rows {
        refused("a.txt", text, ErrorKind::Format, line);
    }
}

#[test]
fn long_words_and_long_lines_are_cut_in_the_message() {
    let word = vec![b'z'; 1 << 20];
    refused(
        "a.txt",
        &word,
        ErrorKind::Format,
        "a.txt:1: 'zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz…' is not a number",
    );
    let line = "1 ".repeat(100_000);
    assert_eq!(read("a.txt", line.as_bytes()).values.shape(), [1, 100_000]);
    let few = Limits { array_elements: 1000, ..Limits::default() };
    assert_eq!(
        error_within("a.txt", line.as_bytes(), &few).to_string(),
        "a.txt:1: the array has 1001 elements, at most 1000 are allowed"
    );
}

#[test]
fn writes_what_savetxt_writes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let column =
        array![2f64.powi(-28), -1. / 3., 5e-324, f64::MAX, 0.0, -0.0, 123456.789, 2f64.powi(-27) * 3.];
    write_array(&path, column.view()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), include_str!("../fixtures/column.txt"));

    let single = array![[1f32 / 3., -1e-30], [3e38, 7.]];
    write_array(&path, single.view()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), include_str!("../fixtures/single.txt"));

    write_array(&path, array![[f64::NAN, f64::NEG_INFINITY, f64::INFINITY]].view()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "nan -inf inf\n");
}

#[test]
fn refuses_to_write_what_text_cannot_hold() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    let errors = [
        (
            write_array(&path, Array3::<f64>::zeros((1, 2, 3)).view()),
            "text holds arrays with 1 or 2 axes, this one has the shape [1, 2, 3]",
        ),
        (
            write_array(&path, arr0(1f32).view()),
            "text holds arrays with 1 or 2 axes, this one has the shape []",
        ),
        (
            write_array(&path, ndarray::Array2::<f64>::zeros((0, 3)).view()),
            "text cannot hold an array without elements; use .npy",
        ),
    ];
    for (result, message) in errors {
        let error = result.unwrap_err();
        assert_eq!(error.to_string(), format!("{}: cannot write: {message}", path.display()));
        assert_eq!(error.kind(), ErrorKind::Write);
    }
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}
