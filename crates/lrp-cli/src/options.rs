//! Options that several commands share.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::{Args, ValueEnum};
use lrp::core::Kernels;
use lrp::io::{
    Convention, Limits, ModelFormat, Preparation, Sidecar, Source, model_format, read_array, read_file,
};
use lrp::rules::Target;

use crate::Outcome;

/// A model and how its inputs are made.
#[derive(Args)]
pub(crate) struct ModelOptions {
    /// The model; NAME.toml beside it may say how its inputs are prepared
    pub(crate) model: PathBuf,
    /// Numbers to compute with
    #[arg(long, value_enum, default_value_t)]
    pub(crate) dtype: Dtype,
    /// Whose order Flatten layers run in: python or matlab [default: what the model's format says]
    #[arg(long, value_name = "NAME")]
    pub(crate) convention: Option<Convention>,
    /// Accept NaN and infinity in weights and inputs
    #[arg(long)]
    pub(crate) allow_nonfinite: bool,
    #[command(flatten)]
    pub(crate) weights: WeightOptions,
    #[command(flatten)]
    preparation: PreparationOptions,
}

/// Weights in a file of their own.
#[derive(Args)]
pub(crate) struct WeightOptions {
    /// The weights of a Caffe model [default: the file beside it of the same name that ends in .caffemodel]
    #[arg(long, value_name = "FILE")]
    weights: Option<PathBuf>,
}

impl WeightOptions {
    /// The file that holds the weights of a model, if they are in one of their own.
    pub(crate) fn file(&self, model: &Path, format: &ModelFormat) -> Option<PathBuf> {
        self.weights.clone().or_else(|| format.weights_beside(model))
    }

    /// What a model is read from; what is passed over in it is told.
    pub(crate) fn source<'a>(&self, model: &'a Path, bytes: Vec<u8>, limits: &Limits) -> Outcome<Source<'a>> {
        let name = model.display().to_string();
        let source = Source::from(bytes).beside(model);
        let Some(weights) = &self.weights else { return Ok(source) };
        let format = model_format(&name, source.bytes())?;
        if format.weights.is_empty() {
            return Err(
                format!("{name}: a model of the format {} holds its weights itself", format.name).into()
            );
        }
        Ok(source.with_weights(read_file(weights, limits)?))
    }
}

/// How data become inputs: `x / scale + shift`, reshaped, padded.
#[derive(Args)]
#[command(next_help_heading = "Input preparation (default: the model's sidecar)")]
struct PreparationOptions {
    /// Divide every value by this
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    scale: Option<f64>,
    /// Then add this
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    shift: Option<f64>,
    /// Shape of one sample, such as 28,28,1
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    shape: Option<Vec<usize>>,
    /// Rows and columns to add around each image
    #[arg(long, value_name = "N")]
    pad: Option<usize>,
    /// What to fill them with
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pad_value: Option<f64>,
    /// The data are prepared already: change nothing
    #[arg(long, conflicts_with_all = ["scale", "shift", "shape", "pad", "pad_value"])]
    prepared: bool,
}

/// A number type.
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Dtype {
    /// Single precision
    F32,
    /// Double precision
    #[default]
    F64,
}

impl Dtype {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }
}

/// Runs a function generic over the number type with the one asked for.
macro_rules! with_dtype {
    ($dtype:expr, $function:ident($($argument:expr),*)) => {
        match $dtype {
            $crate::options::Dtype::F32 => $function::<f32>($($argument),*),
            $crate::options::Dtype::F64 => $function::<f64>($($argument),*),
        }
    };
}
pub(crate) use with_dtype;

impl ModelOptions {
    pub(crate) fn limits(&self) -> Limits {
        Limits { allow_not_finite: self.allow_nonfinite, ..Limits::default() }
    }

    /// The sidecar's preparation with what the command line says on top.
    pub(crate) fn preparation(&self, sidecar: &Sidecar) -> Preparation {
        let given = &self.preparation;
        if given.prepared {
            return Preparation::default();
        }
        let known = &sidecar.input;
        Preparation {
            image: known.image.clone(),
            range: known.range,
            scale: given.scale.unwrap_or(known.scale),
            shift: given.shift.unwrap_or(known.shift),
            shape: given.shape.clone().or_else(|| known.shape.clone()),
            pad: given.pad.unwrap_or(known.pad),
            pad_value: given.pad_value.unwrap_or(known.pad_value),
        }
    }
}

