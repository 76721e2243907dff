//! What there is: models, rules, samples.

use std::sync::OnceLock;

use lrp::io::{Limits, read_array_bytes};
use lrp::rules::rules::{Dial, RULES, RuleInfo};
use lrp::rules::{COMPOSITES, Dialect};
use lrp_data::{BundledReader, DIGIT_LABELS, DIGITS, PHOTOS, Photo, READERS};
use ndarray::ArrayD;
use serde_json::{Value, json};

use crate::fault::Fault;
use crate::model::{Model, stem};

pub(crate) fn models(models: &[Model]) -> Value {
    let model = |model: &Model| {
        let nodes = model.network.nodes();
        let layers: Vec<String> = nodes.iter().map(|node| node.kind().to_string()).collect();
        let classes = &model.sidecar.classes;
        json!({
            "name": model.name, "about": model.sidecar.about, "takes": model.takes, "sample": model.sample,
            "classes": classes, "layers": layers,
            "usual": { "rules": model.usual.name, "why": model.usual.why },
        })
    };
    json!({ "models": models.iter().map(model).collect::<Vec<_>>() })
}

pub(crate) fn rules() -> Value {
    let rule = |info: &RuleInfo| {
        // Bounds are taken from the model where the rule asks for them and none are given.
        let bounded = info.with(&[]).is_err();
        let formula = info.with(&[]).or_else(|_| info.with(&[-1.0, 1.0])).map(|rule| format!("{rule:#}"));
        let dials: Vec<Value> = info.dials.iter().map(dial).collect();
        json!({
            "name": info.name, "usage": info.usage, "summary": info.summary, "formula": formula.ok(),
            "bounded": bounded, "dials": dials,
        })
    };
    let rules: Vec<Value> = RULES.iter().map(rule).collect();
    let composites: Vec<Value> = COMPOSITES
        .iter()
        .map(|info| json!({ "name": info.name, "usage": info.usage, "summary": info.summary }))
        .collect();
    json!({ "rules": rules, "composites": composites, "dialects": Dialect::ALL.map(Dialect::name) })
}

fn dial(dial: &Dial) -> Value {
    json!({
        "name": dial.name, "usual": dial.usual, "least": dial.least, "most": dial.most,
        "logarithmic": dial.logarithmic,
    })
}

pub(crate) fn samples() -> Value {
    let photos: Vec<Value> =
        PHOTOS.iter().map(|photo| json!({ "name": photo.name, "about": photo.about })).collect();
    let texts = |reader: &'static BundledReader| {
        let model = stem(reader.model.name);
        reader.samples.iter().map(move |sample| {
            json!({ "model": model, "name": sample.name, "class": sample.class, "text": sample.text.trim() })
        })
    };
    let texts: Vec<Value> = READERS.iter().flat_map(texts).collect();
    json!({ "digits": digits().shape()[0], "photos": photos, "texts": texts })
}

/// Every digit with its class.
pub(crate) fn digit_sheet() -> Value {
    let pixels: Vec<Vec<u8>> =
        digits().outer_iter().map(|digit| digit.iter().map(|&value| value as u8).collect()).collect();
    let labels: Vec<u8> = array(DIGIT_LABELS).iter().map(|&label| label as u8).collect();
    json!({ "height": 28, "width": 28, "labels": labels, "pixels": pixels })
}

pub(crate) fn photo(name: &str) -> Result<&'static Photo, Fault> {
    PHOTOS.iter().find(|photo| photo.name == name).ok_or_else(|| {
        let names: Vec<&str> = PHOTOS.iter().map(|photo| photo.name).collect();
        Fault::missing(format!("there is no photo '{name}'; one of {}", names.join(", ")))
    })
}

/// The hundred digits, `[100, 784]`, 0 to 255.
pub(crate) fn digits() -> &'static ArrayD<f64> {
    static SHEET: OnceLock<ArrayD<f64>> = OnceLock::new();
    SHEET.get_or_init(|| array(DIGITS))
}

fn array(bytes: &[u8]) -> ArrayD<f64> {
    let array = read_array_bytes("bundled.npy", bytes, &Limits::default());
    array.expect("what is in the binary was tested").values
}
