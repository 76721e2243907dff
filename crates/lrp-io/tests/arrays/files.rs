//! Files on disk: detection, bounds, and writing whole or not at all.

use std::io::Write;

use lrp_io::{ErrorKind, Limits, read_array, read_array_bytes, read_file, write_arrays, write_atomically};
use ndarray::arr1;

use crate::bytes::{element, f64s, mat, matrix, npy, read, refused};

#[test]
fn content_counts_before_the_extension() {
    let one = npy("<f8", false, "(1,)", &f64s(&[1.0]));
    let matlab = mat(&[matrix(6, &[1, 1], "x", &element(9, &f64s(&[1.0])))]);
    for name in ["a.txt", "a.mat", "a", "a.npz", "folder.d/a"] {
        assert_eq!(read(name, &one).values[0], 1.0, "{name}");
        assert_eq!(read(name, &matlab).values[[0, 0]], 1.0, "{name}");
        assert_eq!(read(name, b"# one\n1\n").values[[0, 0]], 1.0, "{name}");
    }
    refused("A.TXT", b"Linear 2 2\n", ErrorKind::Format, "A.TXT:1: 'Linear' is not a number");
    refused(
        "model.onnx",
        b"\x08\x07\x12",
        ErrorKind::Unsupported,
        "model.onnx: neither content nor extension is of an array format (.npy, .npz, .mat, .idx, .png, .jpg, .jpeg, .txt, .csv)",
    );
}

#[test]
fn only_regular_files_within_the_limit_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.bin");
    std::fs::write(&path, [0; 100]).unwrap();
    assert_eq!(read_file(&path, &Limits::default()).unwrap().len(), 100);

    let short = Limits { file_bytes: 99, ..Limits::default() };
    let error = read_file(&path, &short).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("{}: the file has 100 bytes, at most 99 are allowed", path.display())
    );
    assert_eq!(error.kind(), ErrorKind::Limit);

    let error = read_file(folder.path(), &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: is a directory, not a file", folder.path().display()));
    let error = read_array(folder.path().join("none.npy"), &Limits::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Open);
    assert!(error.message().starts_with("cannot read: "), "{error}");
}

#[cfg(unix)]
#[test]
fn devices_are_neither_read_nor_replaced() {
    let error = read_file("/dev/zero", &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "/dev/zero: is not a regular file");
    let error = write_atomically("/dev/null", |file| file.write_all(b"x")).unwrap_err();
    assert_eq!(error.to_string(), "/dev/null: cannot write: something that is not a regular file is there");
}

#[test]
fn a_failed_write_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.txt");
    write_atomically(&path, |file| file.write_all(b"old")).unwrap();
    let error = write_atomically(&path, |file| {
        file.write_all(&[b'x'; 100_000])?;
        Err::<(), _>(std::io::Error::other("Power went"))
    });
    assert_eq!(error.unwrap_err().to_string(), format!("{}: cannot write: power went", path.display()));
    assert_eq!(std::fs::read(&path).unwrap(), b"old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);

    let error = write_atomically(folder.path().join("no/a.txt"), |_| Ok(())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Write);
}

#[cfg(unix)]
#[test]
fn permissions_are_those_of_ordinary_files_or_of_the_old_file() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let [ordinary, ours] = ["ordinary", "ours"].map(|name| folder.path().join(name));
    let mode = |path| std::fs::metadata(path).unwrap().permissions().mode();
    std::fs::write(&ordinary, "").unwrap();
    write_atomically(&ours, |_| Ok(())).unwrap();
    assert_eq!(mode(&ours), mode(&ordinary));

    std::fs::set_permissions(&ours, PermissionsExt::from_mode(0o640)).unwrap();
    write_atomically(&ours, |file| file.write_all(b"new")).unwrap();
    assert_eq!(mode(&ours) & 0o777, 0o640);

    std::fs::set_permissions(&ours, PermissionsExt::from_mode(0o440)).unwrap();
    let error = write_atomically(&ours, |_| Ok(())).unwrap_err();
    assert!(error.message().ends_with("the file there is read only"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_keeps_pointing() {
    let folder = tempfile::tempdir().unwrap();
    let [link, file] = ["link", "file"].map(|name| folder.path().join(name));
    std::fs::write(&file, "old").unwrap();
    std::os::unix::fs::symlink("file", &link).unwrap();
    write_atomically(&link, |file| file.write_all(b"new")).unwrap();
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(std::fs::read(&file).unwrap(), b"new");
}

#[test]
fn writers_refuse_what_their_format_has_no_place_for() {
    let folder = tempfile::tempdir().unwrap();
    let values = arr1(&[1.0, 2.0]);
    let view = || values.view().into_dyn();
    let refusals = [
        (
            "a.mat",
            vec![("x", view()), ("end", view())],
            "cannot write: 'end' is no name in MATLAB: a letter, then at most 62 letters, digits and underscores, \
             and no keyword",
        ),
        ("a.npy", vec![("x", view())], "the format npy does not hold names; use .npz"),
        (
            "a.bmp",
            vec![("x", view())],
            "the extension names no array format, allowed are .npy, .npz, .mat, .idx, .txt, .csv",
        ),
        (
            "a",
            vec![("x", view())],
            "the extension names no array format, allowed are .npy, .npz, .mat, .idx, .txt, .csv",
        ),
        ("a.npz", vec![("x", view()), ("x", view())], "two arrays are named 'x'"),
        ("a.npz", vec![("", view())], "the array name '' is empty, too long or not text"),
        ("a.npz", vec![("a\nb", view())], "the array name 'a\\nb' is empty, too long or not text"),
    ];
    for (name, arrays, message) in refusals {
        let path = folder.path().join(name);
        let error = write_arrays(&path, &arrays).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {message}", path.display()));
        assert_eq!(error.kind(), ErrorKind::Write);
        assert!(!path.exists());
    }
}

#[test]
fn errors_are_one_line_whatever_the_file_is_called() {
    let error = read_array_bytes("two\nlines.npy", b"", &Limits::default()).unwrap_err();
    assert_eq!(error.to_string(), "two\\nlines.npy: byte 0: the npy signature takes 6 bytes, 0 are left");
    assert_eq!(error.file(), "two\nlines.npy");
    assert_eq!(error.position(), Some(lrp_io::Position::Byte(0)));
}
