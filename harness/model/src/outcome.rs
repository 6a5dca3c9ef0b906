//! What really happened to a call.

use crate::Errno;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How a call was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The call went to the kernel untouched, possibly after a delay.
    Passed,
    /// The forced result was delivered.
    Injected,
    /// The tracee died, or its call was interrupted, before the answer; nobody got it.
    Vanished,
    /// The kernel refused our answer with this error.
    Refused(Errno),
    /// The call was executed under the fault, and this is what it really returned, whatever its caller was told.
    Executed(i64),
    /// The caller was ended as seccomp would end it.
    Killed,
    /// The fault does not fit this call, which was passed on untouched.
    Unfit(Unfit),
    /// The fault befell the call but for a part of it, which does not fit.
    Partly(Unfit),
}

/// Why a fault does not fit a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unfit {
    /// An honest EAGAIN needs a descriptor that an epoll set of the process watches: no event could follow.
    NotPolled,
    /// Memory where an argument points cannot be written.
    Unwritable,
    /// A file of ours cannot be made or opened in the target.
    NoContent,
}

impl Outcome {
    /// Whether the fault befell the call.
    pub fn is_fault(self) -> bool {
        match self {
            Outcome::Passed
            | Outcome::Injected
            | Outcome::Executed(_)
            | Outcome::Killed
            | Outcome::Partly(_) => true,
            Outcome::Vanished | Outcome::Refused(_) | Outcome::Unfit(_) => false,
        }
    }
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unfit::NotPolled => {
                "no epoll set of the process watches this descriptor, so no event could follow an EAGAIN"
            }
            Unfit::Unwritable => "the memory that an argument points to cannot be written",
            Unfit::NoContent => "the file could not be put in the place of the one opened",
        })
    }
}
