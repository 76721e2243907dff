//! A server for all tests or for one, and a client.

use std::io;
use std::net::SocketAddr;
use std::sync::OnceLock;
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use lrp_serve::{Model, Server, Settings};
use serde_json::Value;
use tokio::sync::oneshot;

/// A server that runs until it is asked to end.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    end: oneshot::Sender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl Served {
    /// One with the smallest model.
    pub(crate) fn with(settings: Settings) -> Self {
        Self::of(vec![Model::bundled(&lrp_data::LENET5_SUMPOOL).expect("a bundled model")], settings)
    }

    fn of(models: Vec<Model>, settings: Settings) -> Self {
        let server = Server::bind("127.0.0.1:0", models, settings).expect("a free port");
        let address = server.address().expect("an address");
        let (end, ended) = oneshot::channel();
        let end_of = async { ended.await.map_err(io::Error::other) };
        Self { address, end, thread: spawn(|| server.run_until(end_of)) }
    }

    /// Asks it to end; what it returns when it has.
    pub(crate) fn end(self) -> JoinHandle<io::Result<()>> {
        self.end.send(()).expect("it runs");
        self.thread
    }
}

/// The server that most tests ask, with every bundled model.
pub(crate) fn shared() -> SocketAddr {
    static SERVED: OnceLock<Served> = OnceLock::new();
    let models = || Model::all_bundled().expect("bundled models");
    SERVED.get_or_init(|| Served::of(models(), Settings::default())).address
}

/// A status, a type and a body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn of(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Self {
        let mut response = response.expect("an answer");
        let media =
            response.headers().get("content-type").and_then(|media| media.to_str().ok()).unwrap_or_default();
        let (status, media) = (response.status().as_u16(), media.to_owned());
        Self { status, media, body: response.body_mut().read_to_vec().expect("a body") }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }
}

fn agent() -> ureq::Agent {
    let wait = Some(Duration::from_secs(120));
    ureq::Agent::config_builder().http_status_as_error(false).timeout_global(wait).build().into()
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Answer {
    Answer::of(agent().get(format!("http://{address}{path}")).call())
}

pub(crate) fn post(address: SocketAddr, path: &str, media: &str, body: &[u8]) -> Answer {
    Answer::of(agent().post(format!("http://{address}{path}")).header("content-type", media).send(body))
}

/// Asks, and gets the answer of a question that makes sense.
pub(crate) fn asked(path: &str, question: &Value) -> Value {
    let answer = post(shared(), path, "application/json", question.to_string().as_bytes());
    let json = answer.json();
    assert_eq!(answer.status, 200, "{json}");
    json
}
