//! Networks of Caffe, layer by layer and in all versions of their files; the other files of the toolbox for Caffe, and
//! what the original made of them; and files made to do harm.

mod build;
mod golden;
mod hostile;
mod hostile_files;
mod layers;
mod networks;
mod photos;
mod refusals;
mod residual;
mod versions;
mod weights;

#[path = "../common/mod.rs"]
mod common;
