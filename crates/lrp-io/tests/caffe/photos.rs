//! Photos small enough to say by hand what becomes of them.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};
use lrp_io::caffe::{ImageInput, Prepared};
use lrp_io::{ErrorKind, Limits, Result};
use ndarray::{Array3, Axis, array, s};

fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
    let mut file = Cursor::new(Vec::new());
    picture.into().write_to(&mut file, ImageFormat::Png).unwrap();
    file.into_inner()
}

/// Red is the row, green the column, blue 7.
fn numbered(height: u32, width: u32) -> Vec<u8> {
    png(RgbImage::from_fn(width, height, |x, y| Rgb([y as u8, x as u8, 7])))
}

/// Blue is ten times the row and the column, green and red 1 and 2 more.
fn mean(height: usize, width: usize) -> Array3<f64> {
    Array3::from_shape_fn((3, height, width), |(color, row, column)| (100 * row + 10 * column + color) as f64)
}

fn prepare(side: usize, base: usize, mean: Array3<f64>, photo: &[u8]) -> Result<Prepared> {
    ImageInput { side, base, mean }.prepare("a.png", photo, &Limits::default())
}

#[test]
fn a_photo_of_the_right_size_is_only_cut() {
    let photo = prepare(2, 6, mean(4, 4), &numbered(6, 5)).unwrap();
    // Rows from (6 - 2) / 2, columns from (5 - 2) / 2.
    assert_eq!(photo.shown.slice(s![.., .., 0]), array![[2.0, 2.0], [3.0, 3.0]] * 257.0);
    assert_eq!(photo.shown.slice(s![.., .., 1]), array![[1.0, 2.0], [1.0, 2.0]] * 257.0);
    // Blue comes first, and the mean is cut from row and column 1.
    assert_eq!(photo.mean.index_axis(Axis(0), 0), array![[110.0, 120.0], [210.0, 220.0]]);
    assert_eq!(
        photo.input.index_axis(Axis(0), 0),
        array![[7.0 - 110.0, 7.0 - 120.0], [7.0 - 210.0, 7.0 - 220.0]]
    );
    assert_eq!(
        photo.input.index_axis(Axis(0), 2),
        array![[2.0 - 112.0, 2.0 - 122.0], [3.0 - 212.0, 3.0 - 222.0]]
    );
}

#[test]
fn a_side_that_is_too_short_repeats_its_border_and_the_mean_under_it() {
    let photo = prepare(5, 5, mean(9, 7), &numbered(2, 5)).unwrap();
    // (5 - 2) / 2 rows before, and the rest behind.
    let rows = array![0.0, 0.0, 1.0, 1.0, 1.0];
    assert_eq!(photo.shown.slice(s![.., 3, 0]), &rows * 257.0);
    assert_eq!(photo.shown.slice(s![4, .., 1]), array![0.0, 1.0, 2.0, 3.0, 4.0] * 257.0);
    // Not centred among the nine rows; the columns begin at (7 - 5) / 2.
    assert_eq!(photo.mean.slice(s![0, .., 0]), &rows * 100.0 + 10.0);
}

#[test]
fn along_the_longer_side_the_smaller_margin_of_the_mean_counts() {
    let upright = prepare(2, 4, mean(8, 4), &numbered(4, 3)).unwrap();
    assert_eq!(upright.mean[[0, 0, 0]], 100.0 + 10.0);
    let lying = prepare(2, 4, mean(8, 4), &numbered(3, 4)).unwrap();
    assert_eq!(lying.mean[[0, 0, 0]], 300.0 + 10.0);
    let square = prepare(2, 4, mean(4, 8), &numbered(4, 4)).unwrap();
    assert_eq!(square.mean[[0, 0, 0]], 100.0 + 10.0);
}

#[test]
fn one_colour_stays_one_colour_in_any_size() {
    for (height, width) in [(3, 3), (5, 40), (40, 5), (64, 48)] {
        let photo = png(RgbImage::from_pixel(width, height, Rgb([200, 100, 3])));
        let shown = prepare(4, 8, mean(4, 4), &photo).unwrap().shown;
        for pixel in shown.lanes(Axis(2)) {
            assert_eq!(pixel, array![200.0, 100.0, 3.0] * 257.0);
        }
    }
}

