//! Explanations of a digit by each rule, from a recorded forward pass: `cargo bench -p lrp --bench explanations`.

use std::error::Error;
use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use lrp::prelude::*;
use ndarray::{Axis, Slice};

const RULES: &[&str] = &["simple", "epsilon(0.01)", "gamma(0.25)", "zplus", "alphabeta(2,1)", "flat", "w2"];

/// The bundled LeNet-5 in single precision, and the first digit.
fn lenet5() -> Result<(Network<f32>, Tensor<f32>), Box<dyn Error>> {
    let limits = Limits::default();
    let network = lrp::io::read_model_bytes("lenet5.txt", lrp_data::LENET5_SUMPOOL.bytes, &limits)?;
    let sidecar = Sidecar::parse("lenet5.toml", lrp_data::LENET5_SUMPOOL.sidecar)?;
    let digits = lrp::io::read_array_bytes("digits.npy", lrp_data::DIGITS, &limits)?.values;
    let digit = sidecar.input.apply(digits.slice_axis(Axis(0), Slice::from(0..1)).to_owned())?;
    Ok((network.cast()?, lrp::core::cast(&digit)))
}

fn explanations(criterion: &mut Criterion) {
    let (network, digit) = lenet5().expect("bundled files are good");
    criterion.bench_function("lenet5/forward", |bencher| {
        bencher.iter(|| black_box(network.forward(&digit)));
    });
    let trace = network.trace(&digit).expect("the digit fits");
    for rule in RULES {
        let composite = Composite::uniform(rule.parse().expect("rules of the table exist"));
        let plan = Plan::new(&network, &composite, PlanOptions::default()).expect("a plan");
        criterion.bench_function(&format!("lenet5/{rule}"), |bencher| {
            bencher.iter(|| black_box(plan.explain_trace(&trace, &Target::Top)));
        });
    }
}

fn main() {
    let (warm_up, seconds) = (Duration::from_millis(500), Duration::from_secs(2));
    let criterion = Criterion::default().sample_size(20).warm_up_time(warm_up).measurement_time(seconds);
    let mut criterion = criterion.configure_from_args();
    explanations(&mut criterion);
    criterion.final_summary();
}
