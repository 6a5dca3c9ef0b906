//! The contract of [`crate::Mechanism`], as tests that every mechanism passes: the real ones on real threads, and the
//! scripted one, without which tests of the layers above would prove nothing.

use crate::mechanism::{Mechanism, Readiness, Received, Returned, Settling, Trapped};
use crate::scripted::{Scene, Scripted, Settled};
use crate::sys::{ptrace, seccomp};
use crate::{Notify, Trace, Tracer, filter::Filter, puppet};
use model::{Capability, Errno, Fault, ForcedResult, Interest, Outcome, Sysno, Tgid, Tid};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::pthread::{Pthread, pthread_kill, pthread_self};
use nix::sys::signal::{Signal, kill};
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
    /// It still waits.
    Nothing,
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
        (Tid(nix::unistd::gettid().as_raw()), ask())
    });
    (receiver.recv().unwrap(), thread.unwrap())
}

fn ask() -> Heard {
    match getpgid(Some(Pid::from_raw(0))) {
        Ok(group) if group == getpgrp() => Heard::TheTruth,
        Ok(group) => Heard::Value(group.as_raw().into()),
        Err(nix::Error::EINTR) => Heard::Interrupted,
        Err(errno) => Heard::Error(errno as i32),
    }
}

/// Threads of another process, which plays [`call_for_a_tracer`].
struct TracedThreads {
    tracer: Tracer,
    process: Tgid,
    shell: puppet::Shell,
    struck: Vec<Tid>,
}

/// What is written between these, as a number.
fn number_in<T: std::str::FromStr>(text: &str, start: &str, end: &str) -> Option<T> {
    text.strip_prefix(start)?.strip_suffix(end)?.parse().ok()
}

impl Stage for TracedThreads {
    type Mechanism = Trace;

    fn raise(threads: usize, _: usize) -> (Self, Trace) {
        let mut shell = puppet::play(|| {}, None).expect("this is not the one that is played");
        let (process, tid) = shell.meet();
        let tracer = Tracer::new();
        let trace = tracer.attach(tid).unwrap();
        shell.tell("go");
        shell.tell(&threads.to_string());
        (TracedThreads { tracer, process, shell, struck: Vec::new() }, trace)
    }

    fn readiness(&self, _: &Trace) -> Readiness {
        while !self.tracer.pump() && ptrace::await_status() {}
        Readiness::Readable
    }

    /// Nothing but an end cuts a stop short.
    fn strike(&mut self) {
        self.struck.push(Tid(self.shell.hear_number()));
        kill(Pid::from_raw(self.process.0), Signal::SIGKILL).unwrap();
        while ptrace::await_status() {
            self.tracer.pump();
        }
    }

    fn heard(self) -> HashMap<Tid, Heard> {
        while ptrace::await_status() {
            self.tracer.pump();
        }
        let read = |said: &String| {
            let (tid, heard) = said.strip_prefix('(')?.strip_suffix(')')?.split_once(", ")?;
            let heard = match heard {
                "TheTruth" => Heard::TheTruth,
                _ => number_in(heard, "Value(", ")")
                    .map(Heard::Value)
                    .or_else(|| number_in(heard, "Error(", ")").map(Heard::Error))?,
            };
            Some((Tid(tid.parse().ok()?), heard))
        };
        let struck = self.struck.iter().map(|tid| (*tid, Heard::Interrupted));
        self.shell.hear_all().iter().filter_map(read).chain(struck).collect()
    }
}

/// What the other process does: starts as many threads as it is told, which say who they are, call, and say what they
/// heard.
fn call_for_a_tracer() {
    let threads: usize = puppet::listen().parse().unwrap();
    let call = || {
        let tid = nix::unistd::gettid().as_raw();
        puppet::say(tid);
        puppet::say((tid, ask()));
    };
    let start = |_| std::thread::Builder::new().stack_size(64 << 10).spawn(call).unwrap();
    let started: Vec<_> = (0..threads).map(start).collect();
    started.into_iter().for_each(|thread| thread.join().unwrap());
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
        let result = |settled: &Settled| settled.fault.as_ref().and_then(|fault| fault.result);
        let heard = |settled: &Settled| match (settled.settling, result(settled)) {
            (Settling::Done(Outcome::Vanished), _) => Heard::Interrupted,
            (Settling::Running, _) => Heard::Nothing,
            (_, Some(ForcedResult::Value(value))) => Heard::Value(value),
            (_, Some(ForcedResult::Error(errno))) => Heard::Error(errno.raw()),
            (_, Some(other)) => panic!("{other:?} is not scripted"),
            (_, None) => Heard::TheTruth,
        };
        self.settled.borrow().iter().map(|settled| (settled.call.tid, heard(settled))).collect()
    }
}

