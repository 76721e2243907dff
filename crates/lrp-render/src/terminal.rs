//! Pictures as bytes that a terminal draws.
//!
//! Every terminal with colours draws half blocks: a cell is two pixels, the upper one in the colour of its letter `▀`,
//! the lower one in that of its ground. Some draw pictures themselves, by one of three protocols. Which one a terminal
//! understands is for the caller to find out; nothing is printed here.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use image::imageops::{FilterType, resize};
use image::{Rgb as Pixel, RgbImage};

use crate::error::Error;
use crate::indexed::Indexed;
use crate::png::encode_png;

/// How a terminal is made to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graphics {
    /// Letters that are half a cell high.
    HalfBlocks(Ink),
    /// The protocol of kitty, which Ghostty and Konsole know too.
    Kitty,
    /// The inline images of iTerm2, which WezTerm and Visual Studio Code know too.
    Iterm,
    /// The graphics of the VT340, which foot, mlterm and xterm know too.
    Sixel,
}

/// The colours letters may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ink {
    /// All of them, 24 bits.
    TrueColor,
    /// The 240 of 256 that are the same everywhere.
    Indexed,
    /// One: pixels become shades, dark ones dense.
    Plain,
}

/// Pixels that the cell of a terminal is taken to be wide; those in use are 8 or more.
const CELL: u32 = 8;

/// What draws a picture in a terminal at most so many columns wide, on lines of its own.
///
/// Half blocks show a pixel a column, a protocol shows a cell for eight; a picture that is too wide is made smaller.
///
/// # Errors
/// No columns.
///
/// ```
/// use lrp_render::{Graphics, Ink, Picture, show};
///
/// let red = Picture::filled(2, 1, [1.0, 0.0, 0.0])?.to_rgb8();
/// let bytes = show(&red, Graphics::HalfBlocks(Ink::TrueColor), 80)?;
/// assert_eq!(bytes, "\x1b[38;2;255;0;0m\x1b[48;2;255;0;0m▀\x1b[0m\n".as_bytes());
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn show(image: &RgbImage, graphics: Graphics, columns: usize) -> Result<Vec<u8>, Error> {
    let columns = match u32::try_from(columns) {
        Ok(0) => return Err(Error::option("number of columns", 0, "at least 1")),
        Ok(columns) => columns,
        Err(_) => u32::MAX,
    };
    let cells = image.width().div_ceil(CELL).min(columns);
    Ok(match graphics {
        Graphics::HalfBlocks(ink) => half_blocks(&narrowed(image, columns), ink).into_bytes(),
        Graphics::Kitty => kitty(&encode_png(image)?, cells).into_bytes(),
        Graphics::Iterm => iterm(&encode_png(image)?, cells).into_bytes(),
        Graphics::Sixel => sixel(&narrowed(image, columns.saturating_mul(CELL))).into_bytes(),
    })
}

/// The picture, no wider than that, and of the same shape.
fn narrowed(image: &RgbImage, width: u32) -> RgbImage {
    if image.width() <= width {
        return image.clone();
    }
    let height = u64::from(image.height()) * u64::from(width) / u64::from(image.width());
    resize(image, width, u32::try_from(height).unwrap_or(u32::MAX).max(1), FilterType::Triangle)
}

fn half_blocks(image: &RgbImage, ink: Ink) -> String {
    let mut text = String::new();
    for row in (0..image.height()).step_by(2) {
        let mut last = [None; 2];
        for column in 0..image.width() {
            let [upper, lower] = [row, row + 1].map(|row| image.get_pixel_checked(column, row).copied());
            if ink == Ink::Plain {
                text.push(shade([upper, lower]));
                continue;
            }
            for (place, pixel) in [upper, lower].into_iter().enumerate() {
                if pixel != last[place] {
                    text.push_str(&color(pixel, place, ink));
                }
            }
            last = [upper, lower];
            text.push('▀');
        }
        text.push_str(if ink == Ink::Plain { "\n" } else { "\x1b[0m\n" });
    }
    text
}

/// What sets the colour of the letter (place 0) or of its ground (place 1); below an odd last row there is none.
fn color(pixel: Option<Pixel<u8>>, place: usize, ink: Ink) -> String {
    let what = ["38", "48"][place];
    match (pixel, ink) {
        (None, _) => ["\x1b[39m", "\x1b[49m"][place].to_owned(),
        (Some(Pixel([red, green, blue])), Ink::TrueColor) => format!("\x1b[{what};2;{red};{green};{blue}m"),
        (Some(pixel), _) => format!("\x1b[{what};5;{}m", nearest(pixel.0)),
    }
}

