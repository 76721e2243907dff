//! Texts whose words are coloured by their relevance: for terminals, for pages, as pictures, and for none of these.

use std::ops::Range;

use crate::colormap::Colormap;
use crate::error::Error;
use crate::picture::{BLACK, Picture, Rgb, WHITE};
use crate::text::{Align, Place, TextStyle, draw_text, measure_text};

/// A piece of a text: a word with its relevance, or what stands between words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Word<'t> {
    /// The letters.
    pub text: &'t str,
    /// What the word is worth, if it is one.
    pub relevance: Option<f64>,
}

/// A text in pieces; `marked` are the bytes of words in order, each with its relevance.
///
/// Together the pieces are the text. A range that is not within it, or begins before the last one ended, is passed over.
///
/// ```
/// use lrp_render::{colormap, html_words, plain_words, words};
///
/// let text = words("A joy, <not> a bore", [(2..5, 2.0), (8..11, -1.0)]);
/// assert_eq!(plain_words(&text), "A joy(+2.00), <not(-1.00)> a bore");
/// assert!(html_words(&text, &colormap("bwr")?, None).starts_with(
///     "A <span style=\"background:#ff0000;color:#000000\" title=\"+2.000\">joy</span>, &lt;"
/// ));
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn words<'t>(text: &'t str, marked: impl IntoIterator<Item = (Range<usize>, f64)>) -> Vec<Word<'t>> {
    let mut pieces = Vec::new();
    let mut from = 0;
    let mut push = |text: &'t str, relevance| {
        if !text.is_empty() {
            pieces.push(Word { text, relevance });
        }
    };
    for (range, relevance) in marked {
        let (Some(between), Some(word)) = (text.get(from..range.start), text.get(range.clone())) else {
            continue;
        };
        push(between, None);
        push(word, Some(relevance));
        from = range.end;
    }
    push(&text[from..], None);
    pieces
}

/// Words with their relevance behind them in parentheses, in one line.
pub fn plain_words(words: &[Word<'_>]) -> String {
    let piece = |word: &Word<'_>| match word.relevance {
        Some(relevance) => format!("{}({relevance:+.2})", printable(word.text)),
        None => printable(word.text),
    };
    words.iter().map(piece).collect()
}

/// Words on the colours of a map, in one line for a terminal of 24 bits; the largest relevance is at an end of the map.
pub fn ansi_words(words: &[Word<'_>], colormap: &Colormap) -> String {
    let scale = scale(words);
    let piece = |word: &Word<'_>| {
        let text = printable(word.text);
        let Some(relevance) = word.relevance else { return text };
        let (ground, ink) = colors(relevance, scale, colormap);
        let ([r, g, b], [ink, ..]) = (bytes(ground), bytes(ink));
        format!("\x1b[48;2;{r};{g};{b};38;2;{ink};{ink};{ink}m{text}\x1b[0m")
    };
    words.iter().map(piece).collect()
}

/// The same as a fragment of HTML, a `span` a word with its relevance as the title; all else is escaped. Texts that are
/// compared share a `scale`, the relevance at an end of the map.
pub fn html_words(words: &[Word<'_>], colormap: &Colormap, scale: Option<f64>) -> String {
    let scale = scale.unwrap_or_else(|| self::scale(words));
    let hex = |color: Rgb| {
        let [r, g, b] = bytes(color);
        format!("#{r:02x}{g:02x}{b:02x}")
    };
    let piece = |word: &Word<'_>| {
        let text = escaped(word.text);
        let Some(relevance) = word.relevance else { return text };
        let (ground, ink) = colors(relevance, scale, colormap);
        let (ground, ink) = (hex(ground), hex(ink));
        format!("<span style=\"background:{ground};color:{ink}\" title=\"{relevance:+.3}\">{text}</span>")
    };
    words.iter().map(piece).collect()
}

/// How [`draw_words`] sets a text.
#[derive(Debug, Clone)]
pub struct WordsOptions {
    /// Width of the picture in pixels; lines end before it, but a word that is wider is cut off.
    pub width: usize,
    /// The colours of relevance.
    pub colormap: Colormap,
    /// The relevance at an end of the map; if there is none, the largest of the text.
    pub scale: Option<f64>,
    /// The letters, and the ink of those that have no relevance.
    pub text: TextStyle,
}

/// Pixels around the text.
const MARGIN: f64 = 8.0;

/// Pixels of its colour on both sides of a word.
const SIDES: f64 = 3.0;

/// Pixels between the grounds of two lines.
const LEADING: f64 = 4.0;

