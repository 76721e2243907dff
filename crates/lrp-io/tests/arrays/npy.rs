//! npy headers and payloads of every type, order and dialect.

use lrp_io::{Dtype, ErrorKind, Limits};
use ndarray::{ArrayD, IxDyn, array};

use crate::bytes::{error, error_within, npy, npy_with, read, refused};

/// Code and type, two values in little-endian bytes, and the values as f64.
type Numbers = (&'static str, Dtype, [Vec<u8>; 2], [f64; 2]);

fn numbers() -> Vec<Numbers> {
    fn bytes<const N: usize>(pair: [[u8; N]; 2]) -> [Vec<u8>; 2] {
        pair.map(Vec::from)
    }
    vec![
        ("b1", Dtype::Bool, bytes([[0], [1]]), [0., 1.]),
        ("i1", Dtype::I8, bytes([-128i8, 127].map(i8::to_le_bytes)), [-128., 127.]),
        ("i2", Dtype::I16, bytes([-32768i16, 258].map(i16::to_le_bytes)), [-32768., 258.]),
        ("i4", Dtype::I32, bytes([i32::MIN, 65539].map(i32::to_le_bytes)), [-2147483648., 65539.]),
        (
            "i8",
            Dtype::I64,
            bytes([i64::MIN, 1 << 53].map(i64::to_le_bytes)),
            [-9223372036854775808., 9007199254740992.],
        ),
        ("u1", Dtype::U8, bytes([[7], [255]]), [7., 255.]),
        ("u2", Dtype::U16, bytes([1u16, 65535].map(u16::to_le_bytes)), [1., 65535.]),
        ("u4", Dtype::U32, bytes([1, u32::MAX].map(u32::to_le_bytes)), [1., 4294967295.]),
        ("u8", Dtype::U64, bytes([3, 1u64 << 63].map(u64::to_le_bytes)), [3., 9223372036854775808.]),
        ("f2", Dtype::F16, bytes([0x3e00u16, 0x8001].map(u16::to_le_bytes)), [1.5, -5.960464477539063e-8]),
        (
            "f4",
            Dtype::F32,
            bytes([0.1f32, -1e-40].map(f32::to_le_bytes)),
            [0.1f32.into(), (-1e-40f32).into()],
        ),
        ("f8", Dtype::F64, bytes([0.1, 5e-324].map(f64::to_le_bytes)), [0.1, 5e-324]),
    ]
}

#[test]
fn every_type_in_both_byte_orders_and_both_memory_orders() {
    for (code, dtype, [first, second], [one, two]) in numbers() {
        for order in ['<', '>', '|'] {
            if order == '|' && dtype.size() > 1 {
                continue;
            }
            let swap = |bytes: &Vec<u8>| {
                if order == '>' { bytes.iter().rev().copied().collect() } else { bytes.clone() }
            };
            // first row: first second second; second row: first first second
            let (f, s) = (swap(&first), swap(&second));
            let rows = [&f, &s, &s, &f, &f, &s].map(|bytes| &bytes[..]).concat();
            let columns = [&f, &f, &s, &f, &s, &s].map(|bytes| &bytes[..]).concat();
            let expected = array![[one, two, two], [one, one, two]].into_dyn();
            for (fortran, payload) in [(false, rows), (true, columns)] {
                let descr = format!("{order}{code}");
                let array = read("a.npy", &npy(&descr, fortran, "(2, 3)", &payload));
                assert_eq!(array.values, expected, "{descr} fortran {fortran}");
                assert_eq!(array.dtype, dtype);
                assert!(array.values.is_standard_layout());
            }
        }
    }
}

#[test]
fn half_precision_takes_all_65536_values_to_the_nearest_definition() {
    let payload: Vec<u8> = (0..=u16::MAX).flat_map(u16::to_le_bytes).collect();
    let values = read("a.npy", &npy("<f2", false, "(65536,)", &payload)).values;
    let known = [
        (0x0000, 0.0),
        (0x8000, -0.0),
        (0x0001, 2f64.powi(-24)),
        (0x03ff, 1023. * 2f64.powi(-24)),
        (0x0400, 2f64.powi(-14)),
        (0x3c00, 1.0),
        (0x3555, 0.333251953125),
        (0xc000, -2.0),
        (0x7bff, 65504.0),
        (0x7c00, f64::INFINITY),
        (0xfc00, f64::NEG_INFINITY),
    ];
    for (bits, value) in known {
        assert_eq!(values[bits].to_bits(), f64::to_bits(value), "{bits:#06x}");
    }
    for (bits, value) in values.iter().enumerate() {
        assert_eq!(value.is_nan(), bits & 0x7c00 == 0x7c00 && bits & 0x3ff != 0, "{bits:#06x}");
    }
    assert!((1..0x7c00).all(|bits| values[bits] > values[bits - 1]));
}

#[test]
fn headers_as_people_have_written_them() {
    let payload = [1, 2];
    let same = [
        "{'descr': '|u1', 'fortran_order': False, 'shape': (2L, 1L), }     \n",
        "{'descr':'|u1','fortran_order':False,'shape':(2,1)}",
        "{\"shape\": (2, 1,), \"descr\": \"<u1\", \"fortran_order\": False}\n",
        " { 'fortran_order' : False , 'descr' : '>u1' ,\n 'shape' : ( 2 , 1 ) , } ",
    ];
    for header in same {
        assert_eq!(
            read("a.npy", &npy_with(header, &payload)).values,
            array![[1.0], [2.0]].into_dyn(),
            "{header}"
        );
    }
}

#[test]
fn versions_2_and_3_have_a_longer_length() {
    let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (), }";
    for version in [2, 3] {
        let length = (header.len() as u32).to_le_bytes();
        let bytes =
            [b"\x93NUMPY", &[version, 0][..], &length, header.as_bytes(), &2.5f64.to_le_bytes()].concat();
        assert_eq!(read("a.npy", &bytes).values, ndarray::arr0(2.5).into_dyn());
    }
}

