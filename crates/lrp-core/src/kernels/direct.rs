//! Convolution by shifted windows: no matrix of windows ever exists.
//!
//! A strip of rows is copied once into a zero-padded buffer, one plane a channel. A row of the matrix of windows
//! is then that buffer *shifted by a constant*, so the register tile reads it in place. Windows of one position need
//! no zeros and no copy. A stride splits the buffer into phases, each of them dense; the transpose is the same thing
//! over signals, with one pass for every phase of the stride. One and two dimensions are three with axes of size one.

use std::ops::Range;

use super::ahead::Ahead;
use super::panels::{Along, Block, Panels};
use super::parallel::{self, Scratch};
use super::planes::{Finish, Plane, Planes, Targets};
use super::simd::{Kernel, Lanes, dispatch};
use super::tile::{self, LONG, REGISTER, ROWS, Rows, Sums, WIDE};
use crate::tensor::Float;

mod pass;
mod layout;

use layout::{Layout, fill};
pub(super) use pass::Pass;

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

/// What does not lie along the registers of a tile, below which it takes as long as with so many.
pub(super) const FEW: usize = 4;

impl Pass {
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
                let Layout { rows, columns, pitch, apart, .. } = Layout::new(self, read, along);
                let strips = slices * height.div_ceil(rows) * width.div_ceil(columns);
                let strip = ((rows - 1) * pitch + columns).next_multiple_of(REGISTER);
                (if apart { slices * height * width } else { strips * strip }) * depth * written.max(FEW)
            }
            // Tiles of too few positions wait for their own sums.
            Along::Outputs => {
                let positions = slices * height * width.max(FEW);
                positions * (depth * written.next_multiple_of(REGISTER) + TURN * written)
            }
        }
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
    let place = |region: usize| {
        let (index, strip) = (region / strips_in_all, region % strips_in_all);
        Place {
            sample: index % division.batch,
            group: index / division.batch,
            first: [
                strip / (strips[1] * strips[2]),
                strip / strips[2] % strips[1] * layout.rows,
                strip % strips[2] * layout.columns,
            ],
        }
    };
    let parts = parallel::parts(regions, panels.blocks().len(), work);
    parallel::each(regions * parts, work, |index, scratch| {
        let (region, part) = (index / parts, index % parts);
        let share = |part: usize| panels.blocks().len() * part / parts;
        let blocks = share(part)..share(part + 1);
        let next = (part + 1 == parts && region + 1 < regions).then(|| place(region + 1));
        let strip = Strip {
            pass,
            layout: &layout,
            panels,
            sources,
            targets,
            finish,
            place: place(region),
            next,
            blocks,
        };
        dispatch(StripKernel { strip: &strip, scratch });
    });
}

/// Where a strip lies.
#[derive(Clone, Copy)]
struct Place {
    sample: usize,
    group: usize,
    /// The first position.
    first: [usize; 3],
}

/// Some rows of some outputs of one sample.
struct Strip<'a, T> {
    pass: &'a Pass,
    layout: &'a Layout,
    panels: &'a Panels<T>,
    sources: &'a Planes<'a, T>,
    targets: &'a Targets<T>,
    finish: Finish<'a, T>,
    place: Place,
    /// The strip that is computed after this one.
    next: Option<Place>,
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
        let rows = layout.rows.min(height.count - strip.place.first[1]);
        let columns = layout.columns.min(width.count - strip.place.first[2]);
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
            strip.sources.planes(strip.place.sample, strip.place.group)[strip.place.first[2]..].as_ptr()
        } else {
            for input in 0..inputs {
                let planes = buffer[input * phases * layout.plane..].chunks_mut(layout.plane);
                let source = strip.sources.plane(strip.place.sample, strip.place.group, input);
                for (phase, plane) in layout.planes.iter().zip(planes) {
                    fill(plane, phase, source, strip.pass, layout, strip.place.first);
                }
            }
            buffer.as_ptr()
        };
        let windows = layout.offsets.rows(start);
        let mut ahead = strip.ahead();
        for block in &strip.panels.blocks()[strip.blocks.clone()] {
            // SAFETY: the caller has the instructions. The buffer reaches a full tile past the last window; `sums` is
            // as long as each way needs.
            unsafe {
                match strip.panels.along {
                    Along::Positions => {
                        strip.along_positions::<V>(block, windows, sums, [rows, columns], &mut ahead);
                    }
                    Along::Outputs => {
                        strip.along_outputs::<V>(block, windows, sums, [rows, columns], &mut ahead);
                    }
                }
            }
        }
    }
}

/// Where the sums of an output go, and what is added to them.
#[derive(Clone, Copy)]
struct Outlet<'a, T> {
    plane: Plane<'a, T>,
    bias: T,
}

