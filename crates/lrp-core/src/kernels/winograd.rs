//! Windows of three by three at stride one with a quarter of the multiplications: Winograd's F(4×4, 3×3).
//!
//! A tile of 4×4 outputs is `Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A` of its 6×6 inputs `d` and the filter `g`
//! (Lavin and Gray 2016, points 0, ±1, ±2, ∞). Summed over channels, each of the 36 products is a matrix
//! product. Transforms work on as many tiles at once as a register has lanes; for that the inputs are laid out
//! so that the same place of neighbouring tiles is contiguous.
//!
//! Sums are rounded at other places than a direct convolution rounds them, about four times more in f32, so
//! f64 and exact kernels do without.

use super::memory::Lines;
use super::parallel::{self, Scratch, Shared, with_scratch};
use super::planes::{Bank, Finish, Planes, Targets};
use super::simd::{Kernel, Lanes, dispatch};
use super::tile::{self, Offsets, ROWS, Sums};
use super::{Geometry, coordinates};
use crate::tensor::Float;

/// Outputs and inputs of a tile along an axis, and the places of both axes together.
const OUT: usize = 4;
const IN: usize = 6;
const PLACES: usize = IN * IN;

/// Filters below so many inputs or outputs spend more on transforms than they save.
const NARROW: usize = 16;

/// Inputs and outputs together, and up to so many of them the tiles in a block at most: with few, so many that
/// transforms and products of a block stay in the second-level cache; with many, more, because all filters are read for
/// every block.
const BLOCKS: [(usize, usize); 3] = [(128, 64), (512, 112), (usize::MAX, 144)];

/// Products between asking for filters and reading them: processors look ahead by themselves, but no further than the
/// end of a page.
const FAR: usize = 128;

/// Whether a convolution is of the kind this is for, and large enough to gain.
pub(super) fn pays(geometry: &Geometry, inputs: usize, outputs: usize) -> bool {
    let flat = |size: [usize; 3], value: usize| size == [1, value, value];
    let [depth, height, width] = geometry.output;
    flat(geometry.kernel, 3)
        && geometry.stride == [1; 3]
        && geometry.dilation == [1; 3]
        && geometry.padding[0] == 0
        && depth == 1
        && inputs.min(outputs) >= NARROW
        && height.min(width) >= 8
}

/// Transformed filters: for each of the 36 places and each block of outputs, `[inputs][ROWS]`.
#[derive(Debug)]
pub struct Filters<T> {
    values: Lines<T>,
    inputs: usize,
    outputs: usize,
}

impl<T: Float> Filters<T> {
    /// `G g Gᵀ` of every filter, computed in f64.
    pub(super) fn new(bank: &Bank<'_, T>) -> Self {
        let (inputs, outputs) = (bank.inputs, bank.outputs);
        let blocks = outputs.div_ceil(ROWS);
        let mut values = Lines::zeros(PLACES * blocks * inputs * ROWS);
        let shared = Shared::new(&mut values);
        let taps: Vec<[usize; 3]> = coordinates([1, 3, 3]).collect();
        parallel::each(blocks, PLACES * inputs * outputs, |block, _: &mut Scratch<T>| {
            for output in block * ROWS..outputs.min((block + 1) * ROWS) {
                let mut filter = [T::zero(); 9];
                for input in 0..inputs {
                    (bank.filter)([0, output, input], &taps, &mut filter);
                    for (place, value) in transform_filter(filter.map(T::as_f64)).into_iter().enumerate() {
                        let at = ((place * blocks + block) * inputs + input) * ROWS + output % ROWS;
                        // SAFETY: every block of outputs is one job's own.
                        unsafe { shared.part(at, 1)[0] = T::of(value) };
                    }
                }
            }
        });
        Self { values, inputs, outputs }
    }

    fn blocks(&self) -> usize {
        self.outputs.div_ceil(ROWS)
    }

    /// The filters of one place, and what follows them.
    fn place(&self, place: usize) -> &[T] {
        &self.values[place * self.blocks() * self.inputs * ROWS..]
    }
}

