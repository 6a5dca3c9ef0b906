//! What a notification can do besides answering: on threads of ours, under the real kernel.

use super::*;
use crate::conformance::if_possible;
use crate::filter::Filter;
use crate::probe::Probe;
use model::{Content, Interest};
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::unistd::{Pid, getpgid, getpgrp, pipe, read, write};
use std::fs::File;
use std::io::Read as _;
use std::os::fd::AsRawFd as _;
use std::sync::mpsc;
use std::thread::JoinHandle;

/// Runs this on a thread whose calls of this name are notified.
fn under_notice<T: Send + 'static>(
    call: &str,
    body: impl FnOnce() -> T + Send + 'static,
) -> (Notify, JoinHandle<T>) {
    let program = Filter::compile(&Sysno::from_name(call).into_iter().collect::<Interest>()).unwrap().raw();
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        seccomp::no_new_privs().unwrap();
        let flags = Probe::take().notify.unwrap().flags();
        sender.send(seccomp::install(flags.into(), &program).unwrap()).unwrap();
        body()
    });
    (Notify::new(receiver.recv().unwrap()).unwrap(), thread)
}

/// The next call.
fn next(notify: &mut Notify) -> Notification {
    let mut fds = [PollFd::new(notify.descriptor().unwrap(), PollFlags::POLLIN)];
    assert_eq!(poll(&mut fds, PollTimeout::from(10_000_u16)), Ok(1), "nothing happened within 10 s");
    match notify.receive(Readiness::Readable).unwrap() {
        Received::Call(notification) => notification,
        _ => panic!("it is no call"),
    }
}

fn poke_of(arg: u8, bytes: &[u8]) -> Vec<Poke> {
    vec![Poke { arg, bytes: bytes.to_vec() }]
}

#[test]
fn memory_changed_before_the_call_is_what_the_kernel_reads() {
    if_possible(|| {
        let (source, sink) = pipe().unwrap();
        let text = b"hello".to_vec();
        let (mut notify, thread) = under_notice("write", move || write(sink, &text));
        let fault = Fault { poke_enter: poke_of(1, b"HE"), ..Fault::default() };
        assert_eq!(next(&mut notify).settle(&fault), Settling::Done(Outcome::Passed));
        assert_eq!(thread.join().unwrap(), Ok(5));
        let mut got = [0; 9];
        assert_eq!(read(source, &mut got), Ok(5));
        assert_eq!(&got[..5], b"HEllo");
    });
}

#[test]
fn a_call_that_is_not_executed_can_still_leave_something_behind() {
    if_possible(|| {
        let (source, _sink) = pipe().unwrap();
        let (mut notify, thread) = under_notice("read", move || {
            let mut got = vec![0; 5];
            (read(source, &mut got), got)
        });
        let fault = Fault { poke_exit: poke_of(1, b"abc"), ..Fault::forced(ForcedResult::Value(3)) };
        assert_eq!(next(&mut notify).settle(&fault), Settling::Done(Outcome::Injected));
        assert_eq!(thread.join().unwrap(), (Ok(3), b"abc\0\0".to_vec()));
    });
}

#[test]
fn a_fault_that_does_not_fit_lets_the_call_pass() {
    if_possible(|| {
        let unreadable = Content::File("/nonexistent".into());
        let forced = |result| Fault::forced(result);
        for (fault, outcome) in [
            (Fault { poke_enter: poke_of(0, b"x"), ..Fault::default() }, Outcome::Unfit(Unfit::Unwritable)),
            (forced(ForcedResult::NotReady), Outcome::Unfit(Unfit::NotPolled)),
            (
                Fault { execution: Execution::Content(unreadable), ..Fault::default() },
                Outcome::Unfit(Unfit::NoContent),
            ),
            (Fault { result: Some(ForcedResult::Value(1)), ..Fault::default() }, BEYOND_US),
            (Fault { execution: Execution::Other(Sysno::read), ..Fault::default() }, BEYOND_US),
            (forced(ForcedResult::Interrupted), BEYOND_US),
        ] {
            let (mut notify, thread) = under_notice("getpgid", || getpgid(Some(Pid::from_raw(0))));
            assert_eq!(next(&mut notify).settle(&fault), Settling::Done(outcome), "{fault:?}");
            assert_eq!(thread.join().unwrap(), Ok(getpgrp()));
            assert_eq!(notify.dropped(), 0);
        }
    });
}

