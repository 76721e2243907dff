//! Sums and products of several values, and interpolation.

use lrp_core::{
    Add, Flow, Gather, Kernels, Layer, MatMul, Multiply, NetworkBuilder, Op, Prepared, Record, Resample,
    Reshape, Tensor, TensorView, Value, WeightLens,
};

use super::{assert_close, counting, forward, gradient, tensor};

/// Two values cut out of one, in the shapes given, and put together again; the value, and what comes back for a
/// seed of powers of two.
fn joined(op: impl Into<Op<f64>>, shapes: [&[usize]; 2], input: &[f64]) -> (Tensor<f64>, Vec<f64>) {
    let mut builder = NetworkBuilder::new();
    let mut start = 0;
    let mut part = |shape: &[usize]| {
        let count = shape.iter().product::<usize>();
        let list = (start..start + count).map(Some).collect();
        let cut = Gather::new(vec![None, Some(list)], 0.0);
        let cut = builder.add(format!("cut at {start}"), cut, &[Value::INPUT]);
        let part = builder.add(format!("part at {start}"), Reshape::new(shape.to_vec()), &[cut]);
        start += count;
        part
    };
    let parts = shapes.map(&mut part);
    builder.add("joined", op, &parts);
    let network = builder.build().unwrap();
    let trace = network.trace(&tensor(&[1, input.len()], input)).unwrap();
    let mut seed = Tensor::ones(trace.output().raw_dim());
    seed.iter_mut().fold(1.0, |power, value| {
        *value = power;
        power * 2.0
    });
    let back = trace.gradient(network.output(), &seed);
    (trace.output().clone(), back.iter().copied().collect())
}

/// `[[1, 2], [3, 4]] · [[5, 6], [7, 8]]`, and back `S bᵀ` and `aᵀ S` with `S = [[1, 2], [4, 8]]`.
#[test]
fn matrices_are_multiplied() {
    let input = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
    let (product, back) = joined(MatMul, [&[2, 2], &[2, 2]], &input);
    assert_eq!(product, tensor(&[1, 2, 2], &[19.0, 22.0, 43.0, 50.0]));
    assert_eq!(back, [17.0, 23.0, 68.0, 92.0, 13.0, 26.0, 18.0, 36.0]);
}

/// One row for two matrices: what comes back to it is the sum over both.
#[test]
fn stacks_of_matrices_broadcast() {
    let input = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let expected = tensor(&[1, 2, 1, 1], &[1.0 * 3.0 + 2.0 * 4.0, 1.0 * 5.0 + 2.0 * 6.0]);
    for row in [&[1, 1, 2][..], &[1, 2]] {
        let (product, back) = joined(MatMul, [row, &[2, 2, 1]], &input);
        assert_eq!(product, expected);
        assert_eq!(back, [3.0 + 2.0 * 5.0, 4.0 + 2.0 * 6.0, 1.0, 2.0, 2.0, 4.0]);
    }
}

