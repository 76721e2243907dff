//! MATLAB files: classes, storages, compression, and which variable is meant.

use lrp_io::{
    Dtype, ErrorKind, Limits, read_array_bytes, read_arrays_bytes, read_named_array_bytes, write_array,
};
use ndarray::{Array, ArrayD, IxDyn, array};

use crate::bytes::{compressed, element, error, error_within, f64s, mat, matrix, read, refused, zlib};

const SCIPY: [&[u8]; 2] =
    [include_bytes!("../fixtures/mixed.mat"), include_bytes!("../fixtures/mixed_compressed.mat")];

fn named(bytes: &[u8], name: &str) -> lrp_io::Result<lrp_io::Array> {
    read_named_array_bytes("a.mat", bytes, name, &Limits::default())
}

#[test]
fn variables_written_by_scipy() {
    let counting =
        Array::from_iter((0..24).map(|i| f64::from(i) - 7.25)).into_shape_with_order((2, 3, 4)).unwrap();
    let expected: [(&str, Dtype, ArrayD<f64>); 12] = [
        ("double3", Dtype::F64, counting.into_dyn()),
        ("single", Dtype::F32, array![[1.5, -2.0]].into_dyn()),
        ("int8", Dtype::I8, array![[-128.0, 127.0]].into_dyn()),
        ("uint8", Dtype::U8, array![[0.0, 255.0]].into_dyn()),
        ("int16", Dtype::I16, array![[-32768.0, 32767.0]].into_dyn()),
        ("uint16", Dtype::U16, array![[0.0, 65535.0]].into_dyn()),
        ("int32", Dtype::I32, array![[-2147483648.0, 2147483647.0], [3.0, 4.0]].into_dyn()),
        ("uint32", Dtype::U32, array![[0.0, 4294967295.0]].into_dyn()),
        ("int64", Dtype::I64, array![[-9007199254740992.0, 9007199254740992.0]].into_dyn()),
        ("uint64", Dtype::U64, array![[0.0, 9007199254740992.0]].into_dyn()),
        ("empty", Dtype::F64, ArrayD::zeros(IxDyn(&[0, 3]))),
        ("logical", Dtype::Bool, array![[1.0, 0.0, 1.0]].into_dyn()),
    ];
    for bytes in SCIPY {
        for (name, dtype, values) in &expected {
            let array = named(bytes, name).unwrap();
            assert_eq!((&array.values, array.dtype), (values, *dtype), "{name}");
            assert!(array.values.is_standard_layout(), "{name}");
        }
    }
}

#[test]
fn variables_that_are_not_numbers_say_what_they_are() {
    let rows = [
        ("complex", ErrorKind::Unsupported, "is complex; save real(…) and imag(…) of it"),
        ("text", ErrorKind::Unsupported, "is a char array, only numbers are read"),
        ("cell", ErrorKind::Unsupported, "is a cell array, only numbers are read"),
        ("record", ErrorKind::Unsupported, "is a struct, only numbers are read"),
        ("sparse", ErrorKind::Unsupported, "is a sparse matrix (save full(…) of it), only numbers are read"),
        (
            "toolong",
            ErrorKind::Inexact,
            "byte 56: element 0 is 9007199254740993, which f64 cannot hold exactly",
        ),
    ];
    for bytes in SCIPY {
        for (name, kind, message) in rows {
            let error = named(bytes, name).unwrap_err();
            assert_eq!(error.to_string(), format!("a.mat[{name}]: {message}"));
            assert_eq!(error.kind(), kind);
        }
        assert_eq!(named(bytes, "other").unwrap_err().kind(), ErrorKind::Selection);
        // A number that is not exact is not passed over in silence, a cell array is.
        let all = read_arrays_bytes("a.mat", bytes, &Limits::default()).unwrap_err();
        assert_eq!((all.kind(), all.file()), (ErrorKind::Inexact, "a.mat[toolong]"));
    }
}

#[test]
fn which_variable_is_meant() {
    let bytes = include_bytes!("../fixtures/data_int32.mat");
    let array = read("a.mat", bytes);
    assert_eq!((array.values, array.dtype), (array![[1.0, 2.0], [3.0, 4.0]].into_dyn(), Dtype::I32));
    assert_eq!(read_arrays_bytes("a.mat", bytes, &Limits::default()).unwrap().len(), 2);

    let number = |name| matrix(6, &[1, 1], name, &element(9, &f64s(&[4.0])));
    let cell = matrix(1, &[0, 0], "data2", &[]);
    assert_eq!(read("a.mat", &mat(&[cell.clone(), number("x")])).values[[0, 0]], 4.0);
    let two = mat(&[number("x"), number("y"), cell.clone()]);
    refused("a.mat", &two, ErrorKind::Selection, "a.mat: 2 arrays, and none is named 'data': 'x', 'y'");
    refused(
        "a.mat",
        &mat(&[cell]),
        ErrorKind::Unsupported,
        "a.mat[data2]: is a cell array, only numbers are read",
    );
    refused("a.mat", &mat(&[]), ErrorKind::Selection, "a.mat: holds no arrays");
    let nameless = mat(&[number(""), number("x")]);
    assert_eq!(read("a.mat", &nameless).values[[0, 0]], 4.0);
    let twins = mat(&[number("x"), number("x")]);
    refused("a.mat", &twins, ErrorKind::Format, "a.mat: byte 200: two variables are named 'x'");
}

