//! Reports, what is written on the back of pictures, and pictures in the terminal.

mod place;

use std::fs;
use std::path::Path;

use lrp::io::{Limits, read_array, read_notes, write_array};
use lrp_tests::workspace;
use ndarray::Array2;
use place::{Place, complaint};
use scraper::{Html, Selector};
use serde_json::Value;

fn lenet() -> String {
    workspace("data/models/mnist-lenet5-sumpool.txt").display().to_string()
}

fn digits() -> String {
    workspace("data/samples/digits.npy").display().to_string()
}

/// A page that is HTML without a fault, and asks for nothing.
fn page(place: &Place, name: &str) -> Html {
    let text = fs::read_to_string(place.path().join(name)).expect("a page");
    let page = Html::parse_document(&text);
    assert!(page.errors.is_empty(), "{:?}", page.errors);
    assert!(!text.contains("http://") && !text.contains("https://") && !text.contains("<script"));
    assert_eq!(found(&page, "meta[http-equiv='Content-Security-Policy']").len(), 1);
    page
}

/// The texts of the elements selected.
fn found(page: &Html, selector: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).map(|element| element.text().collect::<String>()).collect()
}

fn attributes(page: &Html, selector: &str, attribute: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("a selector");
    page.select(&selector).filter_map(|element| element.attr(attribute).map(str::to_owned)).collect()
}

/// A page without the bytes of its pictures.
fn without_pictures(text: &str) -> String {
    let mut parts = text.split("data:image/png;base64,");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |page, part| page + part.trim_start_matches(|letter| letter != '"'))
}

#[test]
fn a_report_shows_every_sample_with_plan_and_sums() {
    let place = Place::new();
    let call = ["explain", &lenet(), &digits(), "--samples", "3,7", "--composite", "epsilon-plus-flat"];
    let printed = place.prints(&[&call[..], &["--html", "report.html"]].concat());
    assert!(printed.ends_with("wrote report.html\n"), "{printed}");
    assert_eq!(place.files(), ["report.html"]);
    let page = page(&place, "report.html");
    assert_eq!(found(&page, "h1"), ["What mnist-lenet5-sumpool.txt saw"]);
    assert_eq!(found(&page, "article strong"), ["3", "7"]);
    // An input and a map a sample, and the colours.
    assert_eq!(attributes(&page, "figure img", "alt").len(), 2 * 2 + 1);
    assert_eq!(attributes(&page, "article img", "alt")[..2], ["input", "relevance for class 3"]);
    let facts = found(&page, "dl dd");
    assert!(facts.iter().any(|fact| fact.ends_with("--composite epsilon-plus-flat --html report.html")));
    let headings = found(&page, "h2");
    assert_eq!(headings, ["Samples", "Relevance by layer", "The plan"]);
    let plan = place.prints(&["plan", &lenet(), "--composite", "epsilon-plus-flat"]);
    let nodes: Vec<&str> = plan.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(found(&page, "section:last-of-type tbody th"), nodes);
    // What the first table ends with is what arrived at the input.
    let ledger = found(&page, "section:nth-of-type(2) tbody th");
    assert_eq!(ledger.last().map(String::as_str), nodes.first().copied());
}

#[test]
fn a_report_has_a_column_a_target_and_says_what_failed() {
    let place = Place::new();
    let call = ["explain", &lenet(), &digits(), "--samples", "3", "--target", "top", "--target", "8"];
    place.prints(&[&call[..], &["--html", "two.html"]].concat());
    let two = page(&place, "two.html");
    assert_eq!(
        attributes(&two, "article img", "alt"),
        ["input", "relevance for class 3", "relevance for class 8"]
    );
    assert_eq!(
        found(&two, "h2")[1..3],
        ["Relevance by layer, target top", "Relevance by layer, target class8"]
    );
    let broken = place.write("<b>broken & bad.npy", "no array");
    let output =
        place.run(&["explain", &lenet(), &digits(), &broken, "--samples", "3", "--html", "some.html"]);
    assert_eq!(output.status.code(), Some(1));
    let some = page(&place, "some.html");
    assert!(found(&some, ".failures li")[0].contains("<b>broken & bad.npy"), "names are text");
    let lost = place.run(&["explain", &lenet(), &broken, "--html", "none.html"]);
    complaint(&lost);
    assert!(!place.path().join("none.html").exists());
}

