//! The bare notification loop: what any supervisor must do for a call, and nothing else.
//!
//! It is a process of its own, like duress, and launches its tracee through the same shim with the same filter and the
//! same flags. It neither looks at a call nor writes anything down.

#![expect(clippy::disallowed_methods, reason = "the bare loop starts its tracee")]

use crate::Error;
use crate::sys::{self, Reply};
use kernel::filter::Filter;
use kernel::handshake::{Door, Frame, Role, Visitor, Word};
use model::{Interest, Sysno};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::ffi::OsString;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::Command;

/// The word that makes duress a shim: `duress __shim SOCKET PROGRAM [ARG …]`.
const SHIM_VERB: &str = "__shim";

/// Where the bare loop sleeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sleep {
    /// In `RECV`: two system calls a notification.
    InReceive,
    /// In poll(2), before every `RECV`, as who waits for several things must: three system calls.
    InPoll,
}

/// What a bare loop is to do.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// Where it sleeps.
    pub sleep: Sleep,
    /// What it answers.
    pub reply: Reply,
}

impl Manner {
    /// The first words of the bare loop's arguments.
    pub fn arguments(self) -> [&'static str; 2] {
        let sleep = match self.sleep {
            Sleep::InReceive => "receive",
            Sleep::InPoll => "poll",
        };
        let reply = match self.reply {
            Reply::Refuse => "refuse",
            Reply::Pass => "pass",
        };
        [sleep, reply]
    }

    /// Reads what [`Manner::arguments`] wrote.
    pub fn parse(mut words: impl Iterator<Item = OsString>) -> Option<Manner> {
        let sleep = match words.next()?.to_str()? {
            "receive" => Sleep::InReceive,
            "poll" => Sleep::InPoll,
            _ => return None,
        };
        let reply = match words.next()?.to_str()? {
            "refuse" => Reply::Refuse,
            "pass" => Reply::Pass,
            _ => return None,
        };
        Some(Manner { sleep, reply })
    }
}

/// Launches `command` through the shim and answers its calls of getppid(2) until it is gone.
///
/// # Errors
/// The launch fails, the kernel does, or the command does.
pub fn supervise(manner: Manner, shim: &OsString, command: &[OsString]) -> Result<(), Error> {
    let door = Door::open().map_err(failed("open its socket"))?;
    let mut child = Command::new(shim)
        .args([SHIM_VERB, door.name()])
        .args(command)
        .spawn()
        .map_err(failed("start the shim"))?;
    let (_visitor, listener) = receive_shim(&door)?;
    sys::set_sync_wake_up(listener.as_fd());
    while let Some(id) = next(manner.sleep, listener.as_fd()).map_err(failed("receive a notification"))? {
        sys::answer(listener.as_fd(), id, manner.reply).map_err(failed("answer a notification"))?;
    }
    let status = child.wait().map_err(failed("collect its tracee"))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Bare { what: "measure", reason: format!("the tracee: {status}") })
    }
}

fn next(sleep: Sleep, listener: BorrowedFd<'_>) -> std::io::Result<Option<u64>> {
    if sleep == Sleep::InPoll {
        let mut ready = [PollFd::new(listener, PollFlags::POLLIN)];
        poll(&mut ready, PollTimeout::NONE)?;
        if !ready[0].revents().unwrap_or(PollFlags::empty()).contains(PollFlags::POLLIN) {
            return Ok(None);
        }
    }
    sys::receive(listener)
}

/// The supervisor's half of a launch, up to go. The visitor is kept: letting go of it ends a shim that has not begun.
fn receive_shim(door: &Door) -> Result<(Visitor, OwnedFd), Error> {
    let visitor = loop {
        readable(door.descriptor())?;
        if let Some(visitor) = door.admit().map_err(failed("let the shim in"))? {
            break visitor;
        }
    };
    let filter =
        Filter::compile(&Interest::from_iter([Sysno::getppid])).map_err(failed("compile its filter"))?;
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let flags = u32::try_from(flags).map_err(failed("name its flags"))?;
    loop {
        readable(visitor.descriptor())?;
        match visitor.hear().map_err(failed("hear the shim"))? {
            Word::Silence => {}
            Word::Frame(Frame::Hello { role: Role::Subject, .. }, _) => {
                let program = Frame::Program { flags, instructions: filter.instructions() };
                visitor.say(&program).map_err(failed("send the filter"))?;
            }
            Word::Frame(Frame::Listener, Some(listener)) => {
                visitor.say(&Frame::Go).map_err(failed("say go"))?;
                return Ok((visitor, listener));
            }
            other @ (Word::Frame(..) | Word::Closed) => {
                return Err(Error::Bare { what: "launch its tracee", reason: format!("{other:?}") });
            }
        }
    }
}

fn readable(descriptor: BorrowedFd<'_>) -> Result<(), Error> {
    poll(&mut [PollFd::new(descriptor, PollFlags::POLLIN)], PollTimeout::NONE)
        .map(drop)
        .map_err(failed("wait for the shim"))
}

fn failed<E: ToString>(what: &'static str) -> impl FnOnce(E) -> Error {
    move |error| Error::Bare { what, reason: error.to_string() }
}
