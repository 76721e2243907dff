#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub use lrp_core as core;
pub use lrp_io as io;
pub use lrp_render as render;
pub use lrp_rules as rules;
pub use lrp_train as train;

pub mod caffe;
mod error;

pub use error::{Error, Result};

/// What most programs need, under one name.
pub mod prelude {
    pub use lrp_core::{Float, Kernels, Network, NetworkBuilder, Op, Tensor, Trace, Value};
    pub use lrp_io::{Limits, Preparation, Sidecar, read_array, read_model, write_array, write_model};
    pub use lrp_render::{DigitOptions, HeatmapOptions, colormap, digit, encode_png, heatmap};
    pub use lrp_rules::rules::{alpha_beta, epsilon, flat, gamma, simple, w_square, z_box, z_plus};
    pub use lrp_rules::{
        Composite, Dialect, Explanation, Plan, PlanOptions, Rule, Select, Target, canonize, composite,
        suggest,
    };
}
