//! A layer of the user's own goes through a network end to end: shapes, forward, gradient, refusals, flow.

use std::sync::Arc;

use lrp_core::{
    Affine, Crossing, Error, ErrorKind, Float, Flow, Kind, Layer, Linear, Mix, Network, NetworkBuilder, Op,
    Pointwise, Record, Rect, Site, Tensor, TensorView, Value, WeightLens,
};
use ndarray::{Axis, arr1, arr2};

/// `y_j = strength · (x₀ + … + x_j)`: a running sum along the features.
#[derive(Debug)]
struct Running<T> {
    strength: T,
}

impl<T: Float> Running<T> {
    fn sum(&self, x: TensorView<'_, T>, strength: T, backwards: bool) -> Tensor<T> {
        let mut y = x.to_owned();
        for mut row in y.lanes_mut(Axis(1)) {
            let last = row.len() - 1;
            for j in 1..=last {
                let (from, to) = if backwards { (last + 1 - j, last - j) } else { (j - 1, j) };
                let before = row[from];
                row[to] += before;
            }
        }
        y * strength
    }
}

impl<T: Float> Layer<T> for Running<T> {
    fn kind(&self) -> Kind {
        Kind::Custom
    }

    fn crossing(&self) -> Crossing {
        Crossing::Mix
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> lrp_core::Result<Vec<usize>> {
        match inputs {
            [[n, features]] => Ok(vec![*n, *features]),
            _ => Err(Error::shape("sums along features only")),
        }
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        self.apply(WeightLens::Value, inputs)
    }

    fn flow<'a>(&'a self, record: &'a Record<'_, T>) -> Flow<'a, T> {
        let map = Box::new(Running { strength: self.strength });
        Flow::Mix(Mix { map, z: Some(record.output.view()) })
    }

    fn gradient(&self, _: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        self.transpose(WeightLens::Value, upstream)
    }

    fn find_not_finite(&self) -> Option<String> {
        (!self.strength.is_finite()).then(|| "strength is not finite".to_owned())
    }
}

impl<T: Float> Affine<T> for Running<T> {
    fn apply(&self, lens: WeightLens, inputs: &[TensorView<'_, T>]) -> Tensor<T> {
        self.sum(inputs[0].view(), lens.see(self.strength), false)
    }

    fn transpose(&self, lens: WeightLens, signal: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![self.sum(signal, lens.see(self.strength), true)]
    }
}

fn network<T: Float>(strength: T) -> lrp_core::Result<Network<T>> {
    let mut builder = NetworkBuilder::new();
    let running = builder.add("running", Op::Custom(Arc::new(Running { strength })), &[Value::INPUT]);
    let rect = builder.add("rect", Rect, &[running]);
    let ones = ndarray::Array2::ones((3, 1));
    builder.add("total", Linear::new(ones, arr1(&[T::zero()]))?, &[rect]);
    builder.build()
}

#[test]
fn forward_and_gradient_run_through_it() {
    let network = network(2.0).unwrap();
    let trace = network.trace(&arr2(&[[1.0, -3.0, 5.0]]).into_dyn()).unwrap();
    assert_eq!(trace.value(Value::of_node(0)), &arr2(&[[2.0, -4.0, 6.0]]).into_dyn());
    assert_eq!(trace.output(), &arr2(&[[8.0]]).into_dyn());
    let gradient = trace.gradient(network.output(), &arr2(&[[1.0]]).into_dyn());
    assert_eq!(gradient, arr2(&[[4.0, 2.0, 2.0]]).into_dyn());
    assert_eq!(trace.toolbox_backward(Value::of_node(0), &arr2(&[[1.0, 0.0, 0.0]]).into_dyn()).sum(), 2.0);
}

#[test]
fn it_exists_in_either_precision() {
    let single = network(0.5_f32).unwrap().forward(&arr2(&[[2.0, 2.0, 2.0]]).into_dyn()).unwrap();
    assert_eq!(single, arr2(&[[6.0]]).into_dyn());
}

#[test]
fn its_flow_offers_its_affine_map() {
    let network = network(2.0).unwrap();
    let trace = network.trace(&arr2(&[[1.0, 1.0, 1.0]]).into_dyn()).unwrap();
    let record = trace.at(0);
    let layer = network.nodes()[0].op().layer();
    assert_eq!(layer.crossing(), Crossing::Mix);
    let Flow::Mix(mix) = layer.flow(&record) else { unreachable!("its crossing says it mixes") };
    let squared = mix.map.apply(WeightLens::Square, &record.inputs);
    assert_eq!(squared, arr2(&[[4.0, 8.0, 12.0]]).into_dyn());
    assert_eq!(mix.z.unwrap(), trace.value(Value::of_node(0)).view());
    assert!(mix.map.bias().is_none());
}

#[test]
fn its_refusals_name_its_node() {
    let error = network(1.0).unwrap().forward(&Tensor::ones(vec![1, 2, 2])).expect_err("of rank 3");
    assert_eq!((error.kind(), error.node()), (ErrorKind::Shape, Some("running")));
    assert_eq!(error.to_string(), "running: sums along features only");
    let error = network(f64::NAN).expect_err("not finite");
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::NotFinite, "running: strength is not finite")
    );
}

