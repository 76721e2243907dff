//! What is measured: networks as data, so that every system can build the same.
//!
//! A new network is one row of [`NETWORKS`], a new single layer one row of [`LAYERS`].

use serde::{Deserialize, Serialize};

/// A layer in terms any system knows; windows are square, and sum pools step by their size.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(super) enum Layer {
    Convolution {
        inputs: usize,
        outputs: usize,
        kernel: usize,
        stride: usize,
        padding: usize,
        groups: usize,
    },
    Linear {
        inputs: usize,
        outputs: usize,
    },
    MaxPool {
        size: usize,
        stride: usize,
        padding: usize,
    },
    SumPool {
        size: usize,
    },
    /// The mean of each channel, as a vector.
    GlobalMean,
    Rect,
    Flatten,
    Add,
    Concat,
}

/// A layer and the values it reads: 0 is the network's input, `i + 1` what step `i` wrote.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Step {
    #[serde(flatten)]
    pub(super) layer: Layer,
    pub(super) reads: Vec<usize>,
}

/// A network whose weights are drawn at random, and what is asked of it.
pub(super) struct Network {
    pub(super) name: &'static str,
    /// The shape of one sample.
    pub(super) input: Vec<usize>,
    /// Whether channels are the last axis of a sample, as in the toolbox, or the first.
    pub(super) channels_last: bool,
    pub(super) steps: Vec<Step>,
    /// Names of [`METHODS`](super::methods::METHODS).
    pub(super) methods: &'static [&'static str],
    pub(super) batches: &'static [usize],
    pub(super) dtypes: &'static [&'static str],
    /// Systems that can build it, of those each method has.
    pub(super) peers: &'static [&'static str],
}

const TORCH: &[&str] = &["torch", "onnxruntime", "zennit", "captum"];

/// Whole networks.
const NETWORKS: &[fn() -> Network] = &[
    || Network {
        name: "lenet5",
        input: vec![32, 32, 1],
        channels_last: true,
        steps: lenet5(),
        methods: &["forward", "simple", "epsilon(0.01)", "alphabeta(2,1)", "flat", "w2"],
        batches: &[1, 25],
        dtypes: &["f32", "f64"],
        peers: &["toolbox"],
    },
    || Network {
        name: "vgg16",
        input: vec![3, 224, 224],
        channels_last: false,
        steps: vgg16(),
        methods: &[
            "forward",
            "gradient",
            "epsilon",
            "epsilon-plus-flat",
            "epsilon-alpha2-beta1",
            "epsilon-gamma-box",
        ],
        batches: &[1, 8],
        dtypes: &["f32"],
        peers: TORCH,
    },
    || Network {
        name: "squeezenet1.1",
        input: vec![3, 224, 224],
        channels_last: false,
        steps: squeezenet(),
        methods: &["forward", "epsilon-plus-flat", "epsilon-alpha2-beta1", "epsilon-gamma-box"],
        batches: &[1, 8],
        dtypes: &["f32"],
        peers: TORCH,
    },
    || Network {
        name: "resnet50",
        input: vec![3, 224, 224],
        channels_last: false,
        steps: resnet50(),
        methods: &["forward", "epsilon-plus-flat", "epsilon-alpha2-beta1", "epsilon-gamma-box"],
        batches: &[1, 8],
        dtypes: &["f32"],
        peers: TORCH,
    },
];

