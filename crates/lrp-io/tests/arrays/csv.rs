//! Tables of spreadsheets.

use lrp_io::{Dtype, ErrorKind, Limits, read_array, write_array};
use ndarray::array;

use crate::bytes::{error_within, read, refused};

#[test]
fn separators_names_quotes_and_line_ends() {
    let expected = array![[1.0, 2.0], [-30.0, 0.25]].into_dyn();
    let same = [
        "1,2\n-30,0.25\n",
        "1;2\r\n-30;0.25",
        "1\t2\n-3e1\t.25\n",
        "label,1x1\n1,2\n-30,0.25\n",
        "\"a;b\",\"c\"\n\"1\", \"2\"\n\" -30 \",0.25\n",
        "\u{feff}x;y\n1;2\n-30;0.25\n",
        "# written by hand\n\n1,2\n\n-30,0.25\n\n",
        "#id,gr\u{fc}n\n1,2 # one\n-30,0.25\n",
    ];
    for text in same {
        let array = read("a.csv", text.as_bytes());
        assert_eq!((array.values, array.dtype), (expected.clone(), Dtype::F64), "{text:?}");
    }
    assert_eq!(read("a.csv", b"1\n2\n").values, array![[1.0], [2.0]].into_dyn());
    assert_eq!(read("a.csv", b"a\n2\n").values, array![[2.0]].into_dyn());
    assert!(read("a.csv", b"1,nan\n").values[[0, 1]].is_nan());
}

#[test]
fn the_extension_decides_between_two_kinds_of_text() {
    assert_eq!(read("a.csv", b"1,2 # three\n").values.len(), 2);
    refused("a.csv", b"1,\"2\n", ErrorKind::Format, "a.csv:1: '\\\"2' is not a number");
    // Blanks are no separators of CSV, but a table all the same.
    assert_eq!(read("a.csv", b"1 2\n3 4\n").values.shape(), [2, 2]);
    for name in ["a", "a.dat", "a.txt"] {
        assert_eq!(read(name, b"1;2\n3;4\n").values.shape(), [2, 2], "{name}");
        assert_eq!(read(name, b"1,2 # one\n").values.shape(), [1, 2], "{name}");
    }
}

#[test]
fn faults_of_tables_are_blamed_on_their_line() {
    let rows: [(&[u8], &str); 10] = [
        (b"1,2\n3\n", "a.csv:2: 1 numbers, line 1 has 2"),
        (b"a,b\n\n1,2\n3,4,5\n", "a.csv:4: 3 numbers, line 3 has 2"),
        (b"1,2\nx,3\n", "a.csv:2: 'x' is not a number"),
        (b"label,2\n1,2\n", "a.csv:1: 'label' is not a number"),
        (b"a,b\nc,d\n", "a.csv:2: 'c' is not a number"),
        (b"1,2\n3,\n", "a.csv:2: '' is not a number"),
        (b"1;2\n1,5;2\n", "a.csv:2: '1,5' is not a number"),
        (b"1;1e999\n", "a.csv:1: '1e999' is beyond the range of f64"),
        (b"a,b\n", "a.csv: holds no numbers"),
        (b"", "a.csv: holds no numbers"),
    ];
    for (text, line) in rows {
        refused("a.csv", text, ErrorKind::Format, line);
    }
    let few = Limits { array_elements: 3, ..Limits::default() };
    let error = error_within("a.csv", b"1;2\n3;4\n", &few);
    assert_eq!(error.to_string(), "a.csv:2: the array has 4 elements, at most 3 are allowed");
}

#[test]
fn writes_the_fewest_digits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.csv");
    let values = array![[0.1, -0.0, 1e300], [5e-324, f64::NAN, f64::NEG_INFINITY]];
    write_array(&path, values.view()).unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "0.1,-0.0,1e+300\n5e-324,nan,-inf\n");
    assert_eq!(read_array(&path, &Limits::default()).unwrap().values.shape(), [2, 3]);
    assert!(write_array(&path, ndarray::arr0(1.0).view()).is_err());
}
