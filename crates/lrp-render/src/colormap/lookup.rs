//! How a position becomes a colour: 256 entries and the arithmetic that picks one.

use super::table::{COLORMAPS, Source};
use crate::picture::Rgb;

const ENTRIES: usize = 256;

/// The lookup table of a row: entry `k` of `n` at position `k / (n - 1)`, values clamped to `[0, 1]`.
pub(super) fn entries(source: Source) -> Vec<Rgb> {
    let entries = match source {
        Source::Stops(text) => interpolate(&stops(text)),
        Source::Channels(text) => interpolate(&channels(text)),
        Source::Swatches(text) => swatches(text),
        Source::Entries(text) => rows(text),
        Source::Rotated(text) => rotated(rows(text)),
        Source::Formula(formula) => (0..ENTRIES).map(|k| formula(position(k, ENTRIES))).collect(),
        Source::Gradient(gradient) => (0..ENTRIES)
            .map(|k| gradient.eval_rational(k, ENTRIES).into_array().map(|byte| f64::from(byte) / 255.0))
            .collect(),
        Source::Alias(name) => {
            let target = COLORMAPS.iter().find(|entry| entry.name == name);
            target.map(|entry| self::entries(entry.source)).unwrap_or_default()
        }
        Source::Toolbox(map) => (0..ENTRIES).map(|k| (map.color)(2.0 * position(k, ENTRIES) - 1.0)).collect(),
    };
    entries.into_iter().map(|color| color.map(|value| value.clamp(0.0, 1.0))).collect()
}

/// A breakpoint of one channel. `below` and `above` are its values seen from either side; they differ at a
/// jump.
#[derive(Debug, Clone, Copy)]
struct Breakpoint {
    position: f64,
    below: f64,
    above: f64,
}

fn interpolate(channels: &[Vec<Breakpoint>; 3]) -> Vec<Rgb> {
    (0..ENTRIES).map(|k| std::array::from_fn(|channel| value_at(&channels[channel], k))).collect()
}

/// Linear interpolation at entry `k`, in matplotlib's order of operations: the pictures are truncated to
/// bytes, so the last bit counts.
fn value_at(channel: &[Breakpoint], k: usize) -> f64 {
    let last = (ENTRIES - 1) as f64;
    let x = last * position(k, ENTRIES);
    let right = channel.iter().position(|point| point.position * last >= x).unwrap_or(channel.len() - 1);
    if k == 0 || right == 0 {
        return channel[0].above;
    }
    if k == ENTRIES - 1 {
        return channel[channel.len() - 1].below;
    }
    let (from, to) = (channel[right - 1], channel[right]);
    let (x_from, x_to) = (from.position * last, to.position * last);
    (x - x_from) / (x_to - x_from) * (to.below - from.above) + from.above
}

fn position(k: usize, count: usize) -> f64 {
    if k + 1 == count { 1.0 } else { k as f64 * (1.0 / (count - 1) as f64) }
}

/// Evenly spaced colours as six hexadecimal digits each.
fn stops(text: &str) -> [Vec<Breakpoint>; 3] {
    let colors = swatches(text);
    std::array::from_fn(|channel| {
        let point = |(k, color): (usize, &Rgb)| Breakpoint {
            position: position(k, colors.len()),
            below: color[channel],
            above: color[channel],
        };
        colors.iter().enumerate().map(point).collect()
    })
}

/// Breakpoints `position:value` of red, green and blue, the channels separated by semicolons; a jump is
/// written `position:below|above`.
fn channels(text: &str) -> [Vec<Breakpoint>; 3] {
    let text = without_notes(text);
    let mut channels = text.split(';').map(|channel| channel.split_whitespace().map(breakpoint).collect());
    std::array::from_fn(|_| channels.next().unwrap_or_default())
}

fn breakpoint(text: &str) -> Breakpoint {
    let (position, values) = text.split_once(':').unwrap_or((text, text));
    let (below, above) = values.split_once('|').unwrap_or((values, values));
    Breakpoint { position: number(position), below: number(below), above: number(above) }
}

fn swatches(text: &str) -> Vec<Rgb> {
    let byte = |text: &str, at: usize| text.get(at..at + 2).and_then(|hex| u8::from_str_radix(hex, 16).ok());
    text.split_whitespace()
        .map(|color| [0, 2, 4].map(|at| byte(color, at).map_or(f64::NAN, |byte| f64::from(byte) / 255.0)))
        .collect()
}

/// Rows "red green blue", one per entry of the table.
fn rows(text: &str) -> Vec<Rgb> {
    let values: Vec<f64> = without_notes(text).split_whitespace().map(number).collect();
    values.as_chunks::<3>().0.to_vec()
}

/// The second half before the first, and the whole backwards.
fn rotated(mut entries: Vec<Rgb>) -> Vec<Rgb> {
    let half = entries.len() / 2;
    entries.rotate_left(half);
    entries.reverse();
    entries
}

fn without_notes(text: &str) -> String {
    text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join(" ")
}

/// The texts are part of this crate and a test reads every row, so a slip shows there as NaN.
fn number(text: &str) -> f64 {
    text.parse().unwrap_or(f64::NAN)
}
