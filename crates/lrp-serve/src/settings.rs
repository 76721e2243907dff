//! How much the server gives to whom.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;
use std::time::Duration;

/// Upper bounds of requests, of connections and of memory; what passes one is refused in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Bytes of one request's body; by default 12 MiB.
    pub body_bytes: usize,
    /// Bytes of all bodies held at once; by default 128 MiB.
    pub all_bodies_bytes: usize,
    /// Pixels of a picture; by default eight millions.
    pub pixels: u64,
    /// Points of a drawing; by default 20 000.
    pub points: usize,
    /// How long an answer may take once the request is read; by default 30 seconds.
    pub answer_time: Duration,
    /// How long a request's body may take to arrive, and how long a client may keep the server waiting for room to
    /// write; by default 20 seconds.
    pub body_time: Duration,
    /// How long the head of a request may take to arrive, from the end of the last one on; by default 15 seconds.
    pub head_time: Duration,
    /// Connections at once; further ones wait to be accepted. By default 256.
    pub connections: usize,
    /// Requests that are computed or wait to be; by default 128.
    pub waiting: usize,
    /// Requests that are computed at once; by default one a processor.
    pub running: NonZeroUsize,
    /// Plans kept for each model; by default 8.
    pub plans: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            body_bytes: 12 << 20,
            all_bodies_bytes: 128 << 20,
            pixels: 8_000_000,
            points: 20_000,
            answer_time: Duration::from_secs(30),
            body_time: Duration::from_secs(20),
            head_time: Duration::from_secs(15),
            connections: 256,
            waiting: 128,
            running: available_parallelism().unwrap_or(NonZeroUsize::MIN),
            plans: 8,
        }
    }
}
