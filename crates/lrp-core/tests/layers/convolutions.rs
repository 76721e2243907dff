//! Transposed convolutions, and convolutions of a shifted input.

use lrp_core::{Channels, Convolution, Kernels, Layer, Network, Op, Tensor, TransposedConvolution, Window};
use ndarray::arr1;

use super::{forward, tensor};

/// Each entry of `x = (1, 2, 3)` leaves `w = (1, 10)` where it stands; the bias is 0.5 everywhere.
#[test]
fn transposed_convolutions_leave_their_filter_at_every_entry() {
    let table: [(&str, Window, usize, &[f64]); 6] = [
        ("plain", Window::new(&[2]), 0, &[1.5, 12.5, 23.5, 30.5]),
        ("stride 2", Window::new(&[2]).strided(&[2]), 0, &[1.5, 10.5, 2.5, 20.5, 3.5, 30.5]),
        (
            "stride 3 leaves gaps",
            Window::new(&[2]).strided(&[3]),
            0,
            &[1.5, 10.5, 0.5, 2.5, 20.5, 0.5, 3.5, 30.5],
        ),
        ("places behind", Window::new(&[2]), 2, &[1.5, 12.5, 23.5, 30.5, 0.5, 0.5]),
        ("padding cuts", Window::new(&[2]).padded(&[[1, 2]]), 0, &[12.5]),
        ("dilation 2", Window::new(&[2]).dilated(&[2]), 0, &[1.5, 2.5, 13.5, 20.5, 30.5]),
    ];
    let input = tensor(&[1, 3, 1], &[1.0, 2.0, 3.0]);
    for (what, window, more, expected) in table {
        let filters = tensor(&[2, 1, 1], &[1.0, 10.0]);
        let op =
            TransposedConvolution::new(filters, arr1(&[0.5]), window, 1, Channels::Last, &[more]).unwrap();
        for kernels in Kernels::ALL {
            let network = Network::sequential([op.clone().into()]).unwrap().with_kernels(kernels);
            let output = network.forward(&input).unwrap();
            assert_eq!(output, tensor(&[1, expected.len(), 1], expected), "{what}, {kernels:?}");
        }
    }
}

/// What reaches nothing but the bias is rectified too.
#[test]
fn gaps_are_rectified() {
    let filters = tensor(&[1, 1, 1], &[2.0]);
    let window = Window::new(&[1]).strided(&[2]);
    let op = TransposedConvolution::new(filters, arr1(&[-3.0]), window, 1, Channels::Last, &[0]).unwrap();
    let network = Network::sequential([op.into(), lrp_core::Rect.into()]).unwrap();
    let output = network.forward(&tensor(&[1, 2, 1], &[1.0, 2.0])).unwrap();
    assert_eq!(output, tensor(&[1, 3, 1], &[0.0, 0.0, 1.0]));
}

/// Two groups: the first two inputs make the first two outputs.
#[test]
fn transposed_groups_write_their_own_channels() {
    // `[kernel, outputs / groups, inputs]`: to two outputs, from each of four inputs.
    let filters = tensor(&[1, 2, 4], &[1.0, 2.0, 3.0, 4.0, 10.0, 20.0, 30.0, 40.0]);
    let op =
        TransposedConvolution::new(filters, arr1(&[0.0; 4]), Window::new(&[1]), 2, Channels::First, &[0]);
    let output = forward(op.unwrap(), &tensor(&[1, 4, 1], &[1.0, 1.0, 1.0, 2.0]));
    assert_eq!(output, tensor(&[1, 4, 1], &[3.0, 30.0, 11.0, 110.0]));
}

#[test]
fn outputs_of_transposed_convolutions_have_their_size() {
    let window = Window::new(&[3, 2]).strided(&[2, 1]).padded(&[[1, 1], [0, 0]]);
    let filters = Tensor::<f64>::ones(vec![3, 2, 5, 4]);
    let bias = ndarray::Array1::zeros(5);
    let op = TransposedConvolution::new(filters, bias, window, 1, Channels::First, &[1, 0]).unwrap();
    assert_eq!(op.output_shape(&[&[7, 4, 6, 6]]).unwrap(), [7, 5, 12, 7]);
}

/// `w·(x + t)` within the input and nothing around it: a shift is not a bias at the border.
#[test]
fn an_input_is_shifted_within_its_padding() {
    let window = || Window::new(&[3]).padded(&[[1, 1]]);
    let filters = || tensor(&[3, 1, 1], &[1.0, 10.0, 100.0]);
    let plain = Convolution::with_window(filters(), arr1(&[0.5]), window(), 1, Channels::Last).unwrap();
    let shifted: Op<f64> = plain.clone().with_input_shift(arr1(&[2.0])).unwrap().into();
    let input = tensor(&[1, 3, 1], &[1.0, 0.0, -1.0]);
    assert_eq!(forward(shifted.clone(), &input), forward(plain.clone(), &(&input + 2.0)));
    assert_eq!(forward(shifted, &input), tensor(&[1, 3, 1], &[230.5, 123.5, 12.5]));
    let refused = plain.with_input_shift(arr1(&[1.0, 2.0])).unwrap_err();
    assert_eq!(refused.to_string(), "1 input channels do not go with 2 shifts");
}