#[test]
fn every_class_in_every_storage() {
    let classes = [
        (6, Dtype::F64),
        (7, Dtype::F32),
        (8, Dtype::I8),
        (9, Dtype::U8),
        (10, Dtype::I16),
        (11, Dtype::U16),
        (12, Dtype::I32),
        (13, Dtype::U32),
        (14, Dtype::I64),
        (15, Dtype::U64),
    ];
    let storages: [(u32, Vec<u8>); 10] = [
        (1, vec![1, 2, 3, 4, 5, 6]),
        (2, vec![1, 2, 3, 4, 5, 6]),
        (3, (1..=6i16).flat_map(i16::to_le_bytes).collect()),
        (4, (1..=6u16).flat_map(u16::to_le_bytes).collect()),
        (5, (1..=6i32).flat_map(i32::to_le_bytes).collect()),
        (6, (1..=6u32).flat_map(u32::to_le_bytes).collect()),
        (7, (1u8..=6).map(f32::from).flat_map(f32::to_le_bytes).collect()),
        (9, (1u8..=6).map(f64::from).flat_map(f64::to_le_bytes).collect()),
        (12, (1..=6i64).flat_map(i64::to_le_bytes).collect()),
        (13, (1..=6u64).flat_map(u64::to_le_bytes).collect()),
    ];
    for (class, dtype) in classes {
        for (kind, payload) in &storages {
            let variable = matrix(class, &[2, 3], "x", &element(*kind, payload));
            for variable in [compressed(&variable), variable] {
                let array = read("a.mat", &mat(&[variable]));
                let expected = array![[1.0, 3.0, 5.0], [2.0, 4.0, 6.0]].into_dyn();
                assert_eq!((array.values, array.dtype), (expected, dtype), "class {class} stored as {kind}");
            }
        }
    }
}

/// What `matfile` takes the one variable of a file for; it knows no class but these two.
fn by_matfile(bytes: &[u8]) -> (Vec<usize>, Vec<f64>) {
    let file = matfile::MatFile::parse(bytes).unwrap();
    let array = &file.arrays()[0];
    let values = match array.data() {
        matfile::NumericData::Double { real, .. } => real.clone(),
        matfile::NumericData::Single { real, .. } => real.iter().map(|&value| value.into()).collect(),
        other => panic!("{other:?}"),
    };
    (array.size().clone(), values)
}

/// The same of ours: the last axis of the transpose is the first of the array, as in MATLAB.
fn by_us(bytes: &[u8]) -> (Vec<usize>, Vec<f64>) {
    let values = read("a.mat", bytes).values;
    (values.shape().to_vec(), values.t().iter().copied().collect())
}

