//! Figures as a table to read, and as lines of JSON for programs.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use super::Options;
use super::measure::{Sample, median};
use super::plan::Case;
use super::systems::System;

/// A median this many times the fastest repetition was taken on a busy machine.
const DISTURBED: f64 = 1.5;

/// What a system needed for a case: medians over rounds.
#[derive(Serialize)]
pub(super) struct Measurement {
    system: String,
    version: String,
    network: &'static str,
    method: &'static str,
    batch: usize,
    threads: usize,
    dtype: &'static str,
    kernels: Option<&'static str>,
    ms_per_image: f64,
    min: f64,
    gflops: Option<f64>,
    /// The rate as a part of what the processor reached at that time with nothing to read.
    of_peak: Option<f64>,
    /// The same of what was fastest: what other work on the machine disturbed least.
    of_peak_at_best: Option<f64>,
    peak_mib: Option<f64>,
    /// How far this system's relevance is from ours, as a ratio of norms.
    difference: Option<f64>,
    rounds: usize,
}

impl Measurement {
    pub(super) fn new(
        system: &System,
        case: &Case,
        options: &Options,
        samples: &[Sample],
        flops: Option<f64>,
        difference: Option<f64>,
    ) -> Self {
        let over = |field: fn(&Sample) -> f64| median(&mut samples.iter().map(field).collect::<Vec<_>>());
        let ms_per_image = over(|sample| sample.ms_per_image);
        let rate = flops.filter(|&flops| flops > 0.0 && case.method.has_rate());
        let min = samples.iter().map(|sample| sample.min).fold(f64::INFINITY, f64::min);
        let peak = samples.iter().filter_map(|sample| sample.peak).reduce(f64::max);
        Self {
            system: system.name.clone(),
            version: system.version.clone(),
            network: case.network,
            method: case.method.name,
            batch: case.batch,
            threads: case.threads,
            dtype: case.dtype,
            kernels: system.dtype.is_none().then(|| options.kernels.name()),
            ms_per_image,
            min,
            gflops: rate.map(|flops| flops / ms_per_image / 1e6),
            of_peak: rate.and_then(|flops| {
                let parts =
                    samples.iter().map(|sample| Some(flops / sample.ms_per_image * 1e3 / sample.peak?));
                Some(median(&mut parts.collect::<Option<Vec<_>>>()?))
            }),
            of_peak_at_best: rate.zip(peak).map(|(flops, peak)| flops / min * 1e3 / peak),
            peak_mib: samples.iter().filter_map(|sample| sample.peak_mib).reduce(f64::max),
            difference,
            rounds: samples.len(),
        }
    }

    fn is_of(&self, case: &Case) -> bool {
        let setting = (case.network, case.batch, case.threads, case.dtype);
        (self.network, self.batch, self.threads, self.dtype) == setting
    }

    /// Whether the median says more about other work on the machine than about the system.
    fn is_disturbed(&self) -> bool {
        self.ms_per_image > DISTURBED * self.min
    }

    fn time(&self) -> String {
        let mark = if self.is_disturbed() { "~" } else { "" };
        format!("{mark}{}", number(self.ms_per_image))
    }

    fn mib(&self) -> Option<String> {
        self.peak_mib.map(|mib| format!("{mib:.0}"))
    }

    /// Time, ratio to ours and memory in one cell.
    fn beside(&self, ours: &Self) -> String {
        let memory = self.mib().map_or(String::new(), |mib| format!(", {mib} MiB"));
        format!("{} ({}×{memory})", self.time(), number(self.ms_per_image / ours.ms_per_image))
    }
}

/// Prints one row a case: our figures, then time, ratio to ours and memory of each other system.
pub(super) fn print(cases: &[Case], systems: &[System], measurements: &[Measurement]) {
    let of = |case: &Case, system: &System, method: &str| {
        measurements.iter().find(|m| m.is_of(case) && m.system == system.name && m.method == method)
    };
    let measured = |system: &&System| measurements.iter().any(|m| m.system == system.name);
    let (ours, others) = (&systems[0], systems[1..].iter().filter(measured).collect::<Vec<_>>());
    let head = [
        "network",
        "method",
        "batch",
        "threads",
        "type",
        "ms a picture",
        "GFLOP/s",
        "of peak",
        "at best",
        "of forward",
        "MiB",
    ];
    let names = others.iter().map(|system| system.name.as_str());
    let mut rows = vec![head.into_iter().chain(names).map(str::to_owned).collect::<Vec<_>>()];
    for case in cases {
        let Some(own) = of(case, ours, case.method.name) else { continue };
        let forward = of(case, ours, "forward").map(|forward| own.ms_per_image / forward.ms_per_image);
        let mut row = vec![case.network.to_owned(), case.method.name.to_owned()];
        row.extend([case.batch.to_string(), case.threads.to_string(), case.dtype.to_owned()]);
        row.push(own.time());
        let rates = [own.gflops, own.of_peak, own.of_peak_at_best, forward];
        row.extend(rates.map(|rate| rate.map(number).unwrap_or_default()));
        row.push(own.mib().unwrap_or_default());
        let theirs = others.iter().map(|system| of(case, system, case.method.name));
        row.extend(theirs.map(|theirs| theirs.map_or(String::new(), |theirs| theirs.beside(own))));
        rows.push(row);
    }
    table(&rows).iter().for_each(|line| println!("{line}"));
    if measurements.iter().any(Measurement::is_disturbed) {
        println!("~ the fastest repetition took less than two thirds of this: the machine was busy");
    }
    let mut said = BTreeSet::new();
    for m in measurements {
        let Some(difference) = m.difference.filter(|_| said.insert((m.network, m.method, &m.system))) else {
            continue;
        };
        println!(
            "{} {}: relevance of {} differs from ours by {difference:.1e}",
            m.network, m.method, m.system
        );
    }
}

/// Three digits, or all of a whole number.
fn number(value: f64) -> String {
    let decimals = (2 - value.abs().max(1e-3).log10().floor() as i32).clamp(0, 4);
    format!("{value:.*}", decimals as usize)
}

/// Rows as a table in Markdown; the first two columns are words, the others numbers.
fn table(rows: &[Vec<String>]) -> Vec<String> {
    let widths: Vec<usize> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(2))
        .collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate().map(|(column, (cell, &width))| match column {
            0 | 1 => format!(" {cell:<width$} |"),
            _ => format!(" {cell:>width$} |"),
        });
        format!("|{}", cells.collect::<String>())
    };
    let rule = widths.iter().enumerate().map(|(column, &width)| match column {
        0 | 1 => format!("{}|", "-".repeat(width + 2)),
        _ => format!("{}:|", "-".repeat(width + 1)),
    });
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1, format!("|{}", rule.collect::<String>()));
    lines
}

/// Writes a line of JSON a measurement, whole or not at all.
pub(super) fn save(path: &Path, measurements: &[Measurement]) -> Result<()> {
    let lines = measurements.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.display().to_string();
    let file = tempfile::NamedTempFile::new_in(folder).with_context(|| name.clone())?;
    std::fs::write(file.path(), lines.join("\n") + "\n").with_context(|| name.clone())?;
    file.persist(path).context(name)?;
    Ok(())
}

/// What the figures depend on: the processor, and every system's version.
pub(super) fn machine(systems: &[System]) -> String {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let versions: Vec<String> =
        systems.iter().map(|system| format!("{} {}", system.name, system.version)).collect();
    format!("{model}, {cores} cores; {}", versions.join(", "))
}
