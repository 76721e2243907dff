//! One figure: a network, a method, a batch, in a process that does nothing else.

use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use lrp::core::{Kernels, recycle};
use lrp::prelude::{Float, Network, Op, Tensor};
use serde::{Deserialize, Serialize};

use super::folder;
use super::methods::METHODS;

/// Milliseconds to find out what the processor can do, and how often that is done.
const PEAK: u64 = 5;
const PEAK_EVERY: Duration = Duration::from_millis(100);

/// What to measure; `cargo xtask bench` starts one process for each, with the number of threads in its environment.
#[derive(clap::Args)]
pub(crate) struct One {
    /// A folder with a network, its weights and input
    #[arg(long)]
    folder: PathBuf,
    #[arg(long)]
    method: String,
    #[arg(long)]
    batch: usize,
    #[arg(long)]
    dtype: String,
    #[arg(long)]
    kernels: Kernels,
    /// Repeat for so long, and three times at least
    #[arg(long)]
    seconds: f64,
    /// Write the result to this file, as raw f32
    #[arg(long)]
    result: Option<PathBuf>,
}

/// What a process says about itself, as one line of JSON; scripts in other languages print the same.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Sample {
    /// The median over repetitions.
    pub(super) ms_per_image: f64,
    /// The fastest repetition.
    pub(super) min: f64,
    /// Most memory in use at once, weights included.
    pub(super) peak_mib: Option<f64>,
    /// Floating point operations of a forward pass for one picture, two for a multiply-add.
    pub(super) flops: Option<f64>,
    /// Floating point operations that all threads together can do in a second.
    pub(super) peak: Option<f64>,
}

/// Measures and prints the line.
pub(crate) fn run(one: &One) -> Result<bool> {
    let (network, input) = folder::read(&one.folder, one.batch)?;
    let network = network.with_kernels(one.kernels);
    let sample = match one.dtype.as_str() {
        "f32" => measure(one, &network, &input)?,
        "f64" => measure(one, &network.cast::<f64>()?, &input.mapv(f64::from))?,
        other => bail!("unknown number type '{other}'; one of f32, f64"),
    };
    println!("{}", serde_json::to_string(&sample)?);
    Ok(true)
}

fn measure<T: Float>(one: &One, network: &Network<T>, input: &Tensor<T>) -> Result<Sample> {
    let method = METHODS.iter().find(|method| method.name == one.method);
    let mut job = method.with_context(|| format!("unknown method '{}'", one.method))?.job(network, input)?;
    forget_peak();
    let result = job()?;
    if let Some(path) = &one.result {
        let floats = result.iter().map(|value| value.as_f64() as f32);
        std::fs::write(path, floats.flat_map(f32::to_le_bytes).collect::<Vec<u8>>())?;
    }
    recycle(result);
    let (mut peaks, mut times): (Vec<f64>, Vec<f64>) = Default::default();
    let start = Instant::now();
    while times.len() < 3 || start.elapsed() < Duration::from_secs_f64(one.seconds) {
        // Processors change their clock while they work, so the measure is taken again and again.
        if start.elapsed() >= PEAK_EVERY * u32::try_from(peaks.len())? {
            peaks.push(lrp::core::peak_rate::<T>(PEAK));
        }
        let start = Instant::now();
        // Memory that went back to the system would have to be asked for again.
        recycle(black_box(job()?));
        times.push(1e3 * start.elapsed().as_secs_f64() / one.batch as f64);
    }
    let threads: Option<f64> =
        std::env::var("RAYON_NUM_THREADS").ok().and_then(|threads| threads.parse().ok());
    let peak = threads.map(|threads| threads * median(&mut peaks));
    let flops = 2.0 * multiply_adds(network, input)? as f64 / one.batch as f64;
    let min = times.iter().copied().fold(f64::INFINITY, f64::min);
    Ok(Sample { ms_per_image: median(&mut times), min, peak_mib: peak_mib(), flops: Some(flops), peak })
}

/// The middle one, or the mean of the two in the middle.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) { (values[middle - 1] + values[middle]) / 2.0 } else { values[middle] }
}

/// Products of dense layers and convolutions in one forward pass of the whole batch.
fn multiply_adds<T: Float>(network: &Network<T>, input: &Tensor<T>) -> Result<usize> {
    let shapes = network.shapes(input.shape())?;
    let products = |(node, shape): (&lrp::core::Node<T>, &Vec<usize>)| {
        let (weights, outputs) = match node.op() {
            Op::Convolution(layer) => (layer.filters().len(), layer.bias().len()),
            Op::Linear(layer) => (layer.weights().len(), layer.bias().len()),
            _ => return 0,
        };
        weights * shape.iter().product::<usize>() / outputs
    };
    Ok(network.nodes().iter().zip(&shapes[1..]).map(products).sum())
}

/// Lets the kernel forget how much memory reading the weights took; elsewhere than on Linux it does not.
fn forget_peak() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn peak_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024.0)
}
