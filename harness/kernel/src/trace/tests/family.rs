//! Threads, children and other programs; ends and stops.

use crate::SubjectProcess;
use crate::mechanism::{Mechanism, Received, Returned, Settling, Trapped};
use crate::puppet::{Puppet, say, sysno, trace_elsewhere};
use crate::sys::ptrace;
use crate::sys::seccomp::getppid;
use model::{Call, Errno, Fault, ForcedResult, Outcome, Tgid, Tid};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpgid, pipe, read};
use std::fs;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

fn forced(errno: Errno) -> Fault {
    Fault::forced(ForcedResult::Error(errno))
}

/// A fault that waits behind the call.
fn held_behind() -> Fault {
    Fault { delay_exit: Duration::from_secs(1), ..Fault::default() }
}

fn command(program: &str, args: &[&str]) -> Command {
    #[expect(clippy::disallowed_methods, reason = "a traced process starts others")]
    let mut command = Command::new(program);
    command.args(args);
    command
}

/// What a process's main thread does, as proc_pid_stat(5) names it.
fn state(process: Tgid) -> Option<char> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

#[test]
fn threads_and_children_are_followed() {
    let script = || {
        std::thread::spawn(|| say(getppid(&[0; 6]).is_err())).join().unwrap();
        let folder = "/";
        // std makes this child as vfork(2) would, and that one as fork(2) does.
        let mut vforked = command("/bin/true", &[]);
        say(vforked.current_dir(folder).status().map_err(|error| error.raw_os_error()));
        let mut forked = command("/bin/true", &[]);
        shim::keep_dispositions(&mut forked);
        say(forked.current_dir(folder).status().map_err(|error| error.raw_os_error()));
        // And what a child starts is followed too.
        say(command("/bin/sh", &["-c", "cd / || exit 7"]).status().unwrap().code());
        say(command("/bin/sh", &["-c", "sh -c 'cd / || exit 8'"]).status().unwrap().code());
    };
    let Some(mut puppet) = Puppet::start(&["getppid", "chdir"], script) else { return };
    let (first, mut callers) = (puppet.tid, Vec::new());
    let outcomes = puppet.drive(|call| {
        // A shell asks who its parent is.
        let is_shells = call.sysno == sysno("getppid") && !callers.is_empty();
        if is_shells {
            return Fault::default();
        }
        assert!(!callers.contains(&call.tid) && call.tid != first);
        callers.push(call.tid);
        forced(Errno::ENOSPC)
    });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Injected).count(), 5);
    let said = puppet.shell.hear_all();
    assert_eq!(said, ["true", "Err(Some(28))", "Err(Some(28))", "Some(7)", "Some(8)", "ended 0"]);
}

#[test]
fn a_thousand_threads_come_and_go() {
    let script = || {
        for _ in 0..20 {
            std::thread::scope(|scope| {
                for _ in 0..50 {
                    scope.spawn(|| getppid(&[0; 6]));
                }
            });
        }
        say("done");
    };
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let (outcomes, said) = puppet.suffer(&forced(Errno::ENOSPC));
    assert_eq!(outcomes, vec![Outcome::Injected; 1000]);
    assert_eq!(said, ["\"done\"", "ended 0"]);
}

#[test]
fn a_program_that_is_executed_stays_traced() {
    let script = || {
        let error = command("/bin/sh", &["-c", "cd / || echo '> 7' >&2"]).exec();
        say(error);
    };
    let Some(mut puppet) = Puppet::start(&["execve", "chdir"], script) else { return };
    let stopped = puppet.call();
    assert_eq!(stopped.call().tid, puppet.tid, "another thread than the process's first");
    assert_eq!(stopped.settle(&held_behind()), Settling::Running);
    let behind = puppet.returned();
    assert_eq!((behind.tid(), behind.value()), (puppet.tid, 0), "it is the one who called");
    assert_eq!(behind.settle(&held_behind()), Outcome::Executed(0));
    let first = Tid(puppet.process.0);
    let outcomes = puppet.drive(|call| {
        assert_eq!(call.tid, first, "now it is the first");
        forced(Errno::ENOSPC)
    });
    assert_eq!(outcomes, [Outcome::Injected]);
    assert_eq!(puppet.shell.hear_all(), ["7", "ended 0"]);
}

