//! A layer of one's own: leaky rectifiers, through which relevance passes: `cargo run -p lrp --example own_layer`.
//!
//! A function of one number needs no more than this; other layers implement `lrp::core::Layer`.

use std::sync::Arc;

use lrp::core::{Float, Linear, Pointwise};
use lrp::prelude::{Composite, Network, Op, Plan, PlanOptions, Target, epsilon};
use ndarray::{arr1, arr2};

#[derive(Debug)]
struct LeakyRect(f64);

impl Pointwise for LeakyRect {
    fn value<T: Float>(&self, x: T) -> T {
        if x < T::zero() { T::of(self.0) * x } else { x }
    }

    fn slope<T: Float>(&self, x: T, _: T) -> T {
        if x < T::zero() { T::of(self.0) } else { T::one() }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dense = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5]]), arr1(&[0.0, 0.0]))?;
    let network = Network::<f64>::sequential([dense.into(), Op::Custom(Arc::new(LeakyRect(0.1)))])?;
    let plan = Plan::new(&network, &Composite::uniform(epsilon(1e-6)), PlanOptions::default())?;
    println!("{}", plan.explain(&arr2(&[[1.0, -1.0]]).into_dyn(), &Target::All)?.relevance);
    Ok(())
}
