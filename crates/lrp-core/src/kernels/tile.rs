//! The register tile: a small matrix product whose sums never leave the registers.

use std::ops::Range;

use super::ahead::Ahead;
use super::memory::LINE;
use super::planes::Finish;
use super::simd::Lanes;
use crate::lens::WeightLens;
use crate::tensor::Float;

/// Rows of a full tile; weights are packed in blocks of so many outputs where positions are the lanes.
pub(super) const ROWS: usize = 8;

/// Elements that the widest registers hold.
pub(super) const REGISTER: usize = 16;

/// Outputs of a full block where they are the lanes: two of the widest registers.
pub(super) const WIDE: usize = 2 * REGISTER;

/// Positions of the largest tile with outputs in the lanes, where there are registers for it.
pub(super) const LONG: usize = 14;

/// Products between asking for what they read and reading it: they take as long as the second-level cache.
const AHEAD: usize = 12;

/// Elements of [`Ahead`] asked for with each product, where positions and where outputs are the lanes: enough for what
/// a strip of windows of three by three needs meanwhile, few enough for nothing to wait.
const PACE: usize = 1;
const PACE_OF_OUTPUTS: usize = 4;

/// Where the rows of an operand begin that is read in place.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    /// Some more than there are rows, so that what comes next can always be asked for.
    places: Vec<u32>,
}

impl Offsets {
    /// How many rows: the length of every sum.
    pub(super) fn depth(&self) -> usize {
        self.places.len().saturating_sub(AHEAD)
    }

    /// The rows, in an operand that begins at `start`.
    pub(super) fn rows<T>(&self, start: *const T) -> Rows<'_, T> {
        Rows { start, offsets: &self.places, depth: self.depth(), ahead: &[] }
    }
}

impl FromIterator<usize> for Offsets {
    fn from_iter<I: IntoIterator<Item = usize>>(places: I) -> Self {
        let place =
            |place| u32::try_from(place).expect("what is read in place lies in a buffer, which is small");
        Self { places: places.into_iter().map(place).chain([0; AHEAD]).collect() }
    }
}

/// One operand read in place: row `k` of the right factor starts at `start + offsets[k]`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T> {
    start: *const T,
    /// One a row and [`AHEAD`] more.
    offsets: &'a [u32],
    /// How many rows: the length of every sum.
    pub(super) depth: usize,
    /// What is asked for while they are read, a pace further with every row.
    ahead: &'a [T],
}

impl<'a, T> Rows<'a, T> {
    /// The same rows, `positions` further on.
    pub(super) fn after(self, positions: usize) -> Self {
        Self { start: self.start.wrapping_add(positions), ..self }
    }

    /// The same rows, while which something else is asked for.
    pub(super) fn asking(self, ahead: &'a [T]) -> Self {
        Self { ahead, ..self }
    }

    /// Where that begins, and its last element. What is there anyway is asked for if there is nothing else.
    #[inline(always)]
    fn ahead(&self) -> (*const T, usize) {
        match self.ahead.len().checked_sub(1) {
            Some(last) => (self.ahead.as_ptr(), last),
            None => (self.start, 0),
        }
    }

    /// Some of the rows.
    pub(super) fn part(self, rows: Range<usize>) -> Self {
        Self { offsets: &self.offsets[rows.start..rows.end + AHEAD], depth: rows.len(), ..self }
    }
}

/// Whether the element at `place` begins a line of the cache, if the first one does.
#[inline(always)]
const fn begins_line<T>(place: usize) -> bool {
    (place * size_of::<T>()).is_multiple_of(LINE)
}

/// Where sums go, and what becomes of them: those of row `i` are written from `start + i · pitch` on.
#[derive(Clone, Copy)]
pub(super) struct Sums<'a, T> {
    pub(super) start: *mut T,
    pub(super) pitch: usize,
    /// The bias has an entry a row at least, or none.
    pub(super) finish: Finish<'a, T>,
}

