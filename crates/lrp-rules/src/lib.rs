#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod algebra;
mod derivative;
mod parameter;
pub mod rules;
mod call;
mod name;
mod notation;
mod composite;
mod composites;
mod formulas;
mod composite_file;
mod suggestion;
mod presets;
mod dialect;
mod target;
mod canonizers;
mod probe;
mod options;
mod plan;
mod step;
mod stand_in;
mod spread_bias;
mod explanation;
mod ledger;
mod together;
mod attributors;
mod table;
mod shortcuts;
mod redistribute;
mod look;
mod error;

pub use algebra::{
    B, Bias, Formula, Gate, InputLens, Rule, Share, Sum, TINY, W, Weight, X, derivative, fill, share,
};
pub use attributors::{ATTRIBUTORS, Attributor, AttributorInfo, IntegratedGradients, Occlusion, SmoothGrad};
pub use canonizers::{CANONIZERS, Canonized, CanonizerInfo, Rewrite, canonize};
pub use composite::{Composite, Place, Select};
pub use composites::{COMPOSITES, CompositeInfo, composite, composite_within};
pub use derivative::Derivative;
pub use dialect::Dialect;
pub use error::{Error, ErrorKind, Result};
pub use explanation::Explanation;
pub use formulas::{FORMULAS, FormulaOptions, FormulaType, formula};
pub use ledger::{Amount, Denominators, Entry, Ledger};
pub use options::{BiasShare, Head, Maxima, PlanOptions, Responses, Start, Treatment, Unknown};
pub use parameter::Parameter;
pub use plan::Plan;
pub use presets::{Presets, toolbox_rule};
pub use probe::random_sample;
pub use suggestion::{Suggestion, suggest, toolbox_suggestion};
pub use table::{Row, Table};
pub use target::{Target, top_classes};
pub use together::{explain_together, samples_within};
