//! What all requests share, and how much of it each may have.

use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::LengthLimitError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::fault::Fault;
use crate::model::Model;
use crate::settings::Settings;

/// Bytes that one permit to hold a body stands for.
const PIECE: usize = 1 << 10;

/// Models, bounds, and permits.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) models: Vec<Model>,
    pub(crate) settings: Settings,
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
}

/// A request's right to be there, given back when it is done.
type Permits = [OwnedSemaphorePermit; 2];

impl Service {
    pub(crate) fn new(models: Vec<Model>, settings: Settings) -> Self {
        let permits = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self {
            running: permits(settings.running.get()),
            waiting: permits(settings.waiting),
            bodies: permits(settings.all_bodies_bytes.div_ceil(PIECE)),
            models,
            settings,
        }
    }

    pub(crate) fn model(&self, name: &str) -> Result<&Model, Fault> {
        self.models.iter().find(|model| model.name == name).ok_or_else(|| {
            let names: Vec<&str> = self.models.iter().map(|model| model.name.as_str()).collect();
            let name: String = name.chars().take(40).collect();
            Fault::missing(format!("there is no model '{name}'; one of {}", names.join(", ")))
        })
    }

    /// Reads a question and answers it on a thread that may take its time.
    pub(crate) async fn answer<Q, A>(
        self: Arc<Self>,
        request: Request,
        work: fn(Q, &Self) -> Result<A, Fault>,
    ) -> Result<Bytes, Fault>
    where
        Q: DeserializeOwned + Send + 'static,
        A: Serialize + 'static,
    {
        let (body, permits) = self.body(request).await?;
        let work = self.compute(permits, move |service| {
            let question = serde_json::from_slice(&body);
            drop(body);
            let question =
                question.map_err(|error| Fault::new(StatusCode::BAD_REQUEST, format!("body: {error}")))?;
            serde_json::to_vec(&work(question, service)?).map_err(|_| Fault::ours())
        });
        let time = self.settings.answer_time;
        Ok(timely(time, work, || Fault::busy(format!("there was no answer within {}", seconds(time))))
            .await?
            .into())
    }

    /// The body, if it is of the right type and there is room for it.
    async fn body(&self, request: Request) -> Result<(Bytes, Permits), Fault> {
        let (head, body) = request.into_parts();
        let header = |name| head.headers.get(name).and_then(|value| value.to_str().ok());
        let json = header(CONTENT_TYPE).and_then(|kind| kind.split(';').next());
        if !json.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
            let message = "the body must be of the type application/json";
            return Err(Fault::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
        }
        let most = self.settings.body_bytes;
        let too_large = || {
            Fault::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is too large, at most {most} bytes are allowed"),
            )
        };
        // One that does not say how long it is counts as the longest.
        let length = header(CONTENT_LENGTH).and_then(|length| length.parse().ok()).unwrap_or(most);
        if length > most {
            return Err(too_large());
        }
        let full = |_| Fault::busy("too many requests wait, try again");
        let waiting = Arc::clone(&self.waiting).try_acquire_owned().map_err(full)?;
        let pieces = u32::try_from(length.div_ceil(PIECE)).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.bodies).try_acquire_many_owned(pieces).map_err(full)?;
        let time = self.settings.body_time;
        let late = || {
            let message = format!("the body did not arrive within {}", seconds(time));
            Fault::new(StatusCode::REQUEST_TIMEOUT, message)
        };
        let body = timely(time, collect(body, most, too_large), late).await?;
        Ok((body, [waiting, room]))
    }

    /// Runs `work` when its turn comes. It keeps its permits until it is done, also where nobody waits for it any more.
    async fn compute<T: Send + 'static>(
        self: &Arc<Self>,
        permits: Permits,
        work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Fault::ours())?;
        let service = Arc::clone(self);
        let done = spawn_blocking(move || {
            let _held = (permits, running);
            work(&service)
        });
        done.await.map_err(|_| Fault::ours())?
    }
}

async fn collect(body: Body, most: usize, too_large: impl Fn() -> Fault) -> Result<Bytes, Fault> {
    axum::body::to_bytes(body, most).await.map_err(|error| {
        let long = error.source().is_some_and(<dyn StdError>::is::<LengthLimitError>);
        if long { too_large() } else { Fault::new(StatusCode::BAD_REQUEST, "the body broke off") }
    })
}

async fn timely<T>(
    time: Duration,
    work: impl Future<Output = Result<T, Fault>>,
    late: impl FnOnce() -> Fault,
) -> Result<T, Fault> {
    timeout(time, work).await.unwrap_or_else(|_| Err(late()))
}

fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs_f64())
}
