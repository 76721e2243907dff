//! `lrp caffe`

use std::collections::HashSet;
use std::fmt::Display;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use lrp::caffe::{Conventions, Explainer, Found, Program, result_path};
use lrp::core::Float;
use lrp::io::caffe::{Config, Listed, Prepared, Wanted, parse_list};
use lrp::io::{Limits, read_file, six_digits, write_array, write_atomically, write_planes};
use lrp::render::{Rgb16Image, caffe_heatmap, encode_png16};
use lrp::rules::FORMULAS;
use ndarray::{Array3, Axis};
use rayon::prelude::*;
use serde_json::json;

use crate::Outcome;
use crate::files::SomeFailed;
use crate::options::{Arithmetic, Dtype, Threads, with_dtype};
use crate::picture::save_png;
use crate::progress;
use crate::provenance::Provenance;

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

impl Binary {
    /// Whether pictures are among its files.
    fn draws(self) -> bool {
        matches!(self, Self::Default | Self::Parallel)
    }
}

impl Dialect {
    fn name(self) -> &'static str {
        match self {
            Self::Caffe => "caffe",
            Self::Fixed => "fixed",
        }
    }
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    with_dtype!(options.dtype, explain(options, out))
}

fn explain<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    options.threads.start()?;
    let limits = Limits::default();
    let config = Config::parse(&options.config.display().to_string(), &read_file(&options.config, &limits)?)?;
    let name = options.filelist.display().to_string();
    let list = parse_list(&name, &read_file(&options.filelist, &limits)?, &limits)?;
    let conventions = match options.dialect {
        Dialect::Caffe => Conventions::Caffe,
        Dialect::Fixed => Conventions::Fixed,
    };
    let program = Program::read(config.clone(), conventions, &limits)?.cast::<T>()?;
    let program = program.with_kernels(options.kernels.into());
    program.warnings().iter().for_each(|warning| crate::say(&format!("warning: {warning}")));
    let classes = class_names(&config, &limits);
    let explainer = program.explainer()?;
    let rules = FORMULAS.iter().find(|formula| i64::from(formula.number) == config.formula);
    let provenance = Provenance::of_call();
    // Large models take long to hash, which is in vain where nobody is told.
    let provenance = match options.binary.draws() {
        true => provenance
            .with_file("model", &config.network, &read_file(&config.network, &limits)?)
            .with_file("weights", &config.weights, &read_file(&config.weights, &limits)?),
        false => provenance,
    };
    let provenance = provenance
        .with("numbers", options.dtype.name())
        .with("rules", rules.map_or("", |formula| formula.name))
        .with("dialect", options.dialect.name());
    let call =
        Call { options, config, list: name, program: &program, explainer, classes, limits, provenance };
    call.explain(list, out)
}

/// The names of the classes, a line each; without them classes go by their numbers.
fn class_names(config: &Config, limits: &Limits) -> Vec<String> {
    match read_file(&config.class_names, limits) {
        Ok(bytes) => {
            String::from_utf8_lossy(&bytes).lines().take(config.classes).map(str::to_owned).collect()
        }
        Err(error) => {
            crate::say(&format!("warning: {error}; classes go by their numbers"));
            Vec::new()
        }
    }
}

/// What is the same for every image.
struct Call<'a, T: Float> {
    options: &'a Options,
    config: Config,
    /// The name of the list.
    list: String,
    program: &'a Program<T>,
    explainer: Explainer<'a, T>,
    classes: Vec<String>,
    limits: Limits,
    provenance: Provenance,
}

/// An image, ready to be explained.
struct Item {
    line: usize,
    path: String,
    wanted: Wanted,
    /// Where its results go, but for their endings.
    results: String,
    prepared: Prepared,
}

/// What is said of an image: its results, or what is wrong with it.
type Answer = Result<String, String>;

