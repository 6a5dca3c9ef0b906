//! The mechanism `notify`: seccomp user notification.
//!
//! # Kernel
//! seccomp_unotify(2). Letting a call go on (`CONTINUE`) is possible since 5.5. `WAIT_KILLABLE_RECV` (since 5.19) keeps a received call from being restarted by a signal. Go
//! preempts with SIGURG every 10 ms, so without it calls are notified twice; see [`crate::probe`].

use crate::Error;
use crate::content::{Contents, open_flags};
use crate::mechanism::{Mechanism, Readiness, Received, Settling, Trapped};
use crate::memory::{Poked, poke};
use crate::rearm::rearm;
use crate::sys::SysError;
use crate::sys::seccomp::{self, Buffer, RawNotification, RawResponse};
use model::{
    Call, Capabilities, Capability, Errno, Execution, Fault, ForcedResult, Outcome, Poke, Sysno, Tid, Unfit,
};
use nix::fcntl::OFlag;
use std::cell::Cell;
use std::convert::Infallible;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// One listener and the calls that come through it.
#[derive(Debug)]
pub struct Notify {
    listener: Rc<Listener>,
    buffer: Buffer,
}

/// What notifications share with their mechanism.
#[derive(Debug)]
struct Listener {
    descriptor: OwnedFd,
    dropped: Cell<u64>,
    contents: Contents,
}

impl Notify {
    /// Takes over a listener that the shim sent.
    ///
    /// # Errors
    /// [`Error::TakeListener`] where the kernel does not say how large its notifications are, or says that a response
    /// is larger than any kernel's so far.
    pub fn new(listener: OwnedFd) -> Result<Notify, Error> {
        let (notification, response) = seccomp::notification_sizes().map_err(Error::TakeListener)?;
        if response > size_of::<RawResponse>() {
            return Err(Error::TakeListener(SysError(libc::E2BIG)));
        }
        // Free to set; a kernel without it works as before.
        seccomp::set_sync_wake_up(listener.as_fd());
        Ok(Notify {
            listener: Rc::new(Listener {
                descriptor: listener,
                dropped: Cell::new(0),
                contents: Contents::default(),
            }),
            buffer: Buffer::for_size(notification),
        })
    }
}

impl Mechanism for Notify {
    type Notification = Notification;

    fn capabilities() -> Capabilities {
        // A call that is let through with CONTINUE is out of our hands: nothing can be done after it.
        Capabilities::of(&[
            Capability::ForceResult,
            Capability::HoldBefore,
            Capability::PokeBefore,
            Capability::AddDescriptor,
        ])
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        Some(self.listener.descriptor.as_fd())
    }

    fn dropped(&self) -> u64 {
        self.listener.dropped.get()
    }

    fn receive(&mut self, ready: Readiness) -> Result<Received<Notification>, Error> {
        if ready == Readiness::HungUp {
            return Ok(Received::Gone);
        }
        match self.buffer.receive(self.listener.descriptor.as_fd()) {
            Ok(raw) => {
                let call = decode(&raw);
                Ok(Received::Call(Notification {
                    listener: Rc::clone(&self.listener),
                    id: raw.id,
                    call,
                    is_settled: false,
                }))
            }
            // seccomp_unotify(2): the tracee was killed, or its call interrupted, between poll and receive.
            Err(SysError(libc::ENOENT | libc::EINTR)) => Ok(Received::Nothing),
            Err(errno) => Err(Error::Receive(errno)),
        }
    }
}

fn decode(raw: &RawNotification) -> Call {
    Call {
        tid: Tid(raw.pid.cast_signed()),
        // A number is never negative here: the filter lets only known calls through to us.
        sysno: Sysno(raw.data.nr.cast_unsigned()),
        args: raw.data.args,
        pc: raw.data.instruction_pointer,
    }
}

/// A notified call. Its thread is asleep until this is settled.
#[must_use = "a tracee is asleep until this is settled"]
#[derive(Debug)]
pub struct Notification {
    listener: Rc<Listener>,
    id: u64,
    call: Call,
    is_settled: bool,
}

/// This fault needs what [`Notify::capabilities`] does not promise. Such plans are refused before launch.
const BEYOND_US: Outcome = Outcome::Refused(Errno::ENOSYS);

