//! Five rules and two questions over one forward pass: `cargo run -p lrp --example one_forward_pass`.
//!
//! The toolbox's `lrp_aware` flag kept every product of the forward pass for the rules to come. A trace keeps
//! only the activations, and serves any number of rules and targets.

use lrp::prelude::*;
use ndarray::{Axis, Slice};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let limits = Limits::default();
    let network = lrp::io::read_model_bytes("lenet5.txt", lrp_data::LENET5_MAXPOOL.bytes, &limits)?;
    let sidecar = Sidecar::parse("lenet5.toml", lrp_data::LENET5_MAXPOOL.sidecar)?;
    let digits = lrp::io::read_array_bytes("digits.npy", lrp_data::DIGITS, &limits)?.values;
    let batch = sidecar.input.apply(digits.slice_axis(Axis(0), Slice::from(0..10)).to_owned())?;

    let trace = network.trace(&batch)?; // the only forward pass
    for rule in [simple(), epsilon(0.01), alpha_beta(2.0, 1.0), z_plus(), w_square()] {
        let plan = Plan::new(&network, &Composite::uniform(rule.clone()), PlanOptions::default())?;
        for target in [Target::Top, Target::Class(3)] {
            let explanation = plan.explain_trace(&trace, &target)?;
            let (sum, seed) = (explanation.relevance.sum(), explanation.seed.sum());
            println!("{:<16} {:<10} {sum:>9.3} of {seed:>9.3}", rule.to_string(), format!("{target:?}"));
        }
    }
    Ok(())
}
