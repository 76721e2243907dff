//! What a pickle may name: the toolbox's layers and what numpy needs for an array. Nothing else.

use std::fmt;

use crate::error::{Error, Result, quoted};

/// A class or function that a pickle may name. It is a name only; there is nothing behind it to call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    Sequential,
    Linear,
    Convolution,
    SumPool,
    MaxPool,
    Rect,
    Tanh,
    SoftMax,
    Flatten,
    /// numpy's class of arrays.
    Array,
    /// numpy's number types.
    Dtype,
    /// Makes an empty array, to be given its state.
    Reconstruct,
    /// Makes an array from bytes.
    FromBuffer,
    /// Makes a single number of numpy's.
    Scalar,
    /// How Python 3 writes bytes for Python 2.
    Encode,
}

/// Each global, and how it is called in Python: the first name is the one that is written.
const GLOBALS: [(Global, &str, &str); 18] = [
    (Global::Sequential, "modules.sequential", "Sequential"),
    (Global::Linear, "modules.linear", "Linear"),
    (Global::Convolution, "modules.convolution", "Convolution"),
    (Global::SumPool, "modules.sumpool", "SumPool"),
    (Global::MaxPool, "modules.maxpool", "MaxPool"),
    (Global::Rect, "modules.rect", "Rect"),
    (Global::Tanh, "modules.tanh", "Tanh"),
    (Global::SoftMax, "modules.softmax", "SoftMax"),
    (Global::Flatten, "modules.flatten", "Flatten"),
    (Global::Array, "numpy", "ndarray"),
    (Global::Dtype, "numpy", "dtype"),
    (Global::Reconstruct, "numpy.core.multiarray", "_reconstruct"),
    (Global::Reconstruct, "numpy._core.multiarray", "_reconstruct"),
    (Global::FromBuffer, "numpy.core.numeric", "_frombuffer"),
    (Global::FromBuffer, "numpy._core.numeric", "_frombuffer"),
    (Global::Scalar, "numpy.core.multiarray", "scalar"),
    (Global::Scalar, "numpy._core.multiarray", "scalar"),
    (Global::Encode, "_codecs", "encode"),
];

impl Global {
    pub(super) fn find(module: &str, name: &str) -> Result<Self> {
        let found = GLOBALS.iter().find(|row| (row.1, row.2) == (module, name));
        found.map(|row| row.0).ok_or_else(|| {
            let name = quoted(&format!("{module} {name}"));
            Error::unsupported(format!(
                "the pickle names {name}; only the toolbox's layers and numpy's arrays are read, nothing is run"
            ))
        })
    }

    /// Module and name, as Python knows them.
    pub(crate) fn path(self) -> (&'static str, &'static str) {
        GLOBALS.iter().find(|row| row.0 == self).map_or(("", ""), |row| (row.1, row.2))
    }
}

impl fmt::Display for Global {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.path().1)
    }
}
