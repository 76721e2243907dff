//! The toolbox's own LeNet-5, where its files are at hand; each test says so when it skips.

use lrp_core::{Flatten, Network, Op};
use lrp_io::{Limits, read_array, read_arrays, read_model, write_model};
use ndarray::ArrayD;

use crate::common::shared;

/// Filters and bias of each convolution, in order.
fn weights(network: &Network<f64>) -> Vec<ArrayD<f64>> {
    let convolutions = network.nodes().iter().filter_map(|node| match node.op() {
        Op::Convolution(convolution) => Some(convolution),
        _ => None,
    });
    convolutions.flat_map(|layer| [layer.filters().clone(), layer.bias().clone().into_dyn()]).collect()
}

fn bits(arrays: &[ArrayD<f64>]) -> Vec<(Vec<usize>, Vec<u64>)> {
    arrays.iter().map(|array| (array.shape().to_vec(), array.iter().map(|x| x.to_bits()).collect())).collect()
}

#[test]
fn the_toolboxs_lenet5_is_the_same_in_all_its_files() {
    let (Some(matlab), Some(text)) = (shared("toolbox-data/LeNet-5.mat"), shared("toolbox-data/LeNet-5.txt"))
    else {
        return;
    };
    let limits = Limits::default();
    let network = read_model(&matlab, &limits).unwrap();
    let kinds: Vec<String> = network.nodes().iter().map(|node| format!("{:?}", node.kind())).collect();
    assert_eq!(
        kinds.join(" "),
        "Convolution Rect SumPool Convolution Rect SumPool Convolution Rect SumPool Convolution Flatten"
    );
    assert!(matches!(network.nodes().last().unwrap().op(), Op::Flatten(Flatten::ColumnMajor)));
    let ours = bits(&weights(&network));
    assert_eq!(ours.len(), 8);
    assert_eq!(ours, bits(&weights(&read_model(&text, &limits).unwrap())));

    // Our own file of it holds the same.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("LeNet-5.mat");
    write_model(&path, &network).unwrap();
    assert_eq!(bits(&weights(&read_model(&path, &limits).unwrap())), ours);

    let Some(reference) = shared("reference/io/lenet5_weights.npz") else { return };
    let arrays = read_arrays(reference, &limits).unwrap();
    for origin in ["nn_", "txt_"] {
        let named = arrays.iter().filter(|(name, _)| name.starts_with(origin));
        let arrays: Vec<ArrayD<f64>> = named.map(|(_, array)| array.values.clone()).collect();
        assert_eq!(bits(&arrays), ours, "{origin}");
    }
}

#[test]
fn images_are_no_model() {
    let Some(images) = shared("toolbox-data/test_images.mat") else { return };
    let error = read_model(&images, &Limits::default()).unwrap_err();
    assert_eq!(error.message(), "holds the array 'data' [10000, 784], not a model");
    assert!(read_array(images, &Limits::default()).is_ok());
}
