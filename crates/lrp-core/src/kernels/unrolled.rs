//! Convolution over few positions: the windows of several samples side by side, as one matrix.
//!
//! A small plane read by shifted windows is mostly the zeros around it, and a register of them mostly nobody's. Here
//! the columns of the product are the positions of the output alone, of as many samples as a cache holds: on the way
//! there the windows are gathered before the product, on the way back each input collects its sums from the windows it
//! lies in.

use std::ops::Range;

use super::ahead::Ahead;
use super::convolution::Direction;
use super::direct::{FEW, Pass, even};
use super::panels::{Along, Block, Panels};
use super::parallel::{self, Scratch};
use super::planes::{Bank, Finish, Planes, Targets};
use super::simd::{Kernel, Lanes, dispatch};
use super::tile::{self, Offsets, REGISTER, ROWS, Sums};
use super::{Geometry, coordinates};
use crate::lens::WeightLens;
use crate::tensor::Float;

/// Elements of the gathered matrix: what a second-level cache holds beside the weights.
const BUFFER: usize = 1 << 16;

/// Multiplications in the time it takes to move an element to or from its window.
const MOVE: usize = 32;

/// Multiplications in the time it takes to collect a register of sums from windows side by side.
const COLLECT: usize = 48;

/// Windows and the way through them.
#[derive(Clone, Debug)]
pub(super) struct Unrolled<'a> {
    geometry: &'a Geometry,
    direction: Direction,
    taps: Vec<[usize; 3]>,
}

/// Positions in a row, and the first entry of the input that a tap reads there.
#[derive(Clone, Copy, Debug)]
struct Line {
    tap: usize,
    position: usize,
    row: usize,
    column: usize,
    count: usize,
}

impl<'a> Unrolled<'a> {
    pub(super) fn new(geometry: &'a Geometry, direction: Direction) -> Self {
        Self { geometry, direction, taps: coordinates(geometry.kernel).collect() }
    }

    /// Whether this takes less time than shifted windows in these passes, with so many channels read and written.
    pub(super) fn pays(&self, passes: &[Pass], read: usize, written: usize) -> bool {
        let (taps, positions) = (self.taps.len(), self.positions());
        let here = match self.direction {
            Direction::Forward => taps * positions * read * (written + MOVE),
            Direction::Transposed => {
                let [depth, height, width] = self.geometry.output;
                let moved = match self.geometry.stride[2] {
                    1 => COLLECT * depth * height * width.div_ceil(REGISTER),
                    _ => MOVE * positions,
                };
                // Every tap has sums of its own, which are written first.
                written * (taps.max(FEW) * positions * (read + FEW) + taps * moved)
            }
        };
        let direct = passes.iter().map(|pass| pass.work(read, written)).sum::<usize>();
        // What is close is decided by what this cannot know: there the plainer way is taken.
        10 * here < 9 * direct && self.height(read) * positions <= 4 * BUFFER
    }

    /// Weights in the order the product reads them: of all outputs there, of all taps of an output on the way back.
    pub(super) fn pack<T: Float>(&self, bank: &Bank<'_, T>) -> Panels<T> {
        match self.direction {
            Direction::Forward => Panels::new(&self.taps, bank, Along::Positions),
            Direction::Transposed => {
                let filter = |[output, tap, input]: [usize; 3], _: &[[usize; 3]], weight: &mut [T]| {
                    let (group, output) = (output / bank.outputs, output % bank.outputs);
                    (bank.filter)([group, output, input], &self.taps[tap..=tap], weight);
                };
                let groups = bank.groups * bank.outputs;
                let bank = Bank { groups, outputs: self.taps.len(), filter: &filter, ..*bank };
                Panels::new(&[[0; 3]], &bank, Along::Positions)
            }
        }
    }

