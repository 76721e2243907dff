//! Writes the toolbox's text format, byte for byte what its Python code writes.

use std::fmt::Write as _;

use lrp_core::Network;

use super::convention::Convention;
use super::toolbox::{Layer, refused, sequence};
use crate::error::Result;
use crate::python_float::python_float;

/// Where the weights of a dense layer go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// In one line: since toolbox 1.2.
    Modern,
    /// In a line a row: before, when only dense layers and activations existed.
    Legacy,
}

pub(super) fn write(network: &Network<f64>) -> Result<Vec<u8>> {
    write_as(network, Layout::Modern, Convention::Python)
}

pub(super) fn write_legacy(network: &Network<f64>) -> Result<Vec<u8>> {
    write_as(network, Layout::Legacy, Convention::Python)
}

pub(super) fn write_matlab(network: &Network<f64>) -> Result<Vec<u8>> {
    write_as(network, Layout::Modern, Convention::Matlab)
}

fn write_as(network: &Network<f64>, layout: Layout, reader: Convention) -> Result<Vec<u8>> {
    let mut text = String::new();
    for (name, layer) in sequence(network)? {
        match layer {
            Layer::Flatten(flatten) if flatten != reader.flatten() => {
                let reason = format!("flattens in another order than {reader} takes the text to mean");
                return Err(refused(name, &reason));
            }
            Layer::Linear { .. } | Layer::Rect | Layer::Tanh | Layer::SoftMax => {}
            _ if layout == Layout::Legacy => {
                return Err(refused(name, "the old layout holds only Linear, Rect, Tanh and SoftMax"));
            }
            _ => {}
        }
        write_layer(&mut text, &layer, layout);
    }
    Ok(text.into_bytes())
}

fn write_layer(text: &mut String, layer: &Layer<'_>, layout: Layout) {
    match layer {
        Layer::Linear { weights, bias } => {
            line(text, format_args!("Linear {}", sizes(weights.shape())));
            match layout {
                Layout::Modern => numbers(text, weights.iter()),
                Layout::Legacy => weights.outer_iter().for_each(|row| numbers(text, row.iter())),
            }
            numbers(text, bias.iter());
        }
        Layer::Convolution { filters, bias, stride } => {
            line(text, format_args!("Convolution {} {}", sizes(filters.shape()), sizes(stride)));
            numbers(text, filters.iter());
            numbers(text, bias.iter());
        }
        Layer::SumPool { size, stride } => {
            line(text, format_args!("SumPool {} {}", sizes(size), sizes(stride)));
        }
        Layer::MaxPool { size, stride } => {
            line(text, format_args!("MaxPool {} {}", sizes(size), sizes(stride)));
        }
        Layer::Rect => line(text, format_args!("Rect")),
        Layer::Tanh => line(text, format_args!("Tanh")),
        Layer::SoftMax => line(text, format_args!("SoftMax")),
        Layer::Flatten(_) => line(text, format_args!("Flatten")),
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