#[test]
fn values_are_multiplied_place_by_place() {
    let (product, back) = joined(Multiply, [&[2], &[2]], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(product, tensor(&[1, 2], &[3.0, 8.0]));
    assert_eq!(back, [3.0, 8.0, 1.0, 4.0]);
    let (product, back) = joined(Multiply, [&[2, 1], &[2]], &[1.0, 2.0, 3.0, 4.0]);
    assert_eq!(product, tensor(&[1, 2, 2], &[3.0, 4.0, 6.0, 8.0]));
    assert_eq!(back, [3.0 + 2.0 * 4.0, 4.0 * 3.0 + 8.0 * 4.0, 1.0 + 4.0 * 2.0, 2.0 + 8.0 * 2.0]);
}

/// A column of two and a row of three; what comes back to an entry is the sum over where it was.
#[test]
fn a_value_times_itself_is_its_square() {
    let mut builder = NetworkBuilder::new();
    builder.add("square", Multiply, &[Value::INPUT, Value::INPUT]);
    let network = builder.build().unwrap();
    let trace = network.trace(&tensor(&[1, 2], &[3.0, -4.0])).unwrap();
    assert_eq!(trace.output(), &tensor(&[1, 2], &[9.0, 16.0]));
    assert_eq!(trace.gradient(network.output(), &Tensor::ones(vec![1, 2])), tensor(&[1, 2], &[6.0, -8.0]));
}

#[test]
fn sums_broadcast() {
    let (sum, back) = joined(Add, [&[2, 1], &[3]], &[10.0, 20.0, 1.0, 2.0, 3.0]);
    assert_eq!(sum, tensor(&[1, 2, 3], &[11.0, 12.0, 13.0, 21.0, 22.0, 23.0]));
    assert_eq!(back, [7.0, 56.0, 9.0, 18.0, 36.0]);
}

/// Samples meet samples, never the other axes of each other: `[n, 2]` is `[n, 1, 2]` beside `[n, 3, 2]`.
#[test]
fn samples_broadcast_beside_each_other() {
    let layers: [&dyn Layer<f64>; 2] = [&Add, &Multiply];
    for layer in layers {
        assert_eq!(layer.output_shape(&[&[3, 2], &[3, 3, 2]]).unwrap(), [3, 3, 2]);
        assert!(layer.output_shape(&[&[1, 2], &[3, 2]]).is_err());
    }
    assert_eq!(Layer::<f64>::output_shape(&MatMul, &[&[3, 5, 2], &[3, 4, 2, 6]]).unwrap(), [3, 4, 5, 6]);
    let (a, b) = (tensor(&[2, 1], &[1.0, 2.0]), tensor(&[2, 2, 1], &[10.0, 20.0, 30.0, 40.0]));
    let prepared = Prepared::new(1, false);
    let sum = Add.forward(&[a.view(), b.view()], prepared.site(0, Kernels::default()));
    assert_eq!(sum, tensor(&[2, 2, 1], &[11.0, 21.0, 32.0, 42.0]));
}

/// What a lens sees of the map of a layer at a point, and that its transpose is one: `⟨s, W x⟩ = ⟨Wᵀ s, x⟩`.
fn seen(layer: &dyn Layer<f64>, inputs: &[TensorView<'_, f64>], lens: WeightLens) -> Tensor<f64> {
    let prepared = Prepared::new(1, false);
    let site = prepared.site(0, Kernels::default());
    let output = layer.forward(inputs, site);
    let record = Record { inputs: inputs.to_vec(), output: output.view(), site };
    let Flow::Mix(mix) = layer.flow(&record) else { panic!("{layer:?} mixes") };
    assert_eq!(mix.z, Some(output.view()));
    let seen = mix.map.apply(lens, inputs);
    let signal = counting(output.shape());
    let back = mix.map.transpose(lens, signal.view());
    let back: f64 = back.iter().zip(inputs).map(|(back, x)| (back * x).sum()).sum();
    assert!(((&seen * &signal).sum() - back).abs() < 1e-12, "{layer:?}, {lens:?}: no transpose");
    seen
}

/// `3 · −4 = (3 · −4 + 3 · −4) / 2`, the weights being `−2` and `1.5`.
#[test]
fn each_factor_is_half_of_the_weight_of_the_other() {
    let (a, b) = (tensor(&[1, 1, 1], &[3.0]), tensor(&[1, 1, 1], &[-4.0]));
    let layers: [&dyn Layer<f64>; 2] = [&Multiply, &MatMul];
    for layer in layers {
        let seen = |lens| seen(layer, &[a.view(), b.view()], lens)[[0, 0, 0]];
        assert_eq!(seen(WeightLens::Value), -12.0);
        assert_eq!(seen(WeightLens::Positive), 1.5 * -4.0);
        assert_eq!(seen(WeightLens::Negative), -2.0 * 3.0);
        assert_eq!(seen(WeightLens::Square), 4.0 * 3.0 + 2.25 * -4.0);
        assert_eq!(seen(WeightLens::One), 3.0 - 4.0);
    }
}

/// Between two entries, and at the second: an entry of weight zero is not seen, two of one place are one.
#[test]
fn values_are_interpolated() {
    let places = vec![vec![(0, 0.75), (1, 0.25)], vec![(0, 0.0), (1, 1.0)], vec![(1, 0.25), (1, 0.75)]];
    let resample = Resample::new(vec![(1, 2, places)]).unwrap();
    assert_eq!(resample.axes()[0].2, [vec![(0, 0.75), (1, 0.25)], vec![(1, 1.0)], vec![(1, 1.0)]]);
    let input = tensor(&[1, 2, 2], &[4.0, 40.0, 8.0, 80.0]);
    assert_close(&forward(resample.clone(), &input), &[5.0, 50.0, 8.0, 80.0, 8.0, 80.0]);
    let back = gradient(resample.clone(), &input, &[4.0, 0.0, 0.0, 1.0, 0.0, 2.0]);
    assert_close(&back, &[3.0, 0.0, 1.0, 3.0]);
    assert_close(&seen(&resample, &[input.view()], WeightLens::One), &[12.0, 120.0, 8.0, 80.0, 8.0, 80.0]);
}

/// Along two axes a weight is the product of two, and above zero where both have one sign.
#[test]
fn weights_of_two_axes_are_products() {
    let axes = vec![(1, 2, vec![vec![(0, 2.0), (1, -1.0)]]), (2, 2, vec![vec![(0, -3.0), (1, 4.0)]])];
    let resample = Resample::new(axes).unwrap();
    let input = tensor(&[1, 2, 2], &[1.0, 10.0, 100.0, 1000.0]);
    let table = [
        (WeightLens::Value, -6.0 + 80.0 + 300.0 - 4000.0),
        (WeightLens::Positive, 80.0 + 300.0),
        (WeightLens::Negative, -6.0 - 4000.0),
        (WeightLens::One, 1111.0),
        (WeightLens::Square, 36.0 + 640.0 + 900.0 + 16000.0),
        (WeightLens::Lift(1.0), -6.0 + 160.0 + 600.0 - 4000.0),
        (WeightLens::Sink(1.0), -12.0 + 80.0 + 300.0 - 8000.0),
    ];
    for (lens, expected) in table {
        assert_close(&seen(&resample, &[input.view()], lens), &[expected]);
    }
}
