//! PNG and JPEG files by Pillow, and pictures made to hurt.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ExtendedColorType, GrayImage, ImageEncoder, ImageFormat};
use lrp_io::{Array, Dtype, ErrorKind, Limits, write_array};
use ndarray::Array4;

use crate::bytes::{error, error_within, read, refused};

macro_rules! picture {
    ($name:literal) => {
        include_bytes!(concat!("../fixtures/pictures/", $name))
    };
}

/// Row, column and channel give the value.
fn expected(channels: usize, value: impl Fn(usize, usize, usize) -> usize) -> ndarray::ArrayD<f64> {
    Array4::from_shape_fn((1, 4, 5, channels), |(_, row, column, channel)| value(row, column, channel) as f64)
        .into_dyn()
}

fn colour(row: usize, column: usize, channel: usize) -> usize {
    [row * 60, column * 50, row * column][channel]
}

#[test]
fn numbers_are_those_of_the_file() {
    let cases: [(&str, &[u8], Dtype, ndarray::ArrayD<f64>); 6] = [
        ("grey.png", picture!("grey.png"), Dtype::U8, expected(1, |row, column, _| row * 50 + column)),
        (
            "bits.png",
            picture!("bits.png"),
            Dtype::U8,
            expected(1, |row, column, _| 255 * (1 - (row + column) % 2)),
        ),
        ("deep.png", picture!("deep.png"), Dtype::U16, expected(1, |row, column, _| row * 5000 + column)),
        ("colour.png", picture!("colour.png"), Dtype::U8, expected(3, colour)),
        ("opaque.png", picture!("opaque.png"), Dtype::U8, expected(3, colour)),
        ("palette.png", picture!("palette.png"), Dtype::U8, expected(3, colour)),
    ];
    for (name, bytes, dtype, values) in cases {
        assert_eq!(read(name, bytes), Array { values, dtype }, "{name}");
        assert!(read("by content", bytes).values.len() >= 20);
    }
}

#[test]
fn photos_are_close_to_what_was_saved() {
    let cases: [(&str, &[u8], usize); 3] = [
        ("grey.jpg", picture!("grey.jpg"), 1),
        ("colour.jpg", picture!("colour.jpg"), 3),
        ("progressive.jpg", picture!("progressive.jpg"), 3),
    ];
    for (name, bytes, channels) in cases {
        let array = read(name, bytes);
        let wanted = expected(channels, |row, column, _| 100 + 4 * row + 3 * column);
        assert_eq!((array.values.shape(), array.dtype), (wanted.shape(), Dtype::U8), "{name}");
        assert!(
            (&array.values - &wanted).iter().all(|difference| difference.abs() <= 2.0),
            "{name}: {}",
            array.values
        );
        // Cameras put previews behind the picture.
        assert_eq!(read(name, &[bytes, b"more"].concat()), array);
    }
}

#[test]
fn pictures_that_hold_more_than_numbers_are_refused() {
    let line = "a.png: the picture is transparent at row 2, column 3; put it on a background";
    refused("a.png", picture!("transparent.png"), ErrorKind::Unsupported, line);
    let line = "a.png: the picture is animated; save the frame that is meant";
    refused("a.png", picture!("animated.png"), ErrorKind::Unsupported, line);
    let line = "a.png: the picture does not end as a PNG does, it is cut short or something follows it";
    refused("a.png", &[picture!("grey.png"), &b"more"[..]].concat(), ErrorKind::Format, line);
    let folder = tempfile::tempdir().unwrap();
    let error = write_array(folder.path().join("a.jpeg"), ndarray::arr1(&[1.0]).view()).unwrap_err();
    assert!(error.message().starts_with("the format jpeg is read, not written; use one of .npy"), "{error}");
}

#[test]
fn half_a_picture_is_no_picture() {
    let pictures: [&[u8]; 4] =
        [picture!("palette.png"), picture!("grey.jpg"), picture!("colour.jpg"), picture!("progressive.jpg")];
    for bytes in pictures {
        for length in 8..bytes.len() {
            error("a.png", &bytes[..length]);
        }
    }
    // The parts are all there, but one in the middle is gone.
    let png: &[u8] = picture!("grey.png");
    let data = png.windows(4).position(|window| window == b"IDAT").unwrap() - 4;
    error("a.png", &[&png[..data], &png[png.len() - 12..]].concat());
}

/// A picture of one grey, which compresses well.
fn flat(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::ImageLuma8(GrayImage::new(width, height)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn picture_bombs_stop_at_the_bound() {
    let mut bomb = Vec::new();
    PngEncoder::new_with_quality(&mut bomb, CompressionType::Best, FilterType::NoFilter)
        .write_image(&vec![0; 36_000_000], 6000, 6000, ExtendedColorType::L8)
        .unwrap();
    let error = error_within("a.png", &bomb, &Limits::default());
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(error.message().starts_with("inflates to 36000000 bytes, 16777216 are allowed from "), "{error}");
    for format in [ImageFormat::Png, ImageFormat::Jpeg] {
        let wide = error_within("a", &flat((1 << 14) + 1, 1, format), &Limits::default());
        assert_eq!(wide.kind(), ErrorKind::Limit, "{wide}");
        let few = Limits { array_elements: 99, ..Limits::default() };
        let many = error_within("a", &flat(10, 10, format), &few);
        assert_eq!(many.message(), "the array has 100 elements, at most 99 are allowed");
    }
    // A header that claims much, with nothing behind it.
    let mut claims = picture!("grey.png").to_vec();
    claims[16..24].copy_from_slice(&[0x7f; 8]);
    error_within("a.png", &claims, &Limits::default());
}
