//! A drawing as the digits of MNIST were made: fitted into a box, centred by mass, with soft edges.

use ndarray::Array2;

/// Lines drawn without lifting the pen, each a list of points `[x, y]`; y grows downwards, the field is 1 by 1.
pub(crate) type Strokes = [Vec<[f64; 2]>];

/// Pixels of a side.
const SIDE: usize = 28;
/// What a digit is fitted into.
const BOX: f64 = 20.0;
/// Half the width of the pen, in pixels.
const PEN: f64 = 1.2;
/// Pixels over which its edge fades.
const EDGE: f64 = 1.4;
/// What is smaller than this part of the field is not enlarged to fill the box.
const LEAST: f64 = 0.2;

/// The drawing in grey values from 0 to 255, `[28, 28]`; `None` if nothing is drawn.
///
/// It is moved while it is lines, so that nothing is blurred by moving pixels.
pub(crate) fn digit(strokes: &Strokes) -> Option<Array2<f64>> {
    let bounds = |axis: usize| {
        let values = strokes.iter().flatten().map(move |point| point[axis]);
        let low = values.clone().fold(f64::INFINITY, f64::min);
        (low, values.fold(f64::NEG_INFINITY, f64::max))
    };
    let ((left, right), (top, bottom)) = (bounds(0), bounds(1));
    if left > right {
        return None;
    }
    let scale = (BOX - 2.0 * PEN) / (right - left).max(bottom - top).max(LEAST);
    let middle = SIDE as f64 / 2.0;
    let fitted = |offset: [f64; 2]| {
        let place = |&[x, y]: &[f64; 2]| {
            let across = (x - (left + right) / 2.0) * scale + middle + offset[0];
            [across, (y - (top + bottom) / 2.0) * scale + middle + offset[1]]
        };
        strokes.iter().map(|stroke| stroke.iter().map(place).collect()).collect::<Vec<Vec<_>>>()
    };
    let [x, y] = centre(&ink(&fitted([0.0; 2])));
    Some(ink(&fitted([middle - x, middle - y])).mapv(|value| (255.0 * value).round()))
}

/// How much of each pixel is covered, 0 to 1, by lines in units of pixels.
fn ink(strokes: &Strokes) -> Array2<f64> {
    let mut field = Array2::zeros([SIDE; 2]);
    for stroke in strokes {
        let dot = stroke.first().filter(|_| stroke.len() == 1).map(|&point| (point, point));
        let lines = stroke.windows(2).map(|ends| (ends[0], ends[1]));
        lines.chain(dot).for_each(|(from, to)| draw_line(&mut field, from, to));
    }
    field
}

fn draw_line(field: &mut Array2<f64>, from: [f64; 2], to: [f64; 2]) {
    let reach = PEN + EDGE;
    // The casts saturate, so that what lies outside is cut off.
    let pixels = |one: f64, other: f64| {
        let (low, high) = (one.min(other) - reach, one.max(other) + reach);
        (low.max(0.0) as usize).min(SIDE)..(high.max(0.0).ceil() as usize).min(SIDE)
    };
    for row in pixels(from[1], to[1]) {
        for column in pixels(from[0], to[0]) {
            let away = distance([column as f64 + 0.5, row as f64 + 0.5], from, to);
            let covered = ((PEN + EDGE / 2.0 - away) / EDGE).clamp(0.0, 1.0);
            field[[row, column]] = covered.max(field[[row, column]]);
        }
    }
}

/// From a point to the nearest point of a line with ends.
fn distance(point: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let (line, away) = ([to[0] - from[0], to[1] - from[1]], [point[0] - from[0], point[1] - from[1]]);
    let length = line[0] * line[0] + line[1] * line[1];
    let along = (line[0] * away[0] + line[1] * away[1]) / length;
    let along = if length > 0.0 { along.clamp(0.0, 1.0) } else { 0.0 };
    (away[0] - along * line[0]).hypot(away[1] - along * line[1])
}

/// The centre of mass, `[x, y]`.
fn centre(field: &Array2<f64>) -> [f64; 2] {
    let mass = field.sum();
    let moment = |along: fn((usize, usize)) -> usize| {
        let of = |(index, value): ((usize, usize), &f64)| (along(index) as f64 + 0.5) * value;
        field.indexed_iter().map(of).sum::<f64>() / mass
    };
    [moment(|(_, column)| column), moment(|(row, _)| row)]
}

#[cfg(test)]
mod tests {
    use super::{BOX, centre, digit};

    #[test]
    fn a_drawing_fills_the_box_and_its_mass_is_in_the_middle() {
        // The same seven, drawn small in a corner and large.
        let seven = [[0.0, 0.0], [1.0, 0.0], [0.4, 1.6]];
        let at = |x: f64, y: f64, size: f64| vec![seven.map(|[a, b]| [x + size * a, y + size * b]).to_vec()];
        let (small, large) = (digit(&at(0.7, 0.05, 0.2)), digit(&at(0.2, 0.1, 0.5)));
        let (small, large) = (small.expect("ink"), large.expect("ink"));
        assert!((&small - &large).iter().all(|difference| difference.abs() <= 1.0));
        let rows = large.rows().into_iter().filter(|row| row.iter().any(|&value| value > 127.0)).count();
        assert_eq!(rows, BOX as usize);
        assert!(centre(&large).iter().all(|middle| (middle - 14.0).abs() < 0.05), "{:?}", centre(&large));
    }

    #[test]
    fn a_dot_stays_a_dot_and_nothing_is_nothing() {
        let dot = digit(&[vec![[0.3, 0.9]]]).expect("ink");
        assert!(
            [[13, 13], [13, 14], [14, 13], [14, 14]]
                .map(|pixel| dot[pixel])
                .iter()
                .all(|&value| value > 200.0)
        );
        assert!(dot.iter().filter(|&&value| value > 0.0).count() < 25);
        assert_eq!(digit(&[]), None);
        assert_eq!(digit(&[vec![]]), None);
    }
}
