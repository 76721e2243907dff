//! The register tile: a small matrix product whose sums never leave the registers.

use std::ops::Range;

use super::simd::Lanes;

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

/// Products between asking for weights in memory and reading them: processors look ahead by themselves, but no further
/// than the end of a page.
const FAR: usize = 128;

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
        Rows { start, offsets: &self.places, depth: self.depth() }
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
}

impl<T> Rows<'_, T> {
    /// The same rows, `positions` further on.
    pub(super) fn after(self, positions: usize) -> Self {
        Self { start: self.start.wrapping_add(positions), ..self }
    }

    /// Some of the rows.
    pub(super) fn part(self, rows: Range<usize>) -> Self {
        Self { offsets: &self.offsets[rows.start..rows.end + AHEAD], depth: rows.len(), ..self }
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
pub(super) unsafe fn multiply_positions<V: Lanes>(
    rows: usize,
    positions: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    let (vectors, rest) = (positions / V::COUNT, positions % V::COUNT);
    // SAFETY: the caller vouches for all positions, and for what is read behind the last weights.
    unsafe {
        let few = V::COUNT >= ROWS && (1..=FEW).contains(&rest) && rest < rows;
        multiply::<V>(rows, if few { vectors } else { positions.div_ceil(V::COUNT) }, a, b, c, pitch);
        if few {
            let b = b.after(vectors * V::COUNT);
            let c = c.add(vectors * V::COUNT);
            match rest {
                1 => transposed::<V, 1>(rows, a, b, c, pitch),
                2 => transposed::<V, 2>(rows, a, b, c, pitch),
                3 => transposed::<V, 3>(rows, a, b, c, pitch),
                _ => transposed::<V, FEW>(rows, a, b, c, pitch),
            }
        }
    }
}

/// A few positions at which outputs are the lanes: `P` registers instead of one for each of `rows`.
#[inline(always)]
unsafe fn transposed<V: Lanes, const P: usize>(
    rows: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    let mut sums = [[V::Scalar::default(); REGISTER]; P];
    // SAFETY: reads a register from each row of `a`, of which `rows` lanes count; no register is longer than the
    // arrays they are written to.
    unsafe {
        outputs::<V, P, 1>(a, rows, b, sums.as_mut_ptr().cast(), REGISTER, false);
        for (p, sums) in sums.iter().enumerate() {
            for (i, &sum) in sums[..rows].iter().enumerate() {
                *c.add(i * pitch + p) = sum;
            }
        }
    }
}

/// `c[i][p] = Σ_k a[k][i] · b[k][p]` for `rows` outputs and `vectors` registers of positions.
///
/// `a` is packed `[depth][rows]`; `c` has rows `pitch` apart. Sums run over `k` in order and are split by
/// nothing, so the result does not depend on how work is cut into tiles.
///
/// # Safety
/// On a processor with the instructions of `V`. `rows` is at most [`ROWS`]; `a` holds `depth · rows`
/// elements, every row of `b` and of `c` at least `vectors · V::COUNT`.
#[inline(always)]
pub(super) unsafe fn multiply<V: Lanes>(
    rows: usize,
    vectors: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    // SAFETY: the pieces below cover exactly what the caller vouches for.
    unsafe {
        let mut done = 0;
        while done < vectors {
            let b = b.after(done * V::COUNT);
            let c = c.add(done * V::COUNT);
            let next = width::<V>(vectors - done);
            match next {
                1 => stack::<V, 1>(rows, a, b, c, pitch),
                2 => stack::<V, 2>(rows, a, b, c, pitch),
                _ => stack::<V, 3>(rows, a, b, c, pitch),
            }
            done += next;
        }
    }
}

/// As [`multiply`] for [`ROWS`] outputs and a single column of tiles whose weights come from memory.
///
/// # Safety
/// As [`multiply`]; `vectors` is at most three.
#[inline(always)]
pub(super) unsafe fn multiply_streamed<V: Lanes>(
    vectors: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    // SAFETY: as `multiply`.
    unsafe {
        match vectors {
            1 => whole::<V, 1>(a, b, c, pitch),
            2 => whole::<V, 2>(a, b, c, pitch),
            _ => whole::<V, 3>(a, b, c, pitch),
        }
    }
}

/// All [`ROWS`] of a column of tiles, in halves where registers cannot hold them at once.
#[inline(always)]
unsafe fn whole<V: Lanes, const N: usize>(
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    const HALF: usize = ROWS / 2;
    // SAFETY: as `multiply`; rows of `a` lie side by side, rows of `c` a pitch apart.
    unsafe {
        if V::REGISTERS < 32 {
            tile::<V, HALF, N, true>(a, ROWS, b, c, pitch);
            tile::<V, HALF, N, true>(a.add(HALF), ROWS, b, c.add(HALF * pitch), pitch);
        } else {
            tile::<V, ROWS, N, true>(a, ROWS, b, c, pitch);
        }
    }
}

/// How many registers wide the next tile is when so many are left.
///
/// Four are two and two: a tile one register wide spends its time waiting for loads.
#[inline(always)]
pub(super) fn width<V: Lanes>(left: usize) -> usize {
    match left {
        1 => 1,
        2 | 4 => 2,
        _ if V::REGISTERS < 32 => 2,
        _ => 3,
    }
}

/// A column of tiles, `N` registers wide.
#[inline(always)]
unsafe fn stack<V: Lanes, const N: usize>(
    rows: usize,
    a: *const V::Scalar,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    // What registers cannot hold at once is done by fours.
    let most = if V::REGISTERS < 32 { 4 } else { ROWS };
    let mut done = 0;
    while done < rows {
        let next = (rows - done).min(most);
        // SAFETY: as `multiply`; rows of `a` lie side by side, rows of `c` a pitch apart.
        unsafe {
            let (a, c) = (a.add(done), c.add(done * pitch));
            match next {
                1 => tile::<V, 1, N, false>(a, rows, b, c, pitch),
                2 => tile::<V, 2, N, false>(a, rows, b, c, pitch),
                3 => tile::<V, 3, N, false>(a, rows, b, c, pitch),
                4 => tile::<V, 4, N, false>(a, rows, b, c, pitch),
                5 => tile::<V, 5, N, false>(a, rows, b, c, pitch),
                6 => tile::<V, 6, N, false>(a, rows, b, c, pitch),
                7 => tile::<V, 7, N, false>(a, rows, b, c, pitch),
                _ => tile::<V, ROWS, N, false>(a, rows, b, c, pitch),
            }
        }
        done += next;
    }
}

#[inline(always)]
unsafe fn tile<V: Lanes, const R: usize, const N: usize, const STREAMED: bool>(
    mut a: *const V::Scalar,
    step: usize,
    b: Rows<'_, V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    // SAFETY: reads `R` of `step` elements of `a` a row, `N` registers of each row of `b`.
    unsafe {
        let mut sums = [[V::splat(V::Scalar::default()); N]; R];
        let offsets = b.offsets.as_ptr();
        for k in 0..b.depth {
            let row = b.start.add(*offsets.add(k) as usize);
            let mut x = [V::splat(V::Scalar::default()); N];
            let next = b.start.wrapping_add(*offsets.add(k + AHEAD) as usize);
            for (n, x) in x.iter_mut().enumerate() {
                *x = V::load(row.add(n * V::COUNT));
                V::prefetch(next.wrapping_add(n * V::COUNT));
            }
            if STREAMED {
                V::prefetch(a.wrapping_add(FAR * step));
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let w = V::splat(*a.add(i));
                for (sum, &x) in sums.iter_mut().zip(&x) {
                    *sum = w.mul_add(x, *sum);
                }
            }
            a = a.add(step);
        }
        for (i, sums) in sums.iter().enumerate() {
            for (n, sum) in sums.iter().enumerate() {
                sum.store(c.add(i * pitch + n * V::COUNT));
            }
        }
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
                let b = b.after(first);
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
        for k in 0..b.depth {
            let row = b.start.add(*offsets.add(k) as usize);
            V::prefetch(b.start.wrapping_add(*offsets.add(k + AHEAD) as usize));
            let mut weights = [V::splat(V::Scalar::default()); N];
            for (n, weights) in weights.iter_mut().enumerate() {
                *weights = V::load(a.add(n * V::COUNT));
                V::prefetch(a.wrapping_add(AHEAD * step + n * V::COUNT));
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
