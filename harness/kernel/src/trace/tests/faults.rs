//! What is done to single calls.

use crate::mechanism::{Mechanism, Received, Returned, Settling, Trapped};
use crate::puppet::{Puppet, listen, say, sysno};
use crate::sys::caught::read_with_registers;
use crate::sys::seccomp::getppid;
use model::{Errno, Execution, Fault, ForcedResult, Outcome, Poke, Unfit};
use nix::unistd::{getpid, pipe, read, write};
use std::fs;
use std::time::Duration;

fn changed(arg: u8, value: u64) -> Fault {
    Fault { execution: Execution::Changed(vec![(arg, value)]), ..Fault::default() }
}

fn lie(result: ForcedResult) -> Fault {
    Fault { result: Some(result), ..Fault::default() }
}

fn ask() {
    say(getppid(&[0; 6]).map_err(|errno| errno.0));
}

#[test]
fn a_forced_error_is_heard() {
    let Some(puppet) = Puppet::start(&["getppid"], ask) else { return };
    let (outcomes, said) = puppet.suffer(&Fault::forced(ForcedResult::Error(Errno::ENOSPC)));
    assert_eq!(outcomes, [Outcome::Injected]);
    assert_eq!(said, ["Err(28)", "ended 0"]);
}

#[test]
fn a_forced_value_is_heard_whole() {
    for value in [77_000_000_000_i64, i64::MAX, -5000, 0] {
        let script = || {
            let (result, _) = read_with_registers(-1, &mut []);
            say(result);
        };
        let Some(puppet) = Puppet::start(&["read"], script) else { return };
        let (outcomes, said) = puppet.suffer(&Fault::forced(ForcedResult::Value(value)));
        assert_eq!(outcomes, [Outcome::Injected]);
        assert_eq!(said, [&value.to_string(), "ended 0"]);
    }
}

#[test]
fn a_call_that_is_let_go_tells_the_truth() {
    let script = || say(getppid(&[0; 6]) == Ok(nix::unistd::getppid().as_raw().into()));
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let (outcomes, said) = puppet.suffer(&Fault::default());
    assert_eq!(outcomes, [Outcome::Passed, Outcome::Passed]);
    assert_eq!(said, ["true", "ended 0"]);
}

#[test]
fn a_lie_hides_what_really_happened() {
    let script = || {
        let file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
        say(fs::remove_file(&file).map_err(|error| error.raw_os_error()));
        say(file.exists());
    };
    let Some(puppet) = Puppet::start(&["unlink"], script) else { return };
    let mut number = 0;
    let mut puppet = puppet;
    let outcomes = puppet.drive(|_| {
        number += 1;
        // The second one is the temporary file's own.
        if number == 1 { lie(ForcedResult::Error(Errno::ENOSPC)) } else { Fault::default() }
    });
    assert_eq!(outcomes[0], Outcome::Executed(0));
    assert_eq!(puppet.shell.hear_all(), ["Err(Some(28))", "false", "ended 0"]);
}

#[test]
fn more_and_less_than_the_truth_can_be_told() {
    let script = || {
        let (reader, writer) = pipe().unwrap();
        write(&writer, b"123456").unwrap();
        say(read_with_registers(std::os::fd::AsRawFd::as_raw_fd(&reader), &mut [0; 4]).0);
        say(read_with_registers(-1, &mut [0; 4]).0);
    };
    for (more, told) in [(10, "14"), (-3, "1")] {
        let Some(puppet) = Puppet::start(&["read"], script) else { return };
        let (outcomes, said) = puppet.suffer(&lie(ForcedResult::More(more)));
        assert_eq!(outcomes, [Outcome::Executed(4), Outcome::Executed(-9)]);
        assert_eq!(said, [told, "-9", "ended 0"], "what failed still fails");
    }
}

#[test]
fn a_short_read_leaves_no_trace_in_registers() {
    let script = || {
        let (reader, writer) = pipe().unwrap();
        write(&writer, b"123456").unwrap();
        let mut buffer = [0; 6];
        let address = buffer.as_ptr() as u64;
        let fd = std::os::fd::AsRawFd::as_raw_fd(&reader);
        let (result, registers) = read_with_registers(fd, &mut buffer);
        say((result, buffer));
        say(registers == [u64::from(fd.cast_unsigned()), address, 6, 44, 55, 66]);
    };
    let Some(puppet) = Puppet::start(&["read"], script) else { return };
    let (outcomes, said) = puppet.suffer(&changed(2, 3));
    assert_eq!(outcomes, [Outcome::Executed(3)]);
    assert_eq!(said, ["(3, [49, 50, 51, 0, 0, 0])", "true", "ended 0"]);
}

#[test]
fn another_call_is_made_in_the_place_of_one() {
    let script = || say(getppid(&[0; 6]).unwrap() == i64::from(getpid().as_raw()));
    let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
    let process = puppet.process;
    let fault = Fault { execution: Execution::Other(sysno("getpid")), ..Fault::default() };
    let (outcomes, said) = puppet.suffer(&fault);
    assert_eq!(outcomes, [Outcome::Executed(process.0.into())]);
    assert_eq!(said, ["true", "ended 0"]);
}

