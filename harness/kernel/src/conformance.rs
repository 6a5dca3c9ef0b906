//! The contract of [`crate::Mechanism`], as tests that every mechanism passes: the real one on real threads, and the
//! scripted one, without which tests of the layers above would prove nothing.

use crate::mechanism::{Answer, Mechanism, Readiness, Received, Trapped};
use crate::scripted::{Scene, Scripted, Settled};
use crate::sys::seccomp;
use crate::{Notify, filter::Filter};
use model::{Capability, Errno, ForcedResult, Interest, Outcome, Sysno, Tid};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpgid, getpgrp};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread::JoinHandle;

/// What a caller got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    /// The kernel executed the call.
    TheTruth,
    Value(i64),
    Error(i32),
    /// A signal cut the call short.
    Interrupted,
}

/// Threads that make one call each, and what they heard.
trait Stage: Sized {
    type Mechanism: Mechanism;

    /// Threads that call as soon as they can; the first `doomed` of them lose their call while it is held.
    fn raise(threads: usize, doomed: usize) -> (Self, Self::Mechanism);

    /// Waits until a call waits or all threads are gone.
    fn readiness(&self, mechanism: &Self::Mechanism) -> Readiness;

    /// Cuts the calls of the doomed threads short, which are held now.
    fn strike(&mut self);

    /// What each thread heard, by its id; waits for all of them.
    fn heard(self) -> HashMap<Tid, Heard>;
}

struct RealThreads {
    threads: Vec<(Pthread, JoinHandle<(Tid, Heard)>)>,
    doomed: usize,
}

impl Stage for RealThreads {
    type Mechanism = Notify;

    fn raise(threads: usize, doomed: usize) -> (Self, Notify) {
        let filter = Filter::compile(&Interest::from_iter([Sysno::from_name("getpgid").unwrap()])).unwrap();
        let program = filter.raw();
        let (sender, receiver) = mpsc::channel();
        seccomp::catch_signal(Signal::SIGUSR1 as i32);
        // One thread puts the filter on; the others inherit it by being its children.
        std::thread::spawn(move || {
            let mut flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
            if doomed == 0 && seccomp::knows_flags(flags | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) {
                flags |= libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
            }
            seccomp::no_new_privs().unwrap();
            let listener = seccomp::install(flags, &program).unwrap();
            let started: Vec<_> = (0..threads).map(|_| call_once()).collect();
            sender.send((listener, started)).unwrap();
        });
        let (listener, threads) = receiver.recv().unwrap();
        (RealThreads { threads, doomed }, Notify::new(listener).unwrap())
    }

    fn readiness(&self, mechanism: &Notify) -> Readiness {
        let mut fds = [PollFd::new(mechanism.descriptor().unwrap(), PollFlags::POLLIN)];
        poll(&mut fds, PollTimeout::from(10_000_u16)).unwrap();
        let found = fds[0].revents().unwrap();
        assert!(!found.is_empty(), "nothing happened within 10 s");
        if found.contains(PollFlags::POLLIN) { Readiness::Readable } else { Readiness::HungUp }
    }

    fn strike(&mut self) {
        for (thread, _) in &self.threads[..self.doomed] {
            pthread_kill(*thread, Signal::SIGUSR1).unwrap();
        }
        // The signal is sent, not yet taken: the caller goes on when its thread ends.
        while self.threads[..self.doomed].iter().any(|(_, thread)| !thread.is_finished()) {
            std::thread::yield_now();
        }
    }

    fn heard(self) -> HashMap<Tid, Heard> {
        self.threads.into_iter().map(|(_, thread)| thread.join().unwrap()).collect()
    }
}

/// A thread that asks for its process group: a call that can tell the truth, any other value, and an error.
fn call_once() -> (Pthread, JoinHandle<(Tid, Heard)>) {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().stack_size(64 << 10).spawn(move || {
        sender.send(pthread_self()).unwrap();
        let heard = match getpgid(Some(Pid::from_raw(0))) {
            Ok(group) if group == getpgrp() => Heard::TheTruth,
            Ok(group) => Heard::Value(group.as_raw().into()),
            Err(nix::Error::EINTR) => Heard::Interrupted,
            Err(errno) => Heard::Error(errno as i32),
        };
        (Tid(nix::unistd::gettid().as_raw()), heard)
    });
    (receiver.recv().unwrap(), thread.unwrap())
}

struct Script {
    settled: Rc<RefCell<Vec<Settled>>>,
}

impl Stage for Script {
    type Mechanism = Scripted;

    fn raise(threads: usize, doomed: usize) -> (Self, Scripted) {
        let script = (0..threads).map(|thread| {
            let tid = Tid(i32::try_from(thread).unwrap() + 100);
            let sysno = Sysno::from_name("getpgid").unwrap();
            if thread < doomed {
                Scene::DoomedCall(tid, sysno, [0; 6])
            } else {
                Scene::Call(tid, sysno, [0; 6])
            }
        });
        let mechanism = Scripted::new(script);
        (Script { settled: mechanism.settled() }, mechanism)
    }

    fn readiness(&self, _: &Scripted) -> Readiness {
        Readiness::Readable
    }

    fn strike(&mut self) {}