/// The nearest of the cube of 6 x 6 x 6 colours from 16 on and the 24 greys from 232 on.
fn nearest(color: [u8; 3]) -> u8 {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let distance = |other: [u8; 3]| -> u32 {
        (0..3).map(|channel| u32::from(color[channel].abs_diff(other[channel])).pow(2)).sum()
    };
    let level =
        |value: u8| (0..6).min_by_key(|&index| value.abs_diff(LEVELS[usize::from(index)])).unwrap_or(0);
    let [red, green, blue]: [u8; 3] = color.map(level);
    let cube = (16 + 36 * red + 6 * green + blue, [red, green, blue].map(|level| LEVELS[usize::from(level)]));
    let grays = (0..24).map(|gray| (232 + gray, [8 + 10 * gray; 3]));
    std::iter::once(cube)
        .chain(grays)
        .min_by_key(|(_, other)| distance(*other))
        .map_or(16, |(index, _)| index)
}

/// A letter as dense as the pixels of its cell are dark.
fn shade(pixels: [Option<Pixel<u8>>; 2]) -> char {
    const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];
    let light = |Pixel([red, green, blue]): Pixel<u8>| {
        (299 * usize::from(red) + 587 * usize::from(green) + 114 * usize::from(blue)) / 1000
    };
    let lights: usize = pixels.into_iter().map(|pixel| pixel.map_or(255, light)).sum();
    SHADES[(510 - lights) * SHADES.len() / 511]
}

/// A PNG in pieces of 4096 letters, which is what the protocol allows.
fn kitty(png: &[u8], cells: u32) -> String {
    let encoded = BASE64.encode(png);
    let pieces: Vec<&str> =
        encoded.as_bytes().chunks(4096).map(|piece| str::from_utf8(piece).unwrap_or("")).collect();
    let mut text = String::new();
    for (index, piece) in pieces.iter().enumerate() {
        let first = if index == 0 { format!("a=T,f=100,q=2,c={cells},") } else { String::new() };
        let more = u8::from(index + 1 < pieces.len());
        // Writing to a string does not fail.
        let _ = write!(text, "\x1b_G{first}m={more};{piece}\x1b\\");
    }
    text + "\n"
}

fn iterm(png: &[u8], cells: u32) -> String {
    let (size, encoded) = (png.len(), BASE64.encode(png));
    format!("\x1b]1337;File=inline=1;size={size};width={cells};preserveAspectRatio=1:{encoded}\x07\n")
}

/// Bands of six rows; in each, every colour of the palette that it has draws its pixels from left to right.
fn sixel(image: &RgbImage) -> String {
    let Indexed { palette, indices } = Indexed::of(image, 256);
    let (width, height) = image.dimensions();
    let mut text = format!("\x1bP0;1q\"1;1;{width};{height}");
    for (index, color) in palette.iter().enumerate() {
        let [red, green, blue] = color.map(|value| (u16::from(value) * 100 + 127) / 255);
        let _ = write!(text, "#{index};2;{red};{green};{blue}");
    }
    let width = width as usize;
    for band in indices.chunks(width * 6) {
        let mut present = [false; 256];
        band.iter().for_each(|&index| present[usize::from(index)] = true);
        for (index, _) in present.iter().enumerate().filter(|(_, present)| **present) {
            let bits = |column: usize| -> u8 {
                let rows = band[column..].iter().step_by(width).enumerate();
                rows.map(|(row, &found)| u8::from(usize::from(found) == index) << row).sum()
            };
            let _ = write!(text, "#{index}");
            runs((0..width).map(bits), &mut text);
            text.push('$');
        }
        text.push('-');
    }
    text + "\x1b\\\n"
}

