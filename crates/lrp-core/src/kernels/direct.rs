//! Convolution by shifted windows: no matrix of windows ever exists.
//!
//! A strip of rows is copied once into a zero-padded buffer, one plane a channel. A row of the matrix of windows
//! is then that buffer *shifted by a constant*, so the register tile reads it in place. Windows of one position need
//! no zeros and no copy. A stride splits the buffer into phases, each of them dense; the transpose is the same thing
//! over signals, with one pass for every phase of the stride. One and two dimensions are three with axes of size one.

use std::ops::Range;

use super::panels::{Along, Block, Panels};
use super::parallel::{self, Scratch};
use super::planes::{Finish, Plane, Planes, Targets};
use super::simd::{Kernel, Lanes, dispatch};
use super::tile::{self, LONG, Offsets, REGISTER, ROWS, Rows, WIDE};
use super::{Geometry, coordinates};
use crate::tensor::Float;

/// Elements of a strip's buffer: about what a second-level cache holds beside the weights.
const BUFFER: usize = 1 << 16;

/// Elements of the widest tile.
const FULL: usize = 3 * REGISTER;

/// Registers of positions computed in the time it takes to begin a strip.
const START: usize = 1;

/// Rows of weights that a tile with outputs in its lanes multiplies at a time, which stay in the second-level cache
/// from one tile to the next.
const DEPTH: usize = 1152;

/// Positions whose sums of a block go to their planes together: more would wait for each other on the way to memory.
/// Their number fills tiles and registers.
const NEAR: usize = 8 * LONG;

/// Multiplications in the time it takes to bring a sum from between other outputs to its plane.
const TURN: usize = 16;

/// Multiplications in the time it takes to bring an element to the buffer of its strip.
const FILL: usize = 8;

/// Positions below which a tile with outputs along its registers takes as long as one with so many.
const FEW: usize = 4;

/// How one axis of the result reads the source.
#[derive(Clone, Debug)]
struct Axis {
    /// Positions computed, and the distance of neighbours in the source.
    count: usize,
    step: usize,
    /// Taps `(index, base)`: position `p` reads the source at `p · step + base`, zero outside.
    taps: Vec<(usize, isize)>,
    /// Where position `p` is written: at `origin + p · spacing`.
    origin: usize,
    spacing: usize,
}

/// One sweep over a source that computes part of a result, or all of it.
#[derive(Clone, Debug)]
pub(super) struct Pass {
    axes: [Axis; 3],
    source: [usize; 3],
    target: [usize; 3],
}

#[expect(clippy::cast_possible_wrap, reason = "sizes of arrays that exist")]
impl Pass {
    /// From input to output.
    pub(super) fn forward(geometry: &Geometry) -> Self {
        let geometry = geometry.as_line();
        let axis = |a: usize| Axis {
            count: geometry.output[a],
            step: geometry.stride[a],
            taps: (0..geometry.kernel[a])
                .map(|tap| (tap, (tap * geometry.dilation[a]) as isize - geometry.padding[a] as isize))
                .collect(),
            origin: 0,
            spacing: 1,
        };
        Self { axes: std::array::from_fn(axis), source: geometry.input, target: geometry.output }
    }

    /// From output back to input: one pass for each phase of the stride, with the taps that reach it.
    ///
    /// Input `i = phase + stride · m` meets output `o` through tap `t` where `i + padding = o · stride + t ·
    /// dilation`, so `o = m + (phase + padding − t · dilation) / stride` where that divides.
    pub(super) fn transposed(geometry: &Geometry) -> Vec<Self> {
        let geometry = geometry.as_line();
        let axis = |a: usize, phase: usize| {
            let stride = geometry.stride[a] as isize;
            let base = |tap: usize| {
                let reach = (phase + geometry.padding[a]) as isize - (tap * geometry.dilation[a]) as isize;
                (reach % stride == 0).then_some((tap, reach / stride))
            };
            Axis {
                count: geometry.input[a].saturating_sub(phase).div_ceil(geometry.stride[a]),
                step: 1,
                taps: (0..geometry.kernel[a]).filter_map(base).collect(),
                origin: phase,
                spacing: geometry.stride[a],
            }
        };
        let pass = |phase: [usize; 3]| Self {
            axes: std::array::from_fn(|a| axis(a, phase[a])),
            source: geometry.output,
            target: geometry.input,
        };
        coordinates(geometry.stride).map(pass).collect()
    }

