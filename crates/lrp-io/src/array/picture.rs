//! Photos and drawings, PNG and JPEG: `[1, h, w, c]`, one sample of `c` = 1 (grey) or 3 (colour) channels.
//!
//! The numbers are those of the file, 0 to 255 or 0 to 65535. Colours of a palette are looked up, grey of
//! fewer than eight bits is spread over 0 to 255. Profiles and the orientation that a camera notes change
//! nothing.

use std::io::Cursor;

use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{ImageDecoder, ImageError};
use ndarray::{ArrayD, Axis, IxDyn, Slice};

use super::formats::{Entry, array_from_memory_order};
use super::{Array, ByteOrder, Dtype, decode};
use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::inflate::Budget;
use crate::limits::Limits;

/// Pixels in a row or column.
const SIDE: u32 = 1 << 14;

const PNG_START: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

/// The order that the decoders leave 16-bit numbers in.
const NATIVE: ByteOrder = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };

pub(super) fn sniff_png(bytes: &[u8]) -> bool {
    bytes.starts_with(PNG_START)
}

pub(super) fn sniff_jpeg(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
}

pub(super) fn read_png(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    // The decoder is content with what was needed for the pixels.
    if !bytes.ends_with(PNG_END) {
        return Err(Error::format(
            "the picture does not end as a PNG does, it is cut short or something follows it",
        ));
    }
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), bounds(limits)).map_err(damaged)?;
    if decoder.is_apng().map_err(damaged)? {
        return Err(Error::unsupported("the picture is animated; save the frame that is meant"));
    }
    pixels(decoder, bytes, limits)
}

pub(super) fn read_jpeg(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    check_jpeg(bytes)?;
    let mut decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(damaged)?;
    decoder.set_limits(bounds(limits)).map_err(damaged)?;
    pixels(decoder, bytes, limits)
}

fn pixels(decoder: impl ImageDecoder, bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let ((width, height), color) = (decoder.dimensions(), decoder.color_type());
    let channels = usize::from(color.channel_count());
    let shape = [1, height as usize, width as usize, channels];
    limits.elements(&shape)?;
    let size = decoder.total_bytes();
    Budget::new(limits).spend(size, bytes.len() as u64)?;
    let mut numbers = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    decoder.read_image(&mut numbers).map_err(damaged)?;
    let dtype = if usize::from(color.bytes_per_pixel()) == channels { Dtype::U8 } else { Dtype::U16 };
    let mut values = array_from_memory_order(IxDyn(&shape), decode(dtype, NATIVE, &numbers)?)?;
    if color.has_alpha() {
        values = opaque(values, dtype)?;
    }
    Ok(vec![Entry { name: None, array: Ok(Array { values, dtype }) }])
}

/// The picture without its last channel, which must be opaque: what lies behind it is not in the file.
fn opaque(values: ArrayD<f64>, dtype: Dtype) -> Result<ArrayD<f64>> {
    let full = if dtype == Dtype::U8 { 255.0 } else { 65_535.0 };
    let alpha = values.slice_axis(Axis(3), Slice::from(-1..));
    if let Some(index) = alpha.iter().position(|&alpha| alpha != full) {
        let width = values.len_of(Axis(2)).max(1);
        let (row, column) = (index / width, index % width);
        let message =
            format!("the picture is transparent at row {row}, column {column}; put it on a background");
        return Err(Error::unsupported(message));
    }
    Ok(values.slice_axis(Axis(3), Slice::from(..-1)).as_standard_layout().into_owned())
}

/// Follows the segments of a JPEG to its end mark; the decoder would fill what is missing with grey.
///
/// Cameras put things behind the end, which are left alone.
fn check_jpeg(bytes: &[u8]) -> Result<()> {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut bytes = Bytes::new(bytes, 0);
    bytes.take(2, "the start of a JPEG")?;
    loop {
        let kind = mark(&mut bytes)?;
        match kind {
            END => return Ok(()),
            // Marks that stand alone.
            0x01 | 0xd0..=0xd7 => {}
            _ => {
                let length = u16::from_be_bytes(bytes.array("the length of a segment of the JPEG")?);
                bytes.take(usize::from(length).saturating_sub(2), "a segment of the JPEG")?;
            }
        }
        if kind == SCAN {
            let coded = |[mark, kind]: &&[u8; 2]| *mark != 0xff || matches!(kind, 0 | 0xd0..=0xd7);
            let scan = bytes.rest().array_windows().take_while(coded).count();
            bytes.take(scan, "the scan of the JPEG")?;
        }
    }
}

/// The kind of segment that begins here, behind any number of fill bytes.
fn mark(bytes: &mut Bytes<'_>) -> Result<u8> {
    let at = bytes.offset();
    let [mark, mut kind] = bytes.array("a segment of the JPEG")?;
    if mark != 0xff {
        return Err(Error::format("a segment of the JPEG is missing").at_byte(at));
    }
    while kind == 0xff {
        [kind] = bytes.array("a segment of the JPEG")?;
    }
    Ok(kind)
}

fn bounds(limits: &Limits) -> image::Limits {
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(SIDE);
    bounds.max_image_height = Some(SIDE);
    bounds.max_alloc = Some(limits.inflated_entry_bytes);
    bounds
}

fn damaged(error: ImageError) -> Error {
    match error {
        ImageError::Limits(error) => Error::limit(format!("the picture is too large: {error}")),
        ImageError::Unsupported(error) => Error::unsupported(error.to_string()),
        error => Error::format(format!("the picture is damaged: {error}")),
    }
}
