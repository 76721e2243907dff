//! Whole runs of the programs: from configuration, list and photos to maps, scores, texts and pictures.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lrp::caffe::{Conventions, Found, Program};
use lrp::core::{Float, Kernels};
use lrp::io::caffe::{Config, Prepared, Wanted, parse_list};
use lrp::io::{Limits, read_array, read_file};
use lrp::render::caffe_heatmap;
use ndarray::{Array2, Array3, ArrayD, Axis, Ix3, Ix4};
use serde::Deserialize;

use super::TOLERANCE;
use crate::verify::check::Check;
use crate::verify::precision::{Compare, both};
use crate::verify::{Arrays, Case};

/// Half a unit in the last of six digits, relative to the number.
const SIX_DIGITS: f64 = 5e-6;

/// One step of 16 bits, as a part of the largest value.
const STEP: f64 = 1.0 / 65535.0;

#[derive(Deserialize)]
struct Manifest {
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    id: String,
    rc: i32,
    config: PathBuf,
    filelist: PathBuf,
    #[serde(default)]
    images: BTreeMap<String, Image>,
    raw_relevance_rgb_chw_float32: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Image {
    top10: Vec<(usize, f64)>,
}

/// Everything a case reads, once for both number types.
struct Material {
    run: Run,
    folder: PathBuf,
    maps: Option<Arrays>,
}

/// Runs whose numbers are no reference: random, empty by a fault that is not ours, or a fault of the softmax.
fn is_comparable(id: &str) -> bool {
    !id.ends_with("_UNDEFINED") && !id.ends_with("_last22") && !id.ends_with("_first4")
}

/// The cases of the programs, in f64 and f32.
pub(super) fn cases(folder: &Path, kernels: Kernels) -> Result<Vec<Case>> {
    let text = std::fs::read_to_string(folder.join("manifest.json"))?;
    // Runs that are no reference have sums that JSON has no word for.
    let manifest: Manifest = serde_json::from_str(&text.replace(": NaN", ": null"))?;
    let mut cases = Vec::new();
    for run in manifest.runs.into_iter().filter(|run| is_comparable(&run.id)) {
        let id = run.id.clone();
        let maps = run.raw_relevance_rgb_chw_float32.as_ref().map(|path| Arrays::read(&folder.join(path)));
        let maps = maps.transpose().with_context(|| id.clone())?;
        cases.extend(both(&id, Material { run, folder: folder.to_owned(), maps }, kernels));
    }
    Ok(cases)
}

impl Compare for Material {
    fn checks<T: Float>(&self, kernels: Kernels) -> Result<Vec<Check>> {
        let attempt = self.attempt::<T>(kernels);
        if self.run.rc != 0 {
            let refused = f64::from(attempt.is_err());
            let said =
                attempt.err().map_or_else(|| "nothing was refused".to_owned(), |error| format!("{error:#}"));
            let [ours, expected] = [refused, 1.0].map(|value| ArrayD::from_elem(ndarray::IxDyn(&[]), value));
            return Ok(vec![Check::new("refusal", ours, expected, 0.0).noted(said)]);
        }
        attempt
    }
}

impl Material {
    /// All checks of a run, or why it cannot be done.
    fn attempt<T: Float>(&self, kernels: Kernels) -> Result<Vec<Check>> {
        let limits = Limits::default();
        let config = read_file(self.folder.join(&self.run.config), &limits)?;
        let config = Config::parse("config", &config)?.within(&self.folder);
        let (mean, mode, base) = (config.mean.clone(), config.mean_format.mode(), config.base_size);
        let list = read_file(self.folder.join(&self.run.filelist), &limits)?;
        let program = Program::read(config, Conventions::Caffe, &limits)?.cast::<T>()?.with_kernels(kernels);
        let explainer = program.explainer()?;
        let mean = mean.file_name().unwrap_or_default().to_string_lossy();
        let side = program.images().side;
        let kept = |name: &str| {
            let input = format!("inputs/in{side}__{name}__{mean}__mode{mode}__base{base}.npy");
            let path = self.folder.join(input);
            match path.is_file() {
                true => Ok::<_, anyhow::Error>(Some(read_array(path, &limits)?.values)),
                false => Ok(None),
            }
        };
        let (mut names, mut images, mut wanted) = (Vec::new(), Vec::new(), Vec::<Wanted>::new());
        for listed in parse_list("list", &list, &limits)? {
            let (path, wish) = listed.image?;
            let photo = read_file(self.folder.join(&path), &limits)?;
            images.push(program.images().prepare(&path, &photo, &limits)?);
            names.push(path.rsplit('/').next().unwrap_or_default().to_owned());
            wanted.push(wish);
        }
        // What decoders of JPEG differ in would be all that is seen: relevance is of the reference's own input.
        let mut inputs = images.clone();
        let mut checks = Vec::new();
        for ((name, image), input) in names.iter().zip(&images).zip(&mut inputs) {
            let Some(expected) = kept(name)? else { continue };
            if name.ends_with(".jpg") {
                input.input = expected.clone().into_dimensionality()?;
            }
            checks.push(input_check(name, image, expected));
        }
        let found = explainer.explain(&inputs.iter().collect::<Vec<_>>(), &wanted)?;
        for ((name, image), found) in names.iter().zip(&images).zip(&found) {
            checks.extend(self.image(name, image, found)?);
        }
        Ok(checks)
    }