/// `G g Gᵀ`, row by row.
fn transform_filter(g: [f64; 9]) -> [f64; PLACES] {
    const G: [[f64; 3]; IN] = [
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let half: [[f64; 3]; IN] =
        std::array::from_fn(|i| std::array::from_fn(|j| (0..3).map(|k| G[i][k] * g[3 * k + j]).sum()));
    std::array::from_fn(|place| (0..3).map(|k| half[place / IN][k] * G[place % IN][k]).sum())
}

/// The tiles of a batch, counted row by row and image by image.
struct Tiling {
    rows: usize,
    columns: usize,
    count: usize,
    padding: [usize; 2],
    source: [usize; 2],
    target: [usize; 2],
}

impl Tiling {
    fn new(geometry: &Geometry, batch: usize) -> Self {
        let last = |size: [usize; 3]| [size[1], size[2]];
        let target = last(geometry.output);
        let (rows, columns) = (target[0].div_ceil(OUT), target[1].div_ceil(OUT));
        let (padding, source) = (last(geometry.padding), last(geometry.input));
        Self { rows, columns, count: batch * rows * columns, padding, source, target }
    }

    /// `[sample, row, column]` of a tile, and how many are left in its row.
    fn tile(&self, index: usize) -> ([usize; 3], usize) {
        let (row, column) = (index / self.columns, index % self.columns);
        ([row / self.rows, row % self.rows, column], self.columns - column)
    }

    /// Elements of a line: a source's row with the zeros around it, as tiles read it.
    fn line(&self) -> usize {
        (self.columns + 1) * OUT
    }

    /// Lines before those of a row of tiles, counted from the first row of a block. Neighbouring rows share two,
    /// but not those of different samples.
    fn lines_before(&self, row: usize, first: usize) -> usize {
        (row - first) * OUT + (row / self.rows - first / self.rows) * (IN - OUT)
    }
}

/// `targets = filters · sources` for one group.
pub(super) fn run<T: Float>(
    geometry: &Geometry,
    filters: &Filters<T>,
    sources: &Planes<'_, T>,
    targets: &Targets<T>,
    finish: Finish<'_, T>,
) {
    let tiling = Tiling::new(geometry, sources.division.batch);
    let block = block(&tiling, filters.inputs + filters.outputs);
    let offsets = (0..filters.inputs).map(|input| input * block).collect();
    let sweep = Sweep { tiling, filters, sources, targets, finish, block, offsets };
    let count = sweep.tiling.count.div_ceil(block);
    let work = PLACES * filters.inputs * filters.outputs * sweep.tiling.count;
    let sizes = (PLACES * sweep.seen(), PLACES * sweep.products());
    if !parallel::worthwhile(work) || count >= 2 * rayon::current_num_threads() {
        parallel::each(count, work, |index, scratch| {
            let (seen, products) = scratch.two(sizes.0, sizes.1);
            let step = Step::new(&sweep, index, seen, products);
            with_scratch(|lines| (0..filters.inputs).for_each(|input| step.see(input, lines)));
            (0..PLACES).for_each(|place| step.multiply(place, 0..filters.blocks()));
            (0..filters.outputs).for_each(|output| step.finish(output));
        });
        return;
    }
    // Too few blocks for everyone: threads share each of them.
    with_scratch(|scratch: &mut Scratch<T>| {
        let (seen, products) = scratch.two(sizes.0, sizes.1);
        for index in 0..count {
            let step = Step::new(&sweep, index, seen, products);
            let half = |side: usize| filters.blocks() * side / 2..filters.blocks() * (side + 1) / 2;
            parallel::each(filters.inputs, work, |input, lines| step.see(input, lines));
            parallel::each(2 * PLACES, work, |job, _: &mut Scratch<T>| step.multiply(job / 2, half(job % 2)));
            parallel::each(filters.outputs, work, |output, _: &mut Scratch<T>| step.finish(output));
        }
    });
}

/// Tiles in a block, as many in each, in whole registers.
fn block(tiling: &Tiling, channels: usize) -> usize {
    let (_, most) = BLOCKS.into_iter().find(|(most, _)| channels <= *most).expect("the last has no bound");
    tiling.count.div_ceil(tiling.count.div_ceil(most).max(1)).next_multiple_of(16)
}

/// One call.
struct Sweep<'a, T> {
    tiling: Tiling,
    filters: &'a Filters<T>,
    sources: &'a Planes<'a, T>,
    targets: &'a Targets<T>,
    finish: Finish<'a, T>,
    /// Tiles of a block, and where each input's row of them starts.
    block: usize,
    offsets: Offsets,
}

