//! `lrp explain`

use std::collections::HashSet;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use indicatif::ProgressBar;
use lrp::core::Float;
use lrp::io::{Limits, Sidecar};
use lrp::rules::{PlanOptions, Target};

use crate::Outcome;
use crate::canonical::CanonicalOptions;
use crate::files::{Files, SomeFailed};
use crate::method::Method;
use crate::model::{Batch, Model};
use crate::options::{ComputeOptions, InputOptions, ModelOptions, TargetOptions, with_dtype};
use crate::provenance::Provenance;
use crate::rules::{MethodOptions, RuleOptions, Rules};
use crate::style::StyleOptions;
use crate::targets::{Guard, check_folders};

mod aim;
mod explained;
mod results;
mod drawing;
mod report;
mod page;

use drawing::Drawing;
use explained::{Explained, explain_batch};
use page::{Head, Page};
use results::{OutputOptions, Results};

#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    model: ModelOptions,
    #[command(flatten)]
    inputs: InputOptions,
    #[command(flatten)]
    target: TargetOptions,
    #[command(flatten)]
    rules: RuleOptions,
    #[command(flatten)]
    method: MethodOptions,
    #[command(flatten)]
    form: CanonicalOptions,
    #[command(flatten)]
    output: OutputOptions,
    #[command(flatten)]
    style: StyleOptions,
    #[command(flatten)]
    compute: ComputeOptions,
}

pub(crate) fn run(options: &Options, out: &mut dyn Write) -> Outcome {
    with_dtype!(options.model.dtype, explain(options, out))
}

/// What is the same for every file.
struct Call<'a, T: Float> {
    options: &'a Options,
    limits: Limits,
    model: &'a Model<T>,
    method: Method<'a, T>,
    /// What it goes by, as users write it.
    by: String,
    targets: Vec<Target>,
    provenance: Provenance,
}

/// What one file leaves to the next.
struct Ongoing<'a> {
    guard: Guard,
    /// What is to be said once something is explained.
    notices: Vec<String>,
    /// The report, if there is to be one.
    page: Option<Page<'a>>,
}

fn explain<T: Float>(options: &Options, out: &mut dyn Write) -> Outcome {
    let limits = options.model.limits();
    let model = options.form.apply(Model::read(&options.model)?)?.cast::<T>(&options.model)?;
    let model = model.computed(&options.compute)?;
    let Rules { composite, name, why } = options.rules.rules(&limits, &model)?;
    let plan_options = PlanOptions {
        keep_layers: options.output.layers,
        keep_ledger: options.output.ledger
            || (options.output.html.is_some() && options.method.method.is_none()),
        save_memory: options.compute.save_memory,
        ..options.rules.plan_options(&model.network)?
    };
    let method = Method::new(&model.network, options.method.method, &composite, plan_options)?;
    let targets = options.target.targets(&limits)?;
    options.style.pictures.colormap()?;
    options.output.check()?;
    let files = Files::find(&options.inputs.files, model.sidecar.text.is_some())?;
    apart(options, &files)?;
    let sidecar = Sidecar::path_for(&options.model.model);
    let read = files.paths.iter().chain([&options.model.model, &sidecar]).map(PathBuf::as_path);
    let mut guard = Guard::new(read);
    let html = options.output.html.as_slice();
    guard.check(html)?;
    check_folders(html)?;
    let mut notices = method.notices();
    let attributor = options.method.method;
    // The toolbox's formats have the rule they always had.
    let chosen = why.filter(|_| attributor.is_none() && model.exported);
    let reason = chosen.map(|why| format!("{name} ({why})"));
    notices.extend(reason.iter().map(|reason| format!("rules: {reason}")));
    let provenance = Provenance::of_call();
    // Large models take long to hash, which is in vain where nobody is told.
    let provenance = match options.output.saves_pictures() || options.output.html.is_some() {
        true => provenance.with_model(&options.model, &limits)?,
        false => provenance,
    };
    let provenance = match attributor {
        Some(attributor) => provenance.with("method", attributor),
        None => provenance.with("rules", &name).with("dialect", composite.dialect()),
    };
    let by = attributor.map_or(name, |attributor| attributor.to_string());
    let page = options.output.html.as_ref().map(|path| {
        let (by, about) = (reason.unwrap_or(by.clone()), model.sidecar.about.clone());
        let input = model.sample.as_ref().map(|sample| [&[1], &sample[..]].concat());
        let plan = method.table(input.as_deref())?;
        Page::new(path, &options.style, Head { provenance: provenance.clone(), about, by, plan })
    });
    let mut ongoing = Ongoing { guard, notices, page: page.transpose()? };
    let call = Call { options, limits, model: &model, method, by, targets, provenance };
    let outcome = if options.inputs.text.is_empty() {
        files.each(options.output.json, out, |path, bar, out| {
            let outcome = explain_file(&call, path, &mut ongoing, bar, out);
            if let (Err(error), Some(page)) = (&outcome, &mut ongoing.page) {
                page.failed(path, &error.to_string());
            }
            outcome
        })
    } else {
        let batch = model.texts(InputOptions::text_name(), &options.inputs.text, &options.inputs)?;
        explain_samples(&call, &batch, &mut ongoing, &ProgressBar::hidden(), out)
    };
    // A report of some files says which others failed; of a single one that did there is none.
    if outcome.as_ref().err().is_none_or(|error| error.is::<SomeFailed>())
        && let Some(path) = ongoing.page.map(Page::write).transpose()?.flatten()
        && !options.output.json
    {
        writeln!(out, "wrote {}", path.display())?;
    }
    outcome
}