#[test]
fn an_exec_ends_the_calls_of_all_other_threads() {
    const STAGE: &str = "DURESS_STAGE";
    let script = || {
        if std::env::var_os(STAGE).is_none() {
            // Once more, to have the first thread traced as well.
            let arguments: Vec<String> = std::env::args().skip(1).collect();
            let own = std::env::current_exe().unwrap();
            say(command(own.to_str().unwrap(), &[]).args(arguments).env(STAGE, "2").exec());
        }
        let (reader, _writer) = pipe().unwrap();
        std::thread::spawn(move || read(&reader, &mut [0; 7]));
        let process = Pid::this();
        say(getpgid(Some(process)).is_ok());
        say(command("/bin/true", &[]).exec());
    };
    let Some(mut puppet) = Puppet::start(&["execve", "read", "getpgid", "futex"], script) else { return };
    assert_eq!(puppet.call().settle(&held_behind()), Settling::Running);
    puppet.returned().settle(&held_behind());
    puppet.shell.tell("go");
    let first = Tid(puppet.process.0);
    // The first thread waits for its test in a futex, another one for 7 bytes from a pipe; the third one calls.
    let (mut asleep, mut caller, mut execs, mut lost) = (Vec::new(), None, 0, Vec::new());
    loop {
        match puppet.receive() {
            Received::Call(stopped) => {
                let Call { tid, sysno: called, args, .. } = *stopped.call();
                if called == sysno("getpgid") {
                    caller = Some(stopped);
                } else if called == sysno("execve") {
                    execs += 1;
                    stopped.pass();
                } else if called == sysno("futex") && tid == first || called == sysno("read") && args[2] == 7
                {
                    asleep.push(tid);
                    assert_eq!(stopped.settle(&held_behind()), Settling::Running);
                } else {
                    stopped.pass();
                }
            }
            Received::Returned(behind) => {
                asleep.retain(|tid| *tid != behind.tid());
                behind.settle(&held_behind());
            }
            Received::Lost(tid) => lost.push(tid),
            Received::Nothing => unreachable!("receiving waits"),
            Received::Gone => break,
        }
        if asleep.len() == 2
            && let Some(caller) = caller.take()
        {
            caller.pass();
        }
    }
    assert_eq!((execs, asleep.len()), (1, 2));
    lost.sort_unstable();
    asleep.sort_unstable();
    assert_eq!(lost, asleep, "every call comes back once");
    assert!(lost.contains(&first), "the first thread's too, of whose end the kernel says nothing");
    assert_eq!(puppet.shell.hear_all()[2..], ["true", "ended 0"]);
}

#[test]
fn who_is_killed_while_held_has_vanished() {
    let script = || {
        std::thread::spawn(|| getppid(&[0; 6]));
        std::thread::spawn(|| getpgid(None));
        let (reader, _writer) = pipe().unwrap();
        let _ = read(&reader, &mut [0; 7]);
    };
    let Some(mut puppet) = Puppet::start(&["getppid", "getpgid", "read"], script) else { return };
    let (mut stopped, mut behind, mut sleeper) = (None, None, None);
    while stopped.is_none() || behind.is_none() || sleeper.is_none() {
        match puppet.receive() {
            Received::Call(call) if call.call().sysno == sysno("getppid") => stopped = Some(call),
            Received::Call(call) => {
                if call.call().sysno == sysno("read") {
                    sleeper = Some(call.call().tid);
                }
                assert_eq!(call.settle(&held_behind()), Settling::Running);
            }
            Received::Returned(returned) => behind = Some(returned),
            other => panic!("{other:?}"),
        }
    }
    kill(Pid::from_raw(puppet.process.0), Signal::SIGKILL).unwrap();
    assert!(matches!(puppet.receive(), Received::Lost(tid) if Some(tid) == sleeper));
    assert_eq!(stopped.unwrap().settle(&forced(Errno::EPERM)), Settling::Done(Outcome::Vanished));
    assert_eq!(behind.unwrap().settle(&held_behind()), Outcome::Vanished);
    assert!(matches!(puppet.receive(), Received::Gone));
    assert_eq!(puppet.trace.dropped(), 0);
    assert_eq!(puppet.shell.hear_all(), ["ended 137"]);
}

