//! Colour bars: a strip of the map with the numbers at its ends.

use crate::colormap::Colormap;
use crate::error::Error;
use crate::heatmap::built_in;
use crate::picture::{Picture, Rgb, WHITE};
use crate::text::{Align, Extent, Place, TextStyle, draw_text, measure_text};

/// The values at the ends of a colour bar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Span {
    /// From `-scale` to `scale`, as painted by the symmetric normalisations; a scale of 0, that of heatmaps
    /// without relevance, marks the middle only.
    Symmetric(f64),
    /// The ends of the map at these values, as painted without normalisation.
    Between {
        /// The value of the first colour.
        low: f64,
        /// The value of the last colour.
        high: f64,
    },
}

/// The direction of a colour bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// Upright, the largest value on top, numbers to the right.
    #[default]
    Vertical,
    /// Lying, the largest value on the right, numbers below.
    Horizontal,
}

/// A colour bar with numbers: what [`color_bar`] draws.
#[derive(Debug, Clone)]
pub struct ColorBar {
    /// The colours.
    pub colormap: Colormap,
    /// The values at the ends.
    pub span: Span,
    /// The direction.
    pub orientation: Orientation,
    /// Pixels from end to end, at least 2.
    pub length: usize,
    /// Pixels across, at least 1.
    pub thickness: usize,
    /// The colour of everything else.
    pub background: Rgb,
    /// The look of the numbers; frame and ticks have its colour.
    pub text: TextStyle,
}

impl Default for ColorBar {
    fn default() -> Self {
        ColorBar {
            colormap: built_in("jet"),
            span: Span::Symmetric(1.0),
            orientation: Orientation::Vertical,
            length: 200,
            thickness: 14,
            background: WHITE,
            text: TextStyle::default(),
        }
    }
}

/// Draws a colour bar with the numbers of its ends, and of zero where it lies between them.
///
/// The picture holds the bar, its ticks and its numbers, no margin. The number of zero is left out where it
/// would touch another.
///
/// # Errors
/// A span that is empty or not finite, a length or thickness too small, a picture that is too large, a text
/// style out of range.
///
/// ```
/// use lrp_render::{ColorBar, Span, color_bar, colormap};
///
/// let bar = ColorBar { colormap: colormap("bwr")?, span: Span::Symmetric(0.3), ..ColorBar::default() };
/// assert!(color_bar(&bar)?.height() > 200);
/// # Ok::<(), lrp_render::Error>(())
/// ```
pub fn color_bar(bar: &ColorBar) -> Result<Picture, Error> {
    let [low, high] = ends(bar)?;
    let ticks = ticks(low, high);
    let extents =
        ticks.iter().map(|tick| measure_text(&tick.label, &bar.text)).collect::<Result<Vec<_>, _>>()?;
    let frame = Frame::of(bar, &extents);
    let mut picture = Picture::filled(frame.size[0], frame.size[1], bar.background)?;
    draw_band(&mut picture, bar, &frame);
    for (index, tick) in ticks.iter().enumerate() {
        let distance = |end: usize| (ticks[end].fraction - tick.fraction).abs() * (bar.length - 1) as f64;
        let room = |end: usize| (frame.room(extents[index]) + frame.room(extents[end])) / 2.0;
        let last = ticks.len() - 1;
        if index == 0 || index == last || [0, last].into_iter().all(|end| distance(end) >= room(end)) {
            draw_tick(&mut picture, bar, &frame, tick)?;
        }
    }
    Ok(picture)
}

fn draw_band(picture: &mut Picture, bar: &ColorBar, frame: &Frame) {
    for along in 0..bar.length {
        let color = bar.colormap.at((along as f64 + 0.5) / bar.length as f64);
        for across in 0..bar.thickness {
            let edge = along == 0 || along + 1 == bar.length || across == 0 || across + 1 == bar.thickness;
            frame.dot(picture, [along, across], color, 1.0);
            frame.dot(picture, [along, across], bar.text.color, if edge { FRAME_INK } else { 0.0 });
        }
    }
}

fn draw_tick(picture: &mut Picture, bar: &ColorBar, frame: &Frame, tick: &Tick) -> Result<(), Error> {
    let along = tick.fraction * (bar.length - 1) as f64;
    for step in 0..TICK {
        let at = [along.round() as usize, bar.thickness + step];
        frame.dot(picture, at, bar.text.color, TICK_INK);
    }
    draw_text(picture, &tick.label, frame.place(along), &bar.text)
}

