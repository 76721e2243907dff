//! What went wrong with a request, as the client is told.

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// A status and one line.
#[derive(Debug)]
pub(crate) struct Fault {
    status: StatusCode,
    message: String,
}

impl Fault {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into().replace(char::is_control, " ") }
    }

    /// The request can be read and makes no sense.
    pub(crate) fn senseless(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// There is too much to do; it may be tried again.
    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// The server is at fault.
    pub(crate) fn ours() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the server failed at this request and goes on with others",
        )
    }
}

impl From<lrp::rules::Error> for Fault {
    fn from(error: lrp::rules::Error) -> Self {
        Self::senseless(error.to_string())
    }
}

impl From<lrp::core::Error> for Fault {
    fn from(error: lrp::core::Error) -> Self {
        Self::senseless(error.to_string())
    }
}

impl From<lrp::render::Error> for Fault {
    fn from(error: lrp::render::Error) -> Self {
        Self::senseless(error.to_string())
    }
}

impl From<lrp::io::Error> for Fault {
    fn from(error: lrp::io::Error) -> Self {
        match error.kind() {
            lrp::io::ErrorKind::Limit => Self::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string()),
            _ => Self::senseless(error.to_string()),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let mut response = (self.status, axum::Json(json!({ "error": self.message }))).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
