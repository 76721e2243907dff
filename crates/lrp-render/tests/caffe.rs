//! Heatmaps written by the programs of LRP for Caffe, compared pixel by pixel.

use std::path::{Path, PathBuf};

use lrp_render::{Rgb16Image, caffe_heatmap, encode_png16};
use ndarray::{Array2, Array3, Axis, array};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

/// The mean over the channels, and the picture that was made of it.
fn pair(name: &str) -> (Array2<f64>, Rgb16Image) {
    let relevance: Array3<f32> = ndarray_npy::read_npy(fixture(&format!("caffe-{name}.npy"))).unwrap();
    let picture = image::open(fixture(&format!("caffe-{name}.png"))).unwrap().into_rgb16();
    (relevance.mapv(f64::from).mean_axis(Axis(0)).unwrap(), picture)
}

#[test]
fn wrapped_heatmaps_equal_those_of_caffes_programs() {
    for name in ["moderate", "beyond", "grey"] {
        let (mean, expected) = pair(name);
        assert_eq!(caffe_heatmap(mean.view(), true).unwrap(), expected, "{name}");
    }
}

#[test]
fn caffes_heatmaps_do_not_wrap_unless_asked() {
    let (mean, expected) = pair("moderate");
    assert_eq!(caffe_heatmap(mean.view(), false).unwrap(), expected);
    for name in ["beyond", "grey"] {
        let (mean, wrapped) = pair(name);
        let largest = mean.fold(0.0_f64, |largest, value| largest.max(*value));
        let mut beyond = 0;
        for (x, y, pixel) in caffe_heatmap(mean.view(), false).unwrap().enumerate_pixels() {
            if mean[[y as usize, x as usize]] < -largest {
                beyond += 1;
                assert_eq!(pixel.0, [0, 0, 65535], "{name} at {y}, {x}");
            } else {
                assert_eq!(pixel, wrapped.get_pixel(x, y), "{name} at {y}, {x}");
            }
        }
        assert!(beyond > 0, "{name}");
    }
}

#[test]
fn a_caffe_heatmap_without_positive_relevance_is_black() {
    for wrap in [false, true] {
        let painted = caffe_heatmap(array![[-1.0, 0.0, -5.0]].view(), wrap).unwrap();
        assert!(painted.as_raw().iter().all(|&shade| shade == 0));
    }
}

#[test]
fn extreme_relevance_has_a_shade() {
    let plane = array![[f64::MIN_POSITIVE, -f64::MAX, f64::MIN_POSITIVE / 2.0, -0.0]];
    let painted = caffe_heatmap(plane.view(), false).unwrap();
    let shades: Vec<[u16; 3]> = painted.pixels().map(|pixel| pixel.0).collect();
    assert_eq!(shades, [[65535, 65535, 0], [0, 0, 65535], [32767, 32767, 0], [0; 3]]);
    assert!(caffe_heatmap(plane.view(), true).is_ok());
}

#[test]
fn caffe_heatmaps_refuse_what_they_cannot_paint() {
    let cases = [
        (array![[1.0, f64::NAN]], "relevance is NaN at index [0, 1], expected finite values"),
        (Array2::zeros((0, 2)), "relevance has shape [0, 2], expected at least one row and one column"),
    ];
    for (plane, message) in cases {
        assert_eq!(caffe_heatmap(plane.view(), false).unwrap_err().to_string(), message);
    }
}

#[test]
fn sixteen_bits_survive_a_png() {
    let (_, picture) = pair("moderate");
    let png = encode_png16(&picture).unwrap();
    assert_eq!(image::load_from_memory(&png).unwrap(), image::DynamicImage::ImageRgb16(picture));
    assert!(encode_png16(&Rgb16Image::new(0, 0)).is_err());
}
