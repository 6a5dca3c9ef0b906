//! Raw kernel operations. All unsafe code of this crate, one operation a function.
#![expect(unsafe_code, reason = "this is the crate's one place for it")]

#[cfg(test)]
pub(crate) mod caught;
pub(crate) mod descriptor;
pub(crate) mod exec;
#[cfg(test)]
pub(crate) mod guarded;
pub(crate) mod mapping;
pub(crate) mod perf;
pub(crate) mod pidfd;
pub(crate) mod poll;
pub(crate) mod ptrace;
pub(crate) mod seccomp;
pub(crate) mod socket;

use std::fmt;
use std::io;

/// The error number of a failed system call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SysError(pub i32);

impl SysError {
    /// The error that this thread's last failed call left.
    pub(crate) fn last() -> SysError {
        SysError(io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }
}

impl fmt::Display for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errno = model::Errno::from_raw(self.0);
        match errno.and_then(|errno| errno.name().zip(errno.description())) {
            Some((name, words)) => write!(f, "{name}: {words}"),
            None => write!(f, "errno {}", self.0),
        }
    }
}

impl fmt::Debug for SysError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for SysError {}