#[test]
fn agrees_with_matfile_where_matfile_reads() {
    for bytes in SCIPY {
        // The int32 variable makes matfile refuse the whole file.
        assert!(matfile::MatFile::parse(bytes).is_err());
    }
    let values: Vec<f64> = (0..24).map(|i| f64::from(i) * 0.1).collect();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.mat");
    for shape in [&[24][..], &[4, 6], &[3, 1, 8], &[2, 3, 2, 2]] {
        let doubles = Array::from_shape_vec(shape, values.clone()).unwrap();
        write_array(&path, doubles.view()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(by_us(&bytes), by_matfile(&bytes), "{shape:?}");
        write_array(&path, doubles.mapv(|value| value as f32).view()).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(by_us(&bytes), by_matfile(&bytes), "{shape:?}");

        let dims: Vec<i32> = shape.iter().map(|&axis| axis as i32).chain([1]).collect();
        let packed = compressed(&matrix(6, &dims, "x", &element(9, &f64s(&values))));
        let bytes = mat(&[packed]);
        assert_eq!(by_us(&bytes), by_matfile(&bytes), "{shape:?}");
    }
}

#[test]
fn small_elements() {
    let small = |kind: u16, payload: [u8; 4], count: u16| {
        [&kind.to_le_bytes()[..], &count.to_le_bytes(), &payload].concat()
    };
    let variable = matrix(6, &[1, 3], "x", &small(2, [7, 8, 9, 0], 3));
    assert_eq!(read("a.mat", &mat(&[variable])).values, array![[7.0, 8.0, 9.0]].into_dyn());
    let too_long = matrix(6, &[1, 5], "x", &small(2, [7, 8, 9, 0], 5));
    refused(
        "a.mat",
        &mat(&[too_long]),
        ErrorKind::Format,
        "a.mat[x]: byte 56: a small element declares 5 bytes, at most 4 fit",
    );
}

#[test]
fn values_outside_their_class() {
    let rows: [(u8, &[f64], &str); 5] = [
        (8, &[1.0, 128.0], "element 1 is 128, which is not a value of int8"),
        (9, &[-1.0, 0.0], "element 0 is -1, which is not a value of uint8"),
        (12, &[0.5, 0.0], "element 0 is 0.5, which is not a value of int32"),
        (13, &[f64::NAN, 0.0], "element 0 is NaN, which is not a value of uint32"),
        (7, &[0.0, 0.1], "element 1 is 0.1, which is not a value of float32"),
    ];
    for (class, values, message) in rows {
        let bytes = mat(&[matrix(class, &[1, 2], "x", &element(9, &f64s(values)))]);
        refused("a.mat", &bytes, ErrorKind::Format, &format!("a.mat[x]: byte 56: {message}"));
    }
}

#[test]
fn dimensions_that_lie() {
    let with = |dims: &[i32]| mat(&[matrix(6, dims, "x", &element(9, &f64s(&[0.0; 6])))]);
    let rows: [(&[i32], ErrorKind, &str); 8] = [
        (
            &[2, 4],
            ErrorKind::Format,
            "[x]: byte 56: dimensions [2, 4] of float64 take 8 x 8 bytes, there are 48",
        ),
        (
            &[0, 6],
            ErrorKind::Format,
            "[x]: byte 56: dimensions [0, 6] of float64 take 0 x 8 bytes, there are 48",
        ),
        (&[-2, -3], ErrorKind::Format, "[variable 1]: byte 24: dimension -2 is negative"),
        (
            &[6],
            ErrorKind::Format,
            "[variable 1]: byte 24: the dimensions take 4 bytes, at least 2 x 4 are needed",
        ),
        (
            &[],
            ErrorKind::Format,
            "[variable 1]: byte 24: the dimensions take 0 bytes, at least 2 x 4 are needed",
        ),
        (
            &[i32::MAX; 3],
            ErrorKind::Format,
            "[variable 1]: byte 24: the shape [2147483647, 2147483647, 2147483647] overflows",
        ),
        (
            &[i32::MAX, 2],
            ErrorKind::Limit,
            "[variable 1]: byte 24: the array has 4294967294 elements, at most 134217728 are allowed",
        ),
        (&[1; 33], ErrorKind::Limit, "[variable 1]: byte 24: the array has 33 axes, at most 32 are allowed"),
    ];
    for (dims, kind, message) in rows {
        refused("a.mat", &with(dims), kind, &format!("a.mat{message}"));
    }
}

#[test]
fn files_that_are_not_level_5() {
    let good = mat(&[matrix(6, &[1, 1], "x", &element(9, &f64s(&[1.0])))]);
    let with = |at: usize, bytes: &[u8]| {
        let mut file = good.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let unsupported = [
        (
            include_bytes!("../fixtures/level4.mat").to_vec(),
            "looks like a MATLAB level 4 file; save it again in MATLAB with -v7",
        ),
        (with(124, b"\x00\x02"), "a MATLAB 7.3 file (HDF5); save it again in MATLAB with -v7"),
        (with(124, b"\x00\x03"), "byte 124: MATLAB file version 0x0300, 0x0100 is read"),
    ];
    for (bytes, message) in unsupported {
        refused("a.mat", &bytes, ErrorKind::Unsupported, &format!("a.mat: {message}"));
    }
    if !cfg!(feature = "hdf5") {
        let hdf5 = [&[b'M'; 512], &b"\x89HDF\r\n\x1a\n"[..]].concat();
        let message = "a.mat: a MATLAB 7.3 file (HDF5); save it again in MATLAB with -v7";
        refused("a.mat", &hdf5, ErrorKind::Unsupported, message);
    }
    refused(
        "a.mat",
        &with(126, b"IN"),
        ErrorKind::Format,
        "a.mat: byte 126: byte order mark 'IN', 'IM' and 'MI' are read",
    );
    refused(
        "a.mat",
        b"MATLAB",
        ErrorKind::Format,
        "a.mat: byte 0: the header of a MATLAB file takes 116 bytes, 6 are left",
    );
}

#[test]
fn broken_frames() {
    let numbers = element(9, &f64s(&[1.0]));
    let good = matrix(6, &[1, 1], "x", &numbers);
    let rows = [
        (
            element(9, &[0; 8]),
            "a.mat: byte 128: element type 9 on the top level, only variables belong there",
        ),
        (element(14, &[]), "a.mat[variable 1]: byte 8: an element tag takes 4 bytes, 0 are left"),
        (
            matrix(6, &[1, 1], &"n".repeat(64), &numbers),
            "a.mat[variable 1]: byte 40: the variable's name has 64 bytes, at most 63 are allowed",
        ),
        (
            matrix(6, &[1, 1], "a\nb", &numbers),
            "a.mat[variable 1]: byte 40: the variable's name 'a\\nb' is not text",
        ),
        (
            matrix(6, &[1, 1], "x", &element(17, &[0; 8])),
            "a.mat[x]: byte 56: element type 17 where numbers should be",
        ),
        (
            matrix(6, &[1, 1], "x", &[numbers.clone(), numbers.clone()].concat()),
            "a.mat[x]: byte 56: 16 bytes follow the numbers",
        ),
        (matrix(18, &[1, 1], "x", &numbers), "a.mat[x]: array class 18 is unknown"),
        (compressed(&compressed(&good)), "a.mat: byte 128: a compressed element within a compressed element"),
        (
            compressed(&numbers),
            "a.mat: byte 128: element type 9 in a compressed element, a matrix belongs there",
        ),
        (
            compressed(&[good.clone(), good.clone()].concat()),
            "a.mat: byte 128: the zlib stream holds more bytes than its element declares",
        ),
        (element(15, &[1, 2, 3, 4, 5, 6, 7, 8]), "a.mat: byte 128: the zlib stream is damaged"),
        (element(15, &[zlib(&good), vec![0]].concat()), "a.mat: byte 128: 1 bytes follow the zlib stream"),
    ];
    for (bytes, line) in rows {
        // Unpadded, as compressed elements are.
        let mut file = mat(std::slice::from_ref(&bytes));
        if bytes[0] == 15 {
            let count = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]) as usize;
            file.truncate(128 + 8 + count);
        }
        refused("a.mat", &file, ErrorKind::Format, line);
    }
}

