//! The API over real connections: what it answers, what it refuses, and what it survives.

mod client;
mod answers;
mod arbitrary;
mod connections;
mod openapi;
mod refusals;
