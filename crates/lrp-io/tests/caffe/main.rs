//! Files of the toolbox for Caffe, and what the original made of them.

#[path = "../common/mod.rs"]
mod common;

mod golden;
mod hostile;
mod photos;