/// Six bits a letter, from `?` on; what repeats four times or more is written once.
fn runs(bits: impl Iterator<Item = u8>, text: &mut String) {
    let bits: Vec<u8> = bits.collect();
    for run in bits.chunk_by(PartialEq::eq) {
        let letter = char::from(b'?' + run[0]);
        match run.len() {
            short @ ..4 => text.extend(std::iter::repeat_n(letter, short)),
            long => _ = write!(text, "!{long}{letter}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 3] = [255, 0, 0];
    const WHITE: [u8; 3] = [255; 3];

    /// Red above white on the left, white above red on the right.
    fn cross() -> RgbImage {
        RgbImage::from_raw(2, 2, [RED, WHITE, WHITE, RED].concat()).expect("four pixels")
    }

    fn text(image: &RgbImage, graphics: Graphics, columns: usize) -> String {
        String::from_utf8(show(image, graphics, columns).expect("a drawing")).expect("text")
    }

    #[test]
    fn four_pixels_are_two_cells() {
        let expected =
            "\x1b[38;2;255;0;0m\x1b[48;2;255;255;255m▀\x1b[38;2;255;255;255m\x1b[48;2;255;0;0m▀\x1b[0m\n";
        assert_eq!(text(&cross(), Graphics::HalfBlocks(Ink::TrueColor), 80), expected);
        let expected = "\x1b[38;5;196m\x1b[48;5;231m▀\x1b[38;5;231m\x1b[48;5;196m▀\x1b[0m\n";
        assert_eq!(text(&cross(), Graphics::HalfBlocks(Ink::Indexed), 80), expected);
        assert_eq!(text(&cross(), Graphics::HalfBlocks(Ink::Plain), 80), "░░\n");
    }

    #[test]
    fn below_an_odd_row_is_the_ground_of_the_terminal() {
        let image = RgbImage::from_pixel(2, 1, Pixel(RED));
        let expected = "\x1b[38;2;255;0;0m▀▀\x1b[0m\n";
        assert_eq!(text(&image, Graphics::HalfBlocks(Ink::TrueColor), 80), expected);
    }

    #[test]
    fn colours_of_the_cube_and_greys_are_found_again() {
        for (color, index) in
            [([0, 95, 255], 27), ([8; 3], 232), ([238; 3], 255), ([0; 3], 16), ([255; 3], 231)]
        {
            assert_eq!(nearest(color), index, "{color:?}");
        }
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let image = RgbImage::from_fn(300, 200, |x, y| Pixel([x as u8, y as u8, 0]));
        for columns in [1, 7, 80, 300, 1000] {
            let blocks = text(&image, Graphics::HalfBlocks(Ink::TrueColor), columns);
            let widths = blocks.lines().map(|line| line.matches('▀').count());
            assert!(widths.clone().all(|width| width == columns.min(300)), "{columns}: {blocks}");
            let cells = columns.min(300_usize.div_ceil(8));
            assert!(text(&image, Graphics::Kitty, columns).contains(&format!(",c={cells},")));
            assert!(text(&image, Graphics::Iterm, columns).contains(&format!(";width={cells};")));
            let width = (columns * 8).min(300);
            assert!(text(&image, Graphics::Sixel, columns).contains(&format!("\"1;1;{width};")));
        }
        assert!(show(&image, Graphics::Kitty, 0).is_err());
    }

    #[test]
    fn sixels_are_bands_of_colours() {
        let expected = "\x1bP0;1q\"1;1;2;2#0;2;100;0;0#1;2;100;100;100#0@A$#1A@$-\x1b\\\n";
        assert_eq!(text(&cross(), Graphics::Sixel, 80), expected);
        let tall = RgbImage::from_pixel(5, 7, Pixel(RED));
        assert_eq!(text(&tall, Graphics::Sixel, 80), "\x1bP0;1q\"1;1;5;7#0;2;100;0;0#0!5~$-#0!5@$-\x1b\\\n");
    }

    #[test]
    fn protocols_carry_the_file_whole() {
        let noisy =
            RgbImage::from_fn(90, 90, |x, y| Pixel([(x * y) as u8, (x * 7 + y * 31) as u8, (x ^ y) as u8]));
        let png = encode_png(&noisy).expect("a PNG");
        let kitty = text(&noisy, Graphics::Kitty, 80);
        let pieces: Vec<(&str, &str)> = kitty
            .trim_end()
            .split_terminator("\x1b\\")
            .filter_map(|piece| piece.strip_prefix("\x1b_G")?.split_once(';'))
            .collect();
        assert!(pieces.len() > 2 && pieces.iter().all(|(_, piece)| piece.len() <= 4096));
        let (last, others) = pieces.split_last().expect("pieces");
        assert!(last.0 == "m=0" && others.iter().all(|(keys, _)| keys.ends_with("m=1")));
        assert_eq!(
            BASE64.decode(pieces.iter().map(|(_, piece)| *piece).collect::<String>()),
            Ok(png.clone())
        );
        let iterm = text(&noisy, Graphics::Iterm, 80);
        let encoded = iterm.split_once(':').expect("a colon").1.trim_end_matches(['\x07', '\n']);
        assert_eq!(BASE64.decode(encoded), Ok(png));
    }
}