    /// For every group and sample, `targets = panels · windows`, or the windows of that product added up.
    pub(super) fn run<T: Float>(
        &self,
        panels: &Panels<T>,
        sources: &Planes<'_, T>,
        targets: &Targets<T>,
        finish: Finish<'_, T>,
    ) {
        let division = sources.division;
        let rows = self.rows(sources.count());
        // What is shared out among threads.
        let shares = match self.direction {
            Direction::Forward => panels.blocks().len(),
            Direction::Transposed => targets.count(),
        };
        let work = self.taps.len() * self.positions() * sources.count() * targets.count();
        let work = work * division.groups * division.batch;
        let fit = BUFFER / (self.height(sources.count()) * self.positions()).max(1);
        let samples = even(division.batch, fit.min(parallel::share(division.batch, work)));
        let pitch = (samples * self.positions()).next_multiple_of(REGISTER);
        let offsets = (0..rows).map(|row| row * pitch).collect();
        let lines = self.lines();
        let registers = self.registers(&lines, pitch);
        let layout = Layout { pitch, offsets, lines, registers };
        let regions = division.groups * division.batch.div_ceil(samples);
        let parts = parallel::parts(regions, shares, work);
        parallel::each(regions * parts, work, |index, scratch| {
            let (region, part) = (index / parts, index % parts);
            let share = |part: usize| shares * part / parts;
            let first = region / division.groups * samples;
            let piece = Piece {
                windows: self,
                layout: &layout,
                panels,
                sources,
                targets,
                finish,
                group: region % division.groups,
                samples: first..(first + samples).min(division.batch),
                shares: share(part)..share(part + 1),
            };
            dispatch(PieceKernel { piece: &piece, scratch });
        });
    }

    /// Positions of the output.
    fn positions(&self) -> usize {
        self.geometry.output.iter().product()
    }

    /// Rows of the matrix for so many channels read.
    fn rows(&self, read: usize) -> usize {
        match self.direction {
            Direction::Forward => read * self.taps.len(),
            Direction::Transposed => read,
        }
    }

    /// Rows of the matrix or of the sums, whichever are more.
    fn height(&self, read: usize) -> usize {
        self.rows(read).max(self.taps.len())
    }

    /// All positions whose window has a tap inside the input: those of each tap on the way there, those that read a
    /// row of the input on the way back.
    fn lines(&self) -> Vec<Vec<Line>> {
        let Geometry { input, output, stride, .. } = *self.geometry;
        let count = match self.direction {
            Direction::Forward => self.taps.len(),
            Direction::Transposed => input[0] * input[1],
        };
        let mut lines = vec![Vec::new(); count];
        for (tap, &place) in self.taps.iter().enumerate() {
            let [(depth, d), (height, h), (width, w)] = [0, 1, 2].map(|axis| self.span(axis, place[axis]));
            for (z, y) in (0..depth.len()).flat_map(|z| (0..height.len()).map(move |y| (z, y))) {
                let line = Line {
                    tap,
                    position: ((depth.start + z) * output[1] + height.start + y) * output[2] + width.start,
                    row: (d + z * stride[0]) * input[1] + h + y * stride[1],
                    column: w,
                    count: width.len(),
                };
                let group = if self.direction == Direction::Forward { tap } else { line.row };
                lines[group].push(line);
            }
        }
        lines
    }

    /// What each row of the input collects, a register at a time, where neighbours lie in windows side by side.
    fn registers(&self, lines: &[Vec<Line>], pitch: usize) -> Vec<Vec<Register>> {
        if self.direction == Direction::Forward || self.geometry.stride[2] > 1 {
            return Vec::new();
        }
        let register = |lines: &[Line], first: usize| {
            let shares = lines.iter().filter_map(|&Line { tap, position, column, count, .. }| {
                let lanes = lanes(&(column..column + count), first, REGISTER);
                let start = (tap * pitch + position + first).wrapping_sub(column);
                (!lanes.is_empty()).then_some(Share { start, lanes })
            });
            shares.collect()
        };
        let row = |lines: &Vec<Line>| {
            (0..self.geometry.input[2]).step_by(REGISTER).map(|first| register(lines, first)).collect()
        };
        lines.iter().map(row).collect()
    }

    /// The positions along an axis whose window has this tap inside the input, and what the first of them reads.
    fn span(&self, axis: usize, tap: usize) -> (Range<usize>, usize) {
        let (stride, padding) = (self.geometry.stride[axis], self.geometry.padding[axis]);
        let shift = tap * self.geometry.dilation[axis];
        let from = padding.saturating_sub(shift).div_ceil(stride);
        let to = (self.geometry.input[axis] + padding).saturating_sub(shift).div_ceil(stride);
        let to = to.min(self.geometry.output[axis]);
        if from >= to {
            return (0..0, 0);
        }
        (from..to, from * stride + shift - padding)
    }
}

/// What [`REGISTER`] neighbouring places collect.
type Register = Vec<Share>;

/// Lanes that a tap adds to, as if a register of its sums began at `start`.
#[derive(Debug)]
struct Share {
    start: usize,
    lanes: Range<usize>,
}

