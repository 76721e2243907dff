//! `lrp demo`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lrp::core::{Network, Trace};
use lrp::io::{Limits, Sidecar, read_array_bytes, read_model_bytes};
use lrp::render::{
    ColorBar, Colormap, DigitOptions, Grid, HeatmapOptions, Outline, Picture, Span, TextStyle, color_bar,
    colormap, digit, heatmap, montage, stretch,
};
use lrp::rules::{Composite, Plan, PlanOptions, Rule, Target, top_classes};
use lrp_data::{BundledModel, DIGIT_LABELS, DIGITS, LENET5_MAXPOOL, LENET5_SUMPOOL};
use ndarray::{Array2, ArrayD, Axis, Slice};

use crate::Outcome;
use crate::picture::{FRAME, OUTLINE, save};
use crate::provenance::Provenance;
use crate::show::ShowOptions;

#[derive(Args)]
pub(crate) struct Options {
    /// The bundled network to explain
    #[arg(long, value_enum, default_value_t)]
    model: Pooling,
    /// The first of the ten digits, out of a hundred
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=90))]
    first: u16,
    /// Colours; `lrp colormaps` lists them
    #[arg(long, value_name = "NAME", default_value = "seismic")]
    colormap: String,
    /// Where to write the picture
    #[arg(long, short, value_name = "FILE", default_value = "lrp-demo.png")]
    out: PathBuf,
    #[command(flatten)]
    show: ShowOptions,
}

#[derive(Clone, Copy, Default, ValueEnum)]
enum Pooling {
    /// LeNet-5 with sum pooling
    #[default]
    Sumpool,
    /// LeNet-5 with max pooling and softmax
    Maxpool,
}

/// Rows of the picture.
const DIGITS_SHOWN: usize = 10;
/// Its columns.
const RULES_SHOWN: [&str; 5] = ["simple", "epsilon(1)", "signedgamma(0.25)", "alphabeta(2,1)", "zplus"];
const SCALING: usize = 3;

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    let bundled = match options.model {
        Pooling::Sumpool => LENET5_SUMPOOL,
        Pooling::Maxpool => LENET5_MAXPOOL,
    };
    let colors = colormap(&options.colormap)?;
    let (network, sidecar) = open(&bundled)?;
    let (inputs, labels) = digits(&sidecar, usize::from(options.first))?;
    let trace = network.trace(&inputs)?;
    let predicted = top_classes(trace.output());
    let columns = RULES_SHOWN.map(|rule| explain(&trace, rule));
    let columns: Vec<Vec<Array2<f64>>> = columns.into_iter().collect::<Outcome<_>>()?;

    let images: Vec<Array2<f64>> = planes(&inputs)?.iter().map(|plane| stretch(plane.view())).collect();
    let picture = figure(&images, &columns, &labels, &predicted, &colors)?;
    let provenance = Provenance::of_call()
        .with_file("model", Path::new(bundled.name), bundled.bytes)
        .with("rules", RULES_SHOWN.join(", "))
        .with("input", "digits.npy")
        .titled("ten digits, each explained by five rules");
    save(&picture, &options.out, &provenance)?;
    if let Some(screen) = options.show.screen_or_terminal() {
        screen.draw(out, || coarse(&images, &columns, &colors, screen.columns()), || Ok(picture.clone()))?;
    }
    let right = predicted.iter().zip(&labels).filter(|(one, two)| one == two).count();
    if let Some(about) = &sidecar.about {
        writeln!(out, "{about}")?;
    }
    writeln!(out, "{right} of {DIGITS_SHOWN} digits recognised; explained by {}", RULES_SHOWN.join(", "))?;
    Ok(writeln!(out, "wrote {}", options.out.display())?)
}

fn open(bundled: &BundledModel) -> Outcome<(Network<f64>, Sidecar)> {
    let network = read_model_bytes(bundled.name, bundled.bytes, &Limits::default())?;
    Ok((network, Sidecar::parse(bundled.name, bundled.sidecar)?))
}