impl<T: Float> Sweep<'_, T> {
    /// Elements from one place of the transformed inputs to the next. A cache line more than they are: sizes
    /// that are powers of two would put all places of a tile in the same lines of the cache.
    fn seen(&self) -> usize {
        self.filters.inputs * self.block + 16
    }

    /// The same for the products.
    fn products(&self) -> usize {
        self.filters.blocks() * ROWS * self.block + 16
    }
}

/// A block of tiles on its way.
struct Step<'a, T> {
    sweep: &'a Sweep<'a, T>,
    /// The first tile.
    first: usize,
    /// Where each tile starts in the lines of the block.
    starts: Vec<u32>,
    /// Transformed inputs `[place][input][tile]`.
    seen: Shared<T>,
    /// Their products with the filters `[place][output][tile]`.
    products: Shared<T>,
}

impl<'a, T: Float> Step<'a, T> {
    fn new(sweep: &'a Sweep<'a, T>, index: usize, seen: &mut [T], products: &mut [T]) -> Self {
        let (seen, products) = (Shared::new(seen), Shared::new(products));
        let (first, columns) = (index * sweep.block, sweep.tiling.columns);
        let start = |tile: usize| {
            let tile = tile.min(sweep.tiling.count - 1);
            let lines = sweep.tiling.lines_before(tile / columns, first / columns);
            u32::try_from(lines * sweep.tiling.line() + tile % columns * OUT)
                .expect("lines of a block are few")
        };
        let starts = (first..first + sweep.block.next_multiple_of(16)).map(start).collect();
        Self { sweep, first, starts, seen, products }
    }

    fn see(&self, input: usize, scratch: &mut Scratch<T>) {
        dispatch(See { step: self, input, scratch });
    }

    fn multiply(&self, place: usize, blocks: std::ops::Range<usize>) {
        dispatch(Multiply { step: self, place, blocks });
    }

    fn finish(&self, output: usize) {
        dispatch(Write { step: self, output });
    }

    /// Tiles of this block, rounded up to whole registers.
    fn tiles(&self, lanes: usize) -> usize {
        self.sweep.block.min(self.sweep.tiling.count - self.first).next_multiple_of(lanes)
    }
}

/// `Bᵀ d B` of one input's tiles.
struct See<'a, T> {
    step: &'a Step<'a, T>,
    input: usize,
    scratch: &'a mut Scratch<T>,
}

impl<T: Float> Kernel<T> for See<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (step, sweep) = (self.step, self.step.sweep);
        let (tiles, line) = (step.tiles(V::COUNT), sweep.tiling.line());
        let lines = step.lines::<V>(self.input, self.scratch);
        for tile in (0..tiles).step_by(V::COUNT) {
            let starts = &step.starts[tile..tile + V::COUNT];
            // SAFETY: the caller has the instructions; tiles start inside the lines, two pieces before their end;
            // each input writes its own places.
            unsafe {
                let row = lines.as_ptr();
                // Written out: an array to be filled would be cleared first.
                let half: [[V; IN]; IN] = [
                    see_row(row, starts),
                    see_row(row.add(line), starts),
                    see_row(row.add(2 * line), starts),
                    see_row(row.add(3 * line), starts),
                    see_row(row.add(4 * line), starts),
                    see_row(row.add(5 * line), starts),
                ];
                #[expect(clippy::needless_range_loop, reason = "a column is one place of six rows")]
                for j in 0..IN {
                    let column = [half[0][j], half[1][j], half[2][j], half[3][j], half[4][j], half[5][j]];
                    for (i, value) in input_transform(column).into_iter().enumerate() {
                        let at = (i * IN + j) * sweep.seen() + self.input * sweep.block + tile;
                        value.store(step.seen.part(at, V::COUNT).as_mut_ptr());
                    }
                }
            }
        }
    }
}

/// `Bᵀ d` of the same row of a register of tiles.
#[inline(always)]
unsafe fn see_row<V: Lanes>(row: *const V::Scalar, starts: &[u32]) -> [V; IN] {
    // SAFETY: as the caller.
    unsafe {
        let (front, back) = (V::load_phases(row, starts), V::load_phases(row.add(OUT), starts));
        input_transform([front[0], front[1], front[2], front[3], back[0], back[1]])
    }
}

