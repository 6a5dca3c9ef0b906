//! The mechanism `notify`: seccomp user notification.
//!
//! # Kernel
//! seccomp_unotify(2). Letting a call go on (`CONTINUE`) is possible since 5.5. `WAIT_KILLABLE_RECV` (since 5.19) keeps a received call from being restarted by a signal. Go
//! preempts with SIGURG every 10 ms, so without it calls are notified twice; see [`crate::probe`].

use crate::Error;
use crate::mechanism::{Answer, Mechanism, Readiness, Received, Trapped};
use crate::sys::SysError;
use crate::sys::seccomp::{self, Buffer, RawNotification, RawResponse};
use model::{Call, CallSeq, Capabilities, Capability, Errno, ForcedResult, Outcome, Sysno, Tid};
use std::cell::Cell;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::rc::Rc;

/// One listener and the calls that come through it.
#[derive(Debug)]
pub struct Notify {
    listener: Rc<Listener>,
    buffer: Buffer,
    received: u64,
}

/// What notifications share with their mechanism.
#[derive(Debug)]
struct Listener {
    descriptor: OwnedFd,
    dropped: Cell<u64>,
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
            listener: Rc::new(Listener { descriptor: listener, dropped: Cell::new(0) }),
            buffer: Buffer::for_size(notification),
            received: 0,
        })
    }
}

impl Mechanism for Notify {
    type Notification = Notification;

    fn capabilities() -> Capabilities {
        // A call that is let through with CONTINUE is out of our hands: nothing can be done after it.
        Capabilities::of(&[Capability::ForceResult, Capability::HoldBefore])
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
                self.received += 1;
                let call = decode(&raw, CallSeq(self.received));
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

fn decode(raw: &RawNotification, seq: CallSeq) -> Call {
    Call {
        seq,
        tid: Tid(raw.pid.cast_signed()),
        // A number is never negative here: the filter lets only known calls through to us.
        sysno: Sysno(raw.data.nr.cast_unsigned()),
        args: raw.data.args,
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

impl Notification {
    fn answer(&mut self, answer: Answer) -> Outcome {
        self.is_settled = true;
        let (val, error, flags) = match answer {
            Answer::Continue => (0, 0, CONTINUE),
            Answer::Force(ForcedResult::Error(errno)) => (0, -errno.raw(), 0),
            Answer::Force(ForcedResult::Value(value)) => (value, 0, 0),
        };
        let response = RawResponse { id: self.id, val, error, flags };
        match seccomp::send(self.listener.descriptor.as_fd(), &response) {
            Ok(()) => match answer {
                Answer::Continue => Outcome::Passed,
                Answer::Force(_) => Outcome::Injected,
            },
            // seccomp_unotify(2), NOTES: the tracee died, or a signal interrupted the call.
            Err(SysError(libc::ENOENT)) => Outcome::Vanished,
            Err(SysError(errno)) => Outcome::Refused(Errno::from_raw(errno).unwrap_or(Errno::EPERM)),
        }
    }
}

/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE` in the type of the field it goes into.
#[expect(clippy::cast_possible_truncation, reason = "the flag is 1")]
const CONTINUE: u32 = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;

impl Trapped for Notification {
    fn call(&self) -> &Call {
        &self.call
    }

    fn settle(mut self, answer: Answer) -> Outcome {
        self.answer(answer)
    }
}

impl Drop for Notification {
    fn drop(&mut self) {
        if !self.is_settled {
            // Never leave a tracee asleep.
            self.answer(Answer::Continue);
            self.listener.dropped.set(self.listener.dropped.get() + 1);
        }
    }
}
