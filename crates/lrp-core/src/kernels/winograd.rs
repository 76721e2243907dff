//! Windows of three by three at stride one with a quarter of the multiplications: Winograd's F(4×4, 3×3).
//!
//! A tile of 4×4 outputs is `Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A` of its 6×6 inputs `d` and the filter `g`
//! (Lavin and Gray 2016, points 0, ±1, ±2, ∞). Summed over channels, each of the 36 products is a matrix
//! product. Transforms work on as many tiles at once as a register has lanes; for that the inputs are laid out
//! so that the same place of neighbouring tiles is contiguous.
//!
//! Sums are rounded at other places than a direct convolution rounds them, about four times more in f32, so
//! f64 and exact kernels do without.

use super::{Geometry, coordinates};
use super::parallel::{self, Shared, with_scratch};
use super::planes::{Bank, Finish, Planes, Targets};
use super::simd::{Kernel, Lanes, dispatch};
use super::tile::{self, ROWS, Rows};
use crate::tensor::Float;

/// Outputs and inputs of a tile along an axis, and the places of both axes together.
const OUT: usize = 4;
const IN: usize = 6;
const PLACES: usize = IN * IN;

/// Filters below so many inputs or outputs spend more on transforms than they save.
const NARROW: usize = 16;

/// Tiles in a block of a wide map and of a narrow one: what goes through the second-level cache at once, against
/// how often the filters are read.
const WIDE_BLOCK: usize = 32;
const NARROW_BLOCK: usize = 64;

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
    values: Vec<T>,
    inputs: usize,
    outputs: usize,
}

