//! A stopped call, before and behind its execution.

use super::registers::Registers;
use super::tracees::{Executing, Held, Subject, Tracees};
use crate::filter::ending_number;
use crate::mechanism::{Returned, Settling, Trapped};
use crate::memory::{Poked, poke};
use crate::rearm::rearm;
use crate::sys::SysError;
use model::{Call, Errno, Execution, Fault, ForcedResult, Outcome, Poke, Signal, Tid, Unfit, Victim};
use std::cell::RefCell;
use std::rc::Rc;

/// A stop that lasts until it is ended.
#[derive(Debug)]
pub(super) struct Stop {
    tracees: Rc<RefCell<Tracees>>,
    subject: Rc<Subject>,
    held: Held,
    registers: Registers,
    is_ended: bool,
}

impl Stop {
    pub(super) fn new(
        tracees: &Rc<RefCell<Tracees>>,
        subject: &Rc<Subject>,
        held: Held,
        registers: Registers,
    ) -> Stop {
        let (tracees, subject) = (Rc::clone(tracees), Rc::clone(subject));
        Stop { tracees, subject, held, registers, is_ended: false }
    }

    fn release(&mut self) -> Result<(), SysError> {
        self.is_ended = true;
        self.tracees.borrow_mut().release(self.held)
    }

    /// Sends the fault's signal, if it has one, and lets it interrupt the call, if that is asked for.
    fn send(&mut self, fault: &Fault, call: &Call) -> Result<(), SysError> {
        let mut tracees = self.tracees.borrow_mut();
        if let Some(signal) = fault.signal {
            tracees.send(self.held, signal)?;
        }
        if fault.result == Some(ForcedResult::Interrupted) {
            tracees.expect_interruption(self.held, call.sysno, self.registers.place());
        }
        Ok(())
    }

    fn count_drop(&self) {
        self.subject.dropped.set(self.subject.dropped.get() + 1);
    }
}

/// What a caller is told of a call that returned this.
fn told(result: ForcedResult, real: i64) -> i64 {
    let error = |errno: Errno| -i64::from(errno.raw());
    match result {
        ForcedResult::Error(errno) => error(errno),
        ForcedResult::Value(value) => value,
        ForcedResult::More(_) if is_error(real) => real,
        ForcedResult::More(more) => real.saturating_add(more),
        // A signal that is delivered now may still have the call made again.
        ForcedResult::Interrupted => error(Errno::EINTR),
        ForcedResult::NotReady => error(Errno::EAGAIN),
    }
}

/// # Kernel
/// `MAX_ERRNO` in `include/linux/err.h`.
fn is_error(value: i64) -> bool {
    (-4095..0).contains(&value)
}

/// This fault needs what [`super::Trace`] does not promise. Such plans are refused before launch.
const BEYOND_US: Outcome = Outcome::Refused(Errno::ENOSYS);

/// What becomes of an answer that the kernel did not take.
fn refused(SysError(errno): SysError) -> Outcome {
    match errno {
        // The thread is dead, or about to be.
        libc::ESRCH => Outcome::Vanished,
        errno => Outcome::Refused(Errno::from_raw(errno).unwrap_or(Errno::EPERM)),
    }
}

/// What came of a fault of which all but the pokes was done.
fn outcome(fault: &Fault, before: Poked, after: Poked, done: Outcome) -> Outcome {
    let is_more = fault.signal.is_some() || fault.execution != Execution::AsMade || fault.result.is_some();
    let is_none = |poked, pokes: &[Poke]| poked == Poked::None || pokes.is_empty();
    match (before, after) {
        (Poked::All, Poked::All) => done,
        _ if !is_more && is_none(before, &fault.poke_enter) && is_none(after, &fault.poke_exit) => {
            Outcome::Unfit(Unfit::Unwritable)
        }
        _ => Outcome::Partly(Unfit::Unwritable),
    }
}

/// A call that a thread is stopped before.
#[must_use = "a tracee is asleep until this is settled"]
#[derive(Debug)]
pub struct Stopped {
    stop: Stop,
    call: Call,
}

impl Stopped {
    pub(super) fn new(stop: Stop, call: Call) -> Stopped {
        Stopped { stop, call }
    }

