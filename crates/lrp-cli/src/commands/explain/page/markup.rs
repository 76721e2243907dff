//! The report as HTML.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lrp::render::{Colormap, Normalization, Picture, encode_png};
use lrp::rules::{Entry, Ledger, Row, Table};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{Answer, Exhibit, Head, SIDE, Sample};

const STYLE: &str = include_str!("page.css");

/// Nothing is fetched and nothing runs.
const POLICY: &str = "default-src 'none'; img-src data:; style-src 'unsafe-inline'";

/// A picture in the page.
pub(super) struct Figure {
    pub(super) picture: Picture,
    pub(super) caption: String,
    /// Which answer of its sample it shows, if it is relevance.
    pub(super) answer: Option<usize>,
}

/// What all samples are coloured by.
pub(super) struct Colors<'a> {
    pub(super) colormap: &'a Colormap,
    /// The relevance at an end of the map.
    pub(super) scale: f64,
}

/// Everything up to the first sample.
pub(super) fn opening(
    head: &Head,
    samples: &[Sample],
    failures: &[String],
    bar: Option<&Colors<'_>>,
) -> io::Result<String> {
    let count = samples.len();
    let bar = bar.map(color_bar).transpose()?;
    let page = html! {
        (DOCTYPE)
        (PreEscaped("<html lang=\"en\">"))
        head {
            meta charset="utf-8";
            meta http-equiv="Content-Security-Policy" content=(POLICY);
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            meta name="generator" content=(fact(head, "Software"));
            title { "Relevance by " (fact(head, "lrp:model")) }
            style { (PreEscaped(STYLE)) }
        }
        (PreEscaped("<body>"))
        header {
            h1 { "What " em { (fact(head, "lrp:model")) } " saw" }
            @if let Some(about) = &head.about { p { (about) } }
            p {
                (count) @if count == 1 { " sample, " } @else { " samples, " } "explained by " (head.by) "."
            }
            dl.facts {
                @for note in head.provenance.notes() {
                    dt { (note.keyword.trim_start_matches("lrp:")) }
                    dd { code { (note.text) } }
                }
            }
            @if !failures.is_empty() {
                section.failures {
                    h2 { "Not in this report" }
                    ul { @for failure in failures { li { (failure) } } }
                }
            }
        }
        (PreEscaped("<main><section><h2>Samples</h2>"))
        @if let Some(bar) = bar { (bar) }
    };
    Ok(page.into_string())
}

/// One sample with its pictures.
pub(super) fn sample(sample: &Sample, figures: &[Figure], colors: &Colors<'_>) -> io::Result<String> {
    let pictures = figures.iter().map(|figure| figure_of(sample, figure)).collect::<io::Result<Vec<_>>>()?;
    let others = sample.answers.iter().filter_map(|answer| match &answer.exhibit {
        Exhibit::Map(_) => None,
        Exhibit::Words(text) => {
            let words = PreEscaped(text.html(colors.colormap, Some(colors.scale)));
            Some((answer, html! { p.words { (words) } }))
        }
        Exhibit::Bars(values) => Some((answer, table_of_bars("place", "relevance", values))),
    });
    let page = html! {
        article {
            h3 { (sample.name) }
            p { "predicted " strong { (sample.predicted) } }
            div.figures {
                @for picture in pictures { (picture) }
                @for (answer, shown) in others {
                    figure {
                        (shown)
                        figcaption { (caption(answer)) }
                    }
                }
                @if !sample.scores.is_empty() {
                    figure {
                        (table_of_bars("class", "score", &sample.scores))
                        figcaption { "best classes" }
                    }
                }
            }
        }
    };
    Ok(page.into_string())
}

/// Everything behind the last sample.
pub(super) fn closing(head: &Head, ledgers: &[(String, Ledger)]) -> String {
    let page = html! {
        (PreEscaped("</section>"))
        @for (target, ledger) in ledgers { (books(target, ledger, ledgers.len() > 1)) }
        @if let Some(table) = &head.plan { (plan(table)) }
        (PreEscaped("</main></body></html>\n"))
    };
    page.into_string()
}

fn fact<'a>(head: &'a Head, keyword: &str) -> &'a str {
    let found = head.provenance.notes().iter().find(|note| note.keyword == keyword);
    found.map_or("", |note| &note.text)
}

fn figure_of(sample: &Sample, figure: &Figure) -> io::Result<Markup> {
    let Figure { picture, caption: title, answer } = figure;
    let answer = answer.and_then(|answer| sample.answers.get(answer));
    let about = if answer.is_some() { format!("relevance for {title}") } else { title.clone() };
    let png = encode_png(&picture.to_rgb8()).map_err(io::Error::other)?;
    // Small pictures are enlarged by whole factors, which keeps their pixels square.
    let [width, height] = [picture.width(), picture.height()];
    let times = (SIDE / width.max(height)).max(1);
    Ok(html! {
        figure {
            img src=(data(&png)) width=(width * times) height=(height * times) alt=(about);
            figcaption { @match answer { Some(answer) => (caption(answer)), None => (title) } }
        }
    })
}