/// The same as a picture, its lines broken where there are spaces.
///
/// # Errors
/// A style out of range, or a picture too large.
///
/// ```
/// use lrp_render::{TextStyle, WordsOptions, colormap, draw_words, words};
///
/// let text = words("A joy, not a bore", [(2..5, 2.0), (13..17, -1.0)]);
/// let colormap = colormap("bwr")?;
/// let options = WordsOptions { width: 200, colormap, scale: None, text: TextStyle::default() };
/// let picture = draw_words(&text, &options)?;
/// assert!(picture.pixels().outer_iter().any(|row| row.outer_iter().any(|color| color.to_vec() == [1.0, 0.0, 0.0])));
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn draw_words(words: &[Word<'_>], options: &WordsOptions) -> Result<Picture, Error> {
    let scale = options.scale.unwrap_or_else(|| scale(words));
    let (runs, height) = (set(words, options)?, measure_text("x", &options.text)?.height.ceil());
    let top = |line: usize| MARGIN + line as f64 * (height + LEADING);
    let bottom = top(runs.last().map_or(0, |run| run.line)) + height + MARGIN;
    let mut picture = Picture::filled(bottom as usize, options.width, WHITE)?;
    for run in runs {
        let (row, column) = (top(run.line), run.left.round());
        let mut style = options.text;
        if let Some(relevance) = run.relevance {
            let (ground, ink) = colors(relevance, scale, &options.colormap);
            let ground = Picture::filled(height as usize, run.width.ceil() as usize, ground)?;
            picture.paste(&ground, row as usize, column as usize);
            style.color = ink;
        }
        let place =
            Place { row, column: column + run.sides(), vertical: Align::Start, horizontal: Align::Start };
        draw_text(&mut picture, &run.letters, place, &style)?;
    }
    Ok(picture)
}

/// Letters on one ground, and their place.
struct Run {
    letters: String,
    relevance: Option<f64>,
    /// Whether a space stands before it, where a line may end.
    spaced: bool,
    line: usize,
    left: f64,
    width: f64,
}

impl Run {
    fn new(letters: &str, relevance: Option<f64>, spaced: bool, style: &TextStyle) -> Result<Self, Error> {
        let letters = printable(letters);
        let width = measure_text(&letters, style)?.width;
        let mut run = Self { letters, relevance, spaced, line: 0, left: 0.0, width };
        run.width += 2.0 * run.sides();
        Ok(run)
    }

    /// Pixels of its ground on either side.
    fn sides(&self) -> f64 {
        if self.relevance.is_some() { SIDES } else { 0.0 }
    }
}

/// A text in runs, each at its place: lines take as many as there is room for.
fn set(words: &[Word<'_>], options: &WordsOptions) -> Result<Vec<Run>, Error> {
    let mut runs = runs(words, &options.text)?;
    // A space that ends a line is not measured.
    let space = measure_text("n n", &options.text)?.width - measure_text("nn", &options.text)?.width;
    let right = options.width as f64 - MARGIN;
    let (mut line, mut end) = (0, MARGIN);
    for group in runs.chunk_by_mut(|_, next| !next.spaced) {
        if end > MARGIN {
            end += space;
            if end + group.iter().map(|run| run.width).sum::<f64>() > right {
                (line, end) = (line + 1, MARGIN);
            }
        }
        for run in group {
            (run.line, run.left) = (line, end);
            end += run.width;
        }
    }
    Ok(runs)
}

/// Words as they are, whatever is in them, and what stands between them without its spaces.
fn runs(words: &[Word<'_>], style: &TextStyle) -> Result<Vec<Run>, Error> {
    let (mut runs, mut spaced) = (Vec::new(), false);
    for word in words {
        let parts: Vec<&str> = match word.relevance {
            Some(_) => vec![word.text],
            None => word.text.split(char::is_whitespace).collect(),
        };
        for (index, part) in parts.into_iter().enumerate() {
            spaced |= index > 0;
            if !part.is_empty() {
                runs.push(Run::new(part, word.relevance, std::mem::take(&mut spaced), style)?);
            }
        }
    }
    Ok(runs)
}

fn scale(words: &[Word<'_>]) -> f64 {
    words.iter().filter_map(|word| word.relevance).fold(0.0, |scale, relevance| relevance.abs().max(scale))
}

/// The ground of a word, and black or white for its letters, whichever is read better there.
fn colors(relevance: f64, scale: f64, colormap: &Colormap) -> (Rgb, Rgb) {
    let position = if scale > 0.0 { relevance / scale } else { 0.0 };
    let ground = colormap.at_signed(position);
    (ground, if luminance(ground) > READABLE { BLACK } else { WHITE })
}

fn bytes(color: Rgb) -> [u8; 3] {
    color.map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8)
}

/// Where black and white are read equally well: `(L + 0.05)² = 1.05 · 0.05`.
const READABLE: f64 = 0.179;

/// Relative luminance, as the Web's guidelines on contrast define it.
fn luminance(color: Rgb) -> f64 {
    let linear = |part: f64| if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) };
    let [red, green, blue] = color.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// A text that cannot steer a terminal, and has one line.
fn printable(text: &str) -> String {
    text.replace(char::is_control, " ")
}

fn escaped(text: &str) -> String {
    let letter = |letter: char| match letter {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        '\'' => "&#39;".to_owned(),
        other => other.to_string(),
    };
    text.chars().map(letter).collect()
}