#[test]
fn shapes_without_elements() {
    for (shape, axes) in [("(0,)", vec![0]), ("(3, 0, 2)", vec![3, 0, 2])] {
        assert_eq!(read("a.npy", &npy("<f4", false, shape, &[])).values, ArrayD::<f64>::zeros(IxDyn(&axes)));
    }
}

#[test]
fn integers_beyond_f64_are_named() {
    let payload = [1i64, (1 << 53) + 1].map(i64::to_le_bytes).concat();
    refused(
        "a.npy",
        &npy("<i8", false, "(2,)", &payload),
        ErrorKind::Inexact,
        "a.npy: byte 68: element 1 is 9007199254740993, which f64 cannot hold exactly",
    );
    for value in [u64::MAX, (1 << 63) + 1] {
        let error = error("a.npy", &npy(">u8", false, "(1,)", &value.to_be_bytes()));
        assert_eq!(error.kind(), ErrorKind::Inexact);
    }
}

#[test]
fn types_that_are_not_numbers_are_refused_by_name() {
    let rows = [
        (
            "'|O'",
            "the array '|O' holds Python objects; save the numbers alone, numpy.save(path, array.astype(float))",
        ),
        (
            "'<c16'",
            "the array '<c16' holds complex numbers; save the real and the imaginary part on their own",
        ),
        ("'<U3'", "the array '<U3' holds strings"),
        ("'|S3'", "the array '|S3' holds byte strings"),
        ("'<M8[ns]'", "the array '<M8[ns]' holds dates"),
        ("'<f16'", "the array '<f16' holds floats wider than 64 bits"),
        ("[('a', '<f8'), ('b', '<i4')]", "a structured array; save each field on its own"),
    ];
    for (descr, message) in rows {
        let header = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (1,), }}");
        refused(
            "a.npy",
            &npy_with(&header, &[0; 16]),
            ErrorKind::Unsupported,
            &format!("a.npy: byte 20: {message}"),
        );
    }
}

