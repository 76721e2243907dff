//! `cargo xtask bench --caffe`: what a further image costs in `lrp caffe`, from photo to files.
//!
//! The descriptions are those in `data`, the weights random. The command runs for one image and for several; the
//! difference of its processor time, shared among the others, is free of what reading the weights takes.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use lrp::core::Op;
use lrp::io::{Caffe, CaffeNetwork, Limits};
use ndarray::{ArrayD, IxDyn};

use super::Options;
use super::folder::Noise;
use crate::verify::workspace;

/// Networks, and the formula types of each.
const CASES: &[(&str, &[u16])] = &[("caffenet", &[100, 2, 0]), ("googlenet", &[100]), ("vgg16", &[100])];

/// Images beside the first.
const FURTHER: u32 = 20;

/// Measures and prints a table.
pub(super) fn run(options: &Options) -> Result<bool> {
    let build = ["build", "--release", "--quiet", "--package", "lrp-cli"];
    let status = Command::new(env!("CARGO")).args(build).current_dir(workspace()).status()?;
    ensure!(status.success(), "the command does not build");
    println!("| network | type | processor seconds an image |\n|---|---|---|");
    for (network, formulas) in CASES {
        let work = tempfile::tempdir().context("a temporary folder")?;
        prepare(network, work.path()).with_context(|| (*network).to_owned())?;
        for formula in *formulas {
            let rounds = (0..options.rounds).map(|_| round(work.path(), *formula));
            let mut seconds = rounds.collect::<Result<Vec<f64>>>()?;
            seconds.sort_by(f64::total_cmp);
            println!("| {network} | {formula} | {:.3} |", seconds[seconds.len() / 2]);
        }
    }
    Ok(true)
}

/// Processor seconds of one further image.
fn round(work: &Path, formula: u16) -> Result<f64> {
    std::fs::write(work.join("config.txt"), configuration(formula))?;
    let mut seconds = [0.0; 2];
    for (seconds, images) in seconds.iter_mut().zip([1, 1 + FURTHER]) {
        let list: String = (0..images).map(|image| format!("photos/{image}.png -1\n")).collect();
        std::fs::write(work.join("list.txt"), list)?;
        let before = children()?;
        let call = ["caffe", "-c", "config.txt", "-f", "list.txt", "--threads", "1"];
        let command = workspace().join("target/release/lrp");
        let status = Command::new(command).args(call).current_dir(work).stdout(Stdio::null()).status()?;
        ensure!(status.success(), "the command fails");
        *seconds = children()? - before;
    }
    Ok((seconds[1] - seconds[0]) / f64::from(FURTHER))
}

/// Processor seconds of all processes that this one has waited for.
fn children() -> Result<f64> {
    /// Steps of the clock in a second, which Linux has fixed.
    const TICKS: f64 = 100.0;
    let text = std::fs::read_to_string("/proc/self/stat")
        .context("processor time is read from /proc, as Linux has it")?;
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    let ticks = fields.skip(13).take(2).map(str::parse::<f64>).collect::<Result<Vec<_>, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS)
}

/// Writes all that a configuration names.
fn prepare(network: &str, work: &Path) -> Result<()> {
    let text = match network {
        "vgg16" => vgg16(),
        shipped => {
            std::fs::read_to_string(workspace().join(format!("data/models/caffe/{shipped}.prototxt")))?
        }
    };
    std::fs::write(work.join("deploy.prototxt"), &text)?;
    let limits = Limits::default();
    let noise = RefCell::new(Noise::default());
    let fill = |shape: &[usize]| {
        // As wide as keeps the size of activations; biases are small.
        let inputs: usize = shape[1..].iter().product();
        let width = if shape.len() > 1 { (2.0 / inputs as f64).sqrt() } else { 0.01 };
        let mut noise = noise.borrow_mut();
        ArrayD::from_shape_simple_fn(IxDyn(shape), || width * f64::from(noise.next()))
    };
    let filled = Caffe::parse(&text.as_bytes().into(), &limits)?.filled(&fill)?;
    weights(&filled, &work.join("weights.caffemodel"))?;
    let side = 256_usize;
    let values: String = "120\n".repeat(3 * side * side);
    std::fs::write(work.join("mean.txt"), format!("3\n{side} {side}\n{values}"))?;
    std::fs::write(
        work.join("names.txt"),
        (0..1000).map(|class| format!("class {class}\n")).collect::<String>(),
    )?;
    std::fs::create_dir(work.join("photos"))?;
    for image in 0..=FURTHER {
        std::fs::copy(workspace().join("data/samples/coffee.png"), work.join(format!("photos/{image}.png")))?;
    }
    Ok(())
}

