//! `cargo xtask load`: what a server stands when many ask it at once, and how soon one is answered.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use lrp_serve::{Model, Server, Settings};
use serde_json::json;

/// How many ask, and how long.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Clients at once
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Seconds they go on
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Strokes to be answered one by one afterwards
    #[arg(long, default_value_t = 500)]
    strokes: usize,
}

/// The longest that one answer in a hundred may take.
const PATIENCE: Duration = Duration::from_secs(1);

/// What one client met with.
#[derive(Default)]
struct Met {
    times: Vec<Duration>,
    errors: usize,
}

/// A server in a process of its own, so that its memory is its own; it ends with this value.
struct Served {
    process: Child,
    url: String,
}

/// Measures; `false` if there was an error or one had to wait too long.
pub(crate) fn run(options: &Options) -> Result<bool> {
    let served = Served::start()?;
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let many: Vec<Met> = std::thread::scope(|scope| {
        let client = |number| {
            scope.spawn({
                let url = &served.url;
                move || ask_until(url, number, end)
            })
        };
        let clients: Vec<_> = (0..options.clients).map(client).collect();
        clients
            .into_iter()
            .map(|client| client.join().map_err(|_| anyhow!("a client panicked")))
            .collect::<Result<_>>()
    })?;
    let errors = many.iter().map(|met| met.errors).sum::<usize>();
    let times = sorted(many.into_iter().flat_map(|met| met.times).collect());
    let rate = times.len() as f64 / options.seconds as f64;
    println!(
        "{} clients, {} s: {rate:.0} answers a second, {errors} errors",
        options.clients, options.seconds
    );
    println!("  {}", shown(&times));
    let alone =
        sorted((0..options.strokes).map(|stroke| ask(&served.url, &drawing(stroke))).collect::<Result<_>>()?);
    println!("one client, a drawing of two rules a request: {} answers", alone.len());
    println!("  {}", shown(&alone));
    println!("most memory the server held: {} MiB", served.memory()? >> 10);
    Ok(errors == 0 && part(&times, 0.99) < PATIENCE)
}

/// The server that is measured, with all bundled models.
pub(crate) fn run_one() -> Result<bool> {
    let server = Server::bind("127.0.0.1:0", Model::all_bundled()?, Settings::default())?;
    println!("http://{}", server.address()?);
    server.run()?;
    Ok(true)
}

impl Served {
    fn start() -> Result<Self> {
        let mut process =
            Command::new(std::env::current_exe()?).arg("load-one").stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let output = process.stdout.take().context("the server has an output")?;
        BufReader::new(output).read_line(&mut line)?;
        Ok(Self { process, url: format!("{}/api/v1/explain", line.trim()) })
    }

    /// In KiB, as the system counts it.
    fn memory(&self) -> Result<u64> {
        let path = format!("/proc/{}/status", self.process.id());
        let status =
            std::fs::read_to_string(path).context("only Linux says how much memory a process held")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("VmHWM is missing")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn ask_until(url: &str, client: usize, end: Instant) -> Met {
    let mut met = Met::default();
    let agent = ureq::Agent::new_with_defaults();
    for digit in client.. {
        if Instant::now() >= end {
            break;
        }
        let question = json!({
            "model": "mnist-lenet5-sumpool", "input": { "digit": digit % 100 }, "ways": [{ "rule": "epsilon(0.01)" }],
        });
        match ask_by(&agent, url, &question.to_string()) {
            Ok(time) => met.times.push(time),
            Err(_) => met.errors += 1,
        }
    }
    met
}

/// What the page asks while a seven is being drawn.
fn drawing(stroke: usize) -> String {
    let down = (stroke % 50) as f64 / 50.0;
    let points = [[0.25, 0.2], [0.75, 0.2], [0.75 - 0.35 * down, 0.2 + 0.65 * down]];
    let ways = json!([{ "rule": "epsilon(0.01)" }, { "composite": "epsilon-alpha2-beta1" }]);
    json!({ "model": "mnist-lenet5-sumpool", "input": { "strokes": [points] }, "ways": ways }).to_string()
}

fn ask(url: &str, question: &str) -> Result<Duration> {
    ask_by(&ureq::Agent::new_with_defaults(), url, question)
}

fn ask_by(agent: &ureq::Agent, url: &str, question: &str) -> Result<Duration> {
    let start = Instant::now();
    let mut answer = agent.post(url).header("content-type", "application/json").send(question)?;
    answer.body_mut().read_to_vec()?;
    Ok(start.elapsed())
}

fn sorted(mut times: Vec<Duration>) -> Vec<Duration> {
    times.sort();
    times
}

/// The time that a part of all stays below.
fn part(sorted: &[Duration], part: f64) -> Duration {
    let last = sorted.len().saturating_sub(1);
    sorted.get((part * last as f64).ceil() as usize).copied().unwrap_or_default()
}

fn shown(sorted: &[Duration]) -> String {
    let milliseconds = |share| part(sorted, share).as_secs_f64() * 1e3;
    format!(
        "half within {:.1} ms, 99 of 100 within {:.1} ms, all within {:.1} ms",
        milliseconds(0.5),
        milliseconds(0.99),
        milliseconds(1.0)
    )
}