/// A rectifier that lets a tenth of what is negative through.
#[derive(Debug)]
struct Leaky;

impl Pointwise for Leaky {
    fn value<T: Float>(&self, x: T) -> T {
        x * self.slope(x, x)
    }

    fn slope<T: Float>(&self, x: T, _: T) -> T {
        if x < T::zero() { T::of(0.1) } else { T::one() }
    }
}

#[test]
fn an_activation_needs_its_value_and_slope_only() {
    let network = Network::<f64>::sequential([Op::Custom(Arc::new(Leaky))]).unwrap();
    assert_eq!(network.nodes()[0].kind(), Kind::Custom);
    let trace = network.trace(&arr2(&[[-2.0, 0.0, 3.0]]).into_dyn()).unwrap();
    assert_eq!(trace.output(), &arr2(&[[-0.2, 0.0, 3.0]]).into_dyn());
    let gradient = trace.gradient(network.output(), &arr2(&[[10.0, 20.0, 30.0]]).into_dyn());
    assert_eq!(gradient, arr2(&[[1.0, 20.0, 30.0]]).into_dyn());
}

/// `y_n = x_n − Σ_m x_m`: samples that know of each other.
#[derive(Debug)]
struct Rivals;

impl Rivals {
    fn less_all<T: Float>(x: &TensorView<'_, T>) -> Tensor<T> {
        x.to_owned() - x.sum_axis(Axis(0)).insert_axis(Axis(0))
    }
}

impl<T: Float> Layer<T> for Rivals {
    fn kind(&self) -> Kind {
        Kind::Custom
    }

    fn crossing(&self) -> Crossing {
        Crossing::Unknown
    }

    fn output_shape(&self, inputs: &[&[usize]]) -> lrp_core::Result<Vec<usize>> {
        Ok(inputs[0].to_vec())
    }

    fn forward(&self, inputs: &[TensorView<'_, T>], _: Site<'_, T>) -> Tensor<T> {
        Self::less_all(&inputs[0])
    }

    fn flow<'a>(&'a self, _: &'a Record<'_, T>) -> Flow<'a, T> {
        Flow::Unknown
    }

    fn gradient(&self, _: &Record<'_, T>, upstream: TensorView<'_, T>) -> Vec<Tensor<T>> {
        vec![Self::less_all(&upstream)]
    }
}

/// Values so large that samples would go back part by part, were they not one thing to a layer.
#[test]
fn samples_that_a_layer_looks_at_together_go_back_together() {
    let features = 4 << 20;
    let network = Network::<f32>::sequential([Rect.into(), Op::Custom(Arc::new(Rivals))]).unwrap();
    let trace = network.trace(&Tensor::ones(vec![3, features])).unwrap();
    assert_eq!(trace.output(), &Tensor::from_elem(vec![3, features], -2.0));
    let gradient = trace.gradient(network.output(), trace.output());
    assert_eq!(gradient, Tensor::from_elem(vec![3, features], 4.0));
}