#[test]
fn samples_that_are_no_images_have_bars_and_methods_have_no_plan() {
    let place = Place::new();
    let model = place.write("m.txt", "Linear 3 2\n1 2 3 -4 5 6\n0 1\n");
    let input = place.path().join("in.npy");
    write_array(&input, Array2::from_shape_fn((2, 3), |(row, column)| (row + column) as f64).view())
        .expect("samples");
    let input = input.display().to_string();
    place.prints(&["explain", &model, &input, "--html", "bars.html", "--method", "gradient-x-input"]);
    let bars = page(&place, "bars.html");
    assert_eq!(found(&bars, "article").len(), 2);
    assert_eq!(attributes(&bars, "img", "alt"), Vec::<String>::new());
    assert_eq!(found(&bars, "h2"), ["Samples"]);
    assert_eq!(found(&bars, "article:first-of-type figure:first-of-type tbody th"), ["2", "1", "0"]);
    let refused = place.run(&["explain", &model, &input, "--html", "in.npy"]);
    assert!(complaint(&refused).contains("in.npy: is read by this call"));
    let refused = place.run(&["explain", &model, &input, "--html", "no/such/page.html"]);
    assert!(complaint(&refused).contains("no/such/page.html: cannot write: there is no such folder"));
}

#[test]
fn fifty_samples_are_a_small_page_and_the_same_one_again() {
    let place = Place::new();
    let call = ["explain", &lenet(), &digits(), "--samples", "0-49", "--html", "report.html"];
    place.prints(&call);
    let text = fs::read_to_string(place.path().join("report.html")).expect("a page");
    assert_eq!(found(&page(&place, "report.html"), "article").len(), 50);
    let bytes = without_pictures(&text).len();
    assert!((20_000..200_000).contains(&bytes), "{bytes} bytes beside the pictures");
    place.prints(&call);
    assert!(fs::read_to_string(place.path().join("report.html")).expect("a page") == text);
}

/// What a picture says of itself.
fn notes(path: &Path) -> Vec<(String, String)> {
    read_notes("a.png", &fs::read(path).expect("a picture"), &Limits::default()).expect("notes")
}

fn note<'a>(notes: &'a [(String, String)], keyword: &str) -> &'a str {
    notes.iter().find(|(known, _)| known == keyword).map_or("", |(_, text)| text)
}

#[test]
fn pictures_say_where_they_come_from() {
    let place = Place::new();
    let call = ["explain", &lenet(), &digits(), "--samples", "3", "--rule", "epsilon(0.1)", "--target", "5"];
    place.prints(&call);
    let path = place.path().join("lrp-out/digits-0003.png");
    let said = notes(&path);
    let model: Value = serde_json::from_str(&place.prints(&["info", &lenet(), "--json"])).expect("JSON");
    assert_eq!(model["sha256"], note(&said, "lrp:model-sha256"));
    for (keyword, text) in [
        ("Software", concat!("lrp ", env!("CARGO_PKG_VERSION"))),
        ("Title", "digits.npy[3]: relevance for class 5"),
        ("lrp:model", "mnist-lenet5-sumpool.txt"),
        ("lrp:rules", "epsilon(0.1)"),
        ("lrp:dialect", "published"),
        ("lrp:target", "class 5"),
        ("lrp:sample", "3"),
    ] {
        assert_eq!(note(&said, keyword), text, "{keyword}");
    }
    assert!(note(&said, "lrp:command").ends_with("--rule 'epsilon(0.1)' --target 5"), "{said:?}");
    let before = fs::read(&path).expect("a picture");
    place.prints(&call);
    assert!(fs::read(&path).expect("a picture") == before, "the same call writes the same bytes");

    let told = place.prints(&["info", "lrp-out/digits-0003.png"]);
    assert!(told.contains("\n  lrp:target: class 5\n"), "{told}");
    let told: Value =
        serde_json::from_str(&place.prints(&["info", "lrp-out/digits-0003.png", "--json"])).expect("JSON");
    assert_eq!(told["notes"]["lrp:rules"], "epsilon(0.1)");
    let coffee = workspace("data/samples/coffee.png").display().to_string();
    assert_eq!(place.prints(&["info", &coffee]).lines().count(), 1, "others' pictures say nothing");
}