impl<T: Float> Step<'_, T> {
    /// The lines that the tiles of this block read of one input.
    #[inline(always)]
    fn lines<'s, V: Lanes<Scalar = T>>(&self, input: usize, scratch: &'s mut Scratch<T>) -> &'s [T] {
        let (sweep, tiling) = (self.sweep, &self.sweep.tiling);
        let [height, width] = tiling.source;
        let [top, left] = tiling.padding;
        let (first, last) = (self.first / tiling.columns, (self.first + self.tiles(1) - 1) / tiling.columns);
        let size = tiling.line();
        let (lines, _) = scratch.two((tiling.lines_before(last, first) + IN) * size, 0);
        // All at once: what stays zero of each line is too little to be worth a call.
        lines.fill(T::zero());
        let filled = width.min(size - left);
        for row in first..=last {
            let plane = sweep.sources.plane(row / tiling.rows, 0, input);
            let lines = &mut lines[tiling.lines_before(row, first) * size..];
            let ends = row == last || (row + 1) % tiling.rows == 0;
            for (i, line) in lines.chunks_exact_mut(size).take(if ends { IN } else { OUT }).enumerate() {
                let y = (row % tiling.rows * OUT + i).checked_sub(top).filter(|&y| y < height);
                let Some(y) = y else { continue };
                line[left..left + filled].copy_from_slice(&plane[y * width..][..filled]);
                for ahead in (0..width).step_by(16) {
                    // SAFETY: a hint, which may name any place: the next input's row is a plane further, where no
                    // hardware looks ahead.
                    unsafe { V::prefetch(plane.as_ptr().wrapping_add((height + y) * width + ahead)) };
                }
            }
        }
        lines
    }
}

/// `Bᵀ d`
#[inline(always)]
unsafe fn input_transform<V: Lanes>(d: [V; IN]) -> [V; IN] {
    // SAFETY: the caller has the instructions of `V`.
    unsafe {
        let number = |value: f64| V::splat(V::Scalar::of(value));
        let (two, four, five) = (number(2.0), number(-4.0), number(-5.0));
        let even = d[2].mul_add(four, d[4]);
        let odd = d[1].mul_add(four, d[3]);
        let (outer, inner) = (d[4].sub(d[2]), two.mul(d[3].sub(d[1])));
        [
            number(4.0).mul_add(d[0], d[2].mul_add(five, d[4])),
            even.add(odd),
            even.sub(odd),
            outer.add(inner),
            outer.sub(inner),
            number(4.0).mul_add(d[1], d[3].mul_add(five, d[5])),
        ]
    }
}

/// Products of one place, for some blocks of outputs.
struct Multiply<'a, T> {
    step: &'a Step<'a, T>,
    place: usize,
    blocks: std::ops::Range<usize>,
}

impl<T: Float> Kernel<T> for Multiply<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (step, filters) = (self.step, self.step.sweep.filters);
        let (inputs, pitch) = (filters.inputs, step.sweep.block);
        let offsets = &step.sweep.offsets;
        let panels = filters.place(self.place);
        let vectors = step.tiles(V::COUNT) / V::COUNT;
        // SAFETY: the transforms are done and nobody writes them; each job has products of its own.
        unsafe {
            let seen = step.seen.view(self.place * step.sweep.seen(), inputs * pitch);
            let mut done = 0;
            while done < vectors {
                let count = tile::width(vectors - done);
                for block in self.blocks.clone() {
                    let at = self.place * step.sweep.products() + block * ROWS * pitch;
                    let products = step.products.part(at, ROWS * pitch);
                    let panel = &panels[block * inputs * ROWS..];
                    let ahead = panel.get(FAR * ROWS..).unwrap_or_default();
                    let rows = offsets.rows(seen.as_ptr()).asking(ahead);
                    let sums = Sums { start: products.as_mut_ptr(), pitch, finish: Finish::default() };
                    let (rows, sums) = (rows.after(done * V::COUNT), sums.after(done * V::COUNT));
                    tile::multiply::<V, ROWS>(ROWS, count, panel.as_ptr(), rows, sums);
                }
                done += count;
            }
        }
    }
}

/// `Aᵀ m A` of one output's tiles, and out with it.
struct Write<'a, T> {
    step: &'a Step<'a, T>,
    output: usize,
}