impl<T: Float> Call<'_, T> {
    /// Explains so many images at a time; one that is wrong is told, and the others go on.
    fn explain(&self, list: Vec<Listed>, out: &mut dyn Write) -> Outcome {
        let (images, bar) = (list.len(), progress::bar(list.len(), "images"));
        let (mut failed, mut written) = (0, HashSet::new());
        let mut rest = list.into_iter();
        let at_once = self.program.at_once()?;
        loop {
            let chunk: Vec<Listed> = rest.by_ref().take(at_once).collect();
            if chunk.is_empty() {
                break;
            }
            let prepared: Vec<Result<Item, String>> =
                chunk.into_par_iter().map(|listed| self.prepare(listed)).collect();
            for item in prepared.iter().flatten().filter(|item| !written.insert(item.results.clone())) {
                crate::say(&format!(
                    "warning: {}:{}: takes the place of earlier results",
                    self.list, item.line
                ));
            }
            for answer in self.answers(prepared) {
                bar.inc(1);
                match answer {
                    Ok(line) => bar.suspend(|| writeln!(out, "{line}").and_then(|()| out.flush()))?,
                    Err(fault) => {
                        failed += 1;
                        bar.suspend(|| crate::say(&format!("error: {fault}")));
                    }
                }
            }
        }
        bar.finish_and_clear();
        match failed {
            0 => Ok(()),
            failed => Err(SomeFailed::of("images", failed, images).into()),
        }
    }

    /// Reads an image and makes an input of it.
    fn prepare(&self, listed: Listed) -> Result<Item, String> {
        let line = listed.line;
        let (path, wanted) = listed.image.map_err(|error| error.to_string())?;
        let blame = |error: &dyn Display| format!("{}:{line}: {error}", self.list);
        let path = format!("{}/{path}", self.options.prepath);
        let results =
            result_path(&self.config.out, &self.config.root, &path).map_err(|error| blame(&error))?;
        let bytes = read_file(&path, &self.limits).map_err(|error| blame(&error))?;
        let prepared = self.program.images().prepare(&path, &bytes, &self.limits);
        let prepared = prepared.map_err(|error| blame(&error))?;
        Ok(Item { line, path, wanted, results, prepared })
    }

    /// What is to be said of each image, in their order.
    fn answers(&self, prepared: Vec<Result<Item, String>>) -> Vec<Answer> {
        let items: Vec<&Item> = prepared.iter().flatten().collect();
        let explained = self.explained(&items);
        let pairs: Vec<(&Item, &Result<Found, String>)> = items.iter().copied().zip(&explained).collect();
        let written: Vec<Answer> =
            pairs.into_par_iter().map(|(item, found)| self.write(item, found)).collect();
        let mut written = written.into_iter();
        let answer = |prepared: &Result<Item, String>| match prepared {
            Ok(_) => written.next().unwrap_or_else(|| Err("has no answer".to_owned())),
            Err(fault) => Err(fault.clone()),
        };
        prepared.iter().map(answer).collect()
    }

    /// All images together; each for itself, should one of them not go.
    fn explained(&self, items: &[&Item]) -> Vec<Result<Found, String>> {
        let together = |items: &[&Item]| {
            let images: Vec<&Prepared> = items.iter().map(|item| &item.prepared).collect();
            let wanted: Vec<Wanted> = items.iter().map(|item| item.wanted).collect();
            self.explainer.explain(&images, &wanted)
        };
        if items.is_empty() {
            return Vec::new();
        }
        match together(items) {
            Ok(found) => found.into_iter().map(Ok).collect(),
            Err(_) => {
                let alone = |item: &&Item| match together(&[item]) {
                    Ok(mut found) => Ok(found.remove(0)),
                    Err(error) => Err(format!("{}:{}: {}: {error}", self.list, item.line, item.path)),
                };
                items.iter().map(alone).collect()
            }
        }
    }

    /// Writes the results of an image.
    fn write(&self, item: &Item, found: &Result<Found, String>) -> Answer {
        let found = found.as_ref().map_err(Clone::clone)?;
        let files = self.files(item, found);
        files.map_err(|error| format!("{}:{}: {error}", self.list, item.line))?;
        Ok(self.line(item, found))
    }

    fn files(&self, item: &Item, found: &Found) -> Outcome {
        let results = &item.results;
        if let Some(folder) = Path::new(results).parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| format!("{}: cannot make this folder: {error}", folder.display()))?;
        }
        write_planes(format!("{results}_rawhm.txt"), found.relevance.view())?;
        let scores = found.ranking(BEST);
        write_atomically(format!("{results}_top10scores.txt"), |file| {
            scores.iter().try_for_each(|(class, score)| writeln!(file, "{class} {}", six_digits(*score)))
        })?;
        if self.options.npy {
            write_array(format!("{results}_rawhm.npy"), found.relevance.view().into_dyn())?;
        }
        if self.options.binary.draws() {
            let mean = found.relevance.mean_axis(Axis(0)).ok_or("there is no relevance to draw")?;
            let wraps = matches!(self.options.dialect, Dialect::Caffe);
            let save = |rest: &str, what: &str, picture: &Rgb16Image| {
                let path = format!("{results}_{rest}.png");
                save_png(&encode_png16(picture)?, Path::new(&path), &self.provenance(item, found, what))
            };
            save("heatmap", "relevance", &caffe_heatmap(mean.view(), wraps)?)?;
            save("as_inputted_into_the_dnn", "as the network sees it", &sixteen_bits(&item.prepared.shown))?;
        }
        Ok(())
    }

    /// The classes explained, by their names.
    fn named(&self, found: &Found) -> String {
        let name = |class: &usize| match self.classes.get(*class) {
            Some(name) => format!("{class} ({name})"),
            None => class.to_string(),
        };
        found.classes.iter().map(name).collect::<Vec<_>>().join(" + ")
    }

    /// Where a picture of an image comes from.
    fn provenance(&self, item: &Item, found: &Found, what: &str) -> Provenance {
        let input = Path::new(&item.path).file_name().unwrap_or_default().to_string_lossy();
        let target = format!("class {}", self.named(found));
        let provenance = self.provenance.clone().titled(format!("{input}: {what}"));
        provenance.with("input", input).with("target", target)
    }

    /// What is said of an image.
    fn line(&self, item: &Item, found: &Found) -> String {
        let sum = found.relevance.sum();
        if self.options.json {
            return json!({
                "image": item.path, "line": item.line, "results": item.results, "classes": found.classes,
                "best": found.ranking(BEST), "relevance": sum,
            })
            .to_string();
        }
        let score =
            |class: &usize| found.scores.get(*class).map_or_else(String::new, |&score| six_digits(score));
        let scores: Vec<String> = found.classes.iter().map(score).collect();
        format!(
            "{}: class {}, score {}, relevance {}",
            item.path,
            self.named(found),
            scores.join(" + "),
            six_digits(sum)
        )
    }
}

/// A picture `[h, w, 3]` of whole numbers.
fn sixteen_bits(picture: &Array3<f64>) -> Rgb16Image {
    let (height, width, _) = picture.dim();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the values are those of 16 bits"
    )]
    let pixel = |column: u32, row: u32| {
        [0, 1, 2].map(|color| picture[[row as usize, column as usize, color]] as u16).into()
    };
    #[expect(clippy::cast_possible_truncation, reason = "sides were compared with the limits")]
    Rgb16Image::from_fn(width as u32, height as u32, pixel)
}
