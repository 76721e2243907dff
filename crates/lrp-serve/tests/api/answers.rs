//! What makes sense is answered, with the numbers of the library.

use lrp::io::{Limits, Sidecar, Vocabulary, read_array_bytes, read_model_bytes};
use lrp::rules::{Composite, Plan, PlanOptions, Target, rules, suggest};
use ndarray::{Axis, Slice};
use serde_json::{Value, json};

use crate::client::{asked, get, shared};

const LENET: &str = "mnist-lenet5-sumpool";

fn numbers(values: &Value) -> Vec<f64> {
    values.as_array().expect("numbers").iter().map(|value| value.as_f64().expect("a number")).collect()
}

#[test]
fn relevance_is_that_of_the_library() {
    let answer = asked(
        "/api/v1/explain",
        &json!({ "model": LENET, "input": { "digit": 7 }, "ways": [{ "rule": "epsilon(0.01)" }] }),
    );
    let explanation = &answer["explanations"][0];
    let served = numbers(&explanation["relevance"]["values"]);

    let network =
        read_model_bytes("lenet.txt", lrp_data::LENET5_SUMPOOL.bytes, &Limits::default()).expect("a model");
    let sidecar = Sidecar::parse("lenet.toml", lrp_data::LENET5_SUMPOOL.sidecar).expect("a sidecar");
    let digits = read_array_bytes("digits.npy", lrp_data::DIGITS, &Limits::default()).expect("digits").values;
    let seven = digits.slice_axis(Axis(0), Slice::from(7..8)).to_owned();
    let input = sidecar.input.apply(seven).expect("an input");
    let plan = Plan::new(&network, &Composite::uniform(rules::epsilon(0.01)), PlanOptions::default())
        .expect("a plan");
    let expected = plan.explain(&input, &Target::Top).expect("an explanation");
    let largest = expected.relevance.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    assert_eq!((explanation["class"].as_u64(), served.len()), (Some(7), 32 * 32));
    assert!(served.iter().zip(&expected.relevance).all(|(one, other)| (one - other).abs() < 1e-4 * largest));
    assert!((explanation["arrived"].as_f64().expect("a sum") - expected.relevance.sum()).abs() < 1e-3);
}

#[test]
fn a_drawn_seven_is_a_seven_for_every_network_of_digits() {
    let seven = json!([[[0.25, 0.2], [0.5, 0.19], [0.75, 0.2], [0.6, 0.5], [0.45, 0.85]]]);
    for model in ["mnist-lenet5-sumpool", "mnist-lenet5-maxpool", "mnist-mlp-rect", "mnist-mlp-tanh"] {
        let answer = asked("/api/v1/explain", &json!({ "model": model, "input": { "strokes": seven } }));
        assert_eq!(answer["scores"][0]["class"], 7, "{model}: {}", answer["scores"]);
    }
}

#[test]
fn words_of_a_text_have_the_relevance_of_the_library() {
    let text = "A dull, tedious film";
    let answer = asked(
        "/api/v1/explain",
        &json!({ "model": "movie-reviews", "input": { "text": text }, "classes": [0] }),
    );
    let pieces = answer["text"].as_array().expect("pieces");
    let joined: String = pieces.iter().filter_map(|piece| piece["text"].as_str()).collect();
    assert_eq!(joined, text);
    let known: Vec<&Value> =
        pieces.iter().map(|piece| &piece["known"]).filter(|known| !known.is_null()).collect();
    assert_eq!(known, [true, true, true, true]);
    let served = numbers(&answer["explanations"][0]["relevance"]["values"]);

    let (bundled, limits) = (lrp_data::MOVIE_REVIEWS, Limits::default());
    let network = read_model_bytes(bundled.model.name, bundled.model.bytes, &limits).expect("a model");
    let reader =
        Sidecar::parse("movies.toml", bundled.model.sidecar).expect("a sidecar").text.expect("a reader");
    let words = Vocabulary::parse("words", bundled.vocabulary, &limits).expect("words");
    let reader = reader.with_words(words).expect("they fit");
    let composite = suggest(&network, &[]).expect("rules").composite;
    let plan = Plan::new(&network, &composite, PlanOptions::default()).expect("a plan");
    let input = reader.input(&[reader.tokens(text)]).expect("an input");
    let expected = plan.explain(&input, &Target::Class(0)).expect("an explanation").relevance;
    let row = expected.index_axis(Axis(0), 0).into_dimensionality().expect("a row");
    let expected = reader.of_words(row, 4);
    assert!(served.len() == 4 && served.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-3));
}