fn data(png: &[u8]) -> String {
    format!("data:image/png;base64,{}", BASE64.encode(png))
}

/// Where relevance started, and where it got.
fn caption(Answer { target, started, arrived, .. }: &Answer) -> Markup {
    html! {
        (target) br;
        span.number { (number(*arrived)) }
        @if let Some(started) = started {
            " of " span.number { (number(*started)) } ", " span.number { (number(started - arrived)) } " absorbed"
        }
    }
}

/// The colours with the values of their ends and middle.
fn color_bar(Colors { colormap, scale }: &Colors<'_>) -> io::Result<Markup> {
    let ramp = ndarray::Array2::from_shape_fn((1, 256), |(_, column)| column as f64 / 127.5 - 1.0);
    let options = lrp::render::HeatmapOptions {
        scaling: 1,
        colormap: (*colormap).clone(),
        normalization: Normalization::Shared(1.0),
        outline: None,
    };
    let strip = lrp::render::heatmap(ramp.view(), &options).map_err(io::Error::other)?;
    let png = encode_png(&strip.to_rgb8()).map_err(io::Error::other)?;
    Ok(html! {
        figure.scale {
            img src=(data(&png)) width="256" height="12" alt=(format!("colours of {}", colormap.name()));
            div.ends {
                span.number { (number(-*scale)) } span.number { "0" } span.number { (number(*scale)) }
            }
            figcaption { "relevance of a pixel or word, one scale for all samples" }
        }
    })
}

/// Names and numbers, each number with a bar; those below zero are of another colour.
fn table_of_bars(name: &str, what: &str, values: &[(String, f64)]) -> Markup {
    let largest = values.iter().fold(0.0_f64, |largest, (_, value)| largest.max(value.abs()));
    html! {
        table {
            thead { tr { th scope="col" { (name) } th.number scope="col" { (what) } th scope="col" { "" } } }
            tbody {
                @for (name, value) in values {
                    tr { th scope="row" { (name) } td.number { (number(*value)) } td { (bar(*value, largest)) } }
                }
            }
        }
    }
}

/// A bar as long as a value is large.
fn bar(value: f64, largest: f64) -> Markup {
    let share = if largest > 0.0 { value.abs() / largest * 100.0 } else { 0.0 };
    let class = if value < 0.0 { "bar against" } else { "bar" };
    html! {
        svg class=(class) viewBox="0 0 100 10" width="100" height="10" aria-hidden="true" {
            rect width=(format!("{share:.1}")) height="10" {}
        }
    }
}

/// What became of relevance at every node, from the scores to the input.
fn books(target: &str, ledger: &Ledger, named: bool) -> Markup {
    let largest =
        ledger.entries().iter().fold(0.0_f64, |largest, entry| largest.max(entry.received.sum.abs()));
    let entry = |entry: &Entry| {
        html! {
            tr {
                th scope="row" { (entry.node) }
                td { (entry.rule) }
                td.number { (number(entry.received.sum)) }
                td { (bar(entry.received.sum, largest)) }
                td.number { (number(entry.handed.sum)) }
                td.number { (number(entry.lost())) }
            }
        }
    };
    html! {
        section {
            h2 { "Relevance by layer" @if named { ", target " (target) } }
            p { "Sums over all samples, from the scores to the input." }
            div.wide {
                table {
                    thead {
                        tr {
                            th scope="col" { "node" }
                            th scope="col" { "rule" }
                            th.number scope="col" { "received" }
                            th scope="col" { "" }
                            th.number scope="col" { "handed on" }
                            th.number scope="col" { "absorbed" }
                        }
                    }
                    tbody { @for row in ledger.entries().iter().rev() { (entry(row)) } }
                }
            }
            @for notice in ledger.notices() { p.notice { (notice) } }
        }
    }
}

/// The rule of every node, and why.
fn plan(table: &Table) -> Markup {
    let row = |row: &Row| {
        html! {
            tr {
                th scope="row" { (row.node) }
                td { (row.kind.to_string()) }
                td { @match &row.shape { Some(shape) => (format!("{shape:?}")), None => "?" } }
                td { (row.rule) }
                td { (row.why) }
            }
        }
    };
    html! {
        section {
            h2 { "The plan" }
            p { "Which rule each node has, and why, from the input to the scores." }
            div.wide {
                table {
                    thead { tr { @for name in ["node", "kind", "shape", "rule", "why"] { th scope="col" { (name) } } } }
                    tbody { @for node in &table.rows { (row(node)) } }
                }
            }
            @for notice in &table.notices { p.notice { (notice) } }
        }
    }
}

/// As many digits as a person reads.
fn number(value: f64) -> String {
    let number = match value.abs() {
        0.0 => "0".to_owned(),
        size if !(1e-3..1e6).contains(&size) => format!("{value:.2e}"),
        size if size < 1.0 => format!("{value:.4}"),
        _ => format!("{value:.2}"),
    };
    number.replace('-', "\u{2212}")
}
