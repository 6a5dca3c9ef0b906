//! The contract between the supervisor and whatever traps calls for it.
//!
//! 1. A trapped call's thread sleeps until its notification is settled.
//! 2. A notification is settled exactly once, by moving it. One that is dropped is passed on untouched, and counted as
//!    a bug of ours.
//! 3. Settling never blocks, and neither does receiving when the mechanism was said to be ready.
//! 4. Calls are numbered from 1 in the order of receiving, without gaps.
//! 5. A tracee that vanished is an outcome.

use crate::Error;
use model::{Call, Capabilities, ForcedResult, Outcome};
use std::os::fd::BorrowedFd;

/// What poll(2) said of a mechanism's descriptor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// A call is waiting.
    Readable,
    /// The last tracee is gone.
    HungUp,
}

/// What came of receiving.
#[derive(Debug)]
pub enum Received<N> {
    /// A call, waiting to be settled.
    Call(N),
    /// The call that was announced vanished before it could be received.
    Nothing,
    /// No more calls will come.
    Gone,
}

/// What a call is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The kernel executes it.
    Continue,
    /// It is not executed; its caller gets this.
    Force(ForcedResult),
}

/// Traps calls.
pub trait Mechanism {
    /// A trapped call.
    type Notification: Trapped;

    /// What this mechanism can honour exactly.
    fn capabilities() -> Capabilities;

    /// The descriptor that becomes readable when a call waits; none for a mechanism that is always ready.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// How many notifications were dropped without an answer: bugs of ours.
    fn dropped(&self) -> u64;

    /// Receives the call that waits.
    ///
    /// # Errors
    /// [`Error::Receive`] where the kernel fails us; the listener is of no more use then.
    fn receive(&mut self, ready: Readiness) -> Result<Received<Self::Notification>, Error>;
}

/// A trapped call. Its thread is asleep until this is consumed.
pub trait Trapped {
    /// What is asked for.
    fn call(&self) -> &Call;

    /// Answers it.
    fn settle(self, answer: Answer) -> Outcome;
}
