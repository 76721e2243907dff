//! Layers whose every value was somewhere else before: relevance and gradients go back there.

use lrp_core::{
    Concat, Embedding, Flow, Gather, Identity, Kernels, Linear, Network, NetworkBuilder, Op, Prepared,
    Record, Rect, Reshape, Tensor, Transpose, Value,
};
use ndarray::{arr1, arr2};

use super::{assert_close, counting, forward, gradient, tensor};

/// What `0 1 2 …` becomes.
fn all(list: &[usize]) -> Option<Vec<Option<usize>>> {
    Some(list.iter().copied().map(Some).collect())
}

#[test]
fn entries_are_picked_by_their_position() {
    let input = counting(&[1, 2, 3]);
    let pick = |rows, columns| forward(Gather::new(vec![None, rows, columns], -1.0), &input);
    let table = [
        ("nothing changes", pick(None, None), input.clone()),
        ("a slice", pick(None, all(&[1, 2])), tensor(&[1, 2, 2], &[2.0, 3.0, 5.0, 6.0])),
        ("backwards, every other", pick(None, all(&[2, 0])), tensor(&[1, 2, 2], &[3.0, 1.0, 6.0, 4.0])),
        ("one row", pick(all(&[1]), None), tensor(&[1, 1, 3], &[4.0, 5.0, 6.0])),
        ("both axes", pick(all(&[1, 0]), all(&[0, 2])), tensor(&[1, 2, 2], &[4.0, 6.0, 1.0, 3.0])),
        ("none at all", pick(None, all(&[])), Tensor::zeros(vec![1, 2, 0])),
        (
            "padding, wrapped around",
            pick(all(&[1]), all(&[2, 0, 1, 2, 0])),
            tensor(&[1, 1, 5], &[6.0, 4.0, 5.0, 6.0, 4.0]),
        ),
    ];
    for (what, found, expected) in table {
        assert_eq!(found, expected, "{what}");
    }
}

/// A corner is constant if either of its axes is.
#[test]
fn places_without_an_entry_are_constant() {
    let input = tensor(&[1, 1, 2], &[1.0, 2.0]);
    let pad = Gather::new(vec![None, Some(vec![None, Some(0)]), Some(vec![Some(0), Some(1), None])], 9.0);
    assert_eq!(forward(pad.clone(), &input), tensor(&[1, 2, 3], &[9.0, 9.0, 9.0, 1.0, 2.0, 9.0]));
    assert_eq!(gradient(pad, &input, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]), tensor(&[1, 1, 2], &[8.0, 16.0]));
}

