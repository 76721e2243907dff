//! `cargo xtask fuzz`: libFuzzer on every reader, on stable Rust.
//!
//! libFuzzer is C++, so this one task needs a C++ compiler. What it finds stays in
//! `tests/fuzz/regressions`, where the tests of the workspace try it again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use lrp_tests::fuzz::{Target, targets};

use crate::verify::workspace;

/// What to fuzz, and for how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Seconds for each reader
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only readers whose name contains this, such as `model` or `npy`
    #[arg(long, default_value = "")]
    target: String,
    /// List the readers and stop
    #[arg(long)]
    list: bool,
}

/// What libFuzzer needs of the compiler; these flags are stable, unlike `-Zsanitizer`.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Ccodegen-units=1";

/// No input may take longer, or more memory.
const TIMEOUT_SECONDS: u32 = 10;
const MEMORY_MIB: u32 = 1024;
/// Longer inputs find nothing that shorter ones do not, and find it slower.
const LONGEST_INPUT: u32 = 1 << 16;

/// Fuzzes every reader asked for; `false` if one of them broke.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let targets: Vec<Target> =
        targets().into_iter().filter(|target| target.name.contains(&options.target)).collect();
    ensure!(!targets.is_empty(), "no reader has '{}' in its name; --list shows them", options.target);
    if options.list {
        targets.iter().for_each(|target| println!("{}", target.name));
        return Ok(true);
    }
    let fuzzer = build()?;
    let mut broken = 0;
    for target in &targets {
        broken += usize::from(!fuzz(&fuzzer, target, options.seconds)?);
    }
    println!("{} readers, {broken} broken", targets.len());
    Ok(broken == 0)
}

fn build() -> Result<PathBuf> {
    let host = host()?;
    let folder = workspace().join("tests/fuzz");
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--target", &host, "--target-dir"])
        .arg(workspace().join("target/fuzz"))
        .env("RUSTFLAGS", COVERAGE)
        .current_dir(&folder)
        .status()?;
    ensure!(built.success(), "the fuzzer does not build; libFuzzer needs a C++ compiler");
    Ok(workspace().join("target/fuzz").join(host).join("release/lrp-fuzz"))
}

/// The triple we run on: with it named, build scripts do without the coverage flags.
fn host() -> Result<String> {
    let version = Command::new("rustc").arg("-vV").output().context("rustc")?;
    let version = String::from_utf8(version.stdout)?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc does not name its host")
}

/// Runs one reader and prints a line about it; `false` if an input broke it.
fn fuzz(fuzzer: &Path, target: &Target, seconds: u32) -> Result<bool> {
    let work = workspace().join("target/fuzz/corpus").join(&target.name);
    let found = workspace().join("tests/fuzz/regressions").join(&target.name);
    fs::create_dir_all(&work)?;
    for (index, seed) in target.seeds.iter().enumerate() {
        fs::write(work.join(format!("seed-{index}")), seed)?;
    }
    let mut command = Command::new(fuzzer);
    command.env("LRP_FUZZ_TARGET", &target.name).arg(&work);
    if found.exists() {
        command.arg(&found);
    }
    let artifacts = workspace().join("target/fuzz/found").join(&target.name);
    fs::create_dir_all(&artifacts)?;
    let limits = [
        format!("-max_total_time={seconds}"),
        format!("-timeout={TIMEOUT_SECONDS}"),
        format!("-rss_limit_mb={MEMORY_MIB}"),
        format!("-malloc_limit_mb={MEMORY_MIB}"),
        format!("-max_len={LONGEST_INPUT}"),
        format!("-artifact_prefix={}/", artifacts.display()),
        "-print_final_stats=1".to_owned(),
    ];
    let output = command.args(limits).output()?;
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    let statistic = |name: &str| {
        let value = log.lines().find_map(|line| line.strip_prefix(&format!("stat::{name}:")));
        value.map_or("?", str::trim).to_owned()
    };
    println!(
        "{} {:<16} {:>12} inputs, {:>8} a second, at most {:>4} MiB",
        if output.status.success() { "ok  " } else { "FAIL" },
        target.name,
        statistic("number_of_executed_units"),
        statistic("average_exec_per_sec"),
        statistic("peak_rss_mb"),
    );
    if output.status.success() {
        return Ok(true);
    }
    let end: Vec<&str> = log.lines().rev().take(30).collect();
    end.iter().rev().for_each(|line| println!("     {line}"));
    if end.is_empty() {
        bail!("the fuzzer does not start");
    }
    println!("     copy the input to {} once it is mended", found.display());
    Ok(false)
}
