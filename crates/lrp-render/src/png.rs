//! Pictures as PNG files, and what is written on the back of them.
//!
//! A picture outlives the folder it was made in. So the file may carry notes: a keyword and a text each, in chunks
//! of the kind `iTXt`, which every viewer passes over and many tools show.

use std::io::Cursor;

use image::{EncodableLayout, ImageBuffer, ImageFormat, PixelWithColorType, RgbImage};

use crate::error::{Error, ErrorKind};
use crate::indexed::Indexed;

/// A picture of 16 bits a colour.
pub type Rgb16Image = ImageBuffer<image::Rgb<u16>, Vec<u16>>;

/// What is said of a picture in its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What the text is about: 1 to 79 printable letters of ASCII, such as `Software` or `Title`, which PNG knows.
    pub keyword: String,
    /// The text.
    pub text: String,
}

/// The bytes of a PNG file holding the picture.
///
/// # Errors
/// A picture without pixels.
///
/// ```
/// use lrp_render::{Picture, WHITE, encode_png};
///
/// let png = encode_png(&Picture::filled(2, 3, WHITE)?.to_rgb8())?;
/// assert_eq!(&png[1..4], b"PNG");
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn encode_png(image: &RgbImage) -> Result<Vec<u8>, Error> {
    encoded(image)
}

/// [`encode_png`] for a picture of 16 bits a colour.
///
/// # Errors
/// A picture without pixels.
///
/// ```
/// use lrp_render::{Rgb16Image, encode_png16};
///
/// let png = encode_png16(&Rgb16Image::new(3, 2))?;
/// assert_eq!((&png[1..4], png[24]), (&b"PNG"[..], 16));
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn encode_png16(image: &Rgb16Image) -> Result<Vec<u8>, Error> {
    encoded(image)
}

/// [`encode_png`] with a palette: a third of the bytes, and at most 256 colours. A picture that has no more keeps
/// them; of one that has, those that are alike become one.
///
/// # Errors
/// A picture without pixels.
///
/// ```
/// use lrp_render::{Picture, WHITE, encode_png_indexed};
///
/// let png = encode_png_indexed(&Picture::filled(2, 3, WHITE)?.to_rgb8())?;
/// assert_eq!((&png[1..4], png[25]), (&b"PNG"[..], 3));
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn encode_png_indexed(image: &RgbImage) -> Result<Vec<u8>, Error> {
    let indexed = Indexed::of(image, 256);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(indexed.palette.concat());
    encoder.set_compression(png::Compression::High);
    // Neighbours in a palette are not neighbours in colour, so differences only make noise.
    encoder.set_filter(png::Filter::NoFilter);
    let written = encoder.write_header().and_then(|mut writer| {
        writer.write_image_data(&indexed.indices)?;
        writer.finish()
    });
    written.map_err(refused)?;
    Ok(bytes)
}

/// A PNG file with notes in front of its pixels.
///
/// # Errors
/// Bytes that are no PNG, a keyword that PNG does not allow, a text with a zero in it.
///
/// ```
/// use lrp_render::{Note, Picture, WHITE, encode_png, noted_png};
///
/// let png = encode_png(&Picture::filled(2, 3, WHITE)?.to_rgb8())?;
/// let note = Note { keyword: "Title".to_owned(), text: "a white page".to_owned() };
/// let noted = noted_png(&png, &[note])?;
/// assert_eq!(noted.len() - png.len(), 4 + 4 + "Title".len() + 5 + "a white page".len() + 4);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn noted_png(png: &[u8], notes: &[Note]) -> Result<Vec<u8>, Error> {
    // The signature, then the header: length, kind, thirteen bytes and a checksum.
    const HEAD: usize = 8 + 4 + 4 + 13 + 4;
    let (head, rest) = match png.split_at_checked(HEAD) {
        Some(parts) if png.starts_with(b"\x89PNG\r\n\x1a\n") => parts,
        _ => return Err(Error::option("picture to write notes in", "something else", "a PNG file")),
    };
    let chunks = notes.iter().map(chunk).collect::<Result<Vec<_>, _>>()?;
    Ok([head, &chunks.concat(), rest].concat())
}

/// A chunk `iTXt`: not compressed, in no language, the keyword not translated.
fn chunk(Note { keyword, text }: &Note) -> Result<Vec<u8>, Error> {
    let printable = keyword.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if !printable || !(1..80).contains(&keyword.len()) {
        return Err(Error::option("keyword", keyword, "1 to 79 printable letters of ASCII"));
    }
    if text.contains('\0') {
        return Err(Error::option("note", format_args!("{text:?}"), "a text without zeros"));
    }
    let body = [b"iTXt", keyword.as_bytes(), &[0; 5], text.as_bytes()].concat();
    let Ok(length) = u32::try_from(body.len() - 4) else {
        return Err(Error::option("length of a note", text.len(), "fewer than 2^32 bytes"));
    };
    Ok([&length.to_be_bytes(), &body[..], &crc32fast::hash(&body).to_be_bytes()].concat())
}

fn encoded<P>(image: &ImageBuffer<P, Vec<P::Subpixel>>) -> Result<Vec<u8>, Error>
where
    P: PixelWithColorType,
    [P::Subpixel]: EncodableLayout,
{
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).map_err(refused)?;
    Ok(bytes.into_inner())
}

fn refused(error: impl std::fmt::Display) -> Error {
    ErrorKind::Library { what: "encoding png", reason: error.to_string() }.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::{Picture, WHITE};

    fn png() -> Vec<u8> {
        encode_png(&Picture::filled(2, 3, WHITE).expect("a page").to_rgb8()).expect("a PNG")
    }

    fn note(keyword: &str, text: &str) -> Note {
        Note { keyword: keyword.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn notes_are_read_by_others_and_change_no_pixel() {
        let noted = noted_png(&png(), &[note("Title", "größer"), note("lrp:rules", "z⁺")]).expect("notes");
        let mut reader = png::Decoder::new(Cursor::new(&noted)).read_info().expect("a PNG");
        let texts: Vec<(String, String)> = reader
            .info()
            .utf8_text
            .iter()
            .map(|text| (text.keyword.clone(), text.get_text().expect("a text")))
            .collect();
        assert_eq!(texts, [("Title".into(), "größer".into()), ("lrp:rules".into(), "z⁺".into())]);
        let mut pixels = [0; 18];
        reader.next_frame(&mut pixels).expect("pixels");
        assert_eq!(pixels, [255; 18]);
    }

    #[test]
    fn what_is_no_note_is_refused() {
        for (png, note, expected) in [
            (png(), note("", "x"), "keyword is , expected 1 to 79 printable letters of ASCII"),
            (png(), note("größe", "x"), "keyword is größe, expected 1 to 79 printable letters of ASCII"),
            (png(), note("Title", "a\0b"), "note is \"a\\0b\", expected a text without zeros"),
            (
                b"GIF".to_vec(),
                note("Title", "x"),
                "picture to write notes in is something else, expected a PNG file",
            ),
        ] {
            assert_eq!(noted_png(&png, &[note]).expect_err("a complaint").to_string(), expected);
        }
    }
}
