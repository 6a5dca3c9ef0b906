//! The mechanism `trace`: ptrace(2), for what a notification cannot do.
//!
//! ```text
//! Tracer ──attach──► Trace ──receive──► Stopped{Call} ──settle──► Done(Outcome)
//!   ▲ pump: wait(2)                         └─ Running … Behind{value} ──settle──► Outcome
//! ```
//!
//! The filter's `SECCOMP_RET_TRACE` stops the calls that are ours; all others run at native speed. A call that is not
//! executed costs one stop, for its result is set before it: a call with the number -1 leaves the result as it is.
//! One that is executed is stopped again behind it only where something is left to be done there.
//!
//! # Kernel
//! ptrace(2) with `PTRACE_SEIZE` (Linux 3.4); seccomp before ptrace's own stops, and again behind the tracer's, since
//! 4.8. All requests must come from the thread that attached, so nothing here can leave it.

mod disguise;
mod registers;
mod settle;
mod stop;
mod tracees;
mod tracer;

#[cfg(test)]
mod tests;

pub use settle::{Behind, Stopped};
pub use tracer::Tracer;

use crate::Error;
use crate::mechanism::{Mechanism, Readiness, Received};
use model::{Capabilities, Capability};
use std::cell::RefCell;
use std::os::fd::BorrowedFd;
use std::rc::Rc;
use tracees::{News, Subject, Tracees};

/// One subject under ptrace: its first process, and all that comes of it.
///
/// Dropped, it lets all calls pass.
#[derive(Debug)]
pub struct Trace {
    tracees: Rc<RefCell<Tracees>>,
    subject: Rc<Subject>,
}

impl Mechanism for Trace {
    type Notification = Stopped;

    fn capabilities() -> Capabilities {
        Capabilities::of(&[
            Capability::ForceResult,
            Capability::HoldBefore,
            Capability::HoldAfter,
            Capability::ReplaceResult,
            Capability::ChangeCall,
            Capability::PokeBefore,
            Capability::PokeAfter,
            Capability::Signal,
            Capability::Kill,
        ])
    }

    /// None: what there is to receive comes by [`Tracer::pump`].
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn dropped(&self) -> u64 {
        self.subject.dropped.get()
    }

    fn receive(&mut self, _: Readiness) -> Result<Received<Stopped>, Error> {
        loop {
            let Some(news) = self.subject.queue.borrow_mut().pop_front() else {
                return Ok(if self.subject.is_gone() { Received::Gone } else { Received::Nothing });
            };
            let mut tracees = self.tracees.borrow_mut();
            tracees.waiting -= 1;
            match news {
                News::Call(held, call, registers) => {
                    // Else its thread was killed while it waited.
                    if tracees.is_held(held) {
                        let stop = settle::Stop::new(&self.tracees, &self.subject, held, registers);
                        return Ok(Received::Call(Stopped::new(stop, call)));
                    }
                }
                News::Returned(held, executing, registers) => {
                    if !tracees.is_held(held) {
                        return Ok(Received::Lost(executing.call.tid));
                    }
                    let stop = settle::Stop::new(&self.tracees, &self.subject, held, registers);
                    return Ok(Received::Returned(Behind::new(stop, executing)));
                }
                News::Lost(tid) => return Ok(Received::Lost(tid)),
                News::Gone => return Ok(Received::Gone),
            }
        }
    }
}

impl Drop for Trace {
    fn drop(&mut self) {
        self.tracees.borrow_mut().abandon(&self.subject);
    }
}
