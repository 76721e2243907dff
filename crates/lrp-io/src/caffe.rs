//! The files around a network of the LRP Toolbox for Caffe.

// Both readers of these files, of mean images and of weights, decode blobs.
#[cfg_attr(not(test), allow(dead_code, reason = "the readers follow"))]
pub(crate) mod blob;