/// Which of `count` lanes from `first` on lie in `places`.
#[inline(always)]
fn lanes(places: &Range<usize>, first: usize, count: usize) -> Range<usize> {
    places.start.saturating_sub(first)..places.end.saturating_sub(first).min(count)
}

/// How the matrix lies in its buffer.
struct Layout {
    /// Elements from one row to the next.
    pitch: usize,
    /// Where the rows start.
    offsets: Offsets,
    /// What each tap reads, or what reads each row of the input.
    lines: Vec<Vec<Line>>,
    /// What the registers of each row collect, where neighbours lie in windows side by side.
    registers: Vec<Vec<Register>>,
}

/// Some samples of a group, and some outputs of them.
struct Piece<'a, T> {
    windows: &'a Unrolled<'a>,
    layout: &'a Layout,
    panels: &'a Panels<T>,
    sources: &'a Planes<'a, T>,
    targets: &'a Targets<T>,
    finish: Finish<'a, T>,
    group: usize,
    samples: Range<usize>,
    /// Blocks of outputs there, outputs on the way back.
    shares: Range<usize>,
}

struct PieceKernel<'a, T> {
    piece: &'a Piece<'a, T>,
    scratch: &'a mut Scratch<T>,
}

impl<T: Float> Kernel<T> for PieceKernel<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (piece, scratch) = (self.piece, self.scratch);
        let Layout { pitch, offsets, .. } = piece.layout;
        let rows = match piece.windows.direction {
            Direction::Forward => ROWS,
            Direction::Transposed => piece.windows.taps.len(),
        };
        let (matrix, sums) = scratch.two(offsets.depth() * pitch, rows * pitch);
        piece.gather(matrix);
        for share in piece.shares.clone() {
            // SAFETY: the caller has the instructions.
            unsafe {
                match piece.windows.direction {
                    Direction::Forward => piece.write::<V>(&piece.panels.blocks()[share], matrix, sums),
                    Direction::Transposed => piece.collect::<V>(share, matrix, sums),
                }
            }
        }
    }
}