    fn answer(&mut self, fault: &Fault) -> Result<Settling, Outcome> {
        let Stopped { stop, call } = self;
        if !stop.tracees.borrow().is_held(stop.held) {
            stop.is_ended = true;
            return Err(Outcome::Vanished);
        }
        let mut registers = stop.registers;
        let done = match &fault.execution {
            Execution::AsMade => Outcome::Passed,
            Execution::Skipped => {
                registers.skip(told(fault.result.unwrap_or(ForcedResult::Value(0)), 0));
                Outcome::Injected
            }
            Execution::Other(sysno) => {
                registers.set_sysno(*sysno);
                Outcome::Passed
            }
            Execution::Changed(changes) => {
                for (arg, value) in changes {
                    registers.set_arg(*arg, *value);
                }
                Outcome::Passed
            }
            // Only a filter can end a thread like one.
            Execution::Killed(_) if !stop.subject.has_filter() => return Err(BEYOND_US),
            Execution::Content(_) => return Err(BEYOND_US),
            Execution::Killed(victim) => {
                registers.set_sysno(ending_number(*victim));
                Outcome::Killed
            }
        };
        if fault.result == Some(ForcedResult::NotReady) && !fault.is_executed() {
            let [low @ .., _, _, _, _] = call.args[0].to_le_bytes();
            if !rearm(call.tid, i32::from_le_bytes(low)) {
                return Err(Outcome::Unfit(Unfit::NotPolled));
            }
        }
        let before = poke(call.tid, &call.args, &fault.poke_enter);
        // Where nothing is executed there is no other moment.
        let late: &[Poke] = if fault.is_executed() { &[] } else { &fault.poke_exit };
        let after = poke(call.tid, &call.args, late);
        stop.send(fault, call).map_err(refused)?;
        if fault.signal == Some(Signal::SIGKILL) {
            // It is gone by our doing, whatever else was to happen.
            let _ = stop.release();
            return Ok(Settling::Done(Outcome::Killed));
        }
        if registers != stop.registers {
            registers.put(call.tid).map_err(refused)?;
        }
        stop.is_ended = true;
        let mut tracees = stop.tracees.borrow_mut();
        if fault.execution == Execution::Killed(Victim::Trapped) {
            tracees.expect_trap(stop.held, call.sysno);
        }
        if !fault.awaits_return() {
            return tracees
                .release(stop.held)
                .map_err(refused)
                .map(|()| Settling::Done(outcome(fault, before, after, done)));
        }
        let made = (fault.execution != Execution::AsMade).then_some(stop.registers);
        let executing = Executing { call: *call, made, poked: before };
        tracees.execute(stop.held, executing).map(|()| Settling::Running).map_err(refused)
    }
}

impl Trapped for Stopped {
    type Return = Behind;

    fn call(&self) -> &Call {
        &self.call
    }

    fn pass(mut self) -> Outcome {
        self.stop.release().map_or_else(refused, |()| Outcome::Passed)
    }

    fn settle(mut self, fault: &Fault) -> Settling {
        Settling::Done(match self.answer(fault) {
            Ok(settling) => return settling,
            Err(outcome) if self.stop.is_ended => outcome,
            Err(outcome) => self.stop.release().map_or_else(refused, |()| outcome),
        })
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        if !self.stop.is_ended {
            // Never leave a tracee asleep; one that is gone needs nothing.
            let _ = self.stop.release();
            self.stop.count_drop();
        }
    }
}

/// A call that was executed, with its thread stopped behind it.
#[must_use = "a tracee is asleep until this is settled"]
#[derive(Debug)]
pub struct Behind {
    stop: Stop,
    executing: Box<Executing>,
}

impl Behind {
    pub(super) fn new(stop: Stop, executing: Box<Executing>) -> Behind {
        Behind { stop, executing }
    }

    /// Lets the thread go, with these registers.
    fn leave(&mut self, registers: &Registers) -> Result<(), SysError> {
        self.stop.is_ended = true;
        self.stop.tracees.borrow_mut().let_return(self.stop.held, &self.stop.registers, registers)
    }
}

impl Returned for Behind {
    /// Whose call: by the id that the thread had when it made it. execve(2) can change that.
    fn tid(&self) -> Tid {
        self.executing.call.tid
    }

    fn value(&self) -> i64 {
        self.stop.registers.result()
    }

    fn settle(mut self, fault: &Fault) -> Outcome {
        let value = self.value();
        let mut registers = self.executing.restore(self.stop.registers);
        let after = poke(self.stop.held.tid, &self.executing.call.args, &fault.poke_exit);
        match fault.result {
            None => {}
            // Without a number, as before a call that is skipped: so the interruption is told from a later one.
            Some(ForcedResult::Interrupted) => registers.skip(told(ForcedResult::Interrupted, value)),
            Some(result) => registers.set_told(told(result, value)),
        }
        match self.leave(&registers) {
            Err(errno) => refused(errno),
            Ok(()) => outcome(fault, self.executing.poked, after, Outcome::Executed(value)),
        }
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        if !self.stop.is_ended {
            // Never leave a tracee asleep; one that is gone needs nothing.
            let _ = self.leave(&self.executing.restore(self.stop.registers));
            self.stop.count_drop();
        }
    }
}