/// Of three columns the first is shown twice, the second nowhere.
#[test]
fn what_an_entry_shows_adds_up_there() {
    let input = counting(&[1, 2, 3]);
    let repeat = Gather::new(vec![None, None, all(&[0, 0, 2])], 0.0);
    let back = gradient(repeat.clone(), &input, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
    assert_eq!(back, tensor(&[1, 2, 3], &[3.0, 0.0, 4.0, 24.0, 0.0, 32.0]));
    let network =
        Network::<f64>::sequential([repeat.into(), Reshape::new(vec![6]).into(), Rect.into()]).unwrap();
    assert_eq!(network.shapes(&[5, 2, 3]).unwrap()[2], [5, 6]);
}

#[test]
fn samples_take_another_shape() {
    let input = counting(&[2, 2, 3]);
    let turned = input.clone().permuted_axes(vec![0, 2, 1]);
    let shaped = forward(Reshape::new(vec![3, 2]), &input);
    assert_eq!(shaped, counting(&[2, 3, 2]));
    let in_order = turned.as_standard_layout().into_owned();
    assert_eq!(forward(Reshape::new(vec![6, 1]), &turned), forward(Reshape::new(vec![6, 1]), &in_order));
    let back =
        gradient(Reshape::new(vec![6]), &tensor(&[1, 2, 3], &[0.0; 6]), &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(back, counting(&[1, 2, 3]));
}

#[test]
fn axes_take_another_order() {
    let input = counting(&[1, 1, 2, 3]);
    let turn = || Transpose::new(vec![0, 3, 1, 2]);
    assert_eq!(forward(turn(), &input), tensor(&[1, 3, 1, 2], &[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]));
    let back = gradient(turn(), &input, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(back, tensor(&[1, 1, 2, 3], &[1.0, 3.0, 5.0, 2.0, 4.0, 6.0]));
}

/// `x`, `max(x, 0)` and `x` again, side by side: what comes back is the sum of the parts.
#[test]
fn inputs_are_put_side_by_side() {
    /// Axis, shapes of a part and of all, what is joined, and what comes back for powers of two.
    type Row = (usize, &'static [usize], &'static [usize], [f64; 6], [f64; 2]);
    let table: [Row; 2] = [
        (1, &[1, 2], &[1, 6], [-1.0, 2.0, 0.0, 2.0, -1.0, 2.0], [17.0, 42.0]),
        (2, &[1, 2, 1], &[1, 2, 3], [-1.0, 0.0, -1.0, 2.0, 2.0, 2.0], [5.0, 56.0]),
    ];
    for (axis, part, whole, joined, back) in table {
        let mut builder = NetworkBuilder::<f64>::new();
        let rect = builder.add("rect", Rect, &[Value::INPUT]);
        builder.add("join", Concat::new(axis), &[Value::INPUT, rect, Value::INPUT]);
        let network = builder.build().unwrap();
        let trace = network.trace(&tensor(part, &[-1.0, 2.0])).unwrap();
        assert_eq!(trace.output(), &tensor(whole, &joined));
        let seed = tensor(whole, &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0]);
        assert_eq!(trace.gradient(network.output(), &seed), tensor(part, &back));
    }
}

/// Of four words the last comes twice: its row is read twice, and learns from both places.
#[test]
fn words_become_rows_and_get_the_relevance_of_theirs() {
    let table = arr2(&[[0.0, 0.5], [1.0, 10.0], [2.0, 20.0], [3.0, -30.0]]);
    let network = Network::sequential([Embedding::new(table).unwrap().into()]).unwrap();
    let words = tensor(&[1, 2, 2], &[3.0, 1.0, 0.0, 3.0]);
    let trace = network.trace(&words).unwrap();
    assert_eq!(trace.output(), &tensor(&[1, 2, 2, 2], &[3.0, -30.0, 1.0, 10.0, 0.0, 0.5, 3.0, -30.0]));
    let seed = tensor(&[1, 2, 2, 2], &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]);
    let record = trace.at(0);
    let Flow::Route(route) = network.nodes()[0].op().layer().flow(&record) else { panic!("it routes") };
    assert_eq!(route(seed.clone()), [tensor(&[1, 2, 2], &[3.0, 12.0, 48.0, 192.0])]);
    assert_eq!(trace.gradient(network.output(), &seed), Tensor::zeros(vec![1, 2, 2]));
    let learned = trace.parameter_gradients(network.output(), &seed).remove(0).unwrap();
    assert_eq!(learned.weights, tensor(&[4, 2], &[16.0, 32.0, 4.0, 8.0, 0.0, 0.0, 65.0, 130.0]));
    assert_eq!((learned.bias.len(), network.nodes()[0].op().parameters()), (0, 8));
    let Op::Embedding(layer) = network.nodes()[0].op().clone() else { panic!("a table") };
    let fixed = Op::Embedding(layer.with_fixed(3)).parameter_gradient(&record, seed.view()).unwrap();
    assert_eq!(fixed.weights, tensor(&[4, 2], &[16.0, 32.0, 4.0, 8.0, 0.0, 0.0, 0.0, 0.0]));
    let single = network.cast::<f32>().unwrap().forward(&lrp_core::cast(&words)).unwrap();
    assert_eq!(lrp_core::cast::<f32, f64>(&single), *trace.output());
}

#[test]
fn nothing_does_nothing() {
    let input = counting(&[2, 3]);
    assert_eq!(forward(Identity, &input), input);
    assert_eq!(gradient(Identity, &input, &[1.0; 6]), Tensor::ones(vec![2, 3]));
}

/// Relevance takes the way gradients take, for each of these layers.
#[test]
fn relevance_goes_where_values_came_from() {
    let table: [(Op<f64>, &[usize]); 4] = [
        (Gather::new(vec![None, all(&[1, 1, 0]), Some(vec![None, Some(2)])], 3.0).into(), &[2, 2, 3]),
        (Reshape::new(vec![3, 2]).into(), &[2, 2, 3]),
        (Transpose::new(vec![0, 2, 1]).into(), &[2, 2, 3]),
        (Identity.into(), &[2, 2, 3]),
    ];
    for (op, shape) in table {
        let (input, prepared) = (counting(shape), Prepared::new(1, false));
        let site = prepared.site(0, Kernels::default());
        let output = op.layer().forward(&[input.view()], site);
        let record = Record { inputs: vec![input.view()], output: output.view(), site };
        let signal = counting(output.shape());
        let Flow::Route(route) = op.layer().flow(&record) else { panic!("{op:?} routes") };
        assert_eq!(route(signal.clone()), op.layer().gradient(&record, signal.view()), "{op:?}");
    }
}

/// The last axis is multiplied, whatever is in front of it.
#[test]
fn dense_layers_take_any_number_of_axes() {
    let dense = || Linear::new(arr2(&[[1.0, 0.0, 2.0], [0.0, 10.0, 1.0]]), arr1(&[0.5, 0.0, 0.0])).unwrap();
    let input = counting(&[1, 2, 1, 2]);
    let output = forward(dense(), &input);
    assert_eq!(output.shape(), [1, 2, 1, 3]);
    assert_close(&output, &[1.5, 20.0, 4.0, 3.5, 40.0, 10.0]);
    assert_close(&gradient(dense(), &input, &[1.0, 0.0, 0.0, 0.0, 1.0, 1.0]), &[1.0, 0.0, 2.0, 11.0]);
}
