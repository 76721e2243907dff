//! Writes the toolbox's text format, byte for byte what its Python code writes.

use std::fmt::Write as _;

use lrp_core::{Channels, Network, Op, Value, Window};

use super::python_float::python_float;
use crate::error::{Error, Result};

/// Where the weights of a dense layer go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// In one line: since toolbox 1.2.
    Modern,
    /// In a line a row: before, when only dense layers and activations existed.
    Legacy,
}

pub(super) fn write(network: &Network<f64>) -> Result<Vec<u8>> {
    write_as(network, Layout::Modern)
}

pub(super) fn write_legacy(network: &Network<f64>) -> Result<Vec<u8>> {
    write_as(network, Layout::Legacy)
}

fn write_as(network: &Network<f64>, layout: Layout) -> Result<Vec<u8>> {
    let mut text = String::new();
    for (index, node) in network.nodes().iter().enumerate() {
        let named = |message: &str| Error::unsupported(format!("{}: {message}", node.name()));
        if node.inputs() != [Value::at(index)] {
            return Err(named("the text format holds only sequences: every layer reads the one before it"));
        }
        if layout == Layout::Legacy && !is_legacy(node.op()) {
            return Err(named("the old layout holds only Linear, Rect, Tanh and SoftMax"));
        }
        layer(&mut text, node.op(), layout).map_err(named)?;
    }
    Ok(text.into_bytes())
}

fn is_legacy(op: &Op<f64>) -> bool {
    matches!(op, Op::Linear(_) | Op::Rect(_) | Op::Tanh(_) | Op::SoftMax(_))
}

fn layer(text: &mut String, op: &Op<f64>, layout: Layout) -> Result<(), &'static str> {
    match op {
        Op::Linear(linear) => {
            let (m, n) = linear.weights().dim();
            line(text, format_args!("Linear {m} {n}"));
            match layout {
                Layout::Modern => numbers(text, linear.weights().iter()),
                Layout::Legacy => linear.weights().outer_iter().for_each(|row| numbers(text, row.iter())),
            }
            numbers(text, linear.bias().iter());
        }
        Op::Convolution(convolution) => {
            if convolution.groups() != 1 {
                return Err("the text format holds no groups");
            }
            let [down, right] = stride(convolution.window(), convolution.channels())?;
            let shape = sizes(convolution.filters().shape());
            line(text, format_args!("Convolution {shape} {down} {right}"));
            numbers(text, convolution.filters().iter());
            numbers(text, convolution.bias().iter());
        }
        Op::SumPool(pool) => window(text, "SumPool", pool.window(), pool.channels())?,
        Op::MaxPool(pool) => window(text, "MaxPool", pool.window(), pool.channels())?,
        Op::Flatten(_) => line(text, format_args!("Flatten")),
        Op::Rect(_) => line(text, format_args!("Rect")),
        Op::Tanh(_) => line(text, format_args!("Tanh")),
        Op::SoftMax(_) => line(text, format_args!("SoftMax")),
        Op::Add(_) => return Err("the text format has no Add layer"),
        Op::Custom(_) => return Err("the text format holds only the toolbox's own layers"),
    }
    Ok(())
}

fn window(text: &mut String, name: &str, window: &Window, channels: Channels) -> Result<(), &'static str> {
    let [down, right] = stride(window, channels)?;
    let size = sizes(window.kernel());
    line(text, format_args!("{name} {size} {down} {right}"));
    Ok(())
}

/// The stride of a window the format can describe.
fn stride(window: &Window, channels: Channels) -> Result<[usize; 2], &'static str> {
    match *window.stride() {
        _ if channels != Channels::Last => Err("the text format has its channels last"),
        [down, right] if window.is_plain_2d() => Ok([down, right]),
        _ => Err("the text format holds windows over two axes, neither padded nor dilated"),
    }
}

fn sizes(shape: &[usize]) -> String {
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn numbers<'a>(text: &mut String, numbers: impl Iterator<Item = &'a f64>) {
    let words: Vec<String> = numbers.map(|&number| python_float(number)).collect();
    line(text, format_args!("{}", words.join(" ")));
}

fn line(text: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = writeln!(text, "{content}");
}