    /// Whether it would write nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.axes.iter().any(|axis| axis.count == 0 || axis.taps.is_empty())
    }

    /// What lies along registers best, with so many channels read and written.
    pub(super) fn along(&self, read: usize, written: usize) -> Along {
        // What is read in place need not be copied.
        let saved = Layout::in_place(self, read).map_or(0, |_| FILL * self.positions() * read);
        let [positions, outputs] = Along::BOTH.map(|along| self.products(along, read, written));
        if outputs < positions + saved { Along::Outputs } else { Along::Positions }
    }

    /// Multiplications there is time for while this runs.
    pub(super) fn work(&self, read: usize, written: usize) -> usize {
        let [positions, outputs] = Along::BOTH.map(|along| self.products(along, read, written));
        positions.min(outputs)
    }

    fn products(&self, along: Along, read: usize, written: usize) -> usize {
        if self.is_empty() {
            return 0;
        }
        let [slices, height, width] = self.axes.each_ref().map(|axis| axis.count);
        let depth = self.taps().count() * read;
        match along {
            // Positions of nobody at the ends of rows and registers are computed too.
            Along::Positions => {
                let Layout { rows, columns, pitch, .. } = Layout::new(self, read, along);
                let strips = slices * height.div_ceil(rows) * width.div_ceil(columns);
                strips * ((rows - 1) * pitch + columns).next_multiple_of(REGISTER) * depth * written
            }
            // Tiles of too few positions wait for their own sums.
            Along::Outputs => {
                let positions = slices * height * width.max(FEW);
                positions * (depth * written.next_multiple_of(REGISTER) + TURN * written)
            }
        }
    }

    fn positions(&self) -> usize {
        self.axes.iter().map(|axis| axis.count).product()
    }

    pub(super) fn taps(&self) -> impl Iterator<Item = [usize; 3]> {
        let [depth, height, width] = &self.axes;
        depth.taps.iter().flat_map(move |d| {
            height.taps.iter().flat_map(move |h| width.taps.iter().map(move |w| [d.0, h.0, w.0]))
        })
    }
}

/// How a strip lies in its buffer, or in the source itself.
struct Layout {
    /// Whether windows are read from the source.
    in_place: bool,
    /// Positions of a strip along the last two axes.
    rows: usize,
    columns: usize,
    /// Elements from one row of a plane to the next, and from one plane to the next.
    pitch: usize,
    plane: usize,
    /// Rows of a plane.
    height: usize,
    /// What each plane of one channel holds: a tap of the depth and a phase of the other two axes.
    planes: Vec<[isize; 3]>,
    /// Where the windows start in the buffer, one entry a channel and tap.
    offsets: Offsets,
}

impl Layout {
    fn new(pass: &Pass, inputs: usize, along: Along) -> Self {
        let [depth, height, width] = &pass.axes;
        let (rows_reach, columns_reach) = (height.reach(), width.reach());
        let phases = depth.taps.len() * height.phases().len() * width.phases().len();
        let row = |columns: usize| inputs * phases * (columns + columns_reach);
        let mut columns = width.count;
        if row(columns) * (1 + rows_reach) > 4 * BUFFER && columns > 128 {
            let part = even(width.count, (BUFFER / row(1).max(1)).clamp(96, width.count));
            columns = part.next_multiple_of(FULL).min(width.count);
        }
        // The zeros behind one row may serve as those before the next.
        let shared = if columns == width.count && width.step == 1 { width.margin(pass.source[2]) } else { 0 };
        let pitch = columns + columns_reach - shared;
        let most = (2 * BUFFER / row(columns).max(1)).saturating_sub(rows_reach).clamp(1, height.count);
        let registers = |rows: usize| ((rows - 1) * pitch + columns).div_ceil(REGISTER) + START;
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
    fn in_place(pass: &Pass, inputs: usize) -> Option<Self> {
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

/// Positions in pieces of neighbours: parts of a row, or some rows.
fn pieces(rows: usize, columns: usize) -> impl Iterator<Item = (Range<usize>, Range<usize>)> {
    let (high, wide) = ((NEAR / columns).max(1), even(columns, NEAR));
    (0..rows).step_by(high).flat_map(move |row| {
        let rows = row..rows.min(row + high);
        (0..columns).step_by(wide).map(move |column| (rows.clone(), column..columns.min(column + wide)))
    })
}

/// `count` cut into equal parts of at most `size`: the size of a part.
pub(super) fn even(count: usize, size: usize) -> usize {
    count.div_ceil(count.div_ceil(size.max(1)).max(1))
}

#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sizes and shifts of arrays that exist"
)]
impl Axis {
    fn lowest(&self) -> isize {
        self.taps.iter().map(|&(_, base)| base).min().unwrap_or(0)
    }

