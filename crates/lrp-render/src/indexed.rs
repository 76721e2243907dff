//! Pictures with a palette.
//!
//! Colours are parted by median cut: they are sorted into boxes, and the box with the most pixels of the widest colours
//! is cut where half of its pixels lie on either side, until there are boxes enough or each holds one colour.

use std::collections::{BTreeMap, HashMap};

use image::RgbImage;

/// A picture as places in a palette.
pub(crate) struct Indexed {
    pub(crate) palette: Vec<[u8; 3]>,
    /// Row by row, a place a pixel.
    pub(crate) indices: Vec<u8>,
}

/// A colour and how many pixels have it.
type Counted = ([u8; 3], usize);

impl Indexed {
    /// With `most` colours at most, which is 1 to 256.
    pub(crate) fn of(image: &RgbImage, most: usize) -> Self {
        let mut counts: BTreeMap<[u8; 3], usize> = BTreeMap::new();
        image.pixels().for_each(|pixel| *counts.entry(pixel.0).or_default() += 1);
        let boxes = cut(counts.into_iter().collect(), most);
        let palette = boxes.iter().map(|colors| mean(colors)).collect();
        let place = |(index, colors): (usize, &Vec<Counted>)| -> Vec<([u8; 3], u8)> {
            // There are 256 boxes at most.
            colors.iter().map(|&(color, _)| (color, index as u8)).collect()
        };
        let places: HashMap<[u8; 3], u8> = boxes.iter().enumerate().flat_map(place).collect();
        Self { palette, indices: image.pixels().map(|pixel| places[&pixel.0]).collect() }
    }
}

/// Parts colours into so many boxes at most, none of them empty.
fn cut(colors: Vec<Counted>, most: usize) -> Vec<Vec<Counted>> {
    let weighed = |colors: Vec<Counted>| (widest(&colors).1 * pixels(&colors), colors);
    let mut boxes = vec![weighed(colors)];
    while boxes.len() < most {
        // Of equals the first, so that the same picture is always cut alike.
        let heaviest = (0..boxes.len()).rev().max_by_key(|&index| boxes[index].0).unwrap_or(0);
        let (weight, mut lower) = std::mem::take(&mut boxes[heaviest]);
        let upper = if weight > 0 { halve(&mut lower) } else { Vec::new() };
        boxes[heaviest] = weighed(lower);
        if upper.is_empty() {
            break;
        }
        boxes.push(weighed(upper));
    }
    boxes.into_iter().map(|(_, colors)| colors).collect()
}

/// Takes the upper half out of a box of two colours or more.
fn halve(colors: &mut Vec<Counted>) -> Vec<Counted> {
    let (channel, _) = widest(colors);
    colors.sort_by_key(|(color, _)| (color[channel], *color));
    let half = pixels(colors).div_ceil(2);
    let mut below = 0;
    let middle = colors.iter().position(|(_, count)| {
        below += count;
        below >= half
    });
    colors.split_off((middle.unwrap_or(0) + 1).min(colors.len() - 1))
}

/// The channel in which colours differ most, and by how much.
fn widest(colors: &[Counted]) -> (usize, usize) {
    let spread = |channel: usize| {
        let values = || colors.iter().map(|(color, _)| usize::from(color[channel]));
        values().max().unwrap_or(0) - values().min().unwrap_or(0)
    };
    (0..3).map(|channel| (channel, spread(channel))).fold(
        (0, 0),
        |best, next| {
            if next.1 > best.1 { next } else { best }
        },
    )
}

fn pixels(colors: &[Counted]) -> usize {
    colors.iter().map(|(_, count)| count).sum()
}

/// The colour of a box, rounded.
fn mean(colors: &[Counted]) -> [u8; 3] {
    let count = pixels(colors).max(1);
    std::array::from_fn(|channel| {
        let sum: usize = colors.iter().map(|(color, count)| usize::from(color[channel]) * count).sum();
        ((sum + count / 2) / count) as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(indexed: &Indexed) -> Vec<[u8; 3]> {
        indexed.indices.iter().map(|&index| indexed.palette[usize::from(index)]).collect()
    }

    #[test]
    fn few_colours_stay_as_they_are() {
        let image = RgbImage::from_fn(16, 16, |x, y| image::Rgb([x as u8, y as u8, 7]));
        let indexed = Indexed::of(&image, 256);
        assert_eq!(indexed.palette.len(), 256);
        assert!(shown(&indexed).into_iter().eq(image.pixels().map(|pixel| pixel.0)));
    }

    #[test]
    fn of_many_colours_those_that_are_alike_become_one() {
        let image = RgbImage::from_raw(4, 1, vec![0, 0, 0, 2, 0, 0, 250, 0, 0, 254, 0, 0]).expect("pixels");
        assert_eq!(shown(&Indexed::of(&image, 2)), [[1, 0, 0], [1, 0, 0], [252, 0, 0], [252, 0, 0]]);
        assert_eq!(Indexed::of(&image, 1).palette, [[127, 0, 0]]);
    }
}