/// Refuses calls whose results would be taken for each other's, or for inputs when they are run again.
fn apart(options: &Options, files: &Files) -> Outcome {
    if !options.output.writes() {
        return Ok(());
    }
    let folder = &options.output.out;
    let same = |input: &&PathBuf| {
        input.is_dir()
            && input.canonicalize().is_ok_and(|input| folder.canonicalize().is_ok_and(|out| out == input))
    };
    if let Some(input) = options.inputs.files.iter().find(same) {
        return Err(format!("{}: holds the inputs, give the results another folder", input.display()).into());
    }
    let mut stems = HashSet::new();
    let twice = files
        .paths
        .iter()
        .find(|path| !stems.insert(path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase()));
    match twice {
        Some(path) => {
            let stem = path.file_stem().unwrap_or_default().to_string_lossy();
            let name = folder.join(&*stem);
            let twice = "two results would be written there; give the inputs other names";
            Err(format!("{}-...: {twice}", name.display()).into())
        }
        None => Ok(()),
    }
}

fn explain_file<T: Float>(
    call: &Call<'_, T>,
    path: &Path,
    ongoing: &mut Ongoing<'_>,
    bar: &ProgressBar,
    out: &mut dyn Write,
) -> Outcome {
    let batch = call.model.batch(path, &call.options.inputs, &call.limits)?;
    explain_samples(call, &batch, ongoing, bar, out)
}

/// All of a file is explained before the first of it is written: a bad sample leaves no trace.
fn explain_samples<T: Float>(
    call: &Call<'_, T>,
    batch: &Batch<T>,
    ongoing: &mut Ongoing<'_>,
    bar: &ProgressBar,
    out: &mut dyn Write,
) -> Outcome {
    let Call { options, limits, model, method, targets, .. } = call;
    let drawing = Drawing::of(&options.style, &options.output, model, batch)?;
    let results: Vec<Results> = targets
        .iter()
        .map(|target| Results::of(&options.output, batch, target, targets, method, drawing.is_some()))
        .collect();
    let written: Vec<PathBuf> = results.iter().flat_map(Results::all).collect();
    ongoing.guard.check(&written)?;
    if options.output.resume && results::are_done(&written, [&batch.path, &options.model.model], limits) {
        return report::skipped(options, &batch.path, out);
    }
    let explained = explain_batch(method, batch, targets, limits.allow_not_finite, bar)?;
    // The first picture of each is drawn before anything is written, so that what cannot be drawn leaves nothing.
    let drawings = explained
        .iter()
        .map(|explained| drawing.as_ref().map(|drawing| drawing.maps(explained)).transpose())
        .collect::<Outcome<Vec<_>>>()?;
    let firsts = drawings
        .iter()
        .zip(&results)
        .map(|(maps, results)| {
            maps.as_ref().filter(|_| results.has_pictures()).map(|maps| maps.draw(0)).transpose()
        })
        .collect::<Outcome<Vec<_>>>()?;
    ongoing.notices.drain(..).for_each(|notice| crate::say(&format!("note: {notice}")));
    if !written.is_empty() {
        options.output.make_folder()?;
    }
    let screen = options.output.show.screen();
    for (((explained, results), maps), first) in explained.iter().zip(&results).zip(&drawings).zip(firsts) {
        results.write(explained)?;
        if let (Some(maps), Some(first)) = (maps, first) {
            results.draw(
                first,
                |sample| maps.draw(sample),
                |sample| of_sample(call, batch, explained, sample),
            )?;
        }
        let show = |sample: usize, out: &mut dyn Write| match (screen, maps) {
            (Some(screen), Some(maps)) => {
                screen.draw(out, || maps.draw_coarsely(sample), || maps.draw(sample))
            }
            _ => Ok(()),
        };
        report::explained(call, batch, explained, results, show, out)?;
    }
    match &mut ongoing.page {
        Some(page) => page.add(call, batch, &explained, drawing.as_ref(), &drawings),
        None => Ok(()),
    }
}

/// Where the picture of a sample comes from.
fn of_sample<T: Float>(
    call: &Call<'_, T>,
    batch: &Batch<T>,
    explained: &Explained<T>,
    sample: usize,
) -> Provenance {
    let (input, position) =
        (batch.path.file_name().unwrap_or_default().to_string_lossy(), batch.positions[sample]);
    let target = explained.records[sample].aim.describe(call.model);
    let title = format!("{input}[{position}]: relevance for {target}");
    let provenance = call.provenance.clone().titled(title);
    provenance.with("input", input).with("sample", position).with("target", target)
}
