//! The files around a network of the LRP Toolbox for Caffe: configuration, list of images, mean image.

pub(crate) mod blob;

mod config;
mod list;
mod mean;

pub use config::Config;
pub use list::{Listed, Wanted, parse_list};
pub use mean::{MeanFormat, read_mean};
