//! Letters on pictures, in a bundled typeface.

use ab_glyph::{Font, FontRef, Glyph, GlyphId, PxScale, PxScaleFont, ScaleFont, point};

use crate::error::{Error, ErrorKind};
use crate::picture::{Picture, Rgb};

/// The bundled fonts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Typeface {
    /// Ubuntu Light, for labels.
    #[default]
    Sans,
    /// Hack, in which all letters have one width.
    Mono,
}

/// How text looks; the default is dark grey, 15 pixels high, without serifs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextStyle {
    /// Height of a line in pixels, from the ascent to the descent of the font; above 0, at most 512.
    pub size: f64,
    /// The ink.
    pub color: Rgb,
    /// The font.
    pub typeface: Typeface,
}

impl Default for TextStyle {
    fn default() -> Self {
        TextStyle { size: 15.0, color: [0.13; 3], typeface: Typeface::Sans }
    }
}

/// Where something lies with respect to a place or within a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// It begins there: left or top.
    Start,
    /// It is centred there.
    #[default]
    Center,
    /// It ends there: right or bottom.
    End,
}

impl Align {
    /// Offset of something of length `inner` in a room of length `outer`.
    pub(crate) fn offset(self, inner: f64, outer: f64) -> f64 {
        let fraction = match self {
            Align::Start => 0.0,
            Align::Center => 0.5,
            Align::End => 1.0,
        };
        fraction * (outer - inner)
    }
}

/// The place of a text: a point of the picture, and how the text lies about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The point, in pixels from the top; may lie outside the picture.
    pub row: f64,
    /// The point, in pixels from the left.
    pub column: f64,
    /// The block of lines with respect to the row.
    pub vertical: Align,
    /// Each line with respect to the column.
    pub horizontal: Align,
}

/// The room a text takes, in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Extent {
    /// All lines together.
    pub height: f64,
    /// The widest line.
    pub width: f64,
}

/// Draws text with smooth edges; line breaks begin new lines, and what sticks out of the picture is cut off.
///
/// A letter that the typeface lacks comes from the other one; one that both lack is drawn as an empty box.
///
/// # Errors
/// A style or place that is not finite or out of range.
///
/// ```
/// use lrp_render::{Align, Picture, Place, TextStyle, WHITE, draw_text};
///
/// let mut picture = Picture::filled(20, 60, WHITE)?;
/// let middle = Place { row: 10.0, column: 30.0, vertical: Align::Center, horizontal: Align::Center };
/// draw_text(&mut picture, "seven", middle, &TextStyle::default())?;
/// assert!(picture.pixels().iter().any(|&value| value < 0.5));
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn draw_text(picture: &mut Picture, text: &str, place: Place, style: &TextStyle) -> Result<(), Error> {
    if !(place.row.abs() <= FARTHEST && place.column.abs() <= FARTHEST) {
        let found = format_args!("({}, {})", place.row, place.column);
        return Err(Error::option("place of text", found, "rows and columns within ten million pixels"));
    }
    let fonts = fonts(style)?;
    let mut top = place.row + place.vertical.offset(extent(&fonts, text).height, 0.0);
    for line in text.lines() {
        let left = place.column + place.horizontal.offset(line_width(&fonts, line), 0.0);
        draw_line(picture, &fonts, line, [top, left], style.color);
        top += line_height(&fonts);
    }
    Ok(())
}

/// The room a text takes when drawn in a style.
///
/// # Errors
/// A style out of range.
///
/// ```
/// use lrp_render::{TextStyle, measure_text};
///
/// let style = TextStyle::default();
/// assert!(measure_text("relevance", &style)?.width > measure_text("rel", &style)?.width);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn measure_text(text: &str, style: &TextStyle) -> Result<Extent, Error> {
    Ok(extent(&fonts(style)?, text))
}

/// Beyond this a place is a mistake, and single precision no longer tells pixels apart.
const FARTHEST: f64 = 1e7;

/// The chosen font, and the other one for letters that the first lacks, such as the plus of `z⁺`.
type Fonts = [PxScaleFont<FontRef<'static>>; 2];

fn fonts(style: &TextStyle) -> Result<Fonts, Error> {
    if !(style.size > 0.0 && style.size <= 512.0) {
        return Err(Error::option("text size", style.size, "a number above 0, at most 512"));
    }
    let sans = font(epaint_default_fonts::UBUNTU_LIGHT, style.size)?;
    let mono = font(epaint_default_fonts::HACK_REGULAR, style.size)?;
    Ok(match style.typeface {
        Typeface::Sans => [sans, mono],
        Typeface::Mono => [mono, sans],
    })
}

fn font(bytes: &'static [u8], size: f64) -> Result<PxScaleFont<FontRef<'static>>, Error> {
    match FontRef::try_from_slice(bytes) {
        Ok(font) => Ok(font.into_scaled(PxScale::from(size as f32))),
        Err(error) => Err(ErrorKind::Library { what: "reading font", reason: error.to_string() }.into()),
    }
}

fn extent(fonts: &Fonts, text: &str) -> Extent {
    let width = text.lines().map(|line| line_width(fonts, line)).fold(0.0, f64::max);
    Extent { height: text.lines().count() as f64 * line_height(fonts), width }
}

fn line_height([font, _]: &Fonts) -> f64 {
    f64::from(font.height() + font.line_gap())
}

fn line_width(fonts: &Fonts, line: &str) -> f64 {
    let end = |(font, glyph): (usize, Glyph)| glyph.position.x + fonts[font].h_advance(glyph.id);
    glyphs(fonts, line).last().map_or(0.0, |glyph| f64::from(end(glyph)))
}

/// The glyphs of a line side by side from column 0, each with the index of its font.
fn glyphs<'a>(fonts: &'a Fonts, line: &'a str) -> impl Iterator<Item = (usize, Glyph)> + 'a {
    let mut column = 0.0;
    let mut previous = None;
    line.chars().map(move |letter| {
        let index = fonts.iter().position(|font| font.glyph_id(letter) != GlyphId(0)).unwrap_or(0);
        let font = &fonts[index];
        let mut glyph = font.scaled_glyph(letter);
        if let Some((before, id)) = previous.replace((index, glyph.id))
            && before == index
        {
            column += font.kern(id, glyph.id);
        }
        glyph.position = point(column, 0.0);
        column += font.h_advance(glyph.id);
        (index, glyph)
    })
}

fn draw_line(picture: &mut Picture, fonts: &Fonts, line: &str, [top, left]: [f64; 2], color: Rgb) {
    // A baseline between two rows would blur every letter.
    let baseline = (top + f64::from(fonts[0].ascent())).round();
    for (font, mut glyph) in glyphs(fonts, line) {
        glyph.position.x += left as f32;
        glyph.position.y = baseline as f32;
        let Some(outlined) = fonts[font].outline_glyph(glyph) else { continue };
        let bounds = outlined.px_bounds();
        outlined.draw(|x, y, coverage| {
            let (row, column) = (bounds.min.y as i64 + i64::from(y), bounds.min.x as i64 + i64::from(x));
            if let (Ok(row), Ok(column)) = (usize::try_from(row), usize::try_from(column)) {
                picture.blend(row, column, color, f64::from(coverage));
            }
        });
    }
}