/// Receives what comes next; there must be something.
fn receive<S: Stage>(
    stage: &S,
    mechanism: &mut S::Mechanism,
) -> Received<<S::Mechanism as Mechanism>::Notification> {
    loop {
        match mechanism.receive(stage.readiness(mechanism)).unwrap() {
            Received::Nothing => {}
            other => return other,
        }
    }
}

/// Receives the next call; there must be one.
fn next<S: Stage>(stage: &S, mechanism: &mut S::Mechanism) -> <S::Mechanism as Mechanism>::Notification {
    match receive(stage, mechanism) {
        Received::Call(notification) => notification,
        _ => panic!("it is no call"),
    }
}

fn forced(value: i64) -> Fault {
    Fault::forced(ForcedResult::Value(value))
}

fn an_answer_reaches_its_caller<S: Stage>() {
    let answers = [
        (Fault::forced(ForcedResult::Error(Errno::ENOSPC)), Heard::Error(libc::ENOSPC)),
        (forced(77_000), Heard::Value(77_000)),
        // Only the numbers of errors are errors.
        (forced(-4096), Heard::Value(-4096)),
    ];
    for (fault, expected) in answers {
        let (stage, mut mechanism) = S::raise(1, 0);
        let notification = next(&stage, &mut mechanism);
        let tid = notification.call().tid;
        assert_eq!(notification.settle(&fault), Settling::Done(Outcome::Injected));
        assert_eq!(stage.heard(), HashMap::from([(tid, expected)]), "{fault}");
    }
}

fn a_call_that_is_passed_is_executed<S: Stage>() {
    for is_judged in [false, true] {
        let (stage, mut mechanism) = S::raise(1, 0);
        let notification = next(&stage, &mut mechanism);
        let tid = notification.call().tid;
        if is_judged {
            // A delay alone, which is over by now.
            assert_eq!(notification.settle(&Fault::default()), Settling::Done(Outcome::Passed));
        } else {
            assert_eq!(notification.pass(), Outcome::Passed);
        }
        assert_eq!(stage.heard(), HashMap::from([(tid, Heard::TheTruth)]));
    }
}

fn every_call_is_received_and_the_end_is_told<S: Stage>() {
    let (stage, mut mechanism) = S::raise(5, 0);
    for _ in 0..5 {
        let notification = next(&stage, &mut mechanism);
        assert_eq!(notification.call().sysno.name(), Some("getpgid"));
        notification.pass();
    }
    assert!(matches!(receive(&stage, &mut mechanism), Received::Gone));
    assert_eq!(stage.heard().len(), 5);
}

