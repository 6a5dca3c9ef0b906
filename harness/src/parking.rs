//! Held calls, by the moment they are due.

use model::{Nanos, SubjectId};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Something that is held until a moment.
#[derive(Debug)]
pub(crate) struct Parked<T> {
    pub(crate) due: Nanos,
    pub(crate) subject: SubjectId,
    pub(crate) held: T,
    /// What is due together is released in the order in which it came.
    order: u64,
}

/// All held calls of a run. Holding a thousand costs the next call nothing: the heap is only looked at from its top.
#[derive(Debug)]
pub(crate) struct Parking<T> {
    heap: BinaryHeap<Parked<T>>,
    count: u64,
}

impl<T> Parking<T> {
    pub(crate) fn new() -> Parking<T> {
        Parking { heap: BinaryHeap::new(), count: 0 }
    }

    /// Holds a call until it is due.
    pub(crate) fn park(&mut self, due: Nanos, subject: SubjectId, held: T) {
        self.count += 1;
        self.heap.push(Parked { due, subject, held, order: self.count });
    }

    /// When the next call is due.
    pub(crate) fn next_due(&self) -> Option<Nanos> {
        self.heap.peek().map(|first| first.due)
    }

    /// The next call that is due by now.
    pub(crate) fn take_due(&mut self, now: Nanos) -> Option<Parked<T>> {
        if self.next_due()? <= now { self.heap.pop() } else { None }
    }

    /// The next call, due or not.
    pub(crate) fn take_any(&mut self) -> Option<Parked<T>> {
        self.heap.pop()
    }
}

impl<T> Ord for Parked<T> {
    /// The earliest is the greatest, because a heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.order).cmp(&(self.due, self.order))
    }
}

impl<T> PartialOrd for Parked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Parked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<T> Eq for Parked<T> {}
