//! What is known of every traced thread, and what is done at its stops.
//!
//! Longer than the rest: every stop of ptrace(2) is told apart in one place.

use super::disguise::Siginfo;
use super::registers::{NATIVE, Registers};
use super::stop::Stop;
use crate::memory::Poked;
use crate::sys::SysError;
use crate::sys::ptrace::{self, Side, Until};
use model::{Call, Interest, Sieve, Signal, Sysno, Tid};
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::mem;
use std::rc::Rc;

/// All that one tracer traces.
#[derive(Debug)]
pub(super) struct Tracees {
    threads: HashMap<Tid, Thread>,
    /// Stops of threads whose parents have not yet reported them.
    early: HashMap<Tid, i32>,
    /// How many stops were held, so that each has a number of its own.
    held: u64,
    /// How much waits to be received.
    pub(super) waiting: usize,
    process: i32,
}

/// One subject: a first process and all its descendants.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) queue: RefCell<VecDeque<News>>,
    pub(super) dropped: Cell<u64>,
    living: Cell<usize>,
    /// What is ours of a process that has no filter: all its calls stop.
    unfiltered: Option<HashMap<Sysno, Sieve>>,
    /// Whether somebody receives its calls.
    is_heard: Cell<bool>,
    /// Whether its threads are to go untraced, each as soon as it stops or is let go.
    is_leaving: Cell<bool>,
}

/// What a subject's supervisor is to receive.
#[derive(Debug)]
pub(super) enum News {
    Call(Held, Call, Registers),
    Returned(Held, Box<Executing>, Registers),
    Lost(Tid),
    Gone,
}

/// One stop that lasts until somebody ends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) tid: Tid,
    number: u64,
}

/// A call that the kernel executes and whose return is awaited.
#[derive(Debug, Clone, Copy)]
pub(super) struct Executing {
    pub(super) call: Call,
    /// As the call was made, where something else is executed.
    pub(super) made: Option<Registers>,
    /// What came of changing memory before it.
    pub(super) poked: Poked,
}

impl Executing {
    /// The registers behind the call, with what a caller can see of a change put back.
    pub(super) fn restore(&self, mut registers: Registers) -> Registers {
        if let Some(made) = &self.made {
            registers.restore_call(made);
        }
        registers
    }
}

#[derive(Debug)]
struct Thread {
    subject: Rc<Subject>,
    state: State,
    /// How a signal that we sent is to look when it is delivered.
    sent: Option<Siginfo>,
    /// A signal that is blocked: the kernel sends it when the call has returned.
    late: Option<Signal>,
    /// The call that seccomp ends for us, under another number.
    trapped: Option<Sysno>,
    /// The call that the next signal interrupts, and the thread's place behind it.
    interrupted: Option<(Sysno, (u64, u64))>,
}

#[derive(Debug)]
enum State {
    /// It runs, or is about to.
    Running,
    /// It sleeps until this stop is ended.
    Held(u64),
    /// It runs until its call returns.
    Executing(Box<Executing>),
}

impl Subject {
    /// A subject whose filter stops the calls that are ours.
    pub(super) fn filtered() -> Rc<Subject> {
        Rc::new(Subject::new(None))
    }

    /// A subject all of whose calls stop, though only these are ours.
    pub(super) fn unfiltered(interest: &Interest) -> Rc<Subject> {
        Rc::new(Subject::new(Some(
            interest.traps().map(|(sysno, trap)| (sysno, trap.sieve.clone())).collect(),
        )))
    }

    fn new(unfiltered: Option<HashMap<Sysno, Sieve>>) -> Subject {
        Subject {
            queue: RefCell::default(),
            dropped: Cell::new(0),
            living: Cell::new(0),
            unfiltered,
            is_heard: Cell::new(true),
            is_leaving: Cell::new(false),
        }
    }

    pub(super) fn is_gone(&self) -> bool {
        self.living.get() == 0
    }

    pub(super) fn has_filter(&self) -> bool {
        self.unfiltered.is_none()
    }

    fn wants(&self, call: &Call) -> bool {
        let is_ours = match &self.unfiltered {
            None => true,
            Some(traps) => traps.get(&call.sysno).is_some_and(|sieve| sieve.passes(&call.args)),
        };
        is_ours && self.is_heard.get() && !self.is_leaving.get()
    }

