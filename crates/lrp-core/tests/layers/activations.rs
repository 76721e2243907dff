//! Functions of one number.

use lrp_core::{Activation, Crossing, ErrorKind, Function, Layer, Network, Op, ParametricRect, Tensor};
use ndarray::arr1;

use super::{assert_close, forward, tensor};

/// Every function at −2, 0 and 1, to be looked up in any table.
const TABLE: [(Function, [f64; 3]); 16] = [
    (Function::LeakyRect(0.25), [-0.5, 0.0, 1.0]),
    (Function::Elu(2.0), [-1.729_329_433_526_774_6, 0.0, 1.0]),
    (Function::Selu { alpha: 2.0, gamma: 3.0 }, [-5.187_988_300_580_324, 0.0, 3.0]),
    (Function::Celu(2.0), [-1.264_241_117_657_115_4, 0.0, 1.0]),
    (Function::Sigmoid, [0.119_202_922_022_117_56, 0.5, 0.731_058_578_630_004_9]),
    (Function::HardSigmoid { alpha: 0.25, beta: 0.5 }, [0.0, 0.5, 0.75]),
    (Function::HardSwish, [-1.0 / 3.0, 0.0, 2.0 / 3.0]),
    (Function::Softplus, [0.126_928_011_042_972_5, std::f64::consts::LN_2, 1.313_261_687_518_222_8]),
    (Function::Softsign, [-2.0 / 3.0, 0.0, 0.5]),
    (Function::Gelu, [-0.045_500_263_896_358_41, 0.0, 0.841_344_746_068_542_9]),
    (Function::GeluTanh, [-0.045_402_305_912_224_97, 0.0, 0.841_191_990_608_276_8]),
    (Function::Silu, [-0.238_405_844_044_235_13, 0.0, 0.731_058_578_630_004_9]),
    (Function::Mish, [-0.252_501_482_695_708_9, 0.0, 0.865_098_388_267_310_3]),
    (Function::Clip { low: -1.0, high: f64::INFINITY }, [-1.0, 0.0, 1.0]),
    (Function::Step(0.0), [0.0, 0.0, 1.0]),
    (Function::Erf, [-0.995_322_265_018_952_7, 0.0, 0.842_700_792_949_714_9]),
];

#[test]
fn functions_have_the_values_of_their_tables() {
    let x = tensor(&[1, 3], &[-2.0, 0.0, 1.0]);
    for (function, expected) in TABLE {
        let found = forward(Activation::new(function), &x);
        let close = found.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-14);
        assert!(close, "{function:?}: {found} is not {expected:?}");
    }
    let bare: [(Function, [f64; 3]); 8] = [
        (Function::Exp, [0.25_f64.exp(), 1.0_f64.exp(), 4.0_f64.exp()]),
        (Function::Log, [-2.0 * std::f64::consts::LN_2, 0.0, 2.0 * std::f64::consts::LN_2]),
        (Function::Sqrt, [0.5, 1.0, 2.0]),
        (Function::Power(2.0), [0.0625, 1.0, 16.0]),
        (Function::Power(-1.5), [8.0, 1.0, 0.125]),
        (Function::Absolute, [0.25, 1.0, 4.0]),
        (Function::Reciprocal, [4.0, 1.0, 0.25]),
        (Function::Clip { low: 0.5, high: 2.0 }, [0.5, 1.0, 2.0]),
    ];
    for (function, expected) in bare {
        assert_close(&forward(Activation::new(function), &tensor(&[1, 3], &[0.25, 1.0, 4.0])), &expected);
    }
    assert_eq!(forward(Activation::new(Function::Power(3.0)), &tensor(&[1, 1], &[-2.0]))[[0, 0]], -8.0);
}

#[test]
fn functions_survive_large_numbers() {
    let x = tensor(&[1, 2], &[-1000.0, 1000.0]);
    let linear = [0.0, 1.0];
    let table: [(Function, [f64; 2], [f64; 2]); 7] = [
        (Function::Sigmoid, [0.0, 1.0], [0.0, 0.0]),
        (Function::Softplus, [0.0, 1000.0], linear),
        (Function::Silu, [0.0, 1000.0], linear),
        (Function::Mish, [0.0, 1000.0], linear),
        (Function::Gelu, [0.0, 1000.0], linear),
        (Function::GeluTanh, [0.0, 1000.0], linear),
        (Function::Elu(1.0), [-1.0, 1000.0], linear),
    ];
    for (function, values, slopes) in table {
        let network = Network::sequential([Op::from(Activation::new(function))]).unwrap();
        let trace = network.trace(&x).unwrap();
        assert_close(trace.output(), &values);
        assert_close(&trace.gradient(network.output(), &Tensor::ones(vec![1, 2])), &slopes);
    }
}

/// A number that is none is not turned into a bound.
#[test]
fn nan_is_clipped_to_nothing() {
    let mut builder = lrp_core::NetworkBuilder::<f64>::new().allow_not_finite();
    builder.push(Activation::new(Function::Clip { low: 0.0, high: 6.0 }));
    let output = builder.build().unwrap().forward(&tensor(&[1, 1], &[f64::NAN])).unwrap();
    assert!(output[[0, 0]].is_nan());
}

/// Relevance passes activations; of bare mathematics nobody knows.
#[test]
fn functions_say_whether_they_are_activations() {
    let crossing = |function| Layer::<f64>::crossing(&Activation::new(function));
    assert_eq!(crossing(Function::Gelu), Crossing::Route);
    assert_eq!(crossing(Function::Clip { low: 0.0, high: 6.0 }), Crossing::Route);
    assert_eq!(crossing(Function::Erf), Crossing::Unknown);
    assert_eq!(crossing(Function::Power(2.0)), Crossing::Unknown);
}

#[test]
fn parameters_are_finite_unless_they_are_bounds() {
    let build = |function| Network::<f64>::sequential([Activation::new(function).into()]);
    assert!(build(Function::Clip { low: f64::NEG_INFINITY, high: 1.0 }).is_ok());
    for function in [Function::LeakyRect(f64::NAN), Function::Clip { low: f64::NAN, high: 1.0 }] {
        assert_eq!(build(function).unwrap_err().kind(), ErrorKind::NotFinite);
    }
}

/// One slope for each of two channels, whatever is behind them.
#[test]
fn learned_slopes_belong_to_channels() {
    let op = ParametricRect::new(arr1(&[0.5, -1.0]).into_shape_with_order(vec![2, 1]).unwrap());
    let x = tensor(&[2, 2, 2], &[1.0, -2.0, -3.0, 4.0, -1.0, 0.0, 5.0, -6.0]);
    assert_close(&forward(op, &x), &[1.0, -1.0, 3.0, 4.0, -0.5, 0.0, 5.0, 6.0]);
}
