//! A layer of one's own: leaky rectifiers, through which relevance passes: `cargo run -p lrp --example own_layer`.

use lrp::core::{Crossing, Flow, Kind, Layer, Linear, Record, Result, TensorView};
use lrp::prelude::*;
use ndarray::{Zip, arr1, arr2};
#[derive(Debug)]
struct LeakyRect(f64);
impl Layer<f64> for LeakyRect {
    fn kind(&self) -> Kind {
        Kind::Custom
    }
    fn crossing(&self) -> Crossing {
        Crossing::Route
    }
    fn output_shape(&self, inputs: &[&[usize]]) -> Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }
    fn forward(&self, inputs: &[TensorView<f64>], _: Kernels) -> Tensor<f64> {
        inputs[0].mapv(|x| if x < 0.0 { self.0 * x } else { x })
    }
    fn flow<'a>(&'a self, _: &'a Record<'_, f64>) -> Flow<'a, f64> {
        Flow::Route(Box::new(|relevance| vec![relevance.to_owned()]))
    }
    fn gradient(&self, record: &Record<'_, f64>, upstream: TensorView<f64>) -> Vec<Tensor<f64>> {
        vec![
            Zip::from(&record.inputs[0])
                .and(&upstream)
                .map_collect(|&x, &g| if x < 0.0 { self.0 * g } else { g }),
        ]
    }
}

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let dense = Linear::new(arr2(&[[1.0, -2.0], [3.0, 0.5]]), arr1(&[0.0, 0.0]))?;
    let network = Network::sequential([dense.into(), Op::Custom(std::sync::Arc::new(LeakyRect(0.1)))])?;
    let plan = Plan::new(&network, &Composite::uniform(epsilon(1e-6)), PlanOptions::default());
    println!("{}", plan.explain(&arr2(&[[1.0, -1.0]]).into_dyn(), &Target::All)?.relevance);
    Ok(())
}
