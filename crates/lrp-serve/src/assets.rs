//! The page: its files, inside the binary.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// One file of the page.
pub(crate) struct Asset {
    pub(crate) path: &'static str,
    media: &'static str,
    bytes: &'static [u8],
}

/// A file of the folder `assets`, under its own name or another path.
macro_rules! asset {
    ($file:literal, $media:expr) => {
        asset!($file, $media, concat!("/", $file))
    };
    ($file:literal, $media:expr, $path:expr) => {
        Asset { path: $path, media: $media, bytes: include_bytes!(concat!("../assets/", $file)) }
    };
}

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const JSON: &str = "application/json";

/// Where the description of the API is.
pub(crate) const OPENAPI: &str = "/api/v1/openapi.json";

/// Every file of the page, and the description of the API.
pub(crate) const ASSETS: &[Asset] = &[
    asset!("index.html", HTML, "/"),
    asset!("style.css", STYLE),
    asset!("app.js", SCRIPT),
    asset!("api.js", SCRIPT),
    asset!("dom.js", SCRIPT),
    asset!("paint.js", SCRIPT),
    asset!("look.js", SCRIPT),
    asset!("way.js", SCRIPT),
    asset!("pad.js", SCRIPT),
    asset!("digits.js", SCRIPT),
    asset!("images.js", SCRIPT),
    asset!("texts.js", SCRIPT),
    asset!("layers.js", SCRIPT),
    asset!("favicon.svg", SVG),
    asset!("openapi.json", JSON, OPENAPI),
];

impl Asset {
    pub(crate) fn response(&self) -> Response {
        ([(CONTENT_TYPE, self.media)], self.bytes).into_response()
    }
}
