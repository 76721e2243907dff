//! Interpolation along axes of a sample: what each place blends, and what it sees, counted out.

use crate::reach::combinations;

/// For each place, `(entry, weight)`.
pub(crate) type Blend = Vec<Vec<(usize, f64)>>;

/// Linear interpolation a quarter behind the first of two neighbours.
pub(crate) const LINEAR: &[f64] = &[0.75, 0.25];

/// Catmull and Rom's cubic a quarter behind the second of four: weights on both sides of zero, exact in either
/// precision.
pub(crate) const CUBIC: &[f64] = &[-0.070_312_5, 0.867_187_5, 0.226_562_5, -0.023_437_5];

/// Twice as many places, a quarter before and a quarter behind each entry, those at the border repeated.
pub(crate) fn doubled(entries: usize, weights: &[f64]) -> Blend {
    let first = weights.len() / 2 - 1;
    let blend = |place: usize| {
        let entry = |tap: usize| match place % 2 {
            0 => (place / 2 + first).saturating_sub(tap),
            _ => (place / 2 + tap).saturating_sub(first),
        };
        weights.iter().enumerate().map(|(tap, &weight)| (entry(tap).min(entries - 1), weight)).collect()
    };
    (0..2 * entries).map(blend).collect()
}

/// The places of a sample that each output sees, axis 1 being its first.
pub(crate) fn blended(shape: &[usize], axes: &[(usize, Blend)]) -> Vec<Vec<usize>> {
    let along = |(index, &size): (usize, &usize)| -> Vec<Vec<usize>> {
        match axes.iter().find(|(axis, _)| *axis == index + 1) {
            Some((_, blend)) => blend.iter().map(|entries| distinct(entries)).collect(),
            None => (0..size).map(|entry| vec![entry]).collect(),
        }
    };
    let seen: Vec<Vec<Vec<usize>>> = shape.iter().enumerate().map(along).collect();
    let output: Vec<Vec<usize>> = seen.iter().map(|places| (0..places.len()).collect()).collect();
    let place = |at: &Vec<usize>| shape.iter().zip(at).fold(0, |place, (size, at)| place * size + at);
    let sees = |at: &Vec<usize>| {
        let entries: Vec<Vec<usize>> = seen.iter().zip(at).map(|(seen, &at)| seen[at].clone()).collect();
        combinations(&entries).iter().map(place).collect()
    };
    combinations(&output).iter().map(sees).collect()
}

fn distinct(entries: &[(usize, f64)]) -> Vec<usize> {
    let mut entries: Vec<usize> = entries.iter().map(|&(entry, _)| entry).collect();
    entries.sort_unstable();
    entries.dedup();
    entries
}
