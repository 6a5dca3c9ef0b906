//! The contract between the supervisor and whatever traps calls for it.
//!
//! 1. A trapped call's thread sleeps until its notification is settled.
//! 2. A notification is settled exactly once, by moving it. One that is dropped is passed on untouched, and counted as
//!    a bug of ours.
//! 3. Settling never blocks, and neither does receiving when the mechanism was said to be ready.
//! 4. A call whose settling is [`Settling::Running`] comes back once: as [`Received::Returned`], its thread asleep behind the
//!    call, or as [`Received::Lost`].
//! 5. A tracee that vanished is an outcome.

use crate::Error;
use model::{Call, Capabilities, Fault, Outcome, Tid};
use std::convert::Infallible;
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
pub enum Received<N: Trapped> {
    /// A call, waiting to be settled.
    Call(N),
    /// A call that was let run has returned; its thread waits behind it.
    Returned(N::Return),
    /// A call that was let run will not return: its thread ended.
    Lost(Tid),
    /// Nothing (more) waits: what was announced vanished before it could be received.
    Nothing,
    /// No more calls will come.
    Gone,
}

/// What came of settling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// It is over.
    Done(Outcome),
    /// The kernel executes the call; something is left to be done when it returns.
    Running,
}

/// Traps calls.
pub trait Mechanism {
    /// A trapped call.
    type Notification: Trapped;

    /// What this mechanism can honour exactly.
    fn capabilities() -> Capabilities;

    /// The descriptor that becomes readable when a call waits; none for a mechanism that is polled by other means.
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
pub trait Trapped: Sized {
    /// The same call when it has returned.
    type Return: Returned;

    /// What is asked for.
    fn call(&self) -> &Call;

    /// Lets the kernel execute it as it was made.
    fn pass(self) -> Outcome;

    /// Does to it what the fault says, up to its return; the delays are the caller's business. A fault that
    /// [awaits the return](Fault::awaits_return) of an executed call ends in [`Settling::Running`].
    fn settle(self, fault: &Fault) -> Settling;
}

/// A call that was executed. Its thread is asleep behind it until this is consumed.
pub trait Returned: Sized {
    /// Whose call.
    fn tid(&self) -> Tid;

    /// What it really returned.
    fn value(&self) -> i64;

    /// Does the rest of what the fault says, and lets the thread go.
    fn settle(self, fault: &Fault) -> Outcome;
}

/// For mechanisms that never see a return.
impl Returned for Infallible {
    fn tid(&self) -> Tid {
        match *self {}
    }

    fn value(&self) -> i64 {
        match *self {}
    }

    fn settle(self, _: &Fault) -> Outcome {
        match self {}
    }
}