#[test]
fn texts_stand_in_a_report_in_colours_on_one_scale() {
    let place = Place::new();
    let reviews = workspace("data/models/movie-reviews.onnx").display().to_string();
    let texts = ["--text", "A dull & tedious <film>", "--text", "Sensitive"];
    place.prints(&[&["explain", &reviews][..], &texts, &["--html", "texts.html"]].concat());
    let page = page(&place, "texts.html");
    assert_eq!(found(&page, ".words"), ["A dull & tedious <film>", "Sensitive"]);
    assert_eq!(found(&page, ".words span"), ["A", "dull", "tedious", "film", "Sensitive"]);
    assert_eq!(attributes(&page, "figure.scale img", "alt"), ["colours of seismic"]);
    let (grounds, worth) =
        (attributes(&page, ".words span", "style"), attributes(&page, ".words span", "title"));
    let largest = worth.iter().map(|worth| worth.parse::<f64>().expect("a number")).fold(0.0, f64::max);
    assert_eq!(worth[1].parse::<f64>().expect("a number"), largest, "{worth:?}");
    assert!(grounds[1].starts_with("background:#800000;"), "the largest has the last colour: {grounds:?}");
    assert!(!grounds[4].starts_with("background:#800000;"), "{grounds:?}");
}

#[test]
fn pictures_of_render_and_demo_say_what_is_known() {
    let place = Place::new();
    place.prints(&["explain", &lenet(), &digits(), "--samples", "3", "--npy", "--out", "."]);
    place.prints(&["render", "digits.npy", "-o", "drawn.png"]);
    let said = notes(&place.path().join("drawn.png"));
    assert_eq!(note(&said, "lrp:command"), "lrp render digits.npy -o drawn.png");
    place.prints(&["demo", "--out", "demo.png"]);
    let said = notes(&place.path().join("demo.png"));
    assert!(note(&said, "lrp:rules").starts_with("simple, epsilon(1), "), "{said:?}");
}

#[test]
fn pictures_are_drawn_in_the_terminal_where_that_is_asked_for() {
    let place = Place::new();
    let call = ["explain", &lenet(), &digits(), "--samples", "3"];
    let blocks = place.prints(&[&call[..], &["--show=half-blocks"]].concat());
    let widths: Vec<usize> =
        blocks.lines().filter(|line| line.contains('▀')).map(|line| line.matches('▀').count()).collect();
    // Two pictures of 32 by 32, and what parts them; two rows a line.
    assert_eq!(widths, [32 + 1 + 32; 16]);
    assert!(place.files().is_empty(), "what is only looked at is not written");
    for (protocol, start) in
        [("kitty", "\x1b_Ga=T,f=100,"), ("iterm", "\x1b]1337;File=inline=1;"), ("sixel", "\x1bP0;1q")]
    {
        let shown = place.prints(&[&call[..], &[&format!("--show={protocol}")]].concat());
        assert!(shown.contains(start), "{protocol}");
    }
    place.prints(&[&call[..], &["--npy", "--out", "."]].concat());
    let rendered = place.prints(&["render", "digits.npy", "--show=half-blocks"]);
    assert_eq!(rendered.lines().count(), 16);
    assert_eq!(place.files(), ["digits.npy"]);
    let demo = place.prints(&["demo", "--show=half-blocks"]);
    assert!(demo.contains('▀') && demo.ends_with("wrote lrp-demo.png\n"), "{demo}");
    assert!(!place.prints(&["demo"]).contains('▀'), "nobody is looking");
    let values = read_array(place.path().join("lrp-demo.png"), &Limits::default()).expect("a picture").values;
    assert!(values.len() > 100_000);
    let refused = place.run(&[&call[..], &["--show=ascii"]].concat());
    assert!(complaint(&refused).contains("[possible values: auto, half-blocks, kitty, iterm, sixel]"));
    let refused = place.run(&[&call[..], &["--show", "--json"]].concat());
    assert!(complaint(&refused).contains("cannot be used with"));
}
