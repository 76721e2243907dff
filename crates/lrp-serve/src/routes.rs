//! Which path is answered by what.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;

use crate::assets::{ASSETS, OPENAPI};
use crate::catalogue;
use crate::fault::Fault;
use crate::palettes::palettes;
use crate::service::Service;
use crate::{explain, layers};

type Shared = State<Arc<Service>>;

/// One path of the API.
struct Route {
    method: &'static str,
    path: &'static str,
    handler: fn() -> MethodRouter<Arc<Service>>,
}

const ROUTES: &[Route] = &[
    Route {
        method: "get",
        path: "/healthz",
        handler: || get(|| async { axum::Json(json!({ "status": "ok" })) }),
    },
    Route { method: "get", path: "/api/v1/models", handler: || get(models) },
    Route {
        method: "get",
        path: "/api/v1/rules",
        handler: || get(|| async { axum::Json(catalogue::rules()) }),
    },
    Route { method: "get", path: "/api/v1/palettes", handler: || get(palette_list) },
    Route {
        method: "get",
        path: "/api/v1/samples",
        handler: || get(|| async { axum::Json(catalogue::samples()) }),
    },
    Route {
        method: "get",
        path: "/api/v1/samples/digits",
        handler: || get(|| async { axum::Json(catalogue::digit_sheet()) }),
    },
    Route { method: "get", path: "/api/v1/samples/photos/{name}", handler: || get(photo) },
    Route { method: "post", path: "/api/v1/explain", handler: || post(explain_one) },
    Route { method: "post", path: "/api/v1/layers", handler: || post(layers_one) },
];

/// What a browser may load for the page: what comes from here, and pictures that are written out in it.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Every path of the API with its method, as `openapi.json` describes them.
pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
    ROUTES.iter().map(|route| (route.method, route.path)).chain([("get", OPENAPI)])
}

pub(crate) fn router(service: Arc<Service>) -> Router {
    let pages = ASSETS
        .iter()
        .fold(Router::new(), |router, asset| router.route(asset.path, get(|| async { asset.response() })));
    ROUTES
        .iter()
        .fold(pages, |router, route| router.route(route.path, (route.handler)()))
        .fallback(|| async { Fault::missing("there is nothing at this path") })
        .method_not_allowed_fallback(|| async {
            Fault::new(StatusCode::METHOD_NOT_ALLOWED, "this path is not for this method")
        })
        .layer(CatchPanicLayer::custom(|_| Fault::ours().into_response()))
        .layer(from_fn(accompany))
        .with_state(service)
}

async fn models(State(service): Shared) -> Response {
    axum::Json(catalogue::models(&service.models)).into_response()
}

async fn palette_list() -> Result<Response, Fault> {
    Ok(axum::Json(json!({ "palettes": palettes()? })).into_response())
}

async fn photo(Path(name): Path<String>) -> Result<Response, Fault> {
    Ok(([(CONTENT_TYPE, "image/png")], catalogue::photo(&name)?.bytes).into_response())
}

async fn explain_one(State(service): Shared, request: Request) -> Result<Response, Fault> {
    let answer =
        service.answer(request, |question: explain::Question, service| explain::answer(question, service));
    Ok(([(CONTENT_TYPE, "application/json")], answer.await?).into_response())
}

async fn layers_one(State(service): Shared, request: Request) -> Result<Response, Fault> {
    let answer =
        service.answer(request, |question: explain::Question, service| layers::answer(question, service));
    Ok(([(CONTENT_TYPE, "application/json")], answer.await?).into_response())
}

/// Logs a request, and adds the headers that all answers have.
async fn accompany(request: Request, next: Next) -> Response {
    let (method, path, start) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let mut response = next.run(request).await;
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    response.headers_mut().extend(fixed.map(|(name, value)| (name, HeaderValue::from_static(value))));
    let (status, milliseconds) = (response.status().as_u16(), start.elapsed().as_secs_f64() * 1e3);
    tracing::info!(%method, path, status, milliseconds, "request");
    response
}