    /// The phase that a tap reads, as the source index of its first element, and how far it is shifted there.
    fn split(&self, base: isize) -> (isize, usize) {
        let shift = (base - self.lowest()) as usize;
        (self.lowest() + (shift % self.step) as isize, shift / self.step)
    }

    fn phases(&self) -> Vec<isize> {
        let mut phases: Vec<isize> = self.taps.iter().map(|&(_, base)| self.split(base).0).collect();
        phases.sort_unstable();
        phases.dedup();
        phases
    }

    /// The largest shift.
    fn reach(&self) -> usize {
        self.taps.iter().map(|&(_, base)| self.split(base).1).max().unwrap_or(0)
    }

    /// Zeros that a row of the buffer has at both ends.
    fn margin(&self, size: usize) -> usize {
        let before = -self.lowest();
        let behind = (self.count + self.reach()) as isize + self.lowest() - size as isize;
        before.min(behind).max(0) as usize
    }
}

/// Runs one pass: for every group and sample, `targets = panels · windows of sources`.
pub(super) fn run<T: Float>(
    pass: &Pass,
    panels: &Panels<T>,
    sources: &Planes<'_, T>,
    targets: &Targets<T>,
    finish: Finish<'_, T>,
) {
    let [depth, height, width] = &pass.axes;
    if pass.is_empty() {
        return;
    }
    let (inputs, division) = (sources.count(), sources.division);
    let alone = panels.along == Along::Outputs && sources.arrays.len() == 1;
    let layout = alone.then(|| Layout::in_place(pass, inputs)).flatten();
    let layout = layout.unwrap_or_else(|| Layout::new(pass, inputs, panels.along));
    let strips = [depth.count, height.count.div_ceil(layout.rows), width.count.div_ceil(layout.columns)];
    let strips_in_all: usize = strips.iter().product();
    let regions = division.groups * division.batch * strips_in_all;
    let work = regions * layout.rows * layout.columns * layout.offsets.depth() * targets.count();
    let parts = parallel::parts(regions, panels.blocks().len(), work);
    parallel::each(regions * parts, work, |index, scratch| {
        let (region, part) = (index / parts, index % parts);
        let (place, strip) = (region / strips_in_all, region % strips_in_all);
        let share = |part: usize| panels.blocks().len() * part / parts;
        let (sample, group) = (place % division.batch, place / division.batch);
        let strip = Strip {
            pass,
            layout: &layout,
            panels,
            sources,
            targets,
            finish,
            sample,
            group,
            first: [
                strip / (strips[1] * strips[2]),
                strip / strips[2] % strips[1] * layout.rows,
                strip % strips[2] * layout.columns,
            ],
            blocks: share(part)..share(part + 1),
        };
        dispatch(StripKernel { strip: &strip, scratch });
    });
}

/// Some rows of some outputs of one sample.
struct Strip<'a, T> {
    pass: &'a Pass,
    layout: &'a Layout,
    panels: &'a Panels<T>,
    sources: &'a Planes<'a, T>,
    targets: &'a Targets<T>,
    finish: Finish<'a, T>,
    sample: usize,
    group: usize,
    /// The first position.
    first: [usize; 3],
    blocks: Range<usize>,
}

struct StripKernel<'a, T> {
    strip: &'a Strip<'a, T>,
    scratch: &'a mut Scratch<T>,
}

