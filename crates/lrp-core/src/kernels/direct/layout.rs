//! How a strip of rows lies in its buffer, and comes there.

use super::pass::{Axis, Pass};
use super::{NEAR, even};
use crate::kernels::panels::Along;
use crate::kernels::tile::{LONG, Offsets, REGISTER};
use crate::tensor::Float;

/// Elements of a strip's buffer: about what a second-level cache holds beside the weights.
const BUFFER: usize = 1 << 16;

/// Elements of the widest tile.
const FULL: usize = 3 * REGISTER;

/// Registers of positions computed in the time it takes to begin a strip.
const START: usize = 1;

/// How a strip lies in its buffer, or in the source itself.
pub(super) struct Layout {
    /// Whether windows are read from the source.
    pub(super) in_place: bool,
    /// Whether sums of positions go to their planes at once, row by row: where rows are long and of whole registers.
    /// Other rows share registers with what lies between them.
    pub(super) apart: bool,
    /// Positions of a strip along the last two axes.
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Elements from one row of a plane to the next, and from one plane to the next.
    pub(super) pitch: usize,
    pub(super) plane: usize,
    /// Rows of a plane.
    height: usize,
    /// What each plane of one channel holds: a tap of the depth and a phase of the other two axes.
    pub(super) planes: Vec<[isize; 3]>,
    /// Where the windows start in the buffer, one entry a channel and tap.
    pub(super) offsets: Offsets,
}

impl Layout {
    pub(super) fn new(pass: &Pass, inputs: usize, along: Along) -> Self {
        let [depth, height, width] = &pass.axes;
        let (rows_reach, columns_reach) = (height.reach(), width.reach());
        let phases = depth.taps.len() * height.phases().len() * width.phases().len();
        let row = |columns: usize| inputs * phases * (columns + columns_reach);
        let mut columns = width.count;
        if row(columns) * (1 + rows_reach) > 4 * BUFFER && columns > 128 {
            let part = even(width.count, (BUFFER / row(1).max(1)).clamp(96, width.count));
            columns = part.next_multiple_of(FULL).min(width.count);
        }
        let apart = along == Along::Positions
            && width.spacing == 1
            && columns.is_multiple_of(REGISTER)
            && columns >= NEAR;
        // The zeros behind one row may serve as those before the next, but rows of whole registers begin with one.
        let shares = !apart && columns == width.count && width.step == 1;
        let shared = if shares { width.margin(pass.source[2]) } else { 0 };
        let pitch = (columns + columns_reach - shared).next_multiple_of(if apart { REGISTER } else { 1 });
        let room = match along {
            // Sums of long rows pass through the same cache.
            Along::Positions => 3 * BUFFER / 2,
            Along::Outputs => 2 * BUFFER,
        };
        let most = (room / row(columns).max(1)).saturating_sub(rows_reach).clamp(1, height.count);
        let next = if apart { columns } else { pitch };
        let registers = |rows: usize| ((rows - 1) * next + columns).div_ceil(REGISTER) + START;
        let cost = |&rows: &usize| match (height.count / rows, height.count % rows) {
            (strips, 0) => strips * registers(rows),
            (strips, rest) => strips * registers(rows) + registers(rest),
        };
        let rows = match along {
            Along::Positions => (1..=most).min_by_key(cost).unwrap_or(1),
            Along::Outputs => even(height.count, most),
        };
        let plane = (rows + rows_reach) * pitch + shared;
        let mut layout = Self {
            in_place: false,
            apart,
            rows,
            columns,
            pitch,
            plane: plane.next_multiple_of(REGISTER),
            height: rows + rows_reach,
            planes: Vec::new(),
            offsets: Offsets::default(),
        };
        for &(_, base) in &depth.taps {
            for y in height.phases() {
                layout.planes.extend(width.phases().iter().map(|&x| [base, y, x]));
            }
        }
        layout.offsets = layout.shifts(pass, inputs);
        layout
    }

    /// Strips of a source whose windows are single positions, one after the other, with outputs along the registers:
    /// nothing but these positions is read.
    pub(super) fn in_place(pass: &Pass, inputs: usize) -> Option<Self> {
        let line = &pass.axes[2];
        let plain = |axis: &Axis| axis.step == 1 && axis.spacing == 1 && matches!(axis.taps[..], [(0, 0)]);
        let whole = pass.axes.iter().all(plain) && pass.source == [1, 1, line.count];
        if !whole || u32::try_from(inputs * line.count).is_err() {
            return None;
        }
        let columns =
            even(line.count, (BUFFER / inputs.max(1)).clamp(8 * LONG, 16 * LONG)).next_multiple_of(LONG);
        let mut layout = Self {
            in_place: true,
            apart: false,
            rows: 1,
            columns: columns.min(line.count),
            pitch: line.count,
            plane: line.count,
            height: 1,
            planes: vec![[0; 3]],
            offsets: Offsets::default(),
        };
        layout.offsets = layout.shifts(pass, inputs);
        Some(layout)
    }

    fn shifts(&self, pass: &Pass, inputs: usize) -> Offsets {
        let [depth, height, width] = &pass.axes;
        let (across, along) = (height.phases(), width.phases());
        let mut offsets = Vec::with_capacity(inputs * pass.taps().count());
        for input in 0..inputs {
            for d in 0..depth.taps.len() {
                for &(_, y) in &height.taps {
                    for &(_, x) in &width.taps {
                        let (y_phase, y_shift) = height.split(y);
                        let (x_phase, x_shift) = width.split(x);
                        let phase = across.iter().position(|&p| p == y_phase).unwrap_or(0) * along.len()
                            + along.iter().position(|&p| p == x_phase).unwrap_or(0);
                        let plane = input * self.planes.len() + d * across.len() * along.len() + phase;
                        offsets.push(plane * self.plane + y_shift * self.pitch + x_shift);
                    }
                }
            }
        }
        offsets.into_iter().collect()
    }
}

/// Copies one phase of a source plane into the buffer, zeros around it.
#[inline(always)]
#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sizes and shifts of arrays that exist"
)]
pub(super) fn fill<T: Float>(
    plane: &mut [T],
    phase: &[isize; 3],
    source: &[T],
    pass: &Pass,
    layout: &Layout,
    first: [usize; 3],
) {
    let [depth, height, width] = &pass.axes;
    let [slices, rows, columns] = pass.source;
    let slice = (first[0] * depth.step) as isize + phase[0];
    let inside = |index: isize, size: usize| (0..size as isize).contains(&index);
    let start = (first[2] * width.step) as isize + phase[2];
    // Columns `from..to` of the row lie in the source.
    let from = ((-start).max(0) as usize).div_ceil(width.step).min(layout.pitch);
    let to = ((columns as isize - start).max(0) as usize).div_ceil(width.step).clamp(from, layout.pitch);
    let used = layout.height * layout.pitch;
    for (row, target) in plane[..used].chunks_exact_mut(layout.pitch).enumerate() {
        let y = ((first[1] + row) * height.step) as isize + phase[1];
        if !inside(slice, slices) || !inside(y, rows) || from == to {
            target.fill(T::zero());
            continue;
        }
        let line = &source[(slice as usize * rows + y as usize) * columns..][..columns];
        let line = &line[(start + (from * width.step) as isize) as usize..];
        target[..from].fill(T::zero());
        if width.step == 1 {
            target[from..to].copy_from_slice(&line[..to - from]);
        } else {
            target[from..to].iter_mut().zip(line.iter().step_by(width.step)).for_each(|(t, &x)| *t = x);
        }
        target[to..].fill(T::zero());
    }
    plane[used..].fill(T::zero());
}
