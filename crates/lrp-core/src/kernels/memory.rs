//! Large arrays used again, since asking the system for fresh pages costs more than writing them, and arrays that
//! begin with a cache line.

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::Mutex;

use crate::tensor::Float;

/// Arrays shorter than this are left to the allocator, which keeps them at hand anyway; of longer ones it may ask the
/// system for new pages every time.
const LARGE: usize = 1 << 13;

/// Idle arrays that are kept, and their bytes.
const MOST: usize = 1 << 10;
const IDLE: usize = 1 << 30;

/// Arrays of one number type that nobody uses.
#[derive(Debug)]
pub struct Idle<T>(Mutex<Shelf<T>>);

#[derive(Debug)]
struct Shelf<T> {
    /// The longest unused first.
    arrays: VecDeque<Vec<T>>,
    bytes: usize,
}

impl<T> Shelf<T> {
    const EMPTY: Self = Self { arrays: VecDeque::new(), bytes: 0 };

    fn take(&mut self, index: usize) -> Option<Vec<T>> {
        let array = self.arrays.remove(index)?;
        self.bytes -= size_of::<T>() * array.capacity();
        Some(array)
    }

    fn give(&mut self, array: Vec<T>) {
        self.bytes += size_of::<T>() * array.capacity();
        self.arrays.push_back(array);
        while self.bytes > IDLE || self.arrays.len() > MOST {
            self.take(0);
        }
    }
}

/// A number type whose arrays are kept for the next user.
pub trait Recycle: Sized {
    /// The idle arrays of this type.
    fn idle() -> &'static Idle<Self>;
}

macro_rules! recycle {
    ($($scalar:ty),*) => {$(
        impl Recycle for $scalar {
            fn idle() -> &'static Idle<Self> {
                static IDLE: Idle<$scalar> = Idle(Mutex::new(Shelf::EMPTY));
                &IDLE
            }
        }
    )*};
}
recycle!(f32, f64);

/// An array of `length` elements that hold anything.
pub(crate) fn take<T: Float>(length: usize) -> Vec<T> {
    let fits = |array: &Vec<T>| (length..=length + length / 4).contains(&array.len());
    if length >= LARGE
        && let Ok(mut idle) = T::idle().0.lock()
        && let Some(index) = idle.arrays.iter().rposition(fits)
        && let Some(mut array) = idle.take(index)
    {
        array.truncate(length);
        return array;
    }
    vec![T::zero(); length]
}

/// Gives an array to whoever [`take`]s one next.
pub(crate) fn give<T: Float>(array: Vec<T>) {
    if array.len() < LARGE || array.capacity() * size_of::<T>() > IDLE {
        return;
    }
    if let Ok(mut idle) = T::idle().0.lock() {
        idle.give(array);
    }
}

/// Bytes of a cache line, and of the widest registers.
pub(super) const LINE: usize = 64;

/// An array that begins with a cache line: a register of the same size that reaches into two of them takes twice as
/// long to load.
#[derive(Debug, Default)]
pub(super) struct Lines<T> {
    /// The array, with room for a line more.
    values: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Float> Lines<T> {
    /// `length` zeros.
    pub(super) fn zeros(length: usize) -> Self {
        let values = vec![T::zero(); length + LINE / size_of::<T>()];
        // The elements stay where they are, wherever the array goes.
        let bytes = values.as_ptr().addr().next_multiple_of(LINE) - values.as_ptr().addr();
        Self { values, start: bytes / size_of::<T>(), length }
    }
}

impl<T> Deref for Lines<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.values[self.start..][..self.length]
    }
}

impl<T> DerefMut for Lines<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.values[self.start..][..self.length]
    }
}
