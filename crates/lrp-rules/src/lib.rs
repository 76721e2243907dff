#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod algebra;
pub mod rules;
mod composite;
mod composite_file;
mod presets;
mod dialect;
mod target;
mod plan;
mod together;
mod table;
mod shortcuts;
mod redistribute;
mod error;

pub use algebra::{B, Bias, Formula, Gate, InputLens, Rule, Share, Sum, TINY, W, Weight, X, fill, share};
pub use composite::{COMPOSITES, Composite, CompositeInfo, Select, composite};
pub use dialect::Dialect;
pub use error::{Error, ErrorKind, Result};
pub use plan::{Explanation, Plan, PlanOptions};
pub use presets::{Presets, toolbox_rule};
pub use table::{Row, Table};
pub use target::{Target, top_classes};
pub use together::explain_together;