impl<T: Float> Sums<'_, T> {
    /// The same rows, `positions` further on.
    pub(super) fn after(self, positions: usize) -> Self {
        Self { start: self.start.wrapping_add(positions), ..self }
    }

    /// What is left without the first `rows`.
    fn below(self, rows: usize) -> Self {
        let bias = self.finish.bias.get(rows..).unwrap_or_default();
        let start = self.start.wrapping_add(rows * self.pitch);
        Self { start, finish: Finish { bias, ..self.finish }, ..self }
    }

    /// Writes the registers of some rows.
    ///
    /// # Safety
    /// On a processor with the instructions of `V`; there is room for them.
    #[inline(always)]
    unsafe fn write<V: Lanes<Scalar = T>, const R: usize, const N: usize>(self, mut sums: [[V; N]; R]) {
        let Self { start, pitch, finish: Finish { bias, rectify } } = self;
        debug_assert!(bias.is_empty() || bias.len() >= R, "an entry a row");
        // SAFETY: as the caller.
        unsafe {
            if let Some(bias) = bias.first_chunk::<R>() {
                for (sums, &bias) in sums.iter_mut().zip(bias) {
                    for sum in sums {
                        *sum = sum.add(V::splat(bias));
                    }
                }
            }
            if rectify {
                for sum in sums.as_flattened_mut() {
                    *sum = sum.positive();
                }
            }
            for (i, sums) in sums.iter().enumerate() {
                for (n, sum) in sums.iter().enumerate() {
                    sum.store(start.add(i * pitch + n * V::COUNT));
                }
            }
        }
    }
}

/// The most positions that are computed with outputs in the lanes of a register.
const FEW: usize = 4;

/// `c[i][p] = Σ_k a[k][i] · b[k][p]` for `rows` outputs and `positions`, and perhaps for some more positions, as
/// far as registers reach.
///
/// # Safety
/// As [`multiply`] for the registers that hold the positions, and behind `a` lies another register.
#[inline(always)]
pub(super) unsafe fn multiply_positions<V: Lanes<Scalar: Float>>(
    rows: usize,
    positions: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: Sums<'_, V::Scalar>,
    ahead: &mut Ahead<'_, V::Scalar>,
) {
    let (vectors, rest) = (positions / V::COUNT, positions % V::COUNT);
    let few = V::COUNT >= ROWS && (1..=FEW).contains(&rest) && rest < rows;
    let vectors = if few { vectors } else { positions.div_ceil(V::COUNT) };
    // SAFETY: the caller vouches for all positions, and for what is read behind the last weights.
    unsafe {
        let mut done = 0;
        while done < vectors {
            let next = width(vectors - done);
            let b = b.after(done * V::COUNT).asking(ahead.take(PACE * b.depth));
            multiply::<V, PACE>(rows, next, a, b, c.after(done * V::COUNT));
            done += next;
        }
        if few {
            let (b, c) = (b.after(vectors * V::COUNT), c.after(vectors * V::COUNT));
            match rest {
                1 => transposed::<V, 1>(rows, a, b, c),
                2 => transposed::<V, 2>(rows, a, b, c),
                3 => transposed::<V, 3>(rows, a, b, c),
                _ => transposed::<V, FEW>(rows, a, b, c),
            }
        }
    }
}

/// A few positions at which outputs are the lanes: `P` registers instead of one for each of `rows`.
#[inline(always)]
unsafe fn transposed<V: Lanes<Scalar: Float>, const P: usize>(
    rows: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: Sums<'_, V::Scalar>,
) {
    let mut sums = [[V::Scalar::default(); REGISTER]; P];
    let Sums { start, pitch, finish: Finish { bias, rectify } } = c;
    // SAFETY: reads a register from each row of `a`, of which `rows` lanes count; no register is longer than the
    // arrays they are written to.
    unsafe {
        outputs::<V, P, 1>(a, rows, b, sums.as_mut_ptr().cast(), REGISTER, false);
        for (p, sums) in sums.iter().enumerate() {
            for (i, &sum) in sums[..rows].iter().enumerate() {
                let sum = bias.get(i).map_or(sum, |&bias| sum + bias);
                *start.add(i * pitch + p) = if rectify { WeightLens::Positive.see(sum) } else { sum };
            }
        }
    }
}