impl<T: Float> Filters<T> {
    /// `G g Gᵀ` of every filter, computed in f64.
    pub(super) fn new(bank: &Bank<'_, T>) -> Self {
        let (inputs, outputs) = (bank.inputs, bank.outputs);
        let blocks = outputs.div_ceil(ROWS);
        let mut values = vec![T::zero(); PLACES * blocks * inputs * ROWS];
        let shared = Shared::new(&mut values);
        let taps: Vec<[usize; 3]> = coordinates([1, 3, 3]).collect();
        parallel::each(blocks, PLACES * inputs * outputs, |block, _: &mut parallel::Scratch<T>| {
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

    /// The filters of one place.
    fn place(&self, place: usize) -> &[T] {
        let size = self.blocks() * self.inputs * ROWS;
        &self.values[place * size..][..size]
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

/// Whether a map is too narrow for rows of tiles with a column of waste behind each.
fn narrow(geometry: &Geometry) -> bool {
    geometry.output[2].div_ceil(OUT) < 16
}

/// Where the tiles of a batch lie: as phases of a padded plane on wide maps, gathered place by place on
/// narrow ones, where the columns between the rows of tiles would be waste.
struct Tiling {
    batch: usize,
    rows: usize,
    columns: usize,
    gathered: bool,
    /// Elements of one phase or place of one channel.
    plane: usize,
    /// Tiles of the flattened sweep, those that lie between rows included.
    count: usize,
    padding: [usize; 2],
    source: [usize; 2],
    target: [usize; 2],
}

impl Tiling {
    fn new(geometry: &Geometry, batch: usize) -> Self {
        let last = |size: [usize; 3]| [size[1], size[2]];
        let (source, target) = (last(geometry.input), last(geometry.output));
        let (rows, columns) = (target[0].div_ceil(OUT), target[1].div_ceil(OUT));
        let gathered = narrow(geometry);
        let (plane, count) = if gathered {
            (batch * rows * columns, batch * rows * columns)
        } else {
            debug_assert_eq!(batch, 1, "wide maps go one by one");
            ((rows + 1) * (columns + 1) + 1, rows * (columns + 1) - 1)
        };
        let padding = last(geometry.padding);
        let plane = plane.next_multiple_of(16) + 16;
        Self { batch, rows, columns, gathered, plane, count, padding, source, target }
    }

    fn pitch(&self) -> usize {
        if self.gathered { self.columns } else { self.columns + 1 }
    }

    /// Planes of one channel.
    fn planes(&self) -> usize {
        if self.gathered { PLACES } else { OUT * OUT }
    }

    /// Where place `(i, j)` of tile 0 lies among the planes of a channel.
    fn at(&self, i: usize, j: usize) -> usize {
        if self.gathered {
            (i * IN + j) * self.plane
        } else {
            (i % OUT * OUT + j % OUT) * self.plane + i / OUT * self.pitch() + j / OUT
        }
    }

    /// The tile `(sample, row, column)` at a place of the flattened sweep, and how many follow it in its row;
    /// `None` between rows and between images.
    fn tile(&self, index: usize) -> Option<([usize; 3], usize)> {
        let (row, column) = (index / self.pitch(), index % self.pitch());
        let (sample, row) = (row / self.rows, row % self.rows);
        let real = sample < self.batch && column < self.columns;
        real.then_some(([sample, row, column], self.columns - column))
    }

    /// The rows of tiles that need a padded row, each with its place in them: where tiles are gathered, the last
    /// two rows of one are the first two of the next.
    fn homes(&self, row: usize) -> [Option<(usize, usize)>; 2] {
        let (tiles, i) = (row / OUT, row % OUT);
        if self.gathered {
            let above = tiles.checked_sub(1).filter(|_| i < IN - OUT);
            [(tiles < self.rows).then_some((tiles, i)), above.map(|tiles| (tiles, i + OUT))]
        } else {
            [Some((tiles, i)), None]
        }
    }

    /// The first tile of a sample.
    fn first(&self, sample: usize) -> usize {
        sample * self.rows * self.pitch()
    }

    /// Elements of a padded row, up to what the last register of the last phase reads.
    fn line(&self) -> usize {
        (self.pitch().next_multiple_of(16) + 1) * OUT + 16 * OUT
    }
}

/// Lays out one channel of one sample: each row is padded and dealt out to the four phases of its columns.
///
/// Whole registers are written; what they write too much is overwritten by the rows that follow.
struct Spread<'a, T> {
    tiling: &'a Tiling,
    source: &'a [T],
    sample: usize,
    planes: &'a mut [T],
    line: &'a mut [T],
}

impl<T: Float> Kernel<T> for Spread<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let tiling = self.tiling;
        let [height, width] = tiling.source;
        let [top, left] = tiling.padding;
        self.line.fill(T::zero());
        for row in 0..tiling.rows * OUT + IN - OUT {
            match row.checked_sub(top).filter(|&y| y < height) {
                Some(y) => self.line[left..left + width].copy_from_slice(&self.source[y * width..][..width]),
                None => self.line[left..left + width].fill(T::zero()),
            }
            let first = tiling.first(self.sample);
            for (tiles, i) in tiling.homes(row).into_iter().flatten() {
                for tile in (0..tiling.pitch()).step_by(V::COUNT) {
                    let at = first + tiles * tiling.pitch() + tile;
                    // SAFETY: a line reaches past its last register, and so do the planes.
                    unsafe {
                        let phases = V::load_phases(self.line[tile * OUT..][..V::COUNT * OUT].as_ptr());
                        for (j, phase) in phases.into_iter().enumerate() {
                            phase.store(self.planes[tiling.at(i, j) + at..][..V::COUNT].as_mut_ptr());
                        }
                        if tiling.gathered {
                            let behind = self.line[(tile + 1) * OUT..][..V::COUNT * OUT].as_ptr();
                            let [four, five, ..] = V::load_phases(behind);
                            four.store(self.planes[tiling.at(i, 4) + at..][..V::COUNT].as_mut_ptr());
                            five.store(self.planes[tiling.at(i, 5) + at..][..V::COUNT].as_mut_ptr());
                        }
                    }
                }
            }
        }
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
    // Wide maps go image by image: their planes are many times what a batch of narrow ones has.
    let batch = sources.division.batch;
    let together = if narrow(geometry) { batch } else { 1 };
    for first in (0..batch).step_by(together) {
        let tiling = Tiling::new(geometry, together.min(batch - first));
        let block = if tiling.gathered { NARROW_BLOCK } else { WIDE_BLOCK };
        let block = block.min(tiling.count.next_multiple_of(16));
        let offsets =
            (0..filters.inputs).map(|input| u32::try_from(input * block).expect("a block is small"));
        let offsets = offsets.collect();
        sweep(&Sweep { tiling: &tiling, filters, sources, targets, finish, first, block, offsets });
    }
}

/// Some samples of a batch.
struct Sweep<'a, T> {
    tiling: &'a Tiling,
    filters: &'a Filters<T>,
    sources: &'a Planes<'a, T>,
    targets: &'a Targets<T>,
    finish: Finish<'a, T>,
    /// The first sample.
    first: usize,
    /// Tiles of a block, and where each input's row of them starts.
    block: usize,
    offsets: Vec<u32>,
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

fn sweep<T: Float>(sweep: &Sweep<'_, T>) {
    let (tiling, filters) = (sweep.tiling, sweep.filters);
    let (inputs, blocks) = (filters.inputs, filters.blocks());
    let channel = tiling.planes() * tiling.plane;
    let block = sweep.block;
    let count = tiling.count.div_ceil(block);
    let work = PLACES * inputs * blocks * ROWS * tiling.count;
    with_scratch(|scratch: &mut parallel::Scratch<T>| {
        let alone = !parallel::worthwhile(work) || count >= 2 * rayon::current_num_threads();
        let (seen, products) = (PLACES * sweep.seen(), PLACES * sweep.products());
        let (planes, shared) = scratch.two(inputs * channel, if alone { 0 } else { seen + products });
        let spread = Shared::new(planes);
        parallel::each(inputs, work, |input, scratch: &mut parallel::Scratch<T>| {
            let (line, _) = scratch.two(tiling.line(), 0);
            for sample in 0..tiling.batch {
                // SAFETY: the planes of an input are one job's own.
                let planes = unsafe { spread.part(input * channel, channel) };
                let source = sweep.sources.plane(sweep.first + sample, 0, input);
                dispatch(Spread { tiling, source, sample, planes, line });
            }
        });
        let planes = &*planes;
        if alone {
            parallel::each(count, work, |index, scratch| {
                let (seen, products) = scratch.two(seen, products);
                let (seen, products) = (Shared::new(seen), Shared::new(products));
                let step = Step { sweep, planes, first: index * block, seen: &seen, products: &products };
                (0..inputs).for_each(|input| step.see(input));
                (0..PLACES).for_each(|place| step.multiply(place, 0..blocks));
                (0..filters.outputs).for_each(|output| step.finish(output));
            });
            return;
        }
        let (seen, products) = shared.split_at_mut(seen);
        let (seen, products) = (Shared::new(seen), Shared::new(products));
        for index in 0..count {
            let step = Step { sweep, planes, first: index * block, seen: &seen, products: &products };
            type Idle<T> = parallel::Scratch<T>;
            parallel::each(inputs, work, |input, _: &mut Idle<T>| step.see(input));
            let half = |side: usize| blocks * side / 2..blocks * (side + 1) / 2;
            parallel::each(2 * PLACES, work, |job, _: &mut Idle<T>| step.multiply(job / 2, half(job % 2)));
            parallel::each(filters.outputs, work, |output, _: &mut Idle<T>| step.finish(output));
        }
    });
}

/// A block of tiles on its way.
struct Step<'a, T> {
    sweep: &'a Sweep<'a, T>,
    planes: &'a [T],
    /// The first tile.
    first: usize,
    /// Transformed inputs `[place][input][tile]`.
    seen: &'a Shared<T>,
    /// Their products with the filters `[place][output][tile]`.
    products: &'a Shared<T>,
}

impl<T: Float> Step<'_, T> {
    fn see(&self, input: usize) {
        dispatch(See { step: self, input });
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
}

impl<T: Float> Kernel<T> for See<'_, T> {
    type Output = ();

    #[inline(always)]
    unsafe fn run<V: Lanes<Scalar = T>>(self) {
        let (step, tiling) = (self.step, self.step.sweep.tiling);
        let channel = tiling.planes() * tiling.plane;
        let planes = &step.planes[self.input * channel..][..channel];
        for tile in (0..step.tiles(V::COUNT)).step_by(V::COUNT) {
            // SAFETY: planes are a register longer than their tiles; each input writes its own places.
            unsafe {
                let mut half = [[V::splat(T::zero()); IN]; IN];
                for j in 0..IN {
                    let mut column = [V::splat(T::zero()); IN];
                    for (i, value) in column.iter_mut().enumerate() {
                        let place = &planes[tiling.at(i, j) + step.first + tile..][..V::COUNT];
                        *value = V::load(place.as_ptr());
                        // The next input is as far away as a page; nothing else would ask for it in time.
                        V::prefetch(place.as_ptr().wrapping_add(channel));
                    }
                    for (row, value) in half.iter_mut().zip(input_transform::<V>(column)) {
                        row[j] = value;
                    }
                }
                for (i, row) in half.into_iter().enumerate() {
                    for (j, value) in input_transform::<V>(row).into_iter().enumerate() {
                        let at = (i * IN + j) * step.sweep.seen() + self.input * step.sweep.block + tile;
                        value.store(step.seen.part(at, V::COUNT).as_mut_ptr());
                    }
                }
            }
        }
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
                let count = tile::width::<V>(vectors - done);
                for block in self.blocks.clone() {
                    let at = self.place * step.sweep.products() + block * ROWS * pitch;
                    let products = step.products.part(at, ROWS * pitch);
                    let rows = Rows {
                        start: seen.as_ptr().add(done * V::COUNT),
                        offsets: offsets.as_ptr(),
                        depth: inputs,
                    };
                    let panel = panels[block * inputs * ROWS..].as_ptr();
                    let products = products.as_mut_ptr().add(done * V::COUNT);
                    tile::multiply::<V>(ROWS, count, panel, rows, products, pitch);
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
        let (bias, rectify) = step.sweep.targets.finish(step.sweep.finish, 0, self.output);
        for tile in (0..step.tiles(V::COUNT)).step_by(V::COUNT) {
            // SAFETY: all products of these tiles are there, and nobody writes them any more.
            unsafe {
                let mut half = [[V::splat(T::zero()); IN]; OUT];
                for j in 0..IN {
                    let mut column = [V::splat(T::zero()); IN];
                    for (i, value) in column.iter_mut().enumerate() {
                        let at = (i * IN + j) * step.sweep.products() + self.output * step.sweep.block + tile;
                        *value = V::load(step.products.view(at, V::COUNT).as_ptr());
                    }
                    for (row, value) in half.iter_mut().zip(output_transform::<V>(column)) {
                        row[j] = value;
                    }
                }
                let mut rows = half.map(|row| [row[0]; OUT]);
                for (values, row) in rows.iter_mut().zip(half) {
                    *values = output_transform::<V>(row);
                    // A closure would not be compiled for the registers it is called with.
                    for value in values {
                        *value = value.add(V::splat(bias));
                        *value = if rectify { value.positive() } else { *value };
                    }
                }
                self.place::<V>(rows, step.first + tile);
            }
        }
    }
}

impl<T: Float> Write<'_, T> {
    /// Writes the outputs of a register of tiles to where they belong.
    #[inline(always)]
    unsafe fn place<V: Lanes<Scalar = T>>(&self, rows: [[V; OUT]; OUT], first: usize) {
        let (sweep, tiling) = (self.step.sweep, self.step.sweep.tiling);
        let [height, width] = tiling.target;
        // SAFETY: each output and block of tiles is one job's own.
        let line = |sample: usize, row: usize, column: usize, length: usize| unsafe {
            let start = row * width + column * OUT;
            sweep.targets.part(sweep.first + sample, 0, self.output, start, length)
        };
        if let Some(([sample, row, column], behind)) = tiling.tile(first)
            && behind >= V::COUNT
            && (column + V::COUNT) * OUT <= width
        {
            for (i, values) in rows.into_iter().enumerate().take(height - row * OUT) {
                let target = line(sample, row * OUT + i, column, V::COUNT * OUT);
                // SAFETY: as long as four registers.
                unsafe { V::store_interleaved(values, target.as_mut_ptr()) };
            }
            return;
        }
        for (i, values) in rows.into_iter().enumerate() {
            let mut picture = [T::zero(); 16 * OUT];
            // SAFETY: no register holds more than sixteen numbers.
            unsafe { V::store_interleaved(values, picture.as_mut_ptr()) };
            let mut lane = 0;
            while lane < V::COUNT {
                let Some(([sample, row, column], behind)) = tiling.tile(first + lane) else {
                    lane += 1;
                    continue;
                };
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