    fn image(&self, name: &str, image: &Prepared, found: &Found) -> Result<Vec<Check>> {
        let expected = self.run.images.get(name).with_context(|| format!("the reference lacks {name}"))?;
        let mut checks = Vec::new();
        if let Some(maps) = &self.maps {
            let map = maps.get(name)?.clone();
            checks.push(zeros(name, &found.relevance.clone().into_dyn(), &map));
            checks.push(Check::new(name, found.relevance.clone().into_dyn(), map, TOLERANCE));
        }
        checks.push(scores(name, &expected.top10, found));
        checks.extend(self.files(name, image, found)?);
        Ok(checks)
    }

    /// The files of the few runs whose files are kept.
    fn files(&self, name: &str, image: &Prepared, found: &Found) -> Result<Vec<Check>> {
        let limits = Limits::default();
        let file = |ending: &str| {
            let path = self.folder.join(format!("text/{}__{name}{ending}", self.run.id));
            path.is_file().then_some(path)
        };
        let mut checks = Vec::new();
        if let Some(path) = file("_rawhm.txt") {
            let planes = read_array(path, &limits)?.values.index_axis_move(Axis(0), 0);
            let planes = planes.into_dimensionality::<Ix3>()?.permuted_axes([2, 0, 1]);
            let ours = found.relevance.clone().into_dyn();
            checks.push(Check::new(
                format!("{name} text"),
                ours,
                planes.to_owned().into_dyn(),
                TOLERANCE + SIX_DIGITS,
            ));
        }
        if let Some(path) = file("_as_inputted_into_the_dnn.png") {
            let shown = sixteen_bits(picture(&path)?, image.shown.dim());
            let largest = shown.fold(0.0, |largest: f64, value| largest.max(*value));
            let allowed = if name.ends_with(".jpg") { 2.0 * 257.0 } else { 1.0 } / largest;
            let ours = image.shown.clone().into_dyn();
            checks.push(Check::new(format!("{name} shown"), ours, shown.into_dyn(), allowed));
        }
        if let Some(path) = file("_heatmap.png") {
            checks.push(heatmap(name, found, &picture(&path)?)?);
        }
        Ok(checks)
    }
}

/// The network's input, to one step of 16 bits; of a JPEG, which decoders round in their own ways, to two of 8.
fn input_check(name: &str, image: &Prepared, expected: ArrayD<f64>) -> Check {
    let largest = expected.fold(0.0, |largest: f64, value| largest.max(value.abs()));
    let jpeg = name.ends_with(".jpg");
    // A little more than a step, which the reference has in f32.
    let allowed = if jpeg { 2.0 } else { 255.0 * STEP * 1.001 } / largest;
    let check = Check::new(format!("{name} input"), image.input.clone().into_dyn(), expected, allowed);
    if jpeg { check.noted("two steps of 8 bits: decoders of JPEG differ") } else { check }
}

/// Where the reference is exactly zero, so is this.
fn zeros(name: &str, ours: &ArrayD<f64>, reference: &ArrayD<f64>) -> Check {
    let indicator = |value: f64| if value == 0.0 { 1.0 } else { 0.0 };
    let expected = reference.mapv(indicator);
    let ours = match ours.shape() == reference.shape() {
        true => ndarray::Zip::from(ours).and(&expected).map_collect(|&ours, &zero| zero * indicator(ours)),
        false => ours.mapv(indicator),
    };
    Check::new(format!("{name} zeros"), ours, expected, 0.0)
}

/// What the reference saved in 8 bits or as grey because nothing is lost by it.
fn sixteen_bits(picture: Array3<f64>, shape: (usize, usize, usize)) -> Array3<f64> {
    let eight = picture.iter().all(|&value| value < 256.0);
    let picture = if eight { picture * 257.0 } else { picture };
    picture.broadcast(shape).map_or_else(|| picture.clone(), |picture| picture.to_owned())
}

/// The ten best classes in their order, with their scores to six digits; scores too small for f32 have no order.
fn scores(name: &str, expected: &[(usize, f64)], found: &Found) -> Check {
    let row = |(class, score): &(usize, f64)| {
        let counted = *score > f64::from(f32::MIN_POSITIVE);
        [if counted { *class as f64 * 1e-3 } else { 0.0 }, *score]
    };
    let table = |scores: &[(usize, f64)]| {
        Array2::from_shape_vec((scores.len(), 2), scores.iter().flat_map(row).collect())
            .unwrap_or_default()
            .into_dyn()
    };
    Check::new(format!("{name} scores"), table(&found.ranking(10)), table(expected), TOLERANCE)
}

/// The picture of a map, whose shades may wrap around: they are compared on a circle.
fn heatmap(name: &str, found: &Found, expected: &Array3<f64>) -> Result<Check> {
    let mean = found.relevance.mean_axis(Axis(0)).context("a map has channels")?;
    let painted = caffe_heatmap(mean.view(), true)?;
    let ours = Array3::from_shape_fn(expected.dim(), |(row, column, color)| {
        f64::from(painted.get_pixel(column as u32, row as u32).0[color])
    });
    let around = |ours: f64, expected: f64| {
        let apart = (ours - expected).rem_euclid(65536.0);
        expected + if apart > 32768.0 { apart - 65536.0 } else { apart }
    };
    let ours = ndarray::Zip::from(&ours).and(expected).map_collect(|&ours, &expected| around(ours, expected));
    Ok(Check::new(
        format!("{name} heatmap"),
        ours.into_dyn(),
        expected.clone().into_dyn(),
        2.0 * TOLERANCE + STEP,
    ))
}

fn picture(path: &Path) -> Result<Array3<f64>> {
    let pixels = read_array(path, &Limits::default())?.values.into_dimensionality::<Ix4>()?;
    Ok(pixels.index_axis_move(Axis(0), 0))
}