impl<T: Float> Kernel<T> for StripKernel<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (strip, scratch) = (self.strip, self.scratch);
        let layout = strip.layout;
        let [_, height, width] = &strip.pass.axes;
        let rows = layout.rows.min(height.count - strip.first[1]);
        let columns = layout.columns.min(width.count - strip.first[2]);
        let registers = ((rows - 1) * layout.pitch + columns).div_ceil(V::COUNT);
        let inputs = strip.sources.count();
        let phases = layout.planes.len();
        // Tiles of positions read a little past the last window of the last plane.
        let margin = (registers + 3) * V::COUNT + layout.plane;
        let size = if layout.in_place { 0 } else { inputs * phases * layout.plane + margin };
        let count = match strip.panels.along {
            Along::Positions => ROWS * registers * V::COUNT,
            // A register of positions is turned at a time.
            Along::Outputs => (rows * columns + V::COUNT) * WIDE,
        };
        let (buffer, sums) = scratch.two(size, count);
        let start = if layout.in_place {
            strip.sources.planes(strip.sample, strip.group)[strip.first[2]..].as_ptr()
        } else {
            for input in 0..inputs {
                let planes = buffer[input * phases * layout.plane..].chunks_mut(layout.plane);
                let source = strip.sources.plane(strip.sample, strip.group, input);
                for (phase, plane) in layout.planes.iter().zip(planes) {
                    fill(plane, phase, source, strip.pass, layout, strip.first);
                }
            }
            buffer.as_ptr()
        };
        let windows = layout.offsets.rows(start);
        for block in &strip.panels.blocks()[strip.blocks.clone()] {
            // SAFETY: the caller has the instructions. The buffer reaches a full tile past the last window; `sums` is
            // as long as each way needs.
            unsafe {
                match strip.panels.along {
                    Along::Positions => strip.along_positions::<V>(block, windows, sums, [rows, columns]),
                    Along::Outputs => strip.along_outputs::<V>(block, windows, sums, [rows, columns]),
                }
            }
        }
    }
}

/// Where the sums of an output go, and what becomes of them.
#[derive(Clone, Copy)]
struct Outlet<'a, T> {
    plane: Plane<'a, T>,
    bias: T,
    rectify: bool,
}