/// How the machine is used.
#[derive(Args)]
#[command(next_help_heading = "Computing")]
pub(crate) struct ComputeOptions {
    #[command(flatten)]
    pub(crate) threads: Threads,
    /// How products are computed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) kernels: Arithmetic,
    /// Arrange weights anew at every use instead of keeping them so: slower, the same result
    #[arg(long)]
    pub(crate) save_memory: bool,
}

/// How many processors take part.
#[derive(Args)]
pub(crate) struct Threads {
    /// Threads to compute with; the result does not depend on them [default: one a processor]
    #[arg(long, value_name = "N", help_heading = "Computing")]
    threads: Option<NonZeroUsize>,
}

impl Threads {
    /// Starts them, once in the life of the program.
    pub(crate) fn start(&self) -> Outcome {
        let count = self.threads.map_or(0, NonZeroUsize::get);
        Ok(rayon::ThreadPoolBuilder::new().num_threads(count).build_global()?)
    }
}

/// A choice of [`Kernels`].
#[derive(Clone, Copy, Default, ValueEnum)]
pub(crate) enum Arithmetic {
    /// As fast as can be; in f32, convolutions of three by three round a little more
    #[default]
    Fast,
    /// Fast, with every product of the formulas computed as it stands
    Exact,
    /// The formulas, loop by loop: slow, to compare with
    Naive,
}

impl From<Arithmetic> for Kernels {
    fn from(arithmetic: Arithmetic) -> Self {
        match arithmetic {
            Arithmetic::Fast => Self::Fast,
            Arithmetic::Exact => Self::Exact,
            Arithmetic::Naive => Self::Naive,
        }
    }
}

/// What to explain.
#[derive(Args)]
pub(crate) struct TargetOptions {
    /// What to explain: top, all, a class such as 7, or one class a sample such as 7,2,1; give it again
    /// to explain several, over one run of the network
    #[arg(long, default_value = "top")]
    target: Vec<Target>,
    /// Start from the relevance in this file, shaped like the scores
    #[arg(long, value_name = "FILE", conflicts_with = "target")]
    start: Option<PathBuf>,
}

impl TargetOptions {
    pub(crate) fn targets(&self, limits: &Limits) -> Outcome<Vec<Target>> {
        Ok(match &self.start {
            Some(path) => vec![Target::Given(read_array(path, limits)?.values)],
            None => self.target.clone(),
        })
    }
}

/// What is fed to a model.
#[derive(Args)]
pub(crate) struct InputOptions {
    /// Pictures, arrays of samples [n, ...], texts (.txt) for models that read them, and folders of them; each file is
    /// done before the next is read
    #[arg(required_unless_present = "text", value_name = "INPUTS")]
    pub(crate) files: Vec<PathBuf>,
    /// A text, for a model that reads texts; give it again for more
    #[arg(long, value_name = "TEXT", conflicts_with = "files")]
    pub(crate) text: Vec<String>,
    /// Prepare arrays [n, height, width, channels] as pictures are
    #[arg(long, conflicts_with = "prepared")]
    pub(crate) as_pictures: bool,
    /// Only these samples of each file, such as 0,3,5-9
    #[arg(long)]
    pub(crate) samples: Option<Samples>,
}

impl InputOptions {
    /// The positions of the samples wanted among so many.
    pub(crate) fn positions(&self, count: usize) -> Outcome<Vec<usize>> {
        self.samples.as_ref().map_or_else(|| Ok((0..count).collect()), |samples| samples.of(count))
    }

    /// What the texts of the command line go by.
    pub(crate) fn text_name() -> &'static Path {
        Path::new("text")
    }
}

/// A selection of samples such as `0,3,5-9`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Samples(Vec<(usize, usize)>);

impl Samples {
    /// The positions selected from a batch of `count`.
    pub(crate) fn of(&self, count: usize) -> Outcome<Vec<usize>> {
        match self.0.iter().find(|(_, last)| *last >= count) {
            Some((_, last)) => {
                Err(format!("sample {last} is out of range; samples are 0 to {}", count.saturating_sub(1))
                    .into())
            }
            None => Ok(self.0.iter().flat_map(|&(first, last)| first..=last).collect()),
        }
    }
}

impl FromStr for Samples {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first <= last).then_some((first, last))
        };
        let parts: Option<Vec<_>> = text.split(',').map(part).collect();
        parts.map(Self).ok_or_else(|| "expected positions and ranges such as 0,3,5-9".to_owned())
    }
}
