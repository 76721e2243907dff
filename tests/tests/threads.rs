//! One network and one plan serve many threads, and every thread gets the same bits.

use lrp::prelude::*;
use lrp::rules::rules::RULES;
use ndarray::{ArrayD, Axis, Slice};

fn material() -> (Network<f32>, ArrayD<f32>) {
    let network = lrp::io::read_model_bytes("m.txt", lrp_data::LENET5_MAXPOOL.bytes, &Limits::default());
    let sidecar = Sidecar::parse("m.toml", lrp_data::LENET5_MAXPOOL.sidecar).expect("a sidecar");
    let digits =
        lrp::io::read_array_bytes("d.npy", lrp_data::DIGITS, &Limits::default()).expect("digits").values;
    let inputs =
        sidecar.input.apply(digits.slice_axis(Axis(0), Slice::from(0..6)).to_owned()).expect("inputs");
    (network.expect("a model").cast().expect("in f32"), lrp::core::cast(&inputs))
}

#[test]
fn threads_share_a_plan_and_agree_to_the_bit() {
    let (network, inputs) = material();
    for info in RULES.iter().filter(|info| info.name != "pass" && info.name != "zbox") {
        let rule = (info.make)(&[]).expect("defaults");
        let plan = Plan::new(&network, &Composite::uniform(rule), PlanOptions::default());
        let explain = || plan.explain(&inputs, &Target::Top).expect("an explanation").relevance;
        let alone = explain();
        std::thread::scope(|scope| {
            let threads = [(); 4].map(|()| scope.spawn(explain));
            for thread in threads {
                let together = thread.join().expect("no panic");
                assert!(
                    alone.iter().zip(&together).all(|(a, b)| a.to_bits() == b.to_bits()),
                    "{}",
                    info.name
                );
            }
        });
    }
}
