//! The commands, one a file: options and what they do.

use std::io::Write;

use clap::Subcommand;

use crate::Outcome;

mod explain;
mod predict;
mod plan;
mod info;
mod convert;
mod render;
mod train;
mod caffe;
mod serve;
mod lists;
mod demo;

/// What the program can do.
#[derive(Subcommand)]
pub(crate) enum Command {
    /// Explain what each input value contributed to a network's decision
    Explain(Box<explain::Options>),
    /// Run a network and name the classes it sees
    Predict(predict::Options),
    /// Show which rule each layer gets, and why, without running anything
    Plan(plan::Options),
    /// Say what is in a model or an array file
    Info(info::Options),
    /// Write a model or arrays in another format, losing nothing
    Convert(convert::Options),
    /// Draw relevance that was computed before
    Render(render::Options),
    /// Train a network the way the LRP Toolbox does
    Train(Box<train::Options>),
    /// Explain a list of images as the LRP Toolbox's programs for Caffe do, from the same files
    Caffe(Box<caffe::Options>),
    /// Serve a page and a JSON API that explain digits, photos and texts live
    Serve(Box<serve::Options>),
    /// List the rules and the composites
    Rules(lists::RulesOptions),
    /// List the colormaps
    Colormaps(lists::ColormapsOptions),
    /// Print a completion script for a shell
    Completions(lists::CompletionsOptions),
    /// Explain ten bundled digits under five rules and draw them
    Demo(demo::Options),
}

impl Command {
    pub(crate) fn run(&self, out: &mut dyn Write) -> Outcome {
        match self {
            Self::Explain(options) => explain::run(options, out),
            Self::Predict(options) => predict::run(options, out),
            Self::Plan(options) => plan::run(options, out),
            Self::Info(options) => info::run(options, out),
            Self::Convert(options) => convert::run(options, out),
            Self::Render(options) => render::run(options, out),
            Self::Train(options) => train::run(options, out),
            Self::Caffe(options) => caffe::run(options, out),
            Self::Serve(options) => serve::run(options, out),
            Self::Rules(options) => lists::rules(options, out),
            Self::Colormaps(options) => lists::colormaps(options, out),
            Self::Completions(options) => lists::completions(options, out),
            Self::Demo(options) => demo::run(options, out),
        }
    }
}
