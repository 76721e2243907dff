//! Pictures and tables made by the LRP Toolbox, matplotlib and scikit-image, compared value by value.

use std::fs::File;
use std::path::Path;

use lrp_render::{
    COLORMAPS, DigitOptions, HeatmapOptions, Outline, Picture, canny, colormap, digit, enlarge, heatmap, row,
};
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3, Axis};
use ndarray_npy::{NpzReader, ReadableElement};

const TOLERANCE: f64 = 1e-12;

struct Golden(NpzReader<File>);

impl Golden {
    fn open(name: &str) -> Golden {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../data/golden/render").join(name);
        let file = File::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Golden(NpzReader::new(file).unwrap())
    }

    fn names(&mut self) -> Vec<String> {
        let names = self.0.names().unwrap();
        names.into_iter().map(|name| name.trim_end_matches(".npy").to_owned()).collect()
    }

    fn read<T: ReadableElement, D: ndarray::Dimension>(&mut self, name: &str) -> ndarray::Array<T, D> {
        self.0.by_name(name).or_else(|_| self.0.by_name(&format!("{name}.npy"))).unwrap()
    }
}

fn assert_close(name: &str, found: ArrayView2<f64>, expected: ArrayView2<f64>) {
    assert_eq!(found.shape(), expected.shape(), "{name}");
    for ((at, found), expected) in found.indexed_iter().zip(expected) {
        assert!((found - expected).abs() <= TOLERANCE, "{name} at {at:?}: {found}, expected {expected}");
    }
}

/// The same values, and the same bytes after truncation.
fn assert_same_picture(name: &str, found: &Picture, expected: ArrayView3<f64>) {
    for channel in 0..3 {
        let (found, expected) = (found.pixels(), expected.index_axis(Axis(2), channel));
        assert_close(name, found.index_axis(Axis(2), channel), expected);
    }
    let bytes = expected.mapv(|value| (value * 255.0) as u8);
    assert!(found.to_rgb8().as_raw().iter().eq(bytes.iter()), "{name}: bytes differ");
}

fn assert_same_map(name: &str, positions: &Array1<f64>, expected: ArrayView2<f64>) {
    let map = colormap(name).unwrap();
    let found = Array2::from_shape_fn((positions.len(), 3), |(at, channel)| map.at(positions[at])[channel]);
    assert_close(name, found.view(), expected);
}

#[test]
fn colormaps_equal_matplotlib_at_1025_positions() {
    let mut golden = Golden::open("expected.npz");
    let positions = golden.read("cmap_positions");
    let names = golden.names();
    let maps: Vec<_> = names.iter().filter_map(|name| name.strip_prefix("cmap_")).collect();
    let maps: Vec<_> = maps.into_iter().filter(|&name| name != "positions").collect();
    assert_eq!(maps.len(), 14);
    for name in maps {
        let expected: Array2<f64> = golden.read(&format!("cmap_{name}"));
        assert_same_map(name, &positions, expected.view());
    }
}

#[test]
fn every_matplotlib_name_and_its_reverse_is_known() {
    let mut golden = Golden::open("lookups.npz");
    let positions = golden.read("positions");
    let names = golden.names();
    assert_eq!(names.len(), 2 * 87 + 1);
    for name in names.iter().filter(|&name| name != "positions") {
        let expected: Array2<f64> = golden.read(name);
        assert_same_map(name, &positions, expected.view());
    }
    assert!(COLORMAPS.len() >= 87 + 5);
}

#[test]
fn heatmaps_equal_the_toolbox() {
    let mut golden = Golden::open("expected.npz");
    let relevance: Array2<f64> = golden.read("relevance");
    let names = "jet hot seismic bwr gray gray-red gray-red2 black-green black-firered blue-black-yellow";
    for name in names.split(' ') {
        for scaling in [1, 3] {
            let array = format!("heatmap_{name}_scale{scaling}");
            let expected: Array3<f64> = golden.read(&array);
            let options =
                HeatmapOptions { scaling, colormap: colormap(name).unwrap(), ..HeatmapOptions::default() };
            assert_same_picture(&array, &heatmap(relevance.view(), &options).unwrap(), expected.view());
        }
    }
}

#[test]
fn digit_outline_and_saved_pair_equal_the_toolbox() {
    let mut golden = Golden::open("expected.npz");
    let relevance: Array2<f64> = golden.read("relevance");
    let image: Array2<f64> = golden.read("digit");

    let digit = digit(image.view(), &DigitOptions::default()).unwrap();
    assert_same_picture("digit", &digit, golden.read("digit_binary_scale3").view());

    let mask: Array2<bool> = golden.read("outline_mask_sigma2_scale3");
    assert_eq!(canny(enlarge(image.view(), 3).unwrap().view(), 2.0).unwrap(), mask);

    let options = HeatmapOptions { outline: Some(Outline::new(image.view())), ..HeatmapOptions::default() };
    let heatmap = heatmap(relevance.view(), &options).unwrap();
    assert_same_picture("outline", &heatmap, golden.read("heatmap_jet_scale3_outline_sigma2").view());

    let pair = row(&[digit, heatmap], 2).unwrap().to_rgb8();
    let expected: Array3<u8> = golden.read("saved_pair_uint8");
    assert_eq!((pair.height() as usize, pair.width() as usize, 3), expected.dim());
    assert!(pair.as_raw().iter().eq(&expected));
}

#[test]
fn edges_equal_scikit_image_on_digits_and_noise() {
    let mut golden = Golden::open("outlines.npz");
    let images: Array3<u8> = golden.read("images");
    for sigma in [1.0, 2.0, 3.5] {
        for scaling in [1, 3] {
            let masks: Array3<bool> = golden.read(&format!("sigma{sigma}_scale{scaling}"));
            for (index, (image, mask)) in images.outer_iter().zip(masks.outer_iter()).enumerate() {
                let image = enlarge(image.mapv(|byte| f64::from(byte) / 255.0).view(), scaling).unwrap();
                let found = canny(image.view(), sigma).unwrap();
                assert_eq!(found, mask, "image {index}, sigma {sigma}, scaling {scaling}");
            }
        }
    }
}
