//! Vector registers of the machine at hand, behind one trait.
//!
//! A kernel is written once over [`Lanes`] and compiled for every instruction set there is; [`dispatch`] picks
//! the widest the processor has when the program runs. The compiler cannot be trusted to find the wide
//! registers by itself: left to auto-vectorisation, tiles of accumulators stay in memory and run forty times
//! slower.

use std::ops::Range;

use crate::tensor::Float;

/// One vector register of numbers.
///
/// # Safety
/// Every method may only run on a processor that has the instruction set the register belongs to. Loads and
/// stores need [`Lanes::COUNT`] valid elements at the pointer, of any alignment.
pub(crate) unsafe trait Lanes: Copy {
    /// What the register holds.
    type Scalar: Float;
    /// How many.
    const COUNT: usize;
    /// How many such registers there are.
    const REGISTERS: usize;

    unsafe fn splat(value: Self::Scalar) -> Self;
    unsafe fn load(from: *const Self::Scalar) -> Self;
    unsafe fn store(self, to: *mut Self::Scalar);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    /// `self · factor + sum`, rounded once where the machine can.
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self;
    /// The larger of zero and `self`; NaN stays NaN.
    unsafe fn positive(self) -> Self;
    /// The smaller of zero and `self`; NaN stays NaN.
    unsafe fn negative(self) -> Self;

    /// Asks for the memory at `place`, which may lie anywhere, to be in the cache soon.
    #[inline(always)]
    unsafe fn prefetch(place: *const Self::Scalar) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: every processor of this kind has the instruction, which reads nothing.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(place.cast());
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = place;
    }

    /// Reads some lanes, each from its place in a register that begins at `from`; the others are zero. Nothing else
    /// needs to be valid.
    #[inline(always)]
    unsafe fn load_lanes(from: *const Self::Scalar, lanes: Range<usize>) -> Self {
        let mut values = [Self::Scalar::default(); 16];
        for (lane, value) in lanes.clone().zip(&mut values[lanes]) {
            // SAFETY: the caller vouches for these.
            *value = unsafe { *from.wrapping_add(lane) };
        }
        // SAFETY: no register holds more than sixteen elements.
        unsafe { Self::load(values.as_ptr()) }
    }

    /// Reads four elements at each of `COUNT` places `from + starts[lane]` and deals them out: the first ones to the
    /// first register, the second ones to the second, ….
    ///
    /// `starts` has at least `COUNT` entries.
    #[inline(always)]
    unsafe fn load_phases(from: *const Self::Scalar, starts: &[u32]) -> [Self; 4] {
        // SAFETY: no register holds more than sixteen elements; the caller vouches for the rest.
        unsafe {
            let mut phases = [[Self::Scalar::default(); 16]; 4];
            for (lane, &start) in starts[..Self::COUNT].iter().enumerate() {
                for (phase, values) in phases.iter_mut().enumerate() {
                    values[lane] = *from.add(start as usize + phase);
                }
            }
            let mut registers = [Self::splat(Self::Scalar::default()); 4];
            for (register, values) in registers.iter_mut().zip(&phases) {
                *register = Self::load(values.as_ptr());
            }
            registers
        }
    }

    /// Writes `4 · COUNT` elements: the first of each register, then the second of each, ….
    #[inline(always)]
    unsafe fn store_interleaved(registers: [Self; 4], to: *mut Self::Scalar) {
        let mut row = [Self::Scalar::default(); 16];
        for (phase, register) in registers.into_iter().enumerate() {
            // SAFETY: no register holds more than sixteen elements; the caller vouches for the rest.
            unsafe {
                register.store(row.as_mut_ptr());
                for (lane, &value) in row[..Self::COUNT].iter().enumerate() {
                    *to.add(4 * lane + phase) = value;
                }
            }
        }
    }
}

/// Work that any register can do.
pub(crate) trait Kernel<T: Float> {
    type Output;

    /// # Safety
    /// Only on a processor that has the instruction set of `V`.
    unsafe fn run<V: Lanes<Scalar = T>>(self) -> Self::Output;
}

/// Instructions a processor may have, the most wanted last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Instructions {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "aarch64")]
    Neon,
}

impl Instructions {
    /// The best of this processor.
    #[inline]
    pub(crate) fn best() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Self::Avx2;
            }
        }
        #[cfg(target_arch = "aarch64")]
        return Self::Neon;
        #[cfg(not(target_arch = "aarch64"))]
        Self::Portable
    }
}

#[cfg(test)]
thread_local! {
    /// What tests make this thread do with.
    pub(crate) static AT_MOST: std::cell::Cell<Option<Instructions>> = const { std::cell::Cell::new(None) };
}