/// Kills the puppet, and takes all that can be taken of its end.
fn kill_and_pump(puppet: &Puppet) {
    kill(Pid::from_raw(puppet.process.0), Signal::SIGKILL).unwrap();
    while ptrace::await_status() {
        puppet.tracer.pump();
    }
}

/// Pumps until there is something to receive.
fn pump(puppet: &Puppet) {
    while !puppet.tracer.pump() {
        assert!(ptrace::await_status());
    }
}

#[test]
fn who_is_killed_before_it_is_received_is_not_received() {
    let script = || say(getppid(&[0; 6]).is_ok());
    let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
    pump(&puppet);
    kill_and_pump(&puppet);
    assert!(matches!(puppet.receive(), Received::Gone));

    let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
    assert_eq!(puppet.call().settle(&held_behind()), Settling::Running);
    pump(&puppet);
    kill_and_pump(&puppet);
    assert!(matches!(puppet.receive(), Received::Lost(tid) if tid == puppet.tid), "it comes back once");
    assert!(matches!(puppet.receive(), Received::Gone));
}

#[test]
fn a_stopped_process_stays_stopped_until_it_is_continued() {
    let script = || {
        say("stopping");
        // To this thread, which so makes no step more.
        nix::sys::signal::raise(Signal::SIGSTOP).unwrap();
        say(getppid(&[0; 6]).is_err());
    };
    let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
    let stat = format!("/proc/{}/task/{}/stat", puppet.process, puppet.tid);
    // The other thread of the process is not traced, so it is stopped as everybody is.
    while state(puppet.process) != Some('T') || !fs::read_to_string(&stat).unwrap().contains(") t ") {
        assert!(!puppet.tracer.pump(), "a stopped process calls nobody");
        std::thread::yield_now();
    }
    assert!(!puppet.tracer.pump());
    kill(Pid::from_raw(puppet.process.0), Signal::SIGCONT).unwrap();
    assert_eq!(puppet.drive(|_| forced(Errno::EPERM)), [Outcome::Injected]);
    assert_eq!(puppet.shell.hear_all(), ["\"stopping\"", "true", "ended 0"]);
}

#[test]
fn children_that_nobody_traces_are_collected() {
    let Some(mut puppet) = Puppet::start(&["getppid"], || say(getppid(&[0; 6]).is_ok())) else { return };
    puppet.drive(|_| Fault::default());
    assert_eq!([puppet.shell.hear(), puppet.shell.hear()].map(Option::unwrap), ["true", "ended 0"]);
    let shell = Tid(puppet.shell.id());
    while ptrace::is_ours(shell) && ptrace::await_status() {
        puppet.tracer.pump();
    }
    assert!(!ptrace::is_ours(shell));
}

#[test]
fn what_was_launched_ends_with_the_tracer() {
    let tracer = || {
        let script = || {
            say("tracee");
            loop {
                let _ = getppid(&[0; 6]);
            }
        };
        let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
        say(std::process::id());
        say(puppet.process.0);
        assert!(puppet.shell.hear().is_some());
        say("it runs");
        puppet.drive(|_| Fault::default());
    };
    let Some(mut shell) = trace_elsewhere(tracer) else { return };
    let tracer = Pid::from_raw(shell.hear_number());
    let tracee = SubjectProcess::hold(Tgid(shell.hear_number())).unwrap();
    assert_eq!(shell.hear().unwrap(), "\"it runs\"");
    kill(tracer, Signal::SIGKILL).unwrap();
    let mut ended = [PollFd::new(tracee.descriptor(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut ended, PollTimeout::from(10_000_u16)), Ok(1), "it runs on");
}
