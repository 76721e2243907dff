//! The pictures of the gallery.

use anyhow::Result;
use lrp::render::{
    Align, COLORMAPS, ColorBar, Grid, HeatmapOptions, Kind, Orientation, Picture, Span, TextStyle,
    WordsOptions, color_bar, colormap, draw_words, heatmap, montage, words,
};
use lrp::rules::rules::RULES;
use lrp::rules::{ATTRIBUTORS, Attributor, COMPOSITES, Composite, PlanOptions, Rule, composite_within};

use super::reading::{Read, Reading};
use super::subject::Subject;

/// The colours of everything but palettes.
const PALETTE: &str = "seismic";

/// Tiles in a row.
const COLUMNS: usize = 5;

/// Every rule, each for all layers.
pub(super) fn rules(subject: &Subject) -> Result<Picture> {
    let mut tiles = vec![tile("input", subject.shown()?)?];
    for info in RULES {
        let composite = match info.name.parse::<Rule>() {
            // Relevance that stays where it is has no place in an input of another shape.
            Ok(rule) if rule.to_string() == "pass" => continue,
            Ok(rule) => Composite::uniform(rule),
            Err(_) => composite_within("deep-taylor", &subject.sidecar.input.bounds())?.0,
        };
        let relevance = subject.explained(&composite, PlanOptions::default())?.relevance;
        tiles.push(tile(info.name, subject.map(&relevance, PALETTE)?)?);
    }
    sheet(tiles)
}

/// Every composite.
pub(super) fn composites(subject: &Subject) -> Result<Picture> {
    let mut tiles = vec![tile("input", subject.shown()?)?];
    for info in COMPOSITES {
        let (composite, _) = composite_within(info.name, &subject.sidecar.input.bounds())?;
        let relevance = subject.explained(&composite, PlanOptions::default())?.relevance;
        tiles.push(tile(info.name, subject.map(&relevance, PALETTE)?)?);
    }
    sheet(tiles)
}

/// Every way to explain without rules.
pub(super) fn methods(subject: &Subject) -> Result<Picture> {
    let mut tiles = vec![tile("input", subject.shown()?)?];
    for info in ATTRIBUTORS {
        // Windows of eight pixels are for smaller pictures.
        let call = if info.name == "occlusion" { "occlusion(32,16)" } else { info.name };
        let relevance = subject.attributed(&call.parse::<Attributor>()?)?.relevance;
        tiles.push(tile(call, subject.map(&relevance, PALETTE)?)?);
    }
    sheet(tiles)
}

/// The relevance of every layer that changes it, from the scores to the input.
pub(super) fn layers(subject: &Subject) -> Result<Picture> {
    const SIDE: usize = 128;
    let (composite, _) = composite_within("epsilon-plus", &[])?;
    let options = PlanOptions { keep_layers: true, ..PlanOptions::default() };
    let values = subject.explained(&composite, options)?.layers.unwrap_or_default();
    let names = std::iter::once("input").chain(subject.network().nodes().iter().map(lrp::core::Node::name));
    let mut tiles = Vec::new();
    for (index, (name, values)) in names.zip(&values).enumerate().collect::<Vec<_>>().into_iter().rev() {
        if ["rect", "flatten"].iter().any(|unchanged| name.starts_with(unchanged)) {
            continue;
        }
        let picture = if index == 0 {
            subject.map(values, PALETTE)?
        } else {
            let plane = subject.plane(values)?;
            let scaling = (SIDE / plane.nrows().max(plane.ncols())).max(1);
            let options =
                HeatmapOptions { scaling, colormap: colormap(PALETTE)?, ..HeatmapOptions::default() };
            heatmap(plane.view(), &options)?
        };
        tiles.push(tile(name, picture)?);
    }
    sheet(tiles)
}

/// Texts under each other, beside the class that each was read as.
pub(super) fn texts(readings: &[Reading]) -> Result<Picture> {
    let (mut rows, mut row_labels) = (Vec::new(), Vec::new());
    for reading in readings {
        let Read { class, words: marked } = reading.read()?;
        let options = WordsOptions {
            width: 560,
            colormap: colormap(PALETTE)?,
            scale: None,
            text: TextStyle { size: 20.0, ..TextStyle::default() },
        };
        rows.push(vec![draw_words(&words(reading.text, marked), &options)?]);
        row_labels.push(class);
    }
    let text = TextStyle { size: 18.0, ..TextStyle::default() };
    above_bar(montage(&Grid { rows, row_labels, gap: 14, margin: 10, text, ..Grid::default() })?)
}

/// One relevance in every palette that has a middle.
pub(super) fn palettes(subject: &Subject) -> Result<Picture> {
    let (composite, _) = composite_within("epsilon-plus", &[])?;
    let relevance = subject.explained(&composite, PlanOptions::default())?.relevance;
    let mut tiles = Vec::new();
    for entry in COLORMAPS.iter().filter(|entry| [Kind::Diverging, Kind::Custom].contains(&entry.kind)) {
        tiles.push(tile(entry.name, subject.map(&relevance, entry.name)?)?);
    }
    grid(tiles)
}

/// A picture under its name.
fn tile(name: &str, picture: Picture) -> Result<Picture> {
    Ok(montage(&Grid {
        rows: vec![vec![picture]],
        column_labels: vec![name.to_owned()],
        gap: 4,
        margin: 4,
        frame: Some([0.85; 3]),
        text: TextStyle { size: 14.0, ..TextStyle::default() },
        ..Grid::default()
    })?)
}

fn grid(tiles: Vec<Picture>) -> Result<Picture> {
    let mut tiles = tiles.into_iter();
    let mut rows = Vec::new();
    loop {
        let row: Vec<Picture> = tiles.by_ref().take(COLUMNS).collect();
        if row.is_empty() {
            break;
        }
        rows.push(row);
    }
    Ok(montage(&Grid { rows, gap: 6, margin: 6, vertical: Align::Start, ..Grid::default() })?)
}

/// Tiles in rows, and what their colours mean.
fn sheet(tiles: Vec<Picture>) -> Result<Picture> {
    above_bar(grid(tiles)?)
}

/// A picture above a bar that says what its colours mean.
fn above_bar(body: Picture) -> Result<Picture> {
    let bar = ColorBar {
        colormap: colormap(PALETTE)?,
        span: Span::Symmetric(1.0),
        orientation: Orientation::Horizontal,
        length: 240,
        thickness: 12,
        text: TextStyle { size: 13.0, ..TextStyle::default() },
        ..ColorBar::default()
    };
    let bar = montage(&Grid {
        rows: vec![vec![color_bar(&bar)?]],
        column_labels: vec!["relevance / largest".to_owned()],
        gap: 4,
        margin: 6,
        text: TextStyle { size: 13.0, ..TextStyle::default() },
        ..Grid::default()
    })?;
    Ok(montage(&Grid { rows: vec![vec![body], vec![bar]], gap: 0, margin: 0, ..Grid::default() })?)
}