    fn heard(self) -> HashMap<Tid, Heard> {
        let heard = |settled: &Settled| match (settled.outcome, settled.answer) {
            (Outcome::Vanished, _) => Heard::Interrupted,
            (_, Answer::Continue) => Heard::TheTruth,
            (_, Answer::Force(ForcedResult::Value(value))) => Heard::Value(value),
            (_, Answer::Force(ForcedResult::Error(errno))) => Heard::Error(errno.raw()),
        };
        let tid = |settled: &Settled| Tid(i32::try_from(settled.seq.0).unwrap() + 99);
        self.settled.borrow().iter().map(|settled| (tid(settled), heard(settled))).collect()
    }
}

/// Receives the next call; there must be one.
fn next<S: Stage>(stage: &S, mechanism: &mut S::Mechanism) -> <S::Mechanism as Mechanism>::Notification {
    loop {
        match mechanism.receive(stage.readiness(mechanism)).unwrap() {
            Received::Call(notification) => return notification,
            Received::Nothing => {}
            Received::Gone => panic!("gone before the call"),
        }
    }
}

fn an_answer_reaches_its_caller<S: Stage>() {
    let answers = [
        (Answer::Force(ForcedResult::Error(Errno::ENOSPC)), Heard::Error(libc::ENOSPC), Outcome::Injected),
        (Answer::Force(ForcedResult::Value(77_000)), Heard::Value(77_000), Outcome::Injected),
        (Answer::Continue, Heard::TheTruth, Outcome::Passed),
    ];
    for (answer, expected, outcome) in answers {
        let (stage, mut mechanism) = S::raise(1, 0);
        let notification = next(&stage, &mut mechanism);
        let tid = notification.call().tid;
        assert_eq!(notification.settle(answer), outcome);
        assert_eq!(stage.heard(), HashMap::from([(tid, expected)]), "{answer:?}");
    }
}

fn calls_are_numbered_and_the_end_is_told<S: Stage>() {
    let (stage, mut mechanism) = S::raise(5, 0);
    for number in 1..=5 {
        let notification = next(&stage, &mut mechanism);
        assert_eq!(notification.call().seq.0, number);
        assert_eq!(notification.call().sysno.name(), Some("getpgid"));
        notification.settle(Answer::Continue);
    }
    assert!(matches!(mechanism.receive(stage.readiness(&mechanism)).unwrap(), Received::Gone));
    assert_eq!(stage.heard().len(), 5);
}

fn a_thousand_held_calls_do_not_delay_another<S: Stage>() {
    let (stage, mut mechanism) = S::raise(1001, 0);
    let held: Vec<_> = (0..1000).map(|_| next(&stage, &mut mechanism)).collect();
    let other = next(&stage, &mut mechanism);
    let other_tid = other.call().tid;
    assert_eq!(other.settle(Answer::Force(ForcedResult::Value(1_000_000))), Outcome::Injected);
    // Each held call gets its own answer, in whatever order they are given.
    let mut expected = HashMap::from([(other_tid, Heard::Value(1_000_000))]);
    for (place, notification) in held.into_iter().enumerate().rev() {
        let value = 2_000_000 + i64::try_from(place).unwrap();
        expected.insert(notification.call().tid, Heard::Value(value));
        assert_eq!(notification.settle(Answer::Force(ForcedResult::Value(value))), Outcome::Injected);
    }
    assert_eq!(stage.heard(), expected);
}

fn a_dropped_notification_leaves_nobody_asleep<S: Stage>() {
    let (stage, mut mechanism) = S::raise(1, 0);
    let notification = next(&stage, &mut mechanism);
    let tid = notification.call().tid;
    assert_eq!(mechanism.dropped(), 0);
    drop(notification);
    assert_eq!(mechanism.dropped(), 1, "it is counted");
    assert_eq!(stage.heard(), HashMap::from([(tid, Heard::TheTruth)]));
}

fn a_vanished_caller_is_an_outcome<S: Stage>() {
    let (mut stage, mut mechanism) = S::raise(1, 1);
    let notification = next(&stage, &mut mechanism);
    let tid = notification.call().tid;
    stage.strike();
    assert_eq!(notification.settle(Answer::Force(ForcedResult::Value(1))), Outcome::Vanished);
    assert_eq!(stage.heard(), HashMap::from([(tid, Heard::Interrupted)]));
}

fn nothing_is_promised_after_the_call<S: Stage>() {
    let able = S::Mechanism::capabilities();
    assert!(able.has(Capability::ForceResult) && able.has(Capability::HoldBefore));
    assert!(!able.has(Capability::HoldAfter), "neither mechanism can hold a call that was executed");
}

macro_rules! conformance {
    ($($claim:ident),* $(,)?) => {
        mod notify {
            $(#[test] fn $claim() { super::if_possible(super::$claim::<super::RealThreads>); })*
        }
        mod scripted {
            $(#[test] fn $claim() { super::$claim::<super::Script>(); })*
        }
    };
}

conformance! {
    an_answer_reaches_its_caller,
    calls_are_numbered_and_the_end_is_told,
    a_thousand_held_calls_do_not_delay_another,
    a_dropped_notification_leaves_nobody_asleep,
    a_vanished_caller_is_an_outcome,
    nothing_is_promised_after_the_call,
}

/// Runs a test that needs seccomp notifications, or says why it can't.
fn if_possible(test: impl FnOnce()) {
    match crate::probe::Probe::take().notify {
        Ok(_) => test(),
        Err(obstacle) => {
            let required = std::env::var("DURESS_REQUIRE").unwrap_or_default();
            assert!(!required.split(',').any(|need| need == "notify"), "needs notify: {obstacle:?}");
            let line = format!("skipped: needs notify: {obstacle:?}\n");
            let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
        }
    }
}
