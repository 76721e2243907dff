//! What a training says: a bar, lines, a log.

use std::fmt::Write as _;
use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use indicatif::{HumanDuration, ProgressBar};
use lrp::core::Float;
use lrp::io::{Limits, read_file, write_atomically};
use lrp::train::{Best, Event, Score, Settings, State};
use serde_json::json;

use super::Options;
use crate::Outcome;
use crate::progress;

pub(super) struct Report {
    bar: ProgressBar,
    start: Instant,
    /// What judges, in words.
    judge: &'static str,
    rate: f64,
    log: Option<(PathBuf, String)>,
    quiet: bool,
    json: bool,
    out: PathBuf,
}

const COLUMNS: &str = "iteration,event,accuracy,loss,rate,improved,seconds\n";

impl Report {
    /// A resumed training goes on in the log of the one before, as far as that was saved.
    pub(super) fn new(options: &Options, settings: &Settings, done: usize, held_out: bool) -> Outcome<Self> {
        let bar = if options.quiet {
            ProgressBar::hidden()
        } else {
            progress::bar(settings.iterations, "iterations")
        };
        bar.set_position(done as u64);
        let mut log = COLUMNS.to_owned();
        if let Some(path) = options.log.as_ref().filter(|path| done > 0 && path.exists()) {
            let before = read_file(path, &Limits::default())?;
            let before = String::from_utf8(before).map_err(|_| format!("{}: is not text", path.display()))?;
            let made = |line: &&str| {
                line.split(',').next().is_some_and(|at| at.parse().is_ok_and(|at: usize| at <= done))
            };
            before.lines().filter(made).for_each(|line| log.extend([line, "\n"]));
        }
        Ok(Self {
            bar,
            start: Instant::now(),
            judge: if held_out { "held-out examples" } else { "training examples" },
            rate: settings.rate,
            log: options.log.clone().map(|path| (path, log)),
            quiet: options.quiet,
            json: options.json,
            out: options.out.clone(),
        })
    }

    pub(super) fn tell<T: Float>(&mut self, event: &Event, state: &State<T>, out: &mut dyn Write) -> Outcome {
        self.bar.set_position(state.iteration as u64);
        match *event {
            Event::Batch { rate, loss } => {
                self.bar.set_message(format!("(loss {loss:.4})"));
                self.note(state.iteration, "batch", None, loss, rate, None);
                Ok(())
            }
            Event::Evaluation { score, improved } => {
                let (at, rate) = (state.iteration, self.rate * state.factor);
                self.note(at, "evaluation", Some(score.accuracy), score.loss, rate, Some(improved));
                self.write_log()?;
                let Score { accuracy, loss } = score;
                let line = if self.json {
                    json!({ "iteration": at, "accuracy": accuracy, "loss": loss, "improved": improved, "rate": rate })
                        .to_string()
                } else {
                    let (percent, judge) = (100.0 * accuracy, self.judge);
                    let best = if improved { ", the best so far" } else { "" };
                    format!(
                        "iteration {at}: {percent:.2} % of {judge}, loss {loss:.4}, rate {rate:.4e}{best}"
                    )
                };
                self.say(&line, out)
            }
            Event::OutOfPatience if self.json => Ok(()),
            Event::OutOfPatience => self.say("nothing has improved for long enough", out),
        }
    }

    pub(super) fn finish<T: Float>(
        self,
        best: &Best<T>,
        tested: Option<Score>,
        out: &mut dyn Write,
    ) -> Outcome {
        self.bar.finish_and_clear();
        let (took, Score { accuracy, loss }) = (self.start.elapsed(), best.score);
        if self.json {
            let line = json!({
                "best": { "iteration": best.iteration, "accuracy": accuracy, "loss": loss },
                "test": tested.map(|score| json!({ "accuracy": score.accuracy, "loss": score.loss })),
                "seconds": took.as_secs_f64(), "model": self.out,
            });
            return Ok(writeln!(out, "{line}")?);
        }
        let (at, percent) = (best.iteration, 100.0 * accuracy);
        self.say(&format!("best at iteration {at}: {percent:.2} % of {}, loss {loss:.4}", self.judge), out)?;
        if let Some(score) = tested {
            self.say(
                &format!("test examples: {:.2} % right, loss {:.4}", 100.0 * score.accuracy, score.loss),
                out,
            )?;
        }
        self.say(&format!("wrote {} after {}", self.out.display(), HumanDuration(took)), out)
    }

    fn say(&self, line: &str, out: &mut dyn Write) -> Outcome {
        if self.quiet {
            return Ok(());
        }
        Ok(self.bar.suspend(|| writeln!(out, "{line}").and_then(|()| out.flush()))?)
    }

    fn note(
        &mut self,
        at: usize,
        event: &str,
        accuracy: Option<f64>,
        loss: f64,
        rate: f64,
        improved: Option<bool>,
    ) {
        let Some((_, log)) = &mut self.log else { return };
        let accuracy = accuracy.map_or_else(String::new, |accuracy| accuracy.to_string());
        let improved = improved.map_or_else(String::new, |improved| improved.to_string());
        let seconds = self.start.elapsed().as_secs_f64();
        // Writing to a string does not fail.
        let _ = writeln!(log, "{at},{event},{accuracy},{loss},{rate},{improved},{seconds:.3}");
    }

    fn write_log(&self) -> Outcome {
        let Some((path, log)) = &self.log else { return Ok(()) };
        Ok(write_atomically(path, |file| file.write_all(log.as_bytes()))?)
    }
}
