//! Models that Python pickled: files of real Pythons, round trips, and files made to hurt.

mod files;
mod hostile;
mod program;
mod python;
mod round_trip;
mod shared;
