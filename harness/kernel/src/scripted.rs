//! The mechanism `scripted`: calls from a list, for tests of everything above the kernel.

use crate::Error;
use crate::mechanism::{Mechanism, Readiness, Received, Returned, Settling, Trapped};
use model::{Call, Capabilities, Capability, Execution, Fault, Outcome, Sysno, Tid};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::BorrowedFd;
use std::rc::Rc;

/// One thing that happens to the supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// A thread makes a call; if it is executed, it returns 0.
    Call(Tid, Sysno, [u64; 6]),
    /// A thread makes a call; if it is executed, it returns this.
    CallReturning(Tid, Sysno, [u64; 6], i64),
    /// A thread makes a call and is killed before it is answered.
    DoomedCall(Tid, Sysno, [u64; 6]),
    /// A thread makes a call and is killed while it is executed.
    EndlessCall(Tid, Sysno, [u64; 6]),
    /// A call is announced and gone before it is received.
    NotEvenReceived,
}

/// What was done to a scripted call; one that was let run and returned is done twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Which call.
    pub call: Call,
    /// What was done to it; nothing where it was passed or dropped.
    pub fault: Option<Fault>,
    /// What came of that.
    pub settling: Settling,
    /// Whether it was dropped instead of settled.
    pub was_dropped: bool,
}

/// Plays a list of scenes.
#[derive(Debug)]
pub struct Scripted {
    script: VecDeque<Scene>,
    play: Rc<Play>,
}

/// What calls share with their mechanism.
#[derive(Debug, Default)]
struct Play {
    settled: Rc<RefCell<Vec<Settled>>>,
    /// Calls that were let run: what they return, or that they never do.
    running: RefCell<VecDeque<(Call, Option<i64>)>>,
    /// How many calls and returns are held.
    held: Cell<usize>,
}

impl Scripted {
    /// Plays these scenes, then is gone.
    pub fn new(script: impl IntoIterator<Item = Scene>) -> Scripted {
        Scripted { script: script.into_iter().collect(), play: Rc::default() }
    }

    /// What became of the calls so far, in the order of settling.
    pub fn settled(&self) -> Rc<RefCell<Vec<Settled>>> {
        Rc::clone(&self.play.settled)
    }
}

impl Mechanism for Scripted {
    type Notification = ScriptedNotification;

    fn capabilities() -> Capabilities {
        Capabilities::of(&Capability::ALL)
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn dropped(&self) -> u64 {
        self.play.settled.borrow().iter().filter(|settled| settled.was_dropped).count() as u64
    }

    fn receive(&mut self, ready: Readiness) -> Result<Received<ScriptedNotification>, Error> {
        if ready == Readiness::HungUp {
            return Ok(Received::Gone);
        }
        let ended = self.play.running.borrow_mut().pop_front();
        match ended {
            Some((call, Some(value))) => {
                return Ok(Received::Returned(ScriptedReturn { held: Held::new(&self.play, call), value }));
            }
            Some((call, None)) => return Ok(Received::Lost(call.tid)),
            None => {}
        }
        let (tid, sysno, args, fate) = match self.script.pop_front() {
            None if self.play.held.get() > 0 => return Ok(Received::Nothing),
            None => return Ok(Received::Gone),
            Some(Scene::NotEvenReceived) => return Ok(Received::Nothing),
            Some(Scene::Call(tid, sysno, args)) => (tid, sysno, args, Fate::Returns(0)),
            Some(Scene::CallReturning(tid, sysno, args, value)) => (tid, sysno, args, Fate::Returns(value)),
            Some(Scene::DoomedCall(tid, sysno, args)) => (tid, sysno, args, Fate::DiesBefore),
            Some(Scene::EndlessCall(tid, sysno, args)) => (tid, sysno, args, Fate::DiesWithin),
        };
        let held = Held::new(&self.play, Call { tid, sysno, args, pc: 0 });
        Ok(Received::Call(ScriptedNotification { held, fate }))
    }
}

/// What is to become of a call.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Returns(i64),
    DiesBefore,
    DiesWithin,
}

/// A call that somebody holds.
#[derive(Debug)]
struct Held {
    play: Rc<Play>,
    call: Call,
    is_settled: bool,
}

impl Held {
    fn new(play: &Rc<Play>, call: Call) -> Held {
        play.held.set(play.held.get() + 1);
        Held { play: Rc::clone(play), call, is_settled: false }
    }