#[test]
fn wrong_headers_are_refused_with_the_place() {
    let rows = [
        (
            "{'descr': '<f8', 'shape': (1,), }",
            "byte 43: npy header: one of the keys descr, fortran_order and shape is missing",
        ),
        ("{'descr': '<f8', 'descr': '<f8', }", "byte 27: npy header: key 'descr' comes twice"),
        ("{'descr': '<f8', 'evil': '__import__(1)', }", "byte 27: npy header: unknown key 'evil'"),
        (
            "{'descr': '<f8', 'fortran_order': 0, 'shape': (1,), }",
            "byte 44: npy header: '0' instead of True or False",
        ),
        ("{'descr': '<q9', 'fortran_order': False, 'shape': (1,), }", "byte 20: unknown number type '<q9'"),
        ("{'descr': '=f8', 'fortran_order': False, 'shape': (1,), }", "byte 20: unknown number type '=f8'"),
        ("{'descr': '', 'fortran_order': False, 'shape': (1,), }", "byte 20: unknown number type ''"),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }",
            "byte 61: npy header: '-1' is not the length of an axis",
        ),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1.0,), }",
            "byte 61: npy header: '1.0' is not the length of an axis",
        ),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (L,), }",
            "byte 61: npy header: 'L' is not the length of an axis",
        ),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }",
            "byte 61: npy header: '99999999999999999999' is not the length of an axis",
        ),
        ("{'descr': '<f8', 'fortran_order': False, 'shape': 3, }", "byte 60: npy header: '(' is missing"),
        (
            "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), } import os",
            "byte 70: npy header: text after the closing brace",
        ),
        ("{'descr': '<f8", "byte 24: the closing quote of the header's string takes 1 bytes, 0 are left"),
        ("[[[[[[[[[[", "byte 10: npy header: '{' is missing"),
    ];
    for (header, line) in rows {
        let line = format!("a.npy: {line}");
        let kind = error("a.npy", &npy_with(header, &[0; 8])).kind();
        refused("a.npy", &npy_with(header, &[0; 8]), kind, &line);
        assert_eq!(kind, ErrorKind::Format, "{header}");
    }
}

#[test]
fn shapes_that_do_not_match_the_bytes() {
    for payload in [&[0; 15][..], &[0; 17], &[]] {
        let line = format!(
            "a.npy: byte 68: the shape [2] of float64 takes 2 x 8 bytes, there are {}",
            payload.len()
        );
        refused("a.npy", &npy("<f8", false, "(2,)", payload), ErrorKind::Format, &line);
    }
}

#[test]
fn nothing_is_allocated_for_what_a_header_only_claims() {
    let limit = [
        "(1099511627776,)",       // 8 TB
        "(1152921504606846976,)", // 2^60
        "(16777216, 16777216)",
        "(0, 134217729)", // no elements, but one axis beyond the limit
        "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)", // 33 axes
    ];
    for shape in limit {
        assert_eq!(error("a.npy", &npy("<f8", false, shape, &[0; 8])).kind(), ErrorKind::Limit, "{shape}");
    }
    let overflow =
        ["(4294967296, 4294967296, 4294967296)", "(9223372036854775807, 3)", "(0, 9223372036854775807, 3)"];
    for shape in overflow {
        let error = error("a.npy", &npy("<f8", false, shape, &[]));
        assert_eq!(error.kind(), ErrorKind::Format, "{shape}");
        assert!(error.message().ends_with("overflows"), "{error}");
    }
    let claims = [b"\x93NUMPY\x02\x00\xff\xff\xff\xff", &[b' '; 100][..]].concat();
    refused(
        "a.npy",
        &claims,
        ErrorKind::Limit,
        "a.npy: byte 8: the header has 4294967295 bytes, at most 65536 are allowed",
    );
}

#[test]
fn limits_are_the_callers() {
    let bytes = npy("<f8", false, "(2,)", &[0; 16]);
    let few = Limits { array_elements: 1, ..Limits::default() };
    let short = Limits { file_bytes: 10, ..Limits::default() };
    assert_eq!(
        error_within("a.npy", &bytes, &few).to_string(),
        "a.npy: byte 60: the array has 2 elements, at most 1 are allowed"
    );
    assert_eq!(
        error_within("a.npy", &bytes, &short).to_string(),
        "a.npy: the file has 84 bytes, at most 10 are allowed"
    );
}
