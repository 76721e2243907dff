//! `lrp caffe`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lrp::caffe::{Conventions, Explainer, Found, Program, result_path};
use lrp::core::Float;
use lrp::io::caffe::{Config, Listed, Prepared, Wanted, parse_list};
use lrp::io::{Limits, read_file, six_digits, write_array, write_atomically, write_planes};
use lrp::render::{Rgb16Image, caffe_heatmap, encode_png16};
use ndarray::{Array3, Axis};
use rayon::prelude::*;
use serde_json::json;

use crate::Outcome;
use crate::files::SomeFailed;
use crate::options::{Arithmetic, Dtype, Threads, with_dtype};
use crate::progress;

/// Lines of the file with the best scores.
const BEST: usize = 10;

#[derive(Args)]
pub(crate) struct Options {
    /// The configuration: fifteen keys, each on a line, its value on the next
    #[arg(long, short, value_name = "FILE")]
    config: PathBuf,
    /// The images, a line each: its path, and the class to explain, -1 for the best or -2 for the best five
    #[arg(long, short, value_name = "FILE")]
    filelist: PathBuf,
    /// What the paths of images begin with
    #[arg(long, short = 'p', value_name = "FOLDER", default_value = ".")]
    prepath: String,
    /// Which of the four programs to be; the parallel ones differ in nothing here
    #[arg(long, short, value_enum, default_value_t)]
    binary: Binary,
    /// Numbers as the original has them, faults included, or put right
    #[arg(long, value_enum, default_value_t)]
    dialect: Dialect,
    /// Write the relevance of each image as an array [3, h, w] too
    #[arg(long)]
    npy: bool,
    /// Numbers to compute with
    #[arg(long, value_enum, default_value_t = Dtype::F32)]
    dtype: Dtype,
    /// Print one JSON object an image
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    threads: Threads,
    /// How products are computed
    #[arg(long, value_enum, default_value_t, help_heading = "Computing")]
    kernels: Arithmetic,
}

/// One of the programs.
#[derive(Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Binary {
    /// Maps, scores and two pictures an image
    #[default]
    Default,
    /// Maps and scores
    DefaultMinimal,
    /// As default
    Parallel,
    /// As default_minimal
    ParallelMinimal,
}

/// Whose numbers come out.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Dialect {
    /// The original's
    Caffe,
    /// The published formulas
    #[default]
    Fixed,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    with_dtype!(options.dtype, explain(options, out))
}

/// What is the same for every image.
struct Call<'a, T: Float> {
    options: &'a Options,
    config: &'a Config,
    program: &'a Program<T>,
    explainer: Explainer<'a, T>,
    limits: Limits,
}

/// An image, and what became of it.
struct Item {
    line: usize,
    path: String,
    wanted: Wanted,
    /// Where its results go, but for their endings.
    results: PathBuf,
    prepared: Prepared,
}

fn explain<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    options.threads.start()?;
    let limits = Limits::default();
    let config = Config::parse(&options.config.display().to_string(), &read_file(&options.config, &limits)?)?;
    let list = options.filelist.display().to_string();
    let list = parse_list(&list, &read_file(&options.filelist, &limits)?, &limits)?;
    let conventions = match options.dialect {
        Dialect::Caffe => Conventions::Caffe,
        Dialect::Fixed => Conventions::Fixed,
    };
    let program = Program::read(config.clone(), conventions, &limits)?.cast::<T>()?;
    let program = program.with_kernels(options.kernels.into());
    program.warnings().iter().for_each(|warning| crate::say(&format!("warning: {warning}")));
    let explainer = program.explainer()?;
    let call = Call { options, config: &config, program: &program, explainer, limits };
    let (images, bar) = (list.len(), progress::bar(list.len(), "images"));
    let mut failed = 0;
    for chunk in Chunks::of(list, program.at_once()?) {
        // A bad image is told and left out; the others of its chunk go on.
        let prepared: Vec<Outcome2<Item>> = chunk.into_par_iter().map(|listed| call.prepare(listed)).collect();
        let (items, faults): (Vec<_>, Vec<_>) = prepared.into_iter().partition(Result::is_ok);
        let items: Vec<Item> = items.into_iter().flatten().collect();
        let mut faults: Vec<String> = faults.into_iter().filter_map(Result::err).collect();
        let answers = call.explain(&items, &mut faults);
        failed += faults.len();
        bar.suspend(|| {
            faults.iter().for_each(|fault| crate::say(&format!("error: {fault}")));
            answers.iter().try_for_each(|answer| writeln!(out, "{answer}")).and_then(|()| out.flush())
        })?;
        bar.inc((items.len() + faults.len()) as u64);
    }
    bar.finish_and_clear();
    match failed {
        0 => Ok(()),
        failed => Err(SomeFailed::new(failed, images).into()),
    }
}
