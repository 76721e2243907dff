//! Larger files that are not part of the repository; each test says so when it skips.

use lrp_io::{Dtype, ErrorKind, Limits, read_array, read_arrays};

use crate::common::shared;

#[test]
fn toolbox_images_and_labels() {
    let Some(folder) = shared("toolbox-data") else { return };
    let limits = Limits::default();
    let images = read_array(folder.join("test_images.mat"), &limits).unwrap();
    assert_eq!(images.values.shape(), [10_000, 784]);
    assert_eq!(images.dtype, Dtype::F64);
    assert_eq!(images.values.fold(0.0, |sum, value| sum + value), 264_911_535.0);

    let labels = read_array(folder.join("test_labels.npy"), &limits).unwrap();
    assert_eq!(labels.values.shape(), [10_000, 1]);
    assert_eq!(labels.values.iter().take(5).copied().collect::<Vec<_>>(), [7., 2., 1., 0., 4.]);
    assert_eq!(read_array(folder.join("test_labels.mat"), &limits).unwrap().values, labels.values);
}

#[test]
fn toolbox_models_are_not_arrays() {
    let Some(folder) = shared("toolbox-data") else { return };
    let limits = Limits::default();
    let error = read_array(folder.join("LeNet-5.mat"), &limits).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(error.message(), "is an instance of a class, only numbers are read");
    assert!(error.file().ends_with("LeNet-5.mat[model]"));
    let error = read_array(folder.join("LeNet-5.txt"), &limits).unwrap_err();
    assert_eq!(error.message(), "'Convolution' is not a number");
    assert_eq!(read_array(folder.join("LeNet-5.nn"), &limits).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn mnist_as_it_is_published() {
    let Some(folder) = shared("data/mnist") else { return };
    let limits = Limits::default();
    let images = read_array(folder.join("t10k-images-idx3-ubyte.gz"), &limits).unwrap();
    assert_eq!((images.values.shape(), images.dtype), (&[10_000, 28, 28][..], Dtype::U8));
    assert_eq!(images.values.sum(), 264_923_200.0);
    let labels = read_array(folder.join("t10k-labels-idx1-ubyte.gz"), &limits).unwrap();
    assert_eq!(labels.values.iter().take(5).copied().collect::<Vec<_>>(), [7., 2., 1., 0., 4.]);
}

#[test]
fn digits() {
    let Some(folder) = shared("data/digits") else { return };
    let digits = read_array(folder.join("digits.npy"), &Limits::default()).unwrap();
    assert_eq!((digits.values.shape(), digits.dtype), (&[100, 784][..], Dtype::U8));
}

#[test]
fn all_reference_archives() {
    let Some(folder) = shared("reference") else { return };
    let mut folders = vec![folder];
    let mut count = 0;
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "npz") {
                let arrays = read_arrays(&path, &Limits::default()).unwrap();
                assert!(!arrays.is_empty(), "{path:?}");
                count += 1;
            }
        }
    }
    assert!(count > 20, "{count} archives");
}