/// Length of a tick.
const TICK: usize = 4;
/// Pixels between a tick and its number.
const TEXT_GAP: usize = 3;
/// Frame and ticks are lighter than the numbers.
const FRAME_INK: f64 = 0.55;
const TICK_INK: f64 = 0.75;

fn ends(bar: &ColorBar) -> Result<[f64; 2], Error> {
    let ([low, high], allowed) = match bar.span {
        Span::Symmetric(scale) => ([-scale, scale], scale >= 0.0),
        Span::Between { low, high } => ([low, high], low < high),
    };
    if !(allowed && low.is_finite() && high.is_finite()) {
        let found = format_args!("{low} to {high}");
        return Err(Error::option("span of colour bar", found, "finite ends, low below high"));
    }
    if bar.length < 2 {
        return Err(Error::option("length of colour bar", bar.length, "at least 2"));
    }
    if bar.thickness == 0 {
        return Err(Error::option("thickness of colour bar", bar.thickness, "at least 1"));
    }
    Ok([low, high])
}

/// A marked value; `fraction` is its way from the low end to the high one.
struct Tick {
    fraction: f64,
    label: String,
}

fn ticks(low: f64, high: f64) -> Vec<Tick> {
    let tick = |fraction, value| Tick { fraction, label: short_number(value) };
    if low == high {
        return vec![tick(0.5, low)];
    }
    // Halves, because the difference of two large ends may overflow.
    let zero = (low < 0.0 && high > 0.0).then(|| tick((0.0 - low / 2.0) / (high / 2.0 - low / 2.0), 0.0));
    [Some(tick(0.0, low)), zero, Some(tick(1.0, high))].into_iter().flatten().collect()
}

/// Three significant digits, with a true minus sign; very small and very large numbers with an exponent.
fn short_number(value: f64) -> String {
    let size = value.abs();
    let text = if value == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        let decimals = (2.0 - size.log10().floor()).max(0.0) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        format!("{value:.1e}")
    };
    text.replace('-', "\u{2212}")
}

/// Turns positions along and across the bar into rows and columns.
struct Frame {
    orientation: Orientation,
    length: usize,
    /// Pixels in front of the low and the high end, so that the numbers there have room.
    overhang: usize,
    /// Where the numbers begin, across the bar.
    text: usize,
    /// Height and width of the picture.
    size: [usize; 2],
}

impl Frame {
    fn of(bar: &ColorBar, extents: &[Extent]) -> Frame {
        let largest = |side: fn(&Extent) -> f64| extents.iter().map(side).fold(0.0, f64::max);
        let (height, width) = (largest(|extent| extent.height), largest(|extent| extent.width));
        let (along, across) = match bar.orientation {
            Orientation::Vertical => (height, width),
            Orientation::Horizontal => (width, height),
        };
        let overhang = (along / 2.0).ceil() as usize;
        let text = bar.thickness.saturating_add(TICK + TEXT_GAP);
        let (long, short) =
            (bar.length.saturating_add(2 * overhang), text.saturating_add(across.ceil() as usize));
        let size = match bar.orientation {
            Orientation::Vertical => [long, short],
            Orientation::Horizontal => [short, long],
        };
        Frame { orientation: bar.orientation, length: bar.length, overhang, text, size }
    }

    /// The length of a number along the bar.
    fn room(&self, extent: Extent) -> f64 {
        match self.orientation {
            Orientation::Vertical => extent.height,
            Orientation::Horizontal => extent.width,
        }
    }

    fn dot(&self, picture: &mut Picture, [along, across]: [usize; 2], color: Rgb, ink: f64) {
        let (row, column) = match self.orientation {
            Orientation::Vertical => (self.overhang + self.length - 1 - along, across),
            Orientation::Horizontal => (across, self.overhang + along),
        };
        picture.blend(row, column, color, ink);
    }

    /// The place of a number `along` pixels from the low end.
    fn place(&self, along: f64) -> Place {
        match self.orientation {
            Orientation::Vertical => Place {
                row: (self.overhang + self.length) as f64 - 0.5 - along,
                column: self.text as f64,
                vertical: Align::Center,
                horizontal: Align::Start,
            },
            Orientation::Horizontal => Place {
                row: self.text as f64,
                column: self.overhang as f64 + 0.5 + along,
                vertical: Align::Start,
                horizontal: Align::Center,
            },
        }
    }
}
