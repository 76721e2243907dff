//! A network on its way to the processes that measure it: a folder with its description, weights and input.
//!
//! Weights are raw little-endian f32, step after step, weights before bias, in the order `[outputs, inputs,
//! rows, columns]` that most systems share; the input is the largest batch there is.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use lrp::core::{
    Add, Channels, Concat, Convolution, Flatten, Linear, MaxPool, Rect, Reduce, Reduction, SumPool, Window,
};
use lrp::prelude::{Network, NetworkBuilder, Op, Tensor, Value};
use ndarray::{Array1, ArrayD, Ix2, IxDyn};
use serde::{Deserialize, Serialize};

use super::networks::{self, Layer, Step};

const DESCRIPTION: &str = "network.json";
const WEIGHTS: &str = "weights.f32";
const INPUT: &str = "input.f32";

#[derive(Serialize, Deserialize)]
struct Description {
    input: Vec<usize>,
    channels_last: bool,
    steps: Vec<Step>,
}

/// Draws weights and input and writes everything to `folder`.
pub(super) fn write(network: &networks::Network, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    let description = Description {
        input: network.input.clone(),
        channels_last: network.channels_last,
        steps: network.steps.clone(),
    };
    std::fs::write(folder.join(DESCRIPTION), serde_json::to_vec(&description)?)?;
    let mut noise = Noise::default();
    let mut file = BufWriter::with_capacity(1 << 20, File::create(folder.join(WEIGHTS))?);
    for step in &network.steps {
        let [outputs, fan_in @ ..] = &step.layer.weights()[..] else { continue };
        let fan_in: usize = fan_in.iter().product();
        noise.write(&mut file, outputs * fan_in, (2.0 / fan_in as f32).sqrt())?;
        noise.write(&mut file, *outputs, 0.05)?;
    }
    file.flush()?;
    let samples = network.batches.iter().max().copied().unwrap_or(1);
    let mut file = BufWriter::new(File::create(folder.join(INPUT))?);
    // Three and a half deviations at most, so the input stays between -3 and 3.
    noise.write(&mut file, samples * network.input.iter().product::<usize>(), 0.85)?;
    Ok(file.flush()?)
}

/// The network in `folder` and the first `batch` samples of its input.
pub(super) fn read(folder: &Path, batch: usize) -> Result<(Network<f32>, Tensor<f32>)> {
    let description =
        std::fs::read(folder.join(DESCRIPTION)).with_context(|| folder.display().to_string())?;
    let description: Description = serde_json::from_slice(&description).context(DESCRIPTION)?;
    let channels = if description.channels_last { Channels::Last } else { Channels::First };
    let mut weights = Floats::open(&folder.join(WEIGHTS))?;
    let mut builder = NetworkBuilder::new();
    for (index, step) in description.steps.iter().enumerate() {
        let reads: Vec<Value> = step.reads.iter().map(|&value| Value::at(value)).collect();
        builder.add(format!("step_{index}"), step.layer.build(channels, &mut weights)?, &reads);
    }
    let shape = [&[batch], &description.input[..]].concat();
    let input = Floats::open(&folder.join(INPUT))?.take(&shape)?;
    Ok((builder.build()?, input))
}

impl Layer {
    /// The shape of the weights, outputs first; empty for layers without.
    fn weights(self) -> Vec<usize> {
        match self {
            Self::Convolution { inputs, outputs, kernel, groups, .. } => {
                vec![outputs, inputs / groups, kernel, kernel]
            }
            Self::Linear { inputs, outputs } => vec![outputs, inputs],
            _ => Vec::new(),
        }
    }

    fn build(self, channels: Channels, floats: &mut Floats) -> Result<Op<f32>> {
        let pool = |size, stride| Window::new(&[size; 2]).strided(&[stride; 2]);
        Ok(match self {
            Self::Convolution { kernel, stride, padding, groups, .. } => {
                let (weights, bias) = floats.parameters(self)?;
                let window = Window::new(&[kernel; 2]).strided(&[stride; 2]).padded(&[[padding; 2]; 2]);
                let filters = weights.permuted_axes(IxDyn(&[2, 3, 1, 0])).as_standard_layout().into_owned();
                Convolution::with_window(filters, bias, window, groups, channels)?.into()
            }
            Self::Linear { .. } => {
                let (weights, bias) = floats.parameters(self)?;
                Linear::new(weights.into_dimensionality::<Ix2>()?.reversed_axes(), bias)?.into()
            }
            Self::MaxPool { size, stride, padding } => {
                MaxPool::new(pool(size, stride).padded(&[[padding; 2]; 2]), channels)?.into()
            }
            Self::SumPool { size } => SumPool::new(pool(size, size), channels)?.into(),
            Self::GlobalMean => {
                let space = if channels == Channels::First { vec![2, 3] } else { vec![1, 2] };
                Reduce::new(Reduction::Mean, space, false).into()
            }
            Self::Rect => Rect.into(),
            Self::Flatten => Flatten::RowMajor.into(),
            Self::Add => Add.into(),
            Self::Concat => Concat::new(if channels == Channels::First { 1 } else { 3 }).into(),
        })
    }
}

/// A file of floats, read piece by piece so that no array exists twice.
struct Floats(BufReader<File>);

impl Floats {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).with_context(|| path.display().to_string())?;
        Ok(Self(BufReader::with_capacity(1 << 20, file)))
    }

    fn take(&mut self, shape: &[usize]) -> Result<ArrayD<f32>> {
        let count = shape.iter().product();
        let mut values = Vec::with_capacity(count);
        let mut piece = [0; 1 << 14];
        while values.len() < count {
            let bytes = piece.len().min(4 * (count - values.len()));
            self.0.read_exact(&mut piece[..bytes]).context("the file is shorter than its network")?;
            let (floats, _) = piece[..bytes].as_chunks();
            values.extend(floats.iter().map(|&float| f32::from_le_bytes(float)));
        }
        Ok(ArrayD::from_shape_vec(shape, values)?)
    }

    /// Weights and bias of a layer that has some.
    fn parameters(&mut self, layer: Layer) -> Result<(ArrayD<f32>, Array1<f32>)> {
        let weights = self.take(&layer.weights())?;
        let bias = self.take(&weights.shape()[..1])?;
        Ok((weights, bias.into_dimensionality()?))
    }
}

/// Numbers that look normal: sums of four uniform ones, from a xorshift generator.
pub(super) struct Noise(u64);

impl Default for Noise {
    fn default() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }
}

impl Noise {
    pub(super) fn next(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let quarters = [self.0, self.0 >> 16, self.0 >> 32, self.0 >> 48];
        let sum: u32 = quarters.iter().map(|&quarter| u32::from(quarter as u16)).sum();
        // Four uniform numbers have mean 2 and variance 1/3.
        (sum as f32 / 65536.0 - 2.0) * 3.0_f32.sqrt()
    }

    fn write(&mut self, file: &mut impl Write, count: usize, deviation: f32) -> Result<()> {
        for _ in 0..count {
            file.write_all(&(deviation * self.next()).to_le_bytes())?;
        }
        Ok(())
    }
}
