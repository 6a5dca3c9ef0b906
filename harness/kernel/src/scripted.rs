//! The mechanism `scripted`: calls from a list, for tests of everything above the kernel.

use crate::Error;
use crate::mechanism::{Answer, Mechanism, Readiness, Received, Trapped};
use model::{Call, CallSeq, Capabilities, Capability, Outcome, Sysno, Tid};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// One thing that happens to the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// A thread makes a call.
    Call(Tid, Sysno, [u64; 6]),
    /// A thread makes a call and is killed before it is answered.
    DoomedCall(Tid, Sysno, [u64; 6]),
    /// A call is announced and gone before it is received.
    NotEvenReceived,
}

/// What became of a scripted call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// Which call.
    pub seq: CallSeq,
    /// What it was answered; `Continue` also where it was dropped.
    pub answer: Answer,
    /// What came of that.
    pub outcome: Outcome,
    /// Whether the notification was dropped instead of settled.
    pub was_dropped: bool,
}

/// Plays a list of scenes.
#[derive(Debug)]
pub struct Scripted {
    script: VecDeque<Scene>,
    settled: Rc<RefCell<Vec<Settled>>>,
    received: u64,
}

impl Scripted {
    /// Plays these scenes, then is gone.
    pub fn new(script: impl IntoIterator<Item = Scene>) -> Scripted {
        Scripted { script: script.into_iter().collect(), settled: Rc::default(), received: 0 }
    }

    /// What became of the calls so far, in the order of settling.
    pub fn settled(&self) -> Rc<RefCell<Vec<Settled>>> {
        Rc::clone(&self.settled)
    }
}

impl Mechanism for Scripted {
    type Notification = ScriptedNotification;

    fn capabilities() -> Capabilities {
        Capabilities::of(&[Capability::ForceResult, Capability::HoldBefore])
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn dropped(&self) -> u64 {
        self.settled.borrow().iter().filter(|settled| settled.was_dropped).count() as u64
    }

    fn receive(&mut self, ready: Readiness) -> Result<Received<ScriptedNotification>, Error> {
        if ready == Readiness::HungUp {
            return Ok(Received::Gone);
        }
        let (tid, sysno, args, is_doomed) = match self.script.pop_front() {
            None => return Ok(Received::Gone),
            Some(Scene::NotEvenReceived) => return Ok(Received::Nothing),
            Some(Scene::Call(tid, sysno, args)) => (tid, sysno, args, false),
            Some(Scene::DoomedCall(tid, sysno, args)) => (tid, sysno, args, true),
        };
        self.received += 1;
        let call = Call { seq: CallSeq(self.received), tid, sysno, args };
        Ok(Received::Call(ScriptedNotification { settled: Some(Rc::clone(&self.settled)), call, is_doomed }))
    }
}

/// A scripted call.
#[must_use = "a tracee is asleep until this is settled"]
#[derive(Debug)]
pub struct ScriptedNotification {
    /// Where to note what became of it; none once that is done.
    settled: Option<Rc<RefCell<Vec<Settled>>>>,
    call: Call,
    is_doomed: bool,
}

impl ScriptedNotification {
    fn note(&mut self, answer: Answer, was_dropped: bool) -> Outcome {
        let outcome = match answer {
            _ if self.is_doomed => Outcome::Vanished,
            Answer::Continue => Outcome::Passed,
            Answer::Force(_) => Outcome::Injected,
        };
        if let Some(settled) = self.settled.take() {
            settled.borrow_mut().push(Settled { seq: self.call.seq, answer, outcome, was_dropped });
        }
        outcome
    }
}

impl Trapped for ScriptedNotification {
    fn call(&self) -> &Call {
        &self.call
    }

    fn settle(mut self, answer: Answer) -> Outcome {
        self.note(answer, false)
    }
}

impl Drop for ScriptedNotification {
    fn drop(&mut self) {
        if self.settled.is_some() {
            self.note(Answer::Continue, true);
        }
    }
}
