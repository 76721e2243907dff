//! Readers and writers of arrays: round trips, files of other programs, and files made to hurt.

#[path = "../common/mod.rs"]
mod common;
mod bytes;
mod csv;
mod files;
mod hostile;
mod idx;
mod mat;
#[cfg(feature = "hdf5")]
mod mat73;
mod npy;
mod npz;
mod pictures;
mod notes;
mod planes;
mod round_trip;
mod shared;
mod text;
