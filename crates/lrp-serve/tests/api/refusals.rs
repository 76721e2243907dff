//! What makes no sense is refused in one line, with the status that fits.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lrp::render::{Picture, WHITE, encode_png};
use lrp_serve::Settings;
use serde_json::{Value, json};
use std::time::Duration;

use crate::client::{Served, get, post, shared};

/// Questions to the first model, what is wrong with each, and the status.
fn senseless() -> Vec<(Value, u16, &'static str)> {
    let about = |input: Value| json!({ "model": "mnist-lenet5-sumpool", "input": input });
    let with = |key: &str, value: Value| {
        let mut question = about(json!({ "digit": 1 }));
        question[key] = value;
        question
    };
    vec![
        (json!({ "model": "vgg", "input": { "digit": 1 } }), 404, "there is no model 'vgg'"),
        (about(json!({ "digit": 100 })), 404, "0 to 99"),
        (json!({ "model": "squeezenet1.1", "input": { "photo": "dog.png" } }), 404, "one of coffee.png"),
        (about(json!({ "digit": -1 })), 400, "body"),
        (about(json!({ "sound": [] })), 400, "unknown variant"),
        (about(json!({ "digit": 1, "photo": "coffee.png" })), 400, "body"),
        (with("colour", json!("red")), 400, "unknown field"),
        (json!({ "input": { "digit": 1 } }), 400, "missing field"),
        (about(json!({ "photo": "coffee.png" })), 422, "takes digits"),
        (about(json!({ "picture": "AAAA" })), 422, "takes digits"),
        (json!({ "model": "squeezenet1.1", "input": { "digit": 1 } }), 422, "takes pictures"),
        (json!({ "model": "squeezenet1.1", "input": { "picture": "*" } }), 422, "base 64"),
        (
            json!({ "model": "squeezenet1.1", "input": { "picture": "AAAA" } }),
            422,
            "neither a png nor a jpeg",
        ),
        (
            json!({ "model": "squeezenet1.1", "input": { "values": [1.0, 2.0] } }),
            422,
            "expected a sample of shape",
        ),
        (about(json!({ "values": [1.0, 2.0] })), 422, "no samples of shape"),
        (about(json!({ "values": vec![0.0; 2 * 784] })), 422, "shape"),
        (about(json!({ "values": vec![1e300; 784] })), 422, "inf"),
        (about(json!({ "strokes": [] })), 422, "nothing is drawn"),
        (about(json!({ "strokes": [[]] })), 422, "nothing is drawn"),
        (about(json!({ "strokes": [[[0.5, 9.0]]] })), 422, "between -1 and 2"),
        (about(json!({ "strokes": [vec![[0.5, 0.5]; 20_001]] })), 422, "at most 20000"),
        (with("ways", json!([{ "rule": "magic" }])), 422, "unknown rule 'magic'"),
        (with("ways", json!([{ "rule": "epsilon(-1)" }])), 422, "must not be negative"),
        (with("ways", json!([{ "composite": "magic" }])), 422, "unknown composite"),
        (with("ways", json!([{ "rule": "flat", "composite": "lrp-0" }])), 422, "one of them"),
        (with("ways", json!([{ "dialect": "klingon" }])), 422, "unknown dialect"),
        (with("ways", json!(vec![json!({}); 11])), 422, "at most"),
        (with("classes", json!([10])), 422, "classes are 0 to 9"),
        (with("top", json!(0)), 422, "at least 1"),
    ]
}

#[test]
fn senseless_questions_are_told_what_is_wrong() {
    for (question, status, said) in senseless() {
        for path in ["/api/v1/explain", "/api/v1/layers"] {
            let answer = post(shared(), path, "application/json", question.to_string().as_bytes());
            let error = answer.json()["error"].as_str().expect("a line").to_owned();
            let brief: String = question.to_string().chars().take(120).collect();
            assert_eq!(answer.status, status, "{brief}: {error}");
            assert!(error.to_lowercase().contains(said) && !error.contains('\n'), "{brief}: {error}");
        }
    }
}

#[test]
fn one_way_and_one_class_are_shown_layer_by_layer() {
    for (key, value) in [("ways", json!([{}, {}])), ("classes", json!([1, 2])), ("top", json!(2))] {
        let mut question = json!({ "model": "mnist-lenet5-sumpool", "input": { "digit": 1 } });
        question[key] = value;
        let answer = post(shared(), "/api/v1/layers", "application/json", question.to_string().as_bytes());
        assert_eq!(answer.status, 422, "{}", answer.json());
    }
}

#[test]
fn what_is_not_json_is_refused() {
    let bodies: [&[u8]; 7] = [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b"{\"model\":NaN}",
        b"{\"model\":1e999,\"input\":{}}",
        &[b'['; 100_000],
    ];
    for body in bodies {
        assert_eq!(post(shared(), "/api/v1/explain", "application/json", body).status, 400);
    }
    assert_eq!(post(shared(), "/api/v1/explain", "text/plain", b"{}").status, 415);
}

#[test]
fn paths_and_methods_that_are_not_there() {
    let answers = [
        (get(shared(), "/api/v2/models"), 404),
        (get(shared(), "/../Cargo.toml"), 404),
        (get(shared(), "/api/v1/samples/photos/%00"), 404),
        (get(shared(), "/api/v1/samples/photos/..%2f..%2fCargo.toml"), 404),
        (get(shared(), "/api/v1/explain"), 405),
        (post(shared(), "/api/v1/models", "application/json", b"{}"), 405),
    ];
    for (answer, status) in answers {
        assert_eq!(answer.status, status);
        assert!(answer.json()["error"].is_string());
    }
}

#[test]
fn pictures_with_too_many_pixels_and_bodies_with_too_many_bytes_are_too_large() {
    // Nine million white pixels are a few kilobytes.
    let picture = Picture::filled(3000, 3000, WHITE).expect("a picture");
    let picture = STANDARD.encode(encode_png(&picture.to_rgb8()).expect("a file"));
    let question = json!({ "model": "squeezenet1.1", "input": { "picture": picture } });
    let answer = post(shared(), "/api/v1/explain", "application/json", question.to_string().as_bytes());
    assert_eq!(answer.status, 413, "{}", answer.json());

    let served = Served::with(Settings { body_bytes: 100, ..Settings::default() });
    let answer = post(served.address, "/api/v1/explain", "application/json", &[b' '; 101]);
    assert_eq!(answer.status, 413, "{}", answer.json());
}

#[test]
fn too_many_requests_and_answers_that_take_too_long_are_told_to_try_again() {
    let question = json!({ "model": "mnist-lenet5-sumpool", "input": { "digit": 1 } }).to_string();
    let busy = [
        Settings { waiting: 0, ..Settings::default() },
        Settings { all_bodies_bytes: 0, ..Settings::default() },
        Settings { answer_time: Duration::ZERO, ..Settings::default() },
    ];
    for settings in busy {
        let served = Served::with(settings);
        let answer = post(served.address, "/api/v1/explain", "application/json", question.as_bytes());
        assert_eq!(answer.status, 503, "{}", answer.json());
        assert_eq!(get(served.address, "/healthz").status, 200);
    }
}