#[test]
fn ways_and_classes_go_together_over_one_run() {
    let question = json!({
        "model": LENET, "input": { "digit": 3 }, "classes": [3, 8],
        "ways": [{ "rule": "zplus", "first": "zbox" }, { "composite": "epsilon-plus", "dialect": "zennit" }, {}],
    });
    let answer = asked("/api/v1/explain", &question);
    let found: Vec<(u64, u64, &str)> = answer["explanations"]
        .as_array()
        .expect("explanations")
        .iter()
        .map(|one| {
            (
                one["way"].as_u64().expect("a way"),
                one["class"].as_u64().expect("a class"),
                one["rules"].as_str().expect("rules"),
            )
        })
        .collect();
    let rules = ["zplus, first zbox(-1,1)", "epsilon-plus", "lrp-epsilon(0.01)"];
    let expected: Vec<(u64, u64, &str)> =
        (0..3).flat_map(|way| [3, 8].map(|class| (way as u64, class, rules[way]))).collect();
    assert_eq!(found, expected);
}

#[test]
fn coffee_is_an_espresso_and_five_classes_are_explained() {
    let answer = asked(
        "/api/v1/explain",
        &json!({ "model": "squeezenet1.1", "input": { "photo": "coffee.png" }, "top": 5 }),
    );
    assert_eq!(answer["scores"][0]["name"], "espresso");
    let explanations = answer["explanations"].as_array().expect("explanations");
    assert_eq!(explanations.len(), 5);
    for explanation in explanations {
        let sum = numbers(&explanation["relevance"]["values"]).iter().sum::<f64>();
        assert!((sum - explanation["arrived"].as_f64().expect("a sum")).abs() < 1e-2 * sum.abs());
        assert_eq!(explanation["relevance"]["height"], 227);
    }
}

#[test]
fn layers_lead_from_the_scores_to_the_input_and_lose_little() {
    let answer = asked("/api/v1/layers", &json!({ "model": LENET, "input": { "digit": 2 } }));
    let steps = answer["steps"].as_array().expect("steps");
    let names: Vec<&str> = steps.iter().map(|step| step["node"].as_str().expect("a name")).collect();
    assert_eq!((names[0], names[1], names[names.len() - 1]), ("flatten_10", "convolution_9", "input"));
    let score = answer["scores"][0]["score"].as_f64().expect("a score");
    for step in steps {
        let sum = step["sum"].as_f64().expect("a sum");
        assert!((sum - score).abs() < 0.1 * score, "{}: {sum} of {score}", step["node"]);
        let shown = &step["relevance"];
        let values =
            numbers(if shown["bars"].is_null() { &shown["plane"]["values"] } else { &shown["bars"] });
        assert!((values.iter().sum::<f64>() - sum).abs() < 1e-3 * score);
    }
}

#[test]
fn every_rule_and_composite_that_is_listed_can_be_asked_for() {
    let lists = get(shared(), "/api/v1/rules").json();
    let names = |list: &str| -> Vec<(String, bool)> {
        lists[list]
            .as_array()
            .expect("a list")
            .iter()
            .map(|row| (row["name"].as_str().expect("a name").to_owned(), row["bounded"] == json!(true)))
            .collect()
    };
    // Relevance cannot stay where it is in layers that change its shape.
    for (name, bounded) in names("rules").into_iter().filter(|(name, _)| name != "pass") {
        let way = if bounded { json!({ "first": name }) } else { json!({ "rule": name }) };
        asked("/api/v1/explain", &json!({ "model": LENET, "input": { "digit": 0 }, "ways": [way] }));
    }
    for (name, _) in names("composites") {
        asked(
            "/api/v1/explain",
            &json!({ "model": LENET, "input": { "digit": 0 }, "ways": [{ "composite": name }] }),
        );
    }
}

#[test]
fn the_page_and_its_files_come_with_a_policy() {
    for (path, media) in [
        ("/", "text/html"),
        ("/style.css", "text/css"),
        ("/app.js", "text/javascript"),
        ("/favicon.svg", "image/svg+xml"),
    ] {
        let answer = get(shared(), path);
        assert!(answer.status == 200 && answer.media.starts_with(media) && !answer.body.is_empty(), "{path}");
    }
    let page = ureq::get(format!("http://{}/", shared())).call().expect("the page");
    let policy = page.headers()["content-security-policy"].to_str().expect("text");
    assert!(policy.starts_with("default-src 'self';"), "{policy}");
}
