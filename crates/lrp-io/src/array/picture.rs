//! Photos and drawings, PNG and JPEG: `[1, h, w, c]`, one sample of `c` = 1 (grey) or 3 (colour) channels.
//!
//! The numbers are those of the file, 0 to 255 or 0 to 65535. Colours of a palette are looked up, grey of
//! fewer than eight bits is spread over 0 to 255. Profiles and the orientation that a camera notes change
//! nothing.
//!
//! Decoders trust parts of the file that a damaged one breaks, so each format's parts are walked first.

mod jpeg;
mod png;
mod notes;

pub(super) use jpeg::{read as read_jpeg, sniff as sniff_jpeg};
pub use notes::read_notes;
pub(super) use png::{read as read_png, sniff as sniff_png};

use ndarray::ArrayD;

use super::Dtype;
use crate::error::{Error, Result};
use crate::inflate::Budget;
use crate::limits::Limits;

/// Whether a file in memory is a picture rather than numbers: a PNG or a JPEG, by its first bytes.
#[must_use]
pub fn is_picture(bytes: &[u8]) -> bool {
    sniff_png(bytes) || sniff_jpeg(bytes)
}

/// The pixels of a file, and what kind of file it is.
pub(crate) struct Picture {
    /// `[1, h, w, c]`: grey or colours, then opacity if there is [`Self::alpha`].
    pub(crate) values: ArrayD<f64>,
    /// The type of the numbers, of 8 or of 16 bits.
    pub(crate) dtype: Dtype,
    /// Whether the file tells how opaque a pixel is.
    pub(crate) alpha: bool,
    /// Whether the colours were looked up in a palette.
    pub(crate) palette: bool,
}

/// A picture as it is in the file, transparent or not.
pub(crate) fn read_picture(bytes: &[u8], limits: &Limits) -> Result<Picture> {
    limits.check_file(bytes.len() as u64)?;
    match bytes {
        bytes if sniff_png(bytes) => png::picture(bytes, limits),
        bytes if sniff_jpeg(bytes) => jpeg::picture(bytes, limits),
        _ => Err(Error::unsupported("is no picture that is read, neither a PNG nor a JPEG")),
    }
}

/// Pixels in a row or column.
pub(crate) const SIDE: u32 = 1 << 14;

/// The shape of a picture that may be decoded, from what its header claims.
///
/// `size` is the bytes its numbers take, `from` the bytes they are made of.
fn shape(sides: [u32; 2], channels: usize, size: u64, from: usize, limits: &Limits) -> Result<[usize; 4]> {
    let [height, width] = sides;
    if height.max(width) > SIDE {
        let message = format!("the picture is {height}×{width}, at most {SIDE}×{SIDE} are allowed");
        return Err(Error::limit(message));
    }
    let shape = [1, height as usize, width as usize, channels];
    limits.elements(&shape)?;
    Budget::new(limits).spend(size, from as u64)?;
    Ok(shape)
}

fn damaged(error: impl std::fmt::Display) -> Error {
    Error::format(format!("the picture is damaged: {error}"))
}
