//! Forward and backward passes with numbers a person can check by hand.

mod activations;
mod blends;
mod convolutions;
mod moves;
mod normalizations;
mod pools;

use lrp_core::{
    Add, Channels, Convolution, Flatten, Kind, Linear, MaxPool, Network, NetworkBuilder, Op, Rect, SoftMax,
    SumPool, Tanh, Tensor, Value, Window, cast,
};
use ndarray::{arr1, arr2, arr3};

fn tensor(shape: &[usize], values: &[f64]) -> Tensor<f64> {
    Tensor::from_shape_vec(shape, values.to_vec()).unwrap()
}

fn counting(shape: &[usize]) -> Tensor<f64> {
    let count = u32::try_from(shape.iter().product::<usize>()).unwrap();
    tensor(shape, &(1..=count).map(f64::from).collect::<Vec<_>>())
}

#[track_caller]
fn assert_close(found: &Tensor<f64>, expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{found}");
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-13 * expected.abs().max(1.0), "{found} is not {expected}");
    }
}

/// What comes back to the input of one layer for a seed at its output.
fn gradient(op: impl Into<Op<f64>>, input: &Tensor<f64>, seed: &[f64]) -> Tensor<f64> {
    let network = Network::sequential([op.into()]).unwrap();
    let trace = network.trace(input).unwrap();
    trace.gradient(network.output(), &tensor(trace.output().shape(), seed))
}

fn forward(op: impl Into<Op<f64>>, input: &Tensor<f64>) -> Tensor<f64> {
    Network::sequential([op.into()]).unwrap().forward(input).unwrap()
}

/// The layers and numbers of a check by hand that the toolbox was put to as well.
struct Worked {
    op: Op<f64>,
    input: Tensor<f64>,
    seed: Tensor<f64>,
    output: &'static [f64],
    gradient: &'static [f64],
    toolbox_backward: &'static [f64],
}

impl Worked {
    #[track_caller]
    fn check(self) {
        let network = Network::sequential([self.op]).unwrap();
        let trace = network.trace(&self.input).unwrap();
        assert_close(trace.output(), self.output);
        assert_close(&trace.gradient(network.output(), &self.seed), self.gradient);
        assert_close(&trace.toolbox_backward(network.output(), &self.seed), self.toolbox_backward);
    }
}

/// The toolbox multiplies what it sends back by `√(inputs / outputs)`, here `√1.5`.
#[test]
fn linear() {
    let weights = arr2(&[[1.0, -2.0], [3.0, 0.5], [-1.0, 0.25]]);
    Worked {
        op: Linear::new(weights, arr1(&[0.1, -0.2])).unwrap().into(),
        input: tensor(&[1, 3], &[1.0, -1.0, 2.0]),
        seed: tensor(&[1, 2], &[1.0, -2.0]),
        output: &[-3.9, -2.2],
        gradient: &[5.0, 2.0, -1.5],
        toolbox_backward: &[6.123_724_356_957_94, 2.449_489_742_783_18, -1.837_117_307_087_38],
    }
    .check();
}

#[test]
fn convolution() {
    let filters = tensor(&[2, 2, 1, 2], &[1.0, -1.0, 0.5, 2.0, -3.0, 0.25, 0.0, 1.0]);
    Worked {
        op: Convolution::new(filters, arr1(&[0.1, -0.2]), &[1, 1]).unwrap().into(),
        input: tensor(&[1, 3, 3, 1], &[1.0, -2.0, 3.0, 0.0, 1.0, -1.0, 2.0, 0.5, -0.5]),
        seed: tensor(&[1, 2, 2, 2], &[1.0, -1.0, 2.0, 0.5, -0.5, 1.0, 3.0, -2.0]),
        output: &[0.1, -4.2, -3.4, 7.05, -5.4, 2.8, -0.9, -3.575],
        gradient: &[2.0, 0.0, 2.0, -4.75, -0.125, -2.0, 1.75, -8.5, -2.0],
        toolbox_backward: &[2.0, 0.0, 2.0, -4.75, -0.125, -2.0, 1.75, -8.5, -2.0],
    }
    .check();
}