impl<T: Float> Strip<'_, T> {
    /// Computes a block with neighbouring positions in the lanes, those between rows included.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`. `sums` holds [`ROWS`] rows of registers for all positions, and
    /// as many can be read at every window.
    #[inline(always)]
    unsafe fn along_positions<V: Lanes<Scalar = T>>(
        &self,
        block: &Block,
        windows: Rows<'_, T>,
        sums: &mut [T],
        [rows, columns]: [usize; 2],
    ) {
        // Long rows of whole registers go to memory one by one; others share registers with what lies between them.
        let at_once = if columns.is_multiple_of(V::COUNT) && columns >= NEAR { 1 } else { rows };
        let positions = (at_once - 1) * self.layout.pitch + columns;
        let pitch = positions.next_multiple_of(V::COUNT);
        let (a, c) = (self.panels.panel(self.group, block).as_ptr(), sums.as_mut_ptr());
        for first in (0..rows).step_by(at_once) {
            let windows = windows.after(first * self.layout.pitch);
            // SAFETY: a panel holds `depth · rows` weights and more; the rest as the caller vouches.
            unsafe { tile::multiply_positions::<V>(block.rows, positions, a, windows, c, pitch) }
            for (row, sums) in sums.chunks_exact(pitch).take(block.rows).enumerate() {
                self.write(block.first + row, sums, first..first + at_once, columns);
            }
        }
    }

    /// Computes a block with outputs in the lanes, position after position.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`. `sums` holds [`WIDE`] sums for every position and for a register
    /// of positions more, and every window can be read.
    #[inline(always)]
    unsafe fn along_outputs<V: Lanes<Scalar = T>>(
        &self,
        block: &Block,
        windows: Rows<'_, T>,
        sums: &mut [T],
        [rows, columns]: [usize; 2],
    ) {
        let all = columns;
        let panel = self.panels.panel(self.group, block);
        let outputs = std::array::from_fn(|row| {
            let output = block.first + row.min(block.rows - 1);
            let (bias, rectify) = self.targets.finish(self.finish, self.group, output);
            Outlet { plane: self.targets.plane(self.sample, self.group, output), bias, rectify }
        });
        for first in (0..windows.depth).step_by(DEPTH) {
            let piece = windows.part(first..windows.depth.min(first + DEPTH));
            let complete = first + piece.depth == windows.depth;
            for (rows, columns) in pieces(rows, columns) {
                for row in rows.clone() {
                    // SAFETY: a panel holds `depth · width` weights; the rest as the caller vouches.
                    unsafe {
                        let piece = piece.after(row * self.layout.pitch + columns.start);
                        let a = panel.as_ptr().add(first * block.width);
                        let c = sums.as_mut_ptr().add((row * all + columns.start) * block.width);
                        tile::multiply_outputs::<V>(block.width, columns.len(), a, piece, c, first > 0);
                    }
                }
                if complete {
                    // SAFETY: the caller has the instructions.
                    unsafe { self.turn::<V>(block, &outputs, sums, all, rows, columns) }
                }
            }
        }
    }

    /// Takes the sums of one output out of their padded rows to where they belong.
    #[inline(always)]
    fn write(&self, output: usize, sums: &[T], rows: Range<usize>, columns: usize) {
        let spacing = self.pass.axes[2].spacing;
        let (bias, rectify) = self.targets.finish(self.finish, self.group, output);
        let finish = |sum: T| {
            let value = sum + bias;
            if rectify && value <= T::zero() { T::zero() } else { value }
        };
        let plane = self.targets.plane(self.sample, self.group, output);
        for (index, row) in rows.enumerate() {
            let sums = &sums[index * self.layout.pitch..][..columns];
            // SAFETY: passes, strips and blocks are disjoint, so nobody else writes these elements.
            let target = unsafe { plane.part(self.start(row), (columns - 1) * spacing + 1) };
            if spacing == 1 {
                target.iter_mut().zip(sums).for_each(|(target, &sum)| *target = finish(sum));
            } else {
                target.iter_mut().step_by(spacing).zip(sums).for_each(|(target, &sum)| *target = finish(sum));
            }
        }
    }

    /// Takes the sums of a block, `[position][output]`, to the planes of their outputs.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`.
    #[inline(always)]
    unsafe fn turn<V: Lanes<Scalar = T>>(
        &self,
        block: &Block,
        outputs: &[Outlet<'_, T>; WIDE],
        sums: &[T],
        all: usize,
        rows: Range<usize>,
        columns: Range<usize>,
    ) {
        let [_, height, width] = &self.pass.axes;
        // Whole rows without gaps are one.
        let joined = width.spacing * height.spacing == 1 && columns.len() == self.pass.target[2];
        let (runs, length) =
            if joined { (1, rows.len() * columns.len()) } else { (rows.len(), columns.len()) };
        let starts: [u32; REGISTER] =
            std::array::from_fn(|position| u32::try_from(position * block.width).expect("a block is narrow"));
        for run in 0..runs {
            for first in (0..length).step_by(V::COUNT) {
                let (row, column) = (rows.start + run, columns.start + first);
                let (start, count) = (self.start(row) + column * width.spacing, V::COUNT.min(length - first));
                let sums = &sums[(row * all + column) * block.width..][..V::COUNT * block.width];
                for (four, outputs) in outputs[..block.rows].chunks(4).enumerate() {
                    // SAFETY: a block is whole registers wide, so four outputs from here exist at every position;
                    // passes, strips and blocks are disjoint, so nobody else writes these elements.
                    unsafe {
                        let registers = V::load_phases(sums.as_ptr().add(4 * four), &starts);
                        for (&Outlet { plane, bias, rectify }, sums) in outputs.iter().zip(registers) {
                            let value = sums.add(V::splat(bias));
                            let value = if rectify { value.positive() } else { value };
                            let target = plane.part(start, (count - 1) * width.spacing + 1);
                            if width.spacing == 1 && count == V::COUNT {
                                value.store(target.as_mut_ptr());
                                continue;
                            }
                            let mut lanes = [T::zero(); REGISTER];
                            value.store(lanes.as_mut_ptr());
                            let target = target.iter_mut().step_by(width.spacing);
                            target.zip(&lanes).for_each(|(target, &value)| *target = value);
                        }
                    }
                }
            }
        }
    }

    /// Where the first position of a row is written in its plane.
    #[inline(always)]
    fn start(&self, row: usize) -> usize {
        let [depth, height, width] = &self.pass.axes;
        let [_, rows, columns] = self.pass.target;
        let slice = depth.origin + self.first[0] * depth.spacing;
        let y = height.origin + (self.first[1] + row) * height.spacing;
        (slice * rows + y) * columns + width.origin + self.first[2] * width.spacing
    }
}

/// Copies one phase of a source plane into the buffer, zeros around it.
#[inline(always)]
#[expect(
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "sizes and shifts of arrays that exist"
)]
fn fill<T: Float>(
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
