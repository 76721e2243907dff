//! A rule no table knows: half the credit by products, half spread evenly: `cargo run -p lrp --example own_rule`.

use lrp::core::{Linear, Rect};
use lrp::prelude::*;
use lrp::rules::{B, W, X, fill, share};
use ndarray::{arr1, arr2};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let rule = 0.5 * share(X * W + B) + 0.5 * share(fill(1.0) * W.one());
    println!("{rule} keeps {} of the relevance", rule.total());

    let dense = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5], [-1.0, 0.25]]), arr1(&[0.0, 0.0]))?;
    let network = Network::<f64>::sequential([dense.into(), Rect.into()])?;
    let plan = Plan::new(&network, &Composite::uniform(rule), PlanOptions::default())?;
    let explanation = plan.explain(&arr2(&[[1.0, 1.0, 2.0]]).into_dyn(), &Target::Top)?;
    println!("{} from {}", explanation.relevance, explanation.seed);
    Ok(())
}
