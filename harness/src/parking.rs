//! Held calls, by the moment they are due.

use kernel::{Answer, Mechanism};
use model::{Nanos, SubjectId};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A call whose caller is held until a moment, and what it is answered then.
#[derive(Debug)]
pub(crate) struct Parked<N> {
    pub(crate) due: Nanos,
    pub(crate) subject: SubjectId,
    pub(crate) notification: N,
    pub(crate) answer: Answer,
    /// Calls that are due together are settled in the order in which they came.
    order: u64,
}

/// All held calls of a run. Holding a thousand costs the next call nothing: the heap is only looked at from its top.
#[derive(Debug)]
pub(crate) struct Parking<M: Mechanism> {
    heap: BinaryHeap<Parked<M::Notification>>,
    count: u64,
}

impl<M: Mechanism> Parking<M> {
    pub(crate) fn new() -> Parking<M> {
        Parking { heap: BinaryHeap::new(), count: 0 }
    }

    /// Holds a call until it is due.
    pub(crate) fn park(
        &mut self,
        due: Nanos,
        subject: SubjectId,
        notification: M::Notification,
        answer: Answer,
    ) {
        self.count += 1;
        self.heap.push(Parked { due, subject, notification, answer, order: self.count });
    }

    /// When the next call is due.
    pub(crate) fn next_due(&self) -> Option<Nanos> {
        self.heap.peek().map(|first| first.due)
    }

    /// The next call that is due by now.
    pub(crate) fn take_due(&mut self, now: Nanos) -> Option<Parked<M::Notification>> {
        if self.next_due()? <= now { self.heap.pop() } else { None }
    }

    /// The next call, due or not.
    pub(crate) fn take_any(&mut self) -> Option<Parked<M::Notification>> {
        self.heap.pop()
    }
}

impl<N> Ord for Parked<N> {
    /// The earliest is the greatest, because a heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.due, other.order).cmp(&(self.due, self.order))
    }
}

impl<N> PartialOrd for Parked<N> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<N> PartialEq for Parked<N> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<N> Eq for Parked<N> {}
