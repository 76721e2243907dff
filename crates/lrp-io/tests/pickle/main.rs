//! Models that Python pickled: files of real Pythons, round trips, and files made to hurt.

#[path = "../common/mod.rs"]
mod common;
mod files;
mod hostile;
mod program;
mod python;
mod round_trip;
mod shared;