    fn rest(&self) -> Until {
        if self.has_filter() { Until::Event } else { Until::Syscall }
    }
}

impl Thread {
    fn new(subject: Rc<Subject>) -> Thread {
        subject.living.set(subject.living.get() + 1);
        Thread { subject, state: State::Running, sent: None, late: None, trapped: None, interrupted: None }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        self.subject.living.set(self.subject.living.get() - 1);
    }
}

impl Tracees {
    pub(super) fn new() -> Tracees {
        Tracees {
            threads: HashMap::new(),
            early: HashMap::new(),
            held: 0,
            waiting: 0,
            process: std::process::id().cast_signed(),
        }
    }

    pub(super) fn knows(&self, tid: Tid) -> bool {
        self.threads.contains_key(&tid)
    }

    /// Whether no thread can stop now, for all are held; where that is not known at a glance, no.
    pub(super) fn nobody_runs(&self) -> bool {
        const FEW: usize = 4;
        self.threads.len() <= FEW
            && self.threads.values().all(|thread| matches!(thread.state, State::Held(_)))
    }

    /// A thread that is traced from now on.
    pub(super) fn add(&mut self, tid: Tid, subject: &Rc<Subject>) {
        self.threads.insert(tid, Thread::new(Rc::clone(subject)));
    }

    /// Takes one status of wait(2).
    pub(super) fn take(&mut self, tid: Tid, status: i32) {
        let stop = Stop::from_status(status);
        // Behind an exec it may have the id of a thread that we do not trace: the first of its process.
        if !self.knows(tid) && stop != Stop::Execed {
            if stop == Stop::Ended {
                // A child that nobody traced is collected by the way.
                self.early.remove(&tid);
            } else {
                // ptrace(2), BUGS: a new thread's first stop may come before its parent's word of it.
                self.early.insert(tid, status);
            }
            return;
        }
        // What fails in there fails with ESRCH: the thread is being killed, and its end comes next.
        let _: Result<(), SysError> = match stop {
            Stop::Ended => {
                self.end(tid);
                Ok(())
            }
            Stop::Seccomp => self.enter(tid),
            Stop::Syscall => self.at_syscall(tid),
            Stop::Cloned => self.cloned(tid),
            Stop::Execed => self.execed(tid),
            Stop::Trapped => self.resume(tid, None),
            Stop::Group => self.group_stop(tid),
            Stop::Signal(signal) => self.deliver(tid, signal),
        };
    }

    fn end(&mut self, tid: Tid) {
        let Some(thread) = self.threads.remove(&tid) else { return };
        self.lose(&thread);
        if thread.subject.living.get() == 1 {
            // The last one: the thread itself still counts.
            self.tell(&thread.subject, News::Gone);
        }
    }

    /// Tells that a call will not return.
    fn lose(&mut self, thread: &Thread) {
        if let State::Executing(executing) = &thread.state {
            self.tell(&thread.subject, News::Lost(executing.call.tid));
        }
    }

    fn tell(&mut self, subject: &Subject, news: News) {
        if subject.is_heard.get() {
            subject.queue.borrow_mut().push_back(news);
            self.waiting += 1;
        }
    }

    /// A thread is about to make a call.
    fn enter(&mut self, tid: Tid) -> Result<(), SysError> {
        let registers = Registers::of(tid)?;
        let subject = self.subject(tid)?;
        let call =
            registers.sysno().map(|sysno| Call { tid, sysno, args: registers.args(), pc: registers.pc() });
        let Some(call) = call.filter(|call| subject.wants(call)) else { return self.resume(tid, None) };
        let held = self.hold(tid)?;
        self.tell(&subject, News::Call(held, call, registers));
        Ok(())
    }

    fn at_syscall(&mut self, tid: Tid) -> Result<(), SysError> {
        let subject = self.subject(tid)?;
        if !subject.has_filter() {
            match ptrace::side(tid)? {
                Side::Entry(NATIVE) => return self.enter(tid),
                Side::Entry(_) => return self.resume(tid, None),
                Side::Exit => {}
            }
        }
        let thread = self.threads.get_mut(&tid).ok_or(SysError(libc::ESRCH))?;
        let State::Executing(executing) = mem::replace(&mut thread.state, State::Running) else {
            let late = thread.late.take();
            return self.resume(tid, late);
        };
        let registers = Registers::of(tid)?;
        let held = self.hold(tid)?;
        if !subject.is_heard.get() {
            return self.let_return(held, &registers, &executing.restore(registers));
        }
        self.tell(&subject, News::Returned(held, executing, registers));
        Ok(())
    }