impl<'a, T: Float> Strip<'a, T> {
    /// What the next strip copies and this one does not, where strips are of whole rows.
    fn ahead(&self) -> Ahead<'a, T> {
        let [depth, height, width] = &self.pass.axes;
        let [slices, rows, columns] = self.pass.source;
        let copied = !self.layout.in_place && self.layout.columns == width.count;
        let Some(next) = self.next.filter(|_| copied) else { return Ahead::default() };
        let reads = |place: Place| height.reads(place.first[1], self.layout.rows, rows);
        let slice = |place: Place| (place.sample, place.group, place.first[0]);
        let Range { start, end } = reads(next);
        let start = if slice(next) == slice(self.place) { start.max(reads(self.place).end) } else { start };
        let slices = depth.reads(next.first[0], 1, slices);
        let place = |(input, slice): (usize, usize)| {
            let plane = self.sources.plane(next.sample, next.group, input);
            &plane[(slice * rows + start) * columns..(slice * rows + end) * columns]
        };
        let inputs = 0..self.sources.count();
        inputs.flat_map(|input| slices.clone().map(move |slice| (input, slice))).map(place).collect()
    }

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
        ahead: &mut Ahead<'_, T>,
    ) {
        let a = self.panels.panel(self.place.group, block).as_ptr();
        let bias: [T; ROWS] = self.targets.biases(self.finish, self.place.group, block.first, block.rows);
        let finish = Finish { bias: &bias, ..self.finish };
        let planes = self.targets.planes(self.place.sample, self.place.group, block.first, block.rows);
        if let Some(planes) = planes.filter(|_| self.layout.apart && columns == self.layout.columns) {
            let pitch = self.targets.division.volume;
            for row in 0..rows {
                let windows = windows.after(row * self.layout.pitch);
                let start = planes.place(self.start(row), (block.rows - 1) * pitch + columns);
                // SAFETY: a panel holds `depth · rows` weights and more; the rest as the caller vouches. Rows are of
                // whole registers, and passes, strips and blocks disjoint, so nobody else uses what is written.
                unsafe {
                    let sums = Sums { start, pitch, finish };
                    tile::multiply_positions::<V>(block.rows, columns, a, windows, sums, ahead);
                }
            }
            return;
        }
        let positions = (rows - 1) * self.layout.pitch + columns;
        let pitch = positions.next_multiple_of(V::COUNT);
        // SAFETY: as above, with sums for whole registers.
        unsafe {
            let sums = Sums { start: sums.as_mut_ptr(), pitch, finish };
            tile::multiply_positions::<V>(block.rows, positions, a, windows, sums, ahead);
        }
        for (row, sums) in sums.chunks_exact(pitch).take(block.rows).enumerate() {
            self.write(block.first + row, sums, [rows, columns]);
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
        ahead: &mut Ahead<'a, T>,
    ) {
        let row_length = columns;
        let panel = self.panels.panel(self.place.group, block);
        let outputs = std::array::from_fn(|row| {
            let output = block.first + row.min(block.rows - 1);
            let plane = self.targets.plane(self.place.sample, self.place.group, output);
            Outlet { plane, bias: self.targets.bias(self.finish, self.place.group, output) }
        });
        for first in (0..windows.depth).step_by(DEPTH) {
            let piece = windows.part(first..windows.depth.min(first + DEPTH));
            let complete = first + piece.depth == windows.depth;
            let behind = &panel[(first + piece.depth) * block.width..];
            ahead.first(&behind[..behind.len().min(DEPTH * block.width)]);
            for (rows, columns) in pieces(rows, columns) {
                for row in rows.clone() {
                    // SAFETY: a panel holds `depth · width` weights; the rest as the caller vouches.
                    unsafe {
                        let piece = piece.after(row * self.layout.pitch + columns.start);
                        let a = panel.as_ptr().add(first * block.width);
                        let c = sums.as_mut_ptr().add((row * row_length + columns.start) * block.width);
                        tile::multiply_outputs::<V>(
                            block.width,
                            columns.len(),
                            a,
                            piece,
                            c,
                            first > 0,
                            ahead,
                        );
                    }
                }
                if complete {
                    // SAFETY: the caller has the instructions.
                    unsafe { self.turn::<V>(block, &outputs, sums, row_length, rows, columns) }
                }
            }
        }
    }

    /// Takes the sums of one output out of their padded rows to where they belong.
    #[inline(always)]
    fn write(&self, output: usize, sums: &[T], [rows, columns]: [usize; 2]) {
        let spacing = self.pass.axes[2].spacing;
        let plane = self.targets.plane(self.place.sample, self.place.group, output);
        for row in 0..rows {
            let sums = &sums[row * self.layout.pitch..][..columns];
            // SAFETY: passes, strips and blocks are disjoint, so nobody else writes these elements.
            let target = unsafe { plane.part(self.start(row), (columns - 1) * spacing + 1) };
            if spacing == 1 {
                target.copy_from_slice(sums);
            } else {
                target.iter_mut().step_by(spacing).zip(sums).for_each(|(target, &sum)| *target = sum);
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
        row_length: usize,
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
                let sums = &sums[(row * row_length + column) * block.width..][..V::COUNT * block.width];
                for (four, outputs) in outputs[..block.rows].chunks(4).enumerate() {
                    // SAFETY: a block is whole registers wide, so four outputs from here exist at every position;
                    // passes, strips and blocks are disjoint, so nobody else writes these elements.
                    unsafe {
                        let registers = V::load_phases(sums.as_ptr().add(4 * four), &starts);
                        for (&Outlet { plane, bias }, sums) in outputs.iter().zip(registers) {
                            let value = sums.add(V::splat(bias));
                            let value = if self.finish.rectify { value.positive() } else { value };
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
        let slice = depth.origin + self.place.first[0] * depth.spacing;
        let y = height.origin + (self.place.first[1] + row) * height.spacing;
        (slice * rows + y) * columns + width.origin + self.place.first[2] * width.spacing
    }
}
