//! Texts whose words are coloured by their relevance: for terminals, for pages, and for neither.

use std::ops::Range;

use crate::colormap::Colormap;
use crate::picture::Rgb;

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
        let ([r, g, b], [ink, ..]) = colors(relevance, scale, colormap);
        format!("\x1b[48;2;{r};{g};{b};38;2;{ink};{ink};{ink}m{text}\x1b[0m")
    };
    words.iter().map(piece).collect()
}

/// The same as a fragment of HTML, a `span` a word with its relevance as the title; all else is escaped. Texts that are
/// compared share a `scale`, the relevance at an end of the map.
pub fn html_words(words: &[Word<'_>], colormap: &Colormap, scale: Option<f64>) -> String {
    let scale = scale.unwrap_or_else(|| self::scale(words));
    let hex = |[r, g, b]: [u8; 3]| format!("#{r:02x}{g:02x}{b:02x}");
    let piece = |word: &Word<'_>| {
        let text = escaped(word.text);
        let Some(relevance) = word.relevance else { return text };
        let (ground, ink) = colors(relevance, scale, colormap);
        let (ground, ink) = (hex(ground), hex(ink));
        format!("<span style=\"background:{ground};color:{ink}\" title=\"{relevance:+.3}\">{text}</span>")
    };
    words.iter().map(piece).collect()
}

fn scale(words: &[Word<'_>]) -> f64 {
    words.iter().filter_map(|word| word.relevance).fold(0.0, |scale, relevance| relevance.abs().max(scale))
}

/// The ground of a word, and black or white for its letters, whichever is read better there.
fn colors(relevance: f64, scale: f64, colormap: &Colormap) -> ([u8; 3], [u8; 3]) {
    let position = if scale > 0.0 { relevance / scale } else { 0.0 };
    let ground = colormap.at_signed(position);
    let ink = if luminance(ground) > READABLE { [0; 3] } else { [255; 3] };
    (ground.map(|part| (part.clamp(0.0, 1.0) * 255.0).round() as u8), ink)
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
