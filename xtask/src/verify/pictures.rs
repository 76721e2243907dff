//! Suites of pictures: colormaps, heatmaps, outlines and saved images, pixel for pixel.

use std::path::Path;
use std::rc::Rc;

use anyhow::{Context, Result, bail};
use lrp::render::{
    DigitOptions, HeatmapOptions, Outline, Picture, canny, colormap, digit, enlarge, heatmap, row,
};
use ndarray::{Array, Array2, ArrayD, Ix2};

use super::check::Check;
use super::{Arrays, Case};

/// Colours are sums and products of a few numbers; what differs more is another colour.
const TOLERANCE: f64 = 1e-12;

struct Material {
    arrays: Arrays,
    relevance: Array2<f64>,
    image: Array2<f64>,
}

/// One case a kind of array; `None` for a suite that holds no pictures.
pub(super) fn cases(folder: &Path) -> Result<Option<Vec<Case>>> {
    let path = folder.join("expected.npz");
    if !path.exists() {
        return Ok(None);
    }
    let arrays = Arrays::read(&path)?;
    let plane =
        |name: &str| -> Result<Array2<f64>> { Ok(arrays.get(name)?.clone().into_dimensionality::<Ix2>()?) };
    let (relevance, image) = (plane("relevance")?, plane("digit")?);
    let names: Vec<String> = arrays.names().map(str::to_owned).collect();
    let material = Rc::new(Material { arrays, relevance, image });
    let inputs = ["relevance", "digit", "cmap_positions"];
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for name in names.iter().filter(|name| !inputs.contains(&name.as_str())) {
        let kind =
            ["cmap", "heatmap", "outline", "digit", "saved"].into_iter().find(|kind| name.starts_with(kind));
        let kind = kind.with_context(|| format!("no runner for array '{name}'"))?;
        match groups.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, members)) => members.push(name.clone()),
            None => groups.push((kind, vec![name.clone()])),
        }
    }
    let case = |(kind, members): (&str, Vec<String>)| {
        let material = Rc::clone(&material);
        let run = move || {
            let checks: Vec<Vec<Check>> =
                members.iter().map(|name| material.checks(name)).collect::<Result<_>>()?;
            Ok(checks.into_iter().flatten().collect())
        };
        Case { name: kind.to_owned(), dtype: "f64", run: Box::new(run) }
    };
    Ok(Some(groups.into_iter().map(case).collect()))
}

impl Material {
    fn checks(&self, name: &str) -> Result<Vec<Check>> {
        let expected = self.arrays.get(name)?.clone();
        let check = |actual| Check::new(name, actual, expected.clone(), TOLERANCE);
        Ok(match name {
            "saved_pair_uint8" => {
                let outlined = heatmap(self.relevance.view(), &self.options("jet", 3, true)?)?;
                let pair = row(&[digit(self.image.view(), &DigitOptions::default())?, outlined], 2)?;
                vec![Check { tolerance: 0.0, ..check(bytes(&pair)) }]
            }
            "outline_mask_sigma2_scale3" => {
                let mask = canny(enlarge(self.image.view(), 3)?.view(), 2.0)?;
                vec![Check {
                    tolerance: 0.0,
                    ..check(mask.mapv(|edge| f64::from(u8::from(edge))).into_dyn())
                }]
            }
            "digit_binary_scale3" => {
                picture(name, &digit(self.image.view(), &DigitOptions::default())?, expected)
            }
            _ if name.starts_with("cmap_") => vec![check(self.lookup(name.trim_start_matches("cmap_"))?)],
            _ => {
                let (map, scaling, outline) = parse(name)?;
                picture(
                    name,
                    &heatmap(self.relevance.view(), &self.options(map, scaling, outline)?)?,
                    expected,
                )
            }
        })
    }

    fn options(&self, map: &str, scaling: usize, outline: bool) -> Result<HeatmapOptions<'_>> {
        let outline = outline.then(|| Outline::new(self.image.view()));
        Ok(HeatmapOptions { scaling, colormap: colormap(map)?, outline, ..HeatmapOptions::default() })
    }

    fn lookup(&self, name: &str) -> Result<ArrayD<f64>> {
        let map = colormap(name)?;
        let colors: Vec<f64> =
            self.arrays.get("cmap_positions")?.iter().flat_map(|&position| map.at(position)).collect();
        Ok(Array::from_shape_vec(vec![colors.len() / 3, 3], colors)?)
    }
}

/// `heatmap_MAP_scaleN` or `heatmap_MAP_scaleN_outline_sigma2`.
fn parse(name: &str) -> Result<(&str, usize, bool)> {
    let rest = name.strip_prefix("heatmap_").unwrap_or(name);
    let (rest, outline) = rest.strip_suffix("_outline_sigma2").map_or((rest, false), |rest| (rest, true));
    match rest.rsplit_once("_scale") {
        Some((map, scaling)) => Ok((map, scaling.parse()?, outline)),
        None => bail!("'{name}' does not say its scale"),
    }
}

/// A picture equals its reference in colour, and to the bit once its colours are bytes.
fn picture(name: &str, actual: &Picture, expected: ArrayD<f64>) -> Vec<Check> {
    let truncated = expected.mapv(|value| (value.clamp(0.0, 1.0) * 255.0).trunc());
    vec![
        Check::new(name, actual.pixels().to_owned().into_dyn(), expected, TOLERANCE),
        Check::new(format!("{name} as bytes"), bytes(actual), truncated, 0.0),
    ]
}

fn bytes(picture: &Picture) -> ArrayD<f64> {
    let image = picture.to_rgb8();
    let values = image.as_raw().iter().map(|&byte| f64::from(byte)).collect();
    Array::from_shape_vec(vec![picture.height(), picture.width(), 3], values).expect("three bytes a pixel")
}
