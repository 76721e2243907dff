//! Convolution over few positions: the windows of several samples side by side, as one matrix.
//!
//! A small plane read by shifted windows is mostly the zeros around it, and a register of them mostly nobody's. Here
//! the columns of the product are the positions of the output alone, of as many samples as a cache holds: on the way
//! there the windows are gathered before the product, on the way back the product is added up in the windows.

use std::ops::Range;

use super::ahead::Ahead;
use super::convolution::Direction;
use super::direct::{Pass, even};
use super::panels::{Along, Panels};
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
    position: usize,
    entry: usize,
    count: usize,
}

impl<'a> Unrolled<'a> {
    pub(super) fn new(geometry: &'a Geometry, direction: Direction) -> Self {
        Self { geometry, direction, taps: coordinates(geometry.kernel).collect() }
    }

    /// Whether this takes less time than shifted windows in these passes, with so many channels read and written.
    pub(super) fn pays(&self, passes: &[Pass], read: usize, written: usize) -> bool {
        let windows = self.taps.len() * self.positions();
        let moved = match self.direction {
            Direction::Forward => read,
            Direction::Transposed => written,
        };
        let here = windows * (read * written + MOVE * moved);
        let direct = passes.iter().map(|pass| pass.work(read, written)).sum::<usize>();
        // What is close is decided by what this cannot know: there the plainer way is taken.
        10 * here < 9 * direct && self.rows(read) * self.positions() <= 4 * BUFFER
    }

    /// Weights in the order the product reads them: of outputs there, of outputs and taps on the way back.
    pub(super) fn pack<T: Float>(&self, bank: &Bank<'_, T>) -> Panels<T> {
        match self.direction {
            Direction::Forward => Panels::new(&self.taps, bank, Along::Positions),
            Direction::Transposed => {
                let count = self.taps.len();
                let filter = |[group, row, input]: [usize; 3], _: &[[usize; 3]], weight: &mut [T]| {
                    (bank.filter)([group, row / count, input], &self.taps[row % count..][..1], weight);
                };
                let bank = Bank { outputs: bank.outputs * count, filter: &filter, ..*bank };
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
        let work = rows * self.positions() * panels.rows() * division.groups * division.batch;
        let fit = BUFFER / (rows * self.positions()).max(1);
        let samples = even(division.batch, fit.min(parallel::share(division.batch, work)));
        let pitch = (samples * self.positions()).next_multiple_of(REGISTER);
        let offsets = (0..rows).map(|row| row * pitch).collect();
        let lines = self.taps.iter().map(|&tap| self.lines(tap)).collect();
        let layout = Layout { pitch, offsets, lines };
        let regions = division.groups * division.batch.div_ceil(samples);
        // On the way back, all taps of an output add to the same places.
        let parts = match self.direction {
            Direction::Forward => parallel::parts(regions, panels.blocks().len(), work),
            Direction::Transposed => 1,
        };
        parallel::each(regions * parts, work, |index, scratch| {
            let (region, part) = (index / parts, index % parts);
            let share = |part: usize| panels.blocks().len() * part / parts;
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
                blocks: share(part)..share(part + 1),
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

    /// All positions whose window has a tap inside the input.
    fn lines(&self, tap: [usize; 3]) -> Vec<Line> {
        let Geometry { input, output, stride, .. } = *self.geometry;
        let [(depth, d), (height, h), (width, w)] = [0, 1, 2].map(|axis| self.span(axis, tap[axis]));
        let line = |z: usize, y: usize| Line {
            position: ((depth.start + z) * output[1] + height.start + y) * output[2] + width.start,
            entry: ((d + z * stride[0]) * input[1] + h + y * stride[1]) * input[2] + w,
            count: width.len(),
        };
        (0..depth.len())
            .flat_map(|z| (0..height.len()).map(move |y| (z, y)))
            .map(|(z, y)| line(z, y))
            .collect()
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

/// How the matrix lies in its buffer.
struct Layout {
    /// Elements from one row to the next.
    pitch: usize,
    /// Where the rows start.
    offsets: Offsets,
    /// What each tap reads.
    lines: Vec<Vec<Line>>,
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
    blocks: Range<usize>,
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
        let positions = piece.samples.len() * piece.windows.positions();
        let (matrix, sums) = scratch.two(offsets.depth() * pitch, ROWS * pitch);
        piece.gather(matrix);
        let rows = offsets.rows(matrix.as_ptr());
        for block in &piece.panels.blocks()[piece.blocks.clone()] {
            let panel = piece.panels.panel(piece.group, block);
            let bias: [T; ROWS] = piece.targets.biases(piece.finish, piece.group, block.first, block.rows);
            let finish = match piece.windows.direction {
                Direction::Forward => Finish { bias: &bias, ..piece.finish },
                // Only the sums over all taps are finished.
                Direction::Transposed => Finish::default(),
            };
            let c = Sums { start: sums.as_mut_ptr(), pitch: *pitch, finish };
            // SAFETY: a panel holds `depth · rows` weights and more; rows of the matrix and of the sums are `pitch`
            // long, which is whole registers.
            unsafe {
                let (a, mut ahead) = (panel.as_ptr(), Ahead::default());
                tile::multiply_positions::<V>(block.rows, positions, a, rows, c, &mut ahead);
            }
            for (row, sums) in
                (block.first..piece.panels.rows()).zip(sums.chunks_exact(*pitch)).take(block.rows)
            {
                match piece.windows.direction {
                    Direction::Forward => piece.write(row, sums),
                    Direction::Transposed => piece.add(row, sums),
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
        let stride = self.windows.geometry.stride[2];
        columns.fill(T::zero());
        for &Line { position, entry, count } in &self.layout.lines[tap] {
            let read = plane[entry..].iter().step_by(stride);
            columns[position..][..count].iter_mut().zip(read).for_each(|(column, &x)| *column = x);
        }
    }

    /// The finished sums of one output.
    #[inline(always)]
    fn write(&self, output: usize, sums: &[T]) {
        let positions = self.windows.positions();
        for (sample, sums) in self.samples.clone().zip(sums.chunks_exact(positions)) {
            // SAFETY: samples, groups and blocks of outputs are disjoint, so nobody else writes these elements.
            let target = unsafe { self.targets.plane(sample, self.group, output).part(0, positions) };
            target.copy_from_slice(sums);
        }
    }

    /// The sums of one output and tap, added where that tap reads; the first tap starts from the bias.
    #[inline(always)]
    fn add(&self, row: usize, sums: &[T]) {
        let Unrolled { geometry, taps, .. } = self.windows;
        let (output, tap) = (row / taps.len(), row % taps.len());
        let (bias, rectify) = (self.targets.bias(self.finish, self.group, output), self.finish.rectify);
        let volume = geometry.input.iter().product();
        for (sample, sums) in self.samples.clone().zip(sums.chunks_exact(self.windows.positions())) {
            // SAFETY: samples and groups are disjoint, and one thread adds all taps of an output.
            let target = unsafe { self.targets.plane(sample, self.group, output).part(0, volume) };
            if tap == 0 {
                target.fill(bias);
            }
            for &Line { position, entry, count } in &self.layout.lines[tap] {
                let written = target[entry..].iter_mut().step_by(geometry.stride[2]);
                written.zip(&sums[position..][..count]).for_each(|(target, &sum)| *target += sum);
            }
            if rectify && tap + 1 == taps.len() {
                target.iter_mut().for_each(|value| *value = WeightLens::Positive.see(*value));
            }
        }
    }
}