    fn cloned(&mut self, tid: Tid) -> Result<(), SysError> {
        let child = ptrace::event_message(tid)?;
        let subject = self.subject(tid)?;
        let child = i32::try_from(child).map(Tid).map_err(|_| SysError(libc::ESRCH))?;
        // It may have been killed already, and its end taken for a stranger's.
        if !self.knows(child) && ptrace::is_ours(child) {
            self.add(child, &subject);
        }
        if let Some(status) = self.early.remove(&child) {
            self.take(child, status);
        }
        self.resume(tid, None)
    }

    /// # Kernel
    /// ptrace(2), "execve(2) under ptrace": all other threads are gone, and whoever called has the leader's id. The old
    /// leader's end is not reported.
    fn execed(&mut self, tid: Tid) -> Result<(), SysError> {
        let former = i32::try_from(ptrace::event_message(tid)?).map_or(tid, Tid);
        if former != tid
            && let Some(thread) = self.threads.remove(&former)
            && let Some(leader) = self.threads.insert(tid, thread)
        {
            self.lose(&leader);
        }
        if let Some(Thread { state: State::Executing(executing), .. }) = self.threads.get_mut(&tid) {
            // The registers are those of a new program.
            executing.made = None;
        }
        self.resume(tid, None)
    }

    fn group_stop(&mut self, tid: Tid) -> Result<(), SysError> {
        if self.subject(tid)?.is_leaving.get() { self.resume(tid, None) } else { ptrace::listen(tid) }
    }

    /// A signal is to be delivered. What we sent gets its disguise, and what is delivered first interrupts the call that
    /// is to be interrupted.
    fn deliver(&mut self, tid: Tid, signal: Signal) -> Result<(), SysError> {
        let process = self.process;
        let thread = self.threads.get_mut(&tid).ok_or(SysError(libc::ESRCH))?;
        if let Some((sysno, place)) = thread.interrupted.take() {
            let mut registers = Registers::of(tid)?;
            // Else it came too late, or the thread is where another signal's handler begins.
            if registers.sysno().is_none() && registers.place() == place {
                registers.interrupt(sysno);
                registers.put(tid)?;
            }
        }
        if thread.sent.is_some() || thread.trapped.is_some() {
            let info = Siginfo(ptrace::siginfo(tid)?);
            let ours = thread.sent.take_if(|sent| sent.signal() == info.signal() && info.is_sent_by(process));
            if let Some(disguise) = ours {
                ptrace::set_siginfo(tid, &disguise.0)?;
            }
            if let Some(sysno) = thread.trapped.take_if(|_| info.trapped().is_some()) {
                let mut registers = Registers::of(tid)?;
                let seccomps = Siginfo::of_seccomp(sysno, registers.place().0);
                ptrace::set_siginfo(tid, &seccomps.0)?;
                registers.trap(sysno);
                registers.put(tid)?;
            }
        }
        self.resume(tid, Some(signal))
    }

    fn subject(&self, tid: Tid) -> Result<Rc<Subject>, SysError> {
        self.threads.get(&tid).map(|thread| Rc::clone(&thread.subject)).ok_or(SysError(libc::ESRCH))
    }

    fn hold(&mut self, tid: Tid) -> Result<Held, SysError> {
        let thread = self.threads.get_mut(&tid).ok_or(SysError(libc::ESRCH))?;
        self.held += 1;
        thread.state = State::Held(self.held);
        Ok(Held { tid, number: self.held })
    }

    /// Whether the thread still is in this stop, as far as we know.
    pub(super) fn is_held(&self, held: Held) -> bool {
        matches!(
            self.threads.get(&held.tid),
            Some(Thread { state: State::Held(number), .. }) if *number == held.number
        )
    }

