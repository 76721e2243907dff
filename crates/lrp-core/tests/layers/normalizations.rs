//! Scaling, normalization, and softmax along any axis.

use lrp_core::{LocalResponse, Network, Normalize, Op, Scaling, SoftMax, Tensor};
use ndarray::{arr0, arr1, arr2};

use super::{assert_close, counting, forward, tensor};

/// Channels are the first axis of a sample here, its rows.
#[test]
fn factors_and_shifts_broadcast_to_a_sample() {
    let input = counting(&[2, 2, 2]);
    let rows = arr2(&[[10.0], [100.0]]).into_dyn();
    let columns = arr1(&[0.5, -0.5]).into_dyn();
    let expected = [10.5, 19.5, 300.5, 399.5, 50.5, 59.5, 700.5, 799.5];
    assert_close(&forward(Scaling::new(rows.clone(), columns.clone()), &input), &expected);
    let all = Scaling::new(arr0(2.0).into_dyn(), rows.clone());
    assert_close(&forward(all, &input), &[12.0, 14.0, 106.0, 108.0, 20.0, 22.0, 114.0, 116.0]);
    // The same numbers in another order in memory.
    let turned = counting(&[2, 2, 2]).permuted_axes(vec![0, 2, 1]);
    let found = forward(Scaling::new(columns, rows), &turned);
    assert_close(&found, &[10.5, 8.5, 101.0, 98.0, 12.5, 6.5, 103.0, 96.0]);
}

/// More places than one piece of work has, rows of every length.
#[test]
fn large_arrays_are_scaled_like_small_ones() {
    for shape in [[2, 3, 200, 500], [2, 500, 200, 3], [1, 600_000, 1, 1], [1, 1, 1, 600_000]] {
        let input =
            Tensor::from_shape_fn(&shape[..], |at| [at[1], at[2], at[3]].iter().sum::<usize>() as f64);
        let factor = Tensor::from_shape_fn(vec![shape[1], 1, 1], |at| at[0] as f64);
        let shift = Tensor::from_shape_fn(vec![shape[3]], |at| 1.0 + at[0] as f64);
        let whole = |array: &Tensor<f64>| array.broadcast(&shape[..]).unwrap().to_owned();
        let expected = &input * &whole(&factor) + whole(&shift);
        assert_eq!(forward(Scaling::new(factor, shift), &input), expected, "{shape:?}");
    }
}

/// `(1, 3)` is one below and one above its mean.
#[test]
fn normalized_values_have_mean_zero_and_variance_one() {
    let input = tensor(&[2, 2], &[1.0, 3.0, 10.0, 14.0]);
    assert_close(&forward(Normalize::new(vec![1], 0.0), &input), &[-1.0, 1.0, -1.0, 1.0]);
    let scale = 1.0 / (1.0_f64 + 3.0).sqrt();
    assert_close(
        &forward(Normalize::new(vec![1], 3.0), &input).slice(ndarray::s![0, ..]).to_owned().into_dyn(),
        &[-scale, scale],
    );
    assert_close(&forward(Normalize::centring(vec![1]), &input), &[-1.0, 1.0, -2.0, 2.0]);
}

/// Four channels of one pixel each, in groups of two, of four and of one.
#[test]
fn channels_are_normalized_in_groups() {
    let input = tensor(&[1, 4, 1], &[1.0, 3.0, 10.0, 20.0]);
    let grouped = |groups| forward(Normalize::grouped(groups, 0.0), &input);
    assert_close(&grouped(2), &[-1.0, 1.0, -1.0, 1.0]);
    assert_eq!(grouped(1), forward(Normalize::new(vec![1, 2], 0.0), &input));
    assert_close(&forward(Normalize::grouped(4, 1.0), &input), &[0.0; 4]);
}

/// `x / (1 + Σ x²)` over the channel itself and the one behind it, as of two around the one more is behind.
#[test]
fn channels_are_divided_by_their_neighbours() {
    let input = tensor(&[1, 3], &[1.0, 2.0, 3.0]);
    let found = forward(LocalResponse::new(2, 2.0, 1.0, 1.0), &input);
    assert_close(&found, &[1.0 / 6.0, 2.0 / 14.0, 3.0 / 10.0]);
    let found = forward(LocalResponse::new(3, 3.0, 0.5, 2.0), &input);
    assert_close(&found, &[1.0 / 7.0_f64.sqrt(), 2.0 / 16.0_f64.sqrt(), 3.0 / 15.0_f64.sqrt()]);
    let wide = forward(LocalResponse::new(9, 9.0, 1.0, 0.0), &input);
    assert_close(&wide, &[1.0 / 14.0, 2.0 / 14.0, 3.0 / 14.0]);
}

#[test]
fn softmax_runs_along_any_axis() {
    let (three, one) = (3.0_f64.ln(), 0.0);
    let input = tensor(&[1, 2, 2], &[three, one, one, one]);
    assert_close(&forward(SoftMax::new(2), &input), &[0.75, 0.25, 0.5, 0.5]);
    assert_close(&forward(SoftMax::new(1), &input), &[0.75, 0.5, 0.25, 0.5]);
    let logs = [0.75_f64.ln(), 0.25_f64.ln(), 0.5_f64.ln(), 0.5_f64.ln()];
    assert_close(&forward(SoftMax::logarithm(2), &input), &logs);
    assert_close(&forward(SoftMax::logarithm(1), &tensor(&[1, 2], &[-1000.0, 1000.0])), &[-2000.0, 0.0]);
}

/// `g − y Σ g`
#[test]
fn logarithms_of_softmax_have_their_gradient() {
    let network = Network::sequential([Op::<f64>::from(SoftMax::logarithm(1))]).unwrap();
    let trace = network.trace(&tensor(&[1, 2], &[3.0_f64.ln(), 0.0])).unwrap();
    let gradient = trace.gradient(network.output(), &tensor(&[1, 2], &[1.0, 3.0]));
    assert_close(&gradient, &[1.0 - 0.75 * 4.0, 3.0 - 0.25 * 4.0]);
}
