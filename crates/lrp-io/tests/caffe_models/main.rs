//! Networks of Caffe: layer by layer, in all versions of their files, and files made to do harm.

mod build;
mod hostile;
mod layers;
mod networks;
mod refusals;
mod residual;
mod versions;
mod weights;

#[path = "../common/mod.rs"]
mod common;
