//! Pickles written instruction by instruction, and the questions the tests ask of the reader.

use lrp_core::{Network, Op};
use lrp_io::{Error, Limits, read_model_bytes};

pub(crate) fn read(bytes: &[u8]) -> Result<Network<f64>, Error> {
    read_model_bytes("m.nn", bytes, &Limits::default())
}

/// The error line of a pickle that must be refused, without the file's name.
pub(crate) fn refusal(bytes: &[u8]) -> String {
    let line = read(bytes).expect_err("this pickle is broken").to_string();
    assert!(line.starts_with("m.nn") && !line.contains('\n') && line.len() < 300, "{line:?}");
    line.trim_start_matches("m.nn: ").to_owned()
}

/// Shapes and bits of all there is in a network.
pub(crate) fn contents(network: &Network<f64>) -> Vec<(String, Vec<usize>, Vec<u64>)> {
    let bits = |numbers: &mut dyn Iterator<Item = &f64>| numbers.map(|number| number.to_bits()).collect();
    let layer = |op: &Op<f64>| match op {
        Op::Linear(linear) => {
            let (weights, bias) = (linear.weights(), linear.bias());
            ("linear".to_owned(), weights.shape().to_vec(), bits(&mut weights.iter().chain(bias)))
        }
        Op::Convolution(convolution) => {
            let (filters, bias) = (convolution.filters(), convolution.bias());
            let name = format!("convolution {:?}", convolution.window());
            (name, filters.shape().to_vec(), bits(&mut filters.iter().chain(bias)))
        }
        other => (format!("{other:?}"), vec![], vec![]),
    };
    network.nodes().iter().map(|node| layer(node.op())).collect()
}

/// A text of protocol 4.
pub(crate) fn text(text: &str) -> Vec<u8> {
    [&[0x8c, text.len() as u8], text.as_bytes()].concat()
}

/// An object without arguments, with the attributes given as names and instructions.
pub(crate) fn object(class: &str, attributes: &[(&str, &[u8])]) -> Vec<u8> {
    let module = format!("modules.{}", class.to_lowercase());
    let mut code = [&text(&module), &text(class), &b"\x93)\x81}("[..]].concat();
    for (name, value) in attributes {
        code.extend([&text(name), *value].concat());
    }
    [&code, &b"ub"[..]].concat()
}

/// A whole pickle: a `Sequential` of objects.
pub(crate) fn sequential(objects: &[Vec<u8>]) -> Vec<u8> {
    let modules = [b"](", &objects.concat()[..], b"e"].concat();
    whole(&object("Sequential", &[("modules", &modules)]))
}

pub(crate) fn whole(code: &[u8]) -> Vec<u8> {
    [b"\x80\x04", code, b"."].concat()
}

/// An array in C order of a type such as `<f8`.
pub(crate) fn array(descr: &str, shape: &[u8], payload: &[u8]) -> Vec<u8> {
    let axes = |axes: &[u8]| {
        let axes: Vec<u8> = axes.iter().flat_map(|&axis| [b'K', axis]).collect();
        [b"(", &axes[..], b"t"].concat()
    };
    let named = |module: &str, name: &str| [&text(module)[..], &text(name), b"\x93"].concat();
    let (order, code) = descr.split_at(1);
    [
        &named("numpy.core.multiarray", "_reconstruct")[..],
        &named("numpy", "ndarray"),
        &axes(&[0]),
        b"C\x01b\x87R(K\x01",
        &axes(shape),
        &named("numpy", "dtype"),
        &text(code),
        b"\x89\x88\x87R(K\x03",
        &text(order),
        b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89",
        &[b"B", &(payload.len() as u32).to_le_bytes()[..], payload].concat(),
        b"tb",
    ]
    .concat()
}

pub(crate) fn f64s(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
