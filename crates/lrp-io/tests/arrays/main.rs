//! Readers and writers of arrays: round trips, files of other programs, and files made to hurt.

mod bytes;
mod files;
mod hostile;
mod mat;
#[cfg(feature = "mat73")]
mod mat73;
mod npy;
mod npz;
mod round_trip;
mod shared;
mod text;
