//! The files around a network of the LRP Toolbox for Caffe.

pub(crate) mod blob;