#[test]
fn memory_is_changed_before_a_call_and_after() {
    let script = || {
        let (reader, writer) = pipe().unwrap();
        let mut buffer = *b"abc";
        // By another way than std's, which could keep the text elsewhere.
        say(nix::sys::uio::pwrite(std::io::stdin(), &buffer, 0).is_err());
        say(write(&writer, &buffer[..]));
        buffer = [0; 3];
        say((read(&reader, &mut buffer), buffer));
    };
    let Some(mut puppet) = Puppet::start(&["write", "read"], script) else { return };
    let poke = |bytes: &[u8]| vec![Poke { arg: 1, bytes: bytes.to_vec() }];
    let outcomes = puppet.drive(|call| match call.args[2] {
        3 if call.sysno == sysno("write") => Fault { poke_enter: poke(b"xy"), ..Fault::default() },
        3 => Fault { poke_exit: poke(b"Z"), ..Fault::default() },
        _ => Fault::default(),
    });
    assert!(outcomes.contains(&Outcome::Executed(3)));
    let said = puppet.shell.hear_all();
    assert_eq!(said, ["true", "Ok(3)", "(Ok(3), [90, 121, 99])", "ended 0"]);
}

#[test]
fn memory_that_cannot_be_changed_is_told() {
    // Nothing is mapped there, and the call does not care.
    let script = || say(getppid(&[0, 8, 0, 0, 0, 0]) == Ok(77_000));
    let poke = vec![Poke { arg: 1, bytes: vec![0] }];
    let before = Fault { poke_enter: poke.clone(), ..Fault::default() };
    let after = Fault { poke_exit: poke.clone(), ..Fault::default() };
    let both = Fault { poke_exit: poke, ..before.clone() };
    let (unfit, partly) = (Outcome::Unfit(Unfit::Unwritable), Outcome::Partly(Unfit::Unwritable));
    let told = ForcedResult::Value(77_000);
    for (fault, outcome, is_told) in [
        (before.clone(), unfit, "false"),
        (after.clone(), unfit, "false"),
        (both.clone(), unfit, "false"),
        (Fault { poke_exit: after.poke_exit, ..lie(told) }, partly, "true"),
        (Fault { poke_enter: before.poke_enter, ..Fault::forced(told) }, partly, "true"),
        (Fault { result: Some(told), ..both }, partly, "true"),
    ] {
        let Some(puppet) = Puppet::start(&["getppid"], script) else { return };
        let (outcomes, said) = puppet.suffer(&fault);
        assert_eq!(
            (outcomes, said),
            (vec![outcome], vec![is_told.to_owned(), "ended 0".to_owned()]),
            "{fault}"
        );
    }
}

#[test]
fn a_caller_is_held_behind_what_it_did() {
    let script = || {
        let (path, other) = (listen(), getppid(&[0; 6]).is_ok());
        say((fs::create_dir(path), other));
    };
    let Some(mut puppet) = Puppet::start(&["mkdir"], script) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made");
    puppet.shell.tell(path.to_str().unwrap());
    let fault = Fault { delay_exit: Duration::from_secs(1), ..Fault::default() };
    let stopped = puppet.call();
    assert!(!path.exists(), "it has not happened yet");
    assert_eq!(stopped.settle(&fault), Settling::Running);
    let behind = puppet.returned();
    assert!(path.exists(), "it has happened, and its caller does not know");
    assert_eq!((behind.value(), behind.tid()), (0, puppet.tid));
    assert_eq!(behind.settle(&fault), Outcome::Executed(0));
    assert!(matches!(puppet.receive(), Received::Gone));
    assert_eq!(puppet.shell.hear_all(), ["(Ok(()), true)", "ended 0"]);
}

#[test]
fn what_is_dropped_is_let_go_and_counted() {
    let script = || {
        ask();
        let (reader, writer) = pipe().unwrap();
        write(&writer, b"123456").unwrap();
        let mut buffer = [0; 6];
        let (result, registers) = read_with_registers(std::os::fd::AsRawFd::as_raw_fd(&reader), &mut buffer);
        say((result, registers[2]));
    };
    let Some(mut puppet) = Puppet::start(&["getppid", "read"], script) else { return };
    drop(puppet.call());
    assert_eq!(puppet.call().settle(&changed(2, 3)), Settling::Running);
    drop(puppet.returned());
    assert!(matches!(puppet.receive(), Received::Gone));
    assert_eq!(puppet.trace.dropped(), 2);
    let said = puppet.shell.hear_all();
    assert!(said[0].starts_with("Ok("), "{said:?}");
    assert_eq!(said[1..], ["(3, 6)", "ended 0"]);
}

#[test]
fn who_is_not_heard_any_more_is_let_go() {
    let script = || {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10).for_each(|_| ask()));
            }
        });
    };
    let Some(mut puppet) = Puppet::start(&["getppid"], script) else { return };
    let first = puppet.call();
    drop(puppet.trace);
    first.pass();
    while crate::sys::ptrace::await_status() {
        puppet.tracer.pump();
    }
    let said = puppet.shell.hear_all();
    assert_eq!(said.len(), 41);
    assert_eq!(said[40], "ended 0");
}

#[test]
fn what_only_other_mechanisms_can_do_is_refused() {
    let Some(puppet) = Puppet::start(&["getppid"], ask) else { return };
    let content = Execution::Content(model::Content::Text("text".to_owned()));
    let (outcomes, said) = puppet.suffer(&Fault { execution: content, ..Fault::default() });
    assert_eq!(outcomes, [Outcome::Refused(Errno::ENOSYS)]);
    assert!(said[0].starts_with("Ok("), "{said:?}");
}

#[test]
fn an_honest_eagain_needs_a_descriptor_that_is_polled() {
    let Some(puppet) = Puppet::start(&["getppid"], ask) else { return };
    let (outcomes, said) = puppet.suffer(&Fault::forced(ForcedResult::NotReady));
    assert_eq!(outcomes, [Outcome::Unfit(Unfit::NotPolled)]);
    assert!(said[0].starts_with("Ok("), "{said:?}");
}