/// Single layers: a name, the size of the input's rows and columns, batches, the layer.
const LAYERS: &[(&str, usize, &[usize], Layer)] = &[
    // VGG-16's nine shapes.
    ("conv3x3-3-64@224", 224, &[1], convolution(3, 64, 3)),
    ("conv3x3-64-64@224", 224, &[1], convolution(64, 64, 3)),
    ("conv3x3-64-128@112", 112, &[1], convolution(64, 128, 3)),
    ("conv3x3-128-128@112", 112, &[1], convolution(128, 128, 3)),
    ("conv3x3-128-256@56", 56, &[1], convolution(128, 256, 3)),
    ("conv3x3-256-256@56", 56, &[1], convolution(256, 256, 3)),
    ("conv3x3-256-512@28", 28, &[1], convolution(256, 512, 3)),
    ("conv3x3-512-512@28", 28, &[1], convolution(512, 512, 3)),
    ("conv3x3-512-512@14", 14, &[1], convolution(512, 512, 3)),
    // ResNet-50: within its blocks, where it shrinks, and where it starts.
    ("conv1x1-64-256@56", 56, &[1], convolution(64, 256, 1)),
    ("conv1x1-256-64@56", 56, &[1], convolution(256, 64, 1)),
    ("conv1x1-128-512@28", 28, &[1], convolution(128, 512, 1)),
    ("conv1x1-512-128@28", 28, &[1], convolution(512, 128, 1)),
    ("conv1x1-256-1024@14", 14, &[1], convolution(256, 1024, 1)),
    ("conv1x1-1024-256@14", 14, &[1], convolution(1024, 256, 1)),
    ("conv1x1-512-2048@7", 7, &[1], convolution(512, 2048, 1)),
    ("conv1x1-2048-512@7", 7, &[1], convolution(2048, 512, 1)),
    ("conv3x3-64-64@56", 56, &[1], convolution(64, 64, 3)),
    ("conv3x3-128-128@28", 28, &[1], convolution(128, 128, 3)),
    ("conv3x3-256-256@14", 14, &[1], convolution(256, 256, 3)),
    ("conv3x3-512-512@7", 7, &[1], convolution(512, 512, 3)),
    ("conv1x1s2-512-1024@28", 28, &[1], strided(512, 1024, 1)),
    ("conv3x3s2-128-128@56", 56, &[1], strided(128, 128, 3)),
    ("conv3x3s2-512-512@14", 14, &[1], strided(512, 512, 3)),
    ("conv7x7s2-3-64@224", 224, &[1], strided(3, 64, 7)),
    // MobileNet.
    ("depthwise3x3-32@112", 112, &[1], depthwise(32)),
    ("depthwise3x3-512@14", 14, &[1], depthwise(512)),
    ("maxpool2-64@224", 224, &[1], halving()),
    ("dense-25088-4096", 1, &[1, 8], Layer::Linear { inputs: 25088, outputs: 4096 }),
];

/// Channels of a pool in [`LAYERS`], which has none of its own.
const POOLED: usize = 64;

const fn halving() -> Layer {
    Layer::MaxPool { size: 2, stride: 2, padding: 0 }
}

const fn convolution(inputs: usize, outputs: usize, kernel: usize) -> Layer {
    Layer::Convolution { inputs, outputs, kernel, stride: 1, padding: kernel / 2, groups: 1 }
}

const fn strided(inputs: usize, outputs: usize, kernel: usize) -> Layer {
    Layer::Convolution { inputs, outputs, kernel, stride: 2, padding: kernel / 2, groups: 1 }
}

const fn depthwise(channels: usize) -> Layer {
    Layer::Convolution {
        inputs: channels,
        outputs: channels,
        kernel: 3,
        stride: 1,
        padding: 1,
        groups: channels,
    }
}

/// Every whole network.
pub(super) fn networks() -> Vec<Network> {
    NETWORKS.iter().map(|make| make()).collect()
}

/// Every single layer, as a network of its own.
pub(super) fn layers() -> Vec<Network> {
    let network = |&(name, size, batches, layer): &(_, _, _, _)| Network {
        name,
        input: match layer {
            Layer::Convolution { inputs, .. } => vec![inputs, size, size],
            Layer::Linear { inputs, .. } => vec![inputs],
            _ => vec![POOLED, size, size],
        },
        channels_last: false,
        steps: chain([layer]),
        methods: &["forward", "backward"],
        batches,
        dtypes: &["f32"],
        peers: TORCH,
    };
    LAYERS.iter().map(network).collect()
}

/// The toolbox's LeNet-5 with sum pooling: `crates/lrp-train/architectures/lenet5-sumpool.toml`.
fn lenet5() -> Vec<Step> {
    let convolution = |inputs, outputs, kernel| Layer::Convolution {
        inputs,
        outputs,
        kernel,
        stride: 1,
        padding: 0,
        groups: 1,
    };
    let block = |inputs, outputs, kernel| {
        [convolution(inputs, outputs, kernel), Layer::Rect, Layer::SumPool { size: 2 }]
    };
    let blocks = [block(1, 10, 5), block(10, 25, 5), block(25, 100, 4)].concat();
    chain(blocks.into_iter().chain([convolution(100, 10, 1), Layer::Flatten]))
}

