//! Whatever comes, there is an answer, and the server goes on.

use lrp_serve::routes;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed};
use serde_json::{Value, json};

use crate::client::{get, post, shared};

/// Values that questions are made of, and others.
fn part() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u64..12).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z0-9(),.*\\[\\]+-]{0,24}".prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec![
            "epsilon(1e-300)",
            "alphabeta(1e300)",
            "zbox(0,0)",
            "2·[x⁺w⁺]{ε=0}",
            "[xw",
            "squeezenet1.1"
        ])
        .prop_map(Value::from),
    ];
    let key = prop::sample::select(vec![
        "digit",
        "strokes",
        "photo",
        "picture",
        "text",
        "values",
        "rule",
        "composite",
        "first",
        "dialect",
        "x",
    ]);
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..3)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn question() -> impl Strategy<Value = Value> {
    let input = prop_oneof![Just(json!({ "digit": 5 })), part()];
    let key = prop::sample::select(vec!["model", "input", "ways", "classes", "top", "x"]);
    (input, prop::collection::vec((key, part()), 0..3)).prop_map(|(input, others)| {
        let mut question = json!({ "model": "mnist-lenet5-sumpool", "input": input });
        others.into_iter().for_each(|(key, value)| question[key] = value);
        question
    })
}

fn config() -> Config {
    Config { cases: 96, rng_seed: RngSeed::Fixed(7), failure_persistence: None, ..Config::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_are_answered_on_every_path(bytes in prop::collection::vec(any::<u8>(), 0..200), tail in "[!-~]{0,20}") {
        for (method, path) in routes() {
            let answer = match method {
                "post" => post(shared(), path, "application/json", &bytes),
                _ => get(shared(), &path.replace("{name}", &tail.replace(['?', '#', '%', '/', '\\', '"', '<', '>', '`', '{', '}', '|', '^'], "_"))),
            };
            prop_assert!(answer.status < 500, "{method} {path}: {}", answer.status);
        }
    }

    #[test]
    fn any_text_is_read_or_holds_no_word(text in any::<String>()) {
        let question = json!({ "model": "movie-reviews", "input": { "text": text } });
        let answer = post(shared(), "/api/v1/explain", "application/json", question.to_string().as_bytes());
        prop_assert!([200, 422].contains(&answer.status), "{question}: {}", answer.json());
        if answer.status == 200 {
            let answer = answer.json();
            let pieces = answer["text"].as_array().into_iter().flatten();
            let joined: String = pieces.filter_map(|piece| piece["text"].as_str()).collect();
            prop_assert_eq!(joined, text);
        }
    }

    #[test]
    fn any_question_is_answered_or_told_what_is_wrong(question in question()) {
        for path in ["/api/v1/explain", "/api/v1/layers"] {
            let answer = post(shared(), path, "application/json", question.to_string().as_bytes());
            prop_assert!(answer.status < 500, "{question}: {}", answer.json());
            prop_assert_eq!(answer.status == 200, answer.json()["error"].is_null());
        }
    }
}