#[test]
fn sum_pool() {
    Worked {
        op: SumPool::new(Window::new(&[2, 2]), Channels::Last).unwrap().into(),
        input: tensor(&[1, 3, 3, 1], &[1.0, -2.0, 3.0, 0.0, 1.0, -1.0, 2.0, 0.5, -0.5]),
        seed: tensor(&[1, 2, 2, 1], &[1.0, -1.0, 2.0, 0.5]),
        output: &[0.0, 0.5, 1.75, 0.0],
        gradient: &[0.5, 0.0, -0.5, 1.5, 1.25, -0.25, 1.0, 1.25, 0.25],
        toolbox_backward: &[0.5, 0.0, -0.5, 1.5, 1.25, -0.25, 1.0, 1.25, 0.25],
    }
    .check();
}

/// Entries that tie share the gradient; the toolbox gives each of them all of it.
#[test]
fn max_pool() {
    Worked {
        op: MaxPool::new(Window::new(&[2, 2]), Channels::Last).unwrap().into(),
        input: tensor(&[1, 3, 3, 1], &[1.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0]),
        seed: tensor(&[1, 2, 2, 1], &[1.0, -1.0, 2.0, 0.5]),
        output: &[1.0, 1.0, 1.0, 1.0],
        gradient: &[1.0 / 3.0, 0.0, 0.0, 0.0, 7.0 / 6.0, -1.0 / 6.0, 1.0, 0.0, 1.0 / 6.0],
        toolbox_backward: &[1.0, 0.0, 0.0, 0.0, 2.5, -0.5, 2.0, 0.0, 0.5],
    }
    .check();
}

#[test]
fn rect_and_tanh() {
    let (half, odds) = (0.462_117_157_260_009_76, 1.0 - 0.462_117_157_260_009_76_f64.powi(2));
    let x = tensor(&[1, 3], &[-1.5, 0.0, 0.5]);
    let seed = tensor(&[1, 3], &[1.0, 2.0, 3.0]);
    let table: [(Op<f64>, [f64; 3], [f64; 3]); 2] = [
        (Rect.into(), [0.0, 0.0, 0.5], [0.0, 0.0, 3.0]),
        (Tanh.into(), [-0.905_148_253_644_866_4, 0.0, half], [0.180_706_638_923_648_4, 2.0, 3.0 * odds]),
    ];
    for (op, output, gradient) in table {
        let network = Network::sequential([op]).unwrap();
        let trace = network.trace(&x).unwrap();
        assert_close(trace.output(), &output);
        assert_close(&trace.gradient(network.output(), &seed), &gradient);
        assert_close(&trace.toolbox_backward(network.output(), &seed), &gradient);
    }
}

/// `exp(ln 3) : exp(0) = 3 : 1`, and the derivative is `y (g − Σ g y)`; the toolbox passes `g` unchanged.
#[test]
fn softmax() {
    Worked {
        op: SoftMax::default().into(),
        input: tensor(&[1, 2], &[3.0_f64.ln(), 0.0]),
        seed: tensor(&[1, 2], &[1.0, 0.0]),
        output: &[0.75, 0.25],
        gradient: &[0.1875, -0.1875],
        toolbox_backward: &[1.0, 0.0],
    }
    .check();
}

#[test]
fn q05_softmax_of_large_logits_does_not_overflow() {
    let logits = tensor(&[2, 2], &[1000.0, 1000.0, -1000.0, 1000.0]);
    assert_close(&forward(SoftMax::default(), &logits), &[0.5, 0.5, 0.0, 1.0]);
}

#[test]
fn q06_softmax_normalises_along_axis_one_whatever_the_rank() {
    let equal = Tensor::zeros(vec![1, 4, 2, 3]);
    assert!(forward(SoftMax::default(), &equal).iter().all(|&share| share == 0.25));
}