/// Ten prepared digits and their classes.
fn digits(sidecar: &Sidecar, first: usize) -> Outcome<(ArrayD<f64>, Vec<usize>)> {
    let rows = Slice::from(first..first + DIGITS_SHOWN);
    let images = read_array_bytes("digits.npy", DIGITS, &Limits::default())?.values;
    let labels = read_array_bytes("digit-labels.npy", DIGIT_LABELS, &Limits::default())?.values;
    let inputs = sidecar.input.apply(images.slice_axis(Axis(0), rows).to_owned())?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bundled classes are 0 to 9")]
    let labels = labels.slice_axis(Axis(0), rows).iter().map(|&label| label as usize).collect();
    Ok((inputs, labels))
}

/// One column: what each digit's decision owes to its pixels under one rule.
fn explain(trace: &Trace<'_, f64>, rule: &str) -> Outcome<Vec<Array2<f64>>> {
    let composite = Composite::uniform(rule.parse::<Rule>()?);
    let plan = Plan::new(trace.network(), &composite, PlanOptions::default())?;
    planes(&plan.explain_trace(trace, &Target::Top)?.relevance)
}

/// `[n, h, w, c]` as `n` planes, channels summed.
fn planes(batch: &ArrayD<f64>) -> Outcome<Vec<Array2<f64>>> {
    batch.outer_iter().map(|sample| Ok(sample.sum_axis(Axis(2)).into_dimensionality()?)).collect()
}

/// The first digits under as many rules as find room, a pixel a value.
fn coarse(
    images: &[Array2<f64>],
    columns: &[Vec<Array2<f64>>],
    colors: &Colormap,
    room: usize,
) -> Outcome<Picture> {
    const ROWS: usize = 2;
    let side = images.first().map_or(1, Array2::ncols) + 1;
    let shown = (room / side).clamp(2, 1 + columns.len()) - 1;
    let mut rows = Vec::new();
    for (sample, image) in images.iter().enumerate().take(ROWS) {
        let mut row = vec![digit(image.view(), &DigitOptions { scaling: 1, ..DigitOptions::default() })?];
        let options = HeatmapOptions { scaling: 1, colormap: colors.clone(), ..HeatmapOptions::default() };
        for column in &columns[..shown] {
            row.push(heatmap(column[sample].view(), &options)?);
        }
        rows.push(row);
    }
    Ok(montage(&Grid { rows, gap: 1, margin: 0, ..Grid::default() })?)
}

fn figure(
    images: &[Array2<f64>],
    columns: &[Vec<Array2<f64>>],
    labels: &[usize],
    predicted: &[usize],
    colors: &Colormap,
) -> Outcome<Picture> {
    let mut rows = Vec::new();
    for (sample, image) in images.iter().enumerate() {
        let mut row =
            vec![digit(image.view(), &DigitOptions { scaling: SCALING, ..DigitOptions::default() })?];
        for column in columns {
            let outline = Some(Outline { color: OUTLINE, ..Outline::new(image.view()) });
            let options = HeatmapOptions {
                scaling: SCALING,
                colormap: colors.clone(),
                outline,
                ..HeatmapOptions::default()
            };
            row.push(heatmap(column[sample].view(), &options)?);
        }
        rows.push(row);
    }
    let row_labels =
        labels.iter().zip(predicted).map(|(label, class)| format!("true {label}\npredicted {class}"));
    let column_labels = std::iter::once("input").chain(RULES_SHOWN).map(str::to_owned).collect();
    let text = TextStyle { size: 14.0, ..TextStyle::default() };
    let grid =
        Grid { rows, row_labels: row_labels.collect(), column_labels, frame: FRAME, text, ..Grid::default() };
    let body = montage(&grid)?;
    let bar =
        ColorBar { colormap: colors.clone(), span: Span::Symmetric(1.0), length: 300, ..ColorBar::default() };
    let bar = montage(&Grid {
        rows: vec![vec![color_bar(&bar)?]],
        column_labels: vec!["relevance\n/ largest".to_owned()],
        ..Grid::default()
    })?;
    Ok(montage(&Grid { rows: vec![vec![body, bar]], gap: 0, margin: 4, ..Grid::default() })?)
}
