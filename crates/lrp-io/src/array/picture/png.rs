//! PNG, through the crate `image`.

use std::io::Cursor;

use image::codecs::png::PngDecoder;
use image::{ImageDecoder, ImageError};
use ndarray::{ArrayD, Axis, IxDyn, Slice};

use super::{Picture, SIDE, damaged, shape};
use crate::array::formats::{Entry, array_from_memory_order};
use crate::array::{Array, ByteOrder, Dtype, decode};
use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::limits::Limits;

const START: &[u8] = b"\x89PNG\r\n\x1a\n";
const END: &[u8] = b"\0\0\0\0IEND\xaeB`\x82";

/// The order that the decoder leaves 16-bit numbers in.
const NATIVE: ByteOrder = if cfg!(target_endian = "big") { ByteOrder::Big } else { ByteOrder::Little };

pub(in crate::array) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(START)
}

pub(in crate::array) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let Picture { values, dtype, alpha, .. } = picture(bytes, limits)?;
    let values = if alpha { opaque(values, dtype)? } else { values };
    Ok(vec![Entry { name: None, array: Ok(Array { values, dtype }) }])
}

pub(super) fn picture(bytes: &[u8], limits: &Limits) -> Result<Picture> {
    let palette = check(bytes)?;
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), bounds(limits)).map_err(refused)?;
    if decoder.is_apng().map_err(refused)? {
        return Err(Error::unsupported("the picture is animated; save the frame that is meant"));
    }
    let ((width, height), color) = (decoder.dimensions(), decoder.color_type());
    let channels = usize::from(color.channel_count());
    let size = decoder.total_bytes();
    let shape = shape([height, width], channels, size, bytes.len(), limits)?;
    let mut numbers = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    decoder.read_image(&mut numbers).map_err(refused)?;
    let dtype = if usize::from(color.bytes_per_pixel()) == channels { Dtype::U8 } else { Dtype::U16 };
    let values = array_from_memory_order(IxDyn(&shape), decode(dtype, NATIVE, &numbers)?)?;
    Ok(Picture { values, dtype, alpha: color.has_alpha(), palette })
}

/// Follows the chunks of a PNG to its end; whether its pixels are numbers of colours in a palette.
///
/// The decoder is content with what was needed for the pixels, and takes a palette of broken length for
/// whole.
fn check(bytes: &[u8]) -> Result<bool> {
    let mut palette = false;
    for chunk in chunks(bytes)? {
        let Chunk { kind, content, offset } = chunk?;
        let length = content.len();
        // Behind width, height and depth.
        palette |= &kind == b"IHDR" && content.get(9) == Some(&3);
        if &kind == b"PLTE" && (length == 0 || !length.is_multiple_of(3) || length > 3 * 256) {
            let message =
                format!("the palette of the picture has {length} bytes, not 3 for each of 1 to 256 colours");
            return Err(Error::format(message).at_byte(offset));
        }
    }
    Ok(palette)
}

/// A part of a PNG.
pub(super) struct Chunk<'a> {
    pub(super) kind: [u8; 4],
    pub(super) content: &'a [u8],
    /// Where it begins in the file.
    pub(super) offset: usize,
}

/// The chunks of a file that ends as a PNG does; none follows one that is broken.
pub(super) fn chunks(bytes: &[u8]) -> Result<impl Iterator<Item = Result<Chunk<'_>>>> {
    if !bytes.ends_with(END) {
        return Err(Error::format(
            "the picture does not end as a PNG does, it is cut short or something follows it",
        ));
    }
    let mut bytes = Bytes::new(bytes, 0);
    bytes.take(START.len(), "the start of a PNG")?;
    let mut rest = Some(bytes);
    Ok(std::iter::from_fn(move || {
        let mut bytes = rest.take().filter(|bytes| !bytes.is_empty())?;
        let chunk = next(&mut bytes);
        rest = chunk.is_ok().then_some(bytes);
        Some(chunk)
    }))
}

fn next<'a>(bytes: &mut Bytes<'a>) -> Result<Chunk<'a>> {
    let offset = bytes.offset();
    let length = u32::from_be_bytes(bytes.array("the length of a chunk of the PNG")?);
    let kind = bytes.array("the kind of a chunk of the PNG")?;
    let content = bytes.take(length as usize, "a chunk of the PNG")?;
    bytes.take(4, "the checksum of a chunk of the PNG")?;
    Ok(Chunk { kind, content, offset })
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

fn bounds(limits: &Limits) -> image::Limits {
    let mut bounds = image::Limits::default();
    bounds.max_image_width = Some(SIDE);
    bounds.max_image_height = Some(SIDE);
    bounds.max_alloc = Some(limits.inflated_entry_bytes);
    bounds
}

fn refused(error: ImageError) -> Error {
    match error {
        ImageError::Limits(error) => Error::limit(format!("the picture is too large: {error}")),
        ImageError::Unsupported(error) => Error::unsupported(error.to_string()),
        error => damaged(error),
    }
}
