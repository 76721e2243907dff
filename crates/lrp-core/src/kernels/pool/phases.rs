//! Planes laid out by the phases of the stride, so that one tap of all windows is one stretch.
//!
//! Pixels that lie a multiple of the stride apart stand side by side, a phase after the other, and rows of windows are
//! as long as rows of phases. A tap then reads from a phase what the windows write, entry by entry and across the ends
//! of rows; what stands there belongs to no window and is passed over when the plane is laid back.

use super::super::Geometry;
use super::{Side, Stretch};

/// Stretches are multiples of this where they may be, so that no entry is left to be computed by itself; behind every
/// plane is room for what is too much.
const STEP: usize = 64;

/// The layout of planes for one pool.
#[derive(Clone, Debug)]
pub(super) struct Phases {
    input: [usize; 3],
    output: [usize; 3],
    stride: [usize; 2],
    padding: [usize; 2],
    /// Rows of a phase.
    rows: usize,
    /// Entries of a row, of phases and of windows alike.
    pitch: usize,
    pub(super) stretches: Vec<Stretch>,
}

impl Phases {
    /// Where so many windows overlap that the work is worth the laying out.
    pub(super) fn of(geometry: &Geometry) -> Option<Self> {
        let Geometry { input, output, kernel, stride, dilation, padding } = *geometry;
        let overlap = kernel[1] * kernel[2] >= 2 * stride[1] * stride[2];
        if !overlap || output[1] * output[2] < 4 {
            return None;
        }
        let beyond = |axis: usize| (kernel[axis] - 1) * dilation[axis] / stride[axis];
        let layout = Self {
            input,
            output,
            stride: [stride[1], stride[2]],
            padding: [padding[1], padding[2]],
            rows: output[1] + beyond(1),
            pitch: output[2] + beyond(2),
            stretches: Vec::new(),
        };
        let windows = (output[1] - 1) * layout.pitch + output[2];
        // What is too much would otherwise belong to the windows behind.
        let count = if output[0] == 1 { windows.next_multiple_of(STEP) } else { windows };
        let mut stretches = Vec::new();
        for d in 0..output[0] {
            for i in 0..kernel[0] {
                let depth = (d * stride[0] + i * dilation[0]).checked_sub(padding[0]);
                let Some(depth) = depth.filter(|&depth| depth < input[0]) else { continue };
                for (h, w) in (0..kernel[1]).flat_map(|h| (0..kernel[2]).map(move |w| (h, w))) {
                    stretches.push(Stretch {
                        output: d * layout.output[1] * layout.pitch,
                        input: layout.place(depth, h * dilation[1], w * dilation[2]),
                        stride: 1,
                        count,
                        pairs: false,
                    });
                }
            }
        }
        Some(Self { stretches, ..layout })
    }

    /// Where a pixel of the padded plane stands.
    #[inline(always)]
    fn place(&self, depth: usize, row: usize, column: usize) -> usize {
        let [high, wide] = self.stride;
        let phase = (depth * high + row % high) * wide + column % wide;
        (phase * self.rows + row / high) * self.pitch + column / wide
    }

    /// Entries of a plane that is laid out, with the room behind it.
    pub(super) fn volume(&self, side: Side) -> usize {
        let entries = match side {
            Side::Input => self.input[0] * self.stride[0] * self.stride[1] * self.rows * self.pitch,
            Side::Output => self.output[0] * self.output[1] * self.pitch,
        };
        entries + STEP
    }

    /// Lays a plane out, with `outside` wherever nothing of it is.
    #[inline(always)]
    pub(super) fn lay<T: Copy>(&self, plane: &[T], side: Side, outside: T, laid: &mut [T]) {
        laid.fill(outside);
        self.each_row(side, |start, count, step, place| {
            let (row, laid) = (&plane[start..][..(count - 1) * step + 1], &mut laid[place..][..count]);
            match step {
                1 => laid.copy_from_slice(row),
                2 => laid.iter_mut().zip(row.chunks(2)).for_each(|(laid, pair)| *laid = pair[0]),
                _ => laid.iter_mut().zip(row.iter().step_by(step)).for_each(|(laid, &value)| *laid = value),
            }
        });
    }

    /// Takes a plane out of its layout; what no window saw stays as it is.
    #[inline(always)]
    pub(super) fn take<T: Copy>(&self, laid: &[T], side: Side, plane: &mut [T]) {
        self.each_row(side, |start, count, step, place| {
            let (row, laid) = (&mut plane[start..][..(count - 1) * step + 1], &laid[place..][..count]);
            match step {
                1 => row.copy_from_slice(laid),
                2 => row.chunks_mut(2).zip(laid).for_each(|(pair, &laid)| pair[0] = laid),
                _ => row.iter_mut().step_by(step).zip(laid).for_each(|(value, &laid)| *value = laid),
            }
        });
    }

    /// Calls `f` with the start, the count and the step of entries of a plane, and the place of the first where the
    /// plane is laid out; there they stand side by side.
    #[inline(always)]
    fn each_row(&self, side: Side, mut f: impl FnMut(usize, usize, usize, usize)) {
        if side == Side::Output {
            let [depths, rows, columns] = self.output;
            (0..depths * rows).for_each(|row| f(row * columns, columns, 1, row * self.pitch));
            return;
        }
        let [depths, rows, columns] = self.input;
        let [high, wide] = self.stride;
        for (depth, row) in (0..depths).flat_map(|depth| (0..rows).map(move |row| (depth, row))) {
            let padded = row + self.padding[0];
            if padded / high >= self.rows {
                continue;
            }
            for phase in 0..wide {
                // The first column of the phase that is in the plane, and how many fit.
                let column = (phase + wide - self.padding[1] % wide) % wide;
                let place = column + self.padding[1];
                let room = self.pitch.saturating_sub(place / wide);
                let count = columns.saturating_sub(column).div_ceil(wide).min(room);
                if count > 0 {
                    f((depth * rows + row) * columns + column, count, wide, self.place(depth, padded, place));
                }
            }
        }
    }
}
