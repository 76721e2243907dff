//! Colours for the page to paint relevance with.

use lrp::render::{Colormap, Kind, colormap};
use serde::Serialize;

use crate::fault::Fault;

/// Palettes in the order they are offered: the name of a colormap, and whether people who cannot tell red from green
/// can tell its ends apart.
const PALETTES: &[(&str, bool)] = &[
    ("RdBu_r", true),
    ("PuOr_r", true),
    ("BrBG", true),
    ("PRGn", true),
    ("PiYG", true),
    ("cividis", true),
    ("viridis", true),
    ("inferno", true),
    ("Greys", true),
    ("seismic", false),
    ("Spectral_r", false),
    ("jet", false),
    ("black-firered", false),
    ("gray-red", false),
    ("blue-black-yellow", false),
];

/// Steps of a palette to each side of its middle.
const STEPS: i32 = 64;

#[derive(Serialize)]
pub(crate) struct Palette {
    name: &'static str,
    /// Whether it tells for from against, or only much from little.
    diverging: bool,
    safe: bool,
    /// Colours as `rrggbb`, from the least to the most; the middle one is that of zero where the palette diverges.
    colors: Vec<String>,
}

pub(crate) fn palettes() -> Result<Vec<Palette>, Fault> {
    let palette = |&(name, safe): &(&'static str, bool)| {
        let map = colormap(name)?;
        let diverging = !matches!(map.kind(), Kind::Sequential);
        Ok(Palette { name, diverging, safe, colors: colors(&map) })
    };
    PALETTES.iter().map(palette).collect()
}

fn colors(map: &Colormap) -> Vec<String> {
    let hexadecimal = |step| {
        let [red, green, blue] =
            map.at_signed(f64::from(step) / f64::from(STEPS)).map(|part| (255.0 * part).round());
        format!("{:02x}{:02x}{:02x}", red as u8, green as u8, blue as u8)
    };
    (-STEPS..=STEPS).map(hexadecimal).collect()
}
