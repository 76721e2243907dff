//! The description of the API is what the API does.

use std::collections::BTreeSet;

use lrp_serve::routes;
use serde_json::Value;

use crate::client::{asked, get, post, shared};

fn document() -> Value {
    get(shared(), "/api/v1/openapi.json").json()
}

/// Every operation as its method, its path and its description.
fn operations(document: &Value) -> Vec<(&str, &str, &Value)> {
    let paths = document["paths"].as_object().expect("paths");
    paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .expect("methods")
                .iter()
                .map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
        })
        .collect()
}

/// What of `value` is not as `schema` says, if anything: the part of JSON Schema that the document uses.
fn fault(document: &Value, schema: &Value, value: &Value) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let target = document.pointer(name.trim_start_matches('#')).unwrap_or_else(|| panic!("no {name}"));
        return fault(document, target, value);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| fault(document, choice, value).is_none()).count();
        return (fitting != 1).then(|| format!("{fitting} of the choices fit"));
    }
    if schema["enum"].as_array().is_some_and(|allowed| !allowed.contains(value)) {
        return Some(format!("{value} is not allowed"));
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    let is = |name: &&str| match *name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    };
    if !types.is_empty() && !types.iter().any(is) {
        return Some(format!("expected {types:?}, found {value:.60}"));
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(missing) =
        value.as_object().and_then(|found| required.clone().find(|name| !found.contains_key(*name)))
    {
        return Some(format!("{missing} is missing"));
    }
    let members = value.as_object().filter(|_| schema["properties"].is_object()).into_iter().flatten();
    let in_member = |(name, member): (&String, &Value)| match schema["properties"].get(name) {
        Some(schema) => fault(document, schema, member).map(|fault| format!("{name}: {fault}")),
        None => Some(format!("{name} is not described")),
    };
    let items = value.as_array().filter(|_| schema["items"].is_object()).into_iter().flatten();
    members.map(in_member).chain(items.map(|item| fault(document, &schema["items"], item))).flatten().next()
}

#[test]
fn it_describes_every_path_and_no_other() {
    let document = document();
    let described: BTreeSet<(&str, &str)> =
        operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert_eq!(described, routes().collect());
}

#[test]
fn answers_are_as_it_describes_them() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let content = operation["responses"]["200"]["content"].as_object().expect("an answer");
        let (media, described) = content.iter().next().expect("one type");
        if method == "get" {
            let example = operation["parameters"][0]["example"].as_str().unwrap_or_default();
            let answer = get(shared(), &path.replace("{name}", example));
            assert_eq!((answer.status, answer.media.as_str()), (200, media.as_str()), "{path}");
            let json = media == "application/json";
            assert_eq!(
                json.then(|| fault(&document, &described["schema"], &answer.json())).flatten(),
                None,
                "{path}"
            );
            continue;
        }
        let body = &operation["requestBody"]["content"]["application/json"];
        let examples = body["examples"].as_object().expect("examples");
        for (name, example) in examples {
            assert_eq!(fault(&document, &body["schema"], &example["value"]), None, "{path}, {name}");
            let answer = asked(path, &example["value"]);
            assert_eq!(fault(&document, &described["schema"], &answer), None, "{path}, {name}");
        }
        let refused = post(shared(), path, "application/json", b"{}");
        let schema =
            &operation["responses"][refused.status.to_string()]["content"]["application/json"]["schema"];
        assert_eq!(fault(&document, schema, &refused.json()), None, "{path}");
    }
}
