//! Threads: work is cut by samples, rows and outputs, never inside a sum, so no bit depends on their number.

use std::cell::RefCell;

use rayon::prelude::*;

use super::memory::Lines;
use crate::tensor::Float;

/// Multiplications below which more threads cost more than they bring.
const WORTHWHILE: usize = 1 << 19;

/// Multiplications in the time it takes an element to come from memory and go back.
const MOVE: usize = 16;

/// Memory that a thread keeps from one piece of work to the next.
#[derive(Debug, Default)]
pub struct Scratch<T> {
    one: Lines<T>,
    two: Lines<T>,
}

impl<T: Float> Scratch<T> {
    /// Two slices of the given lengths, holding anything, that begin with cache lines.
    pub(super) fn two(&mut self, one: usize, two: usize) -> (&mut [T], &mut [T]) {
        let grow = |memory: &mut Lines<T>, length: usize| {
            if memory.len() < length {
                // Nothing in it matters, so nothing is copied.
                *memory = Lines::zeros(length);
            }
        };
        grow(&mut self.one, one);
        grow(&mut self.two, two);
        (&mut self.one[..one], &mut self.two[..two])
    }
}

/// A number type whose scratch memory threads keep.
pub trait Keep: Sized {
    /// Takes scratch memory that this thread does not use, or new one.
    fn take() -> Scratch<Self>;
    /// Gives it back.
    fn give(scratch: Scratch<Self>);
}

macro_rules! keep {
    ($name:ident: $scalar:ty) => {
        thread_local! {
            static $name: RefCell<Vec<Scratch<$scalar>>> = const { RefCell::new(Vec::new()) };
        }

        impl Keep for $scalar {
            fn take() -> Scratch<Self> {
                $name.with_borrow_mut(Vec::pop).unwrap_or_default()
            }
            fn give(scratch: Scratch<Self>) {
                $name.with_borrow_mut(|idle| idle.push(scratch));
            }
        }
    };
}
keep!(SINGLE: f32);
keep!(DOUBLE: f64);

/// Calls `f` with scratch memory.
pub(super) fn with_scratch<T: Float, R>(f: impl FnOnce(&mut Scratch<T>) -> R) -> R {
    let mut scratch = T::take();
    let result = f(&mut scratch);
    T::give(scratch);
    result
}

/// Whether `work` multiplications are worth more than one thread, and there are more.
pub(crate) fn worthwhile(work: usize) -> bool {
    work >= WORTHWHILE && rayon::current_num_threads() > 1
}

/// Whether to read and write so many `elements` once is worth more than one thread.
pub(crate) fn worthwhile_elements(elements: usize) -> bool {
    worthwhile(MOVE * elements)
}

/// Calls `f` for each of `jobs`, on several threads where the `work` of all is worth it.
pub(super) fn each<T: Float>(jobs: usize, work: usize, f: impl Fn(usize, &mut Scratch<T>) + Sync + Send) {
    if jobs > 1 && worthwhile(work) {
        (0..jobs).into_par_iter().for_each(|job| with_scratch(|scratch| f(job, scratch)));
    } else {
        with_scratch(|scratch| (0..jobs).for_each(|job| f(job, scratch)));
    }
}

/// Into how many parts the outputs of a region are divided, so that there is something to do for everyone.
pub(super) fn parts(regions: usize, outputs: usize, work: usize) -> usize {
    if !worthwhile(work) {
        return 1;
    }
    (2 * rayon::current_num_threads()).div_ceil(regions).min(outputs).max(1)
}

/// How many of `samples` make a piece, so that there is one for everyone.
pub(super) fn share(samples: usize, work: usize) -> usize {
    if worthwhile(work) { samples.div_ceil(rayon::current_num_threads()) } else { samples }
}

/// An array that several threads write, each its own elements.
#[derive(Debug)]
pub(super) struct Shared<T> {
    start: *mut T,
    length: usize,
}

// SAFETY: elements are reached by callers that vouch for nobody else's using them.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(super) fn new(values: &mut [T]) -> Self {
        Self { start: values.as_mut_ptr(), length: values.len() }
    }

    /// Where element `start` lies, with `length` elements from there on, all inside the array.
    #[inline(always)]
    pub(super) fn place(&self, start: usize, length: usize) -> *mut T {
        assert!(start <= self.length && length <= self.length - start, "a part lies inside its array");
        self.start.wrapping_add(start)
    }

    /// `length` elements from `start`, to read.
    ///
    /// # Safety
    /// The array still exists and nobody writes these elements.
    #[inline(always)]
    pub(super) unsafe fn view(&self, start: usize, length: usize) -> &[T] {
        // SAFETY: inside the array; not written as the caller vouches.
        unsafe { std::slice::from_raw_parts(self.place(start, length), length) }
    }

    /// `length` elements from `start`.
    ///
    /// # Safety
    /// The array still exists and nobody else uses these elements.
    #[inline(always)]
    #[expect(clippy::mut_from_ref, reason = "disjoint parts of one array for several threads")]
    pub(super) unsafe fn part(&self, start: usize, length: usize) -> &mut [T] {
        // SAFETY: inside the array; exclusive as the caller vouches.
        unsafe { std::slice::from_raw_parts_mut(self.place(start, length), length) }
    }
}
