//! The small models and samples the project's demos and tests use, as bytes inside the binary.
//!
//! `data/README.md` says where each file comes from. The folder is a crate of its own so that the `lrp` command
//! is one file that needs no other. Larger models, photos and reference outputs (`data/golden`) are not part of
//! it, and it reads nothing: what the bytes mean is for `lrp-io` to say.

#![forbid(unsafe_code)]

/// A model and what is known about it.
#[derive(Clone, Copy, Debug)]
pub struct BundledModel {
    /// Its file name.
    pub name: &'static str,
    /// The file.
    pub bytes: &'static [u8],
    /// The sidecar beside it: how inputs are prepared, what the classes are.
    pub sidecar: &'static str,
}

/// LeNet-5 with sum pooling and logits as output; right on 99.24 % of MNIST's test set.
pub const LENET5_SUMPOOL: BundledModel = BundledModel {
    name: "mnist-lenet5-sumpool.txt",
    bytes: include_bytes!("models/mnist-lenet5-sumpool.txt"),
    sidecar: include_str!("models/mnist-lenet5-sumpool.toml"),
};

/// LeNet-5 with max pooling and a softmax head; right on 98.97 % of MNIST's test set.
pub const LENET5_MAXPOOL: BundledModel = BundledModel {
    name: "mnist-lenet5-maxpool.txt",
    bytes: include_bytes!("models/mnist-lenet5-maxpool.txt"),
    sidecar: include_str!("models/mnist-lenet5-maxpool.toml"),
};

/// Dense, 784-48-32-10 with tanh and a softmax head; right on 97.75 % of MNIST's test set.
pub const MLP_TANH: BundledModel = BundledModel {
    name: "mnist-mlp-tanh.txt",
    bytes: include_bytes!("models/mnist-mlp-tanh.txt"),
    sidecar: include_str!("models/mnist-mlp-tanh.toml"),
};

/// Dense, 784-48-32-10 with rectifiers and a softmax head; right on 97.86 % of MNIST's test set.
pub const MLP_RECT: BundledModel = BundledModel {
    name: "mnist-mlp-rect.txt",
    bytes: include_bytes!("models/mnist-mlp-rect.txt"),
    sidecar: include_str!("models/mnist-mlp-rect.toml"),
};

/// A hundred handwritten digits, `uint8 [100, 784]` in `.npy`; classes 0 to 9 in turn.
pub const DIGITS: &[u8] = include_bytes!("samples/digits.npy");

/// Their classes, `uint8 [100]` in `.npy`.
pub const DIGIT_LABELS: &[u8] = include_bytes!("samples/digit-labels.npy");