fn vgg16() -> Vec<Step> {
    let mut layers = Vec::new();
    let mut inputs = 3;
    for (outputs, repeats) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)] {
        for _ in 0..repeats {
            layers.extend([convolution(inputs, outputs, 3), Layer::Rect]);
            inputs = outputs;
        }
        layers.push(halving());
    }
    let dense = |inputs, outputs| Layer::Linear { inputs, outputs };
    let head = [dense(25088, 4096), Layer::Rect, dense(4096, 4096), Layer::Rect, dense(4096, 1000)];
    chain(layers.into_iter().chain([Layer::Flatten]).chain(head))
}

fn squeezenet() -> Vec<Step> {
    let pool = Layer::MaxPool { size: 3, stride: 2, padding: 0 };
    let mut steps = Steps::default();
    steps.push(Layer::Convolution { inputs: 3, outputs: 64, kernel: 3, stride: 2, padding: 0, groups: 1 });
    steps.extend([Layer::Rect, pool]);
    // The channels that come in, of the narrow convolution, and of each of the two behind it.
    let fires = [
        [64, 16, 64],
        [128, 16, 64],
        [0; 3],
        [128, 32, 128],
        [256, 32, 128],
        [0; 3],
        [256, 48, 192],
        [384, 48, 192],
        [384, 64, 256],
        [512, 64, 256],
    ];
    for [inputs, narrow, wide] in fires {
        if inputs == 0 {
            steps.push(pool);
            continue;
        }
        let squeezed = steps.extend([convolution(inputs, narrow, 1), Layer::Rect]);
        let sides = [1, 3].map(|kernel| {
            let side = steps.add(convolution(narrow, wide, kernel), &[squeezed]);
            steps.add(Layer::Rect, &[side])
        });
        steps.add(Layer::Concat, &sides);
    }
    steps.extend([convolution(512, 1000, 1), Layer::Rect, Layer::GlobalMean]);
    steps.0
}

/// With its batch normalization folded into the convolutions.
fn resnet50() -> Vec<Step> {
    let mut steps = Steps::default();
    steps.extend([strided(3, 64, 7), Layer::Rect, Layer::MaxPool { size: 3, stride: 2, padding: 1 }]);
    let mut inputs = 64;
    for (stage, (width, blocks)) in [(64, 3), (128, 4), (256, 6), (512, 3)].into_iter().enumerate() {
        for block in 0..blocks {
            let start = steps.0.len();
            let stride = if stage > 0 && block == 0 { 2 } else { 1 };
            let at = |kernel, inputs, outputs, stride| Layer::Convolution {
                inputs,
                outputs,
                kernel,
                stride,
                padding: kernel / 2,
                groups: 1,
            };
            steps.extend([at(1, inputs, width, 1), Layer::Rect, at(3, width, width, stride), Layer::Rect]);
            let main = steps.push(at(1, width, 4 * width, 1));
            let side = match block {
                0 => steps.add(at(1, inputs, 4 * width, stride), &[start]),
                _ => start,
            };
            steps.add(Layer::Add, &[main, side]);
            steps.push(Layer::Rect);
            inputs = 4 * width;
        }
    }
    steps.extend([Layer::GlobalMean, Layer::Linear { inputs: 2048, outputs: 1000 }]);
    steps.0
}

/// Layers as they are wired together; each call returns the value that its layer writes.
#[derive(Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn add(&mut self, layer: Layer, reads: &[usize]) -> usize {
        self.0.push(Step { layer, reads: reads.to_vec() });
        self.0.len()
    }

    /// Reads the value before.
    fn push(&mut self, layer: Layer) -> usize {
        self.add(layer, &[self.0.len()])
    }

    /// Each reads the one before.
    fn extend(&mut self, layers: impl IntoIterator<Item = Layer>) -> usize {
        layers.into_iter().fold(self.0.len(), |_, layer| self.push(layer))
    }
}

/// Layers that each read the one before.
fn chain(layers: impl IntoIterator<Item = Layer>) -> Vec<Step> {
    let mut steps = Steps::default();
    steps.extend(layers);
    steps.0
}
