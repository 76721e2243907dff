//! JPEG, baseline and progressive, through the crate `jpeg-decoder`.

use jpeg_decoder::Decoder;
use ndarray::IxDyn;

use super::{Picture, damaged, shape};
use crate::array::formats::{Entry, array_from_memory_order};
use crate::array::{Array, Dtype};
use crate::bytes::Bytes;
use crate::error::{Error, Result};
use crate::limits::Limits;

pub(in crate::array) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xd8\xff")
}

pub(in crate::array) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<Entry>> {
    let Picture { values, dtype, .. } = picture(bytes, limits)?;
    Ok(vec![Entry { name: None, array: Ok(Array { values, dtype }) }])
}

pub(super) fn picture(bytes: &[u8], limits: &Limits) -> Result<Picture> {
    let Frame { sides, channels } = check(bytes)?;
    let [height, width] = sides.map(u32::from);
    // One byte for each number.
    let size = u64::from(height) * u64::from(width) * channels as u64;
    let shape = shape([height, width], channels, size, bytes.len(), limits)?;
    let numbers = Decoder::new(bytes).decode().map_err(refused)?;
    let numbers = numbers.into_iter().map(f64::from).collect();
    let values = array_from_memory_order(IxDyn(&shape), numbers)?;
    Ok(Picture { values, dtype: Dtype::U8, alpha: false, palette: false })
}

/// What the frame of a JPEG claims.
struct Frame {
    /// Height and width.
    sides: [u16; 2],
    channels: usize,
}

/// Follows the segments of a JPEG to its end mark; the decoder would fill what is missing with grey.
///
/// Cameras put things behind the end, which are left alone.
fn check(bytes: &[u8]) -> Result<Frame> {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut bytes = Bytes::new(bytes, 0);
    bytes.take(2, "the start of a JPEG")?;
    let mut found = None;
    loop {
        let at = bytes.offset();
        let kind = mark(&mut bytes)?;
        let mut segment: &[u8] = &[];
        match kind {
            END => return found.ok_or_else(|| Error::format("the JPEG holds no picture")),
            // Marks that stand alone.
            0x01 | 0xd0..=0xd7 => {}
            _ => {
                let length = u16::from_be_bytes(bytes.array("the length of a segment of the JPEG")?);
                segment = bytes.take(usize::from(length).saturating_sub(2), "a segment of the JPEG")?;
            }
        }
        match kind {
            // All of these begin a frame, but for the tables 0xc4 and 0xcc and what is reserved.
            0xc0..=0xcf if !matches!(kind, 0xc4 | 0xc8 | 0xcc) => {
                if found.is_some() {
                    return Err(Error::format("the JPEG holds more than one frame").at_byte(at));
                }
                found = Some(frame(kind, segment)?);
            }
            SCAN => {
                let coded = |[mark, kind]: &&[u8; 2]| *mark != 0xff || matches!(kind, 0 | 0xd0..=0xd7);
                let scan = bytes.rest().array_windows().take_while(coded).count();
                bytes.take(scan, "the scan of the JPEG")?;
            }
            _ => {}
        }
    }
}

fn frame(kind: u8, segment: &[u8]) -> Result<Frame> {
    let unsupported = |what| {
        let message =
            format!("the JPEG is {what}; grey and colour of 8 bits, baseline or progressive, are read");
        Err(Error::unsupported(message))
    };
    if !matches!(kind, 0xc0..=0xc2) {
        return unsupported("lossless, hierarchical or arithmetically coded".to_owned());
    }
    let mut segment = Bytes::new(segment, 0);
    let what = "the frame of the JPEG";
    let [bits] = segment.array(what)?;
    let height = u16::from_be_bytes(segment.array(what)?);
    let width = u16::from_be_bytes(segment.array(what)?);
    let [channels] = segment.array(what)?;
    match (bits, channels) {
        (8, 1 | 3) => Ok(Frame { sides: [height, width], channels: usize::from(channels) }),
        _ => unsupported(format!("one of {channels} channels of {bits} bits")),
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

fn refused(error: jpeg_decoder::Error) -> Error {
    match error {
        jpeg_decoder::Error::Unsupported(feature) => {
            Error::unsupported(format!("the JPEG has a feature that is not read: {feature:?}"))
        }
        error => damaged(error),
    }
}
