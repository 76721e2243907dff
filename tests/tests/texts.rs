//! Texts through the command and the libraries: the bundled readers, explained words, and training one's own.

use std::fs;

use lrp::io::{Limits, Sidecar, TextPreparation, Vocabulary, parse_labelled_texts, read_model_bytes};
use lrp::prelude::*;
use lrp::rules::{suggest, top_classes};
use lrp_data::{BundledReader, MOVIE_REVIEWS, NEWS, REUTERS_R8, REVIEWS};
use lrp_tests::{beside, workspace};
use ndarray::Axis;
use serde_json::Value;

mod place;

use place::{Place, complaint};

/// A bundled model, from memory alone.
fn open(reader: &BundledReader) -> (Network<f64>, Vec<String>, TextPreparation) {
    let limits = Limits::default();
    let network = read_model_bytes(reader.model.name, reader.model.bytes, &limits).expect("a model");
    let sidecar = Sidecar::parse(reader.model.name, reader.model.sidecar).expect("a sidecar");
    let words = Vocabulary::parse("words", reader.vocabulary, &limits).expect("words");
    (network, sidecar.classes, sidecar.text.expect("it reads texts").with_words(words).expect("they fit"))
}

/// Every sample is told rightly, and what its words get is what the decision hands on.
#[test]
fn bundled_readers_know_their_samples() {
    for (bundled, samples) in [(&REUTERS_R8, &NEWS[..]), (&MOVIE_REVIEWS, &REVIEWS)] {
        let (network, classes, reader) = open(bundled);
        let rules = suggest(&network, &[]).expect("rules");
        assert_eq!(rules.name, "lrp-epsilon(0.01)");
        let plan = Plan::new(&network, &rules.composite, PlanOptions::default()).expect("a plan");
        for sample in samples {
            let tokens = reader.tokens(sample.text);
            let known = tokens.iter().filter(|token| token.id != reader.unknown).count();
            assert!(
                10 * known >= 7 * tokens.len(),
                "{}: {known} of {} words are known",
                sample.name,
                tokens.len()
            );
            let input = reader.input(std::slice::from_ref(&tokens)).expect("words");
            let explanation = plan.explain(&input, &Target::Top).expect("an explanation");
            assert_eq!(classes[top_classes(&explanation.scores)[0]], sample.class, "{}", sample.name);
            let row = explanation.relevance.index_axis(Axis(0), 0).into_dimensionality().expect("a row");
            let words = reader.of_words(row, tokens.len());
            assert_eq!(words.len(), tokens.len());
            let (arrived, started) = (words.sum(), explanation.seed.sum());
            assert!((arrived - row.sum()).abs() < 1e-12, "{}: padding has relevance", sample.name);
            assert!((arrived - started).abs() < 0.5 * started, "{}: {arrived} of {started}", sample.name);
        }
    }
}

/// A text is the same alone and beside a longer one.
#[test]
fn margins_make_rows_of_any_length_alike() {
    let (network, _, reader) = open(&REUTERS_R8);
    let tokens: Vec<_> = NEWS.iter().map(|news| reader.tokens(news.text)).collect();
    let together = network.forward(&reader.input(&tokens).expect("words")).expect("scores");
    for (scores, tokens) in together.outer_iter().zip(&tokens) {
        let alone =
            network.forward(&reader.input(std::slice::from_ref(tokens)).expect("words")).expect("scores");
        let off = (&alone.index_axis(Axis(0), 0) - &scores).fold(0.0_f64, |off, value| off.max(value.abs()));
        assert!(off < 1e-12, "off by {off:e}");
    }
}

