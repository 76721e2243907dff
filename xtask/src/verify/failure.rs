//! What a failed check leaves behind: both arrays, pictures of them, and the worst elements.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use lrp::io::{write_array, write_atomically};
use lrp::render::{HeatmapOptions, encode_png, heatmap};
use ndarray::{Array2, ArrayD};

use super::{Check, Outcome};

/// Removes what an earlier run left.
pub(super) fn clear(root: &Path) -> Result<()> {
    if root.exists() {
        std::fs::remove_dir_all(root)?;
    }
    Ok(())
}

/// Writes every failed check of `outcome` under `root`.
pub(super) fn write(root: &Path, outcome: &Outcome) -> Result<()> {
    for check in outcome.checks.iter().filter(|check| !check.passes()) {
        let folder =
            root.join(&outcome.suite).join(&outcome.case).join(format!("{} {}", check.name, outcome.dtype));
        std::fs::create_dir_all(&folder)?;
        write_array(folder.join("actual.npy"), check.actual.view())?;
        write_array(folder.join("expected.npy"), check.expected.view())?;
        picture(&folder.join("actual.png"), &check.actual)?;
        picture(&folder.join("expected.png"), &check.expected)?;
        if check.actual.shape() == check.expected.shape() {
            picture(&folder.join("difference.png"), &(&check.actual - &check.expected))?;
        }
        let worst = worst(check);
        write_atomically(folder.join("worst.txt"), |file| std::io::Write::write_all(file, worst.as_bytes()))?;
    }
    Ok(())
}

fn worst(check: &Check) -> String {
    let mut text = format!("error {:e}, allowed {:e}\n", check.error(), check.tolerance);
    for (index, actual, expected) in check.worst(10) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "{index:?} actual {actual:?} expected {expected:?}");
    }
    text
}

/// Draws an array as samples below one another, channels summed; an array that has no picture has none.
fn picture(path: &Path, array: &ArrayD<f64>) -> Result<()> {
    let finite = array.mapv(|value| if value.is_finite() { value } else { 0.0 });
    let Some(plane) = plane(&finite) else { return Ok(()) };
    let png = encode_png(&heatmap(plane.view(), &HeatmapOptions::default())?.to_rgb8())?;
    write_atomically(path, |file| std::io::Write::write_all(file, &png))?;
    Ok(())
}

fn plane(array: &ArrayD<f64>) -> Option<Array2<f64>> {
    let flat = match *array.shape() {
        [n, h, w, _] => array.sum_axis(ndarray::Axis(3)).into_shape_with_order((n * h, w)).ok()?,
        [n, features] => array.clone().into_shape_with_order((n, features)).ok()?,
        _ => return None,
    };
    (!flat.is_empty()).then_some(flat)
}