/// Runs `kernel` with the widest registers of this processor.
#[inline]
pub(crate) fn dispatch<T: Float, K: Kernel<T>>(kernel: K) -> K::Output {
    let best = Instructions::best();
    #[cfg(test)]
    let best = AT_MOST.get().map_or(best, |most| most.min(best));
    // SAFETY: the processor has said that it has these instructions, or more.
    unsafe {
        match best {
            Instructions::Portable => kernel.run::<Portable<T>>(),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => with_avx2(kernel),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => with_avx512(kernel),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => kernel.run::<T::Neon>(),
        }
    }
}

/// Runs `loops`, which the compiler turns into instructions of the widest registers by itself: simple arithmetic
/// from arrays to arrays.
#[inline]
pub(crate) fn widely<T: Float>(loops: impl FnOnce()) {
    struct Loops<F>(F);
    impl<T: Float, F: FnOnce()> Kernel<T> for Loops<F> {
        type Output = ();
        #[inline(always)]
        unsafe fn run<V: Lanes<Scalar = T>>(self) {
            self.0();
        }
    }
    dispatch::<T, _>(Loops(loops));
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
unsafe fn with_avx512<T: Float, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: the caller has checked for the instructions.
    unsafe { kernel.run::<T::Avx512>() }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
unsafe fn with_avx2<T: Float, K: Kernel<T>>(kernel: K) -> K::Output {
    // SAFETY: the caller has checked for the instructions.
    unsafe { kernel.run::<T::Avx2>() }
}

/// The registers of a number type, one kind for each instruction set.
pub trait Registers: Sized {
    #[cfg(target_arch = "x86_64")]
    #[expect(private_bounds, reason = "a type nobody outside can name anyway")]
    type Avx512: Lanes<Scalar = Self>;
    #[cfg(target_arch = "x86_64")]
    #[expect(private_bounds, reason = "a type nobody outside can name anyway")]
    type Avx2: Lanes<Scalar = Self>;
    #[cfg(target_arch = "aarch64")]
    #[expect(private_bounds, reason = "a type nobody outside can name anyway")]
    type Neon: Lanes<Scalar = Self>;
}

impl Registers for f32 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256;
    #[cfg(target_arch = "aarch64")]
    type Neon = std::arch::aarch64::float32x4_t;
}

impl Registers for f64 {
    #[cfg(target_arch = "x86_64")]
    type Avx512 = std::arch::x86_64::__m512d;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = std::arch::x86_64::__m256d;
    #[cfg(target_arch = "aarch64")]
    type Neon = std::arch::aarch64::float64x2_t;
}

/// Four numbers on any machine.
#[derive(Clone, Copy)]
pub(crate) struct Portable<T>([T; 4]);

// SAFETY: nothing here needs an instruction set; pointers are read and written as the trait says.
unsafe impl<T: Float> Lanes for Portable<T> {
    type Scalar = T;
    const COUNT: usize = 4;
    const REGISTERS: usize = 16;

    #[inline(always)]
    unsafe fn splat(value: T) -> Self {
        Self([value; 4])
    }
    #[inline(always)]
    unsafe fn load(from: *const T) -> Self {
        // SAFETY: four elements are valid, as the caller vouches.
        Self(unsafe { from.cast::<[T; 4]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut T) {
        // SAFETY: four elements are valid, as the caller vouches.
        unsafe { to.cast::<[T; 4]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] + other.0[lane]))
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] - other.0[lane]))
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] * other.0[lane]))
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
        // A fused product is a call into the C library where the machine has no instruction for it.
        Self(std::array::from_fn(|lane| self.0[lane] * factor.0[lane] + sum.0[lane]))
    }
    #[inline(always)]
    unsafe fn positive(self) -> Self {
        Self(self.0.map(|value| if value <= T::zero() { T::zero() } else { value }))
    }
    #[inline(always)]
    unsafe fn negative(self) -> Self {
        Self(self.0.map(|value| if value >= T::zero() { T::zero() } else { value }))
    }
}