impl Notification {
    /// Does what a fault says, or says why it does not fit this call, which waits on then.
    fn honour(&mut self, fault: &Fault) -> Result<Outcome, Unfit> {
        if fault.signal.is_some() || fault.awaits_return() {
            self.let_go();
            return Ok(BEYOND_US);
        }
        match &fault.execution {
            Execution::AsMade => {
                let done = match self.poke(&fault.poke_enter) {
                    Poked::All => Outcome::Passed,
                    Poked::Some => Outcome::Partly(Unfit::Unwritable),
                    Poked::None => return Err(Unfit::Unwritable),
                };
                Ok(self.answer(0, 0, CONTINUE, done))
            }
            Execution::Skipped => {
                let (val, error) = match fault.result {
                    Some(ForcedResult::Error(errno)) => (0, -errno.raw()),
                    Some(ForcedResult::Value(value)) => (value, 0),
                    Some(ForcedResult::NotReady) => {
                        self.rearm()?;
                        (0, -libc::EAGAIN)
                    }
                    Some(ForcedResult::More(_) | ForcedResult::Interrupted) | None => {
                        self.let_go();
                        return Ok(BEYOND_US);
                    }
                };
                let done = self.poke_beside(fault);
                Ok(self.answer(val, error, 0, done))
            }
            Execution::Content(content) => {
                let flags = open_flags(&self.call);
                let file = self.listener.contents.open(content, flags).map_err(|_| Unfit::NoContent)?;
                let done = self.poke_beside(fault);
                self.add_descriptor(file.as_fd(), flags.contains(OFlag::O_CLOEXEC), done)
            }
            Execution::Other(_) | Execution::Changed(_) | Execution::Killed(_) => {
                self.let_go();
                Ok(BEYOND_US)
            }
        }
    }

    fn answer(&mut self, val: i64, error: i32, flags: u32, done: Outcome) -> Outcome {
        self.is_settled = true;
        let response = RawResponse { id: self.id, val, error, flags };
        match seccomp::send(self.listener.descriptor.as_fd(), &response) {
            Ok(()) => done,
            // seccomp_unotify(2), NOTES: the tracee died, or a signal interrupted the call.
            Err(SysError(libc::ENOENT)) => Outcome::Vanished,
            Err(SysError(errno)) => Outcome::Refused(Errno::from_raw(errno).unwrap_or(Errno::EPERM)),
        }
    }

    fn let_go(&mut self) -> Outcome {
        self.answer(0, 0, CONTINUE, Outcome::Passed)
    }

    /// Changes the tracee's memory.
    ///
    /// A call that is gone is not changed: its thread's number may be another's by now. What follows finds it gone.
    fn poke<'a>(&self, pokes: impl IntoIterator<Item = &'a Poke>) -> Poked {
        let mut pokes = pokes.into_iter().peekable();
        if pokes.peek().is_none() {
            Poked::All
        } else if self.waits() {
            poke(self.call.tid, &self.call.args, pokes)
        } else {
            Poked::None
        }
    }

    /// Changes all the memory that a fault names beside its answer; gives what then came of the fault.
    fn poke_beside(&self, fault: &Fault) -> Outcome {
        match self.poke(fault.poke_enter.iter().chain(&fault.poke_exit)) {
            Poked::All => Outcome::Injected,
            Poked::Some | Poked::None => Outcome::Partly(Unfit::Unwritable),
        }
    }

    /// Makes an event follow for the descriptor that the first argument names.
    fn rearm(&self) -> Result<(), Unfit> {
        let [low @ .., _, _, _, _] = self.call.args[0].to_le_bytes();
        let is_watched = self.waits() && rearm(self.call.tid, RawFd::from_le_bytes(low));
        if is_watched { Ok(()) } else { Err(Unfit::NotPolled) }
    }

    fn waits(&self) -> bool {
        seccomp::waits(self.listener.descriptor.as_fd(), self.id)
    }

    /// Answers with a descriptor of this file.
    fn add_descriptor(
        &mut self,
        file: BorrowedFd<'_>,
        is_cloexec: bool,
        done: Outcome,
    ) -> Result<Outcome, Unfit> {
        let listener = Rc::clone(&self.listener);
        let add = |is_answer| {
            seccomp::add_descriptor(listener.descriptor.as_fd(), self.id, file, is_cloexec, is_answer)
        };
        match add(true) {
            Ok(_) => {
                self.is_settled = true;
                Ok(done)
            }
            // Before Linux 5.14 in two steps.
            Err(SysError(libc::EINVAL)) => {
                let number = add(false).map_err(|_| Unfit::NoContent)?;
                Ok(self.answer(number.into(), 0, 0, done))
            }
            Err(_) => Err(Unfit::NoContent),
        }
    }
}

/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE` in the type of the field it goes into.
#[expect(clippy::cast_possible_truncation, reason = "the flag is 1")]
const CONTINUE: u32 = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;

impl Trapped for Notification {
    type Return = Infallible;

    fn call(&self) -> &Call {
        &self.call
    }

    fn pass(mut self) -> Outcome {
        self.let_go()
    }

    fn settle(mut self, fault: &Fault) -> Settling {
        Settling::Done(self.honour(fault).unwrap_or_else(|unfit| match self.let_go() {
            Outcome::Passed => Outcome::Unfit(unfit),
            gone => gone,
        }))
    }
}

impl Drop for Notification {
    fn drop(&mut self) {
        if !self.is_settled {
            // Never leave a tracee asleep.
            self.let_go();
            self.listener.dropped.set(self.listener.dropped.get() + 1);
        }
    }
}
