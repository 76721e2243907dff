//! `lrp convert`

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use lrp::core::{Network, Op};
use lrp::io::{
    Array, Convention, Limits, Sidecar, channels_last, model_format_by_extension, read_file,
    read_named_array_bytes, read_whole_bytes, reorder_flatten, reread_flatten, write_atomically,
    write_legacy_model, write_matlab_model, write_model_for, write_typed_arrays,
};

use crate::Outcome;
use crate::contents::{Contents, contents};
use crate::options::WeightOptions;
use crate::targets;

#[derive(Args)]
pub(crate) struct Options {
    /// A model or a file of arrays
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// Where to write it; the extension names the format
    #[arg(value_name = "OUT")]
    output: PathBuf,
    /// Convert only the array of this name
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    model: ModelOptions,
}

#[derive(Args)]
#[command(next_help_heading = "Models")]
struct ModelOptions {
    /// Whose order IN flattens in: python or matlab [default: what the format of IN says]
    #[arg(long, value_name = "NAME")]
    from: Option<Convention>,
    /// Whose order OUT flattens in: python or matlab [default: that of IN in .mat, else python]
    #[arg(long, value_name = "NAME")]
    to: Option<Convention>,
    /// Shape of one input, such as 32,32,1, where weights must change their order [default: the sidecar of IN]
    #[arg(long, value_name = "SIZES", value_delimiter = ',')]
    shape: Option<Vec<usize>>,
    /// Write text for toolbox 1.1 and before
    #[arg(long)]
    legacy: bool,
    /// Accept NaN and infinity in weights
    #[arg(long)]
    allow_nonfinite: bool,
    #[command(flatten)]
    weights: WeightOptions,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = Limits { allow_not_finite: options.model.allow_nonfinite, ..Limits::default() };
    targets::check(std::slice::from_ref(&options.output), &[&options.input])?;
    let bytes = read_file(&options.input, &limits)?;
    let found = match &options.name {
        None => contents(&options.input, &bytes, &options.model.weights, &limits, read_whole_bytes)?,
        Some(name) => {
            let file = options.input.display().to_string();
            let array = read_named_array_bytes(&file, &bytes, name, &limits)?;
            Contents::Arrays(vec![(Some(name.clone()), array)])
        }
    };
    match found {
        Contents::Model(model) => {
            let sample = options.model.shape.as_ref().or(model.sample.as_ref());
            let network = match sample.filter(|_| !exports(&options.output)) {
                Some(sample) => &channels_last(&model.network, sample)
                    .map_err(|error| format!("{}: {error}", options.input.display()))?,
                None => &model.network,
            };
            write_network(network, sample.map(Vec::as_slice), options, &limits)?;
            writeln!(out, "wrote {}", options.output.display())?;
            copy_sidecar(options, &limits, out)
        }
        Contents::Arrays(arrays) => {
            write_whole(&arrays, &options.output)?;
            Ok(writeln!(out, "wrote {}", options.output.display())?)
        }
    }
}

fn write_network(
    network: &Network<f64>,
    sample: Option<&[usize]>,
    options: &Options,
    limits: &Limits,
) -> Outcome {
    let asked = &options.model;
    let network = match asked.from {
        Some(convention) => &reread_flatten(network, convention)?,
        None => network,
    };
    let network = match wanted(options) {
        Some(convention) => &ordered(network, convention, options, limits)?,
        None => network,
    };
    let path = &options.output;
    match (asked.legacy, asked.to) {
        (true, _) => write_legacy_model(path, network)?,
        (_, Some(Convention::Matlab)) if has_extension(path, "txt") => write_matlab_model(path, network)?,
        _ => write_model_for(path, network, sample)?,
    }
    Ok(())
}

/// Whether models stand in such a file as other systems export them: with channels on any side, in any order.
fn exports(path: &Path) -> bool {
    model_format_by_extension(path).is_some_and(|format| format.exported)
}

/// The order that OUT must flatten in; MATLAB files and exported models say which order they have, so any will do.
fn wanted(options: &Options) -> Option<Convention> {
    let says_it = has_extension(&options.output, "mat") || exports(&options.output);
    options.model.to.or_else(|| (!says_it).then_some(Convention::Python))
}

/// The network, flattening in an order: the same function, so its weights may have to move.
fn ordered(
    network: &Network<f64>,
    convention: Convention,
    options: &Options,
    limits: &Limits,
) -> Outcome<Network<f64>> {
    let differs = |op: &Op<f64>| matches!(op, Op::Flatten(flatten) if *flatten != convention.flatten());
    let Some(node) = network.nodes().iter().find(|node| differs(node.op())) else {
        return Ok(network.clone());
    };
    let known = || Ok::<_, lrp::io::Error>(Sidecar::of_model(&options.input, limits)?.input.prepared_shape());
    let shape = match &options.model.shape {
        Some(shape) => Some(shape.clone()),
        None => known()?,
    };
    let (name, node) = (options.input.display(), node.name());
    let shape = shape.ok_or_else(|| {
        format!(
            "{name}: {node} flattens in another order than {convention}; give --shape to reorder the weights"
        )
    })?;
    Ok(reorder_flatten(network, convention, &shape).map_err(|error| format!("{name}: {error}"))?)
}

/// What is known about a model goes with it, unless something is known about OUT already: its sidecar, and before that
/// the files this names.
fn copy_sidecar(options: &Options, limits: &Limits, out: &mut dyn Write) -> Outcome {
    let [from, to] = [&options.input, &options.output].map(|path| Sidecar::path_for(path));
    if !from.exists() || to.exists() {
        return Ok(());
    }
    let [source, target] = [&from, &to].map(|path| path.parent().unwrap_or(Path::new("")));
    let sidecar = Sidecar::of_model(&options.input, limits)?;
    let named = sidecar.files().map(|file| [source.join(file), target.join(file)]);
    for [from, to] in named.chain([[from.clone(), to.clone()]]) {
        if to.exists() {
            continue;
        }
        let bytes = read_file(&from, limits)?;
        if let Some(folder) = to.parent() {
            let made = std::fs::create_dir_all(folder);
            made.map_err(|error| format!("{}: cannot make this folder: {error}", folder.display()))?;
        }
        write_atomically(&to, |file| file.write_all(&bytes))?;
        writeln!(out, "wrote {}", to.display())?;
    }
    Ok(())
}

/// Arrays keep their types and names; one that has none gets the name that the toolbox looks for.
fn write_whole(arrays: &[(Option<String>, Array)], path: &Path) -> Outcome {
    let named = arrays.iter().map(|(name, array)| (name.as_deref().unwrap_or("data"), array));
    Ok(write_typed_arrays(path, &named.collect::<Vec<_>>())?)
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}
