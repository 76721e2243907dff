//! Memory asked for before it is read.

use std::collections::VecDeque;

/// Memory that is read soon, asked for while sums are computed: so much at a time as comes without anyone waiting.
#[derive(Debug, Default)]
pub(super) struct Ahead<'a, T> {
    /// What is read first, and what once that is asked for.
    next: &'a [T],
    later: VecDeque<&'a [T]>,
}

impl<'a, T> FromIterator<&'a [T]> for Ahead<'a, T> {
    fn from_iter<I: IntoIterator<Item = &'a [T]>>(places: I) -> Self {
        Self { next: &[], later: places.into_iter().collect() }
    }
}

impl<'a, T> Ahead<'a, T> {
    /// Asks for `place` before everything else; what it replaces is no longer asked for.
    pub(super) fn first(&mut self, place: &'a [T]) {
        self.next = place;
    }

    /// Up to `length` elements to ask for.
    #[inline(always)]
    pub(super) fn take(&mut self, length: usize) -> &'a [T] {
        if self.next.is_empty() {
            self.next = self.later.pop_front().unwrap_or_default();
        }
        let (place, rest) = self.next.split_at(length.min(self.next.len()));
        self.next = rest;
        place
    }
}
