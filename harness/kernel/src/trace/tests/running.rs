//! Processes that ran before we came, and go on when we have left.

use crate::Tracer;
use crate::mechanism::{Mechanism, Readiness, Received, Returned, Settling, Trapped};
use crate::puppet::{Puppet, Shell, is_tracer, listen, receive, say, sysno, trace_elsewhere};
use crate::sys::ptrace;
use crate::sys::seccomp::getppid;
use model::{ArgOp, ArgTest, Execution, Fault, ForcedResult, Interest, Outcome, Sieve, Tgid, Via, Width};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How many threads a running process has that call all the time.
const THREADS: usize = 20;

/// Calls all the time, from many threads, and tells when asked how many calls it made and how many were lied to.
fn call_on() {
    let (calls, lies, is_over) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let caller = |number: u64| {
        while !is_over.load(Ordering::Relaxed) {
            if getppid(&[number, 0, 0, 0, 0, 0]) == Ok(77_000_000) {
                lies.fetch_add(1, Ordering::Relaxed);
            }
            calls.fetch_add(1, Ordering::Relaxed);
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        for number in 0..THREADS {
            let caller = &caller;
            scope.spawn(move || caller(number as u64));
        }
        while listen() == "count" {
            say(calls.load(Ordering::Relaxed));
            say(lies.load(Ordering::Relaxed));
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

/// Calls of one of those threads.
fn calls_of(number: u64) -> Interest {
    let test = ArgTest { arg: 0, width: Width::Wide, op: ArgOp::Eq, value: number };
    let mut interest = Interest::default();
    interest.trap(sysno("getppid"), Via::Trace, Sieve::of(vec![vec![test]]));
    interest
}

fn count(shell: &mut Shell) -> (i32, i32) {
    shell.tell("count");
    (shell.hear_number(), shell.hear_number())
}

fn tracers(process: Tgid) -> Vec<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap().flatten();
    let tracer = |folder: fs::DirEntry| {
        let status = fs::read_to_string(folder.path().join("status")).ok()?;
        Some(status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?.trim().to_owned())
    };
    threads.filter_map(tracer).collect()
}

/// Counts twice, with the calls going on in between.
fn still_calls(shell: &mut Shell) -> (i32, i32) {
    let (before, lies) = count(shell);
    loop {
        let (now, lies_now) = count(shell);
        if now > before {
            return (lies, lies_now);
        }
    }
}

#[test]
fn a_running_process_is_attached_to_and_left_as_it_was() {
    let Some((mut shell, process)) = Puppet::start_untraced(call_on) else { return };
    assert_eq!(still_calls(&mut shell), (0, 0));
    let tracer = Tracer::new();
    let mut trace = tracer.attach_running(process, &calls_of(7)).unwrap();
    let own = nix::unistd::gettid().to_string();
    assert!(tracers(process).len() > THREADS);
    assert!(tracers(process).iter().all(|tracer| *tracer == own), "every thread is traced");
    let lie = Fault { execution: Execution::AsMade, ..Fault::forced(ForcedResult::Value(77_000_000)) };
    let mut callers = Vec::new();
    for round in 0..20 {
        let fault = if round % 2 == 0 { Fault::forced(ForcedResult::Value(77_000_000)) } else { lie.clone() };
        let Received::Call(stopped) = receive(&tracer, &mut trace) else { panic!("no call") };
        assert_eq!(stopped.call().args[0], 7, "other calls pass");
        callers.push(stopped.call().tid);
        match stopped.settle(&fault) {
            Settling::Done(outcome) => assert_eq!(outcome, Outcome::Injected),
            Settling::Running => {
                let Received::Returned(behind) = receive(&tracer, &mut trace) else { panic!("no return") };
                assert!(matches!(behind.settle(&fault), Outcome::Executed(parent) if parent > 0));
            }
        }
    }
    callers.dedup();
    assert_eq!(callers.len(), 1);

    let Received::Call(held) = receive(&tracer, &mut trace) else { panic!("no call") };
    tracer.detach(&trace);
    assert_eq!(held.pass(), Outcome::Passed);
    loop {
        match trace.receive(Readiness::Readable).unwrap() {
            Received::Gone => break,
            Received::Nothing => {
                assert!(ptrace::await_status());
                tracer.pump();
            }
            other => panic!("{other:?} from who is let go"),
        }
    }
    assert!(tracers(process).iter().all(|tracer| tracer == "0"), "nobody traces it any more");
    assert_eq!(still_calls(&mut shell), (20, 20), "it calls on, and is told the truth");
    assert_eq!(shell.hear_all(), ["ended 0"]);
}

#[test]
fn a_running_process_survives_the_tracer() {
    let tracer = || {
        say(std::process::id());
        let process = Tgid(listen().parse().unwrap());
        let tracer = Tracer::new();
        let mut trace = tracer.attach_running(process, &calls_of(7)).unwrap();
        let Received::Call(_held) = receive(&tracer, &mut trace) else { panic!("no call") };
        say(process.0);
        receive(&tracer, &mut trace);
    };
    if is_tracer() {
        return tracer();
    }
    let Some((mut shell, process)) = Puppet::start_untraced(call_on) else { return };
    let Some(mut elsewhere) = trace_elsewhere(tracer) else { return };
    let tracer = Pid::from_raw(elsewhere.hear_number());
    elsewhere.tell(&process.to_string());
    assert_eq!(elsewhere.hear_number(), process.0);
    kill(tracer, Signal::SIGKILL).unwrap();
    assert_eq!(elsewhere.hear_all(), ["ended 137"]);
    still_calls(&mut shell);
    assert!(tracers(process).iter().all(|tracer| tracer == "0"));
    assert_eq!(shell.hear_all(), ["ended 0"]);
}

#[test]
fn who_is_gone_or_traced_by_another_cannot_be_attached_to() {
    let tracer = Tracer::new();
    assert!(tracer.attach_running(Tgid(i32::MAX), &calls_of(7)).is_err());
    let Some((mut shell, process)) = Puppet::start_untraced(call_on) else { return };
    let _trace = tracer.attach_running(process, &calls_of(100)).unwrap();
    let elsewhere = std::thread::spawn(move || {
        let error = Tracer::new().attach_running(process, &calls_of(7)).unwrap_err();
        error.to_string()
    });
    assert_eq!(elsewhere.join().unwrap(), format!("cannot trace process {process}"));
    shell.tell("end");
    while ptrace::await_status() {
        tracer.pump();
    }
    assert_eq!(shell.hear_all(), ["ended 0"]);
}
