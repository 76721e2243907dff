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
fn flat_png(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let picture = GrayImage::new(width.into(), height.into());
    DynamicImage::ImageLuma8(picture).write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// A picture whose frame claims these sides.
fn flat_jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = picture!("grey.jpg").to_vec();
    let frame = frame(&bytes);
    bytes[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    bytes[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    bytes
}

/// Where the frame of a baseline JPEG begins: mark, length, bits, height, width, channels.
fn frame(bytes: &[u8]) -> usize {
    bytes.windows(2).position(|mark| mark == b"\xff\xc0").unwrap()
}

#[test]
fn parts_that_break_decoders_are_refused_before() {
    let png: &[u8] = picture!("palette.png");
    let palette = png.windows(4).position(|kind| kind == b"PLTE").unwrap();
    let length = u32::from_be_bytes(png[palette - 4..palette].try_into().unwrap()) as usize;
    for odd in [0, 1, length - 1] {
        let colours = &png[palette + 4..palette + 4 + odd];
        let short = [&png[..palette - 4], &(odd as u32).to_be_bytes(), b"PLTE", colours, &[0; 4]].concat();
        let picture = [&short, &png[palette + 4 + length + 4..]].concat();
        let line = format!(
            "a.png: byte {}: the palette of the picture has {odd} bytes, not 3 for each of 1 to 256 colours",
            palette - 4
        );
        refused("a.png", &picture, ErrorKind::Format, &line);
    }
    let jpeg: &[u8] = picture!("grey.jpg");
    let start = frame(jpeg);
    let kinds = "; grey and colour of 8 bits, baseline or progressive, are read";
    for (at, value, what) in [
        (1, 0xc3, "lossless, hierarchical or arithmetically coded"),
        (1, 0xc9, "lossless, hierarchical or arithmetically coded"),
        (4, 12, "one of 1 channels of 12 bits"),
        (9, 4, "one of 4 channels of 8 bits"),
        (9, 2, "one of 2 channels of 8 bits"),
    ] {
        let mut bytes = jpeg.to_vec();
        bytes[start + at] = value;
        refused("a.jpg", &bytes, ErrorKind::Unsupported, &format!("a.jpg: the JPEG is {what}{kinds}"));
    }
    let end = start + 2 + usize::from(jpeg[start + 3]);
    let twice = [&jpeg[..end], &jpeg[start..]].concat();
    let line = format!("a.jpg: byte {end}: the JPEG holds more than one frame");
    refused("a.jpg", &twice, ErrorKind::Format, &line);
    let line = "a.jpg: the JPEG holds no picture";
    refused("a.jpg", b"\xff\xd8\xff\xd9", ErrorKind::Format, line);
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
    for flat in [flat_png, flat_jpeg] {
        let wide = error_within("a", &flat((1 << 14) + 1, 1), &Limits::default());
        assert_eq!(wide.kind(), ErrorKind::Limit, "{wide}");
        let few = Limits { array_elements: 99, ..Limits::default() };
        let many = error_within("a", &flat(10, 10), &few);
        assert_eq!(many.message(), "the array has 100 elements, at most 99 are allowed");
    }
    // A header that claims much, with nothing behind it.
    let mut claims = picture!("grey.png").to_vec();
    claims[16..24].copy_from_slice(&[0x7f; 8]);
    error_within("a.png", &claims, &Limits::default());
}