/// The last axis runs fastest, so pixels come before channels only if channels are stored first.
#[test]
fn flatten_runs_through_the_last_axis_first() {
    let input = counting(&[2, 2, 3]);
    let expected = arr2(&[[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [7.0, 8.0, 9.0, 10.0, 11.0, 12.0]]);
    assert_eq!(forward(Flatten::RowMajor, &input), expected.into_dyn());
    let turned = input.permuted_axes(vec![0, 2, 1]);
    let expected = arr2(&[[1.0, 4.0, 2.0, 5.0, 3.0, 6.0], [7.0, 10.0, 8.0, 11.0, 9.0, 12.0]]);
    assert_eq!(forward(Flatten::RowMajor, &turned), expected.into_dyn());
}

/// Matlab's order: rows first, then columns, channels last of all.
#[test]
fn flatten_may_run_through_the_first_axis_first() {
    let input = counting(&[1, 2, 3, 2]);
    let expected = [1.0, 7.0, 3.0, 9.0, 5.0, 11.0, 2.0, 8.0, 4.0, 10.0, 6.0, 12.0];
    assert_close(&forward(Flatten::ColumnMajor, &input), &expected);
    let network = Network::sequential([Flatten::ColumnMajor.into()]).unwrap();
    let trace = network.trace(&input).unwrap();
    assert_eq!(trace.gradient(network.output(), trace.output()), input);
}

/// Outputs `w₀·x[o·stride − before] + w₁·x[o·stride − before + dilation]` with `w = (1, 10)`, `x = 1 2 3 4 5`.
#[test]
fn windows_go_where_their_geometry_says() {
    let plain = || Window::new(&[2]);
    let table: [(&str, Window, &[f64]); 6] = [
        ("plain", plain(), &[21.0, 32.0, 43.0, 54.0]),
        ("stride 2 leaves the last entry out", plain().strided(&[2]), &[21.0, 43.0]),
        ("padding before", plain().padded(&[[1, 0]]), &[10.0, 21.0, 32.0, 43.0, 54.0]),
        ("padding behind", plain().padded(&[[0, 1]]), &[21.0, 32.0, 43.0, 54.0, 5.0]),
        ("dilation 3", plain().dilated(&[3]), &[41.0, 52.0]),
        ("all at once", plain().strided(&[3]).padded(&[[2, 1]]).dilated(&[2]), &[10.0, 42.0]),
    ];
    let input = tensor(&[1, 5, 1], &[1.0, 2.0, 3.0, 4.0, 5.0]);
    for (what, window, expected) in table {
        let filters = tensor(&[2, 1, 1], &[1.0, 10.0]);
        let op = Convolution::with_window(filters, arr1(&[0.0]), window, 1, Channels::Last).unwrap();
        assert_eq!(forward(op, &input), tensor(&[1, expected.len(), 1], expected), "{what}");
    }
}

/// Two groups of two channels each: output 0 reads channels 0 and 1, output 1 reads channels 2 and 3.
#[test]
fn groups_read_their_own_channels() {
    let pixel = tensor(&[1, 1, 4], &[1.0, 2.0, 3.0, 4.0]);
    let filters = arr3(&[[[1.0, 100.0], [10.0, 1000.0]]]).into_dyn();
    let window = Window::new(&[1]);
    let op = Convolution::with_window(filters, arr1(&[0.5, -0.5]), window, 2, Channels::Last).unwrap();
    assert_eq!(forward(op, &pixel), tensor(&[1, 1, 2], &[21.5, 4299.5]));
}

/// Each channel has two filters of its own, which come next to each other in the output.
#[test]
fn depthwise_filters_stay_in_their_channel() {
    let input = tensor(&[1, 2, 2], &[1.0, 2.0, 30.0, 40.0]);
    let filters = tensor(&[2, 1, 4], &[1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
    let window = Window::new(&[2]);
    let op = Convolution::with_window(filters, arr1(&[0.0; 4]), window, 2, Channels::First).unwrap();
    assert_eq!(forward(op, &input), tensor(&[1, 4, 1], &[1.0, 2.0, 30.0, 40.0]));
}

#[test]
fn volumes_are_windows_like_any_other() {
    let cube = counting(&[1, 1, 2, 2, 2]);
    let filters = tensor(&[2, 2, 2, 1, 1], &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0]);
    let window = Window::new(&[2, 2, 2]);
    let op = Convolution::with_window(filters, arr1(&[0.0]), window.clone(), 1, Channels::First).unwrap();
    assert_eq!(forward(op, &cube), tensor(&[1, 1, 1, 1, 1], &[1793.0]));
    let sum = SumPool::new(window.clone(), Channels::First).unwrap();
    assert_close(&forward(sum, &cube), &[36.0 / 8.0_f64.sqrt()]);
    assert_eq!(forward(MaxPool::new(window, Channels::First).unwrap(), &cube)[[0; 5]], 8.0);
}

/// A sum keeps its factor `1/√taps` where the padding takes entries away, and a maximum below zero is not
/// beaten by the zeros of the padding.
#[test]
fn padding_adds_nothing_to_pools() {
    let input = tensor(&[1, 3, 1], &[-1.0, -2.0, -3.0]);
    let window = || Window::new(&[2]).padded(&[[1, 1]]);
    let sum = forward(SumPool::new(window(), Channels::Last).unwrap(), &input);
    assert_close(&(sum * 2.0_f64.sqrt()), &[-1.0, -3.0, -5.0, -3.0]);
    let max = forward(MaxPool::new(window(), Channels::Last).unwrap(), &input);
    assert_close(&max, &[-1.0, -1.0, -2.0, -3.0]);
}

#[test]
fn add_sums_all_its_inputs() {
    let mut builder = NetworkBuilder::new();
    let rect = builder.add("rect", Rect, &[Value::INPUT]);
    builder.add("sum", Add, &[Value::INPUT, rect, Value::INPUT]);
    let network = builder.build().unwrap();
    let input = tensor(&[1, 2], &[-1.0, 2.0]);
    let trace = network.trace(&input).unwrap();
    assert_eq!(trace.output(), &tensor(&[1, 2], &[-2.0, 6.0]));
    let ones = tensor(&[1, 2], &[1.0, 1.0]);
    assert_eq!(trace.gradient(network.output(), &ones), tensor(&[1, 2], &[2.0, 3.0]));
}

#[test]
fn casting_rounds_weights_and_keeps_everything_else() {
    let window = Window::new(&[2, 2]).padded(&[[1, 0], [0, 1]]);
    let filters = counting(&[2, 2, 1, 2]) / 10.0;
    let network = Network::sequential([
        Convolution::with_window(filters, arr1(&[0.1, -0.1]), window.clone(), 1, Channels::First)
            .unwrap()
            .into(),
        Tanh.into(),
        SumPool::new(Window::new(&[1, 2]), Channels::First).unwrap().into(),
        Flatten::RowMajor.into(),
        Linear::new(arr2(&[[0.3]]).broadcast((18 - 6, 1)).unwrap().to_owned(), arr1(&[0.7])).unwrap().into(),
    ])
    .unwrap();
    let single = network.cast::<f32>().unwrap();
    let input = counting(&[1, 1, 3, 3]) / 9.0;
    let expected = network.forward(&input).unwrap();
    let found = cast::<f32, f64>(&single.forward(&cast(&input)).unwrap());
    assert!((&found - &expected).iter().all(|error| error.abs() < 1e-5), "{found} is not {expected}");
    let names = |network: &Network<f32>| -> Vec<String> {
        network.nodes().iter().map(|node| node.name().to_owned()).collect()
    };
    assert_eq!(names(&single), ["convolution_0", "tanh_1", "sumpool_2", "flatten_3", "linear_4"]);
    match single.nodes()[0].op() {
        Op::Convolution(convolution) => assert_eq!(convolution.window(), &window),
        op => assert_eq!(op.layer().kind(), Kind::Convolution),
    }
}

#[test]
fn a_trace_keeps_every_value() {
    let weights = arr2(&[[1.0, -1.0]]);
    let dense = Linear::new(weights, arr1(&[0.0, 0.0])).unwrap();
    let network = Network::sequential([dense.into(), Rect.into()]).unwrap();
    let trace = network.trace(&tensor(&[2, 1], &[3.0, -4.0])).unwrap();
    assert_eq!(trace.value(Value::INPUT), &tensor(&[2, 1], &[3.0, -4.0]));
    assert_eq!(trace.value(Value::of_node(0)), &tensor(&[2, 2], &[3.0, -3.0, -4.0, 4.0]));
    assert_eq!(trace.output(), &tensor(&[2, 2], &[3.0, 0.0, 0.0, 4.0]));
    assert_eq!(network.shapes(&[2, 1]).unwrap(), [vec![2, 1], vec![2, 2], vec![2, 2]]);
}