fn a_thousand_held_calls_do_not_delay_another<S: Stage>() {
    let (stage, mut mechanism) = S::raise(1001, 0);
    let held: Vec<_> = (0..1000).map(|_| next(&stage, &mut mechanism)).collect();
    let other = next(&stage, &mut mechanism);
    let other_tid = other.call().tid;
    assert_eq!(other.settle(&forced(1_000_000)), Settling::Done(Outcome::Injected));
    // Each held call gets its own answer, in whatever order they are given.
    let mut expected = HashMap::from([(other_tid, Heard::Value(1_000_000))]);
    for (place, notification) in held.into_iter().enumerate().rev() {
        let value = 2_000_000 + i64::try_from(place).unwrap();
        expected.insert(notification.call().tid, Heard::Value(value));
        assert_eq!(notification.settle(&forced(value)), Settling::Done(Outcome::Injected));
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
    assert_eq!(notification.settle(&forced(1)), Settling::Done(Outcome::Vanished));
    assert_eq!(stage.heard(), HashMap::from([(tid, Heard::Interrupted)]));
}

/// For mechanisms that can lie about a call that was executed.
fn an_executed_call_comes_back_once<S: Stage>() {
    let lie = Fault { result: Some(ForcedResult::Value(77_000)), ..Fault::default() };
    assert!(lie.needs().into_iter().all(|need| S::Mechanism::capabilities().has(need)));
    let (stage, mut mechanism) = S::raise(2, 0);
    let told = next(&stage, &mut mechanism);
    let tid = told.call().tid;
    assert_eq!(told.settle(&lie), Settling::Running);
    let mut returned = false;
    loop {
        match receive(&stage, &mut mechanism) {
            Received::Call(other) => assert_eq!(other.pass(), Outcome::Passed),
            Received::Returned(back) => {
                assert!(!returned, "it comes back once");
                assert_eq!(back.tid(), tid);
                let value = back.value();
                assert!(value >= 0, "getpgid(2) of oneself cannot fail");
                assert_eq!(back.settle(&lie), Outcome::Executed(value));
                returned = true;
            }
            Received::Gone => break,
            Received::Lost(_) | Received::Nothing => panic!("nobody ended"),
        }
    }
    assert!(returned);
    let heard = stage.heard();
    assert_eq!(heard[&tid], Heard::Value(77_000));
    assert_eq!(heard.len(), 2);
}

/// For the same mechanisms.
fn a_dropped_return_leaves_nobody_asleep<S: Stage>() {
    let (stage, mut mechanism) = S::raise(1, 0);
    let called = next(&stage, &mut mechanism);
    let tid = called.call().tid;
    let lie = Fault { result: Some(ForcedResult::Value(77_000)), ..Fault::default() };
    assert_eq!(called.settle(&lie), Settling::Running);
    match receive(&stage, &mut mechanism) {
        Received::Returned(back) => drop(back),
        _ => panic!("it is no return"),
    }
    assert_eq!(mechanism.dropped(), 1, "it is counted");
    assert_eq!(stage.heard(), HashMap::from([(tid, Heard::TheTruth)]));
}

/// For mechanisms that never see a return.
fn nothing_is_promised_after_the_call<S: Stage>() {
    let able = S::Mechanism::capabilities();
    assert!(able.has(Capability::ForceResult) && able.has(Capability::HoldBefore));
    for after in [Capability::HoldAfter, Capability::ReplaceResult, Capability::PokeAfter] {
        assert!(!able.has(after), "{after}");
    }
}

/// The claims that every mechanism keeps, and those that this one keeps besides.
macro_rules! conformance {
    ($name:ident, $stage:ty, $guard:path, $($besides:ident),*) => {
        mod $name {
            conformance!(
                @ $stage, $guard,
                an_answer_reaches_its_caller,
                a_call_that_is_passed_is_executed,
                every_call_is_received_and_the_end_is_told,
                a_thousand_held_calls_do_not_delay_another,
                a_dropped_notification_leaves_nobody_asleep,
                a_vanished_caller_is_an_outcome
                $(, $besides)*
            );
        }
    };
    (@ $stage:ty, $guard:path, $($claim:ident),*) => {
        $(#[test] fn $claim() { $guard(super::$claim::<$stage>); })*
    };
}

conformance!(notify, super::RealThreads, super::if_possible, nothing_is_promised_after_the_call);
conformance!(
    trace,
    super::TracedThreads,
    super::if_traceable,
    an_executed_call_comes_back_once,
    a_dropped_return_leaves_nobody_asleep
);
conformance!(
    scripted,
    super::Script,
    super::always,
    an_executed_call_comes_back_once,
    a_dropped_return_leaves_nobody_asleep
);

/// Runs a test that needs nothing.
fn always(test: impl FnOnce()) {
    test();
}

/// Runs a test that needs ptrace, or plays its other part, or says why it can't.
fn if_traceable(test: impl FnOnce()) {
    if puppet::is_puppet() {
        puppet::play(call_for_a_tracer, Some(&puppet::interest(&["getpgid"])));
    } else if puppet::is_possible() {
        test();
    }
}

/// Runs a test that needs seccomp notifications, or says why it can't.
pub(crate) fn if_possible(test: impl FnOnce()) {
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