fn configuration(formula: u16) -> String {
    let pairs = [
        ("param_file", "deploy.prototxt"),
        ("model_file", "weights.caffemodel"),
        ("mean_file", "mean.txt"),
        ("use_mean_file_asbinaryprotoblob", "0"),
        ("synsetfile", "names.txt"),
        ("lastlayerindex", "-2"),
        ("firstlayerindex", "0"),
        ("numclasses", "1000"),
        ("baseimgsize", "256"),
        ("standalone_outpath", "results"),
        ("standalone_rootpath", "photos"),
        ("epsstab", "1"),
        ("alphabeta_beta", "1"),
        ("auxiliaryvariable_maxlayerindexforflatdistinconv", "0"),
    ];
    let pairs: String = pairs.iter().map(|(key, value)| format!("{key}\n{value}\n")).collect();
    format!("{pairs}relpropformulatype\n{formula}\n")
}

/// VGG-16 as its authors describe it.
fn vgg16() -> String {
    let mut text = "input: 'data' input_shape { dim: [1, 3, 224, 224] }\n".to_owned();
    let mut bottom = "data".to_owned();
    let mut layer = |name: String, kind: &str, parameters: &str, in_place: bool| {
        let top = if in_place { bottom.clone() } else { name.clone() };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "layer {{ name: '{name}' type: '{kind}' bottom: '{bottom}' top: '{top}' {parameters} }}"
        );
        bottom = top;
    };
    for (block, (count, outputs)) in [(2, 64), (2, 128), (3, 256), (3, 512), (3, 512)].into_iter().enumerate()
    {
        for index in 1..=count {
            let shape = format!("convolution_param {{ num_output: {outputs} kernel_size: 3 pad: 1 }}");
            layer(format!("conv{}_{index}", block + 1), "Convolution", &shape, false);
            layer(format!("relu{}_{index}", block + 1), "ReLU", "", true);
        }
        layer(
            format!("pool{}", block + 1),
            "Pooling",
            "pooling_param { pool: MAX kernel_size: 2 stride: 2 }",
            false,
        );
    }
    for (index, outputs) in [(6, 4096), (7, 4096), (8, 1000)] {
        layer(
            format!("fc{index}"),
            "InnerProduct",
            &format!("inner_product_param {{ num_output: {outputs} }}"),
            false,
        );
        if index < 8 {
            layer(format!("relu{index}"), "ReLU", "", true);
        }
    }
    layer("prob".to_owned(), "Softmax", "", false);
    text
}

/// The weights of a network as Caffe keeps them: messages in messages, each with its length in front.
fn weights(network: &CaffeNetwork, path: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for layer in &network.layers {
        for node in &network.network.nodes()[layer.nodes.clone()] {
            let (weights, bias) = match node.op() {
                Op::Convolution(op) => (op.filters().view().reversed_axes(), op.bias()),
                Op::Linear(op) => (op.weights().view().reversed_axes().into_dyn(), op.bias()),
                _ => continue,
            };
            // Filters are [height, width, inputs, outputs] here, and square.
            let weights = if weights.ndim() == 4 { weights.permuted_axes(vec![0, 1, 3, 2]) } else { weights };
            let blobs = [blob(&weights.to_owned()), blob(&bias.clone().into_dyn())];
            let mut message = field(1, layer.name.as_bytes());
            blobs.iter().for_each(|blob| message.extend(field(7, blob)));
            file.write_all(&field(100, &message))?;
        }
    }
    Ok(file.flush()?)
}

fn blob(array: &ArrayD<f64>) -> Vec<u8> {
    let sizes: Vec<u8> = array.shape().iter().flat_map(|&size| varint(size as u64)).collect();
    let values: Vec<u8> = array.iter().flat_map(|&value| (value as f32).to_le_bytes()).collect();
    [field(7, &field(1, &sizes)), field(5, &values)].concat()
}

fn field(number: u64, content: &[u8]) -> Vec<u8> {
    [&varint(number << 3 | 2), &varint(content.len() as u64), content].concat()
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}
