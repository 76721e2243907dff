//! Weights of convolutions in the order the register tile reads them.

use super::memory::Lines;
use super::planes::Bank;
use super::tile::{REGISTER, ROWS, WIDE};
use crate::tensor::Float;

/// What lies side by side in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Along {
    /// Neighbouring positions of one output: no time is lost on few outputs.
    Positions,
    /// Outputs at one position: no time is lost on rows that end inside a register.
    Outputs,
}

impl Along {
    /// The two ways there are.
    pub(super) const BOTH: [Self; 2] = [Self::Positions, Self::Outputs];
}

/// Weights of one pass in the order its tiles read them: for each block of outputs, `[inputs · taps][width]`.
#[derive(Debug)]
pub struct Panels<T> {
    values: Lines<T>,
    pub(super) along: Along,
    blocks: Vec<Block>,
    per_group: usize,
}

/// Outputs computed by one row of tiles.
#[derive(Clone, Copy, Debug)]
pub(super) struct Block {
    pub(super) first: usize,
    pub(super) rows: usize,
    /// As many as the rows, or zeros up to the next register if they lie along it.
    pub(super) width: usize,
    start: usize,
}

impl<T: Float> Panels<T> {
    /// The weights of some taps.
    pub(super) fn new(taps: &[[usize; 3]], bank: &Bank<'_, T>, along: Along) -> Self {
        let depth = bank.inputs * taps.len();
        let mut blocks = Vec::new();
        if depth == 0 {
            return Self { values: Lines::zeros(0), along, blocks, per_group: 0 };
        }
        // Of one size as far as possible: tiles of few rows wait for what they read.
        let count = bank.outputs.div_ceil(ROWS);
        let ends: Vec<usize> = match along {
            Along::Positions => (1..=count).map(|block| bank.outputs * block / count).collect(),
            Along::Outputs => (WIDE..bank.outputs).step_by(WIDE).chain([bank.outputs]).collect(),
        };
        let (mut first, mut start) = (0, 0);
        for end in ends {
            let rows = end - first;
            let width = if along == Along::Outputs { rows.next_multiple_of(REGISTER) } else { rows };
            blocks.push(Block { first, rows, width, start });
            first = end;
            start += width * depth;
        }
        // A register beyond the last weights may be read.
        let mut values = Lines::zeros(start * bank.groups + REGISTER);
        let mut filter = vec![T::zero(); taps.len()];
        let columns = (0..bank.groups).flat_map(|group| blocks.iter().map(move |block| (group, *block)));
        for (group, block) in columns {
            let panel = &mut values[group * start + block.start..][..depth * block.width];
            for row in 0..block.rows {
                let mut places = panel[row..].iter_mut().step_by(block.width);
                for input in 0..bank.inputs {
                    (bank.filter)([group, block.first + row, input], taps, &mut filter);
                    filter.iter().zip(&mut places).for_each(|(&weight, place)| *place = weight);
                }
            }
        }
        Self { values, along, blocks, per_group: start }
    }

    /// Outputs of one group, in blocks.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The weights of a block, `[inputs · taps][width]`, and what follows them.
    pub(super) fn panel(&self, group: usize, block: &Block) -> &[T] {
        &self.values[group * self.per_group + block.start..]
    }
}