#[test]
fn a_damaged_checksum_is_seen() {
    let mut variable = compressed(&matrix(6, &[1, 1], "x", &element(9, &f64s(&[1.0]))));
    *variable.last_mut().unwrap() ^= 1;
    refused("a.mat", &mat(&[variable]), ErrorKind::Format, "a.mat: byte 128: the zlib stream is damaged");
}

#[test]
fn bombs_are_refused_before_they_inflate() {
    let bomb = compressed(&matrix(6, &[1, 20 << 20], "x", &element(2, &vec![0; 20 << 20])));
    let error = error("a.mat", &mat(&[bomb]));
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().starts_with("inflates to 209715"), "{error}");

    // Declares little, holds much.
    let mut liar = matrix(6, &[1, 1], "x", &element(9, &f64s(&[0.0])));
    liar.resize(30 << 20, 0);
    refused(
        "a.mat",
        &mat(&[compressed(&liar)]),
        ErrorKind::Format,
        "a.mat: byte 128: the zlib stream holds more bytes than its element declares",
    );

    // 6000 compressed elements, each within the one before.
    let mut nested = matrix(6, &[1, 1], "x", &element(9, &f64s(&[0.0])));
    for _ in 0..6000 {
        nested = [&15u32.to_le_bytes(), &(nested.len() as u32).to_le_bytes()[..], &nested].concat();
    }
    refused("a.mat", &mat(&[nested]), ErrorKind::Format, "a.mat: byte 128: the zlib stream is damaged");

    let variables: Vec<_> = ["a", "b", "data"]
        .map(|name| compressed(&matrix(6, &[1, 1], name, &element(9, &f64s(&[0.0])))))
        .into();
    let third = 128 + variables[0].len() + variables[1].len();
    let total = Limits { inflated_total_bytes: 150, ..Limits::default() };
    assert_eq!(
        error_within("a.mat", &mat(&variables), &total).to_string(),
        format!("a.mat: byte {third}: inflates to 64 bytes, 22 are allowed of the 150 for the whole file")
    );
    let few = Limits { archive_entries: 2, ..Limits::default() };
    assert_eq!(error_within("a.mat", &mat(&variables), &few).kind(), ErrorKind::Limit);
    assert!(read_array_bytes("a.mat", &mat(&variables), &Limits::default()).is_ok());
}
