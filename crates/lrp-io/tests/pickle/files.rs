//! The files of `tests/pickles`: one model, as different Pythons pickle it.

use lrp_core::{Kind, Node, Op};
use lrp_io::{Limits, read_model_bytes};

use crate::program::{contents, read};

pub(crate) const FILES: [(&str, &[u8]); 16] = [
    ("numpy1-big-endian-float32-scalars", include_bytes!("../pickles/numpy1-big-endian-float32-scalars.nn")),
    ("numpy1-fortran-protocol4", include_bytes!("../pickles/numpy1-fortran-protocol4.nn")),
    ("numpy1-fortran-protocol5", include_bytes!("../pickles/numpy1-fortran-protocol5.nn")),
    ("numpy1-protocol2", include_bytes!("../pickles/numpy1-protocol2.nn")),
    ("numpy1-protocol3", include_bytes!("../pickles/numpy1-protocol3.nn")),
    ("numpy1-protocol4", include_bytes!("../pickles/numpy1-protocol4.nn")),
    ("numpy1-protocol5", include_bytes!("../pickles/numpy1-protocol5.nn")),
    ("numpy2-big-endian-float32-scalars", include_bytes!("../pickles/numpy2-big-endian-float32-scalars.nn")),
    ("numpy2-fortran-protocol4", include_bytes!("../pickles/numpy2-fortran-protocol4.nn")),
    ("numpy2-fortran-protocol5", include_bytes!("../pickles/numpy2-fortran-protocol5.nn")),
    ("numpy2-protocol2", include_bytes!("../pickles/numpy2-protocol2.nn")),
    ("numpy2-protocol3", include_bytes!("../pickles/numpy2-protocol3.nn")),
    ("numpy2-protocol4", include_bytes!("../pickles/numpy2-protocol4.nn")),
    ("numpy2-protocol5", include_bytes!("../pickles/numpy2-protocol5.nn")),
    ("python2-inst", include_bytes!("../pickles/python2-inst.nn")),
    ("python2-protocol2", include_bytes!("../pickles/python2-protocol2.nn")),
];

#[test]
fn every_python_pickles_the_same_model() {
    let first = read(FILES[0].1).expect("a model");
    for (name, bytes) in FILES {
        let network = read(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(contents(&network), contents(&first), "{name}");
    }
}

#[test]
fn layers_and_weights_are_those_of_the_script() {
    let network = read(FILES[0].1).expect("a model");
    let kinds: Vec<Kind> = network.nodes().iter().map(Node::kind).collect();
    let expected = [
        Kind::Convolution,
        Kind::Rect,
        Kind::SumPool,
        Kind::MaxPool,
        Kind::Tanh,
        Kind::Flatten,
        Kind::Linear,
        Kind::SoftMax,
    ];
    assert_eq!(kinds, expected);
    let [Op::Convolution(convolution), _, Op::SumPool(sum), Op::MaxPool(max), .., Op::Linear(linear), _] =
        &network.nodes().iter().map(|node| node.op().clone()).collect::<Vec<_>>()[..]
    else {
        panic!("other layers")
    };
    assert_eq!(convolution.filters().shape(), [2, 2, 1, 3]);
    assert_eq!(convolution.filters()[[1, 0, 0, 2]], -0.0);
    assert_eq!(convolution.bias().to_vec(), [-1.0, -0.75, -0.5]);
    assert_eq!((sum.window().kernel(), sum.window().stride()), (&[2, 1][..], &[1, 1][..]));
    assert_eq!((max.window().kernel(), max.window().stride()), (&[1, 2][..], &[1, 2][..]));
    assert_eq!(linear.weights().row(1).to_vec(), [-0.75, -0.625]);
    assert_eq!(linear.bias().to_vec(), [-1.0, -0.75]);
}

#[test]
fn a_pickle_is_known_by_its_content() {
    for name in ["model", "model.txt", "folder.d/model", "model.NN"] {
        assert!(read_model_bytes(name, FILES[5].1, &Limits::default()).is_ok(), "{name}");
    }
}
