#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

use std::error::Error;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

mod commands;
mod options;
mod contents;
mod files;
mod method;
mod mode;
mod model;
mod rules;
mod canonical;
mod picture;
mod progress;
mod provenance;
mod ranking;
mod show;
mod style;
mod targets;
mod text;

use commands::Command;
use files::SomeFailed;

/// What every command returns.
type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// Exit code where some inputs of many were wrong.
const PARTLY: u8 = 1;

/// Exit code of a call or an input that is wrong.
const WRONG: u8 = 2;

/// Explain what a trained network saw: layer-wise relevance propagation.
#[derive(Parser)]
#[command(name = "lrp", version, propagate_version = true, max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Runs the command the process was called with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error),
    };
    let mut out = BufWriter::new(io::stdout().lock());
    let outcome = arguments.command.run(&mut out).and_then(|()| Ok(out.flush()?));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        // A reader such as `head` has seen enough.
        Err(error) if is_broken_pipe(&*error) => ExitCode::SUCCESS,
        Err(error) if error.is::<SomeFailed>() => complain(&error.to_string(), PARTLY),
        Err(error) => complain(&error.to_string(), WRONG),
    }
}

/// The command line this program understands, for completions.
fn command_line() -> clap::Command {
    <Arguments as clap::CommandFactory>::command()
}

/// Help and version as clap prints them; a wrong call as one line.
fn usage(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        return if error.print().is_ok() { ExitCode::SUCCESS } else { ExitCode::from(WRONG) };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        let _ = error.print();
        return ExitCode::from(WRONG);
    }
    let text = error.render().to_string();
    let complaint = text.split("\n\n").next().unwrap_or_default().trim_start_matches("error: ");
    complain(&format!("{complaint}; see --help"), WRONG)
}

fn complain(message: &str, code: u8) -> ExitCode {
    let line: Vec<&str> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    say(&format!("error: {}", line.join(" ")));
    ExitCode::from(code)
}

/// A line on standard error; where nobody can be told, nothing is left to do.
fn say(line: &str) {
    let _ = writeln!(io::stderr(), "{}", line.replace(char::is_control, " "));
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
