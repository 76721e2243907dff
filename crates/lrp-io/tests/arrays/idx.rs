//! IDX files of every type, and gzip around any format.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};
use lrp_io::{Dtype, ErrorKind, Limits, read_array, read_arrays_bytes, read_named_array_bytes, write_array};
use ndarray::{ArrayD, IxDyn, array};

use crate::bytes::{error_within, f64s, npy, read, refused};

/// The head and the axes of an IDX file.
pub(crate) fn idx(code: u8, axes: &[u32], payload: &[u8]) -> Vec<u8> {
    let axes: Vec<u8> = axes.iter().flat_map(|axis| axis.to_be_bytes()).collect();
    [&[0, 0, code, (axes.len() / 4) as u8], &axes[..], payload].concat()
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn every_type_is_big_endian() {
    let cases: [(u8, Dtype, Vec<u8>, [f64; 2]); 6] = [
        (0x08, Dtype::U8, vec![7, 255], [7.0, 255.0]),
        (0x09, Dtype::I8, vec![0x80, 127], [-128.0, 127.0]),
        (0x0b, Dtype::I16, vec![0x80, 0, 1, 2], [-32768.0, 258.0]),
        (0x0c, Dtype::I32, vec![0xff, 0xff, 0xff, 0xfe, 0, 1, 0, 3], [-2.0, 65539.0]),
        (0x0d, Dtype::F32, [0.1f32, -2.0].map(f32::to_be_bytes).concat(), [0.1f32.into(), -2.0]),
        (0x0e, Dtype::F64, [0.1, 5e-324].map(f64::to_be_bytes).concat(), [0.1, 5e-324]),
    ];
    for (code, dtype, payload, [one, two]) in cases {
        let array = read("train-labels-idx1-ubyte", &idx(code, &[2], &payload));
        assert_eq!((array.values, array.dtype), (array![one, two].into_dyn(), dtype));
        let matrix = read("a.idx", &idx(code, &[1, 2], &payload));
        assert_eq!(matrix.values, array![[one, two]].into_dyn());
    }
}

#[test]
fn idx_files_that_lie_are_refused() {
    let cases = [
        (idx(8, &[2], &[1]), "a.idx: byte 8: the shape [2] of uint8 takes 2 x 1 bytes, there are 1"),
        (idx(8, &[1], &[1, 2]), "a.idx: byte 8: the shape [1] of uint8 takes 1 x 1 bytes, there are 2"),
        (idx(0x0e, &[1], &[1, 2]), "a.idx: byte 8: the shape [1] of float64 takes 1 x 8 bytes, there are 2"),
        (
            b"\0\0\x08\x02\0\0\0\x01".to_vec(),
            "a.idx: byte 8: the length of an axis takes 4 bytes, 0 are left",
        ),
        (b"\0\0\x08".to_vec(), "a.idx: byte 0: the head of an IDX file takes 4 bytes, 3 are left"),
        (
            idx(0x0a, &[1], &[0; 8]),
            "a.idx: byte 0: an IDX file begins with 00 00 and a number type 08 to 0e, not 00 00 0a",
        ),
    ];
    for (bytes, line) in cases {
        refused("a.idx", &bytes, ErrorKind::Format, line);
    }
    refused(
        "a",
        &idx(8, &[1; 33], &[0]),
        ErrorKind::Limit,
        "a: byte 3: the array has 33 axes, at most 32 are allowed",
    );
    let huge = idx(8, &[u32::MAX, u32::MAX, u32::MAX], &[0; 100]);
    refused("a", &huge, ErrorKind::Format, "a: the shape [4294967295, 4294967295, 4294967295] overflows");
    let large = idx(0x0e, &[1 << 28], &[0; 100]);
    refused(
        "a",
        &large,
        ErrorKind::Limit,
        "a: the array has 268435456 elements, at most 134217728 are allowed",
    );
}

#[test]
fn idx_is_written_as_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.idx");
    write_array(&path, array![[1.0f32, -0.0]].view()).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), idx(0x0d, &[1, 2], &[0x3f, 0x80, 0, 0, 0x80, 0, 0, 0]));
    write_array(&path, ArrayD::<f64>::zeros(IxDyn(&[2, 0, 3])).view()).unwrap();
    assert_eq!(read_array(&path, &Limits::default()).unwrap().values.shape(), [2, 0, 3]);
}

#[test]
fn any_format_may_be_in_gzip() {
    let one = npy("<f8", false, "(1,)", &f64s(&[1.0]));
    for (name, bytes) in [
        ("a.npy.gz", one.clone()),
        ("a.gz", one.clone()),
        ("a-idx1-ubyte.gz", idx(8, &[1], &[1])),
        ("a.csv.gz", b"x\n1\n".to_vec()),
        ("a.txt", b"1\n".to_vec()),
    ] {
        assert_eq!(read(name, &gzip(&bytes)).values.sum(), 1.0, "{name}");
    }
    // Several members, one behind the other, are one file.
    assert_eq!(
        read("a.gz", &[gzip(b"1 2\n"), gzip(b"3 4\n")].concat()).values,
        array![[1., 2.], [3., 4.]].into_dyn()
    );
    let limits = Limits::default();
    assert_eq!(read_arrays_bytes("f/x.csv.gz", &gzip(b"1,2"), &limits).unwrap()[0].0, "x");
    assert!(read_named_array_bytes("x.csv.gz", &gzip(b"1,2"), "x", &limits).is_ok());
}

#[test]
fn damage_in_and_around_gzip_has_its_place() {
    let line = "f/x.txt.gz[x.txt]:2: 'three' is not a number";
    refused("f/x.txt.gz", &gzip(b"1 2\nthree 4\n"), ErrorKind::Format, line);
    let whole = gzip(b"1 2\n3 4\n");
    for length in 3..whole.len() {
        let error = error_within("x.gz", &whole[..length], &Limits::default());
        assert!(error.message().starts_with("the gzip file is damaged: "), "{error}");
    }
    let mut wrong = whole.clone();
    let checksum = wrong.len() - 8;
    wrong[checksum] ^= 1;
    assert!(
        error_within("x.gz", &wrong, &Limits::default()).message().starts_with("the gzip file is damaged: ")
    );
    let trailing = [&whole[..], b"more"].concat();
    assert_eq!(error_within("x.gz", &trailing, &Limits::default()).kind(), ErrorKind::Format);
    let twice = gzip(&gzip(b"1 2\n"));
    assert_eq!(error_within("x.gz.gz", &twice, &Limits::default()).kind(), ErrorKind::Unsupported);
}

#[test]
fn gzip_bombs_stop_at_the_bound() {
    let bomb = gzip(&vec![b' '; 20 << 20]);
    let line = format!(
        "x.gz: inflates to more than 16777216 bytes, no more are allowed from {} compressed bytes",
        bomb.len()
    );
    refused("x.gz", &bomb, ErrorKind::Limit, &line);
    let small = Limits { inflated_entry_bytes: 7, ..Limits::default() };
    assert_eq!(error_within("x.gz", &gzip(b"1 2\n3 4\n"), &small).kind(), ErrorKind::Limit);
}
