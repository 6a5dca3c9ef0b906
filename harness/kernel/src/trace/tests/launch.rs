//! A launch by the shim, under a filter without a listener.

use crate::Tracer;
use crate::filter::Filter;
use crate::handshake::{Door, Frame, Visitor, Word};
use crate::mechanism::{Received, Trapped};
use crate::puppet::{interest, listen, play, receive, sysno};
use model::{Errno, Fault, ForcedResult};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::BorrowedFd;

fn wait_for(descriptor: BorrowedFd<'_>) {
    let mut fds = [PollFd::new(descriptor, PollFlags::POLLIN)];
    assert_eq!(poll(&mut fds, PollTimeout::from(10_000_u16)), Ok(1), "nothing happened within 10 s");
}

fn hear(shim: &Visitor) -> (Frame, bool) {
    wait_for(shim.descriptor());
    match shim.hear().unwrap() {
        Word::Frame(frame, descriptor) => (frame, descriptor.is_some()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_shim_tells_that_its_filter_is_on() {
    let shim = || {
        let door = listen();
        let words = ["duress", shim::SHIM_VERB, &door, "/bin/sh", "-c", "cd / || echo '> 7' >&2"];
        shim::dispatch(words.into_iter().map(Into::into));
    };
    let Some(mut shell) = play(shim, None) else { return };
    let (process, tid) = shell.meet();
    let door = Door::open().unwrap();
    shell.tell("go");
    shell.tell(door.name());
    wait_for(door.descriptor());
    let shim = door.admit().unwrap().unwrap();
    assert_eq!(shim.pid, process);
    assert!(matches!(hear(&shim), (Frame::Hello { .. }, false)));
    let filter = Filter::compile(&interest(&["chdir", "execve", "sendto", "recvfrom"])).unwrap();
    assert!(!filter.needs_listener());
    shim.say(&Frame::Program { flags: 0, instructions: filter.instructions() }).unwrap();
    assert_eq!(hear(&shim), (Frame::Filtered, false), "and nothing that is trapped was needed for it");
    let tracer = Tracer::new();
    let mut trace = tracer.attach(tid).unwrap();
    shim.say(&Frame::Go).unwrap();
    let mut calls = Vec::new();
    while let Received::Call(stopped) = receive(&tracer, &mut trace) {
        calls.push(stopped.call().sysno);
        if stopped.call().sysno == sysno("chdir") {
            stopped.settle(&Fault::forced(ForcedResult::Error(Errno::ENOSPC)));
        } else {
            stopped.pass();
        }
    }
    assert_eq!(calls, [sysno("execve"), sysno("chdir")]);
    assert_eq!(shell.hear_all(), ["7", "ended 0"]);
}