    fn settle(&mut self, fault: Option<&Fault>, settling: Settling, was_dropped: bool) {
        self.is_settled = true;
        self.play.held.set(self.play.held.get() - 1);
        let settled = Settled { call: self.call, fault: fault.cloned(), settling, was_dropped };
        self.play.settled.borrow_mut().push(settled);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_settled {
            self.settle(None, Settling::Done(Outcome::Passed), true);
        }
    }
}

/// A scripted call.
#[must_use = "a tracee is asleep until this is settled"]
#[derive(Debug)]
pub struct ScriptedNotification {
    held: Held,
    fate: Fate,
}

impl Trapped for ScriptedNotification {
    type Return = ScriptedReturn;

    fn call(&self) -> &Call {
        &self.held.call
    }

    fn pass(mut self) -> Outcome {
        let outcome = match self.fate {
            Fate::DiesBefore => Outcome::Vanished,
            Fate::Returns(_) | Fate::DiesWithin => Outcome::Passed,
        };
        self.held.settle(None, Settling::Done(outcome), false);
        outcome
    }

    fn settle(mut self, fault: &Fault) -> Settling {
        let settling = match (self.fate, &fault.execution) {
            (Fate::DiesBefore, _) => Settling::Done(Outcome::Vanished),
            (_, Execution::Killed(_)) => Settling::Done(Outcome::Killed),
            _ if fault.awaits_return() => Settling::Running,
            _ if fault.is_executed() => Settling::Done(Outcome::Passed),
            _ => Settling::Done(Outcome::Injected),
        };
        if settling == Settling::Running {
            let value = match self.fate {
                Fate::Returns(value) => Some(value),
                Fate::DiesBefore | Fate::DiesWithin => None,
            };
            self.held.play.running.borrow_mut().push_back((self.held.call, value));
        }
        self.held.settle(Some(fault), settling, false);
        settling
    }
}

/// A scripted call that has returned.
#[must_use = "a tracee is asleep until this is settled"]
#[derive(Debug)]
pub struct ScriptedReturn {
    held: Held,
    value: i64,
}

impl Returned for ScriptedReturn {
    fn tid(&self) -> Tid {
        self.held.call.tid
    }

    fn value(&self) -> i64 {
        self.value
    }

    fn settle(mut self, fault: &Fault) -> Outcome {
        let outcome = Outcome::Executed(self.value);
        self.held.settle(Some(fault), Settling::Done(outcome), false);
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(scripted: &mut Scripted) -> ScriptedNotification {
        match scripted.receive(Readiness::Readable).unwrap() {
            Received::Call(notification) => notification,
            _ => panic!("it is no call"),
        }
    }

    /// A fault that has something to do when the call has returned.
    fn lie() -> Fault {
        Fault { result: Some(model::ForcedResult::Value(1)), ..Fault::default() }
    }

    #[test]
    fn the_end_is_not_told_while_a_call_is_held() {
        let mut scripted = Scripted::new([Scene::CallReturning(Tid(7), Sysno::read, [0; 6], 42)]);
        let held = next(&mut scripted);
        assert!(matches!(scripted.receive(Readiness::Readable).unwrap(), Received::Nothing));
        assert_eq!(held.settle(&lie()), Settling::Running);
        let Received::Returned(back) = scripted.receive(Readiness::Readable).unwrap() else {
            panic!("it returns")
        };
        assert_eq!((back.tid(), back.value()), (Tid(7), 42));
        assert!(matches!(scripted.receive(Readiness::Readable).unwrap(), Received::Nothing));
        assert_eq!(back.settle(&lie()), Outcome::Executed(42));
        assert!(matches!(scripted.receive(Readiness::Readable).unwrap(), Received::Gone));
        assert_eq!(scripted.settled().borrow().len(), 2);
    }

    #[test]
    fn a_call_that_never_returns_is_lost() {
        let mut scripted = Scripted::new([Scene::EndlessCall(Tid(7), Sysno::read, [0; 6])]);
        assert_eq!(next(&mut scripted).settle(&lie()), Settling::Running);
        assert!(matches!(scripted.receive(Readiness::Readable).unwrap(), Received::Lost(Tid(7))));
        assert!(matches!(scripted.receive(Readiness::Readable).unwrap(), Received::Gone));
    }
}