    /// Lets a thread that is not held go on.
    fn resume(&mut self, tid: Tid, signal: Option<Signal>) -> Result<(), SysError> {
        let thread = self.threads.get(&tid).ok_or(SysError(libc::ESRCH))?;
        let awaits_return = matches!(thread.state, State::Executing(_)) || thread.late.is_some();
        if awaits_return {
            ptrace::resume(tid, Until::Syscall, signal)
        } else if thread.subject.is_leaving.get() {
            ptrace::detach(tid, signal)?;
            self.end(tid);
            Ok(())
        } else {
            ptrace::resume(tid, thread.subject.rest(), signal)
        }
    }

    /// Ends a stop.
    pub(super) fn release(&mut self, held: Held) -> Result<(), SysError> {
        self.go(held, State::Running)
    }

    /// Ends a stop before a call, up to the one behind it.
    pub(super) fn execute(&mut self, held: Held, executing: Executing) -> Result<(), SysError> {
        self.go(held, State::Executing(Box::new(executing)))
    }

    fn go(&mut self, held: Held, state: State) -> Result<(), SysError> {
        if !self.is_held(held) {
            return Err(SysError(libc::ESRCH));
        }
        if let Some(thread) = self.threads.get_mut(&held.tid) {
            thread.state = state;
        }
        self.resume(held.tid, None)
    }

    /// Sends the thread in this stop a signal that will look like the kernel's.
    pub(super) fn send(&mut self, held: Held, signal: Signal) -> Result<(), SysError> {
        let thread = self.threads.get_mut(&held.tid).ok_or(SysError(libc::ESRCH))?;
        if ptrace::is_blocked(held.tid, signal)? {
            // It waits for whoever fetches it, or unblocks it; the call notices nothing either way.
            thread.late = Some(signal);
            return Ok(());
        }
        ptrace::send(held.tid, signal)?;
        thread.sent = Some(Siginfo::of_kernel(signal));
        Ok(())
    }

    /// Remembers that seccomp will end the call of the thread in this stop.
    pub(super) fn expect_trap(&mut self, held: Held, sysno: Sysno) {
        if let Some(thread) = self.threads.get_mut(&held.tid) {
            thread.trapped = Some(sysno);
        }
    }

    /// Remembers that the next signal interrupts the call of the thread in this stop.
    pub(super) fn expect_interruption(&mut self, held: Held, sysno: Sysno, place: (u64, u64)) {
        if let Some(thread) = self.threads.get_mut(&held.tid) {
            thread.interrupted = Some((sysno, place));
        }
    }

    /// Nobody receives this subject's calls any more: they pass.
    pub(super) fn abandon(&mut self, subject: &Subject) {
        subject.is_heard.set(false);
        self.release_queue(subject);
    }

    /// Lets a subject's threads go untraced; those that run are made to stop first.
    pub(super) fn leave(&mut self, subject: &Rc<Subject>) {
        subject.is_leaving.set(true);
        self.release_queue(subject);
        for (tid, thread) in &self.threads {
            if Rc::ptr_eq(&thread.subject, subject) && !matches!(thread.state, State::Held(_)) {
                // Whoever is gone is heard of by its last status.
                let _ = ptrace::interrupt(*tid);
            }
        }
    }

    /// Passes what was not received.
    fn release_queue(&mut self, subject: &Subject) {
        let queue = subject.queue.take();
        self.waiting -= queue.len();
        for news in queue {
            // A thread that is gone need not be let go.
            let _ = match news {
                News::Call(held, ..) => self.release(held),
                News::Returned(held, executing, registers) => {
                    self.let_return(held, &registers, &executing.restore(registers))
                }
                News::Lost(_) | News::Gone => Ok(()),
            };
        }
    }

    /// Ends a stop behind a call, where the registers are these, with those.
    pub(super) fn let_return(
        &mut self,
        held: Held,
        are: &Registers,
        to_be: &Registers,
    ) -> Result<(), SysError> {
        if !self.is_held(held) {
            return Err(SysError(libc::ESRCH));
        }
        if are != to_be {
            to_be.put(held.tid)?;
        }
        let thread = self.threads.get_mut(&held.tid).ok_or(SysError(libc::ESRCH))?;
        thread.state = State::Running;
        let late = thread.late.take();
        self.resume(held.tid, late)
    }
}