impl<T: Float> Kernel<T> for Write<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let step = self.step;
        let finish = step.sweep.finish;
        let bias = step.sweep.targets.bias(finish, 0, self.output);
        let mut picture = [T::zero(); 16 * OUT];
        for tile in (0..step.tiles(V::COUNT)).step_by(V::COUNT) {
            // SAFETY: all products of these tiles are there, and nobody writes them any more.
            unsafe {
                let half: [[V; OUT]; IN] = [
                    self.column(0, tile),
                    self.column(1, tile),
                    self.column(2, tile),
                    self.column(3, tile),
                    self.column(4, tile),
                    self.column(5, tile),
                ];
                let row = |i: usize| half.map(|column| column[i]);
                let mut rows = [
                    output_transform(row(0)),
                    output_transform(row(1)),
                    output_transform(row(2)),
                    output_transform(row(3)),
                ];
                // A closure would not be compiled for the registers it is called with.
                for value in rows.as_flattened_mut() {
                    *value = value.add(V::splat(bias));
                    *value = if finish.rectify { value.positive() } else { *value };
                }
                self.place::<V>(rows, step.first + tile, &mut picture);
            }
        }
    }
}

impl<T: Float> Write<'_, T> {
    /// `Aᵀ m` of column `j` of a register of tiles.
    #[inline(always)]
    unsafe fn column<V: Lanes<Scalar = T>>(&self, j: usize, tile: usize) -> [V; OUT] {
        let (step, sweep) = (self.step, self.step.sweep);
        let first = j * sweep.products() + self.output * sweep.block + tile;
        // SAFETY: as the caller.
        let load = |i: usize| unsafe {
            V::load(step.products.view(first + i * IN * sweep.products(), V::COUNT).as_ptr())
        };
        // SAFETY: as the caller.
        unsafe { output_transform([load(0), load(1), load(2), load(3), load(4), load(5)]) }
    }

    /// Writes the outputs of a register of tiles to where they belong.
    #[inline(always)]
    unsafe fn place<V: Lanes<Scalar = T>>(
        &self,
        rows: [[V; OUT]; OUT],
        first: usize,
        picture: &mut [T; 16 * OUT],
    ) {
        let (sweep, tiling) = (self.step.sweep, &self.step.sweep.tiling);
        let [height, width] = tiling.target;
        // SAFETY: each output and block of tiles is one job's own.
        let line = |sample: usize, row: usize, column: usize, length: usize| unsafe {
            let start = row * width + column * OUT;
            sweep.targets.plane(sample, 0, self.output).part(start, length)
        };
        let ([sample, row, column], behind) = tiling.tile(first);
        if behind >= V::COUNT && (column + V::COUNT) * OUT <= width {
            for (i, values) in rows.into_iter().enumerate().take(height - row * OUT) {
                let target = line(sample, row * OUT + i, column, V::COUNT * OUT);
                // SAFETY: as long as four registers.
                unsafe { V::store_interleaved(values, target.as_mut_ptr()) };
            }
            return;
        }
        for (i, values) in rows.into_iter().enumerate() {
            // SAFETY: no register holds more than sixteen numbers.
            unsafe { V::store_interleaved(values, picture.as_mut_ptr()) };
            let mut lane = 0;
            while lane < V::COUNT && first + lane < tiling.count {
                let ([sample, row, column], behind) = tiling.tile(first + lane);
                let run = behind.min(V::COUNT - lane);
                let length = (run * OUT).min(width - column * OUT);
                if row * OUT + i < height {
                    let target = line(sample, row * OUT + i, column, length);
                    target.copy_from_slice(&picture[lane * OUT..][..length]);
                }
                lane += run;
            }
        }
    }
}

/// `Aᵀ m`
#[inline(always)]
unsafe fn output_transform<V: Lanes>(m: [V; IN]) -> [V; OUT] {
    // SAFETY: the caller has the instructions of `V`.
    unsafe {
        let number = |value: f64| V::splat(V::Scalar::of(value));
        let (sum, difference) = (m[1].add(m[2]), m[1].sub(m[2]));
        let (far_sum, far_difference) = (m[3].add(m[4]), m[3].sub(m[4]));
        [
            m[0].add(sum.add(far_sum)),
            number(2.0).mul_add(far_difference, difference),
            number(4.0).mul_add(far_sum, sum),
            number(8.0).mul_add(far_difference, difference).add(m[5]),
        ]
    }
}
