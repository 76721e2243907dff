//! The small models and samples the project's demos and tests use, as bytes inside the binary.
//!
//! `data/README.md` says where each file comes from. The folder is a crate of its own so that the `lrp` command
//! is one file that needs no other. Reference outputs (`data/golden`) are not part of it, and it reads nothing: what
//! the bytes mean is for `lrp-io` to say.

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
    /// The names of its classes, one a line, where the sidecar says that they are in a file.
    pub labels: Option<&'static str>,
}

/// A picture to try a model on.
#[derive(Clone, Copy, Debug)]
pub struct Photo {
    /// Its file name.
    pub name: &'static str,
    /// What it shows, and who took it.
    pub about: &'static str,
    /// The file, a PNG.
    pub bytes: &'static [u8],
}

/// Every model of pictures.
pub const MODELS: &[BundledModel] =
    &[LENET5_SUMPOOL, LENET5_MAXPOOL, MLP_RECT, MLP_TANH, SQUEEZENET, FACE_EXPRESSION];

/// A model that reads texts, and the words it knows.
#[derive(Clone, Copy, Debug)]
pub struct BundledReader {
    /// The model.
    pub model: BundledModel,
    /// The vocabulary beside it, a word a line.
    pub vocabulary: &'static str,
    /// Texts to try it on.
    pub samples: &'static [BundledText],
}

/// Every model that reads texts.
pub const READERS: &[BundledReader] = &[MOVIE_REVIEWS, REUTERS_R8];

/// LeNet-5 with sum pooling and logits as output; right on 99.24 % of MNIST's test set.
pub const LENET5_SUMPOOL: BundledModel = BundledModel {
    name: "mnist-lenet5-sumpool.txt",
    bytes: include_bytes!("models/mnist-lenet5-sumpool.txt"),
    sidecar: include_str!("models/mnist-lenet5-sumpool.toml"),
    labels: None,
};

/// LeNet-5 with max pooling and a softmax head; right on 98.97 % of MNIST's test set.
pub const LENET5_MAXPOOL: BundledModel = BundledModel {
    name: "mnist-lenet5-maxpool.txt",
    bytes: include_bytes!("models/mnist-lenet5-maxpool.txt"),
    sidecar: include_str!("models/mnist-lenet5-maxpool.toml"),
    labels: None,
};

/// Dense, 784-48-32-10 with tanh and a softmax head; right on 97.75 % of MNIST's test set.
pub const MLP_TANH: BundledModel = BundledModel {
    name: "mnist-mlp-tanh.txt",
    bytes: include_bytes!("models/mnist-mlp-tanh.txt"),
    sidecar: include_str!("models/mnist-mlp-tanh.toml"),
    labels: None,
};

/// Dense, 784-48-32-10 with rectifiers and a softmax head; right on 97.86 % of MNIST's test set.
pub const MLP_RECT: BundledModel = BundledModel {
    name: "mnist-mlp-rect.txt",
    bytes: include_bytes!("models/mnist-mlp-rect.txt"),
    sidecar: include_str!("models/mnist-mlp-rect.toml"),
    labels: None,
};

/// SqueezeNet 1.1: names which of ImageNet's thousand classes a photo shows, channels first, logits as output.
pub const SQUEEZENET: BundledModel = BundledModel {
    name: "squeezenet1.1.onnx",
    bytes: include_bytes!("models/squeezenet1.1.onnx"),
    sidecar: include_str!("models/squeezenet1.1.toml"),
    labels: Some(include_str!("models/imagenet_labels.txt")),
};

/// Tells seven expressions of a face, channels first, logits as output.
pub const FACE_EXPRESSION: BundledModel = BundledModel {
    name: "face-expression.onnx",
    bytes: include_bytes!("models/face-expression.onnx"),
    sidecar: include_str!("models/face-expression.toml"),
    labels: None,
};

/// Photos for the models of photos.
pub const PHOTOS: &[Photo] = &[
    Photo {
        name: "coffee.png",
        about: "a cup of coffee, by Rachel Michetti",
        bytes: include_bytes!("samples/coffee.png"),
    },
    Photo {
        name: "chelsea.png",
        about: "a cat, by Stéfan van der Walt",
        bytes: include_bytes!("samples/chelsea.png"),
    },
    Photo {
        name: "astronaut-face.png",
        about: "Eileen Collins, by NASA",
        bytes: include_bytes!("samples/astronaut-face.png"),
    },
];

/// A hundred handwritten digits, `uint8 [100, 784]` in `.npy`; classes 0 to 9 in turn.
pub const DIGITS: &[u8] = include_bytes!("samples/digits.npy");

/// Their classes, `uint8 [100]` in `.npy`.
pub const DIGIT_LABELS: &[u8] = include_bytes!("samples/digit-labels.npy");

/// Topics of news in eight classes; right on 96.16 % of R8's test set.
pub const REUTERS_R8: BundledReader = BundledReader {
    model: BundledModel {
        name: "reuters-r8.onnx",
        bytes: include_bytes!("models/reuters-r8.onnx"),
        sidecar: include_str!("models/reuters-r8.toml"),
        labels: None,
    },
    vocabulary: include_str!("models/reuters-r8.vocabulary.txt"),
    samples: &NEWS,
};

/// Whether a sentence speaks for a movie or against it; right on 78.59 % of the sentences held out.
pub const MOVIE_REVIEWS: BundledReader = BundledReader {
    model: BundledModel {
        name: "movie-reviews.onnx",
        bytes: include_bytes!("models/movie-reviews.onnx"),
        sidecar: include_str!("models/movie-reviews.toml"),
        labels: None,
    },
    vocabulary: include_str!("models/movie-reviews.vocabulary.txt"),
    samples: &REVIEWS,
};

/// A text that one of these models can read.
#[derive(Clone, Copy, Debug)]
pub struct BundledText {
    /// Its file name.
    pub name: &'static str,
    /// What it is of.
    pub class: &'static str,
    /// The text.
    pub text: &'static str,
}

/// A file of the folder `samples/texts`.
macro_rules! text {
    ($name:literal, $class:literal) => {
        BundledText { name: $name, class: $class, text: include_str!(concat!("samples/texts/", $name)) }
    };
}

/// News, one of each of the classes of [`REUTERS_R8`].
pub const NEWS: [BundledText; 8] = [
    text!("reuters-acq.txt", "acq"),
    text!("reuters-crude.txt", "crude"),
    text!("reuters-earn.txt", "earn"),
    text!("reuters-grain.txt", "grain"),
    text!("reuters-interest.txt", "interest"),
    text!("reuters-money-fx.txt", "money-fx"),
    text!("reuters-ship.txt", "ship"),
    text!("reuters-trade.txt", "trade"),
];

/// Sentences about movies, two of each of the classes of [`MOVIE_REVIEWS`].
pub const REVIEWS: [BundledText; 4] = [
    text!("movie-negative-1.txt", "negative"),
    text!("movie-negative-2.txt", "negative"),
    text!("movie-positive-1.txt", "positive"),
    text!("movie-positive-2.txt", "positive"),
];