impl<T: Float> Piece<'_, T> {
    /// Fills the matrix: a row for each channel, and on the way there for each of its taps.
    #[inline(always)]
    fn gather(&self, matrix: &mut [T]) {
        let positions = self.windows.positions();
        for (row, line) in matrix.chunks_exact_mut(self.layout.pitch).enumerate() {
            for (sample, columns) in self.samples.clone().zip(line.chunks_exact_mut(positions)) {
                match self.windows.direction {
                    Direction::Forward => {
                        let (input, tap) = (row / self.windows.taps.len(), row % self.windows.taps.len());
                        self.gather_tap(self.sources.plane(sample, self.group, input), tap, columns);
                    }
                    Direction::Transposed => {
                        columns.copy_from_slice(self.sources.plane(sample, self.group, row));
                    }
                }
            }
        }
    }

    /// What one tap reads at every position.
    #[inline(always)]
    fn gather_tap(&self, plane: &[T], tap: usize, columns: &mut [T]) {
        let (stride, width) = (self.windows.geometry.stride[2], self.windows.geometry.input[2]);
        columns.fill(T::zero());
        for &Line { position, row, column, count, .. } in &self.layout.lines[tap] {
            let read = plane[row * width + column..].iter().step_by(stride);
            columns[position..][..count].iter_mut().zip(read).for_each(|(column, &x)| *column = x);
        }
    }

    /// Multiplies a block of weights with the matrix.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`.
    #[inline(always)]
    unsafe fn multiply<V: Lanes<Scalar = T>>(
        &self,
        panel: &[T],
        block: &Block,
        matrix: &[T],
        sums: &mut [T],
        finish: Finish<'_, T>,
    ) {
        let Layout { pitch, offsets, .. } = self.layout;
        let positions = self.samples.len() * self.windows.positions();
        let sums = Sums { start: sums[..block.rows * pitch].as_mut_ptr(), pitch: *pitch, finish };
        let (rows, mut ahead) = (offsets.rows(matrix.as_ptr()), Ahead::default());
        // SAFETY: a panel holds `depth · rows` weights and more; rows of the matrix and of the sums are `pitch` long,
        // which is whole registers.
        unsafe {
            tile::multiply_positions::<V>(block.rows, positions, panel.as_ptr(), rows, sums, &mut ahead);
        }
    }

    /// Computes a block of outputs and takes it to their planes.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`.
    #[inline(always)]
    unsafe fn write<V: Lanes<Scalar = T>>(&self, block: &Block, matrix: &[T], sums: &mut [T]) {
        let (panel, positions) = (self.panels.panel(self.group, block), self.windows.positions());
        let bias: [T; ROWS] = self.targets.biases(self.finish, self.group, block.first, block.rows);
        // SAFETY: the caller has the instructions.
        unsafe { self.multiply::<V>(panel, block, matrix, sums, Finish { bias: &bias, ..self.finish }) }
        for (row, sums) in sums.chunks_exact(self.layout.pitch).take(block.rows).enumerate() {
            for (sample, sums) in self.samples.clone().zip(sums.chunks_exact(positions)) {
                let plane = self.targets.plane(sample, self.group, block.first + row);
                // SAFETY: samples, groups and blocks of outputs are disjoint, so nobody else writes these elements.
                unsafe { plane.part(0, positions) }.copy_from_slice(sums);
            }
        }
    }

    /// Computes one output: the sums of all its taps first, and every place from the windows it lies in.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`.
    #[inline(always)]
    unsafe fn collect<V: Lanes<Scalar = T>>(&self, output: usize, matrix: &[T], sums: &mut [T]) {
        let (geometry, pitch) = (self.windows.geometry, self.layout.pitch);
        let filter = self.group * self.targets.count() + output;
        for block in self.panels.blocks() {
            let (panel, sums) = (self.panels.panel(filter, block), &mut sums[block.first * pitch..]);
            // SAFETY: the caller has the instructions. Only the sums over all taps are finished.
            unsafe { self.multiply::<V>(panel, block, matrix, sums, Finish::default()) }
        }
        let bias = self.targets.bias(self.finish, self.group, output);
        for (index, sample) in self.samples.clone().enumerate() {
            let sums = &sums[index * self.windows.positions()..];
            let plane = self.targets.plane(sample, self.group, output);
            // SAFETY: samples, groups and outputs are disjoint, so nobody else writes these elements.
            let plane = unsafe { plane.part(0, geometry.input.iter().product()) };
            let rows = plane.chunks_exact_mut(geometry.input[2]);
            if geometry.stride[2] == 1 {
                for (row, registers) in rows.zip(&self.layout.registers) {
                    // SAFETY: the caller has the instructions, and all sums are there.
                    unsafe { self.collect_row::<V>(row, registers, sums, bias) }
                }
            } else {
                for (row, lines) in rows.zip(&self.layout.lines) {
                    self.scatter_row(row, lines, sums, bias);
                }
            }
        }
    }

    /// A row whose neighbours lie in windows side by side, register by register.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`, with the shares of sums that exist.
    #[inline(always)]
    unsafe fn collect_row<V: Lanes<Scalar = T>>(
        &self,
        row: &mut [T],
        registers: &[Register],
        sums: &[T],
        bias: T,
    ) {
        for (row, shares) in row.chunks_mut(REGISTER).zip(registers) {
            for (target, first) in row.chunks_mut(V::COUNT).zip((0..).step_by(V::COUNT)) {
                // SAFETY: only lanes inside a line are read, and no register is longer than the array.
                unsafe {
                    let mut sum = V::splat(bias);
                    for Share { start, lanes: places } in shares {
                        let lanes = lanes(places, first, V::COUNT);
                        if V::COUNT == REGISTER || !lanes.is_empty() {
                            let start = sums.as_ptr().wrapping_add(*start).wrapping_add(first);
                            sum = sum.add(V::load_lanes(start, lanes));
                        }
                    }
                    let sum = if self.finish.rectify { sum.positive() } else { sum };
                    if target.len() == V::COUNT {
                        sum.store(target.as_mut_ptr());
                    } else {
                        let mut values = [T::zero(); REGISTER];
                        sum.store(values.as_mut_ptr());
                        target.copy_from_slice(&values[..target.len()]);
                    }
                }
            }
        }
    }

    /// A row whose neighbours lie in windows that are not.
    #[inline(always)]
    fn scatter_row(&self, row: &mut [T], lines: &[Line], sums: &[T], bias: T) {
        row.fill(bias);
        for &Line { tap, position, column, count, .. } in lines {
            let line = &sums[tap * self.layout.pitch + position..][..count];
            let written = row[column..].iter_mut().step_by(self.windows.geometry.stride[2]);
            written.zip(line).for_each(|(target, &sum)| *target += sum);
        }
        if self.finish.rectify {
            row.iter_mut().for_each(|value| *value = WeightLens::Positive.see(*value));
        }
    }
}