/// `c[i][p] = Σ_k a[k][i] · b[k][p]` for `rows` outputs and as many registers of positions as [`width`] says.
///
/// `a` is packed `[depth][rows]`. Sums run over `k` in order and are split by nothing, so the result does not depend on
/// how work is cut into tiles. With every `k`, `PACE` further elements of what `b` asks for are asked for.
///
/// # Safety
/// On a processor with the instructions of `V`. `rows` is at most [`ROWS`]; `a` holds `depth · rows`
/// elements, every row of `b` and of `c` at least `vectors · V::COUNT`.
#[inline(always)]
pub(super) unsafe fn multiply<V: Lanes<Scalar: Float>, const PACE: usize>(
    rows: usize,
    vectors: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: Sums<'_, V::Scalar>,
) {
    // SAFETY: as the caller.
    unsafe {
        match vectors {
            1 => stack::<V, 1, PACE>(rows, a, b, c),
            2 => stack::<V, 2, PACE>(rows, a, b, c),
            _ => stack::<V, 3, PACE>(rows, a, b, c),
        }
    }
}

/// How many registers wide the next tile is when so many are left.
///
/// Four are two and two: a tile one register wide spends its time waiting for loads.
pub(super) fn width(left: usize) -> usize {
    match left {
        1 => 1,
        2 | 4 => 2,
        _ => 3,
    }
}

/// A column of tiles, `N` registers wide.
#[inline(always)]
unsafe fn stack<V: Lanes<Scalar: Float>, const N: usize, const PACE: usize>(
    rows: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: Sums<'_, V::Scalar>,
) {
    // What registers cannot hold at once is done by fours: twelve sums, three operands and a factor are sixteen.
    let most = if V::REGISTERS < 32 && N > 1 { 4 } else { ROWS };
    let mut done = 0;
    while done < rows {
        let next = (rows - done).min(most);
        // SAFETY: as `multiply`; rows of `a` lie side by side.
        unsafe {
            let (a, c) = (a.add(done), c.below(done));
            match next {
                1 => tile::<V, 1, N, PACE>(a, rows, b, c),
                2 => tile::<V, 2, N, PACE>(a, rows, b, c),
                3 => tile::<V, 3, N, PACE>(a, rows, b, c),
                4 => tile::<V, 4, N, PACE>(a, rows, b, c),
                5 => tile::<V, 5, N, PACE>(a, rows, b, c),
                6 => tile::<V, 6, N, PACE>(a, rows, b, c),
                7 => tile::<V, 7, N, PACE>(a, rows, b, c),
                _ => tile::<V, ROWS, N, PACE>(a, rows, b, c),
            }
        }
        done += next;
    }
}

#[inline(always)]
unsafe fn tile<V: Lanes<Scalar: Float>, const R: usize, const N: usize, const PACE: usize>(
    mut a: *const V::Scalar,
    step: usize,
    b: Rows<'_, V::Scalar>,
    c: Sums<'_, V::Scalar>,
) {
    // SAFETY: reads `R` of `step` elements of `a` a row, `N` registers of each row of `b`.
    unsafe {
        let mut sums = [[V::splat(V::Scalar::default()); N]; R];
        let offsets = b.offsets.as_ptr();
        let (ahead, last) = b.ahead();
        for k in 0..b.depth {
            let row = b.start.add(*offsets.add(k) as usize);
            let mut x = [V::splat(V::Scalar::default()); N];
            let next = b.start.wrapping_add(*offsets.add(k + AHEAD) as usize);
            for (n, x) in x.iter_mut().enumerate() {
                *x = V::load(row.add(n * V::COUNT));
                if begins_line::<V::Scalar>(n * V::COUNT) {
                    V::prefetch(next.wrapping_add(n * V::COUNT));
                }
            }
            V::prefetch(ahead.wrapping_add(last.min(PACE * k)));
            for (i, sums) in sums.iter_mut().enumerate() {
                let w = V::splat(*a.add(i));
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = w.mul_add(x, *sum);
                }
            }
            a = a.add(step);
        }
        c.write(sums);
    }
}

