//! Writes models that the toolbox's Python part unpickles, in protocol 4, for numpy 1 and 2.
//!
//! Objects are written as Python would, with every attribute their constructors set. Nothing in a network is
//! shared, so the memo stays empty; the same network always gives the same bytes.

use lrp_core::{Flatten, Network};

use super::toolbox::{Layer, refused, sequence};
use crate::error::Result;
use crate::pickle::Global;

pub(super) fn write(network: &Network<f64>) -> Result<Vec<u8>> {
    let layers = sequence(network)?;
    let matlab = |layer: &Layer<'_>| matches!(layer, Layer::Flatten(Flatten::ColumnMajor));
    if let Some((name, _)) = layers.iter().find(|(_, layer)| matlab(layer)) {
        return Err(refused(name, "this Flatten runs in Matlab's order, which Python's does not"));
    }
    let mut program = Program(b"\x80\x04".to_vec());
    program.begin(Global::Sequential);
    program.text("modules");
    program.code(b"](");
    layers.iter().for_each(|(_, layer)| program.layer(layer));
    program.code(b"e");
    program.end();
    program.code(b".");
    Ok(program.0)
}

/// Instructions for Python's stack machine; `opcodes.rs` names them.
struct Program(Vec<u8>);

impl Program {
    fn layer(&mut self, layer: &Layer<'_>) {
        match layer {
            Layer::Linear { weights, bias } => {
                self.begin(Global::Linear);
                self.sizes(&["m", "n"], weights.shape());
                self.array("W", weights.shape(), weights.iter());
                self.array("B", bias.shape(), bias.iter());
                self.nothing(&["X", "Y", "Z", "dW", "dB"]);
            }
            Layer::Convolution { filters, bias, stride } => {
                self.begin(Global::Convolution);
                self.sizes(&["fh", "fw", "fd", "n"], filters.shape());
                self.pair("stride", stride);
                self.array("W", filters.shape(), filters.iter());
                self.array("B", bias.shape(), bias.iter());
                self.nothing(&["X", "Y", "Z", "DY"]);
            }
            Layer::SumPool { size, stride } => self.pool(Global::SumPool, size, stride),
            Layer::MaxPool { size, stride } => self.pool(Global::MaxPool, size, stride),
            Layer::Rect => self.activation(Global::Rect, &["Y"]),
            Layer::Tanh => self.activation(Global::Tanh, &["Y"]),
            Layer::SoftMax => self.activation(Global::SoftMax, &["X", "Y"]),
            Layer::Flatten(_) => {
                self.begin(Global::Flatten);
                self.text("inputshape");
                self.code(b"]");
            }
        }
        if matches!(layer, Layer::Linear { .. } | Layer::Convolution { .. }) {
            self.text("lrp_aware");
            self.boolean(false);
        }
        self.end();
    }

    fn pool(&mut self, class: Global, size: &[usize; 2], stride: &[usize; 2]) {
        self.begin(class);
        self.pair("pool", size);
        self.pair("stride", stride);
        self.nothing(&["X", "Y"]);
    }

    fn activation(&mut self, class: Global, cached: &[&str]) {
        self.begin(class);
        self.nothing(cached);
    }

    /// An object without arguments, and the beginning of its attributes.
    fn begin(&mut self, class: Global) {
        self.global(class);
        self.code(b")\x81}(");
    }

    /// The attributes every object has, and the end of them.
    fn end(&mut self) {
        self.nothing(&["lrp_var"]);
        self.text("lrp_param");
        self.code(b"G");
        self.code(&1f64.to_be_bytes());
        self.code(b"ub");
    }

    fn nothing(&mut self, names: &[&str]) {
        for name in names {
            self.text(name);
            self.code(b"N");
        }
    }

    fn sizes(&mut self, names: &[&str], sizes: &[usize]) {
        for (name, &size) in names.iter().zip(sizes) {
            self.text(name);
            self.integer(size);
        }
    }

    fn pair(&mut self, name: &str, pair: &[usize; 2]) {
        self.text(name);
        self.tuple(pair);
    }

    /// An array of float64 as numpy reduces it: an empty one, then its state.
    fn array<'a>(&mut self, name: &str, shape: &[usize], values: impl Iterator<Item = &'a f64>) {
        self.text(name);
        self.global(Global::Reconstruct);
        self.global(Global::Array);
        self.tuple(&[0]);
        self.bytes(b"b");
        self.code(b"\x87R(");
        self.integer(1);
        self.tuple(shape);
        self.number_type();
        self.boolean(false);
        self.bytes(&values.flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        self.code(b"tb");
    }

    /// `dtype('f8', False, True)` in little endian, of version 3, with neither fields nor alignment.
    fn number_type(&mut self) {
        self.global(Global::Dtype);
        self.text("f8");
        self.code(b"\x89\x88\x87R(");
        self.integer(3);
        self.text("<");
        self.code(b"NNN");
        self.code(b"J\xff\xff\xff\xffJ\xff\xff\xff\xff");
        self.integer(0);
        self.code(b"tb");
    }

    fn global(&mut self, global: Global) {
        let (module, name) = global.path();
        self.text(module);
        self.text(name);
        self.code(b"\x93");
    }

    fn tuple(&mut self, sizes: &[usize]) {
        self.code(b"(");
        sizes.iter().for_each(|&size| self.integer(size));
        self.code(b"t");
    }

    fn boolean(&mut self, value: bool) {
        self.code(if value { b"\x88" } else { b"\x89" });
    }

    fn integer(&mut self, integer: usize) {
        match i32::try_from(integer) {
            Ok(integer) => {
                self.code(b"J");
                self.code(&integer.to_le_bytes());
            }
            // Nine bytes, so that the sign is clear.
            Err(_) => {
                self.code(b"\x8a\x09");
                self.code(&(integer as u64).to_le_bytes());
                self.code(b"\0");
            }
        }
    }

    /// Names are short and known here.
    fn text(&mut self, text: &str) {
        self.code(&[0x8c, text.len() as u8]);
        self.code(text.as_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.code(b"\x8e");
        self.code(&(bytes.len() as u64).to_le_bytes());
        self.code(bytes);
    }

    fn code(&mut self, code: &[u8]) {
        self.0.extend_from_slice(code);
    }
}
