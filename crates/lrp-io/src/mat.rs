//! MATLAB level 5 files: what they are made of, and nothing of what it means.
//!
//! A file is a header and a row of tagged elements. Those on the top level are variables: each a
//! [`Matrix`], perhaps compressed, that says its class, its dimensions and its name. [`Numbers`] and
//! [`Value`] are what a matrix holds. The readers of arrays and of models take what they need; all
//! that is read is bounded by the bytes that are there and by [`Limits`](crate::Limits).

mod frame;
mod matrix;
mod numbers;
mod text;
mod value;
mod writer;

pub(crate) use frame::{File, Stream, byte_order, is_hdf5, sniff};
pub(crate) use matrix::Matrix;
#[cfg(feature = "hdf5")]
pub(crate) use numbers::CLASS_NAMES;
pub(crate) use numbers::{Numbers, raw_bytes};
pub(crate) use value::{Cells, Instance, Record, Value};
pub(crate) use writer::{check_name, header, numbers_front, padding, variable};

#[cfg(test)]
mod tests;
