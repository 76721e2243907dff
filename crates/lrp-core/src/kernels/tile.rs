//! The register tile: a small matrix product whose sums never leave the registers.

use super::simd::Lanes;

/// Rows of a full tile; weights are packed in blocks of so many outputs.
pub(super) const ROWS: usize = 8;

/// One operand read in place: row `k` of the right factor starts at `start + offsets[k]`.
#[derive(Clone, Copy)]
pub(super) struct Rows<T> {
    pub(super) start: *const T,
    pub(super) offsets: *const u32,
    /// How many rows: the length of every sum.
    pub(super) depth: usize,
}

/// `c[i][p] = Σ_k a[k][i] · b[k][p]` for `rows` outputs and `vectors` registers of positions.
///
/// `a` is packed `[depth][rows]`; `c` has rows `pitch` apart. Sums run over `k` in order and are split by
/// nothing, so the result does not depend on how work is cut into tiles.
///
/// # Safety
/// On a processor with the instructions of `V`. `rows` is 1, 2, 4 or [`ROWS`]; `a` holds `depth · rows`
/// elements, every row of `b` and of `c` at least `vectors · V::COUNT`.
#[inline(always)]
pub(super) unsafe fn multiply<V: Lanes>(
    rows: usize,
    vectors: usize,
    a: *const V::Scalar,
    b: Rows<V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    // SAFETY: the pieces below cover exactly what the caller vouches for.
    unsafe {
        let mut done = 0;
        while done < vectors {
            let b = Rows { start: b.start.add(done * V::COUNT), ..b };
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
    b: Rows<V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    // SAFETY: as `multiply`; two halves of a full block lie four rows apart.
    unsafe {
        match rows {
            1 => tile::<V, 1, N>(a, 1, b, c, pitch),
            2 => tile::<V, 2, N>(a, 2, b, c, pitch),
            4 => tile::<V, 4, N>(a, 4, b, c, pitch),
            _ if V::REGISTERS < 32 => {
                tile::<V, 4, N>(a, ROWS, b, c, pitch);
                tile::<V, 4, N>(a.add(4), ROWS, b, c.add(4 * pitch), pitch);
            }
            _ => tile::<V, ROWS, N>(a, ROWS, b, c, pitch),
        }
    }
}

#[inline(always)]
unsafe fn tile<V: Lanes, const R: usize, const N: usize>(
    mut a: *const V::Scalar,
    step: usize,
    b: Rows<V::Scalar>,
    c: *mut V::Scalar,
    pitch: usize,
) {
    // SAFETY: reads `R` of `step` elements of `a` a row, `N` registers of each row of `b`.
    unsafe {
        let mut sums = [[V::splat(V::Scalar::default()); N]; R];
        for k in 0..b.depth {
            let row = b.start.add(*b.offsets.add(k) as usize);
            let mut x = [V::splat(V::Scalar::default()); N];
            for (n, x) in x.iter_mut().enumerate() {
                *x = V::load(row.add(n * V::COUNT));
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