#[test]
fn the_test_set_of_r8_is_told_rightly() {
    let Some(path) = beside("data/text/reuters-r8-test.tab") else { return };
    let rows = parse_labelled_texts(&fs::read_to_string(path).expect("the test set"), 0.0).expect("rows");
    let (network, classes, reader) = open(&REUTERS_R8);
    let network = network.cast::<f32>().expect("single precision");
    let tokens: Vec<_> = rows.iter().map(|row| reader.tokens(&row.text)).collect();
    let mut right = 0;
    for (tokens, rows) in tokens.chunks(64).zip(rows.chunks(64)) {
        let input = lrp::core::cast(&reader.input(tokens).expect("words"));
        let found = top_classes(&network.forward(&input).expect("scores"));
        right += found.into_iter().zip(rows).filter(|(class, row)| classes[*class] == row.class).count();
    }
    println!("{right} of {} are right", rows.len());
    assert!(rows.len() == 2189 && 100 * right >= 94 * rows.len(), "{right} of {}", rows.len());
}

fn bundled(name: &str) -> String {
    workspace(name).display().to_string()
}

#[test]
fn words_are_printed_with_what_they_are_worth() {
    let place = Place::new();
    let model = bundled("data/models/movie-reviews.onnx");
    let printed =
        place.prints(&["explain", &model, "--text", "A dull, tedious film", "--text", "brilliant <b>"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert!(lines[0].starts_with("text[0]: predicted 0 (negative), relevance "), "{printed}");
    assert!(lines[2].starts_with("  A(") && lines[2].contains(", tedious(+"), "{printed}");
    assert!(lines[3].starts_with("text[1]: predicted 1 (positive)"), "{printed}");
    assert!(lines[5].starts_with("  brilliant(+") && lines[5].ends_with('>'), "{printed}");
    assert!(place.files().is_empty(), "words are printed, not written");
    let printed =
        place.prints(&["explain", &model, "--text", "Not brilliant <b>", "--json", "--target", "1"]);
    let line: Value = serde_json::from_str(&printed).expect("a line of JSON");
    let words = line["words"].as_array().expect("words");
    let bytes = |word: &Value| {
        (word["word"].as_str().unwrap().to_owned(), word["start"].as_u64(), word["end"].as_u64())
    };
    assert_eq!(bytes(&words[1]), ("brilliant".to_owned(), Some(4), Some(13)));
    let sum: f64 = words.iter().map(|word| word["relevance"].as_f64().unwrap()).sum();
    assert!((sum - line["relevance"].as_f64().unwrap()).abs() < 1e-9, "{printed}");
    let html = line["html"].as_str().expect("a fragment");
    assert!(html.contains(">brilliant</span> &lt;<span"), "{html}");
}

#[test]
fn texts_are_files_and_folders_too() {
    let place = Place::new();
    let (model, folder) =
        (bundled("data/models/reuters-r8.onnx"), bundled("data/samples/texts/reuters-ship.txt"));
    let printed = place.prints(&["predict", &model, &folder, "--top", "1"]);
    assert!(printed.contains("reuters-ship.txt[0]: 6 (ship) "), "{printed}");
    place.write("one.txt", "Oil prices rose as OPEC cut its crude output");
    place.write("notes.md", "not a text of the model");
    let printed = place.prints(&["explain", &model, ".", "--npy"]);
    assert!(
        printed.contains("one.txt[0]: predicted 1 (crude)") && printed.contains("wrote lrp-out/one.npy"),
        "{printed}"
    );
    let printed = place.prints(&["info", &model]);
    let words = REUTERS_R8.vocabulary.lines().count();
    assert!(
        printed.contains(&format!("reads texts: {words} words known, at most 200 of a text")),
        "{printed}"
    );
    assert!(printed.contains("Embedding") && printed.contains("rules: lrp-epsilon(0.01) ("), "{printed}");
    place.prints(&["plan", &model]);
}

#[test]
fn what_cannot_be_read_as_a_text_is_refused_in_a_line() {
    let place = Place::new();
    let (model, digits) =
        (bundled("data/models/movie-reviews.onnx"), bundled("data/models/mnist-mlp-rect.txt"));
    place.write("blank.txt", " \n");
    place.write("bytes.txt", [0xff, 0xfe]);
    let table: [(&[&str], &str); 6] = [
        (&["explain", &model, "--text", "..."], "text: holds no word"),
        (&["explain", &model, "blank.txt"], "blank.txt: holds no word"),
        (&["predict", &model, "bytes.txt"], "bytes.txt: is not text"),
        (&["explain", &digits, "--text", "seven"], "does not say how texts are read"),
        (&["explain", &model, "--text", "good", "--png"], "a text is no picture"),
        (&["explain", &model], "required arguments were not provided"),
    ];
    for (arguments, part) in table {
        let line = complaint(&place.run(arguments));
        assert!(line.contains(part), "{arguments:?}: {line}");
    }
    assert_eq!(place.files(), ["blank.txt", "bytes.txt"]);
}

/// Two kinds of sentences, told apart by one word each.
#[test]
fn a_reader_is_trained_written_and_used() {
    let place = Place::new();
    let rows = (0..60).map(|n| {
        let (class, word) = if n % 2 == 0 { ("sea", "ship") } else { ("land", "wheat") };
        format!(
            "{class}\tthe {word} of day {} was {}\n",
            ["one", "two", "six"][n % 3],
            ["big", "old"][n % 5 % 2]
        )
    });
    place.write("rows.tab", rows.collect::<String>());
    place.write(
        "net.toml",
        "layer = [
            { kind = 'embedding', width = 4, padding = 0 }, { kind = 'convolution', size = [2], filters = 4 },
            { kind = 'rect' }, { kind = 'globalmaxpool' }, { kind = 'linear', units = 2 },
        ]
        text = { margin = 2, longest = 20 }
        training = { optimizer = 'adam', batch-size = 20, iterations = 200, rate = 0.02, status = 100 }",
    );
    let train = ["train", "--net", "net.toml", "--data", "rows.tab"];
    let printed = place
        .prints(&[&train[..], &["--held-out", "0.2", "--test-data", "rows.tab", "--out", "m.onnx"]].concat());
    assert!(printed.contains("test examples: 100.00 % right"), "{printed}");
    let words = fs::read_to_string(place.path().join("m.vocabulary.txt")).expect("words");
    assert!(words.starts_with("<padding>\n<unknown>\nday\nof\nthe\nwas\nbig\nship\nwheat\n"), "{words}");
    let printed = place.prints(&["explain", "m.onnx", "--text", "A WHEAT field"]);
    assert!(printed.starts_with("text[0]: predicted 0 (land)"), "{printed}");
    place.prints(&[&train[..], &["--out", "n.onnx", "--threads", "1", "--held-out", "0.2"]].concat());
    let [one, two] = ["m.onnx", "n.onnx"].map(|name| fs::read(place.path().join(name)).expect("a model"));
    assert!(one == two, "the same seed gives the same bytes");
    let line = complaint(&place.run(&[&train[..], &["--out", "m.txt"]].concat()));
    assert!(line.contains("m.txt: embedding_0: the format holds only the toolbox's own layers"), "{line}");
    let line = complaint(&place.run(&[&train[..], &["--labels", "rows.tab", "--out", "o.onnx"]].concat()));
    assert!(line.contains("a table of texts holds its labels itself"), "{line}");
    let line = complaint(&place.run(&["train", "--net", "xor", "--data", "x.npy", "--out", "x.txt"]));
    assert!(line.contains("x.npy: its labels are not given"), "{line}");
}

#[test]
fn networks_of_the_toolbox_become_onnx() {
    let place = Place::new();
    let model = bundled("data/models/mnist-lenet5-sumpool.txt");
    place.prints(&["convert", &model, "lenet.onnx"]);
    let digits = bundled("data/samples/digits.npy");
    let labels = bundled("data/samples/digit-labels.npy");
    let printed = place.prints(&["predict", "lenet.onnx", &digits, "--labels", &labels]);
    assert!(printed.starts_with("accuracy 97.00 %"), "{printed}");
}