#[test]
fn the_caller_gets_a_file_of_ours() {
    if_possible(|| {
        let (mut notify, thread) = under_notice("openat", || {
            let text = |mut file: File| {
                let is_cloexec = fcntl(&file, FcntlArg::F_GETFD) == Ok(FdFlag::FD_CLOEXEC.bits());
                let mut text = String::new();
                file.read_to_string(&mut text).unwrap();
                (text, is_cloexec)
            };
            [(); 2].map(|()| text(File::open("/nonexistent").unwrap()))
        });
        let ours = Execution::Content(Content::Text("ours".into()));
        for _ in 0..2 {
            let fault = Fault { execution: ours.clone(), ..Fault::default() };
            assert_eq!(next(&mut notify).settle(&fault), Settling::Done(Outcome::Injected));
        }
        assert_eq!(thread.join().unwrap(), [("ours".to_owned(), true), ("ours".to_owned(), true)]);
    });
}

/// A pipe with a word in it, and an epoll set that has reported that already.
fn reported(flags: EpollFlags) -> (OwnedFd, OwnedFd, Epoll) {
    let (source, sink) = pipe().unwrap();
    let set = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).unwrap();
    set.add(&source, EpollEvent::new(EpollFlags::EPOLLIN | flags, 0xfeed_f00d_1234_5678)).unwrap();
    write(&sink, b"word").unwrap();
    assert_eq!(reports(&set, 0), Some(0xfeed_f00d_1234_5678));
    (source, sink, set)
}

/// What an epoll set reports within so many milliseconds.
fn reports(set: &Epoll, within: u16) -> Option<u64> {
    let mut events = [EpollEvent::empty()];
    let count = set.wait(&mut events, EpollTimeout::from(within)).unwrap();
    (count > 0).then(|| events[0].data())
}

#[test]
fn an_event_follows_an_honest_eagain() {
    if_possible(|| {
        for flags in [EpollFlags::EPOLLET, EpollFlags::empty()] {
            let (source, _sink, set) = reported(flags);
            assert_eq!(reports(&set, 0).is_some(), flags.is_empty(), "an edge is reported once");
            let (mut notify, thread) = under_notice("read", move || {
                let mut got = [0; 4];
                let first = read(&source, &mut got);
                let event = reports(&set, 10_000);
                let again = reports(&set, 0).is_some();
                (first, event, again, read(&source, &mut got), got)
            });
            let fault = Fault::forced(ForcedResult::NotReady);
            assert_eq!(next(&mut notify).settle(&fault), Settling::Done(Outcome::Injected));
            assert_eq!(next(&mut notify).pass(), Outcome::Passed);
            let expected =
                (Err(nix::Error::EAGAIN), Some(0xfeed_f00d_1234_5678), flags.is_empty(), Ok(4), *b"word");
            assert_eq!(thread.join().unwrap(), expected, "{flags:?}");
        }
    });
}

#[test]
fn a_watch_of_another_file_by_the_same_number_is_none() {
    if_possible(|| {
        let (source, sink, set) = reported(EpollFlags::EPOLLET);
        let _kept_alive = source.try_clone().unwrap();
        let (other, _other_sink) = (File::open("/dev/null").unwrap(), sink);
        crate::sys::descriptor::put_at(other.as_raw_fd(), source.as_raw_fd()).unwrap();
        let (mut notify, thread) = under_notice("read", move || read(&source, &mut [0; 4]));
        let settling = next(&mut notify).settle(&Fault::forced(ForcedResult::NotReady));
        assert_eq!(settling, Settling::Done(Outcome::Unfit(Unfit::NotPolled)));
        assert_eq!(thread.join().unwrap(), Ok(0));
        assert_eq!(reports(&set, 0), None);
    });
}
