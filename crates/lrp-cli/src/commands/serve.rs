//! `lrp serve`

use std::io::Write;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};
use lrp::io::{Limits, Sidecar, Source, read_file};
use lrp_serve::{Model, Server, Settings};

use crate::Outcome;
use crate::options::Threads;

#[derive(Args)]
pub(crate) struct Options {
    /// A model to serve beside the bundled ones; NAME.toml beside it says how its inputs are prepared. May be repeated
    #[arg(long, value_name = "FILE")]
    model: Vec<PathBuf>,
    /// The address to listen at; other machines reach the server only where this is not the loopback
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,
    /// The port; 0 is any that is free
    #[arg(long, value_name = "N", default_value_t = 8080)]
    port: u16,
    /// Open the page in the browser
    #[arg(long)]
    open: bool,
    /// How requests are logged, on standard error
    #[arg(long, value_enum, default_value_t, value_name = "FORM")]
    log: Log,
    #[command(flatten)]
    bounds: Bounds,
    #[command(flatten)]
    threads: Threads,
}

/// What a request may ask for.
#[derive(Args)]
#[command(next_help_heading = "Limits")]
struct Bounds {
    /// Bytes of a request
    #[arg(long, value_name = "N", default_value_t = Settings::default().body_bytes)]
    max_bytes: usize,
    /// Pixels of a picture
    #[arg(long, value_name = "N", default_value_t = Settings::default().pixels)]
    max_pixels: u64,
    /// Seconds an answer may take
    #[arg(long, value_name = "N", default_value_t = Settings::default().answer_time.as_secs())]
    max_seconds: u64,
    /// Connections at once
    #[arg(long, value_name = "N", default_value_t = Settings::default().connections)]
    max_connections: usize,
    /// Requests that are computed or wait to be
    #[arg(long, value_name = "N", default_value_t = Settings::default().waiting)]
    max_waiting: usize,
    /// Requests computed at once [default: one a processor]
    #[arg(long, value_name = "N")]
    max_running: Option<NonZeroUsize>,
}

/// A form of the log.
#[derive(Clone, Copy, Default, ValueEnum)]
enum Log {
    /// Lines to read
    #[default]
    Text,
    /// JSON, a line each
    Json,
    /// None
    Off,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    options.threads.start()?;
    options.log.start();
    let mut models = options.model.iter().map(|path| given(path)).collect::<Outcome<Vec<_>>>()?;
    models.extend(Model::all_bundled()?);
    let (host, port) = (options.host, options.port);
    let server = Server::bind((host, port), models, options.bounds.settings())
        .map_err(|error| format!("{host}:{port}: {error}"))?;
    let url = format!("http://{}", server.address()?);
    writeln!(out, "{url}")?;
    out.flush()?;
    if options.open && open::that_detached(&url).is_err() {
        crate::say(&format!("warning: no browser was found, open {url} yourself"));
    }
    Ok(server.run()?)
}

fn given(path: &Path) -> Outcome<Model> {
    let limits = Limits::default();
    let name = path.display().to_string();
    let sidecar = Sidecar::of_model(path, &limits)?;
    let source = Source::from(read_file(path, &limits)?).beside(path);
    Model::read(&name, source, sidecar, &limits).map_err(|error| {
        let line = error.to_string();
        if line.starts_with(&name) { line.into() } else { format!("{name}: {line}").into() }
    })
}

impl Bounds {
    fn settings(&self) -> Settings {
        let usual = Settings::default();
        Settings {
            body_bytes: self.max_bytes,
            all_bodies_bytes: usual.all_bodies_bytes.max(self.max_bytes),
            pixels: self.max_pixels,
            answer_time: Duration::from_secs(self.max_seconds),
            connections: self.max_connections,
            waiting: self.max_waiting,
            running: self.max_running.unwrap_or(usual.running),
            ..usual
        }
    }
}

impl Log {
    fn start(self) {
        let lines = tracing_subscriber::fmt().with_writer(std::io::stderr).with_target(false);
        match self {
            Self::Text => lines.init(),
            Self::Json => lines.json().flatten_event(true).init(),
            Self::Off => {}
        }
    }
}