/// Registers whose operations are intrinsics of the same names but for a suffix.
macro_rules! lanes {
    ($register:ident, $scalar:ty, $count:literal, $registers:literal, $splat:ident, $load:ident,
     $store:ident, $add:ident, $sub:ident, $mul:ident, $max:ident, $min:ident, $mul_add:expr $(, $extra:item)*) => {
        // SAFETY: each method is one instruction of the set the register belongs to, on the memory the
        // trait says is valid. On x86, `max` and `min` return their second operand where one is NaN.
        unsafe impl Lanes for $register {
            type Scalar = $scalar;
            const COUNT: usize = $count;
            const REGISTERS: usize = $registers;

            #[inline(always)]
            unsafe fn splat(value: $scalar) -> Self {
                unsafe { $splat(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const $scalar) -> Self {
                unsafe { $load(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $scalar) {
                unsafe { $store(to, self) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                unsafe { $sub(self, other) }
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, factor: Self, sum: Self) -> Self {
                unsafe { $mul_add(self, factor, sum) }
            }
            #[inline(always)]
            unsafe fn positive(self) -> Self {
                unsafe { $max(Self::splat(0.0), self) }
            }
            #[inline(always)]
            unsafe fn negative(self) -> Self {
                unsafe { $min(Self::splat(0.0), self) }
            }
            $($extra)*
        }
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::ops::Range;

    use super::Lanes;

    /// A mask of some lanes.
    #[inline(always)]
    fn bits(lanes: &Range<usize>) -> u32 {
        (!0 << lanes.start) & !(!0 << lanes.end)
    }

    lanes!(
        __m512,
        f32,
        16,
        32,
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
        _mm512_add_ps,
        _mm512_sub_ps,
        _mm512_mul_ps,
        _mm512_max_ps,
        _mm512_min_ps,
        _mm512_fmadd_ps,
        #[inline(always)]
        unsafe fn load_lanes(from: *const f32, lanes: Range<usize>) -> Self {
            // SAFETY: lanes under a zero are not read.
            unsafe { _mm512_maskz_loadu_ps(bits(&lanes) as __mmask16, from) }
        },
        #[inline(always)]
        unsafe fn load_phases(from: *const f32, starts: &[u32]) -> [Self; 4] {
            // SAFETY: sixteen reads of four elements, which the caller vouches for, and shuffles inside registers.
            unsafe {
                let starts: &[u32; 16] = starts.first_chunk().expect("a start for every lane");
                // Four pieces to a register, two registers to a pair of phases, two pairs to a phase. Not closures,
                // which would not be compiled for these registers.
                macro_rules! pieces {
                    ($first:literal) => {{
                        let all = _mm512_castps128_ps512(_mm_loadu_ps(from.add(starts[$first] as usize)));
                        let all =
                            _mm512_insertf32x4::<1>(all, _mm_loadu_ps(from.add(starts[$first + 1] as usize)));
                        let all =
                            _mm512_insertf32x4::<2>(all, _mm_loadu_ps(from.add(starts[$first + 2] as usize)));
                        _mm512_insertf32x4::<3>(all, _mm_loadu_ps(from.add(starts[$first + 3] as usize)))
                    }};
                }
                let (a, b, c, d) = (pieces!(0), pieces!(4), pieces!(8), pieces!(12));
                let front = _mm512_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28, 1, 5, 9, 13, 17, 21, 25, 29);
                let back = _mm512_setr_epi32(2, 6, 10, 14, 18, 22, 26, 30, 3, 7, 11, 15, 19, 23, 27, 31);
                let (ab, cd) = (_mm512_permutex2var_ps(a, front, b), _mm512_permutex2var_ps(c, front, d));
                let (ab2, cd2) = (_mm512_permutex2var_ps(a, back, b), _mm512_permutex2var_ps(c, back, d));
                [
                    _mm512_shuffle_f32x4::<0b01_00_01_00>(ab, cd),
                    _mm512_shuffle_f32x4::<0b11_10_11_10>(ab, cd),
                    _mm512_shuffle_f32x4::<0b01_00_01_00>(ab2, cd2),
                    _mm512_shuffle_f32x4::<0b11_10_11_10>(ab2, cd2),
                ]
            }
        },
        #[inline(always)]
        unsafe fn store_interleaved(registers: [Self; 4], to: *mut f32) {
            // SAFETY: shuffles inside registers; the caller vouches for 64 elements.
            unsafe {
                let low = _mm512_setr_epi32(0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
                let high = _mm512_setr_epi32(8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
                let front = _mm512_setr_epi32(0, 1, 16, 17, 2, 3, 18, 19, 4, 5, 20, 21, 6, 7, 22, 23);
                let back = _mm512_setr_epi32(8, 9, 24, 25, 10, 11, 26, 27, 12, 13, 28, 29, 14, 15, 30, 31);
                let [a, b, c, d] = registers;
                for (half, pairs) in [low, high].into_iter().enumerate() {
                    let (ab, cd) = (_mm512_permutex2var_ps(a, pairs, b), _mm512_permutex2var_ps(c, pairs, d));
                    _mm512_storeu_ps(to.add(32 * half), _mm512_permutex2var_ps(ab, front, cd));
                    _mm512_storeu_ps(to.add(32 * half + 16), _mm512_permutex2var_ps(ab, back, cd));
                }
            }
        }
    );
    lanes!(
        __m512d,
        f64,
        8,
        32,
        _mm512_set1_pd,
        _mm512_loadu_pd,
        _mm512_storeu_pd,
        _mm512_add_pd,
        _mm512_sub_pd,
        _mm512_mul_pd,
        _mm512_max_pd,
        _mm512_min_pd,
        _mm512_fmadd_pd,
        #[inline(always)]
        unsafe fn load_lanes(from: *const f64, lanes: Range<usize>) -> Self {
            // SAFETY: lanes under a zero are not read.
            unsafe { _mm512_maskz_loadu_pd(bits(&lanes) as __mmask8, from) }
        }
    );
    lanes!(
        __m256,
        f32,
        8,
        16,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
        _mm256_add_ps,
        _mm256_sub_ps,
        _mm256_mul_ps,
        _mm256_max_ps,
        _mm256_min_ps,
        _mm256_fmadd_ps,
        #[inline(always)]
        unsafe fn load_lanes(from: *const f32, lanes: Range<usize>) -> Self {
            // SAFETY: lanes without a sign are not read.
            unsafe {
                let index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
                let behind = _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes.end as i32), index);
                let before = _mm256_cmpgt_epi32(_mm256_set1_epi32(lanes.start as i32), index);
                _mm256_maskload_ps(from, _mm256_andnot_si256(before, behind))
            }
        },
        #[inline(always)]
        unsafe fn load_phases(from: *const f32, starts: &[u32]) -> [Self; 4] {
            // SAFETY: eight reads of four elements, which the caller vouches for, and shuffles inside registers.
            unsafe {
                let starts: &[u32; 8] = starts.first_chunk().expect("a start for every lane");
                // Pieces four apart share a register, so that a transpose of its halves ends in order.
                macro_rules! pieces {
                    ($lane:literal) => {
                        _mm256_set_m128(
                            _mm_loadu_ps(from.add(starts[$lane + 4] as usize)),
                            _mm_loadu_ps(from.add(starts[$lane] as usize)),
                        )
                    };
                }
                let (a, b, c, d) = (pieces!(0), pieces!(1), pieces!(2), pieces!(3));
                let (ab, ab2) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd, cd2) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                [
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab2, cd2),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab2, cd2),
                ]
            }
        },
        #[inline(always)]
        unsafe fn store_interleaved(registers: [Self; 4], to: *mut f32) {
            // SAFETY: shuffles inside registers; the caller vouches for 32 elements.
            unsafe {
                let [a, b, c, d] = registers;
                let (ab, ab4) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
                let (cd, cd4) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
                let quads = [
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab, cd),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab, cd),
                    _mm256_shuffle_ps::<0b01_00_01_00>(ab4, cd4),
                    _mm256_shuffle_ps::<0b11_10_11_10>(ab4, cd4),
                ];
                for pair in 0..2 {
                    let (one, two) = (quads[2 * pair], quads[2 * pair + 1]);
                    _mm256_storeu_ps(to.add(8 * pair), _mm256_permute2f128_ps::<0x20>(one, two));
                    _mm256_storeu_ps(to.add(16 + 8 * pair), _mm256_permute2f128_ps::<0x31>(one, two));
                }
            }
        }
    );
    lanes!(
        __m256d,
        f64,
        4,
        16,
        _mm256_set1_pd,
        _mm256_loadu_pd,
        _mm256_storeu_pd,
        _mm256_add_pd,
        _mm256_sub_pd,
        _mm256_mul_pd,
        _mm256_max_pd,
        _mm256_min_pd,
        _mm256_fmadd_pd,
        #[inline(always)]
        unsafe fn load_lanes(from: *const f64, lanes: Range<usize>) -> Self {
            // SAFETY: lanes without a sign are not read.
            unsafe {
                let index = _mm256_setr_epi64x(0, 1, 2, 3);
                let behind = _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes.end as i64), index);
                let before = _mm256_cmpgt_epi64(_mm256_set1_epi64x(lanes.start as i64), index);
                _mm256_maskload_pd(from, _mm256_andnot_si256(before, behind))
            }
        }
    );
}

#[cfg(target_arch = "aarch64")]
mod arm {
    use std::arch::aarch64::*;

    use super::Lanes;

    lanes!(
        float32x4_t,
        f32,
        4,
        32,
        vdupq_n_f32,
        vld1q_f32,
        vst1q_f32,
        vaddq_f32,
        vsubq_f32,
        vmulq_f32,
        vmaxq_f32,
        vminq_f32,
        |x, factor, sum| vfmaq_f32(sum, x, factor)
    );
    lanes!(
        float64x2_t,
        f64,
        2,
        32,
        vdupq_n_f64,
        vld1q_f64,
        vst1q_f64,
        vaddq_f64,
        vsubq_f64,
        vmulq_f64,
        vmaxq_f64,
        vminq_f64,
        |x, factor, sum| vfmaq_f64(sum, x, factor)
    );
}
