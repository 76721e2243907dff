//! How long naive and fast kernels take, and that they agree, as the toolbox's timing scripts tell it.

use std::error::Error;

use lrp::prelude::*;
use ndarray::{Axis, Slice};

use super::stopwatch::{report, timed};
use super::{Material, open};

/// Prints mean seconds; the first argument may be the number of repetitions. One forward pass serves all rules.
pub(crate) fn run(model: &lrp_data::BundledModel) -> Result<(), Box<dyn Error>> {
    let repetitions = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(1);
    let Material { network: fast, inputs, .. } = open(model)?;
    let naive = fast.clone().with_kernels(Kernels::Naive);
    for size in [1, 16, 64] {
        let batch = inputs.slice_axis(Axis(0), Slice::from(..size)).to_owned();
        println!("batches of {size}, mean of {repetitions}: seconds naive and fast, speed-up");
        let (mut slow, expected) = timed(repetitions, || naive.trace(&batch).map_err(Into::into))?;
        let (mut quick, trace) = timed(repetitions, || fast.trace(&batch).map_err(Into::into))?;
        report("forward", slow, quick);
        let rules = [simple(), epsilon(0.01), alpha_beta(2., 1.), alpha_beta(1., 0.), alpha_beta(0., -1.)];
        for (count, rule) in rules.into_iter().enumerate() {
            let explained = |trace| timed(repetitions, || explain(trace, &rule));
            let ((before, expected), (after, relevance)) = (explained(&expected)?, explained(&trace)?);
            let largest = expected.fold(0.0_f64, |largest, r| largest.max(r.abs()));
            assert!((&relevance - &expected).iter().all(|error| error.abs() <= 1e-8 * largest), "{rule}");
            report(&rule.to_string(), before, after);
            (slow, quick) = (slow + before, quick + after);
            report(&format!("forward and {} rules", count + 1), slow, quick);
        }
    }
    Ok(())
}

fn explain(trace: &Trace<'_, f64>, rule: &Rule) -> Result<Tensor<f64>, Box<dyn Error>> {
    let plan = Plan::new(trace.network(), &Composite::uniform(rule.clone()), PlanOptions::default())?;
    Ok(plan.explain_trace(trace, &Target::All)?.relevance)
}
