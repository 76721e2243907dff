//! The project's own tasks, run as `cargo xtask TASK`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod verify;
mod tidy;
mod fuzz;
mod parity;
mod gallery;
mod bench;
mod load;

/// Tasks of this workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", version)]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Compare the project end to end with reference outputs.
    Verify(verify::Options),
    /// Check the workspace against its own rules of architecture and style.
    Tidy,
    /// Write the inventory of the LRP Toolbox and of the tests that stand for it.
    Parity,
    /// Draw the gallery: every rule, composite, method and palette.
    Gallery,
    /// Feed every reader with broken input, looking for crashes, hangs and waste.
    Fuzz(fuzz::Options),
    /// Measure how long networks take to run and to explain, here and in other systems.
    Bench(bench::Options),
    /// Let many clients ask a server at once, and say how it does.
    Load(load::Options),
    /// The server of `load`, in a process of its own.
    #[command(hide = true)]
    LoadOne,
    /// One figure of `bench`, in a process of its own.
    #[command(hide = true)]
    BenchOne(bench::One),
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Verify(options) => verify::run(&options),
        Task::Tidy => tidy::run(),
        Task::Parity => parity::run(),
        Task::Gallery => gallery::run(),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Load(options) => load::run(&options),
        Task::LoadOne => load::run_one(),
        Task::BenchOne(one) => bench::run_one(&one),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}