/// Adds `Σ_k b[k][p] · a[k][i]` to `c[p][i]`, or sets it, for `positions` and `width` outputs, which are the lanes.
///
/// `a` is packed `[depth][width]`, `c` is `[positions][width]`. Sums run over `k` in order, as those of [`multiply`],
/// and go on where they were left, so the depth may be cut into pieces.
///
/// # Safety
/// On a processor with the instructions of `V`. `width` is a multiple of [`REGISTER`]; `a` holds `depth · width`
/// elements, `c` holds `positions · width`, every row of `b` at least `positions`.
#[inline(always)]
pub(super) unsafe fn multiply_outputs<V: Lanes>(
    width: usize,
    positions: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    add: bool,
    ahead: &mut Ahead<'_, V::Scalar>,
) {
    let most = if V::REGISTERS < 32 { 6 } else { LONG };
    let parts = positions.div_ceil(most);
    let share = |part: usize| positions * part / parts;
    for (first, count) in (0..parts).map(|part| (share(part), share(part + 1) - share(part))) {
        let mut lane = 0;
        while lane < width {
            // SAFETY: pieces of what the caller vouches for.
            unsafe {
                let (a, c) = (a.add(lane), c.add(first * width + lane));
                let b = b.after(first).asking(ahead.take(PACE_OF_OUTPUTS * b.depth));
                if V::COUNT == REGISTER && width - lane == REGISTER {
                    line::<V, 1>(count, a, b, c, width, add);
                    lane += V::COUNT;
                } else {
                    line::<V, 2>(count, a, b, c, width, add);
                    lane += 2 * V::COUNT;
                }
            }
        }
    }
}

/// A tile of `positions` and `N` registers of outputs.
#[inline(always)]
unsafe fn line<V: Lanes, const N: usize>(
    positions: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    width: usize,
    add: bool,
) {
    macro_rules! of {
        ($few:literal $($many:literal)*; $($count:literal)*) => {
            match positions {
                $($count => outputs::<V, $count, N>(a, width, b, c, width, add),)*
                // More than some registers hold at once.
                $($many if V::REGISTERS >= 32 => outputs::<V, $many, N>(a, width, b, c, width, add),)*
                _ => outputs::<V, $few, N>(a, width, b, c, width, add),
            }
        };
    }
    // SAFETY: as `multiply_outputs`, which asks for no more than `LONG` positions.
    unsafe { of!(6 7 8 9 10 11 12 13 14; 1 2 3 4 5) }
}

#[inline(always)]
unsafe fn outputs<V: Lanes, const P: usize, const N: usize>(
    mut a: *const V::Scalar,
    step: usize,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
    add: bool,
) {
    // SAFETY: reads `N` registers of each row of `a`, which are `step` apart, `P` elements of each row of `b`, and of
    // `c` what it writes.
    unsafe {
        let mut sums = [[V::splat(V::Scalar::default()); N]; P];
        if add {
            for (p, sums) in sums.iter_mut().enumerate() {
                for (n, sum) in sums.iter_mut().enumerate() {
                    *sum = V::load(c.add(p * pitch + n * V::COUNT));
                }
            }
        }
        let offsets = b.offsets.as_ptr();
        let (ahead, last) = b.ahead();
        for k in 0..b.depth {
            let row = b.start.add(*offsets.add(k) as usize);
            V::prefetch(b.start.wrapping_add(*offsets.add(k + AHEAD) as usize));
            V::prefetch(ahead.wrapping_add(last.min(PACE_OF_OUTPUTS * k)));
            let mut weights = [V::splat(V::Scalar::default()); N];
            for (n, weights) in weights.iter_mut().enumerate() {
                *weights = V::load(a.add(n * V::COUNT));
                if begins_line::<V::Scalar>(n * V::COUNT) {
                    V::prefetch(a.wrapping_add(AHEAD * step + n * V::COUNT));
                }
            }
            for (p, sums) in sums.iter_mut().enumerate() {
                let x = V::splat(*row.add(p));
                for (sum, &weights) in sums.iter_mut().zip(&weights) {
                    *sum = weights.mul_add(x, *sum);
                }
            }
            a = a.add(step);
        }
        for (p, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                sum.store(c.add(p * pitch + n * V::COUNT));
            }
        }
    }
}