#[test]
fn a_value_half_way_is_rounded_up() {
    // Both columns count the same: 65535 / 2.
    let photo = png(RgbImage::from_fn(2, 2, |x, _| Rgb([255 * x as u8; 3])));
    let shown = prepare(1, 1, mean(1, 1), &photo).unwrap().shown;
    assert_eq!(shown, array![[[32768.0, 32768.0, 32768.0]]]);
}

#[test]
fn grey_is_three_channels_and_shrinks_smoother_than_colour() {
    let grey = GrayImage::from_fn(8, 8, |x, _| Luma([if x < 4 { 0 } else { 200 }]));
    let color = DynamicImage::from(grey.clone()).into_rgb8();
    let [grey, color] = [png(grey), png(color)].map(|photo| prepare(4, 4, mean(4, 4), &photo).unwrap().shown);
    assert_eq!(grey.index_axis(Axis(2), 0), grey.index_axis(Axis(2), 2));
    // The filter of Lanczos swings below black, where there is nothing; Mitchell's hardly does.
    let rise = |shown: &Array3<f64>| shown[[0, 2, 0]] - shown[[0, 1, 0]];
    assert!(rise(&grey) < rise(&color), "{} {}", rise(&grey), rise(&color));
}

#[test]
fn opacity_is_dropped_but_chooses_the_filter_and_weighs_colours() {
    let pixels = |alpha: [u8; 2]| {
        png(RgbaImage::from_fn(2, 2, move |x, _| Rgba([100 + 100 * x as u8, 0, 0, alpha[x as usize]])))
    };
    let red = |alpha, base| prepare(1, base, mean(1, 1), &pixels(alpha)).unwrap().shown[[0, 0, 0]] / 257.0;
    assert_eq!(red([255, 255], 1), 150.0);
    // What cannot be seen does not count, if something else can.
    assert_eq!(red([255, 0], 1), 100.0);
    assert_eq!(red([0, 255], 1), 200.0);
    // Of the right size nothing is mixed.
    assert_eq!(red([0, 0], 2), 100.0);
}

#[test]
fn what_would_be_read_behind_an_end_is_refused() {
    let line = prepare(40, 40, mean(44, 44), &png(RgbImage::new(400, 21))).unwrap_err().to_string();
    let ending = "its longer side does not reach to pixel 40, where the input ends";
    assert_eq!(line, format!("a.png: a picture of 21×400 pixels, resized to 2×38: {ending}"));
    let line = prepare(3, 4, mean(2, 9), &numbered(4, 4)).unwrap_err().to_string();
    assert_eq!(line, "the mean image is 3×2×9, at least 3×3×3 is needed");
    let line = prepare(5, 4, mean(9, 9), &numbered(4, 4)).unwrap_err().to_string();
    assert_eq!(line, "the base size is 4, 5 (the side of the input) to 16384 are allowed");
    assert!(prepare(0, 4, mean(9, 9), &numbered(4, 4)).is_err());
    let line = prepare(2, 4, mean(9, 9), b"GIF89a").unwrap_err().to_string();
    assert_eq!(line, "a.png: is no picture that is read, neither a PNG nor a JPEG");
}

#[test]
fn sizes_are_bounded() {
    let small = Limits { array_elements: 1000, ..Limits::default() };
    let prepare = |side, base, photo: &[u8]| {
        ImageInput { side, base, mean: mean(20, 20) }.prepare("a.png", photo, &small)
    };
    assert!(prepare(2, 4, &numbered(4, 4)).is_ok());
    for (side, base, photo) in [
        (20, 20, numbered(4, 4)),
        (2, 20, numbered(20, 20)),
        // Neither the photo nor the input is too large, but 80 rows of 5 columns between them.
        (18, 99, numbered(80, 4)),
    ] {
        assert_eq!(prepare(side, base, &photo).unwrap_err().kind(), ErrorKind::Limit);
    }
}
